//! What the backends of a load do, looked at again and again.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::prepared::Prepared;
use super::probe::{Place, Probe};
use crate::model::{Metric, Phase, Reading, Readings};
use crate::pg_error::{describe, unless_refused};
use crate::server::Session;

/// Backends of this role in this database that run a statement, parallel workers too, but for the two sessions that
/// look (PostgreSQL manual, pg_stat_activity).
const ACTIVE: &str = "\
SELECT wait_event_type, wait_event, count(*)::int8 FROM pg_catalog.pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND state = 'active'
  AND pid <> pg_backend_pid() AND pid <> $1 AND backend_type IN ('client backend', 'parallel worker')
GROUP BY 1, 2";

/// Counts, look for look, what each backend waited for.
#[derive(Default)]
pub(super) struct Waits {
    /// The backend of the ends, which is none of the load's; `None` where the server does not tell.
    own: Option<i32>,
    active: Prepared,
    counts: BTreeMap<Reading, u64>,
}

impl Probe for Waits {
    fn start(&mut self, at: &mut Place<'_>) -> Result<()> {
        let asked = at.session.query_one("SELECT pg_backend_pid()", &[]).and_then(|row| row.try_get(0));
        self.own = unless_refused(asked.map_err(describe).context("asking for a backend's number"))?.ok();
        Ok(())
    }

    fn look(&mut self, phase: Option<Phase>, session: &mut Session) -> Result<()> {
        let (Some(own), Some(phase)) = (self.own, phase) else { return Ok(()) };
        let Ok(active) = unless_refused(self.active(own, session))? else {
            self.own = None;
            return Ok(());
        };
        // Nobody runs a statement: the client has not sent the next one yet.
        let seen = if active.is_empty() { vec![(Metric::WaitsClient, 1)] } else { active };
        for (metric, backends) in seen {
            for reading in [Reading::from(metric), Reading::from(metric).within(phase)] {
                *self.counts.entry(reading).or_default() += backends;
            }
        }
        Ok(())
    }

    fn stop(&mut self, _: &mut Place<'_>, readings: &mut Readings) -> Result<()> {
        if self.own.is_none() || self.counts.is_empty() {
            return Ok(());
        }
        // Looked for and not seen is 0, over all phases and in each that was looked at.
        let looked: BTreeSet<Option<Phase>> = self.counts.keys().map(|reading| reading.phase).collect();
        for phase in looked {
            Metric::WAITS.into_iter().for_each(|metric| readings.set(Reading { metric, phase }, 0));
        }
        self.counts.iter().for_each(|(reading, count)| readings.set(*reading, *count));
        Ok(())
    }
}

impl Waits {
    fn active(&mut self, own: i32, session: &mut Session) -> Result<Vec<(Metric, u64)>> {
        let rows = self.active.ask(session, (ACTIVE, "looking at what backends do"), &[&own])?;
        let of_row = |row: &postgres::Row| {
            let (class, event): (Option<String>, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
            let backends: i64 = row.try_get(2)?;
            Ok((metric(class.as_deref(), event.as_deref().unwrap_or_default()), backends.unsigned_abs()))
        };
        rows.iter().map(of_row).collect()
    }
}

/// The metric that a wait counts for, by its type and event (PostgreSQL manual, Wait Event Types; from 17 on some
/// events are spelled `WalSync`, which were `WALSync`).
fn metric(class: Option<&str>, event: &str) -> Metric {
    let event = event.to_ascii_lowercase();
    match (class, event.as_str()) {
        (None, _) => Metric::AtWork,
        (Some("Client"), _) => Metric::WaitsClient,
        (Some("LWLock"), "walinsert" | "walbufmapping") => Metric::WaitsWalInsert,
        (Some("LWLock"), "walwrite") => Metric::WaitsWalWrite,
        (Some("IO"), event) if event.starts_with("wal") => Metric::WaitsWalWrite,
        (Some("IO"), "datafileextend") | (Some("Lock"), "extend") => Metric::WaitsExtension,
        (Some("IO"), event) if event.starts_with("datafile") => Metric::WaitsDataFile,
        (Some("IO"), event) if event.starts_with("buffile") => Metric::WaitsTempFile,
        (Some("Lock"), _) => Metric::WaitsLock,
        (Some("LWLock"), "buffercontent" | "buffer_content") => Metric::WaitsPage,
        (
            Some("IPC"),
            "parallelfinish"
            | "parallelcreateindexscan"
            | "executegather"
            | "bgworkershutdown"
            | "bgworkerstartup"
            | "messagequeuereceive"
            | "messagequeuesend",
        ) => Metric::WaitsWorkers,
        (Some(_), _) => Metric::WaitsOther,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_counts_for_what_it_is_of() {
        for (class, event, expected) in [
            (None, "", Metric::AtWork),
            (Some("Client"), "ClientRead", Metric::WaitsClient),
            (Some("IO"), "WALSync", Metric::WaitsWalWrite),
            (Some("IO"), "WalSync", Metric::WaitsWalWrite),
            (Some("IO"), "DataFileExtend", Metric::WaitsExtension),
            (Some("Lock"), "extend", Metric::WaitsExtension),
            (Some("IO"), "DataFileImmediateSync", Metric::WaitsDataFile),
            (Some("IO"), "BufFileWrite", Metric::WaitsTempFile),
            (Some("LWLock"), "WALInsert", Metric::WaitsWalInsert),
            (Some("LWLock"), "WALWrite", Metric::WaitsWalWrite),
            (Some("LWLock"), "BufferContent", Metric::WaitsPage),
            (Some("Lock"), "relation", Metric::WaitsLock),
            (Some("IPC"), "ParallelCreateIndexScan", Metric::WaitsWorkers),
            (Some("Timeout"), "VacuumDelay", Metric::WaitsOther),
        ] {
            assert_eq!(metric(class, event), expected, "{class:?} {event}");
        }
        assert!(Metric::WAITS.iter().all(|metric| metric.about().unit == crate::model::metric::Unit::Count));
    }
}
