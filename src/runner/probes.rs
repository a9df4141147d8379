//! The probes around the timed part of a sample, started and stopped together.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::model::{Ability, Metric, Readings};
use crate::pg_error::unless_refused;
use crate::probe::checkpoints::{self, Checkpoints};
use crate::probe::{cpu, memory, wal_and_sizes};
use crate::server::{Server, Session};
use crate::table::Table;

/// The probes of one sample, running.
pub(crate) struct Probes {
    wal_bytes: Option<u64>,
    checkpoints: Option<Checkpoints>,
    client_cpu_ns: u64,
    server_cpu: Option<Duration>,
    peak_reset: bool,
}

impl Probes {
    /// Starts them: the last thing before the first phase.
    ///
    /// # Errors
    /// When a probe that works here fails.
    pub(crate) fn start(server: &dyn Server, session: &mut Session) -> Result<Self> {
        Ok(Self {
            checkpoints: checkpoints::read(&mut **session)?,
            wal_bytes: wal_position(server, session)?,
            server_cpu: server.cpu_time().context("reading the server's CPU time")?,
            peak_reset: memory::reset_peak(),
            client_cpu_ns: cpu::process_ns(),
        })
    }

    /// Stops them: the first thing after the last phase.
    ///
    /// # Errors
    /// When a probe that works here fails.
    pub(crate) fn stop(self, server: &dyn Server, session: &mut Session, table: &Table) -> Result<Readings> {
        let client_cpu_ns = cpu::process_ns() - self.client_cpu_ns;
        let client_peak_bytes = if self.peak_reset { memory::peak_bytes() } else { None };
        let server_cpu = server.cpu_time().context("reading the server's CPU time")?;
        let wal_bytes = self.wal_bytes.zip(wal_position(server, session)?);
        let last = checkpoints::read(&mut **session)?;
        let counted = self.checkpoints.zip(last).zip(self.wal_bytes);
        let checkpoints = counted.map(|((first, last), start)| checkpoints::between(first, last, start));
        let sizes = sizes(session, table)?;
        let server_cpu_ns = self
            .server_cpu
            .zip(server_cpu)
            .map(|(before, after)| after.saturating_sub(before).as_nanos() as u64);
        let mut readings = Readings::default();
        readings.set(Metric::Wal, wal_bytes.map(|(before, after)| after.saturating_sub(before)));
        readings.set(Metric::Table, sizes.map(|(table, _)| table));
        readings.set(Metric::Indexes, sizes.map(|(_, indexes)| indexes));
        readings.set(Metric::ClientCpu, client_cpu_ns);
        readings.set(Metric::ClientMemory, client_peak_bytes);
        readings.set(Metric::ServerCpu, server_cpu_ns);
        readings.set(Metric::Checkpoints, checkpoints);
        Ok(readings)
    }
}

/// The position in the WAL; `None` where the server has none to read.
fn wal_position(server: &dyn Server, session: &mut Session) -> Result<Option<u64>> {
    let has = server.facts().absent.has(Ability::Wal);
    has.then(|| wal_and_sizes::wal_position(&mut **session)).transpose()
}

/// Bytes of the table and of its indexes; `None` where the server does not tell. Of a distributed table never those of
/// the one that the name means here, which holds no row.
fn sizes(session: &mut Session, table: &Table) -> Result<Option<(u64, u64)>> {
    let name = table.sql_name();
    if wal_and_sizes::is_distributed(&mut **session, &name)? {
        return Ok(unless_refused(wal_and_sizes::distributed_sizes(&mut **session, &name))?.ok());
    }
    let told = table.absent.has(Ability::Sizes) && !table.is_distributed;
    told.then(|| wal_and_sizes::sizes(&mut **session, &name)).transpose()
}
