//! The fingerprint of a machine. Host name, user, serial numbers, paths and addresses are not among its facts.

mod device;
mod elsewhere;
mod processors;
mod storage;
mod system;

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::disk::{self, Flushes};
use crate::model::{Fact, Fingerprint};
pub(crate) use elsewhere::told_by;
pub(crate) use system::confines;

/// Reads the facts of this machine, and with a directory of which flushes were measured those of the file system that
/// it lies on, which is written to and read from. Takes some seconds.
///
/// # Errors
/// When the directory does not take a file, or its disk fails.
pub(crate) fn fingerprint(measured: Option<&(PathBuf, Flushes)>) -> Result<Fingerprint> {
    let mut found = Fingerprint::default();
    processors::add(&mut found);
    system::add(&mut found);
    if let Some((dir, flushes)) = measured {
        of_directory(&mut found, dir, flushes)?;
    }
    Ok(found)
}

/// Measures the file system that a directory lies on: that of a further server's data.
///
/// # Errors
/// As [`fingerprint`].
pub(crate) fn of_file_system(dir: &Path) -> Result<Fingerprint> {
    let mut found = Fingerprint::default();
    let flushes = disk::flushes(dir, disk::FLUSH_TIME)?;
    found.words(Fact::FileSystem, Some(disk::filesystem(dir)?));
    found.number(Fact::Flushes, Some(flushes.per_second()));
    of_directory(&mut found, dir, &flushes)?;
    Ok(found)
}

fn of_directory(found: &mut Fingerprint, dir: &Path, flushes: &Flushes) -> Result<()> {
    device::add(found, dir);
    found.number(Fact::FlushMedian, flushes.quantile(0.5));
    found.number(Fact::FlushP99, flushes.quantile(0.99));
    storage::add(found, dir)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn everything_is_measured_and_nothing_left() {
        let dir = tempfile::tempdir().unwrap();
        let flushes = disk::flushes(dir.path(), Duration::from_millis(20)).unwrap();
        let found = fingerprint(Some(&(dir.path().to_owned(), flushes))).unwrap();
        let facts: Vec<Fact> = found.iter().map(|(fact, _)| fact).collect();
        for fact in [Fact::FlushMedian, Fact::FlushP99, Fact::SequentialWrite, Fact::SequentialRead] {
            assert!(facts.contains(&fact), "{fact:?} is not in {facts:?}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
