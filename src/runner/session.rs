//! A run from its experiment to its samples: what is loaded, which cases can run, on how many rows, and
//! the samples themselves.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::dataset::{Dataset, no_binary};
use crate::experiment::Experiment;
use crate::interrupt::Interrupt;
use crate::method::Catalogue;
use crate::model::{Case, Encoding, Making, Plan, Role, Sample, Slot, Statement};
use crate::runner::foundation::Laid;
use crate::runner::input::Input;
use crate::runner::journal::Journal;
use crate::runner::plan::{self, Request, Tables};
use crate::runner::progress::Progress;
use crate::runner::reset::rows_after;
use crate::runner::sample::{self, SamplePosition, Stage};
use crate::runner::stage::ServerStage;
use crate::runner::{RunEnd, availability, budget, crash_plan, execute, trial};
use crate::server::{Server, Settings};
use crate::table::Table;

/// Rows of the load whose statements are heard: more than most batches, and soon done.
const HEARD_ROWS: u64 = 1000;

/// A run's cases, and the inputs that they name. Made before any sample is taken.
pub struct Prepared<'a> {
    catalogue: &'a Catalogue,
    cases: Vec<Case>,
    inputs: Vec<Input>,
    laid: Laid,
    making: Making,
    most_times: u64,
    interrupt: Interrupt,
}

impl<'a> Prepared<'a> {
    /// These cases and the inputs that they name, each in the encodings that its cases read. What a case names
    /// that is none of the inputs is another form of the unnamed one.
    ///
    /// # Errors
    /// When a dataset cannot be made, a case names a method that is not in the catalogue, or work has to
    /// stop.
    pub fn new(
        catalogue: &'a Catalogue,
        cases: Vec<Case>,
        mut inputs: Vec<Input>,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        for name in cases.iter().filter_map(|case| case.key.axes.dataset.as_ref()) {
            if !inputs.iter().any(|known| known.name == *name) {
                let unnamed = inputs.iter().find(|input| input.name.is_empty());
                let unnamed = unnamed.with_context(|| format!("there are no rows to have as {name}"))?;
                let form = unnamed.dataset.in_form(name, interrupt)?;
                inputs.push(Input { name: name.clone(), dataset: form, told: unnamed.told.clone() });
            }
        }
        inputs.retain(|input| cases.iter().any(|case| input.is_of(case)));
        for input in &mut inputs {
            let mut encodings = plan::encodings(catalogue, cases.iter().filter(|case| input.is_of(case)))?;
            // The cases that read it cannot run then.
            if no_binary(input.dataset.columns()).is_some() {
                encodings.remove(&Encoding::Binary);
            }
            for encoding in encodings {
                input.dataset.ensure(encoding, interrupt)?;
            }
        }
        let mut most_times = 1;
        for case in &cases {
            let info = catalogue.find(&case.key.method)?.info();
            most_times = most_times.max(rows_after(info, &case.params, 0).times);
        }
        let (laid, making) = (Laid::default(), Making::default());
        Ok(Self { catalogue, cases, inputs, laid, making, most_times, interrupt: interrupt.clone() })
    }

    /// The same, with this done to each table whenever it is made.
    #[must_use]
    pub fn making(self, making: Making) -> Self {
        Self { making, ..self }
    }

    /// The same, where a DDL lies on the servers already, in the order in which [`Prepared::on`] gets them.
    #[must_use]
    pub fn with_laid(self, laid: Laid) -> Self {
        Self { laid, ..self }
    }

    /// The input of the baseline: the rows that the run is about.
    ///
    /// # Errors
    /// When there is no case.
    pub(crate) fn main(&self) -> Result<&Input> {
        let baseline = self.cases.iter().find(|case| case.role == Role::Baseline).or(self.cases.first());
        let baseline = baseline.context("a run without cases")?;
        let main = self.inputs.iter().find(|input| input.is_of(baseline));
        main.with_context(|| format!("{} loads nothing that is there", baseline.id))
    }

    /// The cases, on no server yet.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// What the cases load.
    pub(crate) fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The most times that a table of these cases holds the rows.
    pub(crate) fn most_times(&self) -> u64 {
        self.most_times
    }

    /// Loads into these servers, by the names that cases give them; the first is that of cases that give
    /// none. No sample takes longer than `timeout`.
    pub fn on<'s>(&'s self, servers: Vec<(String, &'s mut dyn Server)>, timeout: Duration) -> RunSession<'s> {
        let stage = ServerStage::new(
            self.catalogue,
            servers,
            &self.inputs,
            (&self.laid, &self.making),
            self.interrupt.clone(),
            timeout,
        );
        RunSession { prepared: self, stage }
    }
}

/// A run's cases and datasets on the servers that they are loaded into.
pub struct RunSession<'a> {
    prepared: &'a Prepared<'a>,
    stage: ServerStage<'a>,
}

