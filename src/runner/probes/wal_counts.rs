//! What the server counts of its WAL: records, full pages, writes and flushes, and their time.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use super::probe::{Place, Probe};
use crate::model::{Ability, Metric, Readings};
use crate::pg_error::{describe, unless_refused};
use crate::probe::wal_and_sizes::wal_position;
use crate::server::Session;

/// The counts by their columns in pg_stat_wal.
const COUNTS: [(Metric, &str); 5] = [
    (Metric::WalRecords, "wal_records"),
    (Metric::WalFullPages, "wal_fpi"),
    (Metric::WalBuffersFull, "wal_buffers_full"),
    (Metric::WalWrites, "wal_write"),
    (Metric::WalSyncs, "wal_sync"),
];

/// Times by their columns, in milliseconds: 0 unless they are taken.
const TIMES: [(Metric, &str); 2] =
    [(Metric::WalWriteTime, "wal_write_time"), (Metric::WalSyncTime, "wal_sync_time")];

/// What pg_stat_wal had up to 17, by the same names (PostgreSQL manual, pg_stat_io). What makes new files is in another
/// context, and was in no such count before.
const OF_IO: &str = "\
SELECT json_build_object('wal_write', sum(writes)::int8, 'wal_sync', sum(fsyncs)::int8,
                         'wal_write_time', sum(write_time), 'wal_sync_time', sum(fsync_time))::text
FROM pg_catalog.pg_stat_io WHERE object = 'wal' AND context = 'normal'";

/// How long statistics that lag behind are waited for. A backend hands them over when it ends, or else once in a second
/// (src/backend/utils/activity/pgstat.c).
const LONGEST_LAG: Duration = Duration::from_millis(1200);

/// Bytes behind a record at most, to where the next may begin, and the share of page headers: both are in the WAL and
/// in no count (src/include/access/xlogrecord.h, xlog_internal.h).
const PADDING: u64 = 7;
const HEADERS: f64 = 0.005;

/// The server's own counts.
#[derive(Default)]
pub(super) struct WalCounts {
    /// Those before, and the position in the WAL then.
    before: Option<(Value, u64)>,
    /// Whether writes and flushes are timed.
    is_timed: bool,
}

impl Probe for WalCounts {
    fn start(&mut self, at: &mut Place<'_>) -> Result<()> {
        if at.server.facts().absent.has(Ability::Wal) {
            // What making the table put into the WAL is none of the load's (15 and later).
            let flushed = at.session.batch_execute("SELECT pg_stat_force_next_flush()").map_err(describe);
            unless_refused(flushed)?.ok();
            let counted = unless_refused(counts(at.session))?.ok();
            if let Some(counts) = counted {
                self.is_timed = is_timed(at.session)?;
                self.before = Some((counts, wal_position(&mut **at.session)?));
            }
        }
        Ok(())
    }

    fn stop(&mut self, at: &mut Place<'_>, readings: &mut Readings) -> Result<()> {
        let Some((before, position)) = &self.before else { return Ok(()) };
        let grown = wal_position(&mut **at.session)?.saturating_sub(*position) as f64 * (1.0 - HEADERS);
        let end = Instant::now() + LONGEST_LAG;
        loop {
            let after = counts(at.session)?;
            let since = |column: &str| Some(number(&after, column)?.saturating_sub(number(before, column)?));
            let counted = since("wal_bytes").zip(since("wal_records"));
            if counted.is_some_and(|(bytes, records)| (bytes + PADDING * records) as f64 >= grown) {
                COUNTS.iter().for_each(|(metric, column)| readings.set(*metric, since(column)));
                let time =
                    |column: &str| nanoseconds(&after, column)?.checked_sub(nanoseconds(before, column)?);
                for (metric, column) in TIMES {
                    readings.set(metric, time(column).filter(|_| self.is_timed));
                }
                return Ok(());
            }
            if Instant::now() >= end {
                return Ok(());
            }
            sleep(Duration::from_millis(10));
        }
    }
}

/// A row of pg_stat_wal, whose columns are not the same in all versions; what it has no more, from pg_stat_io.
fn counts(session: &mut Session) -> Result<Value> {
    let mut counts = row(session, "SELECT to_json(w)::text FROM pg_catalog.pg_stat_wal AS w")?;
    if let Some(columns) = counts.as_object_mut().filter(|columns| !columns.contains_key("wal_sync")) {
        let of_io = unless_refused(row(session, OF_IO))?.ok();
        columns.extend(of_io.as_ref().and_then(Value::as_object).cloned().unwrap_or_default());
    }
    Ok(counts)
}

fn row(session: &mut Session, query: &str) -> Result<Value> {
    let row = session
        .query_one(query, &[])
        .map_err(describe)
        .context("reading what the server counts of its WAL")?;
    serde_json::from_str(&row.try_get::<_, String>(0)?).context("reading the server's counts of WAL as JSON")
}

/// Whether the server takes the times of what it does to the WAL. This session has the settings of the load's.
fn is_timed(session: &mut Session) -> Result<bool> {
    let row = session.query_one("SELECT current_setting('track_wal_io_timing', true)", &[]);
    let row = row.map_err(describe).context("asking whether WAL is timed")?;
    Ok(row.try_get::<_, Option<String>>(0)?.as_deref() == Some("on"))
}

fn number(counts: &Value, column: &str) -> Option<u64> {
    counts.get(column)?.as_u64()
}

/// A time of the server's, which it gives in milliseconds.
fn nanoseconds(counts: &Value, column: &str) -> Option<u64> {
    counts.get(column)?.as_f64().map(|ms| (ms * 1e6) as u64)
}
