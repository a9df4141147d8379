//! The cases of a run round by round, so that one can be held against another within rounds.

use super::comparability;
use super::references::{other, place};
use super::summary::Summary;
use crate::model::{Role, Sample};
use crate::stats::{Contrast, Pool, Rounds, Within, within};

/// What each case of a run took in each round, as logarithms, and what all of them say of how a ratio scatters.
#[derive(Debug, Clone)]
pub(crate) struct Blocks {
    /// By the places of the cases.
    series: Vec<Rounds>,
    /// The place of the baseline.
    baseline: Option<usize>,
    /// The place of the control, which is the baseline a second time in each round; `None` where the two did not do the
    /// same.
    control: Option<usize>,
    /// The cases with what they are held against.
    contrasts: Vec<Contrast>,
    pool: Option<Pool>,
}

impl Blocks {
    /// By the time a row.
    pub(crate) fn by_time(all: &[Summary]) -> Self {
        Self::of(all, Sample::ns_per_row)
    }

    /// By this quantity of the finished samples; one that has none, or none above 0, is left out.
    pub(crate) fn of(all: &[Summary], quantity: impl Fn(&Sample) -> Option<f64>) -> Self {
        let log = |sample: &&Sample| {
            let value = quantity(sample).filter(|value| *value > 0.0)?;
            Some((sample.slot.round(), value.ln()))
        };
        Self::of_logs(all, all.iter().map(|s| s.samples.iter().filter_map(&log).collect()).collect())
    }

    /// By these logarithms, a series a case.
    pub(crate) fn of_logs(all: &[Summary], series: Vec<Rounds>) -> Self {
        let baseline = place(all, Role::Baseline);
        let is_like = |control: &usize| {
            baseline.is_some_and(|b| comparability::unlike(&all[*control], &all[b]).is_none())
        };
        let control = place(all, Role::Control).filter(is_like);
        let mut blocks = Self { series, baseline, control, contrasts: Vec::new(), pool: None };
        let pairs = all.iter().enumerate().filter_map(|(case, s)| Some((case, other(s.case, all)?)));
        blocks.contrasts = pairs.map(|(case, other)| blocks.contrast(case, other)).collect();
        blocks.pool = Pool::of(&blocks.contrasts);
        blocks
    }

    /// The speed of a case relative to another, by their places: the other's logarithm less the case's, with what all
    /// cases say of its scatter. `None` where no round has both.
    pub(crate) fn hold(&self, case: usize, other: usize) -> Option<Within> {
        self.pool.unwrap_or_else(Pool::nothing).hold(&self.contrast(case, other))
    }

    /// The same where the other's quantity is another one, of which these blocks are. Nothing is known of what such
    /// ratios scatter by but from the two.
    pub(crate) fn hold_across(&self, case: usize, others: &Self, other: usize) -> Option<Within> {
        let (above, below) = (others.mean(other, case), self.mean(case, other));
        Pool::nothing().hold(&Contrast::alone(within::difference(&above, &below)))
    }

    fn contrast(&self, case: usize, other: usize) -> Contrast {
        Contrast::between(&self.side(other, case), &self.side(case, other), &self.series)
    }

    /// The series of a case that is held against another, or has it held against it. The baseline has two, except
    /// against its own control.
    fn side(&self, case: usize, other: usize) -> Vec<usize> {
        match self.control {
            Some(control) if Some(case) == self.baseline && other != control => vec![case, control],
            _ => vec![case],
        }
    }

    /// The mean of the series of a case.
    fn mean(&self, case: usize, other: usize) -> Rounds {
        within::mean(&self.side(case, other), &self.series)
    }

    /// What the baseline took in each round, its second time included, as logarithms of the time a row.
    pub(crate) fn baseline(&self) -> Option<Rounds> {
        let baseline = self.baseline?;
        Some(self.mean(baseline, baseline))
    }

    /// What all cases say of how a ratio scatters; `None` where no case has two rounds together with another.
    pub(crate) fn pool(&self) -> Option<Pool> {
        self.pool
    }

    /// The rounds that each case shares with what it is held against.
    pub(crate) fn shared_rounds(&self) -> Vec<usize> {
        self.contrasts.iter().map(|contrast| contrast.rounds.len()).collect()
    }
}
