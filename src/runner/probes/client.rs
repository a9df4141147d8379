//! CPU time and memory of this program.

use anyhow::Result;

use super::probe::{Place, Probe};
use crate::model::{Metric, Readings};
use crate::probe::{cpu, memory};

/// What the client itself uses.
#[derive(Default)]
pub(super) struct Client {
    cpu_ns: u64,
    peak_reset: bool,
}

impl Probe for Client {
    fn start(&mut self, _: &mut Place<'_>) -> Result<()> {
        *self = Self { peak_reset: memory::reset_peak(), cpu_ns: cpu::process_ns() };
        Ok(())
    }

    fn stop(&mut self, _: &mut Place<'_>, readings: &mut Readings) -> Result<()> {
        readings.set(Metric::ClientCpu, cpu::process_ns() - self.cpu_ns);
        readings.set(Metric::ClientMemory, if self.peak_reset { memory::peak_bytes() } else { None });
        Ok(())
    }
}
