//! Whether a machine became faster or slower during a run: ratios within rounds are spared that, medians are not.

use super::residuals::Residual;
use super::verdict::Standings;
use crate::model::Sample;
use crate::stats::{self, MIN_SAMPLES};

/// The share of a time from which on a change of the machine is told.
const NOTABLE: f64 = 0.03;

/// The largest p with which a trend is told.
const TREND: f64 = 0.05;

/// The largest p with which a change of level is told. Neighbouring samples resemble each other, which the test does
/// not know.
const CHANGE: f64 = 0.01;

/// What became of the baseline from the first round to the last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Trend {
    /// Its time in the end as a factor of that at the beginning.
    pub factor: f64,
    /// The p of the Mann-Kendall test.
    pub p: f64,
}

/// The trend of the baseline, its second time in each round included, where there is one that is notable: the slope of
/// Theil and Sen over the rounds.
pub(crate) fn trend(standings: &Standings) -> Option<Trend> {
    let rounds = standings.blocks.baseline()?;
    if rounds.len() < MIN_SAMPLES {
        return None;
    }
    let points: Vec<(f64, f64)> = rounds.iter().map(|(round, log)| (f64::from(*round), *log)).collect();
    let p = stats::mann_kendall(&points.iter().map(|(_, log)| *log).collect::<Vec<_>>());
    let whole = stats::slope(&points)? * (points.last()?.0 - points.first()?.0);
    (p <= TREND && whole.abs() >= NOTABLE.ln_1p()).then(|| Trend { factor: whole.exp(), p })
}

/// A sample from which on all cases took more or less than before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'s> {
    /// The first sample of the new level.
    pub from: &'s Sample,
    /// The times from there on as a factor of those before.
    pub factor: f64,
    /// The p of Pettitt's test.
    pub p: f64,
}

/// The most likely change of level over the samples of all cases, in the order that they ran, where it is notable.
pub(crate) fn change<'s>(residuals: &[Residual<'s>]) -> Option<Change<'s>> {
    let found = stats::change_point(&residuals.iter().map(|one| one.of_case).collect::<Vec<_>>())?;
    let is_notable = found.p <= CHANGE && found.by.abs() >= NOTABLE.ln_1p();
    is_notable.then(|| Change { from: residuals[found.at].sample, factor: found.by.exp(), p: found.p })
}
