//! The steps of one sample on a real server.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, Result};

use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::interrupt::Interrupt;
use crate::method::{Edges, Load, Loader, Method, PhaseClock};
use crate::model::{Absent, Before, Case, Content, EndState, Metric, Phase, Reading, Rule};
use crate::runner::crash_left::Killed;
use crate::runner::glimpse::Glimpse;
use crate::runner::probes::{self, Place};
use crate::runner::reset::{Reset, TableRows, rows_after};
use crate::runner::sample::{self, Crashed, Measured};
use crate::runner::scratch::Scratch;
use crate::runner::{after, checkpoint, crash_left, readback, reference};
use crate::server::latency::Latency;
use crate::server::{Connector, Server, Session, StatementLog};
use crate::table::{Table, verify};

/// The input of a sample's steps.
pub(super) struct Parts<'s> {
    /// The case to load.
    pub case: &'s Case,
    /// The case's method.
    pub method: &'s dyn Method,
    /// The server that the case loads into.
    pub server: &'s dyn Server,
    /// The rows, and which of the run's datasets they are.
    pub dataset: (usize, &'s Dataset),
    /// The table that the case loads into.
    pub table: Table,
    /// Stops and deadlines.
    pub interrupt: &'s Interrupt,
    /// The longest that the timed part may take.
    pub timeout: Duration,
    /// Content sums that the samples before have needed.
    pub contents: &'s mut Contents,
    /// Whether the load is read by probes.
    pub probing: bool,
    /// Where it is shown how far the load is, where someone wants to see it.
    pub glimpse: Option<Glimpse>,
    /// Where the statements go that are sent, where someone wants to know them.
    pub log: Option<Arc<StatementLog>>,
}

/// Content sums by dataset, row count and rule: those of a prefix take a pass over the csv.
#[derive(Default)]
pub(super) struct Contents(BTreeMap<(usize, u64, Rule), Content>);

impl Contents {
    /// The content sum of the dataset's first rows by this rule, each counted so many times; as the server makes it where
    /// the client does not know it.
    fn get(
        &mut self,
        (number, dataset): (usize, &Dataset),
        rows: TableRows,
        rule: Rule,
        of_server: impl FnOnce() -> Result<Content>,
    ) -> Result<Content> {
        let once = match self.0.get(&(number, rows.loaded, rule)) {
            Some(content) => *content,
            None => {
                let content = match dataset.unknown().next() {
                    None => dataset.content_by(rule, rows.loaded)?,
                    Some(_) => of_server().context("having the server read the rows by itself")?,
                };
                self.0.insert((number, rows.loaded, rule), content);
                content
            }
        };
        Ok(once.times(rows.times))
    }
}

/// A sample whose server has the case's settings.
pub struct Applied<'s> {
    pub(super) parts: Parts<'s>,
    /// Stays with the stage, which sweeps by it in the end.
    pub(super) control: &'s mut Option<Session>,
    pub(super) warned: &'s mut bool,
}

/// A sample whose table is as the case starts from.
pub struct Ready<'s> {
    pub(super) parts: Parts<'s>,
    pub(super) control: &'s mut Session,
    pub(super) scratch: Scratch,
    pub(super) rows: u64,
    pub(super) before: Before,
}

/// A sample whose rows are loaded.
pub struct Loaded<'s> {
    parts: Parts<'s>,
    control: &'s mut Session,
    scratch: Scratch,
    rows: u64,
}

impl Applied<'_> {
    /// What is there of a load of so many rows after its server was killed, and has recovered in so many nanoseconds.
    ///
    /// # Errors
    /// The server's error.
    pub(super) fn left(self, rows: u64, killed: &Killed, recovery_ns: u64) -> Result<Crashed> {
        let Self { parts, control, .. } = self;
        let rows = rows_after(parts.method.info(), &parts.case.params, rows);
        let connector = parts.server.connector();
        let control = control.insert(connector.connect()?);
        let crash = limited(parts.interrupt, parts.timeout, || {
            let what = (parts.dataset.1, &parts.table);
            crash_left::read(control, connector, what, parts.case, rows, (killed, recovery_ns))
        })?;
        Ok(Crashed { phases: killed.phases.clone(), session: killed.session(), crash })
    }
}

impl<'s> sample::Applied for Applied<'s> {
    type Ready = Ready<'s>;

    fn reset(self, rows: u64) -> Result<Ready<'s>> {
        let Self { parts, control, warned } = self;
        let (connector, run_schema, dataset) =
            (parts.server.connector(), parts.server.run_schema(), parts.dataset.1);
        let scratch = Scratch::create(dataset.dir())?;
        let control = control.insert(connector.connect()?);
        let before = limited(parts.interrupt, parts.timeout, || {
            let (table, log) = (&parts.table, parts.log.as_deref());
            let mut reset = Reset { session: control, run_schema, connector, dataset, table, log };
            let made = reset.table_for(parts.method.info(), &parts.case.params, rows);
            made.context("making the table to start from")?;
            checkpoint(control, &table.absent, warned)
        })?;
        Ok(Ready { parts, control, scratch, rows, before })
    }
}

impl<'s> sample::Ready for Ready<'s> {
    type Loaded = Loaded<'s>;

