//! The steps of one sample, and what becomes of each way they can end.
//!
//! ```
//! # use bulkbench::model::{Case, EndState};
//! # use bulkbench::runner::sample::{Applied, Loaded, Ready, Stage};
//! fn once(stage: &mut impl Stage, case: &Case) -> anyhow::Result<EndState> {
//!     let (mut loaded, _) = stage.apply(case)?.reset(case.rows)?.load()?;
//!     loaded.verify()
//! }
//! ```
//!
//! A load before its reset does not compile:
//!
//! ```compile_fail
//! # use bulkbench::model::{Case, EndState};
//! # use bulkbench::runner::sample::{Applied, Loaded, Ready, Stage};
//! fn once(stage: &mut impl Stage, case: &Case) -> anyhow::Result<EndState> {
//!     let (mut loaded, _) = stage.apply(case)?.load()?;
//!     loaded.verify()
//! }
//! ```

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::errors::chain;
use crate::fault::Fault;
use crate::model::{
    Case, Crash, CrashKind, EndState, Moment, Outcome, Phase, Readings, Sample, SessionFacts, Slot, Step,
};

/// The place where samples are taken: a server in earnest, a fake in tests. Each step of a sample gives what
/// the next is taken from, so that none can come before the one that it needs.
pub trait Stage {
    /// A server with the settings of a case.
    type Applied<'s>: Applied
    where
        Self: 's;

    /// Gives the server the case's own settings.
    ///
    /// # Errors
    /// When it does not come up with them.
    fn apply<'s>(&'s mut self, case: &'s Case) -> Result<Self::Applied<'s>>;

    /// Loads rows of a case, crashes the server in this way, has it recover, and finds out what is there.
    ///
    /// # Errors
    /// When the load fails by itself, or the server does not come up again after a crash that should not damage it.
    fn crash(&mut self, case: &Case, course: Course) -> Result<Crashed>;

    /// After a failure: puts the server back into a state that the next sample can start from.
    ///
    /// # Errors
    /// When it cannot, which ends the run.
    fn recover(&mut self) -> Result<()>;

    /// Passes unless work has to stop: then a step may have failed because its statement was cancelled.
    ///
    /// # Errors
    /// [`Fault::Interrupted`].
    fn check(&self) -> Result<()>;

    /// The time now, RFC 3339 in UTC.
    fn now(&self) -> String;

    /// The time since a moment that stays the same, by a clock that never goes back.
    fn clock(&self) -> Duration;
}

/// A sample whose server has the case's settings.
pub trait Applied {
    /// The state after the reset.
    type Ready: Ready;

    /// Puts the table that the case starts from where the last sample's was, for a load of so many
    /// rows, and flushes what is left to write.
    ///
    /// # Errors
    /// The server's error.
    fn reset(self, rows: u64) -> Result<Self::Ready>;
}

/// A sample whose table is as the case starts from.
pub trait Ready {
    /// The state after the load.
    type Loaded: Loaded;

    /// Does the timed phases between the start and the stop of the probes.
    ///
    /// # Errors
    /// The error of the load; [`Fault::Timeout`] when the deadline passed.
    fn load(self) -> Result<(Self::Loaded, Measured)>;
}

/// A sample whose rows are loaded.
pub trait Loaded {
    /// Proves that every row arrived and the table is what the method promised. It changes nothing, so
    /// that it can be done again.
    ///
    /// # Errors
    /// [`Fault::Data`] naming what differs.
    fn verify(&mut self) -> Result<EndState>;
}

/// The measurements of the timed part of a sample.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Nanoseconds of each phase.
    pub phases: BTreeMap<Phase, u64>,
    /// Readings of the probes.
    pub readings: Readings,
    /// Settings of its sessions, read back.
    pub session: Option<SessionFacts>,
}

/// The course of a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Course {
    /// How the server crashes.
    pub kind: CrashKind,
    /// Rows of the load.
    pub rows: u64,
    /// When it crashes.
    pub moment: Moment,
    /// How long after the beginning of the load phase its middle is.
    pub middle: Duration,
    /// What a loss of power leaves by chance is chosen by this.
    pub seed: u64,
}

