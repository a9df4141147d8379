//! The steps of a sample on a real server.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use postgres::error::SqlState;

use crate::dataset::Dataset;
use crate::interrupt::Interrupt;
use crate::method::phases::run;
use crate::method::{Load, PhaseClock, Start, catalogue};
use crate::pg_error::describe;
use crate::record::{CaseFacts, EndState};
use crate::runner::probes::Probes;
use crate::runner::sample::{Measured, Stage};
use crate::server::{Server, Session, Settings};
use crate::table::{Table, verify};

/// How long a server may take to come back after a failure.
const RECOVERY: Duration = Duration::from_secs(60);

/// A server with a dataset to load into it.
pub struct ServerStage<'a> {
    server: &'a mut dyn Server,
    dataset: &'a Dataset,
    table: Table,
    interrupt: Interrupt,
    /// The longest that the timed part of a sample may take.
    timeout: Duration,
    /// The connection for everything that is not timed; made anew for every sample, as the
    /// server may have been restarted.
    control: Option<Session>,
    /// Content sums by row count: those of a prefix take a pass over the csv.
    contents: BTreeMap<u64, String>,
    warned: bool,
}

impl<'a> ServerStage<'a> {
    /// Loads `dataset` into `table` on `server`.
    pub fn new(
        server: &'a mut dyn Server,
        dataset: &'a Dataset,
        table: Table,
        interrupt: Interrupt,
        timeout: Duration,
    ) -> Self {
        Self {
            server,
            dataset,
            table,
            interrupt,
            timeout,
            control: None,
            contents: BTreeMap::new(),
            warned: false,
        }
    }

    fn control(&mut self) -> Result<&mut Session> {
        self.control.as_mut().ok_or_else(|| anyhow!("a sample's step came before its reset"))
    }

    /// Without a checkpoint now, one that falls into a sample writes out what the last one left.
    fn checkpoint(&mut self) -> Result<()> {
        match self.control()?.batch_execute("CHECKPOINT") {
            Err(e) if e.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                if !std::mem::replace(&mut self.warned, true) {
                    anstream::eprintln!(
                        "warning: this role may not CHECKPOINT, so one may fall into a sample; \
                         grant it pg_checkpoint (15 and later) to rule that out"
                    );
                }
                Ok(())
            }
            done => done.map_err(describe).context("running: CHECKPOINT"),
        }
    }

    /// The content sum of the first `rows` rows.
    fn content(&mut self, rows: u64) -> Result<String> {
        if let Some(content) = self.contents.get(&rows) {
            return Ok(content.clone());
        }
        let content = self.dataset.content(rows)?;
        self.contents.insert(rows, content.clone());
        Ok(content)
    }
}

impl Stage for ServerStage<'_> {
    fn apply(&mut self, case: &CaseFacts) -> Result<()> {
        self.control = None;
        self.server.apply(&case.settings)
    }

    fn reset(&mut self, case: &CaseFacts) -> Result<()> {
        let start = catalogue::find(&case.method)?.info().start;
        let (drop, create) = (
            self.table.drop(),
            match start {
                Start::Empty(persistence) => Some(self.table.create(persistence)),
                Start::Absent => None,
            },
        );
        self.control = Some(self.server.connector().connect()?);
        let control = self.control()?;
        run(&mut **control, &drop)?;
        if let Some(create) = create {
            run(&mut **control, &create)?;
        }
        self.checkpoint()
    }

    fn load(&mut self, case: &CaseFacts, rows: u64) -> Result<Measured> {
        let method = catalogue::find(&case.method)?;
        let control = self.control.as_mut().ok_or_else(|| anyhow!("a load came before its reset"))?;
        let server: &dyn Server = &*self.server;
        let load = Load { server, dataset: self.dataset, table: &self.table, rows, params: &case.params };
        let mut clock = PhaseClock::default();

        let deadline = self.interrupt.deadline(self.timeout)?;
        let probes = Probes::start(server, control)?;
        let loaded = method.load(&load, &mut clock);
        // A statement that was cancelled fails with the server's words; why it was is the news.
        // And a load that got to its end past its deadline did not make it.
        self.interrupt.check()?;
        drop(deadline);
        loaded.map_err(|error| match server.died() {
            // The connection only says that it was closed.
            Some(words) => error.context(words),
            None => error,
        })?;
        let mut cost = probes.stop(server, control, &self.table)?;
        cost.client_load_cpu_ns = Some(clock.load_cpu_ns());
        Ok(Measured { phases: clock.phases().clone(), cost })
    }

    fn verify(&mut self, case: &CaseFacts, rows: u64) -> Result<EndState> {
        let content = self.content(rows)?;
        let persistence = catalogue::find(&case.method)?.info().end;
        let table = self.table.clone();
        let state = verify::end_state(&mut **self.control()?, &table)?;
        verify::check(&state, &table, &verify::Expected { rows, content: &content, persistence })?;
        Ok(state)
    }

    fn recover(&mut self) -> Result<()> {
        self.control = None;
        if self.server.died().is_some() {
            return self.server.apply(&Settings::new()).context("starting the server again");
        }
        let end = Instant::now() + RECOVERY;
        loop {
            // A crashed backend makes the whole server go through recovery, by itself.
            let tried =
                self.server.connector().connect().and_then(|mut session| run(&mut *session, "SELECT 1"));
            match tried {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() >= end => return Err(error),
                Err(_) => self.interrupt.sleep(Duration::from_millis(500))?,
            }
            self.interrupt.check()?;
        }
    }

    fn now(&self) -> String {
        jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

impl Drop for ServerStage<'_> {
    /// Leaves no table of ours behind, also on a server that goes on.
    fn drop(&mut self) {
        if let Some(mut session) = self.control.take() {
            // Nothing is lost when this fails: the server goes away, or its next reset drops it.
            let _ = session.batch_execute(&self.table.drop());
        }
    }
}
