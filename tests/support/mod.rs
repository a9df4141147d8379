//! A run with everything a report has to show, made up: thirteen cases, five rounds, a case that
//! fails, one that is not available, one of fewer rows, a control, one timeout.
#![allow(dead_code, reason = "each test program uses its part")]

pub(crate) mod published;

use std::collections::BTreeMap;

use bulkbench::model::*;

pub(crate) const ROWS: u64 = 7_500_000;

/// A case to be, with its published seconds and the seconds of its phases in the middle round.
pub(crate) struct CaseTimes {
    pub id: &'static str,
    pub phases: &'static [(Phase, f64)],
    pub published: Option<f64>,
    pub durability: Durability,
}

use Durability::{Durable, LostOnCrash};
use Phase::{Commit, Constraints, Indexes, Load, Prepare, SetLogged};

const fn made(id: &'static str, phases: &'static [(Phase, f64)], published: Option<f64>) -> CaseTimes {
    CaseTimes { id, phases, published, durability: Durable }
}

const fn unlogged(id: &'static str, phases: &'static [(Phase, f64)], published: Option<f64>) -> CaseTimes {
    CaseTimes { durability: LostOnCrash, ..made(id, phases, published) }
}

/// The cases that load all rows.
pub(crate) const CASES: [CaseTimes; 10] = [
    made("copy-csv", &[(Load, 5.6), (Commit, 0.02), (Indexes, 5.1)], Some(67.799)),
    made("copy-csv control", &[(Load, 5.62), (Commit, 0.02), (Indexes, 5.14)], Some(67.799)),
    made("copy-text", &[(Load, 5.4), (Commit, 0.02), (Indexes, 5.1)], Some(65.189)),
    made("copy-binary", &[(Load, 5.42), (Commit, 0.02), (Indexes, 5.12)], Some(66.406)),
    made("copy-csv-server-file", &[(Load, 5.3), (Commit, 0.02), (Indexes, 5.1)], None),
    made("copy-unlogged-then-logged", &[(Load, 4.8), (Indexes, 5.1), (SetLogged, 3.2)], Some(88.054)),
    unlogged("copy-unlogged", &[(Load, 4.8), (Indexes, 4.4)], Some(34.219)),
    unlogged("copy-unlogged-parallel", &[(Prepare, 0.1), (Load, 2.9), (Indexes, 4.4)], Some(25.314)),
    made(
        "copy-one-transaction wal_level=minimal",
        &[(Load, 4.9), (Constraints, 0.9), (Indexes, 4.4), (Commit, 0.3)],
        Some(51.810),
    ),
    made("insert-multirow batch=1000", &[(Load, 31.0), (Commit, 0.02), (Indexes, 5.2)], None),
];

/// The factors of each round against the middle one.
const SCATTER: [f64; 5] = [1.0, 0.994, 1.013, 0.989, 1.006];

/// The key of a case of this id: numbers in it are parameters, and texts are settings.
fn key(id: &str) -> CaseKey {
    let mut words = id.split(' ');
    let mut key = CaseKey::new(words.next().unwrap());
    for (name, value) in words.filter_map(|word| word.split_once('=')) {
        match (name, value.parse()) {
            ("rows", Ok(rows)) => key.axes.rows = Some(rows),
            ("latency_ms", Ok(ms)) => key.axes.latency_ms = Some(ms),
            (_, Ok(number)) => drop(key.params.insert(name.into(), ParamValue::Int(number))),
            (_, Err(_)) => drop(key.axes.settings.insert(name.into(), value.into())),
        }
    }
    key
}

pub(crate) fn slot(round: u32) -> Slot {
    match round {
        0 => Slot::WarmUp,
        round => Slot::Round(round),
    }
}

pub(crate) fn case(id: &str, role: Role, rows: u64) -> Case {
    let method = id.split(' ').next().unwrap();
    Case {
        id: id.into(),
        key: key(id),
        family: method.split('-').next().unwrap().into(),
        summary: format!("What {method} does."),
        program: None,
        work: Work::Load,
        role,
        durability: Durable,
        params: Params::new(),
        against: None,
        rows,
        rows_reason: None,
        unavailable: None,
        failed_trial: None,
        step: None,
        published_seconds: None,
    }
}

