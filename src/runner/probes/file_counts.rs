//! Blocks and temporary files, as the server counts them.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::probe::{Place, Probe};
use crate::model::{Metric, Readings, Source};
use crate::pg_error::{describe, unless_refused};
use crate::probe::file_counts::{self, FileCounts};
use crate::server::Session;

/// How long the backends of a load, or their statistics, are waited for. A backend hands over what it has counted when
/// it ends, before it leaves pg_stat_activity (src/backend/utils/activity/pgstat.c); one that goes on does so once in a
/// second at the most, and when it has nothing to do only after ten.
const LONGEST_LAG: Duration = Duration::from_millis(1200);

/// Between two readings of what is waited for.
const PAUSE: Duration = Duration::from_millis(10);

/// Backends of this role in this database, parallel workers too (PostgreSQL manual, pg_stat_activity).
const BACKENDS: &str = "SELECT pid FROM pg_catalog.pg_stat_activity \
                        WHERE datname = current_database() AND usename = current_user";

/// The metrics that before 16 only a checkpointer that was woken has told of.
const OF_CHECKPOINTER: [Metric; 2] = [Metric::BackendWritesOrExtended, Metric::QueueSyncs];

/// The server's counts.
#[derive(Default)]
pub(super) struct FileCounting {
    before: Option<Before>,
}

struct Before {
    has_io: bool,
    /// Backends that are none of the load's.
    backends: Vec<i32>,
    counts: FileCounts,
}

impl Probe for FileCounting {
    fn start(&mut self, at: &mut Place<'_>) -> Result<()> {
        // What making the table took is none of the load's (15 and later).
        let flushed = at.session.batch_execute("SELECT pg_stat_force_next_flush()").map_err(describe);
        unless_refused(flushed)?.ok();
        self.before = unless_refused(before(at.session))?.ok();
        Ok(())
    }

    fn stop(&mut self, at: &mut Place<'_>, readings: &mut Readings) -> Result<()> {
        let Some(before) = &self.before else { return Ok(()) };
        if !are_gone(&before.backends, at.session)? || !are_new(at.session)? {
            return Ok(());
        }
        let mut after = file_counts::read(&mut **at.session, before.has_io)?;
        match at.server.facts().source {
            _ if before.has_io => {}
            Source::Local | Source::Container => after = woken(after, at.session)?,
            Source::External => after.retain(|metric, _| !OF_CHECKPOINTER.contains(metric)),
        }
        let counted = file_counts::between(&before.counts, &after);
        counted.into_iter().for_each(|(metric, count)| readings.set(metric, count));
        Ok(())
    }
}

fn before(session: &mut Session) -> Result<Before> {
    are_new(session)?;
    let has_io = file_counts::has_io(&mut **session)?;
    Ok(Before { has_io, backends: backends(session)?, counts: file_counts::read(&mut **session, has_io)? })
}

fn backends(session: &mut Session) -> Result<Vec<i32>> {
    let rows = session.query(BACKENDS, &[]).map_err(describe).context("looking for backends")?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Waits until there are no backends but these.
fn are_gone(others: &[i32], session: &mut Session) -> Result<bool> {
    within(LONGEST_LAG, || Ok(backends(session)?.iter().all(|pid| others.contains(pid))))
}

/// Waits until the statistics are those of now: up to 14 they come from a file that is at the most half a second old.
fn are_new(session: &mut Session) -> Result<bool> {
    let asking = "asking how old the server's statistics are";
    let row = session.query_one("SELECT clock_timestamp()::text", &[]).map_err(describe).context(asking)?;
    let now: String = row.try_get(0)?;
    let is_new = "SELECT coalesce(pg_stat_get_snapshot_timestamp() > $1::text::timestamptz, true)";
    within(LONGEST_LAG, || {
        let row = session.query_one(is_new, &[&now]).map_err(describe).context(asking)?;
        Ok(row.try_get(0)?)
    })
}

/// Wakes the checkpointer of a server before 16. Backends tell it what they write, and it hands that over when it has
/// something else to do, which may be at the next checkpoint only (src/backend/postmaster/checkpointer.c).
fn woken(asleep: FileCounts, session: &mut Session) -> Result<FileCounts> {
    session.batch_execute("SELECT pg_reload_conf()").map_err(describe).context("waking the checkpointer")?;
    let mut counts = asleep.clone();
    let of_checkpointer = |counts: &FileCounts| OF_CHECKPOINTER.map(|metric| counts.get(&metric).copied());
    // Where no backend has written anything, as when rows are exported, nothing changes.
    within(LONGEST_LAG, || {
        counts = file_counts::read(&mut **session, false)?;
        Ok(of_checkpointer(&counts) != of_checkpointer(&asleep))
    })?;
    Ok(counts)
}

/// Waits for so long until this is so.
fn within(time: Duration, mut is_so: impl FnMut() -> Result<bool>) -> Result<bool> {
    let end = Instant::now() + time;
    loop {
        match is_so()? {
            true => return Ok(true),
            false if Instant::now() >= end => return Ok(false),
            false => sleep(PAUSE),
        }
    }
}
