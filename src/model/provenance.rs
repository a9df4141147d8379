//! The program that made a result, and the time.

use serde::{Deserialize, Serialize};

/// The program that made a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version, as in Cargo.toml.
    pub version: String,
    /// The commit it was built from, with `+changes` for a tree with changes; `None` outside a checkout.
    pub commit: Option<String>,
    /// `release` or `debug`: a debug build's client times mean nothing.
    pub profile: String,
}

impl Tool {
    /// This program.
    pub fn this() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            commit: option_env!("BULKBENCH_COMMIT").map(String::from),
            profile: if cfg!(debug_assertions) { "debug" } else { "release" }.into(),
        }
    }
}

/// The time now as records have it: RFC 3339 in UTC, in whole seconds.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whether a text is a time as records have it.
pub fn is_time(text: &str) -> bool {
    text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}
