//! Is the client what is measured? The load phase of `copy-csv` and that of `psql-copy`, which is psql's `\copy`
//! of the same file into the same table, on one server. psql's own start and its connection are part of its figure,
//! and `psql-copy-one-row` shows how much of it. As in `loads`, each id is verified once, before the clock;
//! indexes are built, but do not count.
//!
//! criterion takes all samples of one before those of the other. So both are then loaded some more times, turn and
//! turn about: the ratio of their medians is from these, and what each takes of the client's processor.
//!
//! `BULKBENCH_ROWS` (default 300,000) sets the rows. `BULKBENCH_SERVER` is what `bulkbench run --server` takes.

mod support;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use bulkbench::experiment::Experiment;
use bulkbench::model::{Case, Metric, Phase};
use bulkbench::runner::RunSession;
use bulkbench::runner::sample::Measured;
use bulkbench::{stats, units};
use support::fit::{Fit, Timing};
use support::loads::{Loads, load};
use support::servers::Servers;
use support::variables;

const ROWS: u64 = 300_000;

const FIT: Fit =
    Fit { samples: 10, warm_up: Duration::from_millis(500), measurement: Duration::from_secs(5) };

/// As of `loads`.
const NOISE: f64 = 0.25;

/// The slugs of the two.
const OURS: &str = "copy-csv";
const PSQL: &str = "psql-copy";

/// Loads by each of the two in turn.
const ROUNDS: usize = 5;

const CASES: &str = "\
id = 'against-psql'
title = 'copy-csv against psql'
question = 'Is the client what is measured?'
rounds = 1
baseline = 'copy-csv'
[[case]]
method = 'copy-csv'
[[case]]
method = 'psql-copy'
";

fn main() -> ExitCode {
    support::run(FIT.criterion(NOISE), |criterion, args, interrupt| {
        let rows = variables::rows(args.mode, ROWS)?;
        let experiment = Experiment::parse(CASES, "against_psql")?;
        let mut cases = Loads::cases(&experiment, rows)?;
        let (_, mut one_row) = cases.last().cloned().context("there is no case")?;
        one_row.rows = 1;
        cases.push(("psql-copy-one-row".into(), one_row));
        let (servers, timing) = (Servers::Chosen, Timing::Samples(FIT.asked(args)));
        let loads =
            Loads { group: "against-psql", experiment, cases, rows, time: load_phase, servers, timing };
        loads.run(criterion, args, interrupt, |session, measured| {
            match [OURS, PSQL].map(|slug| measured.get(slug).map(Vec::as_slice)) {
                [Some([ours]), Some([psql])] => conclude(session, ours, psql),
                _ => Ok(()),
            }
        })
    })
}

fn load_phase(load: &Measured) -> Duration {
    Duration::from_nanos(load.phases.get(&Phase::Load).copied().unwrap_or(0))
}

/// Loads by both in turn, and says how they compare.
fn conclude(session: &mut RunSession<'_>, ours: &Case, psql: &Case) -> Result<()> {
    let mut taken = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        // Neither is always the one after the other.
        for number in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
            taken[number].push(load(session, [ours, psql][number])?);
        }
    }
    let median = |loads: &[Measured], value: fn(&Measured) -> f64| {
        stats::median(&loads.iter().map(value).collect::<Vec<_>>()).context("there are no rounds")
    };
    println!("\n{ROUNDS} rounds of both, turn and turn about, medians:");
    let mut times = Vec::new();
    for (slug, loads) in [OURS, PSQL].into_iter().zip(&taken) {
        let time = median(loads, |load| load_phase(load).as_nanos() as f64)?;
        let cpu = median(loads, |load| load.readings.get(Metric::ClientCpu).unwrap_or(0) as f64)?;
        println!(
            "{slug:<9}  load phase {}, {:.1} ns of the client's CPU a row",
            units::seconds(time as u64),
            cpu / ours.rows as f64
        );
        times.push(time);
    }
    println!("{OURS} / {PSQL}: {}", units::ratio(times[0] / times[1]));
    Ok(())
}
