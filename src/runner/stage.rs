//! Samples on real servers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::errors::chain;
use crate::interrupt::Interrupt;
use crate::method::Catalogue;
use crate::model::{Case, CrashKind, Making, Statement};
use crate::runner::crash;
use crate::runner::foundation::Laid;
use crate::runner::glimpse::Glimpse;
use crate::runner::input::Input;
use crate::runner::sample::{Applied as _, Course, Crashed, Ready as _, Stage};
use crate::runner::steps::{Applied, Contents, Parts, checkpoint};
use crate::server::{Server, Session, Settings, StatementLog, Sweep};
use crate::sql::{Exec, literal, qualified, quote};
use crate::table::Table;

/// How long a server may take to come back after a failure.
const RECOVERY: Duration = Duration::from_secs(60);

/// The servers and inputs of a run.
pub struct ServerStage<'a> {
    catalogue: &'a Catalogue,
    /// The servers by the name that cases give them; the first is that of cases that give none.
    servers: Vec<(String, &'a mut dyn Server)>,
    /// What the cases load.
    inputs: &'a [Input],
    /// The DDLs that lie on the servers.
    laid: &'a Laid,
    /// What is done to a table once it is made.
    making: &'a Making,
    interrupt: Interrupt,
    /// The longest that the timed part of a sample may take.
    timeout: Duration,
    /// When the stage was made.
    made: Instant,
    /// The server of the sample at hand.
    at: usize,
    /// The connection for everything that is not timed; made anew for every sample, as the
    /// server may have been restarted.
    control: Option<Session>,
    contents: Contents,
    warned: bool,
    /// Whether loads are read by probes.
    probing: bool,
    /// Where it is shown how far the load at hand is, where someone wants to see it.
    glimpse: Option<Glimpse>,
    /// Where the statements of the sample at hand go, where someone wants to know them.
    log: Option<Arc<StatementLog>>,
}

impl<'a> ServerStage<'a> {
    /// Loads the inputs into the servers that the cases name, the first of these for cases that name none, into
    /// tables to which this is done once they are made.
    pub(crate) fn new(
        catalogue: &'a Catalogue,
        servers: Vec<(String, &'a mut dyn Server)>,
        inputs: &'a [Input],
        (laid, making): (&'a Laid, &'a Making),
        interrupt: Interrupt,
        timeout: Duration,
    ) -> Self {
        Self {
            catalogue,
            servers,
            inputs,
            laid,
            making,
            interrupt,
            timeout,
            made: Instant::now(),
            at: 0,
            control: None,
            contents: Contents::default(),
            warned: false,
            probing: true,
            glimpse: None,
            log: None,
        }
    }

    /// The servers, by the name that cases give them.
    pub(crate) fn servers(&self) -> impl Iterator<Item = (&str, &dyn Server)> {
        self.servers.iter().map(|(name, server)| (name.as_str(), &**server as &dyn Server))
    }

    /// The table that the rows of an input go into on the server of this number, whose DDL is laid there.
    ///
    /// # Errors
    /// As [`Laid::on`] and [`Table::told`].
    pub(crate) fn table(&self, at: usize, input: &Input) -> Result<Table> {
        let server: &dyn Server = &*self.servers[at].1;
        let columns = input.dataset.columns();
        let table = match &input.told {
            Some(told) => Table::told(&self.laid.on((at, server), &input.name, told)?, columns)?,
            None => {
                // Their reset sweeps what a DDL has left.
                self.laid.none_on(at);
                Table::votes(columns)
            }
        };
        let schema = server.run_schema().name.clone();
        let after = statements_after(self.making, &schema, &table.name);
        let is_distributed = self.making.distribute.is_some();
        Ok(Table { schema: Some(schema), after, is_distributed, ..table.on(&server.facts().absent) })
    }

    /// Whether a case's server may refuse statements that PostgreSQL takes.
    ///
    /// # Errors
    /// When the case names a server that there is not.
    pub(super) fn is_tried(&self, case: &Case) -> Result<bool> {
        let at = index_of(self.servers.iter().map(|s| &s.0), case.key.server.as_deref())?;
        let facts = self.servers[at].1.facts();
        Ok(!self.making.is_empty() || !facts.is_postgres() || facts.absent.limits_statements())
    }

    /// The statements of a case, heard in a load of so many rows that nothing is measured of; without
    /// the name of the run's schema before each name.
    ///
    /// # Errors
    /// Whatever goes wrong with the load.
    pub fn hear(&mut self, case: &Case, rows: u64) -> Result<Vec<Statement>> {
        let log = Arc::new(StatementLog::default());
        self.log = Some(log.clone());
        let heard = self.apply(case).and_then(|applied| applied.reset(rows)?.load().map(drop));
        self.log = None;
        heard?;
        let schema = format!("{}.", quote(&self.server().run_schema().name));
        let mut statements = log.take();
        statements.iter_mut().for_each(|statement| statement.sql = statement.sql.replace(&schema, ""));
        Ok(statements)
    }

    /// Whether further loads are read by probes, which they are unless something is said: without them a benchmark
    /// finds out what they cost.
    pub fn set_probing(&mut self, probing: bool) {
        self.probing = probing;
    }

    /// Shows there how far each further load is; nothing is read for that where nobody looks.
    pub fn show_in(&mut self, glimpse: Option<Glimpse>) {
        self.glimpse = glimpse;
    }

    fn server(&mut self) -> &mut dyn Server {
        &mut *self.servers[self.at].1
    }
}

/// The statements for a table of this name that was just made in this schema, both bare: Citus distributes it first,
/// as what comes later may need that.
fn statements_after(making: &Making, schema: &str, table: &str) -> Vec<String> {
    let distribute = making.distribute.iter().map(|column| {
        format!(
            "SELECT create_distributed_table({}, {})",
            literal(&qualified(schema, table)),
            literal(column)
        )
    });
    let filled = |sql: &String| sql.replace("{schema}", &quote(schema)).replace("{table}", &quote(table));
    distribute.chain(making.after.iter().map(filled)).collect()
}

/// The index of a name in a list, the first for none.
fn index_of<'n>(names: impl IntoIterator<Item = &'n String>, name: Option<&str>) -> Result<usize> {
    let Some(name) = name else { return Ok(0) };
    names.into_iter().position(|known| known == name).ok_or_else(|| anyhow!("there is none named {name}"))
}

