//! Samples that were taken while the machine was slower than in the others.

use crate::model::{Metric, Sample};
use crate::stats;

/// How much longer a fixed piece of work has to take than in the run's median sample, to tell of it.
const SLOWER: f64 = 1.15;

/// A sample, and how much longer a fixed piece of work took around it than in the median sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Slow<'s> {
    /// The sample.
    pub sample: &'s Sample,
    /// The factor, of arithmetic or of memory traffic, whichever is larger.
    pub factor: f64,
}

/// The samples that figures are made of which were taken on a slower machine, in the order that they ran.
pub(crate) fn slow(samples: &[Sample]) -> Vec<Slow<'_>> {
    let median = |metric: Metric| {
        let times: Vec<f64> =
            samples.iter().filter_map(|s| s.readings.get(metric)).map(|ns| ns as f64).collect();
        stats::median(&times)
    };
    let medians = [Metric::Arithmetic, Metric::MemoryTraffic].map(|metric| (metric, median(metric)));
    let factor = |sample: &Sample| {
        let of = |(metric, median): &(Metric, Option<f64>)| {
            Some(sample.readings.get(*metric)? as f64 / (*median)?)
        };
        medians.iter().filter_map(of).fold(0.0, f64::max)
    };
    let counted = samples.iter().filter(|sample| sample.slot.counts());
    counted
        .map(|sample| Slow { sample, factor: factor(sample) })
        .filter(|slow| slow.factor >= SLOWER)
        .collect()
}