/// A load whose server has crashed.
#[derive(Debug, Clone)]
pub struct Crashed {
    /// Nanoseconds of each phase that ended before.
    pub phases: BTreeMap<Phase, u64>,
    /// The settings of sessions like its own, read back afterwards; `None` where the server has none to read.
    pub session: Option<SessionFacts>,
    /// What is there.
    pub crash: Crash,
}

/// The position of a sample in its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SamplePosition {
    /// The part of the run.
    pub slot: Slot,
    /// The place in that part, from 0.
    pub position: u32,
}

/// Takes one sample: settings, reset, load, verify. What fails becomes a row, not an error.
///
/// # Errors
/// Only when the run has to end: [`Fault::Interrupted`], which leaves no row, as the sample
/// did not end by itself.
pub(crate) fn take_sample(stage: &mut impl Stage, case: &Case, place: SamplePosition) -> Result<Sample> {
    take(stage, blank(stage, case, place, case.rows), |stage, sample| steps(stage, case, sample))
}

/// Takes the sample of one crash. What is not as the case's durability promises is a failure.
///
/// # Errors
/// As [`take_sample`].
pub(crate) fn take_crash(
    stage: &mut impl Stage,
    case: &Case,
    place: SamplePosition,
    course: Course,
) -> Result<Sample> {
    take(stage, blank(stage, case, place, course.rows), |stage, sample| {
        let crashed = stage.crash(case, course)?;
        (sample.phases, sample.session) = (crashed.phases, crashed.session);
        let promised = sample.durability(case.durability).unwrap_or(case.durability);
        let breach = crashed.crash.breach(promised);
        sample.crash = Some(crashed.crash);
        match breach {
            Some(breach) => Err(Fault::Data(breach).into()),
            None => {
                sample.outcome = Outcome::Ok;
                Ok(())
            }
        }
    })
}

/// A sample of so many rows that has not been taken.
fn blank(stage: &impl Stage, case: &Case, place: SamplePosition, rows: u64) -> Sample {
    Sample {
        case: case.id.clone(),
        slot: place.slot,
        position: place.position,
        started: stage.now(),
        outcome: Outcome::Failed,
        error: None,
        rows,
        total_ns: None,
        phases: BTreeMap::new(),
        readings: Readings::default(),
        end_state: None,
        session: None,
        overhead: BTreeMap::new(),
        crash: None,
    }
}

fn take<S: Stage>(
    stage: &mut S,
    mut sample: Sample,
    steps: impl FnOnce(&mut S, &mut Sample) -> Result<()>,
) -> Result<Sample> {
    match steps(stage, &mut sample) {
        Ok(()) => Ok(sample),
        Err(error) => match Fault::find(&error) {
            Some(Fault::Interrupted(_)) => Err(error),
            fault => {
                stage.check()?;
                sample.outcome = match fault {
                    Some(Fault::Timeout(_)) => Outcome::Timeout,
                    _ => Outcome::Failed,
                };
                sample.error = Some(chain(error.as_ref()));
                // Part of a sample is not a measurement of it.
                (sample.total_ns, sample.end_state) = (None, None);
                Ok(sample)
            }
        },
    }
}

fn steps(stage: &mut impl Stage, case: &Case, sample: &mut Sample) -> Result<()> {
    let start = Instant::now();
    let applied = stage.apply(case)?;
    let applied_at = Instant::now();
    let ready = applied.reset(case.rows)?;
    let ready_at = Instant::now();
    let (mut loaded, measured) = ready.load()?;
    let loaded_at = Instant::now();
    let end_state = loaded.verify()?;
    let nanoseconds = |from: Instant, to: Instant| to.duration_since(from).as_nanos() as u64;
    sample.overhead = BTreeMap::from([
        (Step::Settings, nanoseconds(start, applied_at)),
        (Step::Reset, nanoseconds(applied_at, ready_at)),
        (Step::Connect, nanoseconds(ready_at, loaded_at).saturating_sub(measured.phases.values().sum())),
        (Step::Verify, nanoseconds(loaded_at, Instant::now())),
    ]);
    sample.total_ns = Some(measured.phases.values().sum());
    sample.phases = measured.phases;
    sample.readings = measured.readings;
    sample.session = measured.session;
    sample.end_state = Some(end_state);
    sample.outcome = Outcome::Ok;
    Ok(())
}
