//! Version 1, which is only read (that it can be written is for [`super::super::json`], which holds the one against
//! the other). It had a case's texts apart and not what makes a case one, and the readings
//! of a sample as fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::{
    self, Asked, DatasetFacts, EndState, Machine, Plan, ProgramFacts, ServerFacts, SessionFacts, Tool,
};
use crate::model::{
    self, Axes, CaseKey, Content, Durability, Limits, Metric, Outcome, Phase, Provenance, Reading, Role,
    Slot, Step, Work,
};
use crate::spelling::{Named, Scalar};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    schema: u32,
    tool: Tool,
    started: String,
    label: String,
    command: String,
    machine: Machine,
    server: ServerFacts,
    dataset: DatasetFacts<Sum>,
    #[serde(default)]
    servers: BTreeMap<String, ServerFacts>,
    #[serde(default)]
    datasets: BTreeMap<String, DatasetFacts<Sum>>,
    #[serde(default)]
    asked: Option<Asked>,
    plan: Plan<Case, String>,
}

/// A sum of rows' hashes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Sum(String);

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    method: String,
    family: String,
    summary: String,
    #[serde(default)]
    program: Option<ProgramFacts>,
    #[serde(default = "load")]
    work: Named<Work>,
    role: Named<Role>,
    durability: Named<Durability>,
    params: BTreeMap<String, Scalar>,
    settings: BTreeMap<String, String>,
    #[serde(default)]
    dataset: Option<String>,
    #[serde(default)]
    collation: Option<String>,
    #[serde(default)]
    latency_ms: Option<u64>,
    #[serde(default)]
    server: Option<String>,
    #[serde(default)]
    against: Option<String>,
    rows: u64,
    rows_reason: Option<String>,
    unavailable: Option<String>,
    #[serde(default)]
    failed_trial: Option<String>,
    published_seconds: Option<f64>,
}

fn load() -> Named<Work> {
    Named(Work::Load)
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sample {
    case: String,
    round: u32,
    position: u32,
    started: String,
    outcome: Named<Outcome>,
    error: Option<String>,
    rows: u64,
    total_ns: Option<u64>,
    phases: BTreeMap<Named<Phase>, u64>,
    cost: Cost,
    end_state: Option<EndState<Sum>>,
    #[serde(default)]
    session: Option<SessionFacts>,
    overhead: BTreeMap<Named<Step>, u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    wal_bytes: Option<u64>,
    table_bytes: Option<u64>,
    index_bytes: Option<u64>,
    client_cpu_ns: Option<u64>,
    client_load_cpu_ns: Option<u64>,
    client_peak_bytes: Option<u64>,
    server_cpu_ns: Option<u64>,
    #[serde(default)]
    checkpoints: Option<u64>,
}

impl TryFrom<Run> for model::Run {
    type Error = String;

    fn try_from(run: Run) -> Result<Self, String> {
        let Run {
            schema: _,
            tool,
            started,
            label,
            command,
            machine,
            server,
            dataset,
            servers,
            datasets,
            asked,
            plan,
        } = run;
        let provenance = Provenance {
            tool: tool.into(),
            started,
            label,
            command,
            machine: machine.into(),
            asked: asked.map(Into::into),
        };
        let datasets = datasets.into_iter().map(|(name, dataset)| Ok((name, dataset.try_into()?)));
        Ok(Self {
            provenance,
            server: server.into(),
            dataset: dataset.try_into()?,
            table: None,
            making: model::Making::default(),
            servers: servers.into_iter().map(|(name, server)| (name, server.into())).collect(),
            datasets: datasets.collect::<Result<_, String>>()?,
            tables: BTreeMap::new(),
            // An axis that no case has draws no curve.
            plan: plan.into_model(|name, cases| CaseKey::axis(&name, cases.iter().map(|case| &case.key))),
            statements: BTreeMap::new(),
        })
    }
}

impl TryFrom<Sum> for Content {
    type Error = String;

    fn try_from(Sum(sum): Sum) -> Result<Self, String> {
        parts::sum(&sum).map(Content::of_hashes)
    }
}

impl From<Case> for model::Case {
    fn from(case: Case) -> Self {
        // Only its id tells which parameters the experiment gave, and whether it gave rows.
        let given = |name: &str| {
            let start = format!("{name}=");
            case.id.split(' ').find_map(|word| word.strip_prefix(&start))
        };
        let key = CaseKey {
            method: case.method,
            params: case
                .params
                .iter()
                .filter(|(name, _)| given(name).is_some())
                .map(|(name, value)| (name.clone(), value.0.clone()))
                .collect(),
            axes: Axes {
                rows: given("rows").and_then(|rows| rows.parse().ok()),
                dataset: case.dataset,
                collation: case.collation,
                latency_ms: case.latency_ms,
                limits: Limits::default(),
                settings: case.settings,
            },
            server: case.server,
        };
        Self {
            id: case.id,
            key,
            family: case.family,
            summary: case.summary,
            program: case.program.map(Into::into),
            work: case.work.0,
            role: case.role.0,
            durability: case.durability.0,
            params: parts::from_params(case.params),
            against: case.against,
            step: None,
            rows: case.rows,
            rows_reason: case.rows_reason,
            unavailable: case.unavailable,
            failed_trial: case.failed_trial,
            published_seconds: case.published_seconds,
        }
    }
}

impl TryFrom<Sample> for model::Sample {
    type Error = String;

    fn try_from(sample: Sample) -> Result<Self, String> {
        Ok(Self {
            case: sample.case,
            slot: match sample.round {
                0 => Slot::WarmUp,
                round => Slot::Round(round),
            },
            position: sample.position,
            started: sample.started,
            outcome: sample.outcome.0,
            error: sample.error,
            rows: sample.rows,
            total_ns: sample.total_ns,
            phases: sample.phases.into_iter().map(|(phase, ns)| (phase.0, ns)).collect(),
            readings: sample.cost.into(),
            end_state: sample.end_state.map(TryInto::try_into).transpose()?,
            session: sample.session.map(Into::into),
            overhead: sample.overhead.into_iter().map(|(step, ns)| (step.0, ns)).collect(),
            crash: None,
        })
    }
}

impl From<Cost> for model::Readings {
    fn from(cost: Cost) -> Self {
        let whole = |metric: Metric, value: Option<u64>| Some((Reading::from(metric), value?));
        let client_load = Reading::from(Metric::ClientCpu).within(Phase::Load);
        let readings = [
            whole(Metric::Wal, cost.wal_bytes),
            whole(Metric::Table, cost.table_bytes),
            whole(Metric::Indexes, cost.index_bytes),
            whole(Metric::ClientCpu, cost.client_cpu_ns),
            cost.client_load_cpu_ns.map(|ns| (client_load, ns)),
            whole(Metric::ClientMemory, cost.client_peak_bytes),
            whole(Metric::ServerCpu, cost.server_cpu_ns),
            whole(Metric::Checkpoints, cost.checkpoints),
        ];
        readings.into_iter().flatten().collect()
    }
}
