//! What github-action-benchmark reads as `customSmallerIsBetter` (its src/extract.ts, `BenchmarkResult`): a list of names
//! with a value each. Seconds, which it converts where an older entry has another unit.

use anyhow::Result;
use serde::Serialize;

use super::parts::{name, seconds};
use crate::analysis::{Standing, Summary};
use crate::report::json::pretty;
use crate::report::table::rate;
use crate::stats::Estimate;
use crate::units;

#[derive(Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    extra: String,
}

/// The cases that have times.
///
/// # Errors
/// When they cannot be written as JSON.
pub(super) fn entries(timed: &[&Standing]) -> Result<String> {
    pretty(&timed.iter().filter_map(|standing| entry(&standing.summary)).collect::<Vec<Entry>>())
}

fn entry(summary: &Summary) -> Option<Entry> {
    let total = summary.total_ns?;
    Some(Entry {
        name: name(summary),
        unit: "s",
        value: seconds(total.point),
        range: range(total),
        extra: extra(summary)?,
    })
}

/// The distance of the farther end of the interval. The action converts it to another unit where it is a sign and one
/// number of two characters or more (its src/extractRangeInfo.ts).
fn range(total: Estimate) -> Option<String> {
    let interval = total.interval?;
    let farther = (interval.high - total.point).max(total.point - interval.low);
    Some(format!("± {:.6}", seconds(farther)))
}

/// The lines that the action shows with a point of its chart.
fn extra(summary: &Summary) -> Option<String> {
    let lines = [
        format!("{} rows, {}", units::count(summary.rows), rate(summary.rows_per_second()?.point)),
        format!("median of {} samples", summary.n()),
        format!("after a crash: {}", summary.after_a_crash()),
    ];
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Interval;

    #[test]
    fn a_range_is_the_farther_end_of_the_interval() {
        let total = |low: f64, high: f64| Estimate { point: 5e9, interval: Some(Interval { low, high }) };
        assert_eq!(range(total(4.5e9, 5.25e9)).as_deref(), Some("± 0.500000"));
        assert_eq!(range(total(5e9, 7e9)).as_deref(), Some("± 2.000000"));
        assert_eq!(range(Estimate { point: 5e9, interval: None }), None);
    }
}
