//! What is not the same in all runs of a comparison, besides their results.

use super::run_axes;
use crate::model::{Disk, Run, ServerFacts};
use crate::units;

/// The value of a field that a run does not have.
pub(crate) const LACKING: &str = "-";

/// A field that is not the same in all runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDifference {
    /// Which field, as the record names it.
    pub field: String,
    /// Its value in each run; `-` where a run lacks it.
    pub values: Vec<String>,
}

/// The facts that explain results, field by field, where they are not all the same: settings, servers, machines,
/// and what was run.
pub(crate) fn differences(runs: &[&Run]) -> Vec<RunDifference> {
    let mut facts: Vec<Vec<(String, String)>> = runs.iter().map(|run| facts(run)).collect();
    for (axis, values) in run_axes::varied(runs) {
        for (facts, value) in facts.iter_mut().zip(values) {
            facts.insert(0, (format!("cases.{axis}"), value.unwrap_or_else(|| LACKING.into())));
        }
    }
    let mut fields: Vec<&String> = Vec::new();
    for (field, _) in facts.iter().flatten() {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    let value = |run: &[(String, String)], field: &str| {
        run.iter().find(|(name, _)| name == field).map_or(LACKING.to_string(), |(_, value)| value.clone())
    };
    let all: Vec<RunDifference> = fields
        .into_iter()
        .map(|field| RunDifference {
            field: field.clone(),
            values: facts.iter().map(|run| value(run, field)).collect(),
        })
        .filter(|difference| difference.values.iter().any(|v| *v != difference.values[0]))
        .collect();
    all.iter().filter(|difference| tells_something(difference, &all)).cloned().collect()
}

/// Whether a difference is not said by another one already, and is one of what was loaded.
fn tells_something(difference: &RunDifference, all: &[RunDifference]) -> bool {
    // A setting that the server shows as it was given.
    let given = difference.field.replacen(".settings.", ".given.", 1);
    let is_given = all.iter().any(|o| o.field == given && o.values == difference.values);
    // A file that one run had no use for.
    let no_file = difference.field.ends_with(".sha256") && difference.values.iter().any(|v| v == LACKING);
    !(no_file || is_given && given != difference.field)
}

fn facts(run: &Run) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    extend_with_settings(&mut facts, "server", &run.server);
    let or_lacking = |value: &Option<String>| value.clone().unwrap_or_else(|| LACKING.into());
    let add = |facts: &mut Vec<(String, String)>, fields: Vec<(&str, String)>| {
        facts.extend(fields.into_iter().map(|(name, value)| (name.to_string(), value)));
    };
    let (machine, server, plan) = (&run.provenance.machine, &run.server, &run.plan);
    add(
        &mut facts,
        vec![
            ("server.version", server.version.clone()),
            ("server.source", server.source.name().to_string()),
            ("server.image", or_lacking(&server.image)),
            ("server.transport", server.transport.clone()),
        ],
    );
    for (name, server) in &run.servers {
        let place = format!("servers.{name}");
        facts.push((format!("{place}.version"), server.version.clone()));
        extend_with_settings(&mut facts, &place, server);
    }
    let disk = |f: fn(&Disk) -> String| machine.disk.as_ref().map_or(LACKING.to_string(), f);
    let tool = &run.provenance.tool;
    add(
        &mut facts,
        vec![
            ("machine.cpu", machine.cpu.clone()),
            ("machine.cores", machine.cores.to_string()),
            ("machine.memory", units::bytes(machine.memory_bytes)),
            ("machine.disk.filesystem", disk(|d| d.filesystem.clone())),
            ("machine.disk.flushes_per_second", disk(|d| units::count(d.flushes_per_second))),
            ("machine.os", machine.os.clone()),
            ("machine.kernel", machine.kernel.clone()),
            ("machine.arch", machine.arch.clone()),
            ("machine.virtualization", or_lacking(&machine.virtualization)),
            ("plan.experiment", plan.experiment.clone()),
            ("plan.rounds", plan.rounds.to_string()),
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
            facts.push((format!("{place}.files.{}.sha256", encoding.name()), file.sha256.clone()));
        }
    }
    facts
}

fn extend_with_settings(facts: &mut Vec<(String, String)>, place: &str, server: &ServerFacts) {
    facts.extend(server.given.iter().map(|(k, v)| (format!("{place}.given.{k}"), v.clone())));
    facts.extend(server.settings.iter().map(|(k, v)| (format!("{place}.settings.{k}"), v.clone())));
}
