//! From a plan to its samples.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::model::{Outcome, Plan, Role, Sample, Slot};
use crate::runner::crash_plan::LoadTimes;
use crate::runner::progress::Progress;
use crate::runner::sample::{self, Course, SamplePosition, Stage};

/// The end of a run that took all of its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunEnd {
    /// Samples taken now (not those that were there already).
    pub taken: usize,
    /// Number of all samples that failed or ran out of time, and of cases whose trial failed.
    pub failed: usize,
}

/// Takes every sample of the plan that `done` does not have yet, the warm-up first, and hands
/// each to `keep` before the next begins.
///
/// # Errors
/// When work has to stop, when a sample cannot be kept, or when the server does not recover from
/// a failure. All samples kept so far stay good.
pub fn execute(
    plan: &Plan,
    done: &[Sample],
    stage: &mut impl Stage,
    keep: &mut dyn FnMut(&Sample) -> Result<()>,
    progress: &mut dyn Progress,
) -> Result<RunEnd> {
    let failed_trials = plan.cases.iter().filter(|case| case.failed_trial.is_some()).count();
    let failed_before = done.iter().filter(|s| s.outcome != Outcome::Ok).count();
    let mut ended = RunEnd { taken: 0, failed: failed_before + failed_trials };
    let mut times = LoadTimes::default();
    done.iter().for_each(|sample| times.take(sample));
    let have: BTreeSet<(Slot, &str)> = done.iter().map(|s| (s.slot, s.case.as_str())).collect();
    let is_done =
        |place: &SamplePosition, index: usize| have.contains(&(place.slot, plan.cases[index].id.as_str()));
    let positions = positions(plan);
    if positions.iter().all(|(place, index)| is_done(place, *index)) {
        return Ok(ended);
    }
    for (place, index) in positions {
        let case = &plan.cases[index];
        if is_done(&place, index) {
            progress.skip(case, place.slot);
            // A run that goes on does so on a fresh server, which has to be warmed up as well.
            if place.slot != Slot::WarmUp {
                continue;
            }
        }
        progress.begin(case, place.slot);
        let start = Instant::now();
        let sample = match (place.slot, &plan.crash) {
            (Slot::Crash(moment), Some(crash)) => {
                let rows = crash.rows.min(case.rows);
                let middle = times.middle(&case.id, rows);
                // Each has a chance of its own, and the same one where the run is repeated.
                let seed = plan.seed.wrapping_add(u64::from(place.position));
                let course = Course { kind: crash.kind, rows, moment, middle, seed };
                sample::take_crash(stage, case, place, course)?
            }
            _ => sample::take_sample(stage, case, place)?,
        };
        times.take(&sample);
        progress.end(&sample, start.elapsed());
        // The record has its warm-up already.
        let again = is_done(&place, index);
        if !again {
            keep(&sample).context("keeping the sample")?;
            ended.taken += 1;
        }
        if sample.outcome != Outcome::Ok {
            ended.failed += usize::from(!again);
            stage.recover().with_context(|| {
                format!(
                    "the server did not recover after a sample of {} failed: {}",
                    case.id,
                    sample.error.unwrap_or_default()
                )
            })?;
        }
    }
    Ok(ended)
}

/// All samples of a plan in their order: a warm-up of each server, the baseline's first, then the rounds, then the
/// crashes.
fn positions(plan: &Plan) -> Vec<(SamplePosition, usize)> {
    let runnable: BTreeSet<usize> = plan.order.iter().flatten().copied().collect();
    let baseline = plan.cases.iter().find(|case| case.role == Role::Baseline);
    let mut servers: Vec<&Option<String>> = Vec::new();
    for server in baseline.into_iter().chain(&plan.cases).map(|case| &case.key.server) {
        if !servers.contains(&server) {
            servers.push(server);
        }
    }
    // By the baseline's own method where the server can run it.
    let warm_up = |server: &&Option<String>| {
        let on_it = || runnable.iter().copied().filter(|i| plan.cases[*i].key.server == **server);
        let same_method = |i: &usize| baseline.is_some_and(|b| b.key.method == plan.cases[*i].key.method);
        on_it().find(same_method).or_else(|| on_it().next())
    };
    let warm_ups: Vec<usize> = servers.iter().filter_map(warm_up).collect();
    let warm_ups =
        (0..).zip(warm_ups).map(|(position, index)| (SamplePosition { slot: Slot::WarmUp, position }, index));
    let rounds = (1..).zip(&plan.order).flat_map(|(round, order)| {
        (0..)
            .zip(order)
            .map(move |(position, index)| (SamplePosition { slot: Slot::Round(round), position }, *index))
    });
    let crashes = plan.crash.iter().flat_map(|crash| &crash.order);
    let crashes = (0..)
        .zip(crashes)
        .map(|(position, (index, moment))| (SamplePosition { slot: Slot::Crash(*moment), position }, *index));
    warm_ups.chain(rounds).chain(crashes).collect()
}
