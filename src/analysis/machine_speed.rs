//! How fast the machine was around each sample, by a fixed piece of work, and samples around which it was slower than
//! around the others.

use crate::model::{Metric, Sample};
use crate::stats;

/// How much longer a fixed piece of work has to take than in the run's median sample, to tell of it.
const SLOWER: f64 = 1.15;

/// The two pieces of work: arithmetic and memory traffic.
const WORK: [Metric; 2] = [Metric::Arithmetic, Metric::MemoryTraffic];

/// What a fixed piece of work takes around the median sample of a run.
pub(crate) struct MachineSpeed {
    medians: [Option<f64>; 2],
}

impl MachineSpeed {
    /// That of a run with these samples.
    pub(crate) fn of(samples: &[Sample]) -> Self {
        let median = |metric: Metric| {
            let times = samples.iter().filter_map(|s| s.readings.get(metric)).map(|ns| ns as f64);
            stats::median(&times.collect::<Vec<_>>())
        };
        Self { medians: WORK.map(median) }
    }

    /// How much longer the work took around a sample than around the median one: of arithmetic or of memory traffic,
    /// whichever is larger. `None` where it was not timed.
    pub(crate) fn factor(&self, sample: &Sample) -> Option<f64> {
        let of =
            |(metric, median): (Metric, Option<f64>)| Some(sample.readings.get(metric)? as f64 / median?);
        WORK.into_iter().zip(self.medians).filter_map(of).reduce(f64::max)
    }
}

/// The time of both pieces of work around a sample, as the mean of their logarithms; `None` where one was not timed.
pub(crate) fn log_of_work(sample: &Sample) -> Option<f64> {
    let logs = WORK.map(|metric| sample.readings.get(metric).filter(|ns| *ns > 0).map(|ns| (ns as f64).ln()));
    Some((logs[0]? + logs[1]?) / 2.0)
}

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
    let speed = MachineSpeed::of(samples);
    let counted = samples.iter().filter(|sample| sample.slot.counts());
    counted
        .filter_map(|sample| Some(Slow { sample, factor: speed.factor(sample)? }))
        .filter(|slow| slow.factor >= SLOWER)
        .collect()
}
