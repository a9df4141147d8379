//! `bulkbench run` of an experiment that lists caveats: what happens to dirty rows, and what helps.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::measured::{Measured, measured};
use super::output::print;
use super::result_dir::{self, new_directory, writable};
use super::run_args::Args;
use super::unfinished::Unfinished;
use super::{dry_run, repeat};
use crate::caveat::{self, Bench, Caveat};
use crate::dataset::default_cache;
use crate::experiment::Experiment;
use crate::interrupt::Interrupt;
use crate::method::Catalogue;
use crate::model::findings::{Findings, Verdict};
use crate::model::{Provenance, Tool, now};
use crate::record::Document;
use crate::redact::Redactor;
use crate::report::{self, Look};
use crate::usage;

/// Tries every caveat of the experiment, its csv files also by these loaders of the user's; records what
/// was found, and reports it.
pub(crate) fn run_caveats(
    args: &Args,
    catalogue: &Catalogue,
    experiment: &Experiment,
    loaders: &[String],
    interrupt: &Interrupt,
) -> Result<ExitCode> {
    check_flags(args)?;
    let caveats = chosen(args, experiment)?;
    let wanted = args.place.wanted(&args.place.choice()?, false)?;
    if wanted.len() > 1 {
        return Err(usage!(
            "{} servers are named, and {} tries one at a time; run it once for each",
            wanted.len(),
            experiment.id
        ));
    }
    if args.dry_run {
        return dry_run::print_caveats(args, experiment, &caveats, loaders, &wanted);
    }
    writable(&args.out)?;

    // Beside the datasets: there a server under another user can read.
    let dir = default_cache()?;
    std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
    let servers =
        args.place.open_for(wanted, &args.conditions(), std::slice::from_ref(&dir), 0, interrupt)?;
    let outcome = (|| {
        let server = servers.main();
        let bench = Bench { catalogue, server, dir: &dir, loaders, timeout: args.timeout(None) };
        let started = now();
        let ids = || caveats.iter().map(|caveat| caveat.id.clone()).collect();
        let mut asked = args.asked(experiment, loaders);
        if !args.caveats.is_empty() {
            asked.caveats = ids();
        }
        let Measured { machine, server: facts, .. } = measured(&servers)?;
        let mut findings = Findings {
            provenance: Provenance {
                tool: Tool::this(),
                started: started.clone(),
                label: args.label.clone(),
                command: String::new(),
                machine,
                asked: Some(asked.clone()),
            },
            server: facts,
            experiment: experiment.id.clone(),
            title: experiment.title.clone(),
            question: experiment.question.clone(),
            caveats: Vec::new(),
            pending: ids(),
        };
        findings.provenance.command = repeat::findings_command(&findings, &asked);
        let redactor = servers.redactor();
        let mut findings = findings.redacted(&redactor);
        let dir = new_directory(&args.out, &args.label, &started, &experiment.id)?;
        findings.write(&dir).inspect_err(|_| result_dir::abandon(&dir))?;
        let examined = examine(&bench, &caveats, &mut findings, &redactor, &dir);
        let reported = report::findings::write_all(&dir);
        examined.with_context(|| Unfinished::Findings { dir: dir.clone() })?;
        reported?;
        print(&report::findings::terminal(&findings, &dir, Look::of_stdout())?)?;
        let failed =
            findings.caveats.iter().flat_map(|c| &c.findings).filter(|f| f.verdict == Verdict::Failed);
        match failed.count() {
            0 => Ok(ExitCode::SUCCESS),
            n => {
                crate::say!("{n} ways ended in an error of this program; the reports say which and why");
                Ok(ExitCode::FAILURE)
            }
        }
    })();
    servers.closing(outcome)
}

/// The caveats that the flags name, else all of the experiment's.
fn chosen(args: &Args, experiment: &Experiment) -> Result<Vec<Caveat>> {
    let names = if args.caveats.is_empty() { &experiment.caveats } else { &args.caveats };
    let mut chosen: Vec<Caveat> = Vec::new();
    for name in names {
        let caveat = caveat::find(name)?;
        if chosen.iter().any(|other| other.id == caveat.id) {
            return Err(usage!("the caveat `{}` is named twice; leave one out", caveat.id));
        }
        chosen.push(caveat);
    }
    Ok(chosen)
}

/// Examines each caveat; every finding is on the disk before the next is looked for.
fn examine(
    bench: &Bench<'_>,
    caveats: &[Caveat],
    findings: &mut Findings,
    redactor: &Redactor,
    dir: &Path,
) -> Result<()> {
    for (number, caveat) in caveats.iter().enumerate() {
        crate::say!("{} of {}: {}", number + 1, caveats.len(), caveat.title);
        findings.caveats.push(caveat::facts(caveat));
        bench.examine_each(caveat, &mut |finding| {
            findings.caveats[number].findings.push(finding.redacted(redactor));
            findings.write(dir)
        })?;
        findings.pending.retain(|id| *id != caveat.id);
        findings.write(dir)?;
    }
    Ok(())
}

/// Flags about times have nothing to say here.
fn check_flags(args: &Args) -> Result<()> {
    let given = [
        ("--rows", args.rows.is_some()),
        ("--rounds", args.rounds.is_some()),
        ("--until", args.until.until.is_some()),
        ("--methods", !args.methods.is_empty()),
        ("--dataset", args.dataset.is_some()),
        ("--seed", args.seed.is_some()),
        ("--any-build", args.any_build),
        ("--distribute", args.distribute.is_some()),
        ("--quick", args.quick),
        ("--budget", args.budget.is_some()),
        ("--cpus", args.limits.cpus.is_some()),
        ("--memory", args.limits.memory.is_some()),
        ("--client-cpus", args.limits.client_cpus.is_some()),
        ("--crash", args.crash.is_some()),
        ("--crash-rows", args.crash_rows.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(usage!(
            "{flag} is for experiments that take times; {} tries small files of its own, once and within seconds: leave {flag} out",
            args.experiment
        )),
        None => Ok(()),
    }
}
