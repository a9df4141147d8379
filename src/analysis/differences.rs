//! What is not the same in all runs of a comparison, besides their results.

use super::facts::{Shown, of_fingerprint};
use super::run_axes;
use crate::disk;
use crate::distinct::distinct;
use crate::model::{Disk, Fact, Fingerprint, Limits, Machine, Run, ServerFacts, Source, size_words};
use crate::units;

/// The value of a field that a run does not have.
pub(crate) const LACKING: &str = "-";

/// The value of a fact of a run from before its fingerprint was kept.
const NOT_RECORDED: &str = "not recorded";

/// A field that is not the same in all runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDifference {
    /// Which field, as the record names it; of a fingerprint, the place and the fact.
    pub field: String,
    /// Its value in each run; `-` where a run lacks it.
    pub values: Vec<String>,
    /// The fact that it is, of a fingerprint.
    pub fact: Option<Fact>,
}

/// Fields of a run, each with its value.
type Fields = Vec<(String, Shown)>;

/// The facts that explain results, field by field, where they are not all the same: settings, servers, machines,
/// and what was run. Numbers that differ by less than a tenth are the same.
pub(crate) fn differences(runs: &[&Run]) -> Vec<RunDifference> {
    let mut all: Vec<Fields> = runs.iter().map(|run| facts(run)).collect();
    for (axis, values) in run_axes::varied(runs) {
        for (fields, value) in all.iter_mut().zip(values) {
            let value = Shown::exact(value.unwrap_or_else(|| LACKING.into()));
            fields.insert(0, (format!("cases.{axis}"), value));
        }
    }
    let names = distinct(all.iter().flatten().map(|(name, _)| name));
    let found: Vec<RunDifference> = names.into_iter().filter_map(|name| difference(name, &all)).collect();
    found.iter().filter(|difference| tells_something(difference, &found)).cloned().collect()
}

/// The values of a field, where they are not all the same. Of a fact only what is known of both counts.
fn difference(name: &str, runs: &[Fields]) -> Option<RunDifference> {
    let value = |run: &Fields| run.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let values: Vec<Option<Shown>> = runs.iter().map(value).collect();
    let fact = values.iter().flatten().find_map(|value| value.fact);
    let lacking = |run: &Fields| match fact.is_some() && is_unrecorded(name, run) {
        true => Shown::exact(NOT_RECORDED),
        false => Shown::exact(LACKING),
    };
    let known: Vec<Shown> = values.iter().flatten().cloned().collect();
    let values: Vec<Shown> =
        runs.iter().zip(values).map(|(run, value)| value.unwrap_or_else(|| lacking(run))).collect();
    let compared = if fact.is_some() { &known } else { &values };
    let differs = compared.iter().any(|a| compared.iter().any(|b| !a.is_like(b)));
    let values = values.into_iter().map(|value| value.words).collect();
    differs.then(|| RunDifference { field: name.to_owned(), values, fact })
}

/// Whether no fingerprint was kept of the place that a fact is of.
fn is_unrecorded(fact: &str, run: &Fields) -> bool {
    let Some((place, _)) = fact.rsplit_once('.') else { return false };
    let fingerprint = format!("{place}.fingerprint");
    run.iter().any(|(known, value)| *known == fingerprint && value.words == NOT_RECORDED)
}

/// Whether a difference is not said by another one already, and is one of what was loaded.
fn tells_something(difference: &RunDifference, all: &[RunDifference]) -> bool {
    // A setting that the server shows as it was given.
    let given = difference.field.replacen(".settings.", ".given.", 1);
    let is_given = all.iter().any(|o| o.field == given && o.values == difference.values);
    // A server on the client's machine.
    let of_machine = |o: &RunDifference| o.field.starts_with("machine.") && o.values == difference.values;
    let is_of_server = difference.fact.is_some() && difference.field.starts_with("server");
    let is_machine_s = is_of_server && all.iter().any(of_machine);
    // A file that one run had no use for.
    let no_file = difference.field.ends_with(".sha256") && difference.values.iter().any(|v| v == LACKING);
    !(no_file || is_machine_s || is_given && given != difference.field)
}

