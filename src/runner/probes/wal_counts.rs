//! What the server counts of its WAL: records, full pages, writes, flushes.

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
}

impl Probe for WalCounts {
    fn start(&mut self, at: &mut Place<'_>) -> Result<()> {
        if at.server.facts().absent.has(Ability::Wal) {
            // What making the table put into the WAL is none of the load's (15 and later).
            let flushed = at.session.batch_execute("SELECT pg_stat_force_next_flush()").map_err(describe);
            unless_refused(flushed)?.ok();
            let counted = unless_refused(counts(at.session))?.ok();
            if let Some(counts) = counted {
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
                return Ok(());
            }
            if Instant::now() >= end {
                return Ok(());
            }
            sleep(Duration::from_millis(10));
        }
    }
}

/// A row of pg_stat_wal, whose columns are not the same in all versions.
fn counts(session: &mut Session) -> Result<Value> {
    let row = session
        .query_one("SELECT to_json(w)::text FROM pg_catalog.pg_stat_wal AS w", &[])
        .map_err(describe)
        .context("reading what the server counts of its WAL")?;
    serde_json::from_str(&row.try_get::<_, String>(0)?).context("reading pg_stat_wal as JSON")
}

fn number(counts: &Value, column: &str) -> Option<u64> {
    counts.get(column)?.as_u64()
}
