//! `bulkbench run --resume`: the samples that an interrupted run still lacks, under the same
//! conditions or not at all.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use super::datasets_dir;
use super::run::{Args, finish, stage};
use super::server_args::{ServerArgs, closing};
use crate::dataset::Dataset;
use crate::interrupt::Interrupt;
use crate::probe::machine;
use crate::record::store::Store;
use crate::record::{Machine, Run, ServerFacts, Source};
use crate::runner::plan;
use crate::server::Choice;
use crate::{unavailable, usage};

/// Goes on with the run in `dir`.
pub fn resume(args: &Args, dir: &Path, interrupt: &Interrupt) -> Result<ExitCode> {
    let (store, run, samples) = Store::resume(dir)?;
    if let Some(repaired) = store.repaired() {
        anstream::eprintln!("warning: {repaired}");
    }
    let mut dataset = match run.dataset.seed {
        Some(seed) => Dataset::generated(&datasets_dir()?, run.dataset.rows, seed, interrupt)?,
        None => Dataset::list(&datasets_dir()?)?
            .into_iter()
            .find(|dataset| dataset.facts().content == run.dataset.content)
            .ok_or_else(|| {
                unavailable!(
                    "the {} dataset of {} rows that this run loads is not in the cache any more; take it again by `bulkbench dataset import`",
                    run.dataset.origin,
                    run.dataset.rows
                )
            })?,
    };
    same("dataset.content", &run.dataset.content, &dataset.facts().content)?;
    for encoding in plan::encodings(&run.plan.cases)? {
        dataset.ensure(encoding, interrupt)?;
    }

    let place =
        ServerArgs { image: args.place.image.clone().or(run.server.image.clone()), ..args.place.clone() };
    let mut server = place.open(&choice(&place, &run)?, run.server.given.clone(), &dataset, interrupt)?;
    let outcome = (|| {
        same_machine(&run.machine, &machine::machine(server.data_dir())?)?;
        same_server(&run.server, server.facts())?;
        anstream::eprintln!("going on with {}: {} samples are there", dir.display(), samples.len());
        finish(store, &run, samples, stage(&mut *server, &dataset, args, interrupt))
    })();
    closing(outcome, server)
}

/// The server that was chosen, or one of the same source where none was.
fn choice(place: &ServerArgs, run: &Run) -> Result<Choice> {
    match (place.choice()?, run.server.source) {
        (Choice::Auto, Source::Local) => Ok(Choice::Local),
        (Choice::Auto, Source::Container) => Ok(Choice::Container),
        (Choice::Auto, Source::External) => Err(usage!(
            "this run loaded into a server of yours, whose address is not kept; name it by --server postgres://..."
        )),
        (chosen, _) => Ok(chosen),
    }
}

fn same_machine(before: &Machine, now: &Machine) -> Result<()> {
    same("machine.cpu", &before.cpu, &now.cpu)?;
    same("machine.cores", &before.cores.to_string(), &now.cores.to_string())?;
    same("machine.memory_bytes", &before.memory_bytes.to_string(), &now.memory_bytes.to_string())
}

fn same_server(before: &ServerFacts, now: &ServerFacts) -> Result<()> {
    same("server.version", &before.version, &now.version)?;
    for (name, value) in &before.settings {
        same(&format!("server.settings.{name}"), value, now.settings.get(name).map_or("", String::as_str))?;
    }
    Ok(())
}

/// Samples that ran under other conditions do not belong into one run.
fn same(field: &str, before: &str, now: &str) -> Result<()> {
    if before == now {
        return Ok(());
    }
    Err(usage!(
        "cannot go on with this run: {field} was `{before}` and is `{now}` now; start a new run instead"
    ))
}
