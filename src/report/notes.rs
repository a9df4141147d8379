//! Notes on a run's figures: its noise, what failed, what is missing, and what about the machine or the
//! server makes the figures unusual.

use std::collections::BTreeMap;

use super::worst::{named, worst};
use super::{emulated_label, evidence, scatter, worth};
use crate::analysis::machine_load::{self, Disturbance};
use crate::analysis::{Standings, Verdict, machine_speed, origin};
use crate::model::{Fact, FactValue, Run, Sample, WalOf};
use crate::probe::disk::Flushing;
use crate::stats::MIN_SAMPLES;
use crate::units;

/// A note, and how much it weighs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    /// Without it the figures are read wrongly.
    Warning(String),
    /// Good to know.
    Remark(String),
}

impl Note {
    /// Its words.
    pub(crate) fn text(&self) -> &str {
        match self {
            Note::Warning(text) | Note::Remark(text) => text,
        }
    }

    /// As plain text, a warning marked as such.
    pub(crate) fn line(&self) -> String {
        match self {
            Note::Warning(text) => format!("Warning: {text}"),
            Note::Remark(text) => text.clone(),
        }
    }
}

/// The notes of a run, warnings first.
pub(crate) fn notes(run: &Run, samples: &[Sample], standings: &Standings) -> Vec<Note> {
    let mut notes: Vec<Note> = warnings(run, samples, standings).into_iter().map(Note::Warning).collect();
    notes.extend(scatter::notes(standings).into_iter().map(Note::Remark));
    let mut noted: Vec<&Verdict> = Vec::new();
    for standing in &standings.cases {
        let id = &standing.summary.case.id;
        // At the first of the cases that share it.
        if !noted.contains(&&standing.verdict) {
            notes.extend(without_figure(standings, &standing.verdict));
            noted.push(&standing.verdict);
        }
        if !standing.notes.is_empty() {
            notes.push(Note::Remark(format!("{id}: {}", standing.notes.join("; "))));
        }
    }
    notes.extend(of_servers(run).into_iter().map(Note::Remark));
    notes.extend(super::rounds::remark(&run.plan).map(Note::Remark));
    notes.extend(evidence::missing(run, samples).into_iter().map(Note::Remark));
    notes.extend(programs(standings).into_iter().map(Note::Remark));
    notes.extend(slow_machine(samples).map(Note::Remark));
    let shared = Disturbance::ALL.into_iter().filter_map(|by| shared_machine(by, samples));
    notes.extend(shared.map(Note::Remark));
    if run.plan.any_build {
        notes.push(Note::Remark(any_build(run)));
    }
    notes.sort_by_key(|note| matches!(note, Note::Remark(_)));
    notes
}

/// Samples that the machine was slower in, none of which is left out or corrected.
fn slow_machine(samples: &[Sample]) -> Option<String> {
    let mut slow = machine_speed::slow(samples);
    slow.sort_by(|a, b| b.factor.total_cmp(&a.factor));
    let named = |slow: &machine_speed::Slow<'_>| named(slow.sample, &units::factor(slow.factor));
    (!slow.is_empty()).then(|| {
        format!(
            "The machine was slower around {} of the samples than around the median one, by a fixed piece of work timed \
             before and after each: {}",
            slow.len(),
            worst(slow.iter().map(named))
        )
    })
}

/// Samples that something took a part of the machine from, likewise.
fn shared_machine(by: Disturbance, samples: &[Sample]) -> Option<String> {
    let mut shared = machine_load::disturbed(by, samples);
    shared.sort_by(|a, b| b.share.total_cmp(&a.share));
    let most = units::percent(shared.first()?.share);
    let named = |one: &machine_load::Disturbed<'_>| named(one.sample, &units::percent(one.share));
    Some(format!(
        "The machine was not the load's alone in {} of the samples, in which up to {most} {}: {}",
        shared.len(),
        by.words(),
        worst(shared.iter().map(named))
    ))
}

/// Why cases have no figure to compare: once for all cases with this verdict, and for this reason.
fn without_figure(standings: &Standings, verdict: &Verdict) -> Option<Note> {
    let same = standings.cases.iter().filter(|standing| standing.verdict == *verdict);
    let ids: Vec<&str> = same.map(|standing| standing.summary.case.id.as_str()).collect();
    let line = |one: &str, many: &str, why: &str| match &ids[..] {
        [id] => format!("{id} {one}: {why}"),
        _ => format!("{} cases {many} ({}): {why}", ids.len(), ids.join(", ")),
    };
    Some(match verdict {
        Verdict::Failed(why) => Note::Warning(line("failed", "failed the same way", why)),
        Verdict::Unavailable(why) => {
            Note::Remark(line("is not available here", "are not available here", why))
        }
        Verdict::NotComparable(why) => Note::Remark(line("is not comparable", "are not comparable", why)),
        _ => return None,
    })
}

/// What makes the figures of a run worth less than they look, but for its failures.
pub(crate) fn warnings(run: &Run, samples: &[Sample], standings: &Standings) -> Vec<String> {
    let mut found = of_place(run, samples);
    found.extend(worth::warnings(run, samples, standings));
    found
}