impl<'a> RunSession<'a> {
    /// The cases of an experiment that load these votes, and the other forms of them that they name.
    ///
    /// # Errors
    /// As [`plan::cases`] and [`Prepared::new`].
    pub fn prepare(
        catalogue: &'a Catalogue,
        experiment: &Experiment,
        request: &Request,
        votes: Dataset,
        interrupt: &Interrupt,
    ) -> Result<Prepared<'a>> {
        let tables = Tables::of(Table::votes(votes.columns()), request.rows);
        let cases = plan::cases(catalogue, experiment, request, &tables)?;
        Prepared::new(catalogue, cases, vec![Input::votes(votes)], interrupt)
    }

    /// The cases on each of the servers, those marked that cannot run there with the dataset that they name.
    ///
    /// # Errors
    /// When the reason cannot be found out.
    pub fn mark(&self, experiment: &Experiment) -> Result<Vec<Case>> {
        let names: Vec<String> = self.stage.servers().map(|(name, _)| name.to_owned()).collect();
        let mut cases = plan::on_servers(experiment, self.prepared.cases.clone(), &names);
        for (place, (server_name, server)) in self.stage.servers().enumerate() {
            for input in &self.prepared.inputs {
                let here = |case: &&mut Case| {
                    let on_it = case.key.server.as_deref().map_or(place == 0, |named| named == server_name);
                    on_it && input.is_of(case)
                };
                let table = self.stage.table(place, input)?;
                let cases = cases.iter_mut().filter(here);
                availability::mark(self.prepared.catalogue, cases, server, &input.dataset, &table)?;
            }
        }
        Ok(cases)
    }

    /// Finds the row counts of the slow cases, of which a sample is to take so long.
    ///
    /// # Errors
    /// As [`budget::calibrate`].
    pub(crate) fn calibrate(&mut self, cases: &mut [Case], budget: Duration) -> Result<()> {
        budget::calibrate(self.prepared.catalogue, &mut self.stage, cases, budget)
    }

    /// The plan of the run: its cases marked and calibrated, and their order.
    ///
    /// # Errors
    /// As [`RunSession::mark`] and [`RunSession::calibrate`].
    pub(crate) fn plan(&mut self, experiment: &Experiment, request: &Request) -> Result<Plan> {
        let mut cases = self.mark(experiment)?;
        trial::mark(&mut self.stage, &mut cases)?;
        self.calibrate(&mut cases, request.budget)?;
        let catalogue = self.prepared.catalogue;
        let crash = request.crash.map(|crash| crash_plan::plan(catalogue, &cases, crash)).transpose()?;
        let plan = plan::plan(experiment, request, cases, |settings| self.restarts_for(settings));
        Ok(Plan { crash, ..plan })
    }

    /// The orders of the rounds that may follow those of the plan; see [`plan::further_rounds`].
    pub(crate) fn further_rounds(&self, plan: &Plan) -> Vec<Vec<usize>> {
        plan::further_rounds(plan, |settings| self.restarts_for(settings))
    }

    /// Those of these settings that the first server has to be restarted for.
    fn restarts_for(&self, settings: &Settings) -> Settings {
        let first = self.stage.servers().next();
        first.map_or_else(|| settings.clone(), |(_, server)| server.restarts_for(settings))
    }

    /// Takes the samples of the plan that `done` lacks; see [`execute()`].
    ///
    /// # Errors
    /// As [`execute()`].
    pub fn execute(
        &mut self,
        plan: &Plan,
        done: &[Sample],
        journal: &mut dyn Journal,
        progress: &mut dyn Progress,
    ) -> Result<RunEnd> {
        self.stage.show_in(progress.glimpse());
        execute(plan, done, &mut self.stage, journal, progress)
    }

    /// Takes a single sample of a case; see [`sample::take_sample`].
    ///
    /// # Errors
    /// As [`sample::take_sample`].
    pub fn take(&mut self, case: &Case) -> Result<Sample> {
        sample::take_sample(&mut self.stage, case, SamplePosition { slot: Slot::Round(1), position: 0 })
    }

    /// The statements that a case sends, by phase: heard in a load of few rows, which nothing is measured
    /// of. Those that go to the server by TLS are not heard.
    ///
    /// # Errors
    /// Whatever goes wrong with that load; the server is ready for further samples then.
    pub fn statements(&mut self, case: &Case) -> Result<Vec<Statement>> {
        let heard = self.stage.hear(case, case.rows.min(HEARD_ROWS));
        if heard.is_err() {
            self.stage.check()?;
            self.stage.recover()?;
        }
        heard
    }

    /// The stage of the samples, for what looks between their steps.
    pub fn stage(&mut self) -> &mut ServerStage<'a> {
        &mut self.stage
    }
}