impl<'a> Stage for ServerStage<'a> {
    type Applied<'s>
        = Applied<'s>
    where
        Self: 's;

    fn apply<'s>(&'s mut self, case: &'s Case) -> Result<Applied<'s>> {
        let at = index_of(self.servers.iter().map(|s| &s.0), case.key.server.as_deref())
            .with_context(|| format!("looking for the server of {}", case.id))?;
        if let Some(control) = self.control.as_mut().filter(|_| at != self.at) {
            // What the last sample left on its server would be written while this one runs on another.
            checkpoint(control, &self.servers[self.at].1.facts().absent, &mut self.warned)?;
        }
        self.at = at;
        self.control = None;
        self.server().apply_within(&case.key.axes.settings, case.key.axes.limits)?;

        let method = self.catalogue.find(&case.key.method)?;
        let number = self
            .inputs
            .iter()
            .position(|input| input.is_of(case))
            .with_context(|| format!("looking for the dataset of {}", case.id))?;
        let (server, input): (&dyn Server, _) = (&*self.servers[at].1, &self.inputs[number]);
        let table = Table {
            layout: method.info().layout,
            collation: case.key.axes.collation.clone(),
            ..self.table(at, input)?
        };
        let parts = Parts {
            case,
            method,
            server,
            dataset: (number, &input.dataset),
            table,
            interrupt: &self.interrupt,
            timeout: self.timeout,
            contents: &mut self.contents,
            // Of a load whose statements are heard nothing else is wanted.
            probing: self.probing && self.log.is_none(),
            glimpse: self.glimpse.clone().filter(|_| self.log.is_none()),
            log: self.log.clone(),
        };
        Ok(Applied { parts, control: &mut self.control, warned: &mut self.warned })
    }

    fn crash(&mut self, case: &Case, course: Course) -> Result<Crashed> {
        let Course { kind, rows, seed, .. } = course;
        let killed = crash::load(self.apply(case)?.reset(rows)?, course)?;
        self.control = None;
        let start = Instant::now();
        let revived = self.server().revive(kind, seed);
        let recovery_ns = start.elapsed().as_nanos() as u64;
        let left = revived.and_then(|()| self.apply(case)?.left(rows, &killed, recovery_ns));
        match kind {
            CrashKind::Kill => left,
            CrashKind::Power => {
                self.control = None;
                // What is damaged stays so, and would be in the way of the next load.
                self.server().mend().context("putting back what was there before a loss of power")?;
                self.interrupt.check()?;
                Ok(left.unwrap_or_else(|error| killed.damaged(chain(error.as_ref()))))
            }
        }
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

    fn clock(&self) -> Duration {
        self.made.elapsed()
    }
}

impl Drop for ServerStage<'_> {
    /// Leaves no table of ours behind, also on a server that goes on.
    fn drop(&mut self) {
        if let Some(mut session) = self.control.take() {
            // Nothing is lost when this fails: the server goes away, or its schema does.
            let connector = self.server().connector().clone();
            let run_schema = self.server().run_schema().clone();
            let _ = connector
                .asking(|| run_schema.sweep(&mut session, Sweep::BetweenSamples { keep: &[], stays: None }));
        }
    }
}
