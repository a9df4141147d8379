//! What a load leaves to be done by whoever comes next: read once its clock has stopped, and outside of its total.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::model::{Before, Metric, Readings};
use crate::pg_error::{describe, unless_refused};
use crate::runner::checkpoint;
use crate::server::Session;
use crate::sql::Exec;
use crate::table::Table;

/// The first pass over the rows, and then the checkpoint that brings them into the data files.
///
/// # Errors
/// When the server fails at what it does not refuse.
pub(super) fn read(session: &mut Session, table: &Table, readings: &mut Readings) -> Result<()> {
    readings.set(Metric::FirstScan, unless_refused(first_scan(session, table))?.ok());
    let (done, ns) = checkpoint::take(session, &table.absent)?;
    readings.set(Metric::Checkpoint, (done == Before::Checkpoint).then_some(ns));
    Ok(())
}

/// Nanoseconds of a count of all rows by one process.
fn first_scan(session: &mut Session, table: &Table) -> Result<u64> {
    let mut transaction = session.transaction().map_err(describe)?;
    transaction.run("SET LOCAL max_parallel_workers_per_gather = 0")?;
    transaction.run("SET LOCAL enable_indexonlyscan = off")?;
    let start = Instant::now();
    let counted = transaction.query_one(&format!("SELECT count(*) FROM {}", table.sql_name()), &[]);
    let time = start.elapsed().as_nanos() as u64;
    counted.map_err(describe).context("reading the rows for the first time")?;
    Ok(time)
}
