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
    /// The built-in table whose invented rows it got, by name; `None` where they are from a file.
    pub invented: Option<String>,
    /// Whether the experiment's file names it, and not a flag.
    pub listed: bool,
    /// What whoever reads its figures should know of it, a sentence each.
    pub notes: Vec<String>,
}
