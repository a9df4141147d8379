//! What was written to the device.

use std::path::PathBuf;

use anyhow::Result;

use super::probe::{Place, Probe};
use crate::model::{Metric, Readings};
use crate::probe::block_device;

/// Bytes that the device beneath the server's data was given to write. What the kernel counts for a process would be
/// the server's alone, but it counts a large folio whole where a few bytes of it change.
#[derive(Default)]
pub(super) struct Device {
    device: Option<PathBuf>,
    /// Before; `None` where it cannot be seen.
    before: Option<u64>,
}

impl Probe for Device {
    fn start(&mut self, at: &mut Place<'_>) -> Result<()> {
        self.device = at.server.data_dir().and_then(block_device::beneath);
        self.before = self.device.as_deref().and_then(block_device::written);
        Ok(())
    }

    fn stop(&mut self, _: &mut Place<'_>, readings: &mut Readings) -> Result<()> {
        let after = self.device.as_deref().and_then(block_device::written);
        let written = self.before.zip(after).map(|(before, after)| after.saturating_sub(before));
        readings.set(Metric::DeviceWrites, written);
        Ok(())
    }
}
