//! Samples during which the machine was not the load's alone.

use crate::model::{Metric, Sample};

/// The share of the processors' time from which on it is told that a virtual machine was not given it: an hypervisor
/// that is not crowded steals less than a hundredth.
const STEAL: f64 = 0.02;

/// Likewise of what other programs used: more than the kernel's own work for a load, such as writing its files out.
const OTHERS: f64 = 0.15;

/// The share of the total from which on it is told that something waited for memory.
const PRESSURE: f64 = 0.02;

/// Nanoseconds below which shares are not told: the kernel counts in ticks of mostly 10 ms.
const SHORTEST: u64 = 500_000_000;

/// What took something from a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disturbance {
    /// Processor time that was given to another virtual machine.
    Steal,
    /// Other programs.
    Others,
    /// A lack of memory.
    Pressure,
}

impl Disturbance {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Steal, Self::Others, Self::Pressure];

    /// What it took, behind a share.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Steal => "of its processors' time was given to other virtual machines",
            Self::Others => "of its processors' time went into other programs and the kernel's own work",
            Self::Pressure => "of the time something waited for memory",
        }
    }

    fn share(self, sample: &Sample) -> Option<f64> {
        let total = sample.total_ns.filter(|total| *total >= SHORTEST)? as f64;
        let read = |metric: Metric| sample.readings.get(metric).map(|value| value as f64);
        match self {
            Self::Steal => read(Metric::Steal).map(|share| share / 1000.0),
            Self::Others => read(Metric::OtherLoad).map(|share| share / 1000.0),
            Self::Pressure => read(Metric::MemoryPressure).map(|ns| (ns / total).min(1.0)),
        }
    }

    fn least(self) -> f64 {
        match self {
            Self::Steal => STEAL,
            Self::Others => OTHERS,
            Self::Pressure => PRESSURE,
        }
    }
}

/// A sample, and how much was taken from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Disturbed<'s> {
    /// The sample.
    pub sample: &'s Sample,
    /// The share of one.
    pub share: f64,
}

/// The samples that figures are made of which something took a notable share from, in the order that they ran.
pub(crate) fn disturbed(by: Disturbance, samples: &[Sample]) -> Vec<Disturbed<'_>> {
    let counted = samples.iter().filter(|sample| sample.slot.counts());
    counted
        .filter_map(|sample| Some(Disturbed { sample, share: by.share(sample)? }))
        .filter(|disturbed| disturbed.share >= by.least())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{Outcome, Readings, Slot};

    fn sample(slot: Slot, total_ns: u64, readings: &[(Metric, u64)]) -> Sample {
        let mut read = Readings::default();
        readings.iter().for_each(|(metric, value)| read.set(*metric, *value));
        Sample {
            case: "copy-csv".into(),
            slot,
            position: 0,
            started: String::new(),
            outcome: Outcome::Ok,
            error: None,
            rows: 1,
            total_ns: Some(total_ns),
            phases: BTreeMap::new(),
            readings: read,
            end_state: None,
            session: None,
            overhead: BTreeMap::new(),
            crash: None,
        }
    }

    #[test]
    fn a_notable_share_of_a_sample_that_counts_is_told() {
        let second = 1_000_000_000;
        let samples = [
            sample(Slot::Round(1), second, &[(Metric::Steal, 50), (Metric::OtherLoad, 149)]),
            sample(Slot::Round(2), second, &[(Metric::Steal, 19), (Metric::OtherLoad, 400)]),
            sample(Slot::Round(3), second, &[(Metric::MemoryPressure, second / 10)]),
            sample(Slot::Round(4), second / 10, &[(Metric::Steal, 900)]),
            sample(Slot::WarmUp, second, &[(Metric::Steal, 900)]),
            sample(Slot::Round(5), second, &[]),
        ];
        let told = |by| {
            let told = disturbed(by, &samples);
            told.iter().map(|one| (one.sample.slot, one.share)).collect::<Vec<_>>()
        };
        assert_eq!(told(Disturbance::Steal), [(Slot::Round(1), 0.05)]);
        assert_eq!(told(Disturbance::Others), [(Slot::Round(2), 0.4)]);
        assert_eq!(told(Disturbance::Pressure), [(Slot::Round(3), 0.1)]);
    }
}
