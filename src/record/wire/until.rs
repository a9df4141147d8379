//! The rule by which a run goes on in rounds, as all versions have it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{self, RoundsEnd};
use crate::spelling::Named;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Until {
    percent: f64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cases: Vec<String>,
    fewest_rounds: u32,
    most_rounds: u32,
    most_ns: u64,
    spent_ns: u64,
    /// Half of each interval that was wider, in per cent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    wider: BTreeMap<String, Option<f64>>,
    ended: Option<Named<RoundsEnd>>,
}

impl From<model::Until> for Until {
    fn from(until: model::Until) -> Self {
        let model::Until { percent, cases, fewest_rounds, most_rounds, most_ns, spent_ns, wider, ended } =
            until;
        let ended = ended.map(Named);
        Self { percent, cases, fewest_rounds, most_rounds, most_ns, spent_ns, wider, ended }
    }
}

impl From<Until> for model::Until {
    fn from(until: Until) -> Self {
        let Until { percent, cases, fewest_rounds, most_rounds, most_ns, spent_ns, wider, ended } = until;
        let ended = ended.map(|ended| ended.0);
        Self { percent, cases, fewest_rounds, most_rounds, most_ns, spent_ns, wider, ended }
    }
}
