//! Every method of the main experiment on a real server, through criterion: to watch a change on one machine.
//! Figures to publish come from `bulkbench run`, whose samples are interleaved, verified one by one and recorded.
//!
//! Each id is loaded once before the clock and verified; the loads that are timed are the same method's on the
//! same rows into a table made anew, so that they leave the same, and are not verified again. Only the phases
//! of a load count.
//!
//! `BULKBENCH_ROWS` (default 100,000) sets the rows; methods that take a statement or a commit for each few rows
//! load a hundredth of them. `BULKBENCH_SERVER` is what `bulkbench run --server` takes.

mod support;

use std::process::ExitCode;
use std::time::Duration;

use bulkbench::experiment::Experiment;
use bulkbench::method::Catalogue;
use bulkbench::runner::plan;
use support::fit::{Fit, Timing};
use support::loads::{Loads, total};
use support::servers::Servers;
use support::variables;

const ROWS: u64 = 100_000;

/// The part of the rows that slow methods load.
const SLOW: u64 = 100;

const FIT: Fit =
    Fit { samples: 10, warm_up: Duration::from_millis(500), measurement: Duration::from_secs(8) };

/// Two runs of the same code, minutes apart, differ by less than this factor's excess over 1: a load waits for
/// the disk, which others use too.
const NOISE: f64 = 0.25;

fn main() -> ExitCode {
    support::run(FIT.criterion(NOISE), |criterion, args, interrupt| {
        let (rows, experiment) = (variables::rows(args.mode, ROWS)?, Experiment::find("votes")?);
        let mut cases = Loads::cases(&experiment, rows)?;
        let catalogue = Catalogue::built_in();
        for (_, case) in &mut cases {
            if plan::is_budgeted(&catalogue, case)? {
                case.rows = (case.rows / SLOW).max(1);
            }
        }
        let (servers, timing) = (Servers::Chosen, Timing::Samples(FIT.asked(args)));
        let loads = Loads { group: "loads", experiment, cases, rows, time: total, servers, timing };
        loads.run(criterion, args, interrupt, |_, _| Ok(()))
    })
}
