//! What does the emulated disk itself cost? The same loads into two local servers, turn and turn about: the data of the
//! one lies on the disk as it is, that of the other on the emulated disk `none`, which is the same file system as of any
//! emulated disk (docs/disks.md) without its delays.
//!
//! What is told is a ratio taken within rounds, so that criterion, which takes all samples of an id before those of the
//! next, takes none here. As in a report the interval of each is learnt from all loads, and what is called longer or
//! shorter is so by a test that knows how many it looks at (docs/statistics.md).
//!
//! `BULKBENCH_ROWS` (default 100,000) sets the rows, of which `insert-row` loads a hundredth; `--sample-size` sets the
//! rounds. Where nothing can be mounted, or `BULKBENCH_SERVER` is no local one, that is said, and nothing measured.

mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, Result};
use bulkbench::experiment::Experiment;
use bulkbench::model::Case;
use bulkbench::runner::RunSession;
use bulkbench::stats::{self, Contrast, Pool, Rounds, Within, holm};
use bulkbench::units;
use criterion::Criterion;
use support::fit::Timing;
use support::loads::{Loads, load, total};
use support::servers::Servers;
use support::variables;

const ROWS: u64 = 100_000;

/// Rounds of loads into both, unless `--sample-size` says otherwise, of which criterion takes no less than ten.
const ROUNDS: u32 = 11;

/// The method that waits for a flush after each row, and the part of the rows that it loads.
const BY_ROW: (&str, u64) = ("insert-row", 100);

const CASES: &str = "\
id = 'emulation'
title = 'Loads on the disk as it is and through the emulation'
question = 'What does the emulated disk itself cost?'
rounds = 1
baseline = 'copy-csv'
[[case]]
method = ['copy-csv', 'copy-unlogged', 'insert-multirow', 'insert-row']
";

fn main() -> ExitCode {
    // An emulated disk is served by this program, started once more.
    if let Some(code) = support::serve_disk() {
        return code;
    }
    support::run(Criterion::default(), |criterion, args, interrupt| {
        let rows = variables::rows(args.mode, ROWS)?;
        let rounds = args.sample_size.unwrap_or(ROUNDS);
        let experiment = Experiment::parse(CASES, "emulation")?;
        let mut cases = Loads::cases(&experiment, rows)?;
        let (method, part) = BY_ROW;
        for (_, case) in cases.iter_mut().filter(|(_, case)| case.key.method == method) {
            case.rows = (case.rows / part).max(1);
        }
        let (servers, timing) = (Servers::BareAndEmulated, Timing::Rounds(rounds));
        let loads = Loads { group: "emulation", experiment, cases, rows, time: total, servers, timing };
        loads.run(criterion, args, interrupt, |session, measured| conclude(session, measured, rounds))
    })
}

/// Loads all of them into both servers in each round, and says how the two compare.
fn conclude(session: &mut RunSession<'_>, measured: &BTreeMap<String, Vec<Case>>, rounds: u32) -> Result<()> {
    if measured.is_empty() {
        return Ok(());
    }
    let series = series(session, measured, rounds)?;
    let contrasts: Vec<Contrast> =
        (0..measured.len()).map(|at| Contrast::between(&[2 * at + 1], &[2 * at], &series)).collect();
    let pool = Pool::of(&contrasts).context("a ratio takes two rounds")?;
    let found: Vec<Within> = contrasts.iter().filter_map(|contrast| pool.hold(contrast)).collect();
    let p = holm(&found.iter().map(|within| within.p().unwrap_or(1.0)).collect::<Vec<f64>>());

    println!(
        "\n{rounds} rounds on the disk as it is and through the emulation, turn and turn about, medians, and the \
         ratio within rounds:"
    );
    for (at, ((slug, cases), (within, p))) in measured.iter().zip(found.iter().zip(p)).enumerate() {
        let rows = cases.first().context("a load without a server")?.rows;
        println!(
            "{slug}, {} rows: {} as it is, {} emulated, {}",
            units::count(rows),
            units::seconds(median(&series[2 * at])? as u64),
            units::seconds(median(&series[2 * at + 1])? as u64),
            verdict(within, p)
        );
    }
    Ok(())
}

/// The logarithms of the times by round: for each id those on the disk as it is, then those through the emulation.
fn series(
    session: &mut RunSession<'_>,
    measured: &BTreeMap<String, Vec<Case>>,
    rounds: u32,
) -> Result<Vec<Rounds>> {
    let mut series = vec![Rounds::new(); 2 * measured.len()];
    for round in 1..=rounds {
        for (at, cases) in measured.values().enumerate() {
            let mut both: Vec<(usize, &Case)> = cases.iter().enumerate().collect();
            // Neither is always the one after the other.
            if round % 2 == 0 {
                both.reverse();
            }
            for (side, case) in both {
                let time = total(&load(session, case)?);
                series[2 * at + side].insert(round, (time.as_nanos() as f64).ln());
            }
        }
    }
    Ok(series)
}

fn median(logs: &Rounds) -> Result<f64> {
    let times: Vec<f64> = logs.values().map(|log| log.exp()).collect();
    stats::median(&times).context("there are no rounds")
}

/// The ratio, its interval, and what the test says with a p that is adjusted for all that are looked at.
fn verdict(within: &Within, p: f64) -> String {
    let ratio = within.ratio();
    let interval = ratio.interval.map(|i| format!(" (95 %: {:.4} to {:.4})", i.low, i.high));
    let words = match (p <= 0.05, within.log > 0.0) {
        (true, true) => "longer",
        (true, false) => "shorter",
        (false, _) => "no difference found",
    };
    format!("ratio {:.4}{}: {words}", ratio.point, interval.unwrap_or_default())
}
