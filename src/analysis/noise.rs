//! The noise of a run: what its ratios scatter by, and how large a difference it takes to be found.

use super::blocks::Blocks;
use super::references::place;
use super::summary::Summary;
use crate::model::Role;
use crate::stats::{Estimate, median};

/// The noise of a run, by all of its cases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// What a ratio taken in one round scatters by, as a standard deviation of its logarithm: about a share of one.
    pub scatter: f64,
    /// Half of a 95 % interval at the run's rounds, as a factor of 1 or more: as a rule a ratio between
    /// `1 / resolution` and `resolution` is not told from none.
    pub resolution: f64,
    /// The rounds that the resolution is for.
    pub rounds: usize,
    /// The control's speed relative to the baseline; `None` where there is no control with a finished sample.
    pub control: Option<Estimate>,
}

impl Noise {
    /// That of a run with these cases; `None` where no case has two rounds in common with another.
    pub(super) fn of(all: &[Summary], blocks: &Blocks) -> Option<Self> {
        let pool = blocks.pool()?;
        let shared = blocks.shared_rounds().into_iter().filter(|n| *n > 1).map(|n| n as f64);
        let rounds = median(&shared.collect::<Vec<_>>())?.round() as usize;
        let pair = place(all, Role::Control).zip(place(all, Role::Baseline));
        let control = pair.and_then(|(control, baseline)| blocks.hold(control, baseline));
        Some(Self {
            scatter: pool.scatter(),
            resolution: pool.half_width(rounds).exp(),
            rounds,
            control: control.map(|within| within.ratio()),
        })
    }

    /// Whether a ratio of speeds within the run lies no further from 1 than what is found as a rule.
    pub(crate) fn covers(&self, ratio: f64) -> bool {
        ratio <= self.resolution && ratio >= 1.0 / self.resolution
    }

    /// The control's distance from the baseline as a factor of 1 or more. Between runs, which share no rounds, no
    /// smaller difference is claimed.
    pub fn floor(&self) -> Option<f64> {
        self.control.map(|control| control.point.max(1.0 / control.point))
    }
}
