//! The fingerprint of this machine. Host name, user, serial numbers, paths and addresses are not among its facts.

mod device;
mod kernel;
mod processors;
mod storage;
mod system;

use std::path::PathBuf;

use anyhow::Result;

use super::disk::Flushes;
use crate::model::{Fact, Fingerprint};

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
        device::add(&mut found, dir);
        found.number(Fact::FlushMedian, flushes.quantile(0.5));
        found.number(Fact::FlushP99, flushes.quantile(0.99));
        storage::add(&mut found, dir)?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::probe::disk;

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
