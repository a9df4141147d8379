//! The findings of a run along an axis, a sentence each: what the axis does to each series, and where one
//! passes another.

use super::table::{Cell, rate};
use crate::analysis::knee::SHARE;
use crate::analysis::trend::{Course, Crossing, Trend, crossings, tolerance, trends};
use crate::analysis::{Curve, Noise};
use crate::units;

/// With more crossings than this a reader follows the chart and no sentences.
const MOST_CROSSINGS: usize = 3;

/// The sentences; none where no series has two values.
pub(crate) fn lines(curve: &Curve, noise: Option<Noise>) -> Vec<String> {
    let floor = noise.map_or(1.0, |noise| noise.resolution);
    let axis = curve.axis.name();
    let mut lines: Vec<String> = trends(curve, floor).iter().map(|found| trend(axis, found, floor)).collect();
    let crossings = crossings(curve, floor);
    if crossings.len() <= MOST_CROSSINGS {
        lines.extend(crossings.iter().map(|found| crossing(axis, found)));
    }
    lines
}

fn trend(axis: &str, found: &Trend, floor: f64) -> String {
    let Trend { series, first, last, best, knee, course } = found;
    let change = |from: f64, to: f64| Cell::Ratio(to / from).text();
    let span = format!(
        "{series}: {} at {axis} = {}, {} at {}",
        rate(first.rate),
        first.at,
        rate(last.rate),
        last.at
    );
    match course {
        Course::Flat => format!("{span}: no difference beyond {}.", units::percent(tolerance(floor) - 1.0)),
        Course::Falls => format!("{span}: {}.", slower(first.rate / last.rate)),
        Course::Rises => {
            format!("{span}: {}{}.", change(first.rate, last.rate), reached(axis, &knee.at, &last.at))
        }
        Course::Peaks => format!(
            "{series}: best at {axis} = {} with {}, {} its rate at {}{}.",
            best.at,
            rate(best.rate),
            change(first.rate, best.rate),
            first.at,
            reached(axis, &knee.at, &best.at)
        ),
    }
}

/// How many times slower, in the words of the tables.
fn slower(times: f64) -> String {
    format!("{} slower", units::factor(times))
}

/// The knee, where it is not the best value itself.
fn reached(axis: &str, knee: &str, best: &str) -> String {
    match knee == best {
        true => String::new(),
        false => format!("; {:.0} % of the best is reached at {axis} = {knee}", SHARE * 100.0),
    }
}

fn crossing(axis: &str, found: &Crossing) -> String {
    let Crossing { ahead, behind, from, until, last, factor } = found;
    let before = match until {
        Some(until) => format!("up to {until} the other way round"),
        None => "before, they do not differ beyond the noise".into(),
    };
    let factor = units::factor(*factor);
    format!(
        "From {axis} = {from} on, {ahead} is faster than {behind}: {factor} its speed at {last}; {before}."
    )
}
