//! Whether any case of a comparison is slower than the first run by more than a limit: for who lets a program decide.
//!
//! It fails on what is certain alone: the verdict has to be *slower*, which the noise of both runs, the rank test and
//! five samples a side allow, and the whole interval has to lie beyond the limit.

use super::comparison::{CaseInRun, Comparison, CrossVerdict};
use crate::stats::Estimate;

/// The cases of a comparison, held against a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// The limit: per cent of the first run's time that another may take more.
    pub percent: f64,
    /// The cases of the further runs, in the comparison's order.
    pub cases: Vec<GatedCase>,
}

/// A case of a run after the first.
#[derive(Debug, Clone, PartialEq)]
pub struct GatedCase {
    /// The case's place in the comparison.
    pub case: usize,
    /// The run's place in it.
    pub run: usize,
    /// The time as a factor of the first run's; `None` where the two cannot be compared.
    pub time: Option<Estimate>,
    /// What may be said of it.
    pub verdict: GateVerdict,
}

/// What may be said of a case and the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateVerdict {
    /// Slower by more than the limit, beyond noise.
    TooSlow,
    /// Not slower by more than the limit: the whole interval says so.
    Within,
    /// Either may be so.
    Open,
    /// Nothing is known of it; why, in words.
    Unjudged(String),
}

impl Gate {
    /// Holds all runs but the first against the limit.
    pub fn of(comparison: &Comparison, percent: f64) -> Self {
        let factor = 1.0 + percent / 100.0;
        let cases = comparison.cases.iter().enumerate().flat_map(|(case, compared)| {
            compared.cells.iter().enumerate().skip(1).map(move |(run, cell)| GatedCase {
                case,
                run,
                time: cell.to_first.map(|speed| speed.inverse(1.0)),
                verdict: verdict(cell, factor),
            })
        });
        Self { percent, cases: cases.collect() }
    }

    /// The cases of one verdict.
    pub fn with(&self, wanted: &GateVerdict) -> impl Iterator<Item = &GatedCase> {
        self.cases.iter().filter(move |case| case.verdict == *wanted)
    }

    /// Whether any case is too slow.
    pub fn fails(&self) -> bool {
        self.with(&GateVerdict::TooSlow).next().is_some()
    }

    /// Whether anything at all may be said.
    pub fn judges(&self) -> bool {
        self.cases.iter().any(|case| !matches!(case.verdict, GateVerdict::Unjudged(_)))
    }
}

/// `factor` is the longest time that is allowed, as a factor of the first run's.
fn verdict(cell: &CaseInRun, factor: f64) -> GateVerdict {
    let is_slower = match &cell.verdict {
        CrossVerdict::Slower | CrossVerdict::SlowerByRate => true,
        CrossVerdict::Faster
        | CrossVerdict::FasterByRate
        | CrossVerdict::WithinNoise
        | CrossVerdict::Undecided => false,
        CrossVerdict::NotComparable(why) => return GateVerdict::Unjudged(why.clone()),
        CrossVerdict::First | CrossVerdict::TooFewSamples | CrossVerdict::Absent(_) => {
            return GateVerdict::Unjudged(cell.verdict.words().into());
        }
    };
    let Some(speed) = cell.to_first.and_then(|speed| speed.interval) else {
        return GateVerdict::Unjudged("no interval".into());
    };
    match () {
        () if is_slower && speed.high < 1.0 / factor => GateVerdict::TooSlow,
        () if speed.low >= 1.0 / factor => GateVerdict::Within,
        () => GateVerdict::Open,
    }
}
