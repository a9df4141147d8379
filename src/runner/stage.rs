//! The steps of a sample on a real server.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, anyhow};
use postgres::error::SqlState;

use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::interrupt::Interrupt;
use crate::method::{Catalogue, Load, Loader, Method, PhaseClock};
use crate::model::{Before, Case, Content, EndState, Metric, Phase, Reading};
use crate::pg_error::describe;
use crate::probe::checkpoints;
use crate::runner::probes::Probes;
use crate::runner::readback;
use crate::runner::reset::{Reset, Rows, rows_after};
use crate::runner::sample::{Measured, Stage};
use crate::runner::scratch::Scratch;
use crate::server::latency::Latency;
use crate::server::{Connector, Server, Session, Settings, Sweep};
use crate::sql::Exec;
use crate::table::{Table, verify};

/// How long a server may take to come back after a failure.
const RECOVERY: Duration = Duration::from_secs(60);

/// The servers and datasets of a run.
pub struct ServerStage<'a> {
    catalogue: &'a Catalogue,
    /// By the name that cases give them; the first is that of cases that give none.
    servers: Vec<(String, &'a mut dyn Server)>,
    /// Likewise.
    datasets: Vec<(String, &'a Dataset)>,
    interrupt: Interrupt,
    /// The longest that the timed part of a sample may take.
    timeout: Duration,
    /// The server of the sample at hand.
    at: usize,
    /// The connection for everything that is not timed; made anew for every sample, as the
    /// server may have been restarted.
    control: Option<Session>,
    /// Files of the sample at hand.
    scratch: Option<Scratch>,
    /// Content sums by dataset and row count: those of a prefix take a pass over the csv.
    contents: BTreeMap<(usize, u64), Content>,
    warned: bool,
    /// What came before the sample at hand.
    before: Before,
}

impl<'a> ServerStage<'a> {
    /// Loads `dataset` into `server`, unless a case names others.
    pub fn new(
        catalogue: &'a Catalogue,
        server: &'a mut dyn Server,
        dataset: &'a Dataset,
        interrupt: Interrupt,
        timeout: Duration,
    ) -> Self {
        Self::over(
            catalogue,
            vec![(String::new(), server)],
            vec![(String::new(), dataset)],
            interrupt,
            timeout,
        )
    }

    /// Loads the datasets into the servers that the cases name, the first of each for cases that
    /// name none.
    pub fn over(
        catalogue: &'a Catalogue,
        servers: Vec<(String, &'a mut dyn Server)>,
        datasets: Vec<(String, &'a Dataset)>,
        interrupt: Interrupt,
        timeout: Duration,
    ) -> Self {
        Self {
            catalogue,
            servers,
            datasets,
            interrupt,
            timeout,
            at: 0,
            control: None,
            scratch: None,
            contents: BTreeMap::new(),
            warned: false,
            before: Before::default(),
        }
    }

    fn server(&mut self) -> &mut dyn Server {
        &mut *self.servers[self.at].1
    }

    /// The place of the dataset that the case loads.
    fn dataset_of(&self, case: &Case) -> Result<usize> {
        place(self.datasets.iter().map(|d| &d.0), case.key.axes.dataset.as_deref())
            .with_context(|| format!("looking for the dataset of {}", case.id))
    }

    /// The table that the case loads into.
    fn table_of(&self, case: &Case) -> Result<Table> {
        Ok(Table {
            schema: Some(self.servers[self.at].1.home().name.clone()),
            layout: self.catalogue.find(&case.key.method)?.info().layout,
            collation: case.key.axes.collation.clone(),
            ..Table::votes(self.datasets[self.dataset_of(case)?].1.columns())
        })
    }

    fn control(&mut self) -> Result<&mut Session> {
        self.control.as_mut().ok_or_else(|| anyhow!("a sample's step came before its reset"))
    }

    /// Without a checkpoint now, one that falls into a sample writes out what the last one left.
    fn checkpoint(&mut self) -> Result<()> {
        let control = self.control()?;
        let counted = checkpoints::read(&mut **control)?;
        match control.batch_execute("CHECKPOINT") {
            Err(e) if e.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                if !std::mem::replace(&mut self.warned, true) {
                    crate::say!(
                        "warning: this role may not CHECKPOINT, so one may fall into a sample; \
                         grant it pg_checkpoint (15 and later) to rule that out"
                    );
                }
                self.before = Before::NotPermitted;
                Ok(())
            }
            done => {
                done.map_err(describe).context("running: CHECKPOINT")?;
                // One that is counted late would be taken for one in the sample.
                counted.map_or(Ok(()), |counted| checkpoints::settle(counted, &mut **control))?;
                self.before = Before::Checkpoint;
                Ok(())
            }
        }
    }

    /// The content sum of the dataset's first rows, each counted so many times.
    fn content(&mut self, dataset: usize, rows: Rows) -> Result<Content> {
        let once = match self.contents.get(&(dataset, rows.loaded)) {
            Some(content) => *content,
            None => {
                let content = self.datasets[dataset].1.content(rows.loaded)?;
                self.contents.insert((dataset, rows.loaded), content);
                content
            }
        };
        Ok(once.times(rows.times))
    }

    /// Proves what the case's load left.
    fn verified(&mut self, case: &Case, rows: u64, method: &dyn Method) -> Result<EndState> {
        let info = method.info();
        let (table, after) = (self.table_of(case)?, rows_after(info, &case.params, rows));
        let content = self.content(self.dataset_of(case)?, after)?;
        let found = verify::read(&mut **self.control()?, &table)?;
        let expected = verify::Expected {
            rows: after.loaded * after.times,
            content,
            keys: method.keys(),
            persistence: info.end,
        };
        let state = verify::check(found, &table, &expected)?;
        verify::check_surroundings(&mut **self.control()?, &table)?;
        Ok(state)
    }
}

/// Does what is not timed, within the longest that what is timed may take.
fn limited<T>(interrupt: &Interrupt, limit: Duration, step: impl FnOnce() -> Result<T>) -> Result<T> {
    let _deadline = interrupt.deadline(limit)?;
    // A statement that was cancelled fails with the server's words; why it was is the news.
    step().map_err(|error| interrupt.check().err().map_or(error, Into::into))
}

/// The error of a load, with the last that its program said where it started one.
fn told(method: &dyn Method, connector: &Connector, scratch: &Path, error: Error) -> Error {
    match method.loader().and_then(|_| Loader::last_words(connector, scratch)) {
        Some(words) => error.context(words),
        None => error,
    }
}

/// The place of a name in a list, the first for none.
fn place<'n>(names: impl IntoIterator<Item = &'n String>, name: Option<&str>) -> Result<usize> {
    let Some(name) = name else { return Ok(0) };
    names.into_iter().position(|known| known == name).ok_or_else(|| anyhow!("there is none named {name}"))
}

impl Stage for ServerStage<'_> {
    fn apply(&mut self, case: &Case) -> Result<()> {
        let before = self.at;
        let at = place(self.servers.iter().map(|s| &s.0), case.key.server.as_deref())
            .with_context(|| format!("looking for the server of {}", case.id))?;
        if at != before && self.control.is_some() {
            // What the last sample left on its server would be written while this one runs on another.
            self.checkpoint()?;
        }
        self.at = at;
        self.control = None;
        self.server().apply(&case.key.axes.settings)
    }

    fn reset(&mut self, case: &Case, rows: u64) -> Result<()> {
        let (table, dataset) = (self.table_of(case)?, self.datasets[self.dataset_of(case)?].1);
        self.scratch = None;
        self.scratch = Some(Scratch::create(dataset.dir())?);
        let (connector, home) = (self.server().connector().clone(), self.server().home().clone());
        let info = self.catalogue.find(&case.key.method)?.info();
        self.control = Some(connector.connect()?);
        limited(&self.interrupt.clone(), self.timeout, || {
            let session = self.control()?;
            let mut reset = Reset { session, home: &home, connector: &connector, dataset, table: &table };
            reset.table_for(info, &case.params, rows).context("making the table to start from")?;
            self.checkpoint()
        })
    }

    fn load(&mut self, case: &Case, rows: u64) -> Result<Measured> {
        let method = self.catalogue.find(&case.key.method)?;
        let (table, dataset) = (self.table_of(case)?, self.datasets[self.dataset_of(case)?].1);
        let control = self.control.as_mut().ok_or_else(|| anyhow!("a load came before its reset"))?;
        let scratch = self.scratch.as_ref().ok_or_else(|| anyhow!("a load came before its reset"))?;
        let server: &dyn Server = &*self.servers[self.at].1;
        let latency = match case.key.axes.latency_ms {
            Some(added) => Some(Latency::start(server.connector(), Duration::from_millis(added))?),
            None => None,
        };
        let connector = latency.as_ref().map_or(server.connector(), Latency::connector);
        let load = Load {
            server,
            connector,
            dataset,
            table: &table,
            rows,
            params: &case.params,
            scratch: scratch.path(),
        };
        let mut clock = PhaseClock::default();

        let deadline = self.interrupt.deadline(self.timeout)?;
        let probes = Probes::start(server, control)?;
        let loaded = method.load(&load, &mut clock);
        // A statement that was cancelled fails with the server's words; why it was is the news.
        // And a load that got to its end past its deadline did not make it.
        self.interrupt.check().map_err(|stop| match stop {
            Fault::Timeout(_) => told(method, connector, scratch.path(), stop.into()),
            _ => stop.into(),
        })?;
        drop(deadline);
        loaded.map_err(|error| match server.died() {
            // The connection only says that it was closed.
            Some(words) => error.context(words),
            None => error,
        })?;
        let (interrupt, timeout) = (&self.interrupt, self.timeout);
        let mut readings = limited(interrupt, timeout, || probes.stop(server, control, &table))?;
        readings.set(Reading::from(Metric::ClientCpu).within(Phase::Load), clock.load_cpu_ns());
        if let Some(used) = clock.program() {
            // The load was done there: what this program held meanwhile is none of its needs.
            let own = readings.get(Metric::ClientCpu);
            readings.set(Metric::ClientCpu, own.map(|own| own + used.cpu_ns));
            readings.set(Metric::ClientMemory, used.peak_bytes);
        }
        limited(interrupt, timeout, || method.verify(&load))?;
        let like_measured = match method.loader() {
            Some(loader) => loader.like_its_own(server.connector(), &case.params)?,
            None => server.connector().clone(),
        };
        let session = limited(interrupt, timeout, || readback::read(&like_measured, &table, self.before))?;
        Ok(Measured { phases: clock.phases().clone(), readings, session: Some(session) })
    }

    fn verify(&mut self, case: &Case, rows: u64) -> Result<EndState> {
        let method = self.catalogue.find(&case.key.method)?;
        let verified = limited(&self.interrupt.clone(), self.timeout, || self.verified(case, rows, method));
        verified.map_err(|error| match &self.scratch {
            Some(scratch) => told(method, self.servers[self.at].1.connector(), scratch.path(), error),
            None => error,
        })
    }

    fn recover(&mut self) -> Result<()> {
        self.control = None;
        if self.server().died().is_some() {
            return self.server().apply(&Settings::new()).context("starting the server again");
        }
        let end = Instant::now() + RECOVERY;
        loop {
            // A crashed backend makes the whole server go through recovery, by itself.
            let connector = self.server().connector().clone();
            let tried = connector.asking(|| connector.connect()?.run("SELECT 1"));
            match tried {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() >= end => return Err(error),
                Err(_) => self.interrupt.sleep(Duration::from_millis(500))?,
            }
            self.interrupt.check()?;
        }
    }

    fn check(&self) -> Result<()> {
        Ok(self.interrupt.check()?)
    }

    fn now(&self) -> String {
        jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

impl Drop for ServerStage<'_> {
    /// Leaves no table of ours behind, also on a server that goes on.
    fn drop(&mut self) {
        if let Some(mut session) = self.control.take() {
            // Nothing is lost when this fails: the server goes away, or its schema does.
            let connector = self.server().connector().clone();
            let home = self.server().home().clone();
            let _ = connector.asking(|| home.sweep(&mut session, Sweep::BetweenSamples { keep: &[] }));
        }
    }
}
