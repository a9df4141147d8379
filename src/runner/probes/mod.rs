//! The probes around the timed part of a sample. Each reads metrics of its own: at both ends, at the edges of the
//! phases, or whenever it is time for a look. A further one is a file here and its metrics in the list.

mod backend_memory;
mod checkpoints;
mod client;
mod container;
mod device;
mod file_counts;
mod how_far;
mod machine;
mod prepared;
mod probe;
mod server_cpu;
mod speed;
mod waits;
mod wal;
mod wal_counts;
mod watch;

use anyhow::Result;

use crate::interrupt::Interrupt;
use crate::runner::glimpse::Glimpse;
pub(crate) use probe::Place;
use probe::Probe;
pub(crate) use watch::Probes;

/// All of them, in the order in which they start; they stop in the other. What takes time itself starts first, so
/// that those which count do so as near to the load as can be.
fn all() -> Vec<Box<dyn Probe>> {
    vec![
        Box::new(speed::Speed::default()),
        Box::new(checkpoints::CheckpointsBetween::default()),
        Box::new(file_counts::FileCounting::default()),
        Box::new(wal_counts::WalCounts::default()),
        Box::new(waits::Waits::default()),
        Box::new(container::Container::default()),
        Box::new(device::Device::default()),
        Box::new(wal::Wal::default()),
        Box::new(backend_memory::BackendMemory::default()),
        Box::new(machine::MachineLoad::default()),
        Box::new(server_cpu::ServerCpu::default()),
        Box::new(client::Client::default()),
    ]
}

/// Starts all of them, or none where nothing is to be probed: the last thing before the first phase. How far a load of
/// so many rows is, is shown where somebody wants to see it.
///
/// # Errors
/// When a probe that works here fails.
pub(super) fn start(
    at: Place<'_>,
    probing: bool,
    shown: Option<(&Glimpse, u64)>,
    interrupt: &Interrupt,
) -> Result<Probes> {
    let mut probes = if probing { all() } else { Vec::new() };
    if let Some((glimpse, rows)) = shown {
        probes.push(Box::new(how_far::HowFar::new(glimpse.clone(), rows)));
    }
    Probes::start(probes, at, interrupt)
}
