//! A case as an experiment lists it.

use std::collections::BTreeMap;

use crate::model::Params;

/// A method with its parameters filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The method's id.
    pub method: String,
    /// Parameters that differ from the method's defaults.
    pub params: Params,
    /// Server settings of this case alone.
    pub settings: BTreeMap<String, String>,
    /// The dataset's first rows, so many, in place of all.
    pub rows: Option<u64>,
    /// Another form of the rows: `numeric` has numbers in place of texts.
    pub dataset: Option<String>,
    /// The collation of the text columns, in place of the database's.
    pub collation: Option<String>,
    /// Milliseconds to add to each round trip.
    pub latency_ms: Option<u64>,
    /// The id of the case that it is held against, in place of the baseline.
    pub against: Option<String>,
    /// Seconds that `source` published for it.
    pub published_seconds: Option<f64>,
}

/// In place of a method's id: every method.
pub const ALL_METHODS: &str = "*";

impl Case {
    /// A method with its defaults.
    pub fn of(method: &str) -> Self {
        Self {
            method: method.into(),
            params: Params::new(),
            settings: BTreeMap::new(),
            rows: None,
            dataset: None,
            collation: None,
            latency_ms: None,
            against: None,
            published_seconds: None,
        }
    }

    /// Unique within an experiment: the method and what differs from its defaults.
    pub fn id(&self) -> String {
        let mut id = self.method.clone();
        let mut add = |name: &str, value: &dyn std::fmt::Display| id.push_str(&format!(" {name}={value}"));
        self.params.iter().for_each(|(name, value)| add(name, value));
        self.rows.iter().for_each(|v| add("rows", v));
        self.dataset.iter().for_each(|v| add("dataset", v));
        self.collation.iter().for_each(|v| add("collation", v));
        self.latency_ms.iter().for_each(|v| add("latency_ms", v));
        self.settings.iter().for_each(|(name, value)| add(name, value));
        id
    }

    /// The case with nothing said of `axis`: cases for which this is the same differ in that alone.
    pub fn without(&self, axis: &str) -> Self {
        let mut case = Self { against: None, published_seconds: None, ..self.clone() };
        match axis {
            "method" => case.method.clear(),
            "rows" => case.rows = None,
            "dataset" => case.dataset = None,
            "collation" => case.collation = None,
            "latency_ms" => case.latency_ms = None,
            name => {
                case.params.remove(name);
                case.settings.remove(name);
            }
        }
        case
    }

    /// Whether the case says something of `axis`.
    pub(super) fn has(&self, axis: &str) -> bool {
        axis == "method" || axis == "server" || self.without(axis).id() != self.id()
    }
}
