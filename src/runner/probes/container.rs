//! Memory and device writes of a container.

use anyhow::Result;

use super::probe::{Place, Probe};
use crate::model::{Metric, Phase, Readings, Source};
use crate::pg_error::unless_refused;
use crate::server::Session;
use crate::server::container::control_group;

/// Every so many looks have one at the memory: a question to the server.
const LOOKS: u32 = 10;

/// The control group of the server's container.
#[derive(Default)]
pub(super) struct Container {
    /// Whether it is asked.
    is_told: bool,
    looks: u32,
    memory: Option<u64>,
    /// Bytes written before.
    written: Option<u64>,
}

impl Probe for Container {
    fn start(&mut self, at: &mut Place<'_>) -> Result<()> {
        self.is_told = at.server.facts().source == Source::Container;
        if self.is_told {
            self.written = unless_refused(control_group::written(at.session))?.ok().flatten();
        }
        Ok(())
    }

    fn edge(&mut self, _: Option<Phase>, session: &mut Session) -> Result<()> {
        self.see(session)
    }

    fn look(&mut self, _: Option<Phase>, session: &mut Session) -> Result<()> {
        self.looks += 1;
        if self.looks.is_multiple_of(LOOKS) { self.see(session) } else { Ok(()) }
    }

    fn stop(&mut self, at: &mut Place<'_>, readings: &mut Readings) -> Result<()> {
        readings.set(Metric::ContainerMemory, self.memory);
        if let Some(before) = self.written {
            let after = control_group::written(at.session)?;
            readings.set(Metric::ContainerWrites, after.and_then(|after| after.checked_sub(before)));
        }
        Ok(())
    }
}

impl Container {
    fn see(&mut self, session: &mut Session) -> Result<()> {
        if self.is_told {
            let memory = unless_refused(control_group::memory(session))?.ok().flatten();
            self.is_told = memory.is_some();
            self.memory = self.memory.max(memory);
        }
        Ok(())
    }
}
