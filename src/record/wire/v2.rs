//! Version 2, which is written: the words of the model, one to one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::{
    self, Asked, DatasetFacts, EndState, Machine, Plan, ProgramFacts, ServerFacts, SessionFacts, Tool,
};
use crate::model::{
    self, Axes, CaseKey, Durability, Limits, Moment, Outcome, Phase, Reading, Role, Rule, Step, WalOf, Work,
};
use crate::spelling::{Named, Scalar};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    schema: u32,
    provenance: Provenance,
    server: ServerFacts,
    dataset: DatasetFacts<Content>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table: Option<OwnTable>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    making: Option<Making>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    servers: BTreeMap<String, ServerFacts>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    datasets: BTreeMap<String, DatasetFacts<Content>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tables: BTreeMap<String, OwnTable>,
    plan: Plan<Case, Axis>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    statements: BTreeMap<String, Vec<Statement>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnTable {
    name: String,
    ddl: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parents: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    csv: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invented: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    listed: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

parts::same_fields!(OwnTable = model::OwnTable { name, ddl, parents, csv, invented, listed, notes });

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Making {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    after: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    distribute: Option<String>,
    /// Said for readers: it follows from the others.
    wal_of: Named<WalOf>,
}

impl From<model::Making> for Making {
    fn from(making: model::Making) -> Self {
        let wal_of = Named(making.wal_of());
        let model::Making { after, distribute } = making;
        Self { after, distribute, wal_of }
    }
}

impl From<Making> for model::Making {
    fn from(making: Making) -> Self {
        let Making { after, distribute, wal_of: _ } = making;
        Self { after, distribute }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    phase: Option<Named<Phase>>,
    sql: String,
    times: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provenance {
    tool: Tool,
    started: String,
    label: String,
    command: String,
    machine: Machine,
    asked: Option<Asked>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    rule: Named<Rule>,
    sum: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Axis {
    Method,
    Rows,
    Dataset,
    Collation,
    Latency,
    Cpus,
    Memory,
    Server,
    Flush,
    Param(String),
    Setting(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    key: Key,
    family: String,
    summary: String,
    program: Option<ProgramFacts>,
    work: Named<Work>,
    role: Named<Role>,
    durability: Named<Durability>,
    params: BTreeMap<String, Scalar>,
    against: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    rows: u64,
    rows_reason: Option<String>,
    unavailable: Option<String>,
    failed_trial: Option<String>,
    published_seconds: Option<f64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    method: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    params: BTreeMap<String, Scalar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dataset: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    collation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cpus: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memory_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    settings: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sample {
    case: String,
    slot: Slot,
    position: u32,
    started: String,
    outcome: Named<Outcome>,
    error: Option<String>,
    rows: u64,
    total_ns: Option<u64>,
    phases: BTreeMap<Named<Phase>, u64>,
    readings: BTreeMap<String, u64>,
    end_state: Option<EndState<Content>>,
    session: Option<SessionFacts>,
    overhead: BTreeMap<Named<Step>, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crash: Option<Crash>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Crash {
    phase: Option<Named<Phase>>,
    confirmed: u64,
    confirmed_there: u64,
    others_there: u64,
    foreign: Option<u64>,
    lost_ns: Option<u64>,
    hung: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    damage: Option<String>,
    recovery_ns: u64,
}

impl From<model::Crash> for Crash {
    fn from(crash: model::Crash) -> Self {
        let model::Crash {
            phase,
            confirmed,
            confirmed_there,
            others_there,
            foreign,
            lost_ns,
            hung,
            damage,
            recovery_ns,
        } = crash;
        let phase = phase.map(Named);
        Self { phase, confirmed, confirmed_there, others_there, foreign, lost_ns, hung, damage, recovery_ns }
    }
}

impl From<Crash> for model::Crash {
    fn from(crash: Crash) -> Self {
        let Crash {
            phase,
            confirmed,
            confirmed_there,
            others_there,
            foreign,
            lost_ns,
            hung,
            damage,
            recovery_ns,
        } = crash;
        let phase = phase.map(|named| named.0);
        Self { phase, confirmed, confirmed_there, others_there, foreign, lost_ns, hung, damage, recovery_ns }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Slot {
    WarmUp,
    Round(u32),
    Crash(Named<Moment>),
}

impl Run {
    /// As it is written.
    pub(crate) fn of(run: model::Run, schema: u32) -> Self {
        let model::Run { provenance, server, dataset, table, making, servers, datasets, tables, .. } = run;
        let (plan, statements) = (run.plan, run.statements);
        Self {
            schema,
            provenance: provenance.into(),
            server: server.into(),
            dataset: dataset.into(),
            table: table.map(Into::into),
            making: (!making.is_empty()).then(|| making.into()),
            servers: servers.into_iter().map(|(name, server)| (name, server.into())).collect(),
            datasets: datasets.into_iter().map(|(name, dataset)| (name, dataset.into())).collect(),
            tables: tables.into_iter().map(|(name, table)| (name, table.into())).collect(),
            plan: plan.into(),
            statements: statements.into_iter().map(|(case, sent)| (case, each(sent))).collect(),
        }
    }
}

impl TryFrom<Run> for model::Run {
    type Error = String;

    fn try_from(run: Run) -> Result<Self, String> {
        let Run { provenance, server, dataset, table, making, servers, datasets, tables, .. } = run;
        let (plan, statements) = (run.plan, run.statements);
        let datasets = datasets.into_iter().map(|(name, dataset)| Ok((name, dataset.try_into()?)));
        Ok(Self {
            provenance: provenance.into(),
            server: server.into(),
            dataset: dataset.try_into()?,
            table: table.map(Into::into),
            making: making.map(Into::into).unwrap_or_default(),
            servers: servers.into_iter().map(|(name, server)| (name, server.into())).collect(),
            datasets: datasets.collect::<Result<_, String>>()?,
            tables: tables.into_iter().map(|(name, table)| (name, table.into())).collect(),
            plan: plan.into_model(|axis, _| Some(axis.into())),
            statements: statements.into_iter().map(|(case, sent)| (case, each(sent))).collect(),
        })
    }
}

fn each<A, B: From<A>>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(Into::into).collect()
}

impl From<model::Statement> for Statement {
    fn from(statement: model::Statement) -> Self {
        let model::Statement { phase, sql, times } = statement;
        Self { phase: phase.map(Named), sql, times }
    }
}

impl From<Statement> for model::Statement {
    fn from(statement: Statement) -> Self {
        let Statement { phase, sql, times } = statement;
        Self { phase: phase.map(|named| named.0), sql, times }
    }
}

impl From<model::Provenance> for Provenance {
    fn from(provenance: model::Provenance) -> Self {
        let model::Provenance { tool, started, label, command, machine, asked } = provenance;
        let (tool, machine, asked) = (tool.into(), machine.into(), asked.map(Into::into));
        Self { tool, started, label, command, machine, asked }
    }
}

impl From<Provenance> for model::Provenance {
    fn from(provenance: Provenance) -> Self {
        let Provenance { tool, started, label, command, machine, asked } = provenance;
        let (tool, machine, asked) = (tool.into(), machine.into(), asked.map(Into::into));
        Self { tool, started, label, command, machine, asked }
    }
}

impl From<model::Content> for Content {
    fn from(content: model::Content) -> Self {
        let model::Content { rule, sum } = content;
        Self { rule: Named(rule), sum: sum.to_string() }
    }
}

impl TryFrom<Content> for model::Content {
    type Error = String;

    fn try_from(content: Content) -> Result<Self, String> {
        let Content { rule, sum } = content;
        Ok(Self { rule: rule.0, sum: parts::sum(&sum)? })
    }
}

impl From<model::Axis> for Axis {
    fn from(axis: model::Axis) -> Self {
        match axis {
            model::Axis::Method => Axis::Method,
            model::Axis::Rows => Axis::Rows,
            model::Axis::Dataset => Axis::Dataset,
            model::Axis::Collation => Axis::Collation,
            model::Axis::Latency => Axis::Latency,
            model::Axis::Cpus => Axis::Cpus,
            model::Axis::Memory => Axis::Memory,
            model::Axis::Server => Axis::Server,
            model::Axis::Flush => Axis::Flush,
            model::Axis::Param(name) => Axis::Param(name),
            model::Axis::Setting(name) => Axis::Setting(name),
        }
    }
}

impl From<Axis> for model::Axis {
    fn from(axis: Axis) -> Self {
        match axis {
            Axis::Method => model::Axis::Method,
            Axis::Rows => model::Axis::Rows,
            Axis::Dataset => model::Axis::Dataset,
            Axis::Collation => model::Axis::Collation,
            Axis::Latency => model::Axis::Latency,
            Axis::Cpus => model::Axis::Cpus,
            Axis::Memory => model::Axis::Memory,
            Axis::Server => model::Axis::Server,
            Axis::Flush => model::Axis::Flush,
            Axis::Param(name) => model::Axis::Param(name),
            Axis::Setting(name) => model::Axis::Setting(name),
        }
    }
}

impl From<model::Case> for Case {
    fn from(case: model::Case) -> Self {
        Self {
            id: case.id,
            key: case.key.into(),
            family: case.family,
            summary: case.summary,
            program: case.program.map(Into::into),
            work: Named(case.work),
            role: Named(case.role),
            durability: Named(case.durability),
            params: parts::to_params(case.params),
            against: case.against,
            step: case.step,
            rows: case.rows,
            rows_reason: case.rows_reason,
            unavailable: case.unavailable,
            failed_trial: case.failed_trial,
            published_seconds: case.published_seconds,
        }
    }
}

impl From<Case> for model::Case {
    fn from(case: Case) -> Self {
        Self {
            id: case.id,
            key: case.key.into(),
            family: case.family,
            summary: case.summary,
            program: case.program.map(Into::into),
            work: case.work.0,
            role: case.role.0,
            durability: case.durability.0,
            params: parts::from_params(case.params),
            against: case.against,
            step: case.step,
            rows: case.rows,
            rows_reason: case.rows_reason,
            unavailable: case.unavailable,
            failed_trial: case.failed_trial,
            published_seconds: case.published_seconds,
        }
    }
}

impl From<CaseKey> for Key {
    fn from(key: CaseKey) -> Self {
        let CaseKey { method, params, axes, server } = key;
        let Axes { rows, dataset, collation, latency_ms, limits, settings } = axes;
        let Limits { cpus, memory_bytes } = limits;
        let params = parts::to_params(params);
        Self { method, params, rows, dataset, collation, latency_ms, cpus, memory_bytes, settings, server }
    }
}

impl From<Key> for CaseKey {
    fn from(key: Key) -> Self {
        let Key { method, params, rows, dataset, collation, latency_ms, settings, server, .. } = key;
        let limits = Limits { cpus: key.cpus, memory_bytes: key.memory_bytes };
        let params = parts::from_params(params);
        Self { method, params, axes: Axes { rows, dataset, collation, latency_ms, limits, settings }, server }
    }
}

impl From<model::Sample> for Sample {
    fn from(sample: model::Sample) -> Self {
        Self {
            case: sample.case,
            slot: match sample.slot {
                model::Slot::WarmUp => Slot::WarmUp,
                model::Slot::Round(round) => Slot::Round(round),
                model::Slot::Crash(moment) => Slot::Crash(Named(moment)),
            },
            position: sample.position,
            started: sample.started,
            outcome: Named(sample.outcome),
            error: sample.error,
            rows: sample.rows,
            total_ns: sample.total_ns,
            phases: sample.phases.into_iter().map(|(phase, ns)| (Named(phase), ns)).collect(),
            readings: sample.readings.iter().map(|(reading, value)| (reading.name(), value)).collect(),
            end_state: sample.end_state.map(Into::into),
            session: sample.session.map(Into::into),
            overhead: sample.overhead.into_iter().map(|(step, ns)| (Named(step), ns)).collect(),
            crash: sample.crash.map(Into::into),
        }
    }
}

impl TryFrom<Sample> for model::Sample {
    type Error = String;

    fn try_from(sample: Sample) -> Result<Self, String> {
        let reading = |(name, value): (String, u64)| match Reading::named(&name) {
            Some(reading) => Ok((reading, value)),
            None => Err(format!("`readings` has {name:?}, which no metric is called")),
        };
        Ok(Self {
            case: sample.case,
            slot: match sample.slot {
                Slot::WarmUp => model::Slot::WarmUp,
                Slot::Round(0) => return Err("`slot` is round 0, and rounds count from 1".into()),
                Slot::Round(round) => model::Slot::Round(round),
                Slot::Crash(moment) => model::Slot::Crash(moment.0),
            },
            position: sample.position,
            started: sample.started,
            outcome: sample.outcome.0,
            error: sample.error,
            rows: sample.rows,
            total_ns: sample.total_ns,
            phases: sample.phases.into_iter().map(|(phase, ns)| (phase.0, ns)).collect(),
            readings: sample.readings.into_iter().map(reading).collect::<Result<_, _>>()?,
            end_state: sample.end_state.map(TryInto::try_into).transpose()?,
            session: sample.session.map(Into::into),
            overhead: sample.overhead.into_iter().map(|(step, ns)| (step.0, ns)).collect(),
            crash: sample.crash.map(Into::into),
        })
    }
}
