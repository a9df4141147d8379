//! Records as reports show them.

use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::visible::{visible, visible_lines};

/// What becomes of the ends of lines within a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnds {
    /// They stay, as in messages of several lines.
    Kept,
    /// They are named as all else that cannot be seen, as in rows.
    Named,
}

/// A record with a name for each character that cannot be seen, wherever it stands: in rows, in messages
/// that quote them, in what a server or a program says of itself.
///
/// # Errors
/// When it cannot be written as JSON or read from it.
pub(super) fn of<T: Serialize + DeserializeOwned>(record: &T, ends: LineEnds) -> Result<T> {
    let value = serde_json::to_value(record).context("writing a record as JSON")?;
    serde_json::from_value(show(value, ends)).context("reading a record as JSON")
}

fn show(value: Value, ends: LineEnds) -> Value {
    let text = |text: &str| match ends {
        LineEnds::Kept => visible_lines(text),
        LineEnds::Named => visible(text).into_owned(),
    };
    match value {
        Value::String(value) => Value::String(text(&value)),
        Value::Array(values) => values.into_iter().map(|value| show(value, ends)).collect(),
        Value::Object(fields) => {
            let shown: Map<String, Value> =
                fields.into_iter().map(|(name, value)| (text(&name), show(value, ends))).collect();
            Value::Object(shown)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}
