//! The number of rows that a slow method loads: as many as fit its time budget.
//!
//! A commit per row over a disk of 100 flushes a second would take a day for 7.5 million rows.
//! Such a method is tried on a few rows first, and then loads as many as the budget allows at
//! the rate that it showed; its row count stands beside its figure everywhere.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::errors::chain;
use crate::fault::Fault;
use crate::method::Catalogue;
use crate::model::{Axis, Case, Role};
use crate::runner::plan;
use crate::runner::sample::{Applied, Measured, Ready, Stage};
use crate::runner::seen_errors::SeenErrors;
use crate::units;

/// Rows of the first trial.
const FIRST_TRIAL_ROWS: u64 = 200;

/// A trial of less than this share of the budget says little of the rate, as it is much of it
/// what every load takes, however few its rows: it is repeated with more rows.
const SHORTEST_TRIAL: f64 = 0.2;

/// The time that a longer trial aims at, as a share of the budget.
const LONGER_TRIAL: f64 = 0.3;

/// Finds the row counts of the slow cases that can run here, and says on standard error what it found;
/// the control's is the baseline's, whose twin it is. A case whose trial fails has no samples: they would
/// be of a row count that nothing speaks for. The error stands in it instead.
///
/// # Errors
/// When work has to stop, or the server does not recover from a failed trial.
pub fn calibrate(
    catalogue: &Catalogue,
    stage: &mut impl Stage,
    cases: &mut [Case],
    budget: Duration,
) -> Result<()> {
    let mut seen = SeenErrors::default();
    for case in cases.iter_mut().filter(|case| case.unavailable.is_none() && case.role != Role::Control) {
        if !plan::is_budgeted(catalogue, case)? {
            continue;
        }
        match fit(stage, case, budget) {
            Ok(()) => {}
            Err(error) if matches!(Fault::find(&error), Some(Fault::Interrupted(_))) => return Err(error),
            Err(error) => {
                // What failed may have been a statement that was cancelled.
                stage.check()?;
                let words = chain(error.as_ref());
                let why = seen.text(&format!("the trial of {}", case.id), &words);
                crate::say!("{}: its trial FAILED, and it has no samples: {why}", case.id);
                stage.recover().with_context(|| {
                    format!("the server did not recover after a trial of {} failed: {words}", case.id)
                })?;
                case.failed_trial = Some(words);
            }
        }
        if let Some(reason) = &case.rows_reason {
            crate::say!("{}: {} rows, as {reason}", case.id, units::count(case.rows));
        }
    }
    level(cases);
    Ok(())
}

/// Sets `case.rows` to what fits `budget`, with the reason in words where that is not all.
///
/// # Errors
/// When a trial load fails; the case is then left as it was.
pub fn fit(stage: &mut impl Stage, case: &mut Case, budget: Duration) -> Result<()> {
    let all = case.rows;
    let fitting = |rows: u64, taken: Duration, share: f64| {
        (rows as f64 / taken.as_secs_f64().max(1e-9) * budget.as_secs_f64() * share) as u64
    };
    let mut rows = FIRST_TRIAL_ROWS.min(all);
    let taken = loop {
        let measured =
            trial(stage, case, rows).with_context(|| format!("in a trial of {} rows", units::count(rows)))?;
        let taken = Duration::from_nanos(measured.phases.values().sum());
        if taken >= budget.mul_f64(SHORTEST_TRIAL) || rows == all {
            break taken;
        }
        // At most ten times as many: the first rows of a load are the slowest.
        rows = fitting(rows, taken, LONGER_TRIAL).clamp(2 * rows, 10 * rows).min(all);
    };
    if rows == all {
        return Ok(());
    }
    let fits = fitting(rows, taken, 1.0);
    if fits < all {
        case.rows = round_down(fits).max(1);
        case.rows_reason = Some(format!(
            "a trial of {} rows ran at {}, and a sample may take about {:.0} s",
            units::count(rows),
            units::rate(rows, taken.as_nanos() as u64),
            budget.as_secs_f64(),
        ));
    }
    Ok(())
}

fn trial(stage: &mut impl Stage, case: &Case, rows: u64) -> Result<Measured> {
    let (_, measured) = stage.apply(case)?.reset(rows)?.load()?;
    Ok(measured)
}

/// Gives the same case on several servers as many rows on each as the slowest of them can take, and
/// the control those of the baseline, whose twin it is in a trial that failed, too.
pub(crate) fn level(cases: &mut [Case]) {
    for i in 0..cases.len() {
        if cases[i].key.server.is_none() {
            continue;
        }
        let same = cases[i].key.without(&Axis::Server);
        let same_case = |case: &&Case| {
            case.runs() && case.role != Role::Control && case.key.without(&Axis::Server) == same
        };
        let fewest = cases.iter().filter(same_case).min_by_key(|case| case.rows).cloned();
        if let Some(fewest) = fewest.filter(|fewest| fewest.rows < cases[i].rows) {
            (cases[i].rows, cases[i].rows_reason) = (fewest.rows, fewest.rows_reason);
        }
    }
    let baseline = cases.iter().find(|case| case.role == Role::Baseline).cloned();
    if let (Some(baseline), Some(control)) = (baseline, cases.iter_mut().find(|c| c.role == Role::Control)) {
        (control.rows, control.rows_reason) = (baseline.rows, baseline.rows_reason);
        control.failed_trial = baseline.failed_trial;
    }
}

/// Down to the next 1, 2 or 5 times a power of ten, so that runs of the same kind of machine
/// tend to the same count.
fn round_down(rows: u64) -> u64 {
    let mut power = 1;
    while power * 10 <= rows {
        power *= 10;
    }
    [5, 2, 1].into_iter().map(|digit| digit * power).find(|r| *r <= rows).unwrap_or(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_rounded_down_to_round_ones() {
        for (rows, round) in [(0, 0), (1, 1), (9, 5), (27_100, 20_000), (541_999, 500_000), (100, 100)] {
            assert_eq!(round_down(rows), round, "{rows}");
        }
    }
}
