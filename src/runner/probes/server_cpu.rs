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

/// A process, with its CPU time when it was first seen in the sample, and last.
type Seen = (Role, Duration, Duration);

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
    /// The workers and writers, by their numbers.
    seen: BTreeMap<i32, Seen>,
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
        let all = nanoseconds(after.saturating_sub(before));
        readings.set(Metric::ServerCpu, all);
        let server = Reading::from(Metric::ServerCpu);
        self.phases.iter().for_each(|(phase, ns)| readings.set(server.within(*phase), *ns));
        if !self.looks {
            return Ok(());
        }
        self.see(Moment::Stop);
        split(&self.seen, all, readings);
        Ok(())
    }
}

/// Splits the CPU time of the server in a sample by who used it.
fn split(seen: &BTreeMap<i32, Seen>, all: u64, readings: &mut Readings) {
    let mut used: BTreeMap<Role, u64> = BTreeMap::new();
    for (role, first, last) in seen.values() {
        *used.entry(*role).or_default() += nanoseconds(last.saturating_sub(*first));
    }
    let of = |role: Role| used.get(&role).copied();
    let workers = of(Role::Worker).unwrap_or_default();
    let writers = used.iter().filter(|(role, _)| role.is_writer()).map(|(_, ns)| ns).sum::<u64>();
    readings.set(Metric::WorkerCpu, workers);
    readings.set(Metric::WriterCpu, writers);
    readings.set(Metric::BgwriterCpu, of(Role::BackgroundWriter));
    readings.set(Metric::WalwriterCpu, of(Role::WalWriter));
    readings.set(Metric::CheckpointerCpu, of(Role::Checkpointer));
    readings.set(Metric::BackendCpu, all.saturating_sub(workers + writers));
}

fn nanoseconds(time: Duration) -> u64 {
    time.as_nanos() as u64
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
            let is_read = role == Role::Worker || role.is_writer() && moment != Moment::Between;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_writer_is_told_apart_and_one_that_is_not_there_has_no_time() {
        let ms = Duration::from_millis;
        let seen = BTreeMap::from([
            (10, (Role::Checkpointer, ms(100), ms(130))),
            (11, (Role::BackgroundWriter, ms(50), ms(50))),
            (12, (Role::IoWorker, ms(0), ms(10))),
            (13, (Role::IoWorker, ms(5), ms(15))),
            (14, (Role::Worker, ms(0), ms(200))),
            (15, (Role::Worker, ms(0), ms(40))),
        ]);
        let mut readings = Readings::default();
        split(&seen, 500_000_000, &mut readings);
        for (metric, expected) in [
            (Metric::WorkerCpu, Some(240_000_000)),
            (Metric::WriterCpu, Some(50_000_000)),
            (Metric::BgwriterCpu, Some(0)),
            (Metric::WalwriterCpu, None),
            (Metric::CheckpointerCpu, Some(30_000_000)),
            (Metric::BackendCpu, Some(210_000_000)),
        ] {
            assert_eq!(readings.get(metric), expected, "{metric:?}");
        }
    }
}
