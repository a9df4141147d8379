//! What a crash left of a load's rows.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::dataset::{Dataset, summing};
use crate::method::tools::confirmed::Part;
use crate::model::{Before, Case, Crash, Phase, SessionFacts, Work};
use crate::pg_error::describe;
use crate::runner::reference;
use crate::runner::reset::TableRows;
use crate::runner::sample::Crashed;
use crate::server::{Connector, Session};
use crate::sql::Exec;
use crate::table::Table;
use crate::table::fixed::fixed;

/// The column that counts the rows that were to be loaded.
const NUMBER: &str = "bulkbench_number";

/// A load whose server was killed.
pub(super) struct Killed {
    /// The phase in which it was; `None` between two, and after the last.
    pub phase: Option<Phase>,
    /// When it was.
    pub at: Instant,
    /// Whether the client had not noticed after a while, and was ended.
    pub hung: bool,
    /// Rows whose commit was confirmed, by their numbers.
    pub confirmed: Vec<Part>,
    /// Nanoseconds of each phase that ended.
    pub phases: BTreeMap<Phase, u64>,
    /// What was done before the load.
    pub before: Before,
    /// The settings of sessions like its own, before the load; `None` where the server has none to read.
    pub settings: Option<BTreeMap<String, String>>,
}

impl Killed {
    /// What it comes to where the rows cannot be read any more.
    pub(super) fn damaged(self, words: String) -> Crashed {
        let crash = Crash {
            phase: self.phase,
            confirmed: self.confirmed.iter().map(Part::count).sum(),
            confirmed_there: 0,
            others_there: 0,
            foreign: None,
            lost_ns: None,
            hung: self.hung,
            damage: Some(words),
            recovery_ns: 0,
        };
        Crashed { session: self.session(), phases: self.phases, crash }
    }

    /// What is known of the sessions of the load.
    pub(super) fn session(&self) -> Option<SessionFacts> {
        let settings = self.settings.clone()?;
        Some(SessionFacts { settings, disabled_triggers: 0, before: self.before })
    }
}

/// What is there of the dataset's first rows, by their content, in the table that a case has loaded. The server tells,
/// which reads them from the csv once more.
///
/// # Errors
/// The server's error.
pub(super) fn read(
    session: &mut Session,
    connector: &Connector,
    (dataset, table): (&Dataset, &Table),
    case: &Case,
    rows: TableRows,
    (killed, recovery_ns): (&Killed, u64),
) -> Result<Crash> {
    // Elsewhere the table held other rows before.
    let knows_foreign = matches!(case.work, Work::Load | Work::Append);
    let crash = |confirmed_there: u64, others_there: u64, foreign: u64| {
        let confirmed = killed.confirmed.iter().map(Part::count).sum::<u64>();
        let lost = confirmed.saturating_sub(confirmed_there);
        Crash {
            phase: killed.phase,
            confirmed,
            confirmed_there,
            others_there,
            foreign: knows_foreign.then_some(foreign),
            lost_ns: lost_ns(&killed.confirmed, lost, killed.at),
            hung: killed.hung,
            damage: None,
            recovery_ns,
        }
    };
    let name = table.sql_name();
    let is_there: bool = session
        .query_one("SELECT to_regclass($1) IS NOT NULL", &[&name])
        .and_then(|row| row.try_get(0))
        .map_err(describe)
        .with_context(|| format!("looking for the table {name}"))?;
    if !is_there {
        return Ok(crash(0, 0, 0));
    }
    let loaded = reference::filled(session, connector, dataset, table, rows.loaded, Some(NUMBER))?;
    let row = summing::row_expression(table.absent.rule(), &table.columns);
    let held = rows.times - 1;
    let (first, last): (Vec<i64>, Vec<i64>) = ranges(&killed.confirmed).into_iter().unzip();
    let counts = fixed(&mut **session, |transaction| {
        let sql = counting(&row, &name, &loaded, held);
        let counts = transaction.query_one(&sql, &[&first, &last]).map_err(describe);
        let counts = counts.context("counting the rows that a crash has left")?;
        let count = |at: usize| Ok::<_, anyhow::Error>(u64::try_from(counts.try_get::<_, i64>(at)?)?);
        Ok((count(0)?, count(1)?, count(2)?))
    })?;
    session.run(&format!("DROP TABLE {loaded}"))?;
    let (confirmed_there, others_there, foreign) = counts;
    Ok(crash(confirmed_there, others_there, foreign))
}

/// How many rows of each content are there beyond the `held` times that they were there before, dealt out: first to the
/// confirmed ones of that content, then to the others.
fn counting(row: &str, table: &str, loaded: &str, held: u64) -> String {
    format!(
        "WITH found AS (SELECT {row} AS h, count(*) AS n FROM {table} GROUP BY 1), \
         made AS (SELECT {row} AS h, count(first) AS confirmed, count(*) AS n FROM {loaded} \
           LEFT JOIN unnest($1::int8[], $2::int8[]) AS part(first, last) ON {NUMBER} BETWEEN first AND last GROUP BY 1), \
         counted AS (SELECT coalesce(confirmed, 0) AS confirmed, coalesce(made.n, 0) AS n, \
           greatest(coalesce(found.n, 0) - {held} * coalesce(made.n, 0), 0) AS there \
           FROM made FULL JOIN found USING (h)) \
         SELECT coalesce(sum(least(there, confirmed)), 0)::int8, \
           coalesce(sum(least(greatest(there - confirmed, 0), n - confirmed)), 0)::int8, \
           coalesce(sum(greatest(there - n, 0)), 0)::int8 FROM counted"
    )
}

/// First and last number of the rows of these parts, those that follow each other together.
fn ranges(parts: &[Part]) -> Vec<(i64, i64)> {
    let mut sorted: Vec<(i64, i64)> =
        parts.iter().map(|part| (*part.rows.start() as i64, *part.rows.end() as i64)).collect();
    sorted.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (first, last) in sorted {
        match joined.last_mut() {
            Some(before) if before.1 + 1 == first => before.1 = last,
            _ => joined.push((first, last)),
        }
    }
    joined
}

/// Nanoseconds from the confirmation of the first of the rows that were confirmed last, so many of them, to the crash.
pub(super) fn lost_ns(confirmed: &[Part], lost: u64, at: Instant) -> Option<u64> {
    let mut left = lost;
    for part in confirmed.iter().rev() {
        if left == 0 {
            break;
        }
        if left <= part.count() {
            return Some(at.saturating_duration_since(part.at).as_nanos() as u64);
        }
        left -= part.count();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn parts_that_follow_each_other_are_one_range() {
        let at = Instant::now();
        let parts = [5..=6, 1..=2, 3..=4, 9..=9].map(|rows| Part { rows, at });
        assert_eq!(ranges(&parts), [(1, 6), (9, 9)]);
        assert_eq!(ranges(&[]), []);
    }

    #[test]
    fn what_is_lost_was_confirmed_last() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let parts = [(1..=10, 0), (11..=20, 100), (21..=30, 150)].map(|(rows, ms)| Part { rows, at: at(ms) });
        let lost = |rows| lost_ns(&parts, rows, at(160));
        assert_eq!(lost(0), None);
        assert_eq!(lost(1), Some(10_000_000));
        assert_eq!(lost(10), Some(10_000_000));
        assert_eq!(lost(11), Some(60_000_000));
        assert_eq!(lost(30), Some(160_000_000));
    }
}
