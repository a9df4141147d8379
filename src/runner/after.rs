//! What a load leaves to be done by whoever comes next: read once its clock has stopped, and outside of its total.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::model::{Ability, Before, Metric, Readings};
use crate::pg_error::{describe, unless_refused};
use crate::probe::wal_and_sizes;
use crate::runner::checkpoint;
use crate::server::Session;
use crate::sql::Exec;
use crate::table::Table;

/// The first pass over the rows, then the checkpoint that brings them into the data files, and the sizes of these.
///
/// # Errors
/// When the server fails at what it does not refuse.
pub(super) fn read(session: &mut Session, table: &Table, readings: &mut Readings) -> Result<()> {
    readings.set(Metric::FirstScan, unless_refused(first_scan(session, table))?.ok());
    let (done, ns) = checkpoint::take(session, &table.absent)?;
    readings.set(Metric::Checkpoint, (done == Before::Checkpoint).then_some(ns));
    let sizes = sizes(session, table)?;
    readings.set(Metric::Table, sizes.map(|(table, _)| table));
    readings.set(Metric::Indexes, sizes.map(|(_, indexes)| indexes));
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

/// Bytes of the table and of its indexes; `None` where the server does not tell. Of a distributed table never those of
/// the one that the name means here, which holds no row.
fn sizes(session: &mut Session, table: &Table) -> Result<Option<(u64, u64)>> {
    let name = table.sql_name();
    if wal_and_sizes::is_distributed(&mut **session, &name)? {
        return Ok(unless_refused(wal_and_sizes::distributed_sizes(&mut **session, &name))?.ok());
    }
    let told = table.absent.has(Ability::Sizes) && !table.is_distributed;
    told.then(|| wal_and_sizes::sizes(&mut **session, &name)).transpose()
}
