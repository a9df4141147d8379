//! A run as JSON of its own: where it ran, its cases with figures and verdicts, and each sample. `docs/export.schema.json`
//! says what stands where. What is added changes both; what is renamed or removed raises [`VERSION`] as well.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::parts::{emulated_disk, parameters, slot};
use crate::analysis::{Standing, Standings, bound};
use crate::model::{FactValue, Fingerprint, Run, Sample, ServerFacts};
use crate::report::json::{Figure, pretty};

/// The version of this JSON, which readers may rely on.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    run: RunPart<'a>,
    machine: MachinePart<'a>,
    servers: Vec<ServerPart<'a>>,
    noise_floor: Option<f64>,
    noise: Option<NoisePart>,
    /// How many verdicts p was adjusted for.
    tested: usize,
    cases: Vec<CasePart<'a>>,
}

#[derive(Serialize)]
struct NoisePart {
    scatter: f64,
    resolution: f64,
    rounds: usize,
}

#[derive(Serialize)]
struct RunPart<'a> {
    experiment: &'a str,
    title: &'a str,
    question: &'a str,
    label: &'a str,
    started: &'a str,
    command: &'a str,
    rounds: u32,
    rows: u64,
    seed: u64,
    tool_version: &'a str,
    tool_commit: Option<&'a str>,
    tool_profile: &'a str,
}

#[derive(Serialize)]
struct MachinePart<'a> {
    os: &'a str,
    kernel: &'a str,
    arch: &'a str,
    cpu: &'a str,
    cores: u32,
    memory_bytes: u64,
    virtualization: Option<&'a str>,
    filesystem: Option<&'a str>,
    flushes_per_second: Option<u64>,
    fingerprint: BTreeMap<&'static str, FactPart<'a>>,
}

#[derive(Serialize)]
struct ServerPart<'a> {
    /// `null` where there is but one.
    name: Option<&'a str>,
    source: &'static str,
    version: &'a str,
    version_num: u32,
    image: Option<&'a str>,
    transport: &'a str,
    emulated_disk: Option<String>,
    cpus: Option<u32>,
    memory_bytes: Option<u64>,
    given: &'a BTreeMap<String, String>,
    settings: &'a BTreeMap<String, String>,
    fingerprint: BTreeMap<&'static str, FactPart<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum FactPart<'a> {
    Number(u64),
    Words(&'a str),
}

#[derive(Serialize)]
struct CasePart<'a> {
    id: &'a str,
    method: &'a str,
    family: &'a str,
    role: &'static str,
    work: &'static str,
    parameters: BTreeMap<String, String>,
    durability: &'static str,
    rows: u64,
    unavailable: Option<&'a str>,
    failed_trial: Option<&'a str>,
    total_ns: Option<Figure>,
    rows_per_second: Option<Figure>,
    against: Option<&'a str>,
    speed: Option<Figure>,
    p: Option<f64>,
    verdict: &'static str,
    bound_by: Option<String>,
    samples: Vec<SamplePart<'a>>,
}

#[derive(Serialize)]
struct SamplePart<'a> {
    slot: &'static str,
    round: u32,
    position: u32,
    started: &'a str,
    outcome: &'static str,
    error: Option<&'a str>,
    rows: u64,
    total_ns: Option<u64>,
    phases_ns: BTreeMap<&'static str, u64>,
    readings: BTreeMap<String, u64>,
}

/// The run.
///
/// # Errors
/// When it cannot be written as JSON.
pub(super) fn run(run: &Run, samples: &[Sample], standings: &Standings) -> Result<String> {
    pretty(&Document {
        format: "bulkbench-run",
        version: VERSION,
        run: run_part(run),
        machine: machine_part(run),
        servers: server_parts(run),
        noise_floor: standings.noise.and_then(|noise| noise.floor()),
        noise: standings.noise.map(|noise| NoisePart {
            scatter: noise.scatter,
            resolution: noise.resolution,
            rounds: noise.rounds,
        }),
        tested: standings.tested,
        cases: standings.cases.iter().map(|standing| case_part(standing, samples)).collect(),
    })
}

