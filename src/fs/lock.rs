//! Locks on open files and directories, held until these are closed or the process ends (flock(2)).

use std::fs::File;
use std::io;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::interrupt::Interrupt;

/// How often a lock that another holds is asked for.
const RETRY_EVERY: Duration = Duration::from_millis(20);

/// Takes the lock, or says false where another process has it.
///
/// # Errors
/// The system's error, as where the file system knows no locks.
pub(crate) fn try_take(file: &File) -> io::Result<bool> {
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Takes the lock, waiting for another process that has it.
///
/// # Errors
/// [`crate::fault::Fault::Interrupted`] while waiting; or as [`try_take`].
pub(crate) fn wait_for(file: &File, interrupt: &Interrupt) -> Result<()> {
    while !try_take(file).context("locking it")? {
        interrupt.sleep(RETRY_EVERY)?;
    }
    Ok(())
}
