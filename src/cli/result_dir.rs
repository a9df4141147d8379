//! The directory that a run's results go to.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{fs, unavailable, usage};

/// A directory that results can be written to, made where it is missing. Found out first, not
/// after half an hour.
///
/// # Errors
/// [`crate::fault::Fault::Unavailable`] where there is no space or permission,
/// [`crate::fault::Fault::Usage`] for a name that cannot be a directory's.
pub(crate) fn writable(out: &Path) -> Result<()> {
    std::fs::create_dir_all(out)
        .and_then(|()| tempfile::tempfile_in(out))
        .map(|_| ())
        .map_err(|e| refused("cannot write results into", out, &e))
}

/// A place that is full or closed to this user is no mistake of what was written on the command line.
fn refused(what: &str, dir: &Path, error: &std::io::Error) -> anyhow::Error {
    match fs::advice(error.kind()) {
        Some(advice) => unavailable!("{what} {}: {error}; {advice} by --out", dir.display()),
        None => usage!("{what} {}: {error}; choose another directory by --out", dir.display()),
    }
}

/// `<out>/<date>-<label>-<experiment>`, with a number behind when that is taken.
pub(crate) fn new_directory(out: &Path, label: &str, started: &str, experiment: &str) -> Result<PathBuf> {
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
            Err(e) => return Err(refused("cannot make the directory", &dir, &e)),
            Ok(()) => return Ok(dir),
        }
    }
}

/// Removes a new directory whose first record could not be written.
pub(crate) fn abandon(dir: &Path) {
    if let Err(error) = std::fs::remove_dir_all(dir) {
        crate::say!("{} is left, and holds no result: {error}; remove it", dir.display());
    }
}
