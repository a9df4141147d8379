//! `bulkbench run`: from an experiment to its results.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::finish::finish;
use super::result_dir::{self, new_directory, writable};
use super::run_args::Args;
use super::server_args::{self, Servers};
use super::unfinished::stopped;
use super::{dry_run, loader_args, own_table, repeat};
use crate::dataset::{Dataset, default_cache};
use crate::experiment::Experiment;
use crate::interrupt::Interrupt;
use crate::method::Catalogue;
use crate::model::{Axis, OwnTable, Provenance, Run, Tool, now};
use crate::probe::machine;
use crate::record::Store;
use crate::runner::plan::Request;
use crate::runner::{Prepared, RunSession};
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
    let mut experiment = Experiment::find(&args.experiment)?;
    let own = args.own.wanted()?;
    if own.is_some() && (args.dry_run || !experiment.caveats.is_empty()) {
        return Err(usage!(
            "{}: only a server can read the DDL of a table, and caveats have tables of their own; leave --csv and --data out",
            if args.dry_run { "--dry-run" } else { &experiment.id }
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
    let mut request = args.request(&experiment);
    loader_args::join(&loaders, &mut experiment, &mut request.methods);
    let compares = experiment.compare == Some(Axis::Server);
    let wanted = args.place.wanted(&args.place.choice()?, compares)?;
    RunSession::check(&catalogue, &experiment, &request)?;
    if args.dry_run {
        return dry_run::print_plan(args, &catalogue, &experiment, request, &wanted);
    }
    writable(&args.out)?;

    if let Some(own) = own {
        return start_own(args, &catalogue, &experiment, &loaders, (request, own, wanted), interrupt);
    }
    let dataset = match &args.dataset {
        Some(name) => Dataset::open(&default_cache()?.join(name))?,
        None => Dataset::generated(&default_cache()?, request.rows, request.seed, interrupt)?,
    };
    request.rows = dataset.rows();
    let prepared = RunSession::prepare(&catalogue, &experiment, &request, dataset, interrupt)?;
    let mut servers = args.place.open(wanted, &args.settings(), &prepared, interrupt)?;
    let started = Started { experiment: &experiment, loaders: &loaders, request, table: None };
    let outcome = measure(args, &started, &prepared, &mut servers);
    servers.closing(outcome)
}

/// A run that loads a table other than votes: the servers come first, as they alone read its DDL.
fn start_own(
    args: &Args,
    catalogue: &Catalogue,
    experiment: &Experiment,
    loaders: &[String],
    (mut request, own, wanted): (Request, own_table::Wanted, Vec<server_args::Wanted>),
    interrupt: &Interrupt,
) -> Result<ExitCode> {
    let cache = default_cache()?;
    std::fs::create_dir_all(&cache).with_context(|| format!("making {}", cache.display()))?;
    let csv_bytes = own.csv_bytes(&request)?;
    let dirs = [cache.clone()];
    let mut servers = args.place.open_for(wanted, &args.settings(), &dirs, csv_bytes, interrupt)?;
    let outcome = (|| {
        let laid = own.lay(&mut servers)?;
        let first = laid.first().context("a run without a server")?.clone();
        let dataset = own.dataset(&cache, &first, &request, interrupt)?;
        request.rows = dataset.rows();
        let table = Some(own.facts(&first));
        let prepared = RunSession::prepare_told(catalogue, experiment, &request, dataset, laid, interrupt)?;
        let started = Started { experiment, loaders, request, table };
        measure(args, &started, &prepared, &mut servers)
    })();
    servers.closing(outcome)
}

/// A run whose servers are up.
struct Started<'a> {
    experiment: &'a Experiment,
    loaders: &'a [String],
    request: Request,
    table: Option<OwnTable>,
}

/// Takes the samples of a run, and writes its results.
fn measure(
    args: &Args,
    started: &Started<'_>,
    prepared: &Prepared<'_>,
    servers: &mut Servers,
) -> Result<ExitCode> {
    let Started { experiment, loaders, request, table } = started;
    let machine = machine::machine(servers.main().data_dir())?;
    let plan = prepared.on(servers.all_mut(), args.timeout(None)).plan(experiment, request)?;
    let asked = args.asked(experiment, loaders);
    let mut run = Run {
        provenance: Provenance {
            tool: Tool::this(),
            started: now(),
            label: args.label.clone(),
            command: String::new(),
            machine,
            asked: Some(asked.clone()),
        },
        server: servers.main().facts().clone(),
        dataset: prepared.datasets()[0].1.facts(),
        table: table.clone(),
        servers: servers.facts(),
        datasets: prepared.datasets()[1..].iter().map(|(name, d)| (name.clone(), d.facts())).collect(),
        plan,
        statements: BTreeMap::new(),
    };
    run.provenance.command = repeat::run_command(&run, &asked);
    let redactor = servers.redactor();
    let run = run.redacted(&redactor);
    let dir = new_directory(&args.out, &run.provenance.label, &run.provenance.started, &run.plan.experiment)?;
    let store = Store::create(&dir, &run).inspect_err(|_| result_dir::abandon(&dir))?;
    let session = prepared.on(servers.all_mut(), args.timeout(None));
    finish(store, run, Vec::new(), session, &redactor)
}
