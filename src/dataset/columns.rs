//! The columns of a dataset: names and types, as values.

use serde::{Deserialize, Serialize};

use crate::value::SqlType;

/// A column of a dataset, in the order of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name, in SQL and in messages.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: SqlType,
    /// Whether its fields may be NULL.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nullable: bool,
}

impl Column {
    /// A column of this name and type whose fields are never NULL.
    pub fn new(name: &str, kind: SqlType) -> Self {
        Self { name: name.into(), kind, nullable: false }
    }

    /// The column with fields that may be NULL.
    #[must_use]
    pub fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }
}

/// The columns of the votes: who voted, on what, up or down.
pub fn votes() -> Vec<Column> {
    vec![
        Column::new("username", SqlType::text()),
        Column::new("link", SqlType::text()),
        Column::new("score", SqlType::int4()),
    ]
}
