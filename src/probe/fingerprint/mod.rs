//! The fingerprint of this machine. Host name, user, serial numbers, paths and addresses are not among its facts.

mod device;
mod kernel;
mod processors;
mod storage;
mod system;

use std::path::Path;

use anyhow::Result;

use crate::model::Fingerprint;

/// Reads the facts of this machine, and with `data_dir` those of the file system that it lies on, which is written to
/// and read from. Takes some seconds.
///
/// # Errors
/// When `data_dir` does not take a file, or its disk fails.
pub(crate) fn fingerprint(data_dir: Option<&Path>) -> Result<Fingerprint> {
    let mut found = Fingerprint::default();
    processors::add(&mut found);
    system::add(&mut found);
    if let Some(dir) = data_dir {
        device::add(&mut found, dir);
        storage::add(&mut found, dir)?;
    }
    Ok(found)
}
