//! From a plan to its samples.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::distinct::distinct;
use crate::model::{Outcome, Plan, Role, Sample, Slot};
use crate::runner::crash_plan::LoadTimes;
use crate::runner::journal::Journal;
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
/// each to the journal before the next begins; behind the plan's rounds those that the journal lets follow, and then the
/// crashes.
///
/// # Errors
/// When work has to stop, when a sample cannot be kept, or when the server does not recover from
/// a failure. All samples kept so far stay good.
pub fn execute(
    plan: &Plan,
    done: &[Sample],
    stage: &mut impl Stage,
    journal: &mut dyn Journal,
    progress: &mut dyn Progress,
) -> Result<RunEnd> {
    let mut taking = Taking::new(plan, done, stage, journal, progress);
    for (round, order) in (1..).zip(&plan.order) {
        taking.round(round, order)?;
    }
    let mut round = plan.order.len() as u32;
    while let Some(outlook) = taking.journal.look(taking.spent())? {
        taking.progress.looked(&outlook);
        let Some(order) = outlook.next else { break };
        round += 1;
        taking.round(round, &order)?;
    }
    taking.crashes()?;
    Ok(taking.ended)
}

/// Samples being taken.
struct Taking<'a, S> {
    plan: &'a Plan,
    /// What is there already.
    have: BTreeSet<(Slot, &'a str)>,
    stage: &'a mut S,
    journal: &'a mut dyn Journal,
    progress: &'a mut dyn Progress,
    /// By the clock of the stage.
    began: Duration,
    warmed_up: bool,
    times: LoadTimes,
    ended: RunEnd,
}

impl<'a, S: Stage> Taking<'a, S> {
    fn new(
        plan: &'a Plan,
        done: &'a [Sample],
        stage: &'a mut S,
        journal: &'a mut dyn Journal,
        progress: &'a mut dyn Progress,
    ) -> Self {
        let failed_trials = plan.cases.iter().filter(|case| case.failed_trial.is_some()).count();
        let failed_before = done.iter().filter(|s| s.outcome != Outcome::Ok).count();
        let mut times = LoadTimes::default();
        done.iter().for_each(|sample| times.take(sample));
        Self {
            plan,
            have: done.iter().map(|s| (s.slot, s.case.as_str())).collect(),
            began: stage.clock(),
            stage,
            journal,
            progress,
            warmed_up: false,
            times,
            ended: RunEnd { taken: 0, failed: failed_before + failed_trials },
        }
    }

    /// How long samples have been taken now.
    fn spent(&self) -> Duration {
        self.stage.clock().saturating_sub(self.began)
    }

    fn is_done(&self, place: SamplePosition, index: usize) -> bool {
        self.have.contains(&(place.slot, self.plan.cases[index].id.as_str()))
    }

    /// A round in this order.
    fn round(&mut self, round: u32, order: &[usize]) -> Result<()> {
        let place = |position| SamplePosition { slot: Slot::Round(round), position };
        self.lacking((0..).map(place).zip(order.iter().copied()))
    }

    /// The crashes behind the rounds.
    fn crashes(&mut self) -> Result<()> {
        let plan = self.plan;
        let crashes = (0..).zip(plan.crash.iter().flat_map(|crash| &crash.order));
        self.lacking(crashes.map(|(position, (index, moment))| {
            (SamplePosition { slot: Slot::Crash(*moment), position }, *index)
        }))
    }

    /// Takes those of the samples at these places that are not there.
    fn lacking(&mut self, places: impl Iterator<Item = (SamplePosition, usize)>) -> Result<()> {
        for (place, index) in places {
            if self.is_done(place, index) {
                self.progress.skip(&self.plan.cases[index], place.slot);
                continue;
            }
            self.warm_up()?;
            self.take(place, index)?;
        }
        Ok(())
    }

    /// Warms the servers up before the first sample. A run that goes on does so on fresh servers, which have to be warmed
    /// up as well.
    fn warm_up(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.warmed_up, true) {
            return Ok(());
        }
        for (place, index) in warm_ups(self.plan) {
            if self.is_done(place, index) {
                self.progress.skip(&self.plan.cases[index], place.slot);
            }
            self.take(place, index)?;
        }
        Ok(())
    }

    /// Takes a sample. The record has its warm-ups already where the run goes on.
    fn take(&mut self, place: SamplePosition, index: usize) -> Result<()> {
        let (plan, again) = (self.plan, self.is_done(place, index));
        let case = &plan.cases[index];
        self.progress.begin(case, place.slot);
        let start = self.stage.clock();
        let sample = match (place.slot, &plan.crash) {
            (Slot::Crash(moment), Some(crash)) => {
                let rows = crash.rows.min(case.rows);
                let middle = self.times.middle(&case.id, rows);
                // Each has a chance of its own, and the same one where the run is repeated.
                let seed = plan.seed.wrapping_add(u64::from(place.position));
                let course = Course { kind: crash.kind, rows, moment, middle, seed };
                sample::take_crash(self.stage, case, place, course)?
            }
            _ => sample::take_sample(self.stage, case, place)?,
        };
        self.times.take(&sample);
        self.progress.end(&sample, self.stage.clock().saturating_sub(start));
        if !again {
            self.journal.keep(&sample).context("keeping the sample")?;
            self.ended.taken += 1;
        }
        if sample.outcome != Outcome::Ok {
            self.ended.failed += usize::from(!again);
            self.stage.recover().with_context(|| {
                format!(
                    "the server did not recover after a sample of {} failed: {}",
                    case.id,
                    sample.error.unwrap_or_default()
                )
            })?;
        }
        Ok(())
    }
}

/// A warm-up of each server, the baseline's first.
fn warm_ups(plan: &Plan) -> Vec<(SamplePosition, usize)> {
    let runnable: BTreeSet<usize> = plan.order.iter().flatten().copied().collect();
    let baseline = plan.cases.iter().find(|case| case.role == Role::Baseline);
    let servers = distinct(baseline.into_iter().chain(&plan.cases).map(|case| &case.key.server));
    // By the baseline's own method where the server can run it.
    let warm_up = |server: &&Option<String>| {
        let on_it = || runnable.iter().copied().filter(|i| plan.cases[*i].key.server == **server);
        let same_method = |i: &usize| baseline.is_some_and(|b| b.key.method == plan.cases[*i].key.method);
        on_it().find(same_method).or_else(|| on_it().next())
    };
    let warm_ups = servers.iter().filter_map(warm_up);
    let place = |position| SamplePosition { slot: Slot::WarmUp, position };
    (0..).map(place).zip(warm_ups).collect()
}
