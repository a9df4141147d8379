//! What else the machine did during a load.

use std::time::Duration;

use anyhow::Result;

use super::probe::{Place, Probe};
use crate::model::{Metric, Readings};
use crate::probe::{cpu, machine_load};
use crate::server::processes;

/// The machine, at one end.
#[derive(Clone, Copy, Default)]
struct End {
    ticks: Option<machine_load::Ticks>,
    /// CPU time of this program, and of its children that have ended.
    client_ns: Option<u64>,
    pressure_ns: Option<u64>,
    frequency_hz: Option<u64>,
}

/// The machine, at both ends. It has to stop after the server's CPU time was read.
#[derive(Default)]
pub(super) struct MachineLoad {
    before: End,
}

impl Probe for MachineLoad {
    fn start(&mut self, _: &mut Place<'_>) -> Result<()> {
        self.before = End::read();
        Ok(())
    }

    fn stop(&mut self, _: &mut Place<'_>, readings: &mut Readings) -> Result<()> {
        let (before, after) = (self.before, End::read());
        let grown = |of: fn(&End) -> Option<u64>| of(&after)?.checked_sub(of(&before)?);
        readings.set(Metric::MemoryPressure, grown(|end| end.pressure_ns));
        let frequencies = before.frequency_hz.zip(after.frequency_hz);
        readings.set(Metric::Frequency, frequencies.map(|(a, b)| a.midpoint(b)));
        let ticks = before.ticks.zip(after.ticks).and_then(|(before, after)| after.since(before));
        readings.set(Metric::Steal, ticks.map(machine_load::Ticks::steal_per_mille));
        let own = grown(|end| end.client_ns).zip(readings.get(Metric::ServerCpu));
        let other = ticks.zip(own).map(|(ticks, (client, server))| {
            ticks.per_mille(ticks.busy_ns().saturating_sub(client + server))
        });
        readings.set(Metric::OtherLoad, other);
        Ok(())
    }
}

impl End {
    fn read() -> Self {
        let children = processes::reaped_cpu(std::process::id() as i32);
        let with_own = |children: Duration| cpu::process_ns() + children.as_nanos() as u64;
        Self {
            ticks: machine_load::ticks(),
            client_ns: children.map(with_own),
            pressure_ns: machine_load::memory_pressure_ns(),
            frequency_hz: machine_load::frequency_hz(),
        }
    }
}
