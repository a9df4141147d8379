//! The parts that all versions have in common so far. A version that changes a part has one of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::until::Until;
use crate::model::{self, Ability, Before, CrashKind, Encoding, Fact, Moment, Persistence, Source};
use crate::spelling::{Named, Scalar};

/// Two structures of the same fields, made of each other.
macro_rules! same_fields {
    ($wire:ident = $model:path { $($field:ident),+ $(,)? }) => {
        impl From<$model> for $wire {
            fn from(model: $model) -> Self {
                let $model { $($field),+ } = model;
                Self { $($field),+ }
            }
        }
        impl From<$wire> for $model {
            fn from(wire: $wire) -> Self {
                let $wire { $($field),+ } = wire;
                Self { $($field),+ }
            }
        }
    };
}

pub(super) use same_fields;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tool {
    name: String,
    version: String,
    commit: Option<String>,
    profile: String,
}

same_fields!(Tool = model::Tool { name, version, commit, profile });

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Machine {
    os: String,
    kernel: String,
    arch: String,
    cpu: String,
    cores: u32,
    memory_bytes: u64,
    virtualization: Option<String>,
    disk: Option<Disk>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fingerprint: BTreeMap<Named<Fact>, FactValue>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum FactValue {
    Number(u64),
    Words(String),
}

impl From<model::FactValue> for FactValue {
    fn from(value: model::FactValue) -> Self {
        match value {
            model::FactValue::Number(number) => Self::Number(number),
            model::FactValue::Words(words) => Self::Words(words),
        }
    }
}

impl From<FactValue> for model::FactValue {
    fn from(value: FactValue) -> Self {
        match value {
            FactValue::Number(number) => Self::Number(number),
            FactValue::Words(words) => Self::Words(words),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Disk {
    filesystem: String,
    flushes_per_second: u64,
}

same_fields!(Disk = model::Disk { filesystem, flushes_per_second });

fn to_facts(fingerprint: &model::Fingerprint) -> BTreeMap<Named<Fact>, FactValue> {
    fingerprint.iter().map(|(fact, value)| (Named(fact), value.clone().into())).collect()
}

fn from_facts(facts: BTreeMap<Named<Fact>, FactValue>) -> model::Fingerprint {
    facts.into_iter().map(|(fact, value)| (fact.0, value.into())).collect()
}

impl From<model::Machine> for Machine {
    fn from(machine: model::Machine) -> Self {
        let fingerprint = to_facts(&machine.fingerprint);
        let model::Machine { os, kernel, arch, cpu, cores, memory_bytes, virtualization, disk, .. } = machine;
        let disk = disk.map(Into::into);
        Self { os, kernel, arch, cpu, cores, memory_bytes, virtualization, disk, fingerprint }
    }
}

impl From<Machine> for model::Machine {
    fn from(machine: Machine) -> Self {
        let Machine { os, kernel, arch, cpu, cores, memory_bytes, virtualization, disk, fingerprint } =
            machine;
        let fingerprint = from_facts(fingerprint);
        let disk = disk.map(Into::into);
        Self { os, kernel, arch, cpu, cores, memory_bytes, virtualization, disk, fingerprint }
    }
}

#[derive(Debug, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Limits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cpus: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memory_bytes: Option<u64>,
}

same_fields!(Limits = model::Limits { cpus, memory_bytes });

impl Limits {
    fn is_empty(&self) -> bool {
        self.cpus.is_none() && self.memory_bytes.is_none()
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerFacts {
    source: Named<Source>,
    reason: String,
    version_num: u32,
    version: String,
    image: Option<String>,
    transport: String,
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    limits: Limits,
    given: BTreeMap<String, String>,
    settings: BTreeMap<String, String>,
    /// What it lacks, with its words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    absent: BTreeMap<Named<Ability>, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fingerprint: BTreeMap<Named<Fact>, FactValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unmeasured: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disk: Option<EmulatedDisk>,
}

/// The figures of an emulated disk; those that are absent limit nothing.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EmulatedDisk {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    write_bytes_per_second: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_bytes_per_second: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operations_per_second: Option<u64>,
    flush_ns: u64,
    seek_ns: u64,
}

same_fields!(
    EmulatedDisk = model::EmulatedDisk {
        class,
        write_bytes_per_second,
        read_bytes_per_second,
        operations_per_second,
        flush_ns,
        seek_ns,
    }
);

impl From<model::ServerFacts> for ServerFacts {
    fn from(server: model::ServerFacts) -> Self {
        let absent = server.absent.iter().map(|(ability, why)| (Named(ability), why.to_owned())).collect();
        Self {
            source: Named(server.source),
            reason: server.reason,
            version_num: server.version_num,
            version: server.version,
            image: server.image,
            transport: server.transport,
            limits: server.limits.into(),
            given: server.given,
            settings: server.settings,
            absent,
            fingerprint: to_facts(&server.fingerprint),
            unmeasured: server.unmeasured,
            disk: server.disk.map(Into::into),
        }
    }
}

impl From<ServerFacts> for model::ServerFacts {
    fn from(server: ServerFacts) -> Self {
        Self {
            source: server.source.0,
            reason: server.reason,
            version_num: server.version_num,
            version: server.version,
            image: server.image,
            transport: server.transport,
            limits: server.limits.into(),
            given: server.given,
            settings: server.settings,
            absent: server.absent.into_iter().map(|(ability, why)| (ability.0, why)).collect(),
            fingerprint: from_facts(server.fingerprint),
            unmeasured: server.unmeasured,
            disk: server.disk.map(Into::into),
        }
    }
}

/// A dataset, whose content is written as `C`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatasetFacts<C> {
    origin: String,
    rows: u64,
    seed: Option<u64>,
    content: C,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<String>,
    /// Size and SHA-256 of each encoding.
    files: BTreeMap<Named<Encoding>, FileFacts>,
}

impl<C: From<model::Content>> From<model::DatasetFacts> for DatasetFacts<C> {
    fn from(dataset: model::DatasetFacts) -> Self {
        let model::DatasetFacts { origin, rows, seed, content, unknown, files } = dataset;
        let files = files.into_iter().map(|(encoding, file)| (Named(encoding), file.into())).collect();
        Self { origin, rows, seed, content: content.into(), unknown, files }
    }
}

impl<C: TryInto<model::Content, Error = String>> TryFrom<DatasetFacts<C>> for model::DatasetFacts {
    type Error = String;

    fn try_from(dataset: DatasetFacts<C>) -> Result<Self, String> {
        let DatasetFacts { origin, rows, seed, content, unknown, files } = dataset;
        let files = files.into_iter().map(|(encoding, file)| (encoding.0, file.into())).collect();
        Ok(Self { origin, rows, seed, content: content.try_into()?, unknown, files })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileFacts {
    bytes: u64,
    sha256: String,
}

same_fields!(FileFacts = model::FileFacts { bytes, sha256 });

/// A plan, whose cases are written as `C` and whose axis as `A`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan<C, A> {
    experiment: String,
    title: String,
    question: String,
    published: Option<String>,
    rounds: u32,
    rows: u64,
    seed: u64,
    budget_ns: u64,
    cases: Vec<C>,
    order: Vec<Vec<usize>>,
    grouping: Option<String>,
    x: Option<A>,
    #[serde(default)]
    any_build: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crash: Option<CrashPlan>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Until>,
}

impl<C: From<model::Case>, A: From<model::Axis>> From<model::Plan> for Plan<C, A> {
    fn from(plan: model::Plan) -> Self {
        Self {
            experiment: plan.experiment,
            title: plan.title,
            question: plan.question,
            published: plan.published,
            rounds: plan.rounds,
            rows: plan.rows,
            seed: plan.seed,
            budget_ns: plan.budget_ns,
            cases: plan.cases.into_iter().map(Into::into).collect(),
            order: plan.order,
            grouping: plan.grouping,
            x: plan.x.map(Into::into),
            any_build: plan.any_build,
            crash: plan.crash.map(Into::into),
            until: plan.until.map(Into::into),
        }
    }
}

impl<C: Into<model::Case>, A> Plan<C, A> {
    /// The plan, its axis found among its cases.
    pub(crate) fn into_model(
        self,
        axis: impl FnOnce(A, &[model::Case]) -> Option<model::Axis>,
    ) -> model::Plan {
        let cases: Vec<model::Case> = self.cases.into_iter().map(Into::into).collect();
        model::Plan {
            experiment: self.experiment,
            title: self.title,
            question: self.question,
            published: self.published,
            rounds: self.rounds,
            rows: self.rows,
            seed: self.seed,
            budget_ns: self.budget_ns,
            x: self.x.and_then(|written| axis(written, &cases)),
            cases,
            order: self.order,
            grouping: self.grouping,
            any_build: self.any_build,
            crash: self.crash.map(Into::into),
            until: self.until.map(Into::into),
        }
    }
}

/// The crashes of a run; each of its order as the index of a case and a moment.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CrashPlan {
    kind: Named<CrashKind>,
    rows: u64,
    order: Vec<(usize, Named<Moment>)>,
}

impl From<model::CrashPlan> for CrashPlan {
    fn from(plan: model::CrashPlan) -> Self {
        let model::CrashPlan { kind, rows, order } = plan;
        let order = order.into_iter().map(|(case, moment)| (case, Named(moment))).collect();
        Self { kind: Named(kind), rows, order }
    }
}

impl From<CrashPlan> for model::CrashPlan {
    fn from(plan: CrashPlan) -> Self {
        let CrashPlan { kind, rows, order } = plan;
        Self { kind: kind.0, rows, order: order.into_iter().map(|(case, moment)| (case, moment.0)).collect() }
    }
}

/// The table that a load left, whose content is written as `C`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndState<C> {
    rows: u64,
    content: C,
    persistence: Named<Persistence>,
    structure: Vec<String>,
}

impl<C: From<model::Content>> From<model::EndState> for EndState<C> {
    fn from(end: model::EndState) -> Self {
        let model::EndState { rows, content, persistence, structure } = end;
        Self { rows, content: content.into(), persistence: Named(persistence), structure }
    }
}

impl<C: TryInto<model::Content, Error = String>> TryFrom<EndState<C>> for model::EndState {
    type Error = String;

    fn try_from(end: EndState<C>) -> Result<Self, String> {
        let EndState { rows, content, persistence, structure } = end;
        Ok(Self { rows, content: content.try_into()?, persistence: persistence.0, structure })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProgramFacts {
    command: String,
    version: Option<String>,
    #[serde(default)]
    definition: Option<String>,
}

same_fields!(ProgramFacts = model::ProgramFacts { command, version, definition });

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionFacts {
    settings: BTreeMap<String, String>,
    disabled_triggers: u64,
    before: Named<Before>,
}

impl From<model::SessionFacts> for SessionFacts {
    fn from(session: model::SessionFacts) -> Self {
        let model::SessionFacts { settings, disabled_triggers, before } = session;
        Self { settings, disabled_triggers, before: Named(before) }
    }
}

impl From<SessionFacts> for model::SessionFacts {
    fn from(session: SessionFacts) -> Self {
        let SessionFacts { settings, disabled_triggers, before } = session;
        Self { settings, disabled_triggers, before: before.0 }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    own_experiment: bool,
    loaders: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    caveats: Vec<String>,
    methods: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claim: Option<String>,
    dataset: Option<String>,
    settings: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_cpus: Option<u32>,
    timeout_seconds: u64,
    data_dir: bool,
}

same_fields!(
    Asked = model::Asked {
        own_experiment,
        loaders,
        caveats,
        methods,
        claim,
        dataset,
        settings,
        client_cpus,
        timeout_seconds,
        data_dir
    }
);

pub(crate) fn to_params(params: model::Params) -> BTreeMap<String, Scalar> {
    params.into_iter().map(|(name, value)| (name, Scalar(value))).collect()
}

pub(crate) fn from_params(params: BTreeMap<String, Scalar>) -> model::Params {
    params.into_iter().map(|(name, value)| (name, value.0)).collect()
}

/// A content sum as it is written: in decimal, as JSON's numbers are no 128 bits wide everywhere.
pub(crate) fn sum(text: &str) -> Result<i128, String> {
    text.parse().map_err(|_| format!("`content` is {text:?}, and a sum is a whole number in decimal"))
}
