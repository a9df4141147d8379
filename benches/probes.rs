//! What do the probes cost? The same loads with and without them, turn and turn about: waits looked at 20 times in a
//! second, CPU, WAL and the like at the edges of the phases. Their price is in the phases only as far as they take
//! processor and server from the load.
//!
//! `BULKBENCH_ROWS` (default 100,000) sets the rows, `BULKBENCH_SERVER` is what `bulkbench run --server` takes.

mod support;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use bulkbench::experiment::Experiment;
use bulkbench::model::Case;
use bulkbench::runner::RunSession;
use bulkbench::stats::{self, Contrast, Pool, Rounds};
use bulkbench::units;
use support::fit::{Fit, Timing};
use support::loads::{Loads, load, total};
use support::servers::Servers;
use support::variables;

const ROWS: u64 = 100_000;

const FIT: Fit =
    Fit { samples: 10, warm_up: Duration::from_millis(500), measurement: Duration::from_secs(2) };

/// As of `loads`.
const NOISE: f64 = 0.25;

/// Loads with and without them, each: what they cost is less than loads differ by.
const ROUNDS: usize = 31;

const CASES: &str = "\
id = 'probes'
title = 'Loads with and without probes'
question = 'What do the probes cost?'
rounds = 1
baseline = 'copy-csv'
[[case]]
method = 'copy-csv'
[[case]]
method = 'insert-multirow'
";

fn main() -> ExitCode {
    support::run(FIT.criterion(NOISE), |criterion, args, interrupt| {
        let rows = variables::rows(args.mode, ROWS)?;
        let experiment = Experiment::parse(CASES, "probes")?;
        let cases = Loads::cases(&experiment, rows)?;
        let (servers, timing) = (Servers::Chosen, Timing::Samples(FIT.asked(args)));
        let loads = Loads { group: "probes", experiment, cases, rows, time: total, servers, timing };
        loads.run(criterion, args, interrupt, |session, measured| {
            println!(
                "\n{ROUNDS} rounds with and without probes, turn and turn about: medians, and what probes add within rounds:"
            );
            for (slug, cases) in measured {
                cases.iter().try_for_each(|case| conclude(session, slug, case))?;
            }
            Ok(())
        })
    })
}

/// Loads a case with and without them in turn, and says how they compare.
fn conclude(session: &mut RunSession<'_>, slug: &str, case: &Case) -> Result<()> {
    let mut taken = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        // Neither is always the one after the other.
        for probing in [round % 2 == 0, round % 2 != 0] {
            session.stage().set_probing(probing);
            taken[usize::from(probing)].push(total(&load(session, case)?).as_nanos() as f64);
        }
    }
    session.stage().set_probing(true);

    let [without, with] = &taken;
    let logs: Rounds = (1..)
        .zip(without.iter().zip(with))
        .map(|(round, (without, with))| (round, (with / without).ln()))
        .collect();
    let ratio = Pool::nothing().hold(&Contrast::alone(logs)).context("a ratio takes a round")?.ratio();
    let interval = ratio.interval.context("an interval takes two rounds")?;
    let median = |times: &[f64]| stats::median(times).context("there are no rounds");
    let percent = |ratio: f64| 100.0 * (ratio - 1.0);
    println!(
        "{slug}: {} without, {} with, {:+.2} % (95 %: {:+.2} % to {:+.2} %)",
        units::seconds(median(without)? as u64),
        units::seconds(median(with)? as u64),
        percent(ratio.point),
        percent(interval.low),
        percent(interval.high)
    );
    Ok(())
}
