//! Memory of the largest backend.

use std::collections::BTreeMap;

use anyhow::Result;

use super::probe::{Place, Probe};
use crate::model::{Metric, Phase, Reading, Readings};
use crate::server::Session;
use crate::server::processes::{self, Role};

/// The most memory that any backend had for itself.
#[derive(Default)]
pub(super) struct BackendMemory {
    /// The first process of a server on this machine.
    first: Option<i32>,
    /// Whether each child of it is a backend of the load, or helps one.
    children: BTreeMap<i32, bool>,
    peak: Option<u64>,
    phases: BTreeMap<Phase, u64>,
}

impl Probe for BackendMemory {
    fn start(&mut self, at: &mut Place<'_>) -> Result<()> {
        self.first = at.server.first_process();
        // Those that are there before have no part in the load.
        self.children = self.now().into_iter().map(|pid| (pid, false)).collect();
        Ok(())
    }

    fn look(&mut self, phase: Option<Phase>, _: &mut Session) -> Result<()> {
        for pid in self.now() {
            if self.is_of_load(pid)
                && let Some(bytes) = processes::own_memory(pid)
            {
                self.peak = self.peak.max(Some(bytes));
                phase.map(|phase| self.phases.entry(phase).or_default()).into_iter().for_each(|most| {
                    *most = bytes.max(*most);
                });
            }
        }
        Ok(())
    }

    fn stop(&mut self, _: &mut Place<'_>, readings: &mut Readings) -> Result<()> {
        let peak = Reading::from(Metric::BackendMemory);
        readings.set(peak, self.peak);
        self.phases.iter().for_each(|(phase, bytes)| readings.set(peak.within(*phase), *bytes));
        Ok(())
    }
}

impl BackendMemory {
    fn now(&self) -> Vec<i32> {
        self.first.and_then(processes::children).unwrap_or_default()
    }

    /// One that has no title yet is asked again.
    fn is_of_load(&mut self, pid: i32) -> bool {
        let known = self.children.get(&pid).copied();
        known.unwrap_or_else(|| match processes::role_of(pid) {
            Some(role) => *self.children.entry(pid).or_insert(matches!(role, Role::Worker | Role::Other)),
            None => false,
        })
    }
}
