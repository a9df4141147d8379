//! A directory for the files that a method makes while it loads.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

/// What the names of these directories begin with.
const PREFIX: &str = "scratch-";

/// A directory without an owner is removed when it is older than this: its owner may be about to
/// take its lock.
const YOUNG: Duration = Duration::from_secs(60);

/// An empty directory, removed with all that is in it when this is dropped.
#[derive(Debug)]
pub struct Scratch {
    dir: TempDir,
    /// Locked as long as the directory has an owner.
    _lock: File,
}

impl Scratch {
    /// Makes one in `parent`, and removes those whose owners were killed before they could.
    ///
    /// # Errors
    /// When it cannot be made, or an old one cannot be removed.
    pub fn create(parent: &Path) -> Result<Self> {
        sweep(parent, YOUNG)?;
        let making = || format!("making a directory in {}", parent.display());
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent).with_context(making)?;
        let lock = File::open(dir.path()).with_context(making)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).with_context(making)?;
        Ok(Self { dir, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

fn sweep(parent: &Path, young: Duration) -> Result<()> {
    let reading = || format!("reading {}", parent.display());
    for entry in std::fs::read_dir(parent).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // One that is gone meanwhile was removed by its owner, or by another's sweep.
        let Ok(dir) = File::open(entry.path()) else { continue };
        let age =
            dir.metadata().and_then(|m| m.modified()).with_context(reading)?.elapsed().unwrap_or_default();
        if age >= young && flock(&dir, FlockOperation::NonBlockingLockExclusive).is_ok() {
            std::fs::remove_dir_all(entry.path())
                .with_context(|| format!("removing {}, which a killed run left", entry.path().display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_away_and_takes_those_of_killed_runs_along() {
        let parent = tempfile::tempdir().unwrap();
        let old = parent.path().join("scratch-x");
        std::fs::create_dir(&old).unwrap();
        std::fs::write(old.join("part"), "1").unwrap();
        std::fs::write(parent.path().join("votes.csv"), "1").unwrap();
        let scratch = Scratch::create(parent.path()).unwrap();
        std::fs::write(scratch.path().join("part"), "1").unwrap();
        assert!(old.exists(), "its owner may be about to lock it");
        sweep(parent.path(), Duration::ZERO).unwrap();
        assert!(!old.exists() && scratch.path().exists(), "that of a live owner stays");
        let second = Scratch::create(parent.path()).unwrap();
        drop((scratch, second));
        let left: Vec<_> =
            std::fs::read_dir(parent.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["votes.csv"]);
    }
}
