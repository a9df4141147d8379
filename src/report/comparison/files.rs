//! A comparison for programs: as csv, a row a case and run, and as JSON, by `docs/comparison.schema.json`.

use std::fmt::Display;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::analysis::comparison::{CaseInRun, ComparedCase, CrossVerdict, RunFacts};
use crate::analysis::emulation::spellings;
use crate::analysis::gate::{Gate, GateVerdict, GatedCase};
use crate::analysis::ranks::{Ranks, Swap};
use crate::analysis::{Comparison, conclusion};
use crate::report::json::{Figure, pretty};
use crate::stats::Estimate;

/// The version of the JSON, which readers may rely on.
const VERSION: u32 = 1;

const HEADER: [&str; 21] = [
    "case",
    "method",
    "work",
    "run",
    "n",
    "rows",
    "total_ns",
    "total_low_ns",
    "total_high_ns",
    "rows_per_second",
    "rows_per_second_low",
    "rows_per_second_high",
    "speed_to_first",
    "speed_to_first_low",
    "speed_to_first_high",
    "verdict",
    "reason",
    "speed_to_own_baseline",
    "rank",
    "bound_by",
    "notes",
];

/// A row for each case in each run; what is unknown is empty.
///
/// # Errors
/// When the text cannot be made.
pub(super) fn csv(comparison: &Comparison, ranks: Option<&Ranks>) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).context("writing the csv header")?;
    for (index, case) in comparison.cases.iter().enumerate() {
        for (run, cell) in case.cells.iter().enumerate() {
            let rank = rank(ranks, index, run);
            let record = record(case, &comparison.runs[run].name, cell, rank);
            writer.write_record(record).context("writing a case as csv")?;
        }
    }
    let bytes = writer.into_inner().context("finishing the csv")?;
    String::from_utf8(bytes).context("the csv is not UTF-8")
}

fn record(case: &ComparedCase, run: &str, cell: &CaseInRun, rank: Option<usize>) -> Vec<String> {
    let mut fields = vec![
        case.id.clone(),
        case.method.clone(),
        case.work.name().into(),
        run.to_owned(),
        cell.n.to_string(),
    ];
    fields.push(or_empty((cell.n > 0).then_some(cell.rows)));
    for estimate in [cell.total_ns, cell.rows_per_second, cell.to_first] {
        fields.extend(ends(estimate).map(or_empty));
    }
    fields.extend([
        cell.verdict.words().to_owned(),
        reason(&cell.verdict).unwrap_or_default().to_owned(),
        or_empty(cell.to_own_baseline.map(|speed| speed.point)),
        or_empty(rank),
        cell.bound.clone().unwrap_or_default(),
        cell.notes.join("; "),
    ]);
    fields
}

fn or_empty(value: Option<impl Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// The figure and the ends of its interval.
fn ends(estimate: Option<Estimate>) -> [Option<f64>; 3] {
    let interval = estimate.and_then(|estimate| estimate.interval);
    [estimate.map(|estimate| estimate.point), interval.map(|i| i.low), interval.map(|i| i.high)]
}

fn reason(verdict: &CrossVerdict) -> Option<&str> {
    match verdict {
        CrossVerdict::NotComparable(why) => Some(why),
        _ => None,
    }
}

fn rank(ranks: Option<&Ranks>, case: usize, run: usize) -> Option<usize> {
    let ranked = ranks?.cases.iter().find(|ranked| ranked.case == case)?;
    ranked.ranks.get(run).copied()
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    conclusion: String,
    rows: u64,
    runs: Vec<RunPart<'a>>,
    differences: Vec<DifferencePart<'a>>,
    cases: Vec<CasePart<'a>>,
    swaps: Vec<SwapPart<'a>>,
    gate: Option<GatePart<'a>>,
}

#[derive(Serialize)]
struct RunPart<'a> {
    name: &'a str,
    label: &'a str,
    experiment: &'a str,
    started: &'a str,
    command: &'a str,
    rounds: u32,
    emulated_disks: Vec<String>,
    noise_floor: Option<f64>,
    alone: &'a [&'a str],
}

#[derive(Serialize)]
struct DifferencePart<'a> {
    field: &'a str,
    values: &'a [String],
}

#[derive(Serialize)]
struct CasePart<'a> {
    id: &'a str,
    method: &'a str,
    work: &'static str,
    waits_for_disk: bool,
    runs: Vec<CellPart<'a>>,
}

