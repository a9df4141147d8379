//! The columns of a dataset: names and types, as values.

use serde::{Deserialize, Serialize};

/// A column of a dataset, in the order of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name, in SQL and in messages.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ColumnType,
}

/// The types an encoder knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// `text`: any UTF-8 without NUL.
    Text,
    /// `integer`: 32 bits, signed.
    Int4,
    /// `bigint`: 64 bits, signed.
    Int8,
}

impl ColumnType {
    /// Its name in DDL.
    pub fn sql(self) -> &'static str {
        match self {
            ColumnType::Text => "text",
            ColumnType::Int4 => "integer",
            ColumnType::Int8 => "bigint",
        }
    }
}

/// The columns of the votes: who voted, on what, up or down.
pub fn votes() -> Vec<Column> {
    let column = |name: &str, kind| Column { name: name.into(), kind };
    vec![
        column("username", ColumnType::Text),
        column("link", ColumnType::Text),
        column("score", ColumnType::Int4),
    ]
}
