//! What a run was asked for that neither its plan nor its facts tell, to repeat it by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Run, ServerFacts};

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
