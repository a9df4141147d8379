//! `bulkbench run --resume`: the samples that an interrupted run still lacks, under the same
//! conditions or not at all.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use super::finish::finish;
use super::limit_args::keep_client;
use super::run_args::Args;
use super::server_args::{Conditions, ServerArgs};
use super::unfinished::{Unfinished, stopped};
use super::{loader_args, wanted_data};
use crate::disk;
use crate::interrupt::Interrupt;
use crate::model::{EmulatedDisk, Machine, Rule, Run, Sample, ServerFacts, Source};
use crate::probe::machine;
use crate::record::Store;
use crate::runner::Prepared;
use crate::server::Choice;
use crate::{redact, usage};

/// Goes on with the run in `dir`.
pub(crate) fn resume(args: &Args, dir: &Path, interrupt: &Interrupt) -> Result<ExitCode> {
    let (store, run, samples) = Store::resume(dir)?;
    let kept = Unfinished::Samples { number: samples.len(), dir: dir.to_path_buf() };
    go_on(args, store, &run, samples, interrupt).map_err(|error| stopped(error, kept))
}

fn go_on(
    args: &Args,
    store: Store,
    run: &Run,
    samples: Vec<Sample>,
    interrupt: &Interrupt,
) -> Result<ExitCode> {
    let dir = store.dir().to_path_buf();
    if let Some(repaired) = store.repaired() {
        crate::say!("warning: {repaired}");
    }
    let client_cpus = run.provenance.asked.as_ref().and_then(|asked| asked.client_cpus);
    let is_ours = run.server.source != Source::External;
    keep_client(client_cpus, is_ours.then_some(run.server.limits))?;
    let (catalogue, _) = args.loaders.catalogue()?;
    loader_args::check_same(&catalogue, run, &dir)?;
    let inputs = wanted_data::of_record(run, interrupt)?;
    let prepared = Prepared::new(&catalogue, run.plan.cases.clone(), inputs, interrupt)?;
    let prepared = prepared.making(run.making.clone());
    for input in prepared.inputs() {
        let (place, before) = match input.name.as_str() {
            "" => ("dataset".to_owned(), Some(&run.dataset)),
            name => (format!("datasets.{name}"), run.datasets.get(name)),
        };
        // By the rule of the record, where a server had other functions than PostgreSQL.
        let now = match before.map(|facts| facts.content.rule) {
            Some(rule @ Rule::RowMd5) => input.dataset.content_by(rule, input.dataset.rows())?,
            _ => input.dataset.facts().content,
        };
        let before = before.map_or(String::new(), |facts| facts.content.to_string());
        same(&format!("{place}.content"), &before, &now.to_string())?;
    }

    let mut place = args.place.clone();
    if place.image.is_empty() {
        place.image = run.servers_in_order().iter().filter_map(|facts| facts.image.clone()).collect();
    }
    if run.servers.len() > 1 && run.server.source == Source::Local && place.pg_bin.is_empty() {
        return Err(usage!(
            "this run loaded into several servers from binaries, whose places are not kept; name them by --pg-bin again, in the same order"
        ));
    }
    if place.disk.is_empty() {
        place.disk = disks(run);
    }
    check_kept(run)?;
    let wanted = place.wanted(&choice(&place, run)?, false)?;
    let mut servers = place.open(wanted, &conditions(run), &prepared, interrupt)?;
    let outcome = (|| {
        same_machine(&run.provenance.machine, &machine::machine(servers.main().data_dir())?)?;
        // As the record has them.
        let redactor = servers.redactor();
        let now = |facts: ServerFacts| facts.redacted(&redactor);
        same_server("server", &run.server, &now(servers.main().facts().clone()))?;
        let now: BTreeMap<String, ServerFacts> =
            servers.facts().into_iter().map(|(name, facts)| (name, now(facts))).collect();
        let names =
            |facts: &BTreeMap<String, ServerFacts>| facts.keys().cloned().collect::<Vec<_>>().join(", ");
        same("servers", &names(&run.servers), &names(&now))?;
        for (name, before) in &run.servers {
            same_server(&format!("servers.{name}"), before, &now[name])?;
        }
        crate::say!("going on with {}: {} samples are there", dir.display(), samples.len());
        let session = prepared.on(servers.all_mut(), args.timeout(run.provenance.asked.as_ref()));
        finish(store, run.clone(), samples, session, &redactor)
    })();
    servers.closing(outcome)
}

/// The conditions that its servers had.
fn conditions(run: &Run) -> Conditions {
    let given = &run.server.given;
    // Before they were kept apart, all that was given had to be taken for the user's.
    let settings = run.provenance.asked.as_ref().map_or(given, |asked| &asked.settings);
    Conditions { settings: settings.clone(), given: Some(given.clone()), limits: run.server.limits }
}

/// The disks that were emulated beneath its servers, each once.
fn disks(run: &Run) -> Vec<EmulatedDisk> {
    let mut disks: Vec<EmulatedDisk> =
        run.servers_in_order().iter().filter_map(|facts| facts.disk.clone()).collect();
    disks.dedup();
    disks
}

/// Passes when the record has whole what the run gave its server.
fn check_kept(run: &Run) -> Result<()> {
    for (name, value) in &run.server.given {
        if redact::names_a_thing(value) {
            return Err(usage!(
                "cannot go on with this run: its setting {name} = {value} held what no record keeps; start a new run instead"
            ));
        }
    }
    if let Some(sql) = run.making.after.iter().find(|sql| redact::names_a_thing(sql)) {
        return Err(usage!(
            "cannot go on with this run: `{sql}`, which its experiment runs once the table is made, held what no record keeps; start a new run instead"
        ));
    }
    Ok(())
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

fn same_server(which: &str, before: &ServerFacts, now: &ServerFacts) -> Result<()> {
    let rule = |facts: &ServerFacts| facts.absent.rule().name();
    same(&format!("{which}: the rule of content"), rule(before), rule(now))?;
    same(&format!("{which}.version"), &before.version, &now.version)?;
    same(&format!("{which}.limits"), &before.limits.words(), &now.limits.words())?;
    let disk = |facts: &ServerFacts| facts.disk.as_ref().map_or_else(|| "a real one".into(), disk::spelling);
    same(&format!("{which}.disk"), &disk(before), &disk(now))?;
    for (name, value) in &before.settings {
        same(&format!("{which}.settings.{name}"), value, now.settings.get(name).map_or("", String::as_str))?;
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
