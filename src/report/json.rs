//! What the JSON of a run and of a comparison share.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::stats::Estimate;

/// A figure with the ends of its interval, which are null below five samples.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
}

impl From<Estimate> for Figure {
    fn from(estimate: Estimate) -> Self {
        let interval = estimate.interval;
        Self { value: estimate.point, low: interval.map(|i| i.low), high: interval.map(|i| i.high) }
    }
}

/// JSON for people and programs: indented, with a line end behind it.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn pretty(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value).context("writing JSON")?;
    Ok(text + "\n")
}
