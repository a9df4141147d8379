//! The probes around the timed part of a sample, started and stopped together.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::model::{Metric, Readings};
use crate::probe::checkpoints::{self, Checkpoints};
use crate::probe::{cpu, memory, wal_and_sizes};
use crate::server::{Server, Session};
use crate::table::Table;

/// The probes of one sample, running.
pub(crate) struct Probes {
    wal_bytes: u64,
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
            wal_bytes: wal_and_sizes::wal_position(&mut **session)?,
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
        let wal_bytes = wal_and_sizes::wal_position(&mut **session)?.saturating_sub(self.wal_bytes);
        let last = checkpoints::read(&mut **session)?;
        let first = self.checkpoints.zip(last);
        let checkpoints = first.map(|(first, last)| checkpoints::between(first, last, self.wal_bytes));
        let (table_bytes, index_bytes) = wal_and_sizes::sizes(&mut **session, &table.sql_name())?;
        let server_cpu_ns = self
            .server_cpu
            .zip(server_cpu)
            .map(|(before, after)| after.saturating_sub(before).as_nanos() as u64);
        let mut readings = Readings::default();
        readings.set(Metric::Wal, wal_bytes);
        readings.set(Metric::Table, table_bytes);
        readings.set(Metric::Indexes, index_bytes);
        readings.set(Metric::ClientCpu, client_cpu_ns);
        readings.set(Metric::ClientMemory, client_peak_bytes);
        readings.set(Metric::ServerCpu, server_cpu_ns);
        readings.set(Metric::Checkpoints, checkpoints);
        Ok(readings)
    }
}