    fn load(self) -> Result<(Loaded<'s>, Measured)> {
        let Self { parts, control, scratch, rows, before } = self;
        let Parts { case, method, server, ref table, interrupt, timeout, .. } = parts;
        let added = case.key.axes.latency_ms.map(Duration::from_millis);
        let latency = match (&parts.log, added) {
            (Some(log), added) => {
                Some(Latency::hearing(server.connector(), added.unwrap_or_default(), log.clone())?)
            }
            (None, Some(added)) => Some(Latency::start(server.connector(), added)?),
            (None, None) => None,
        };
        let connector = latency.as_ref().map_or(server.connector(), Latency::connector);
        let load = Load {
            server,
            connector,
            dataset: parts.dataset.1,
            table,
            rows,
            params: &case.params,
            scratch: scratch.path(),
            confirmed: None,
        };
        let probes = limited(interrupt, timeout, || {
            let place = Place { server, session: control };
            let shown = parts.glimpse.as_ref().map(|glimpse| (glimpse, rows));
            probes::start(place, parts.probing, shown, interrupt)
        })?;
        let log = parts.log.clone().map(|log| log as Arc<dyn Edges>);
        let mut clock = PhaseClock::heard_by([Some(probes.edges()), log].into_iter().flatten().collect());

        let deadline = interrupt.deadline(timeout)?;
        let loaded = method.load(&load, &mut clock);
        // A statement that was cancelled fails with the server's words; why it was is the news.
        // And a load that got to its end past its deadline did not make it.
        interrupt.check().map_err(|stop| match stop {
            Fault::Timeout(_) => with_last_words(method, connector, scratch.path(), stop.into()),
            _ => stop.into(),
        })?;
        drop(deadline);
        loaded.map_err(|error| match server.died().or_else(|| server.shortage()) {
            // The connection only says that it was closed.
            Some(words) => error.context(words),
            None => error,
        })?;
        let mut readings = limited(interrupt, timeout, || probes.stop(Place { server, session: control }))?;
        readings.set(Reading::from(Metric::ClientCpu).within(Phase::Load), clock.load_cpu_ns());
        if let Some(used) = clock.program() {
            // The load was done there: what this program held meanwhile is none of its needs.
            let own = readings.get(Metric::ClientCpu);
            readings.set(Metric::ClientCpu, own.map(|own| own + used.cpu_ns));
            readings.set(Metric::ClientMemory, used.peak_bytes);
        }
        if parts.probing {
            limited(interrupt, timeout, || after::read(control, table, &mut readings))?;
        }
        limited(interrupt, timeout, || method.verify(&load))?;
        let like_measured = match method.loader() {
            Some(loader) => loader.like_its_own(server.connector(), &case.params)?,
            None => server.connector().clone(),
        };
        let session = limited(interrupt, timeout, || readback::read(&like_measured, table, before))?;
        let measured = Measured { phases: clock.phases().clone(), readings, session: Some(session) };
        drop(latency);
        Ok((Loaded { parts, control, scratch, rows }, measured))
    }
}

impl sample::Loaded for Loaded<'_> {
    fn verify(&mut self) -> Result<EndState> {
        let (interrupt, timeout) = (self.parts.interrupt, self.parts.timeout);
        let (method, connector) = (self.parts.method, self.parts.server.connector());
        let verified = limited(interrupt, timeout, || self.verified());
        verified.map_err(|error| with_last_words(method, connector, self.scratch.path(), error))
    }
}

impl Loaded<'_> {
    /// Proves what the load left.
    fn verified(&mut self) -> Result<EndState> {
        let (method, table) = (self.parts.method, &self.parts.table);
        let after = rows_after(method.info(), &self.parts.case.params, self.rows);
        let (dataset, connector) = (self.parts.dataset, self.parts.server.connector());
        let of_server = || reference::content(self.control, connector, dataset.1, table, after.loaded);
        let content = self.parts.contents.get(dataset, after, table.absent.rule(), of_server)?;
        let mut found = verify::read(&mut **self.control, table)?;
        // The server computed both by the same expression; whose word the expected one is, goes into the record.
        found.content.rule = content.rule;
        let expected = verify::Expected {
            rows: after.loaded * after.times,
            content,
            keys: method.keys(),
            persistence: method.info().end,
        };
        let state = verify::check(found, table, &expected)?;
        verify::check_surroundings(&mut **self.control, table)?;
        Ok(state)
    }
}

/// Without a checkpoint now, one that falls into a sample writes out what the last one left.
pub(super) fn checkpoint(control: &mut Session, absent: &Absent, warned: &mut bool) -> Result<Before> {
    let (before, _) = checkpoint::take(control, absent)?;
    if before == Before::NotPermitted && !std::mem::replace(warned, true) {
        crate::say!(
            "warning: this role may not CHECKPOINT, so one may fall into a sample; \
             grant it pg_checkpoint (15 and later) to rule that out"
        );
    }
    Ok(before)
}

/// Does an untimed step within the time limit of the timed part.
pub(super) fn limited<T>(
    interrupt: &Interrupt,
    limit: Duration,
    step: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let _deadline = interrupt.deadline(limit)?;
    // A statement that was cancelled fails with the server's words; why it was is the news.
    step().map_err(|error| interrupt.check().err().map_or(error, Into::into))
}

/// The error of a load, with the last words of its program where it started one.
fn with_last_words(method: &dyn Method, connector: &Connector, scratch: &Path, error: Error) -> Error {
    match method.loader().and_then(|_| Loader::last_words(connector, scratch)) {
        Some(words) => error.context(words),
        None => error,
    }
}
