//! WAL, over all phases and in each.

use std::collections::BTreeMap;

use anyhow::Result;

use super::probe::{Place, Probe};
use crate::model::{Ability, Metric, Phase, Reading, Readings};
use crate::probe::wal_and_sizes::wal_position;
use crate::server::Session;

/// The WAL of the whole server.
#[derive(Default)]
pub(super) struct Wal {
    /// Absent where there is none to read.
    start: Option<u64>,
    /// The phase that runs, and where it began.
    begun: Option<(Phase, u64)>,
    phases: BTreeMap<Phase, u64>,
}

impl Probe for Wal {
    fn start(&mut self, at: &mut Place<'_>) -> Result<()> {
        let has = at.server.facts().absent.has(Ability::Wal);
        self.start = has.then(|| wal_position(&mut **at.session)).transpose()?;
        Ok(())
    }

    fn edge(&mut self, phase: Option<Phase>, session: &mut Session) -> Result<()> {
        if self.start.is_none() {
            return Ok(());
        }
        let now = wal_position(&mut **session)?;
        if let Some((phase, begun)) = self.begun.take() {
            *self.phases.entry(phase).or_default() += now.saturating_sub(begun);
        }
        self.begun = phase.map(|phase| (phase, now));
        Ok(())
    }

    fn stop(&mut self, at: &mut Place<'_>, readings: &mut Readings) -> Result<()> {
        let Some(start) = self.start else { return Ok(()) };
        let wal = Reading::from(Metric::Wal);
        readings.set(wal, wal_position(&mut **at.session)?.saturating_sub(start));
        self.phases.iter().for_each(|(phase, bytes)| readings.set(wal.within(*phase), *bytes));
        Ok(())
    }
}
