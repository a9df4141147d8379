//! Records with other texts, wherever these stand in them, names of settings and the like included.

use anyhow::{Result, anyhow};
use serde_json::{Map, Value};

use super::document::{Document, VERSION};
use super::wire::v2;
use crate::model::Sample;

/// The record with each of its texts changed.
///
/// # Errors
/// When what comes of it is no record any more.
pub(crate) fn with_texts<D: Document>(record: &D, change: impl Fn(&str) -> String) -> Result<D> {
    let value = changed(serde_json::from_slice(&record.json()?)?, &change);
    D::parse(VERSION, &serde_json::to_vec(&value)?).map_err(|rule| anyhow!("{}: {rule}", D::FILE))
}

/// Samples with each of their texts changed.
///
/// # Errors
/// As [`with_texts`].
pub(crate) fn samples_with_texts(samples: &[Sample], change: impl Fn(&str) -> String) -> Result<Vec<Sample>> {
    let sample = |sample: &Sample| {
        let value = changed(serde_json::to_value(v2::Sample::from(sample.clone()))?, &change);
        let sample = serde_json::from_value::<v2::Sample>(value)?;
        Sample::try_from(sample).map_err(|rule| anyhow!("a sample: {rule}"))
    };
    samples.iter().map(sample).collect()
}

fn changed(value: Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(&text)),
        Value::Array(values) => values.into_iter().map(|value| changed(value, change)).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (change(&name), changed(value, change)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}
