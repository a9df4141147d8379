//! A record that is a file of its own: how it is found, read in any version, checked, and written.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

use super::wire::{findings, v1, v2};
use super::{FINDINGS_FILE, RUN_FILE, check, json};
use crate::model::Run;
use crate::model::findings::Findings;
use crate::{bad_data, usage};

/// The newest version of each document, which is the one that is written.
pub(crate) const VERSION: u32 = 2;

/// A record that is a file of its own.
pub trait Document: Sized + Clone {
    /// The file's name.
    const FILE: &'static str;

    /// Parses the text of a file of this version; or says which rule it breaks, in words.
    ///
    /// # Errors
    /// A key that is unknown, missing or of another type, with its line; a value that cannot be.
    fn parse(version: u32, text: &[u8]) -> Result<Self, String>;

    /// The file in the newest version.
    ///
    /// # Errors
    /// A value that cannot be written as JSON.
    fn json(&self) -> serde_json::Result<Vec<u8>>;

    /// The rule that it breaks, in words.
    ///
    /// # Errors
    /// That rule.
    fn check(&self) -> Result<(), String>;

    /// The record in a result's directory.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when there is none, [`crate::fault::Fault::Data`] for a version of
    /// another program, a malformed file, with its line and key, or one that cannot be, with the rule.
    fn load(dir: &Path) -> Result<Self> {
        let path = dir.join(Self::FILE);
        let text = match crate::fs::read(&path) {
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Err(absent(dir, Self::FILE));
            }
            read => read.with_context(|| format!("reading {}", path.display()))?,
        };
        Self::read(&text).map_err(|rule| bad_data!("{}: {rule}", path.display()))
    }

    /// The record of a file's text; or the rule that it breaks with what to do about it, in words.
    ///
    /// # Errors
    /// As [`Document::load`].
    fn read(text: &[u8]) -> Result<Self, String> {
        let broken = |rule: String| format!("{rule}; restore the file or run again");
        let version = version(text).map_err(broken)?;
        if !(1..=VERSION).contains(&version) {
            return Err(format!(
                "schema {version}, but this program reads schemas 1 to {VERSION}; use the version of bulkbench that wrote it"
            ));
        }
        let document = Self::parse(version, text).map_err(broken)?;
        document.check().map_err(broken)?;
        Ok(document)
    }

    /// Writes the record into a result's directory.
    ///
    /// # Errors
    /// As [`crate::fs::write`].
    fn write(&self, dir: &Path) -> Result<()> {
        let mut json = self.json().with_context(|| format!("writing {} as JSON", Self::FILE))?;
        json.push(b'\n');
        crate::fs::write(&dir.join(Self::FILE), &json)
    }
}

impl Document for Run {
    const FILE: &'static str = RUN_FILE;

    fn parse(version: u32, text: &[u8]) -> Result<Self, String> {
        match version {
            1 => json::read::<v1::Run>(text)?.try_into(),
            _ => json::read::<v2::Run>(text)?.try_into(),
        }
    }

    fn json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec_pretty(&v2::Run::of(self.clone(), VERSION))
    }

    fn check(&self) -> Result<(), String> {
        check::check_run(self)
    }
}

impl Document for Findings {
    const FILE: &'static str = FINDINGS_FILE;

    fn parse(version: u32, text: &[u8]) -> Result<Self, String> {
        match version {
            1 => json::read::<findings::V1>(text).map(Into::into),
            _ => json::read::<findings::V2>(text).map(Into::into),
        }
    }

    fn json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec_pretty(&findings::V2::of(self.clone(), VERSION))
    }

    fn check(&self) -> Result<(), String> {
        check::findings(self)
    }
}

/// The version comes first: a file of another one has other keys, and naming those would mislead.
fn version(text: &[u8]) -> Result<u32, String> {
    #[derive(serde::Deserialize)]
    struct Version {
        schema: u32,
    }
    serde_json::from_slice(text).map(|Version { schema }| schema).map_err(|e| e.to_string())
}

fn absent(dir: &Path, name: &str) -> anyhow::Error {
    if dir.join(FINDINGS_FILE).exists() {
        return usage!(
            "{} holds findings and no times: `bulkbench report` shows them, and the same `bulkbench run` as before makes them anew within seconds",
            dir.display()
        );
    }
    usage!(
        "{} holds no run: there is no {name} in it; give the directory that `bulkbench run` named",
        dir.display()
    )
}
