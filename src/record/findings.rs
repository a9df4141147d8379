//! `findings.json`: findings on disk.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};

use super::check;
pub use super::file::FINDINGS_FILE;
use super::file::read_record;
use crate::fs;
use crate::model::findings::Findings;

/// The version of `findings.json` that this program writes.
pub const FINDINGS_VERSION: u32 = 1;

impl Findings {
    /// Writes the record into its directory.
    ///
    /// # Errors
    /// As [`fs::write`].
    pub fn write(&self, dir: &Path) -> Result<()> {
        let mut json = serde_json::to_vec_pretty(self).context("writing the findings as JSON")?;
        json.push(b'\n');
        fs::write(&dir.join(FINDINGS_FILE), &json)
    }

    /// Whether a directory holds findings in place of a run.
    pub fn are_in(dir: &Path) -> bool {
        dir.join(FINDINGS_FILE).is_file()
    }

    /// The findings in a directory.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when it holds none, [`crate::fault::Fault::Data`] for another
    /// schema version, a malformed file, or one that cannot be.
    pub fn load(dir: &Path) -> Result<Self> {
        read_record(dir, FINDINGS_FILE, FINDINGS_VERSION, Self::check)
    }

    /// Each caveat is there once, and each of its ways.
    fn check(&self) -> Result<(), String> {
        check::time("started", &self.started)?;
        let mut seen = BTreeSet::new();
        for caveat in &self.caveats {
            if !seen.insert((caveat.id.as_str(), None)) {
                return Err(format!("`caveats` has {:?} twice", caveat.id));
            }
            for finding in &caveat.findings {
                if !seen.insert((caveat.id.as_str(), Some(finding.way.as_str()))) {
                    return Err(format!("the caveat {:?} has the way {:?} twice", caveat.id, finding.way));
                }
            }
        }
        Ok(())
    }
}
