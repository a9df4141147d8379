//! How far the COPYs and the index builds of a load are, for a reader who waits.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::prepared::Prepared;
use super::probe::{Place, Probe};
use crate::model::{Phase, Readings};
use crate::pg_error::unless_refused;
use crate::runner::glimpse::{BuildStep, Glimpse, RowsSoFar, Seen};
use crate::server::Session;

/// Between two looks: more often nobody reads them.
const BETWEEN: Duration = Duration::from_millis(500);

/// COPYs and index builds of this role, in this database, into tables of the run's schema or into such as no other
/// session sees yet (PostgreSQL manual, Progress Reporting).
const COPIES: &str = "\
SELECT p.pid, NULL::text, p.tuples_processed, p.bytes_processed, 0::int8, 0::int8
FROM pg_catalog.pg_stat_progress_copy p JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid
LEFT JOIN pg_catalog.pg_class c ON c.oid = p.relid
WHERE p.datname = current_database() AND a.usename = current_user
  AND coalesce(c.relnamespace, $1::oid) = $1::oid AND p.command = 'COPY FROM'";
const BUILDS: &str = "\
SELECT p.pid, p.phase, p.tuples_done, p.tuples_total, p.blocks_done, p.blocks_total
FROM pg_catalog.pg_stat_progress_create_index p JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid
LEFT JOIN pg_catalog.pg_class c ON c.oid = p.relid
WHERE p.datname = current_database() AND a.usename = current_user
  AND coalesce(c.relnamespace, $1::oid) = $1::oid";

/// Shows how far a load is.
pub(super) struct HowFar {
    glimpse: Glimpse,
    /// Rows of the whole load.
    rows: u64,
    /// The query; `None` where the server has nothing to ask.
    query: Option<String>,
    schema: u32,
    prepared: Prepared,
    looked: Option<Instant>,
    copies: Copies,
    steps: Steps,
}

impl HowFar {
    /// Of a load of so many rows, shown there.
    pub(super) fn new(glimpse: Glimpse, rows: u64) -> Self {
        let (query, schema, looked) = (None, 0, None);
        let (prepared, copies, steps) = (Prepared::default(), Copies::default(), Steps::default());
        Self { glimpse, rows, query, schema, prepared, looked, copies, steps }
    }
}

impl Probe for HowFar {
    fn start(&mut self, at: &mut Place<'_>) -> Result<()> {
        self.schema = at.server.run_schema().oid;
        self.query = query(at.server.facts().version_num);
        Ok(())
    }

    fn edge(&mut self, _: Option<Phase>, _: &mut Session) -> Result<()> {
        (self.copies, self.steps) = (Copies::default(), Steps::default());
        self.glimpse.set(None);
        Ok(())
    }

    fn look(&mut self, _: Option<Phase>, session: &mut Session) -> Result<()> {
        let Some(query) = self.query.clone() else { return Ok(()) };
        if self.looked.is_some_and(|last| last.elapsed() < BETWEEN) {
            return Ok(());
        }
        let now = Instant::now();
        self.looked = Some(now);
        let asked = (query.as_str(), "reading how far the load is");
        let Ok(rows) = unless_refused(self.prepared.ask(session, asked, &[&self.schema]))? else {
            self.query = None;
            return Ok(());
        };
        let (mut running, mut builds) = (BTreeMap::new(), Vec::new());
        for row in &rows {
            let number = |at: usize| Ok::<_, anyhow::Error>(row.try_get::<_, i64>(at)?.unsigned_abs());
            let numbers = [number(2)?, number(3)?, number(4)?, number(5)?];
            match row.try_get::<_, Option<String>>(1)? {
                Some(phase) => builds.push(self.steps.see(now, row.try_get(0)?, step(&phase, numbers))),
                None => _ = running.insert(row.try_get(0)?, Taken { rows: numbers[0], bytes: numbers[1] }),
            }
        }
        let copied = self.copies.see(now, running, self.rows).map(Seen::Rows);
        self.glimpse.set(copied.or_else(|| (!builds.is_empty()).then_some(Seen::Builds(builds))));
        Ok(())
    }

    fn stop(&mut self, _: &mut Place<'_>, _: &mut Readings) -> Result<()> {
        Ok(())
    }
}

impl Drop for HowFar {
    /// Also after a failure nothing is left to be shown of it.
    fn drop(&mut self) {
        self.glimpse.set(None);
    }
}

/// What a server of this version can be asked: builds of indexes from 12 on, COPYs from 14 on.
fn query(version_num: u32) -> Option<String> {
    match version_num {
        140_000.. => Some(format!("{COPIES}\nUNION ALL\n{BUILDS}")),
        120_000.. => Some(BUILDS.to_owned()),
        _ => None,
    }
}

/// The step of a build, with what it counts: of tuples and blocks, done and in all, the last that has begun. Blocks
/// that are all done were those of a step before (src/backend/access/nbtree/nbtsort.c).
fn step(phase: &str, [tuples, of_tuples, blocks, of_blocks]: [u64; 4]) -> BuildStep {
    let done = match () {
        _ if tuples > 0 && of_tuples > 0 => Some((tuples, of_tuples)),
        _ if blocks < of_blocks => Some((blocks, of_blocks)),
        _ => None,
    };
    let name = phase.strip_prefix("building index: ").unwrap_or(phase).to_owned();
    BuildStep { name, done, seconds_left: None }
}

/// When a step of a build was seen first, what was done then, and what was done when it was seen last.
type SeenStep = (Instant, u64, u64);

/// The steps of builds, by backend and name, look for look.
#[derive(Default)]
struct Steps(BTreeMap<(i32, String), SeenStep>);

