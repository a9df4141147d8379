//! CPU time of the server: over all phases, in each, and by which of its processes used it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};

use super::probe::{Place, Probe};
use crate::model::{Metric, Phase, Reading, Readings, Source};
use crate::pg_error::unless_refused;
use crate::server::Session;
use crate::server::container::control_group;
use crate::server::processes::{self, Role};

/// The server's CPU time.
#[derive(Default)]
pub(super) struct ServerCpu {
    /// Before; `None` where it cannot be seen.
    before: Option<Duration>,
    /// The first process of a server on this machine.
    first: Option<i32>,
    /// Whether the server's container is asked at the edges of phases: it shows its control group.
    asks_container: bool,
    /// The phase that runs, and the CPU time when it began.
    begun: Option<(Phase, Duration)>,
    phases: BTreeMap<Phase, u64>,
    /// What each child of the first process does, by its number.
    roles: BTreeMap<i32, Role>,
    /// CPU time of workers and writers: when each was first seen in the sample, and last.
    seen: BTreeMap<i32, (Role, Duration, Duration)>,
    /// Whether looks can be cheap.
    looks: bool,
}

impl Probe for ServerCpu {
    fn start(&mut self, at: &mut Place<'_>) -> Result<()> {
        self.first = at.server.first_process();
        self.asks_container = at.server.facts().source == Source::Container;
        self.before = total(at)?;
        self.looks = self.first.is_some_and(|first| processes::children(first).is_some());
        self.see(Moment::Start);
        Ok(())
    }

    fn edge(&mut self, phase: Option<Phase>, session: &mut Session) -> Result<()> {
        let Some(now) = self.now(session)? else { return Ok(()) };
        if let Some((phase, begun)) = self.begun.take() {
            *self.phases.entry(phase).or_default() += now.saturating_sub(begun).as_nanos() as u64;
        }
        self.begun = phase.map(|phase| (phase, now));
        Ok(())
    }

    fn look(&mut self, _: Option<Phase>, _: &mut Session) -> Result<()> {
        self.see(Moment::Between);
        Ok(())
    }

    fn stop(&mut self, at: &mut Place<'_>, readings: &mut Readings) -> Result<()> {
        let Some((before, after)) = self.before.zip(total(at)?) else { return Ok(()) };
        let nanoseconds = |time: Duration| time.as_nanos() as u64;
        let all = nanoseconds(after.saturating_sub(before));
        readings.set(Metric::ServerCpu, all);
        let server = Reading::from(Metric::ServerCpu);
        self.phases.iter().for_each(|(phase, ns)| readings.set(server.within(*phase), *ns));
        if !self.looks {
            return Ok(());
        }
        self.see(Moment::Stop);
        let of = |role: Role| {
            let those = self.seen.values().filter(|(known, ..)| *known == role);
            those.map(|(_, first, last)| nanoseconds(last.saturating_sub(*first))).sum::<u64>()
        };
        let (workers, writers) = (of(Role::Worker), of(Role::Writer));
        readings.set(Metric::WorkerCpu, workers);
        readings.set(Metric::WriterCpu, writers);
        readings.set(Metric::BackendCpu, all.saturating_sub(workers + writers));
        Ok(())
    }
}

fn total(at: &Place<'_>) -> Result<Option<Duration>> {
    at.server.cpu_time().context("reading the server's CPU time")
}

/// When processes are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Start,
    Between,
    Stop,
}

impl ServerCpu {
    /// The CPU time at the edge of a phase; `None` where that cannot be seen within a moment.
    fn now(&mut self, session: &mut Session) -> Result<Option<Duration>> {
        if let Some(first) = self.first {
            return processes::tree_cpu(first).map(Some);
        }
        if !self.asks_container {
            return Ok(None);
        }
        let told = unless_refused(control_group::used(session))?.ok().flatten();
        // The engine would let each edge wait for its next look.
        self.asks_container = told.is_some();
        Ok(told)
    }

    /// Sees the server's workers, and at both ends the writers, which last. What a process used before the sample is
    /// none of it.
    fn see(&mut self, moment: Moment) {
        let Some(first) = self.first.filter(|_| self.looks) else { return };
        for pid in processes::children(first).unwrap_or_default() {
            let role = match self.roles.get(&pid) {
                Some(role) => *role,
                // One that has no title yet is asked again.
                None => match processes::role_of(pid) {
                    Some(role) => *self.roles.entry(pid).or_insert(role),
                    None => continue,
                },
            };
            let is_read = match role {
                Role::Worker => true,
                Role::Writer => moment != Moment::Between,
                Role::Vacuum | Role::Other => false,
            };
            if !is_read {
                continue;
            }
            if let Some(cpu) = processes::own_cpu(pid) {
                // One that is new has done all that it did in the sample.
                let begun = if moment == Moment::Start { cpu } else { Duration::ZERO };
                self.seen.entry(pid).or_insert((role, begun, cpu)).2 = cpu;
            }
        }
    }
}
