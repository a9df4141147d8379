//! A case as an experiment lists it.

use crate::model::{CaseKey, Role};
use crate::usage;

/// A case as an experiment lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedCase {
    /// The method, and what differs from its defaults.
    pub key: CaseKey,
    /// The id of the case that it is held against, in place of the baseline.
    pub against: Option<String>,
    /// The change to the case that it is held against, where it is a step of a chain.
    pub step: Option<String>,
    /// Seconds that the experiment's source published for it.
    pub published_seconds: Option<f64>,
}

/// In place of a method's id: every method.
pub(crate) const ALL_METHODS: &str = "*";

impl ListedCase {
    /// A method with its defaults.
    pub(crate) fn new(method: &str) -> Self {
        Self { key: CaseKey::new(method), against: None, step: None, published_seconds: None }
    }

    /// Unique within an experiment: the method and what differs from its defaults.
    pub(crate) fn id(&self) -> String {
        self.key.id(Role::Case)
    }
}

/// The error of an axis on which all cases are alike.
pub(super) fn varies_in_none(axis: &str) -> anyhow::Error {
    usage!(
        "`{axis}` varies in none of the cases; x and compare name rows, latency_ms, cpus, memory, a parameter or a setting of theirs, x also flush, and compare also method, dataset, collation or server"
    )
}