fn run_part(run: &Run) -> RunPart<'_> {
    let (plan, provenance) = (&run.plan, &run.provenance);
    RunPart {
        experiment: &plan.experiment,
        title: &plan.title,
        question: &plan.question,
        label: &provenance.label,
        started: &provenance.started,
        command: &provenance.command,
        rounds: plan.rounds,
        rows: plan.rows,
        seed: plan.seed,
        tool_version: &provenance.tool.version,
        tool_commit: provenance.tool.commit.as_deref(),
        tool_profile: &provenance.tool.profile,
    }
}

fn machine_part(run: &Run) -> MachinePart<'_> {
    let machine = &run.provenance.machine;
    let disk = machine.disk.as_ref();
    MachinePart {
        os: &machine.os,
        kernel: &machine.kernel,
        arch: &machine.arch,
        cpu: &machine.cpu,
        cores: machine.cores,
        memory_bytes: machine.memory_bytes,
        virtualization: machine.virtualization.as_deref(),
        filesystem: disk.map(|disk| disk.filesystem.as_str()),
        flushes_per_second: disk.map(|disk| disk.flushes_per_second),
        fingerprint: facts(&machine.fingerprint),
    }
}

/// The servers by their names, or the only one.
fn server_parts(run: &Run) -> Vec<ServerPart<'_>> {
    match run.servers.is_empty() {
        true => vec![server_part(None, &run.server)],
        false => run.servers.iter().map(|(name, server)| server_part(Some(name), server)).collect(),
    }
}

fn server_part<'a>(name: Option<&'a str>, server: &'a ServerFacts) -> ServerPart<'a> {
    ServerPart {
        name,
        source: server.source.name(),
        version: &server.version,
        version_num: server.version_num,
        image: server.image.as_deref(),
        transport: &server.transport,
        emulated_disk: emulated_disk(server),
        cpus: server.limits.cpus,
        memory_bytes: server.limits.memory_bytes,
        given: &server.given,
        settings: &server.settings,
        fingerprint: facts(&server.fingerprint),
    }
}

fn facts(fingerprint: &Fingerprint) -> BTreeMap<&'static str, FactPart<'_>> {
    let part = |value| match value {
        &FactValue::Number(number) => FactPart::Number(number),
        FactValue::Words(words) => FactPart::Words(words),
    };
    fingerprint.iter().map(|(fact, value)| (fact.name(), part(value))).collect()
}

fn case_part<'a>(standing: &'a Standing, samples: &'a [Sample]) -> CasePart<'a> {
    let (summary, case) = (&standing.summary, standing.summary.case);
    let of_case = samples.iter().filter(|sample| sample.case == case.id);
    CasePart {
        id: &case.id,
        method: &case.key.method,
        family: &case.family,
        role: case.role.name(),
        work: case.work.name(),
        parameters: parameters(case, summary.server),
        durability: summary.durability.name(),
        rows: summary.rows,
        unavailable: case.unavailable.as_deref(),
        failed_trial: case.failed_trial.as_deref(),
        total_ns: summary.total_ns.map(Figure::from),
        rows_per_second: summary.rows_per_second().map(Figure::from),
        against: standing.against,
        speed: standing.ratio.map(Figure::from),
        p: standing.p,
        verdict: standing.verdict.words(),
        bound_by: bound::words(summary),
        samples: of_case.map(sample_part).collect(),
    }
}

fn sample_part(sample: &Sample) -> SamplePart<'_> {
    SamplePart {
        slot: slot(sample.slot),
        round: sample.slot.round(),
        position: sample.position,
        started: &sample.started,
        outcome: sample.outcome.name(),
        error: sample.error.as_deref(),
        rows: sample.rows,
        total_ns: sample.total_ns,
        phases_ns: sample.phases.iter().map(|(phase, ns)| (phase.name(), *ns)).collect(),
        readings: sample.readings.iter().map(|(reading, value)| (reading.name(), value)).collect(),
    }
}
