//! `results.csv`: one row a sample, in whole nanoseconds and bytes, for spreadsheets and scripts.

use std::collections::BTreeMap;
use std::fmt::Display;

use anyhow::{Context, Result};

use crate::disk;
use crate::model::metric::{About, Within};
use crate::model::{Case, Outcome, Phase, Reading, Readings, Run, Sample, Slot, Step};

/// All samples of a run, the warm-up (round 0) and failures included; a case whose trial failed is one
/// in round 0. What is unknown is empty.
///
/// # Errors
/// When a sample's case is not in the plan.
pub fn results(run: &Run, samples: &[Sample]) -> Result<String> {
    let mut overheads: Vec<Step> = Step::ALL.to_vec();
    overheads.retain(|step| samples.iter().any(|s| s.overhead.contains_key(step)));
    overheads.sort_by_key(|step| step.name());
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Records from before a metric was read keep their columns.
    let is_there = |reading: &Reading| {
        let About { in_all_files, within, .. } = reading.metric.about();
        let of_all = reading.phase.is_none_or(|phase| within == Within::Only(phase));
        in_all_files && of_all || samples.iter().any(|s| s.readings.get(*reading).is_some())
    };
    let costs: Vec<Reading> = Reading::all().filter(is_there).collect();
    // Only where a case limits its server.
    let limits = run.plan.cases.iter().any(|case| !case.key.axes.limits.is_empty());
    // Only where one is emulated.
    let disks = run.servers_in_order().iter().any(|server| server.disk.is_some());
    let columns = Columns { limits, disks, costs, overheads };
    writer.write_record(columns.header()).context("writing the csv header")?;
    let trials = run.plan.cases.iter().filter_map(|case| failed_trial(run, case)).collect::<Vec<_>>();
    for sample in trials.iter().chain(samples) {
        let case = run.plan.cases.iter().find(|case| case.id == sample.case);
        let case = case.with_context(|| format!("a sample of {:?}, which the plan lacks", sample.case))?;
        writer.write_record(columns.record(run, case, sample)).context("writing a sample as csv")?;
    }
    let bytes = writer.into_inner().context("finishing the csv")?;
    String::from_utf8(bytes).context("the csv is not UTF-8")
}

/// A failed trial as a sample that failed.
fn failed_trial(run: &Run, case: &Case) -> Option<Sample> {
    Some(Sample {
        case: case.id.clone(),
        slot: Slot::WarmUp,
        position: 0,
        started: run.provenance.started.clone(),
        outcome: Outcome::Failed,
        error: Some(case.failed_trial.clone()?),
        rows: case.rows,
        total_ns: None,
        phases: BTreeMap::new(),
        readings: Readings::default(),
        end_state: None,
        session: None,
        overhead: BTreeMap::new(),
        crash: None,
    })
}

/// The columns of a file.
struct Columns {
    /// Whether those of the server's limits are among them.
    limits: bool,
    /// Whether that of the disk that was emulated beneath the server is.
    disks: bool,
    costs: Vec<Reading>,
    overheads: Vec<Step>,
}

impl Columns {
    fn header(&self) -> Vec<String> {
        let case = [
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
        ];
        let limits: &[&str] = if self.limits { &["cpus", "memory_bytes"] } else { &[] };
        let disks: &[&str] = if self.disks { &["emulated_disk"] } else { &[] };
        let place =
            ["server", "against", "round", "position", "started", "outcome", "error", "rows", "total_ns"];
        let phases = Phase::ALL.map(|p| format!("{}_ns", p.words().replace(' ', "_")));
        let costs = self.costs.iter().map(|reading| reading.name());
        let around = self.overheads.iter().map(|step| format!("overhead_{}_ns", step.name()));
        let last = ["end_rows", "end_content", "end_persistence"].map(String::from);
        let fixed = case.iter().chain(limits).chain(disks).chain(&place).map(ToString::to_string);
        fixed.chain(phases).chain(costs).chain(around).chain(last).collect()
    }

    fn record(&self, run: &Run, case: &Case, sample: &Sample) -> Vec<String> {
        let end = sample.end_state.as_ref();
        let mut fields = vec![
            case.id.clone(),
            case.key.method.clone(),
            case.family.clone(),
            case.role.name().into(),
            sample.durability(case.durability).unwrap_or(case.durability).name().into(),
            or_empty(case.program_version()),
            pairs(&case.params),
            pairs(&case.key.axes.settings),
            or_empty(case.key.axes.dataset.as_ref()),
            or_empty(case.key.axes.collation.as_ref()),
            or_empty(case.key.axes.latency_ms),
        ];
        let limits = case.key.axes.limits;
        let limits = [or_empty(limits.cpus), or_empty(limits.memory_bytes)];
        fields.extend(limits.into_iter().filter(|_| self.limits));
        let emulated = run.server_of(case).and_then(|server| server.disk.as_ref());
        fields.extend(self.disks.then(|| or_empty(emulated.map(disk::spelling))));
        fields.extend([
            or_empty(case.key.server.as_ref()),
            or_empty(case.against.as_ref()),
            sample.slot.round().to_string(),
            sample.position.to_string(),
            sample.started.clone(),
            sample.outcome.name().into(),
            sample.error.clone().unwrap_or_default(),
            sample.rows.to_string(),
            or_empty(sample.total_ns),
        ]);
        fields.extend(Phase::ALL.map(|phase| or_empty(sample.phases.get(&phase))));
        fields.extend(self.costs.iter().map(|reading| or_empty(sample.readings.get(*reading))));
        fields.extend(self.overheads.iter().map(|step| or_empty(sample.overhead.get(step))));
        fields.extend([
            or_empty(end.map(|e| e.rows)),
            or_empty(end.map(|e| e.content)),
            or_empty(end.map(|e| e.persistence.name())),
        ]);
        fields
    }
}

fn or_empty(value: Option<impl Display>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

fn pairs<V: Display>(map: &std::collections::BTreeMap<String, V>) -> String {
    map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}