/// What about the run as a whole, its machine and its server makes them so.
fn of_place(run: &Run, samples: &[Sample]) -> Vec<String> {
    let mut found = Vec::new();
    let mut warn = |text: String| found.push(text);
    let planned: usize = run.plan.order.iter().map(Vec::len).sum();
    let done = samples.iter().filter(|s| s.slot.counts()).count();
    if done < planned {
        warn(format!(
            "the run is not complete: {done} of {planned} samples; `bulkbench run --resume` goes on with it"
        ));
    }
    if run.provenance.tool.profile == "debug" {
        warn("this was a debug build, whose own work slows every load; build with --release".into());
    }
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        let servers =
            std::iter::once((None, &run.server)).chain(run.servers.iter().map(|(n, s)| (Some(n), s)));
        for (name, server) in servers {
            let value = server.settings.get(setting).or_else(|| server.given.get(setting));
            if value.is_some_and(|v| v == "off") {
                let name = name.map(|n| format!(" {n}")).unwrap_or_default();
                warn(format!(
                    "the server{name} ran with {setting} = off: its times leave out work that keeps data safe"
                ));
            }
        }
    }
    emulated_label::warnings(run).into_iter().for_each(&mut warn);
    if let Some(disk) = &run.provenance.machine.disk {
        implausible("the disk", disk.flushes_per_second).into_iter().for_each(&mut warn);
        if ["tmpfs", "ramfs"].contains(&disk.filesystem.as_str()) {
            warn(format!(
                "the server's data lay in memory ({}): on a disk, writing costs more than here",
                disk.filesystem
            ));
        }
    }
    // Those that lie on another than that; an emulated one has its own words.
    for server in run.servers_in_order().into_iter().filter(|server| server.disk.is_none()) {
        if let Some(FactValue::Number(flushes)) = server.fingerprint.get(Fact::Flushes) {
            implausible("the disk of a further server", *flushes).into_iter().for_each(&mut warn);
        }
    }
    if (run.plan.rounds as usize) < MIN_SAMPLES {
        warn(format!(
            "{} round{}: a claim needs {MIN_SAMPLES} rounds (--rounds {MIN_SAMPLES} or more)",
            run.plan.rounds,
            if run.plan.rounds == 1 { "" } else { "s" }
        ));
    }
    found
}

/// That a disk confirms flushes faster than any medium could; `None` where it does not.
fn implausible(disk: &str, flushes_per_second: u64) -> Option<String> {
    (Flushing::judge(flushes_per_second) == Flushing::Implausible).then(|| {
        format!(
            "{disk} confirmed {} flushes a second, more than a drive that really flushes: \
             on an ordinary disk commits cost more than here",
            units::count(flushes_per_second)
        )
    })
}

/// What to know of servers that are not plain PostgreSQL, a line each.
fn of_servers(run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    for server in run.servers_in_order() {
        if !server.limits.is_empty() {
            lines.push(format!(
                "The server was held to {} of a machine that has more: the kernel kept it to that, and the rest (disk, caches, \
                 clock) is the machine's own.",
                server.limits.words()
            ));
        }
        if !server.is_postgres() {
            lines.push(format!(
                "The server is not PostgreSQL itself: {}. What a crash leaves is said of each method by PostgreSQL's \
                 documentation, and unproven on this server.",
                server.version
            ));
        }
        // What is a matter of rights is said with the evidence.
        let lacks = server.absent.iter().filter(|(ability, _)| ability.right().is_none());
        let names: Vec<&str> = lacks.map(|(ability, _)| ability.name()).collect();
        if !names.is_empty() {
            lines.push(format!(
                "The server lacks what PostgreSQL has, or refuses it to this role; Server says each in its words: {}.",
                names.join(", ")
            ));
        }
    }
    if run.making.wal_of() == WalOf::Coordinator {
        lines.push(
            "The table is distributed: WAL is the coordinator's alone, and what other nodes wrote is in no figure."
                .into(),
        );
    }
    lines
}

/// The external programs that samples start, a line each.
fn programs(standings: &Standings) -> Vec<String> {
    let mut cases: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in standings.cases.iter().map(|standing| &standing.summary.case) {
        if let Some(version) = case.program_version() {
            cases.entry(version).or_default().push(&case.id);
        }
    }
    let line = |(version, ids): (&str, Vec<&str>)| {
        format!(
            "each sample starts a program, {version}, and its start-up is in the time: {}",
            ids.join(", ")
        )
    };
    cases.into_iter().map(line).collect()
}

/// The sentence on what `--any-build` lets be compared.
fn any_build(run: &Run) -> String {
    let mut origins: Vec<String> =
        run.servers.values().map(|server| origin::build_origin(&server.version)).collect();
    origins.sort();
    origins.dedup();
    let held = match origins.len() {
        0 | 1 => "here they are all of one".to_owned(),
        _ => format!("what differs may be the build and not the version: {}", origins.join("; ")),
    };
    format!("Servers are compared whatever the origin of their builds (--any-build); {held}.")
}
