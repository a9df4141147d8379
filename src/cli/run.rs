//! `bulkbench run`: from an experiment to its results.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::claimed::Claimed;
use super::finish::finish;
use super::foreseen_rows::ForeseenRows;
use super::limit_args::keep_client;
use super::measured::{Measured, measured};
use super::result_dir::{self, new_directory, writable};
use super::run_args::Args;
use super::server_args::{self, Servers};
use super::unfinished::stopped;
use super::wanted_data::{self, Found, WantedData};
use super::{dry_run, loader_args, repeat};
use crate::dataset::columns::votes;
use crate::dataset::default_cache;
use crate::experiment::Experiment;
use crate::interrupt::Interrupt;
use crate::method::Catalogue;
use crate::model::{Axis, CrashKind, OwnTable, Provenance, Run, Tool, now};
use crate::record::Store;
use crate::runner::foundation::Laid;
use crate::runner::plan::{self, Request, Tables};
use crate::runner::{Prepared, RunSession};
use crate::server;
use crate::usage;

/// Executes an experiment, or goes on with one.
pub(crate) fn run_experiment(args: &Args, interrupt: &Interrupt) -> Result<ExitCode> {
    if cfg!(debug_assertions) {
        crate::say!("warning: this is a debug build; the client may be slower than the server");
    }
    match &args.resume {
        Some(dir) => super::resume::resume(args, dir, interrupt),
        None => start(args, interrupt).map_err(|error| {
            stopped(error, "nothing was measured yet, and there are no records; start the run again")
        }),
    }
}

fn start(args: &Args, interrupt: &Interrupt) -> Result<ExitCode> {
    // What can be wrong with the words is found before anything is made or started.
    let (catalogue, loaders) = args.loaders.catalogue()?;
    let claimed = args.claim.as_ref().map(|id| Claimed::find(id, &args.experiment)).transpose()?;
    claimed.iter().filter_map(|claimed| claimed.rest.as_ref()).for_each(|rest| crate::say!("{rest}"));
    let name = claimed.as_ref().map_or(&args.experiment, |claimed| &claimed.experiment);
    let experiment = Experiment::find_for(name, args.limits.cores())?;
    let experiment = claimed.iter().fold(experiment, |experiment, claimed| claimed.of(experiment));
    let own = args.own.wanted(args.dataset.as_deref())?;
    if own.is_some() && !experiment.caveats.is_empty() {
        return Err(usage!(
            "{}: its caveats bring small tables and files of their own, and no rows of yours; leave --csv, --ddl and --data out. \
             Whether your rows fit your table says `bulkbench run votes --csv ... --ddl ... --rounds 1` before any sample; \
             a caveat of your own is a .toml file, by --caveat (docs/add-a-caveat.md)",
            experiment.id
        ));
    }
    if !experiment.caveats.is_empty() {
        return super::caveats::run_caveats(args, &catalogue, &experiment, &loaders, interrupt);
    }
    if !args.caveats.is_empty() {
        return Err(usage!(
            "--caveat is for experiments that try caveats, and {} takes times; `bulkbench run caveats --caveat {}` tries it",
            args.experiment,
            args.caveats[0]
        ));
    }
    let request = args.request(&experiment)?;
    if request.crash.is_none() && args.crash_rows.is_some() {
        return Err(usage!(
            "--crash-rows is for --crash, and for experiments whose server crashes; add --crash"
        ));
    }
    let choice = args.place.choice()?;
    if request.crash.is_some() && choice.is_of_user() {
        return Err(usage!(
            "--crash kills the server, and a server of yours is never killed; use --server local or container"
        ));
    }
    let place = args.place.on_disks_of(&experiment)?;
    if matches!(request.crash, Some((CrashKind::Power, _))) && place.disk.is_empty() {
        return Err(usage!(
            "--crash=power takes the power of an emulated disk; name one by --disk CLASS (none is one, too)"
        ));
    }
    let args = &args.given_by(&experiment, place.kind(&choice));
    server::check_limits(&choice, args.limits.of_server())?;
    keep_client(args.limits.client_cpus, (!choice.is_of_user()).then(|| args.limits.of_server()))?;
    let mut run = Asked { args, catalogue: &catalogue, experiment, loaders: &loaders, request, interrupt };
    loader_args::join(&loaders, &mut run.experiment, &mut run.request.methods);
    let data = wanted_data::all(&run.experiment, own, args.dataset.as_ref())?;
    let compares = run.experiment.compare == Some(Axis::Server);
    let servers = place.wanted(&choice, compares)?;
    if args.dry_run {
        let foreseen = |one: &WantedData| Ok((one.name.clone(), one.foreseen(&run.request, run.interrupt)?));
        let rows: Vec<(String, ForeseenRows)> = data.iter().map(foreseen).collect::<Result<_>>()?;
        return dry_run::print_plan(args, &catalogue, &run.experiment, run.request, (&rows, &servers));
    }
    let votes = votes();
    let tables = data.iter().map(|one| (one.name.as_str(), &votes[..], run.request.rows));
    plan::cases(&catalogue, &run.experiment, &run.request, &wanted_data::unseen(tables))?;
    writable(&args.out)?;
    match &data[..] {
        [votes] if votes.told.is_none() => run.votes(votes, servers),
        _ => run.told(data, servers),
    }
}

