//! Bencher Metric Format (bencher.dev/docs/reference/bencher-metric-format): an object of benchmarks, each an object of
//! measures. `latency` is in nanoseconds and `throughput` in operations a second, as Bencher has them from the start.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::parts::name;
use crate::analysis::Standing;
use crate::report::json::pretty;
use crate::stats::Estimate;

#[derive(Serialize)]
struct Measures {
    /// The median total in nanoseconds, between the ends of its interval.
    latency: Metric,
    /// Rows a second.
    throughput: Metric,
}

#[derive(Serialize)]
struct Metric {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<f64>,
}

impl From<Estimate> for Metric {
    fn from(estimate: Estimate) -> Self {
        let end = |end: fn(crate::stats::Interval) -> f64| estimate.interval.map(end);
        Self { value: estimate.point, lower_value: end(|i| i.low), upper_value: end(|i| i.high) }
    }
}

/// The cases that have times.
///
/// # Errors
/// When they cannot be written as JSON.
pub(super) fn metrics(timed: &[&Standing]) -> Result<String> {
    let of_case = |standing: &&Standing| {
        let summary = &standing.summary;
        let (latency, throughput) = (summary.total_ns?.into(), summary.rows_per_second()?.into());
        Some((name(summary), Measures { latency, throughput }))
    };
    pretty(&timed.iter().filter_map(of_case).collect::<BTreeMap<String, Measures>>())
}
