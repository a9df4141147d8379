//! Checkpoints that had a part in a load.

use anyhow::Result;

use super::probe::{Place, Probe};
use crate::model::{Ability, Metric, Readings};
use crate::probe::checkpoints::{self, Checkpoints};
use crate::probe::wal_and_sizes::wal_position;

/// The server's checkpoints between both ends.
#[derive(Default)]
pub(super) struct CheckpointsBetween {
    /// Those before, and the position in the WAL then.
    before: Option<(Checkpoints, u64)>,
}

impl Probe for CheckpointsBetween {
    fn start(&mut self, at: &mut Place<'_>) -> Result<()> {
        let has = at.server.facts().absent.has(Ability::Wal);
        let counted = checkpoints::read(&mut **at.session)?.filter(|_| has);
        if let Some(counted) = counted {
            self.before = Some((counted, wal_position(&mut **at.session)?));
        }
        Ok(())
    }

    fn stop(&mut self, at: &mut Place<'_>, readings: &mut Readings) -> Result<()> {
        let after = checkpoints::read(&mut **at.session)?;
        let Some(((before, wal), after)) = self.before.zip(after) else { return Ok(()) };
        readings.set(Metric::Checkpoints, checkpoints::between(before, after, wal));
        let times = checkpoints::times_between(before, after);
        readings.set(Metric::CheckpointWriteTime, times.map(|times| times.write_ns));
        readings.set(Metric::CheckpointSyncTime, times.map(|times| times.sync_ns));
        Ok(())
    }
}