fn facts(run: &Run) -> Fields {
    let mut facts = Fields::new();
    extend_with_settings(&mut facts, "server", &run.server);
    let or_lacking = |value: &Option<String>| value.clone().unwrap_or_else(|| LACKING.into());
    let add = |facts: &mut Fields, fields: Vec<(&str, String)>| {
        facts.extend(fields.into_iter().map(|(name, value)| (name.to_string(), Shown::exact(value))));
    };
    let (machine, server, plan) = (&run.provenance.machine, &run.server, &run.plan);
    add(
        &mut facts,
        vec![
            ("server.version", server.version.clone()),
            ("server.source", server.source.name().to_string()),
            ("server.image", or_lacking(&server.image)),
            ("server.transport", server.transport.clone()),
            ("server.disk", emulated_or_real(server)),
        ],
    );
    extend_with_limits(&mut facts, run);
    extend_with_fingerprint(&mut facts, "server", &of_server(machine, server));
    for (name, server) in &run.servers {
        let place = format!("servers.{name}");
        facts.push((format!("{place}.version"), Shown::exact(server.version.clone())));
        facts.push((format!("{place}.disk"), Shown::exact(emulated_or_real(server))));
        extend_with_settings(&mut facts, &place, server);
        extend_with_fingerprint(&mut facts, &place, &of_server(machine, server));
    }
    let disk = |of: fn(&Disk) -> Shown| machine.disk.as_ref().map_or_else(|| Shown::exact(LACKING), of);
    let flushes = |d: &Disk| {
        let number = d.flushes_per_second;
        Shown::number(number, format!("{}/s", units::count(number)))
    };
    add(&mut facts, vec![("machine.cpu", machine.cpu.clone()), ("machine.cores", machine.cores.to_string())]);
    let memory = machine.memory_bytes;
    facts.extend([
        ("machine.memory".to_owned(), Shown::number(memory, units::bytes(memory))),
        ("machine.disk.filesystem".to_owned(), disk(|d| Shown::exact(d.filesystem.clone()))),
        ("machine.disk.flushes_per_second".to_owned(), disk(flushes)),
    ]);
    let tool = &run.provenance.tool;
    add(
        &mut facts,
        vec![
            ("machine.os", machine.os.clone()),
            ("machine.kernel", machine.kernel.clone()),
            ("machine.arch", machine.arch.clone()),
            ("machine.virtualization", or_lacking(&machine.virtualization)),
        ],
    );
    extend_with_fingerprint(&mut facts, "machine", &machine.fingerprint);
    add(
        &mut facts,
        vec![
            ("plan.experiment", plan.experiment.clone()),
            ("plan.rounds", plan.rounds.to_string()),
            (
                "plan.until",
                plan.until.as_ref().map_or(LACKING.into(), |until| format!("±{} %", until.percent)),
            ),
            ("plan.budget", units::seconds(plan.budget_ns)),
            ("tool.version", tool.version.clone()),
            ("tool.commit", or_lacking(&tool.commit)),
            ("tool.profile", tool.profile.clone()),
            ("dataset.origin", run.dataset.origin.clone()),
        ],
    );
    let others = run.datasets.iter().map(|(name, dataset)| (format!("datasets.{name}"), dataset));
    for (place, dataset) in [("dataset".to_string(), &run.dataset)].into_iter().chain(others) {
        for (encoding, file) in &dataset.files {
            let name = format!("{place}.files.{}.sha256", encoding.name());
            facts.push((name, Shown::exact(file.sha256.clone())));
        }
    }
    facts
}

/// What server and client may use of their machine.
fn extend_with_limits(facts: &mut Fields, run: &Run) {
    let or_all = |value: Option<String>| Shown::exact(value.unwrap_or_else(|| "all".into()));
    let client = run.provenance.asked.as_ref().and_then(|asked| asked.client_cpus);
    let Limits { cpus, memory_bytes } = run.server.limits;
    facts.extend([
        ("server.limits.cpus".to_owned(), or_all(cpus.map(|cpus| cpus.to_string()))),
        ("server.limits.memory".to_owned(), or_all(memory_bytes.map(size_words))),
        ("client.cpus".to_owned(), or_all(client.map(|cpus| cpus.to_string()))),
    ]);
}

fn extend_with_settings(facts: &mut Fields, place: &str, server: &ServerFacts) {
    let field = |kind: &str, (name, value): (&String, &String)| {
        (format!("{place}.{kind}.{name}"), Shown::exact(value.clone()))
    };
    facts.extend(server.given.iter().map(|setting| field("given", setting)));
    facts.extend(server.settings.iter().map(|setting| field("settings", setting)));
}

/// The disk beneath a server's data: how an emulated one is spelt.
fn emulated_or_real(server: &ServerFacts) -> String {
    server.disk.as_ref().map_or_else(|| "real".into(), |disk| format!("emulated: {}", disk::spelling(disk)))
}

/// What is known of a server and its machine, which that of the client is where it is a local one.
fn of_server(machine: &Machine, server: &ServerFacts) -> Fingerprint {
    if server.source != Source::Local || machine.fingerprint.is_empty() || server.fingerprint.is_empty() {
        return server.fingerprint.clone();
    }
    let mut known = machine.fingerprint.clone();
    known.words(Fact::Processor, Some(machine.cpu.clone()));
    known.words(Fact::Kernel, Some(machine.kernel.clone()));
    known.number(Fact::Memory, Some(machine.memory_bytes));
    known.words(Fact::FileSystem, machine.disk.as_ref().map(|disk| disk.filesystem.clone()));
    known.extend(server.fingerprint.clone());
    known
}

/// The facts of a fingerprint, and whether there is one at all.
fn extend_with_fingerprint(facts: &mut Fields, place: &str, fingerprint: &Fingerprint) {
    let words = if fingerprint.is_empty() { NOT_RECORDED } else { "recorded" };
    facts.push((format!("{place}.fingerprint"), Shown::exact(words)));
    facts.extend(of_fingerprint(fingerprint).map(|(name, value)| (format!("{place}.{name}"), value)));
}
