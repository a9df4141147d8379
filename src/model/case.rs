//! A case: a method with its parameters filled in, and the part it plays in a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::durability::Durability;
use super::param::Params;

/// The part a case plays in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The one that all others are compared with.
    Baseline,
    /// The baseline a second time: the distance between the two is the run's noise.
    Control,
    /// Any other.
    Case,
}

/// What a case does to the table: cases are compared only where they do the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// Fills an empty table.
    #[default]
    Load,
    /// Adds rows to a table that holds others.
    Append,
    /// Adds rows of which a part is there already.
    Merge,
    /// Gives rows that are there new values.
    Update,
    /// Reads the rows out.
    Export,
}

impl Work {
    /// With its article, as sentences have it.
    pub fn words(self) -> &'static str {
        match self {
            Work::Load => "a load of an empty table",
            Work::Append => "an append to rows that are there",
            Work::Merge => "a load of rows that are partly there",
            Work::Update => "an update of rows that are there",
            Work::Export => "an export",
        }
    }
}

/// A program of somebody else's that a case loads by: its start-up is part of the load phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramFacts {
    /// What it is run by: its definition's words, before anything is filled in.
    pub command: String,
    /// The first line that it says of its version; `None` where it is not there.
    pub version: Option<String>,
    /// SHA-256 of its definition and of the files that this names, in hexadecimal.
    #[serde(default)]
    pub definition: Option<String>,
}

/// A case as it was planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFacts {
    /// Unique in its run: the method and what differs from its defaults, e.g. `insert-multirow batch=1000`.
    pub id: String,
    /// The method's id.
    pub method: String,
    /// The method's family, e.g. `copy`.
    pub family: String,
    /// What the method does, in one line.
    pub summary: String,
    /// The program of somebody else's that does it, where one does.
    #[serde(default)]
    pub program: Option<ProgramFacts>,
    /// What it does to the table.
    #[serde(default)]
    pub work: Work,
    /// The part it plays.
    pub role: Role,
    /// What a crash leaves.
    pub durability: Durability,
    /// The parameters with their values, defaults filled in.
    pub params: Params,
    /// Server settings of this case alone.
    pub settings: BTreeMap<String, String>,
    /// Which rows it loads where they are not the run's: the name of one of [`Run::datasets`].
    #[serde(default)]
    pub dataset: Option<String>,
    /// The collation of the table's text columns, where it is not the database's.
    #[serde(default)]
    pub collation: Option<String>,
    /// Milliseconds that a proxy adds to each round trip; `None` without a proxy in between.
    #[serde(default)]
    pub latency_ms: Option<u64>,
    /// Which server it loads into where there are several: the name of one of [`Run::servers`].
    #[serde(default)]
    pub server: Option<String>,
    /// The id of the case that it is held against where that is not the run's baseline: the one
    /// that differs from it in nothing but what the experiment compares.
    #[serde(default)]
    pub against: Option<String>,
    /// Rows this case loads: the dataset's, or fewer where the case or the budget asked for it.
    pub rows: u64,
    /// Why it loads fewer rows, in words.
    pub rows_reason: Option<String>,
    /// Why it cannot run here, in words; such a case has no place in the order.
    pub unavailable: Option<String>,
    /// The error of the trial load that was to find out how many rows it loads; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_trial: Option<String>,
    /// Seconds published for it by the plan's source.
    pub published_seconds: Option<f64>,
}

impl CaseFacts {
    /// What the program of somebody else's says of its version, where one does the load and is here.
    pub fn program_version(&self) -> Option<&str> {
        self.program.as_ref()?.version.as_deref()
    }
}
