//! A run: one dated execution of an experiment on one machine, and its plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::case::CaseFacts;
use super::dataset::DatasetFacts;
use super::machine::Machine;
use super::provenance::Tool;
use super::server::ServerFacts;

/// `run.json`: one dated execution of an experiment on one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// [`SCHEMA_VERSION`] of the program that wrote it.
    pub schema: u32,
    /// The program that wrote it.
    pub tool: Tool,
    /// When the run began, RFC 3339 in UTC.
    pub started: String,
    /// The user's words for this run (`--label`), or the empty string.
    pub label: String,
    /// The command that repeats it, without secrets and paths.
    pub command: String,
    /// Where it ran.
    pub machine: Machine,
    /// What it loaded into.
    pub server: ServerFacts,
    /// What it loaded.
    pub dataset: DatasetFacts,
    /// Further servers, by the name that cases give them, where it loaded into several.
    #[serde(default)]
    pub servers: BTreeMap<String, ServerFacts>,
    /// Further datasets, by the name that cases give them.
    #[serde(default)]
    pub datasets: BTreeMap<String, DatasetFacts>,
    /// What was asked for beside the experiment; `None` in records from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// What was to be done, in which order.
    pub plan: Plan,
}

/// What a run set out to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The experiment's id.
    pub experiment: String,
    /// Its title.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// The published source its `published_seconds` come from, if any.
    pub published: Option<String>,
    /// Rounds: each runs every case once.
    pub rounds: u32,
    /// Rows of the dataset.
    pub rows: u64,
    /// The seed of the order of the cases.
    pub seed: u64,
    /// The longest a sample of a budgeted method should take, in nanoseconds.
    pub budget_ns: u64,
    /// The cases, in the order of the experiment; the control is one of them.
    pub cases: Vec<CaseFacts>,
    /// For each round the indexes into `cases` in the order they run.
    pub order: Vec<Vec<usize>>,
    /// How cases were grouped within a round, in words, when settings need a restart.
    pub grouping: Option<String>,
    /// The axis that the experiment varies, which its curves are drawn over: `rows`, `latency_ms`,
    /// or the name of a parameter or setting, e.g. `batch`. `None` where it is a list of methods.
    #[serde(default)]
    pub x: Option<String>,
    /// Whether cases on servers whose builds have different origins are compared all the same.
    #[serde(default)]
    pub any_build: bool,
}

/// What the user asked for beside the experiment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Whether the experiment is a file of the user's.
    pub own_experiment: bool,
    /// The ids of the user's own loaders.
    pub loaders: Vec<String>,
    /// The methods that were chosen; all of the experiment's when empty.
    pub methods: Vec<String>,
    /// The name of a dataset in the cache; `None` for a generated one.
    pub dataset: Option<String>,
    /// The settings of the whole run.
    pub settings: BTreeMap<String, String>,
    /// Seconds after which a sample is given up.
    pub timeout_seconds: u64,
    /// Whether a directory was named for the data of a local server.
    pub data_dir: bool,
}

impl Run {
    /// The servers that it loaded into, that of the baseline first.
    pub fn servers_in_order(&self) -> Vec<&ServerFacts> {
        // In the order in which the cases name them.
        let mut names: Vec<&String> = Vec::new();
        for name in self.plan.cases.iter().filter_map(|case| case.server.as_ref()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        match names.is_empty() {
            true => vec![&self.server],
            false => names.into_iter().filter_map(|name| self.servers.get(name)).collect(),
        }
    }
}
