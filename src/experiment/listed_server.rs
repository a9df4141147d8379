//! What an experiment gives its servers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{self, Deserializer};

use crate::units::memory_in_bytes;

/// What an experiment gives all its servers, unless the user says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedServer {
    /// Bytes of memory that each may use, as `--memory` has them.
    #[serde(default, rename = "memory", deserialize_with = "size")]
    pub memory_bytes: Option<u64>,
    /// Settings of the whole run, as `--set` has them.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let expected = "a size in whole MB or GB, such as \"4GB\"";
    match memory_in_bytes(&text) {
        Some(bytes) => Ok(Some(bytes)),
        None => Err(de::Error::invalid_value(de::Unexpected::Str(&text), &expected)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Experiment;
    use super::ListedServer;

    const PLAIN: &str = "id = 's'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nbaseline = 'copy-csv'\n\
                         [[case]]\nmethod = 'copy-csv'\n";

    #[test]
    fn a_server_is_given_memory_and_settings() {
        let parse = |more: &str| Experiment::parse(&format!("{PLAIN}{more}"), "s.toml");
        let given = "[server]\nmemory = '4GB'\nsettings = { maintenance_work_mem = '1GB' }\n";
        let server = parse(given).unwrap().server;
        assert_eq!(server.memory_bytes, Some(4 << 30));
        assert_eq!(server.settings["maintenance_work_mem"], "1GB");
        assert_eq!(parse("").unwrap().server, ListedServer::default());
        let error = |more: &str| format!("{:#}", parse(more).unwrap_err());
        assert!(error("[server]\nmemory = '4'\n").contains("such as \"4GB\""));
        let moving = error("[server]\nsettings = { search_path = 'x' }\n");
        assert!(moving.contains("settings of [server]"), "{moving}");
    }
}
