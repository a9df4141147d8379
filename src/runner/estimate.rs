//! How long a run may take, before anything of it has run.

use std::time::Duration;

use anyhow::Result;

use super::{plan, rates};
use crate::method::{Catalogue, Info};
use crate::model::{Case, Role, Work};

/// A machine may be as many times slower, or faster, than that of the published runs.
const MACHINES: f64 = 2.0;
/// A sample of a budgeted method takes at least and at most so many times the budget: its rows are
/// rounded down, and its rate varies.
const OF_BUDGET: [f64; 2] = [0.3, 1.5];
/// The trials before it take together at most so many times the budget.
const TRIALS: f64 = 0.6;
/// Seconds around a sample, the restart that some settings need included.
const AROUND: [f64; 2] = [0.02, 2.0];
/// Seconds around a sample for each million rows: reset and verification.
const AROUND_MILLION: [f64; 2] = [0.04, 0.4];
/// The same where rows are there before the load.
const AROUND_MILLION_HELD: [f64; 2] = [1.0, 10.0];

/// The least and the most time that a run of these cases may take.
///
/// # Errors
/// When a case names a method that is not in the catalogue.
pub fn estimate(
    catalogue: &Catalogue,
    cases: &[&Case],
    rounds: u32,
    budget: Duration,
) -> Result<[Duration; 2]> {
    let infos: Vec<&Info> = catalogue.iter().map(|method| method.info()).collect();
    let mut total = [0.0, 0.0];
    for case in cases {
        let info = catalogue.find(&case.key.method)?.info();
        let budgeted = plan::is_budgeted(catalogue, case)?;
        let sample = sample(case, info, &infos, budgeted.then_some(budget));
        // The baseline is the warm-up on each server, once.
        let times = f64::from(rounds) + if case.role == Role::Baseline { 1.0 } else { 0.0 };
        for (total, sample) in total.iter_mut().zip(sample) {
            *total += times * sample;
        }
        if budgeted && case.role != Role::Control {
            total[1] += TRIALS * budget.as_secs_f64();
        }
    }
    Ok(total.map(Duration::from_secs_f64))
}

/// The least and the most seconds of a sample and what is around it.
fn sample(case: &Case, info: &Info, infos: &[&Info], budget: Option<Duration>) -> [f64; 2] {
    let (slowest, fastest) = rates::published(info, infos);
    let rows = case.rows as f64;
    let mut load = [rows / fastest as f64 / MACHINES, rows / slowest as f64 * MACHINES];
    let mut loaded = [rows, rows];
    if let Some(budget) = budget {
        let bounds = OF_BUDGET.map(|share| share * budget.as_secs_f64());
        // Far from the server it takes what it takes.
        let far = case.key.axes.latency_ms.is_some_and(|ms| ms > 0);
        let whole = load;
        load = [whole[0].min(bounds[0]), if far { bounds[1] } else { whole[1].min(bounds[1]) }];
        loaded = [rows * load[0] / whole[0], rows * (load[1] / whole[1]).min(1.0)];
    }
    let million = if info.work() == Work::Load { AROUND_MILLION } else { AROUND_MILLION_HELD };
    [0, 1].map(|end| load[end] + AROUND[end] + million[end] * loaded[end] / 1e6)
}
