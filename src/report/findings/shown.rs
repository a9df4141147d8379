//! Findings as reports show them.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::model::findings::Findings;
use crate::visible::visible;

/// The findings with a name for each character that cannot be seen, wherever it stands: in rows, in
/// messages that quote them, in statements.
///
/// # Errors
/// When they cannot be written as JSON or read from it.
pub fn of(findings: &Findings) -> Result<Findings> {
    let mut value = serde_json::to_value(findings).context("writing the findings as JSON")?;
    show(&mut value);
    serde_json::from_value(value).context("reading the findings as JSON")
}

fn show(value: &mut Value) {
    match value {
        Value::String(text) => *text = visible(text).into_owned(),
        Value::Array(values) => values.iter_mut().for_each(show),
        Value::Object(fields) => fields.values_mut().for_each(show),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
