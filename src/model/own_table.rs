//! The table of a DDL.

use std::collections::BTreeMap;

/// The table that a run loads where it is not the votes of the article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTable {
    /// Its name, bare.
    pub name: String,
    /// The statements that made it, and what it needs.
    pub ddl: String,
    /// Tables that it refers to, which got rows of their own.
    pub parents: Vec<String>,
    /// What was said of the csv, by the names of the flags: `delimiter` is `;`.
    pub csv: BTreeMap<String, String>,
}
