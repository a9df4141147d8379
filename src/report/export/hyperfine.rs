//! The JSON that `hyperfine --export-json` writes (its src/benchmark/benchmark_result.rs and src/export/json.rs), for
//! the scripts that plot it. All times are seconds.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::parts::{name, parameters, seconds};
use crate::analysis::Standing;
use crate::model::Metric;
use crate::report::json::pretty;
use crate::stats;

#[derive(Serialize)]
struct Results {
    results: Vec<Benchmark>,
}

#[derive(Serialize)]
struct Benchmark {
    command: String,
    mean: f64,
    /// `null` of a single sample.
    stddev: Option<f64>,
    median: f64,
    /// All CPU time of the client on average, as records do not tell user from kernel mode.
    user: f64,
    /// Part of `user`, and therefore 0 here: the format has no word for what is not known.
    system: f64,
    min: f64,
    max: f64,
    times: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_usage_byte: Option<Vec<u64>>,
    /// 0 for each load that was verified, and others have no time.
    exit_codes: Vec<i32>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<String, String>,
}

/// The cases that have times.
///
/// # Errors
/// When they cannot be written as JSON.
pub(super) fn results(timed: &[&Standing]) -> Result<String> {
    pretty(&Results { results: timed.iter().filter_map(|standing| benchmark(standing)).collect() })
}

fn benchmark(standing: &Standing) -> Option<Benchmark> {
    let summary = &standing.summary;
    let totals = summary.samples.iter().filter_map(|sample| sample.total_ns);
    let times: Vec<f64> = totals.map(|ns| seconds(ns as f64)).collect();
    let read = |metric: Metric| summary.samples.iter().map(move |sample| sample.readings.get(metric));
    let cpu: Vec<f64> = read(Metric::ClientCpu).flatten().map(|ns| seconds(ns as f64)).collect();
    let mean_time = mean(&times)?;
    Some(Benchmark {
        command: name(summary),
        mean: mean_time,
        stddev: deviation(&times, mean_time),
        median: stats::median(&times)?,
        user: mean(&cpu).unwrap_or(0.0),
        system: 0.0,
        min: times.iter().copied().fold(f64::INFINITY, f64::min),
        max: times.iter().copied().fold(0.0, f64::max),
        // One a sample, or none.
        memory_usage_byte: read(Metric::ClientMemory).collect(),
        exit_codes: vec![0; times.len()],
        parameters: parameters(summary.case, summary.server),
        times,
    })
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The standard deviation of a sample, by `n - 1`; `None` of fewer than two values.
fn deviation(values: &[f64], mean: f64) -> Option<f64> {
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(mean(&values), Some(5.0));
        assert_eq!(deviation(&values, 5.0), Some((32.0_f64 / 7.0).sqrt()));
        assert_eq!((mean(&[]), deviation(&[1.0], 1.0)), (None, None));
    }
}
