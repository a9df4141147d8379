//! What a case loads.

use crate::dataset::Dataset;
use crate::model::Case;
use crate::runner::foundation::Told;

/// Rows to load, and the table that they go into.
#[derive(Debug, Clone)]
pub struct Input {
    /// The name that cases give it; empty for those that give none.
    pub name: String,
    /// The rows.
    pub dataset: Dataset,
    /// The DDL of the table; `None` for votes.
    pub told: Option<Told>,
}

impl Input {
    /// Rows of votes for the cases that name no dataset.
    pub fn votes(dataset: Dataset) -> Self {
        Self { name: String::new(), dataset, told: None }
    }

    /// Whether this is what a case loads.
    pub(crate) fn is_of(&self, case: &Case) -> bool {
        case.key.axes.dataset.as_deref().unwrap_or_default() == self.name
    }
}
