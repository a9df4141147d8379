//! The speed of the machine around a load.

use anyhow::Result;

use super::probe::{Place, Probe};
use crate::model::{Metric, Readings};
use crate::probe::speed;

/// How long fixed pieces of work take before and after a load: virtual processors slow down for minutes without any
/// sign of it, and a load with them.
#[derive(Default)]
pub(super) struct Speed {
    before: speed::Speed,
}

impl Probe for Speed {
    fn start(&mut self, _: &mut Place<'_>) -> Result<()> {
        self.before = speed::measure();
        Ok(())
    }

    fn stop(&mut self, _: &mut Place<'_>, readings: &mut Readings) -> Result<()> {
        let (before, after) = (self.before, speed::measure());
        let mean = |a: u64, b: u64| a.midpoint(b);
        readings.set(Metric::Arithmetic, mean(before.arithmetic_ns, after.arithmetic_ns));
        readings.set(Metric::MemoryTraffic, mean(before.memory_ns, after.memory_ns));
        Ok(())
    }
}