impl Steps {
    /// A step of this backend as it is now, with the time that its rest takes at the rate so far.
    fn see(&mut self, now: Instant, backend: i32, step: BuildStep) -> BuildStep {
        let Some((done, of)) = step.done else { return step };
        let seen = self.0.entry((backend, step.name.clone())).or_insert((now, done, done));
        // The same step of another build begins anew.
        if done < seen.2 {
            *seen = (now, done, done);
        }
        seen.2 = done;
        let (since, first, _) = *seen;
        let seconds = now.duration_since(since).as_secs_f64();
        let left = |grown: u64| (seconds * of.saturating_sub(done) as f64 / grown as f64).ceil() as u64;
        BuildStep { seconds_left: done.checked_sub(first).filter(|grown| *grown > 0).map(left), ..step }
    }
}

/// Rows and bytes that a COPY has taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Taken {
    rows: u64,
    bytes: u64,
}

/// The COPYs of a phase, look for look.
#[derive(Default)]
struct Copies {
    /// Each backend's, when it was seen last.
    running: BTreeMap<i32, Taken>,
    /// Of those that have ended, as far as they were seen.
    ended: Taken,
    has_ended: bool,
    /// The first look, and the rows by then.
    first: Option<(Instant, u64)>,
}

impl Copies {
    /// What can be said with these running now; `None` where none is.
    fn see(&mut self, now: Instant, running: BTreeMap<i32, Taken>, of: u64) -> Option<RowsSoFar> {
        for (backend, before) in std::mem::replace(&mut self.running, running) {
            // Another COPY of the same backend begins anew.
            if self.running.get(&backend).is_none_or(|now| now.rows < before.rows) {
                self.ended.rows += before.rows;
                self.ended.bytes += before.bytes;
                self.has_ended = true;
            }
        }
        if self.running.is_empty() {
            return None;
        }
        let rows = self.ended.rows + self.running.values().map(|taken| taken.rows).sum::<u64>();
        let bytes = self.ended.bytes + self.running.values().map(|taken| taken.bytes).sum::<u64>();
        let (since, before) = *self.first.get_or_insert((now, rows));
        let seconds = now.duration_since(since).as_secs_f64();
        // What a COPY took after it was seen last is in no count, and a rate without it says too little.
        let is_known = seconds > 0.0 && !self.has_ended;
        let per_second = is_known.then(|| rows.saturating_sub(before) as f64 / seconds);
        Some(RowsSoFar { rows, bytes, of, at_least: self.has_ended, per_second })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(all: &[(i32, u64)]) -> BTreeMap<i32, Taken> {
        all.iter().map(|(backend, rows)| (*backend, Taken { rows: *rows, bytes: rows * 10 })).collect()
    }

    #[test]
    fn copies_at_once_are_summed_and_their_rate_is_since_the_first_look() {
        let (mut copies, start) = (Copies::default(), Instant::now());
        let mut see = |seconds: u64, all: &[(i32, u64)]| {
            copies.see(start + Duration::from_secs(seconds), running(all), 1000)
        };
        assert_eq!(see(0, &[]), None);
        let first = see(1, &[(7, 10), (8, 20)]).unwrap();
        assert_eq!((first.rows, first.bytes, first.per_second), (30, 300, None));
        let second = see(3, &[(7, 110), (8, 120)]).unwrap();
        assert_eq!((second.rows, second.of, second.per_second), (230, 1000, Some(100.0)));
        assert!(!second.at_least);
    }

    #[test]
    fn copies_that_ended_between_two_looks_leave_a_least_number() {
        let (mut copies, start) = (Copies::default(), Instant::now());
        let mut see = |seconds: u64, all: &[(i32, u64)]| {
            copies.see(start + Duration::from_secs(seconds), running(all), 1000)
        };
        see(0, &[(7, 100), (8, 50)]);
        // One is gone, the other's backend has begun another.
        let seen = see(1, &[(8, 20)]).unwrap();
        assert_eq!((seen.rows, seen.at_least, seen.per_second), (170, true, None));
        assert_eq!(see(2, &[]), None);
    }

    #[test]
    fn a_step_counts_what_it_has_begun_with() {
        let done = |phase, numbers| step(phase, numbers).done;
        assert_eq!(done("building index: scanning table", [0, 0, 40, 100]), Some((40, 100)));
        assert_eq!(done("building index: sorting live tuples", [0, 900, 100, 100]), None);
        assert_eq!(done("building index: loading tuples in tree", [90, 900, 100, 100]), Some((90, 900)));
        assert_eq!(step("building index: scanning table", [0; 4]).name, "scanning table");
        assert_eq!(step("initializing", [0; 4]).name, "initializing");
    }

    #[test]
    fn the_rest_of_a_step_takes_as_long_as_the_rate_so_far_says() {
        let (mut steps, start) = (Steps::default(), Instant::now());
        let mut left = |seconds: u64, backend: i32, blocks: u64| {
            let step = step("building index: scanning table", [0, 0, blocks, 100]);
            steps.see(start + Duration::from_secs(seconds), backend, step).seconds_left
        };
        assert_eq!(left(0, 7, 10), None);
        assert_eq!((left(2, 7, 30), left(2, 8, 30)), (Some(7), None));
        assert_eq!(left(4, 7, 30), Some(14));
        // The next build of this backend.
        assert_eq!((left(5, 7, 20), left(6, 7, 40)), (None, Some(3)));
    }

    #[test]
    fn older_servers_are_asked_what_they_have() {
        assert_eq!(query(110_000), None);
        assert!(!query(130_000).unwrap().contains("progress_copy"));
        assert!(query(150_018).unwrap().contains("progress_copy"));
    }
}
