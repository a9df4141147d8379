//! `bulkbench run`: from an experiment to its results.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Result;

use super::finish::finish;
use super::result_dir::{self, new_directory, writable};
use super::run_args::Args;
use super::unfinished::stopped;
use super::{dry_run, loader_args, repeat};
use crate::dataset::{Dataset, default_cache};
use crate::experiment::Experiment;
use crate::interrupt::Interrupt;
use crate::model::{Axis, Provenance, Run, Tool, now};
use crate::probe::machine;
use crate::record::Store;
use crate::runner::RunSession;
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

    let dataset = match &args.dataset {
        Some(name) => Dataset::open(&default_cache()?.join(name))?,
        None => Dataset::generated(&default_cache()?, request.rows, request.seed, interrupt)?,
    };
    request.rows = dataset.rows();
    let prepared = RunSession::prepare(&catalogue, &experiment, &request, dataset, interrupt)?;

    let mut servers = args.place.open(wanted, &args.settings(), &prepared, interrupt)?;
    let outcome = (|| {
        let machine = machine::machine(servers.main().data_dir())?;
        let plan = prepared.on(servers.all_mut(), args.timeout(None)).plan(&experiment, &request)?;
        let asked = args.asked(&experiment, &loaders);
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
            servers: servers.facts(),
            datasets: prepared.datasets()[1..].iter().map(|(name, d)| (name.clone(), d.facts())).collect(),
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
    })();
    servers.closing(outcome)
}