pub(crate) fn sample(case: &Case, round: u32, phases: &[(Phase, f64)]) -> Sample {
    let phases: BTreeMap<Phase, u64> = phases.iter().map(|(p, s)| (*p, (s * 1e9) as u64)).collect();
    let total: u64 = phases.values().sum();
    let unlogged = case.durability == LostOnCrash;
    Sample {
        case: case.id.clone(),
        slot: slot(round),
        position: 0,
        started: format!("2026-03-01T12:{round:02}:00Z"),
        outcome: Outcome::Ok,
        error: None,
        rows: case.rows,
        total_ns: Some(total),
        phases,
        readings: [
            (Metric::Wal.into(), if unlogged { 480_000 } else { case.rows * 120 }),
            (Metric::Table.into(), case.rows * 68),
            (Metric::Indexes.into(), case.rows * 60),
            (Metric::ClientCpu.into(), case.rows * 55),
            (Reading::from(Metric::ClientCpu).within(Load), case.rows * 42),
            (Metric::ClientMemory.into(), 23 << 20),
            (Metric::ServerCpu.into(), total * 9 / 10),
        ]
        .into_iter()
        .collect(),
        end_state: Some(EndState {
            rows: case.rows,
            content: Content::of_hashes(format!("1844674407{}", case.rows).parse().unwrap()),
            persistence: if unlogged { Persistence::Unlogged } else { Persistence::Permanent },
            structure: vec!["btree (link)".into(), "btree (username)".into(), "primary key (vote_id)".into()],
        }),
        session: None,
        overhead: [(Step::Reset, 210_000_000), (Step::Verify, 1_900_000_000)].into(),
        crash: None,
    }
}

pub(crate) fn failed(case: &Case, round: u32, outcome: Outcome, error: &str) -> Sample {
    Sample {
        outcome,
        error: Some(error.into()),
        total_ns: None,
        phases: BTreeMap::new(),
        end_state: None,
        readings: Readings::default(),
        ..sample(case, round, &[])
    }
}

/// The run and its samples; times are `slower` times those of the table above.
pub(crate) fn votes(rounds: u32, slower: f64) -> (Run, Vec<Sample>) {
    let mut cases = Vec::new();
    let mut samples = Vec::new();
    for (index, made) in CASES.iter().enumerate() {
        let role = [Role::Baseline, Role::Control].get(index).copied().unwrap_or(Role::Case);
        let mut facts = case(made.id, role, ROWS);
        (facts.durability, facts.published_seconds) = (made.durability, made.published);
        if made.id.contains("parallel") {
            facts.params = [("jobs".to_string(), ParamValue::Int(2))].into();
        }
        for round in 1..=rounds {
            // Another order of the same scatter for each case, as in life.
            let scatter = SCATTER[(round as usize * 3 + index) % 5] * slower;
            let phases: Vec<(Phase, f64)> = made.phases.iter().map(|(p, s)| (*p, s * scatter)).collect();
            samples.push(sample(&facts, round, &phases));
        }
        cases.push(facts);
    }
    // The warm-up counts for nothing.
    samples.insert(0, sample(&cases[0], 0, &[(Load, 99.0)]));

    let mut budgeted = case("insert-row", Role::Case, 150_000);
    budgeted.rows_reason = Some("a sample of all would take longer than 20.0 s".into());
    for round in 1..=rounds {
        samples.push(sample(
            &budgeted,
            round,
            &[(Load, 18.1 * SCATTER[round as usize % 5] * slower), (Indexes, 0.1)],
        ));
    }
    let broken = case("copy-parallel", Role::Case, ROWS);
    for round in 1..=rounds {
        let error = "loading: ERROR 53100: could not extend file: No space left on device; hint: Check free disk space.";
        samples.push(failed(&broken, round, Outcome::Failed, error));
    }
    let late = samples
        .iter_mut()
        .find(|sample| sample.case == cases[5].id && sample.slot == Slot::Round(rounds))
        .unwrap();
    *late = failed(&cases[5], rounds, Outcome::Timeout, "gave up after 300 s, the longest a sample may take");
    let mut missing = case("copy-one-transaction wal_level=replica", Role::Case, ROWS);
    missing.unavailable = Some("this server cannot be restarted with wal_level = replica".into());
    missing.key.axes.settings.clear();
    cases.extend([budgeted, broken, missing]);
    let run = run(cases, rounds);
    placed(&run, &mut samples);
    (run, samples)
}

