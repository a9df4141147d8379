//! A directory for the files that a method makes while it loads.

use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

/// What the names of these directories begin with; the id of the process that made one follows.
const PREFIX: &str = "scratch-";

/// An empty directory, removed with all that is in it when this is dropped.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    /// Makes one in `parent`, and removes those of processes that were killed before they could.
    ///
    /// # Errors
    /// When it cannot be made, or an old one cannot be removed.
    pub fn create(parent: &Path) -> Result<Self> {
        sweep(parent)?;
        tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-", std::process::id()))
            .tempdir_in(parent)
            .map(Self)
            .with_context(|| format!("making a directory in {}", parent.display()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

fn sweep(parent: &Path) -> Result<()> {
    let reading = || format!("reading {}", parent.display());
    for entry in std::fs::read_dir(parent).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        let name = entry.file_name();
        let owner =
            name.to_str().and_then(|n| n.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|id| !Path::new(&format!("/proc/{id}")).exists()) {
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
        // No process has this id: the largest that Linux gives is 4194304.
        let old = parent.path().join("scratch-4294967295-x");
        std::fs::create_dir(&old).unwrap();
        std::fs::write(old.join("part"), "1").unwrap();
        std::fs::write(parent.path().join("votes.csv"), "1").unwrap();
        let scratch = Scratch::create(parent.path()).unwrap();
        std::fs::write(scratch.path().join("part"), "1").unwrap();
        assert!(!old.exists() && scratch.path().exists());
        let second = Scratch::create(parent.path()).unwrap();
        assert!(scratch.path().exists(), "that of a live process stays");
        drop((scratch, second));
        let left: Vec<_> =
            std::fs::read_dir(parent.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["votes.csv"]);
    }
}
