//! The files of a result's directory, read: which record it holds, of which version.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::json;
use crate::{bad_data, usage};

/// What a run set out to do, and where.
pub const RUN_FILE: &str = "run.json";
/// What its samples found, one JSON object a line.
pub const SAMPLES_FILE: &str = "samples.jsonl";
/// What became of dirty data, in place of the two others.
pub const FINDINGS_FILE: &str = "findings.json";

/// The record of this name in a run's directory, of this version of its schema, with the file's path.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when there is none, [`crate::fault::Fault::Data`] for another
/// version, a malformed file, with its line and key, or one that breaks a rule that `check` names.
pub(super) fn read_record<T: DeserializeOwned + Serialize>(
    dir: &Path,
    name: &str,
    version: u32,
    check: impl FnOnce(&T) -> Result<(), String>,
) -> Result<T> {
    let path = dir.join(name);
    let text = match crate::fs::read(&path) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            if dir.join(FINDINGS_FILE).exists() {
                return Err(usage!(
                    "{} holds findings and no times: `bulkbench report` shows them, and the same `bulkbench run` as before makes them anew within seconds",
                    dir.display()
                ));
            }
            return Err(usage!(
                "{} holds no run: there is no {name} in it; give the directory that `bulkbench run` named",
                dir.display()
            ));
        }
        read => read.with_context(|| format!("reading {}", path.display()))?,
    };
    let broken = |rule: String| bad_data!("{}: {rule}; restore the file or run again", path.display());
    check_version(&path, &text, version)?;
    let record = json::read(&text).map_err(broken)?;
    check(&record).map_err(broken)?;
    Ok(record)
}

/// The version comes first: a file of another one has other keys, and naming those would mislead.
fn check_version(path: &Path, text: &[u8], version: u32) -> Result<()> {
    #[derive(serde::Deserialize)]
    struct Version {
        schema: u32,
    }
    let Version { schema } = serde_json::from_slice(text)
        .map_err(|e| bad_data!("{}: {e}; restore the file or run again", path.display()))?;
    if schema == version {
        return Ok(());
    }
    Err(bad_data!(
        "{}: schema {schema}, but this program reads schema {version}; use the version of bulkbench that wrote it",
        path.display()
    ))
}