/// Gives each sample the place that the plan has for it, in the order in which they ran.
fn placed(run: &Run, samples: &mut [Sample]) {
    for sample in samples.iter_mut().filter(|sample| sample.slot.counts()) {
        let order = &run.plan.order[sample.slot.round() as usize - 1];
        let position = order.iter().position(|&index| run.plan.cases[index].id == sample.case);
        sample.position = position.expect("the plan has every case") as u32;
    }
    samples.sort_by_key(|sample| (sample.slot, sample.position));
}

fn machine() -> Machine {
    Machine {
        os: "Debian GNU/Linux 12 (bookworm)".into(),
        kernel: "Linux 6.1.0".into(),
        arch: "x86_64".into(),
        cpu: "Example CPU @ 2.40GHz".into(),
        cores: 2,
        memory_bytes: 8 << 30,
        virtualization: Some("kvm".into()),
        disk: Some(Disk { filesystem: "ext4".into(), flushes_per_second: 50_000 }),
        fingerprint: Fingerprint::default(),
    }
}

pub(crate) fn run(cases: Vec<Case>, rounds: u32) -> Run {
    let able: Vec<usize> = (0..cases.len()).filter(|&i| cases[i].unavailable.is_none()).collect();
    let setting = |name: &str, value: &str| (name.to_string(), value.to_string());
    Run {
        provenance: Provenance {
            tool: Tool {
                name: "bulkbench".into(),
                version: "0.1.0".into(),
                commit: Some("64b8b6b".into()),
                profile: "release".into(),
            },
            started: "2026-03-01T12:00:00Z".into(),
            label: String::new(),
            command: "bulkbench run votes --rows 7500000 --rounds 5 --seed 7".into(),
            machine: machine(),
            asked: None,
        },
        server: ServerFacts {
            source: Source::Local,
            reason: "no container engine answers".into(),
            version_num: 150_018,
            version: "PostgreSQL 15.18 on x86_64-pc-linux-gnu, compiled by gcc 12.2.0, 64-bit".into(),
            image: None,
            transport: "unix socket".into(),
            limits: Limits::default(),
            given: [setting("shared_buffers", "1GB"), setting("max_wal_size", "16GB")].into(),
            settings: [
                setting("fsync", "on"),
                setting("shared_buffers", "1GB"),
                setting("max_wal_size", "16GB"),
                setting("wal_level", "replica"),
            ]
            .into(),
            absent: Absent::default(),
            fingerprint: Fingerprint::default(),
            unmeasured: None,
            disk: None,
        },
        dataset: DatasetFacts {
            origin: "generated".into(),
            rows: ROWS,
            seed: Some(42),
            content: Content::of_hashes(18_446_744_077_500_000),
            unknown: Vec::new(),
            files: [(Encoding::Csv, FileFacts { bytes: 171_966_464, sha256: "ab".repeat(32) })].into(),
        },
        table: None,
        making: Making::default(),
        servers: BTreeMap::new(),
        datasets: BTreeMap::new(),
        tables: BTreeMap::new(),
        statements: Default::default(),
        plan: Plan {
            experiment: "votes".into(),
            title: "7.5 million votes".into(),
            question: "Which way of loading them into PostgreSQL is the fastest, and what does it cost?"
                .into(),
            published: Some(
                "\"Dissecting the Postgres bulk insert and binary format\" (PostgreSQL 9.5, 2015)".into(),
            ),
            rounds,
            rows: ROWS,
            seed: 7,
            budget_ns: 20_000_000_000,
            cases,
            order: vec![able; rounds as usize],
            grouping: Some("cases that need a restart come last".into()),
            x: None,
            any_build: false,
            crash: None,
            until: None,
        },
    }
}

