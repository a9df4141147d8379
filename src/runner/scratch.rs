//! A directory for the files that a method makes while it loads.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::fs::lock;

/// The start of the names of these directories.
const PREFIX: &str = "scratch-";

/// An empty directory, removed with all that is in it when this is dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    dir: TempDir,
    /// Locked as long as the directory has an owner.
    _lock: File,
}

impl Scratch {
    /// Makes one in a dataset's directory, and removes those whose owners were killed before they could:
    /// there, in all other datasets and beside them.
    ///
    /// # Errors
    /// When it cannot be made, or an old one cannot be removed.
    pub(crate) fn create(dataset: &Path) -> Result<Self> {
        // Without a parent of its own it stands alone.
        Self::within(dataset, dataset.parent().unwrap_or(dataset))
    }

    /// A scratch directory in the directory of the datasets, for what belongs to none of them.
    ///
    /// # Errors
    /// As [`Scratch::create`].
    pub(crate) fn beside(datasets: &Path) -> Result<Self> {
        Self::within(datasets, datasets)
    }

    fn within(parent: &Path, datasets: &Path) -> Result<Self> {
        let making = || format!("making a directory in {}", parent.display());
        sweep(datasets)?;
        for dir in directories(datasets).with_context(making)? {
            sweep(&dir)?;
        }
        loop {
            let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent).with_context(making)?;
            // Another's sweep can come between: then the directory is gone, or it holds the lock.
            let held = match File::open(dir.path()) {
                Err(error) if error.kind() == ErrorKind::NotFound && parent.exists() => continue,
                opened => opened.with_context(making)?,
            };
            if lock::try_take(&held).with_context(making)? && dir.path().exists() {
                return Ok(Self { dir, _lock: held });
            }
        }
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// The directories in this one.
fn directories(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir)?.collect::<std::io::Result<Vec<_>>>()?;
    Ok(entries.iter().map(std::fs::DirEntry::path).filter(|path| path.is_dir()).collect())
}

fn sweep(parent: &Path) -> Result<()> {
    // A directory that another program made is none of our datasets.
    let Ok(entries) = std::fs::read_dir(parent) else { return Ok(()) };
    for entry in entries {
        let entry = entry.with_context(|| format!("reading {}", parent.display()))?;
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // One that is gone meanwhile was removed by its owner, or by another's sweep.
        let Ok(dir) = File::open(entry.path()) else { continue };
        if lock::try_take(&dir).is_ok_and(|taken| taken) {
            match std::fs::remove_dir_all(entry.path()) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| {
                        format!("removing {}, which a killed run left", entry.path().display())
                    });
                }
                _ => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_away_and_takes_those_of_killed_runs_of_all_datasets_along() {
        let cache = tempfile::tempdir().unwrap();
        let (votes, others) = (cache.path().join("votes"), cache.path().join("others"));
        let old = [votes.join("scratch-x"), others.join("scratch-y"), cache.path().join("scratch-z")];
        for dir in &old {
            std::fs::create_dir_all(dir).unwrap();
            std::fs::write(dir.join("part"), "1").unwrap();
        }
        std::fs::write(votes.join("votes.csv"), "1").unwrap();
        let live = Scratch::create(&others).unwrap();
        std::fs::write(live.path().join("part"), "1").unwrap();
        assert!(old.iter().all(|dir| !dir.exists()));
        let second = Scratch::create(&votes).unwrap();
        assert!(live.path().exists() && second.path().exists(), "that of a live owner stays");
        drop((live, second));
        let left = |dir: &Path| -> Vec<_> {
            std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect()
        };
        assert_eq!(left(&votes), ["votes.csv"]);
        assert!(left(&others).is_empty());

        // Some belong to no dataset, and sweep those of all.
        for dir in &old {
            std::fs::create_dir_all(dir).unwrap();
        }
        drop(Scratch::beside(cache.path()).unwrap());
        assert!(old.iter().all(|dir| !dir.exists()));
    }

    /// Sweeps at the moment when a directory is made but not yet locked cannot take it away.
    #[test]
    fn many_at_once_keep_theirs() {
        let cache = tempfile::tempdir().unwrap();
        let dataset = cache.path().join("votes");
        std::fs::create_dir(&dataset).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let own = Scratch::create(&dataset).unwrap();
                        std::fs::write(own.path().join("part"), "1").unwrap();
                    }
                });
            }
        });
        assert_eq!(std::fs::read_dir(&dataset).unwrap().count(), 0);
    }
}