/// A run as it is asked for.
struct Asked<'a> {
    args: &'a Args,
    catalogue: &'a Catalogue,
    experiment: Experiment,
    loaders: &'a [String],
    request: Request,
    interrupt: &'a Interrupt,
}

impl Asked<'_> {
    /// A run that loads votes: they are made before any server waits for them.
    fn votes(mut self, votes: &WantedData, wanted: Vec<server_args::Wanted>) -> Result<ExitCode> {
        let dataset = votes.rows.dataset(&default_cache()?, &self.request, self.interrupt)?;
        self.request.rows = dataset.rows();
        let prepared =
            RunSession::prepare(self.catalogue, &self.experiment, &self.request, dataset, self.interrupt)?;
        let prepared = prepared.making(self.args.making(&self.experiment));
        let mut servers = self.args.place.open(wanted, &self.args.conditions(), &prepared, self.interrupt)?;
        let outcome = self.measure(BTreeMap::new(), &prepared, &mut servers);
        servers.closing(outcome)
    }

    /// A run that loads other tables: the servers come first, as they alone read a DDL.
    fn told(mut self, data: Vec<WantedData>, wanted: Vec<server_args::Wanted>) -> Result<ExitCode> {
        let cache = default_cache()?;
        std::fs::create_dir_all(&cache).with_context(|| format!("making {}", cache.display()))?;
        let csv_bytes = data.iter().map(|one| one.csv_bytes(&self.request));
        let csv_bytes = csv_bytes.collect::<Result<Vec<_>>>()?.into_iter().max().unwrap_or(0);
        let (conditions, dirs) = (self.args.conditions(), [cache.clone()]);
        let mut servers = self.args.place.open_for(wanted, &conditions, &dirs, csv_bytes, self.interrupt)?;
        let outcome = (|| {
            let laid = Laid::default();
            let (mut tables, mut records, mut inputs) = (Tables::default(), BTreeMap::new(), Vec::new());
            for one in data {
                let found = one.find(&cache, &servers, &laid, &self.request, self.interrupt)?;
                let Found { input, table, record } = found;
                records.extend(record.map(|record| (input.name.clone(), record)));
                tables = tables.with(&input.name, table, input.dataset.rows());
                inputs.push(input);
            }
            let cases = plan::cases(self.catalogue, &self.experiment, &self.request, &tables)?;
            let prepared = Prepared::new(self.catalogue, cases, inputs, self.interrupt)?.with_laid(laid);
            let prepared = prepared.making(self.args.making(&self.experiment));
            self.request.rows = prepared.main()?.dataset.rows();
            self.measure(records, &prepared, &mut servers)
        })();
        servers.closing(outcome)
    }

    /// Takes the samples of a run into these tables, by the names that cases give them, and writes its results.
    fn measure(
        &self,
        mut tables: BTreeMap<String, OwnTable>,
        prepared: &Prepared<'_>,
        servers: &mut Servers,
    ) -> Result<ExitCode> {
        let Self { args, experiment, loaders, request, .. } = self;
        let Measured { machine, server, servers: further } = measured(servers)?;
        let plan = prepared.on(servers.all_mut(), args.timeout(None)).plan(experiment, request)?;
        let asked = args.asked(experiment, loaders);
        let main = prepared.main()?;
        let table = tables.get(&main.name).cloned();
        tables.remove("");
        let named = prepared.inputs().iter().filter(|input| !input.name.is_empty());
        // By the rule that the server has the functions for.
        let rule = servers.main().facts().absent.rule();
        let named = named.map(|input| Ok((input.name.clone(), input.dataset.facts_by(rule)?)));
        let mut run = Run {
            provenance: Provenance {
                tool: Tool::this(),
                started: now(),
                label: args.label.clone(),
                command: String::new(),
                machine,
                asked: Some(asked.clone()),
            },
            server,
            dataset: main.dataset.facts_by(rule)?,
            table,
            making: args.making(experiment),
            servers: further,
            datasets: named.collect::<Result<_>>()?,
            tables,
            plan,
            statements: BTreeMap::new(),
        };
        run.provenance.command = repeat::run_command(&run, &asked);
        let redactor = servers.redactor();
        let run = run.redacted(&redactor);
        let dir =
            new_directory(&args.out, &run.provenance.label, &run.provenance.started, &run.plan.experiment)?;
        let store = Store::create(&dir, &run).inspect_err(|_| result_dir::abandon(&dir))?;
        let session = prepared.on(servers.all_mut(), args.timeout(None));
        finish(store, run, Vec::new(), session, &redactor)
    }
}
