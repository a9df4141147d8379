//! The clock of a sample: each phase on its own, and nothing between them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::model::Phase;
use crate::probe::cpu;
use crate::server::StatementLog;

/// Something that wants to know which phase it is.
pub(crate) trait Edges: Send + Sync {
    /// A phase is about to begin, or `None` has ended. No clock runs meanwhile.
    fn enter(&self, phase: Option<Phase>);
}

impl Edges for StatementLog {
    fn enter(&self, phase: Option<Phase>) {
        StatementLog::enter(self, phase);
    }
}

/// Time of each phase of one sample.
#[derive(Default)]
pub struct PhaseClock {
    phases: BTreeMap<Phase, u64>,
    load_cpu_ns: u64,
    program: Option<Used>,
    hear: Vec<Arc<dyn Edges>>,
}

/// Resources used by the external program that did the load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    /// CPU time, user and system, in nanoseconds.
    pub cpu_ns: u64,
    /// Peak resident memory in bytes, where it is known.
    pub peak_bytes: Option<u64>,
}

impl PhaseClock {
    /// A clock that tells these which phase it is.
    pub(crate) fn heard_by(hear: Vec<Arc<dyn Edges>>) -> Self {
        Self { hear, ..Self::default() }
    }

    /// Does `work` as (a further part of) this phase. A phase that fails leaves no time: its
    /// sample has none either.
    ///
    /// # Errors
    /// The error of the work, with the phase named.
    pub fn time<T>(&mut self, phase: Phase, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.tell(Some(phase));
        let cpu_before = cpu::process_ns();
        let start = Instant::now();
        let done = work().with_context(|| format!("in the phase `{}`", phase.words()))?;
        *self.phases.entry(phase).or_default() += start.elapsed().as_nanos() as u64;
        self.tell(None);
        if phase == Phase::Load {
            self.load_cpu_ns += cpu::process_ns() - cpu_before;
        }
        Ok(done)
    }

    fn tell(&self, phase: Option<Phase>) {
        self.hear.iter().for_each(|one| one.enter(phase));
    }

    /// Counts what a program used, which ran in the load phase, as the client's.
    pub(crate) fn add_program(&mut self, cpu: Duration, peak_bytes: Option<u64>) {
        let cpu_ns = cpu.as_nanos() as u64;
        self.load_cpu_ns += cpu_ns;
        self.program = Some(Used { cpu_ns, peak_bytes });
    }

    /// The resources of the load's program, where one ran.
    pub(crate) fn program(&self) -> Option<Used> {
        self.program
    }

    /// The phases so far, in nanoseconds.
    pub(crate) fn phases(&self) -> &BTreeMap<Phase, u64> {
        &self.phases
    }

    /// CPU time of this process during the load phase and of the program it ran there, in nanoseconds.
    pub(crate) fn load_cpu_ns(&self) -> u64 {
        self.load_cpu_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_that_failed_leaves_no_time_and_is_named() {
        let mut clock = PhaseClock::default();
        clock.time(Phase::Load, || Ok(())).unwrap();
        let error = clock.time(Phase::Indexes, || -> Result<()> { anyhow::bail!("disk full") }).unwrap_err();
        assert!(format!("{error:#}").contains("`indexes`: disk full"));
        assert_eq!(clock.phases().keys().copied().collect::<Vec<_>>(), [Phase::Load]);
    }
}
