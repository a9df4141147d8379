//! A stage that only writes down what it was asked to do, with failures at will.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, anyhow};
use bulkbench::fault::Fault;
use bulkbench::model::{Case, Content, Crash, EndState, Persistence, Phase, Plan, Readings, Sample, Slot};
use bulkbench::runner::journal::Outlook;
use bulkbench::runner::progress::Progress;
use bulkbench::runner::sample::{Applied, Course, Crashed, Loaded, Measured, Ready, Stage};
use bulkbench::runner::{RunEnd, execute};

/// A failure, and the load (counted from 1) in which it comes.
pub(crate) enum Trouble {
    None,
    LoadFails(usize),
    LoadTimesOut(usize),
    WrongContent(usize),
    InterruptedDuring(usize),
    StoppedDuringVerify(usize),
    ServerGone(usize),
}

pub(crate) struct FakeStage {
    pub(crate) steps: Vec<String>,
    /// Each of them takes a second by its clock.
    pub(crate) loads: usize,
    trouble: Trouble,
    gone: bool,
    /// Confirmed rows that a crash takes.
    lost: u64,
}

impl FakeStage {
    pub(crate) fn new(trouble: Trouble) -> Self {
        Self { steps: Vec::new(), loads: 0, trouble, gone: false, lost: 0 }
    }

    /// The same, whose crashes take so many confirmed rows.
    pub(crate) fn losing(self, lost: u64) -> Self {
        Self { lost, ..self }
    }

    fn note(&mut self, step: &str, case: &Case) {
        self.steps.push(format!("{step} {}", case.id));
    }
}

/// A step of a sample on it.
pub(crate) struct FakeStep<'s> {
    stage: &'s mut FakeStage,
    case: &'s Case,
    rows: u64,
}

impl Stage for FakeStage {
    type Applied<'s> = FakeStep<'s>;

    fn apply<'s>(&'s mut self, case: &'s Case) -> Result<FakeStep<'s>> {
        self.note("apply", case);
        Ok(FakeStep { stage: self, case, rows: 0 })
    }

    fn crash(&mut self, case: &Case, course: Course) -> Result<Crashed> {
        let Course { rows, moment, middle, .. } = course;
        self.steps.push(format!("crash {} {} {rows} {}", case.id, moment.name(), middle.as_nanos()));
        let crash = Crash {
            phase: None,
            confirmed: rows,
            confirmed_there: rows - self.lost,
            others_there: 0,
            foreign: Some(0),
            lost_ns: None,
            hung: false,
            damage: None,
            recovery_ns: 1,
        };
        Ok(Crashed { phases: BTreeMap::from([(Phase::Load, rows * 200)]), session: None, crash })
    }

    fn recover(&mut self) -> Result<()> {
        self.steps.push("recover".into());
        if self.gone { Err(anyhow!("connection refused")) } else { Ok(()) }
    }

    fn check(&self) -> Result<()> {
        match self.trouble {
            Trouble::StoppedDuringVerify(n) if n == self.loads => Err(Fault::Interrupted(2).into()),
            _ => Ok(()),
        }
    }

    fn now(&self) -> String {
        "2025-01-01T00:00:00Z".into()
    }

    fn clock(&self) -> Duration {
        Duration::from_secs(self.loads as u64)
    }
}

impl Applied for FakeStep<'_> {
    type Ready = Self;

    fn reset(self, rows: u64) -> Result<Self> {
        self.stage.note("reset", self.case);
        Ok(Self { rows, ..self })
    }
}

impl Ready for FakeStep<'_> {
    type Loaded = Self;

    fn load(self) -> Result<(Self, Measured)> {
        let stage = &mut *self.stage;
        stage.note("load", self.case);
        stage.loads += 1;
        match stage.trouble {
            Trouble::LoadFails(n) if n == stage.loads => Err(anyhow!("disk full")),
            Trouble::LoadTimesOut(n) if n == stage.loads => {
                Err(Fault::Timeout(Duration::from_secs(9)).into())
            }
            Trouble::InterruptedDuring(n) if n == stage.loads => Err(Fault::Interrupted(2).into()),
            Trouble::ServerGone(n) if n == stage.loads => {
                stage.gone = true;
                Err(anyhow!("connection closed"))
            }
            _ => {
                let measured = Measured {
                    phases: BTreeMap::from([(Phase::Load, self.rows * 100), (Phase::Indexes, 7)]),
                    readings: Readings::default(),
                    session: None,
                };
                Ok((self, measured))
            }
        }
    }
}

impl Loaded for FakeStep<'_> {
    fn verify(&mut self) -> Result<EndState> {
        self.stage.note("verify", self.case);
        if matches!(self.stage.trouble, Trouble::StoppedDuringVerify(n) if n == self.stage.loads) {
            return Err(anyhow!("canceling statement due to user request"));
        }
        if matches!(self.stage.trouble, Trouble::WrongContent(n) if n == self.stage.loads) {
            return Err(Fault::Data("the rows' content sums to 1 instead of 2".into()).into());
        }
        Ok(EndState {
            rows: self.rows,
            content: Content::of_hashes(2),
            persistence: Persistence::Permanent,
            structure: vec![],
        })
    }
}

/// Progress that nobody watches.
pub(crate) struct Silent;

impl Progress for Silent {
    fn skip(&mut self, _: &Case, _: Slot) {}
    fn begin(&mut self, _: &Case, _: Slot) {}
    fn end(&mut self, _: &Sample, _: Duration) {}
    fn looked(&mut self, _: &Outlook) {}
}

/// Runs what is left of a plan; how that ended, and the samples that it kept.
pub(crate) fn run(plan: &Plan, done: &[Sample], stage: &mut FakeStage) -> (Result<RunEnd>, Vec<Sample>) {
    let mut kept = Vec::new();
    let ended = execute(
        plan,
        done,
        stage,
        &mut |sample: &Sample| {
            kept.push(sample.clone());
            Ok(())
        },
        &mut Silent,
    );
    (ended, kept)
}
