//! Rows and the table that they go into, as an experiment's file names them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Deserialize;

use crate::usage;

/// Rows and the table that they go into: those of a built-in table, or a csv and a DDL of the user's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedData {
    /// The built-in table whose rows are invented.
    pub invent: Option<String>,
    /// The statements that make its indexes, in place of its own.
    pub indexes: Option<String>,
    /// The file of the rows.
    pub csv: Option<PathBuf>,
    /// The file of the SQL that makes their table.
    pub ddl: Option<PathBuf>,
    /// The table to load, where that SQL makes several.
    pub table: Option<String>,
    /// The csv of each table that the loaded one refers to.
    #[serde(default)]
    pub parents: BTreeMap<String, PathBuf>,
    /// How the csv is written, by the names of the flags of `run`; what is not given is found out.
    #[serde(default)]
    pub csv_options: BTreeMap<String, String>,
}

impl ListedData {
    /// Refuses what does not go together; `place` names it in messages.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`].
    pub(super) fn check(&self, place: &str) -> Result<()> {
        let of_file = [
            ("table", self.table.is_some()),
            ("parents", !self.parents.is_empty()),
            ("csv_options", !self.csv_options.is_empty()),
        ];
        match (&self.invent, &self.csv, &self.ddl) {
            (Some(_), None, None) => match of_file.iter().find(|(_, there)| *there) {
                Some((key, _)) => {
                    Err(usage!("{place}: `{key}` is for a csv and a ddl, and not for `invent`; leave it out"))
                }
                None => Ok(()),
            },
            (None, Some(_), Some(_)) if self.indexes.is_some() => Err(usage!(
                "{place}: `indexes` is for `invent`; the indexes of a table of your own stand in its ddl"
            )),
            (None, Some(_), Some(_)) => Ok(()),
            _ => Err(usage!(
                "{place}: it needs either `invent`, a built-in table, or both `csv` and `ddl`, files of your own"
            )),
        }
    }

    /// The same with its files as seen from this directory.
    #[must_use]
    pub(super) fn seen_from(mut self, dir: &Path) -> Self {
        let files = self.csv.iter_mut().chain(&mut self.ddl).chain(self.parents.values_mut());
        files.for_each(|file| *file = dir.join(&*file));
        self
    }
}