/// A value of an axis with the cases there: each with its series and the seconds its load takes.
pub(crate) type Along = (u64, &'static [(&'static str, f64)]);

/// A run whose experiment varies `x`, a parameter or `latency_ms`, over these values: every case
/// is held against the first of its value; the very first is the baseline.
pub(crate) fn along(x: &str, rows: u64, values: &[Along]) -> (Run, Vec<Sample>) {
    let (mut cases, mut samples) = (Vec::new(), Vec::new());
    for (value, there) in values {
        let reference = format!("{} {x}={value}", there[0].0);
        for (index, (series, seconds)) in there.iter().enumerate() {
            let first = cases.is_empty();
            let role = if first { Role::Baseline } else { Role::Case };
            let mut facts = case(&format!("{series} {x}={value}"), role, rows);
            match x {
                "latency_ms" => {}
                "rows" => facts.rows = *value,
                _ => facts.params = [(x.to_string(), ParamValue::Int(*value))].into(),
            }
            facts.against = Some(reference.clone()).filter(|_| !first);
            let times = SCATTER.iter().cycle().skip(index + cases.len()).take(5);
            let of = |facts: &Case, round: usize, scatter: f64| {
                sample(facts, round as u32 + 1, &[(Load, seconds * scatter), (Phase::Analyze, 0.1)])
            };
            samples.extend(times.enumerate().map(|(round, scatter)| of(&facts, round, *scatter)));
            if first {
                let control =
                    Case { id: format!("{} (control)", facts.id), role: Role::Control, ..facts.clone() };
                samples.extend((0..5).map(|round| of(&control, round, SCATTER[4 - round])));
                cases.extend([facts, control]);
            } else {
                cases.push(facts);
            }
        }
    }
    let mut run = run(cases, 5);
    placed(&run, &mut samples);
    let x = CaseKey::axis(x, run.plan.cases.iter().map(|case| &case.key));
    (run.plan.x, run.plan.rows, run.dataset.rows) = (x, rows, rows);
    run.dataset.content = Content::of_hashes(format!("1844674407{rows}").parse().unwrap());
    (run, samples)
}

/// Loads over a network: one that waits for each row, one for each batch, one for the end only.
pub(crate) fn latencies() -> (Run, Vec<Sample>) {
    let (mut run, samples) = along(
        "latency_ms",
        20_000,
        &[
            (0, &[("copy-csv", 0.05), ("insert-row", 1.6), ("insert-multirow batch=1000", 0.12)]),
            (1, &[("copy-csv", 0.055), ("insert-row", 22.5), ("insert-multirow batch=1000", 0.15)]),
            (5, &[("copy-csv", 0.07), ("insert-row", 104.0), ("insert-multirow batch=1000", 0.22)]),
            (20, &[("copy-csv", 0.13), ("insert-row", 405.0), ("insert-multirow batch=1000", 0.5)]),
            (50, &[("copy-csv", 0.25), ("insert-row", 1007.0), ("insert-multirow batch=1000", 1.1)]),
        ],
    );
    run.plan.title = "Votes over a network".into();
    (run, samples)
}

/// INSERTs of more and more rows a statement, by three methods.
pub(crate) fn batches() -> (Run, Vec<Sample>) {
    let (mut run, samples) = along(
        "batch",
        200_000,
        &[
            (1, &[("insert-multirow", 9.0), ("insert-unnest", 11.0), ("insert-pipelined", 3.0)]),
            (10, &[("insert-multirow", 2.4), ("insert-unnest", 2.6), ("insert-pipelined", 2.0)]),
            (100, &[("insert-multirow", 1.46), ("insert-unnest", 1.3), ("insert-pipelined", 1.9)]),
            (1000, &[("insert-multirow", 1.39), ("insert-unnest", 1.05), ("insert-pipelined", 1.85)]),
            (3000, &[("insert-multirow", 1.35), ("insert-unnest", 0.98), ("insert-pipelined", 1.88)]),
        ],
    );
    run.plan.title = "Rows a statement".into();
    (run, samples)
}
