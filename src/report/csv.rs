//! `results.csv`: one row a sample, in whole nanoseconds and bytes, for spreadsheets and scripts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use anyhow::{Context, Result};

use crate::model::{CaseFacts, Cost, Outcome, Phase, Run, Sample};

type CostColumn = (&'static str, fn(&Cost) -> Option<u64>);

const COSTS: [CostColumn; 7] = [
    ("wal_bytes", |c| c.wal_bytes),
    ("table_bytes", |c| c.table_bytes),
    ("index_bytes", |c| c.index_bytes),
    ("client_cpu_ns", |c| c.client_cpu_ns),
    ("client_load_cpu_ns", |c| c.client_load_cpu_ns),
    ("client_peak_bytes", |c| c.client_peak_bytes),
    ("server_cpu_ns", |c| c.server_cpu_ns),
];

/// Only in records that have it: those from before keep their columns.
const CHECKPOINTS: CostColumn = ("checkpoints", |c| c.checkpoints);

/// All samples of a run, the warm-up (round 0) and failures included; a case whose trial failed is one
/// in round 0. What is unknown is empty.
///
/// # Errors
/// When a sample's case is not in the plan.
pub fn results(run: &Run, samples: &[Sample]) -> Result<String> {
    let overheads: BTreeSet<&str> =
        samples.iter().flat_map(|s| s.overhead.keys()).map(String::as_str).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let counted = samples.iter().any(|s| s.cost.checkpoints.is_some());
    let costs: Vec<CostColumn> = COSTS.into_iter().chain(counted.then_some(CHECKPOINTS)).collect();
    writer.write_record(header(&costs, &overheads)).context("writing the csv header")?;
    let trials = run.plan.cases.iter().filter_map(|case| failed_trial(run, case)).collect::<Vec<_>>();
    for sample in trials.iter().chain(samples) {
        let case = run.plan.cases.iter().find(|case| case.id == sample.case);
        let case = case.with_context(|| format!("a sample of {:?}, which the plan lacks", sample.case))?;
        writer.write_record(record(case, sample, &costs, &overheads)).context("writing a sample as csv")?;
    }
    let bytes = writer.into_inner().context("finishing the csv")?;
    String::from_utf8(bytes).context("the csv is not UTF-8")
}

/// A failed trial as a sample that failed.
fn failed_trial(run: &Run, case: &CaseFacts) -> Option<Sample> {
    Some(Sample {
        case: case.id.clone(),
        round: 0,
        position: 0,
        started: run.started.clone(),
        outcome: Outcome::Failed,
        error: Some(case.failed_trial.clone()?),
        rows: case.rows,
        total_ns: None,
        phases: BTreeMap::new(),
        cost: Cost::default(),
        end_state: None,
        session: None,
        overhead: BTreeMap::new(),
    })
}

fn header(costs: &[CostColumn], overheads: &BTreeSet<&str>) -> Vec<String> {
    let fixed = [
        "case",
        "method",
        "family",
        "role",
        "durability",
        "program",
        "params",
        "settings",
        "dataset",
        "collation",
        "latency_ms",
        "server",
        "against",
        "round",
        "position",
        "started",
        "outcome",
        "error",
        "rows",
        "total_ns",
    ];
    let phases = Phase::ALL.map(|p| format!("{}_ns", p.words().replace(' ', "_")));
    let costs = costs.iter().map(|(name, _)| name.to_string());
    let around = overheads.iter().map(|name| format!("overhead_{name}_ns"));
    let last = ["end_rows", "end_content", "end_persistence"].map(String::from);
    fixed.map(String::from).into_iter().chain(phases).chain(costs).chain(around).chain(last).collect()
}

fn record(
    case: &CaseFacts,
    sample: &Sample,
    costs: &[CostColumn],
    overheads: &BTreeSet<&str>,
) -> Vec<String> {
    let end = sample.end_state.as_ref();
    let mut fields = vec![
        case.id.clone(),
        case.method.clone(),
        case.family.clone(),
        named(&case.role),
        named(&sample.durability(case.durability).unwrap_or(case.durability)),
        or_empty(case.program_version()),
        pairs(&case.params),
        pairs(&case.settings),
        or_empty(case.dataset.as_ref()),
        or_empty(case.collation.as_ref()),
        or_empty(case.latency_ms),
        or_empty(case.server.as_ref()),
        or_empty(case.against.as_ref()),
        sample.round.to_string(),
        sample.position.to_string(),
        sample.started.clone(),
        named(&sample.outcome),
        sample.error.clone().unwrap_or_default(),
        sample.rows.to_string(),
        or_empty(sample.total_ns),
    ];
    fields.extend(Phase::ALL.map(|phase| or_empty(sample.phases.get(&phase))));
    fields.extend(costs.iter().map(|(_, cost)| or_empty(cost(&sample.cost))));
    fields.extend(overheads.iter().map(|name| or_empty(sample.overhead.get(*name))));
    fields.extend([
        or_empty(end.map(|e| e.rows)),
        end.map(|e| e.content.clone()).unwrap_or_default(),
        end.map(|e| e.persistence.clone()).unwrap_or_default(),
    ]);
    fields
}

fn or_empty(value: Option<impl Display>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

/// A variant by the name that the record gives it.
fn named(variant: &impl serde::Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(name)) => name,
        other => unreachable!("a variant without fields is written as a string, not {other:?}"),
    }
}

fn pairs<V: Display>(map: &std::collections::BTreeMap<String, V>) -> String {
    map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}