#[derive(Serialize)]
struct CellPart<'a> {
    run: &'a str,
    samples: usize,
    rows: Option<u64>,
    total_ns: Option<Figure>,
    rows_per_second: Option<Figure>,
    speed_to_first: Option<Figure>,
    verdict: &'static str,
    reason: Option<&'a str>,
    speed_to_own_baseline: Option<Figure>,
    rank: Option<usize>,
    bound_by: Option<&'a str>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct SwapPart<'a> {
    cases: [&'a str; 2],
    faster: Vec<SpeedPart<'a>>,
    slower: Vec<SpeedPart<'a>>,
}

#[derive(Serialize)]
struct SpeedPart<'a> {
    run: &'a str,
    speed: f64,
}

#[derive(Serialize)]
struct GatePart<'a> {
    percent: f64,
    fails: bool,
    cases: Vec<GatedPart<'a>>,
}

#[derive(Serialize)]
struct GatedPart<'a> {
    case: &'a str,
    run: &'a str,
    time_to_first: Option<Figure>,
    verdict: &'static str,
    reason: Option<&'a str>,
}

/// The whole comparison.
///
/// # Errors
/// When the text cannot be made.
pub(super) fn json(comparison: &Comparison, ranks: Option<&Ranks>, gate: Option<&Gate>) -> Result<String> {
    pretty(&Document {
        format: "bulkbench-comparison",
        version: VERSION,
        conclusion: conclusion::of_comparison(comparison),
        rows: comparison.runs[0].run.dataset.rows,
        runs: comparison.runs.iter().map(run_part).collect(),
        differences: comparison
            .differences
            .iter()
            .map(|difference| DifferencePart { field: &difference.field, values: &difference.values })
            .collect(),
        cases: (0..comparison.cases.len()).map(|case| case_part(comparison, ranks, case)).collect(),
        swaps: ranks
            .into_iter()
            .flat_map(|ranks| &ranks.swaps)
            .map(|swap| swap_part(comparison, swap))
            .collect(),
        gate: gate.map(|gate| gate_part(comparison, gate)),
    })
}

fn run_part<'a>(facts: &'a RunFacts) -> RunPart<'a> {
    let (provenance, plan) = (&facts.run.provenance, &facts.run.plan);
    RunPart {
        name: &facts.name,
        label: &provenance.label,
        experiment: &plan.experiment,
        started: &provenance.started,
        command: &provenance.command,
        rounds: plan.rounds,
        emulated_disks: spellings(facts.run),
        noise_floor: facts.noise_floor(),
        alone: &facts.alone,
    }
}

fn case_part<'a>(comparison: &'a Comparison, ranks: Option<&Ranks>, index: usize) -> CasePart<'a> {
    let case = &comparison.cases[index];
    let cell = |(run, cell): (usize, &'a CaseInRun)| CellPart {
        run: &comparison.runs[run].name,
        samples: cell.n,
        rows: (cell.n > 0).then_some(cell.rows),
        total_ns: cell.total_ns.map(Figure::from),
        rows_per_second: cell.rows_per_second.map(Figure::from),
        speed_to_first: cell.to_first.map(Figure::from),
        verdict: cell.verdict.words(),
        reason: reason(&cell.verdict),
        speed_to_own_baseline: cell.to_own_baseline.map(Figure::from),
        rank: rank(ranks, index, run),
        bound_by: cell.bound.as_deref(),
        notes: &cell.notes,
    };
    CasePart {
        id: &case.id,
        method: &case.method,
        work: case.work.name(),
        waits_for_disk: case.waits_for_disk,
        runs: case.cells.iter().enumerate().map(cell).collect(),
    }
}

fn swap_part<'a>(comparison: &'a Comparison, swap: &Swap) -> SwapPart<'a> {
    let id = |case: usize| comparison.cases[case].id.as_str();
    let speeds = |runs: &[(usize, f64)]| {
        let speed = |&(run, speed): &(usize, f64)| SpeedPart { run: &comparison.runs[run].name, speed };
        runs.iter().map(speed).collect()
    };
    SwapPart {
        cases: [id(swap.cases.0), id(swap.cases.1)],
        faster: speeds(&swap.faster),
        slower: speeds(&swap.slower),
    }
}

fn gate_part<'a>(comparison: &'a Comparison, gate: &'a Gate) -> GatePart<'a> {
    let case = |gated: &'a GatedCase| {
        let (verdict, reason) = match &gated.verdict {
            GateVerdict::TooSlow => ("too slow", None),
            GateVerdict::Within => ("within", None),
            GateVerdict::Open => ("open", None),
            GateVerdict::Unjudged(why) => ("not judged", Some(why.as_str())),
        };
        GatedPart {
            case: &comparison.cases[gated.case].id,
            run: &comparison.runs[gated.run].name,
            time_to_first: gated.time.map(Figure::from),
            verdict,
            reason,
        }
    };
    GatePart { percent: gate.percent, fails: gate.fails(), cases: gate.cases.iter().map(case).collect() }
}
