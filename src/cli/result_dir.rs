//! The directory that a run's results go to.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::usage;

/// A directory that results can be written to, made where it is missing. Found out first, not
/// after half an hour.
pub fn writable(out: &Path) -> Result<()> {
    std::fs::create_dir_all(out).and_then(|()| tempfile::tempfile_in(out)).map(|_| ()).map_err(|e| {
        usage!("cannot write results into {}: {e}; choose another directory by --out", out.display())
    })
}

/// `<out>/<date>-<label>-<experiment>`, with a number behind when that is taken.
pub fn new_directory(out: &Path, label: &str, started: &str, experiment: &str) -> Result<PathBuf> {
    let label: String = label
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(|part| format!("{part}-"))
        .collect();
    let name = format!("{}-{label}{experiment}", &started[..10]);
    let mut number = 1;
    loop {
        let dir = out.join(if number == 1 { name.clone() } else { format!("{name}-{number}") });
        match std::fs::create_dir(&dir) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(e) => {
                return Err(usage!(
                    "cannot make the directory {}: {e}; choose another by --out",
                    dir.display()
                ));
            }
            Ok(()) => return Ok(dir),
        }
    }
}
