//! Sizes of the loaded table.

use anyhow::Result;

use super::probe::{Place, Probe};
use crate::model::{Ability, Metric, Readings};
use crate::pg_error::unless_refused;
use crate::probe::wal_and_sizes;

/// Bytes of the table and of its indexes, in the end.
pub(super) struct Sizes;

impl Probe for Sizes {
    fn start(&mut self, _: &mut Place<'_>) -> Result<()> {
        Ok(())
    }

    fn stop(&mut self, at: &mut Place<'_>, readings: &mut Readings) -> Result<()> {
        let sizes = sizes(at)?;
        readings.set(Metric::Table, sizes.map(|(table, _)| table));
        readings.set(Metric::Indexes, sizes.map(|(_, indexes)| indexes));
        Ok(())
    }
}

/// `None` where the server does not tell. Of a distributed table never those of the one that the name means here,
/// which holds no row.
fn sizes(at: &mut Place<'_>) -> Result<Option<(u64, u64)>> {
    let name = at.table.sql_name();
    if wal_and_sizes::is_distributed(&mut **at.session, &name)? {
        return Ok(unless_refused(wal_and_sizes::distributed_sizes(&mut **at.session, &name))?.ok());
    }
    let told = at.table.absent.has(Ability::Sizes) && !at.table.is_distributed;
    told.then(|| wal_and_sizes::sizes(&mut **at.session, &name)).transpose()
}
