//! A checkpoint that is asked for: before a sample, so that none falls into it, and after it, to see what it takes.

use std::time::Instant;

use anyhow::{Context, Result};
use postgres::error::SqlState;

use crate::model::{Ability, Absent, Before};
use crate::pg_error::describe;
use crate::probe::checkpoints;
use crate::server::Session;

/// Asks for one, and waits until it is done: what became of it, and the nanoseconds that it took.
///
/// # Errors
/// The server's error, where it is another than that this role may not.
pub(super) fn take(session: &mut Session, absent: &Absent) -> Result<(Before, u64)> {
    if !absent.has(Ability::Checkpoint) {
        return Ok((Before::NotThere, 0));
    }
    let counted = checkpoints::read(&mut **session)?;
    let start = Instant::now();
    let done = session.batch_execute("CHECKPOINT");
    let time = start.elapsed().as_nanos() as u64;
    match done {
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            Ok((Before::NotPermitted, 0))
        }
        done => {
            done.map_err(describe).context("running: CHECKPOINT")?;
            // One that is counted late would be taken for one in the sample that comes next.
            counted.map_or(Ok(()), |counted| checkpoints::settle(counted, &mut **session))?;
            Ok((Before::Checkpoint, time))
        }
    }
}
