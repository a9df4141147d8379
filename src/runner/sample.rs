//! The steps of one sample, and what becomes of each way they can end.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;

use crate::errors::chain;
use crate::fault::Fault;
use crate::model::{Case, EndState, Outcome, Phase, Readings, Sample, SessionFacts, Slot, Step};

/// What the steps are done with: a server in earnest, a fake in tests.
pub trait Stage {
    /// Gives the server the case's own settings.
    ///
    /// # Errors
    /// When it does not come up with them.
    fn apply(&mut self, case: &Case) -> Result<()>;

    /// Puts the table that the case starts from where the last sample's was, for a load of so many
    /// rows, and flushes what is left to write.
    ///
    /// # Errors
    /// What the server says.
    fn reset(&mut self, case: &Case, rows: u64) -> Result<()>;

    /// Does the timed phases between the start and the stop of the probes.
    ///
    /// # Errors
    /// What went wrong; [`Fault::Timeout`] when the deadline passed.
    fn load(&mut self, case: &Case, rows: u64) -> Result<Measured>;

    /// Proves that every row arrived and the table is what the method promised.
    ///
    /// # Errors
    /// [`Fault::Data`] naming what differs.
    fn verify(&mut self, case: &Case, rows: u64) -> Result<EndState>;

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
}

/// What the timed part of a sample gave.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Nanoseconds of each phase.
    pub phases: BTreeMap<Phase, u64>,
    /// What the probes saw.
    pub readings: Readings,
    /// What its sessions had.
    pub session: Option<SessionFacts>,
}

/// Where in a run a sample stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
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
pub fn take(stage: &mut dyn Stage, case: &Case, place: Place) -> Result<Sample> {
    let mut sample = Sample {
        case: case.id.clone(),
        slot: place.slot,
        position: place.position,
        started: stage.now(),
        outcome: Outcome::Failed,
        error: None,
        rows: case.rows,
        total_ns: None,
        phases: BTreeMap::new(),
        readings: Readings::default(),
        end_state: None,
        session: None,
        overhead: BTreeMap::new(),
    };
    match steps(stage, case, &mut sample) {
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

fn steps(stage: &mut dyn Stage, case: &Case, sample: &mut Sample) -> Result<()> {
    let start = Instant::now();
    stage.apply(case)?;
    let applied = Instant::now();
    stage.reset(case, case.rows)?;
    let reset = Instant::now();
    let measured = stage.load(case, case.rows)?;
    let loaded = Instant::now();
    let end_state = stage.verify(case, case.rows)?;
    let nanoseconds = |from: Instant, to: Instant| to.duration_since(from).as_nanos() as u64;
    sample.overhead = BTreeMap::from([
        (Step::Settings, nanoseconds(start, applied)),
        (Step::Reset, nanoseconds(applied, reset)),
        (Step::Connect, nanoseconds(reset, loaded).saturating_sub(measured.phases.values().sum())),
        (Step::Verify, nanoseconds(loaded, Instant::now())),
    ]);
    sample.total_ns = Some(measured.phases.values().sum());
    sample.phases = measured.phases;
    sample.readings = measured.readings;
    sample.session = measured.session;
    sample.end_state = Some(end_state);
    sample.outcome = Outcome::Ok;
    Ok(())
}
