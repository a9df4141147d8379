//! The program that made a result, and the time.

use std::collections::BTreeMap;

use super::machine::Machine;

/// The program that made a record.
#[derive(Debug, Clone, PartialEq)]
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
    pub(crate) fn this() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            commit: option_env!("BULKBENCH_COMMIT").map(String::from),
            profile: if cfg!(debug_assertions) { "debug" } else { "release" }.into(),
        }
    }
}

/// The user's choices beside the experiment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// Whether the experiment is a file of the user's.
    pub own_experiment: bool,
    /// The ids of the user's own loaders.
    pub loaders: Vec<String>,
    /// The ids of the caveats that were chosen; all of the experiment's when empty.
    pub caveats: Vec<String>,
    /// The methods that were chosen; all of the experiment's when empty.
    pub methods: Vec<String>,
    /// The claim whose tests were chosen, by its id; `None` where none was.
    pub claim: Option<String>,
    /// The name of a dataset in the cache; `None` for a generated one.
    pub dataset: Option<String>,
    /// The settings of the whole run.
    pub settings: BTreeMap<String, String>,
    /// Processors that the client, and the programs that it loads by, kept themselves to; `None` for all.
    pub client_cpus: Option<u32>,
    /// Seconds after which a sample is given up.
    pub timeout_seconds: u64,
    /// Whether a directory was named for the data of a local server.
    pub data_dir: bool,
}

/// The provenance of a result: program, time, machine, command.
#[derive(Debug, Clone, PartialEq)]
pub struct Provenance {
    /// The program that made it.
    pub tool: Tool,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// The user's words for it (`--label`), or the empty string.
    pub label: String,
    /// The command that repeats it, without secrets and paths.
    pub command: String,
    /// The machine that the client ran on.
    pub machine: Machine,
    /// The user's choices beside the experiment; `None` in records from before they were kept.
    pub asked: Option<Asked>,
}

/// The time now as records have it: RFC 3339 in UTC, in whole seconds.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whether a text is a time as records have it.
pub(crate) fn is_time(text: &str) -> bool {
    text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}
