//! What is held against claims, and what comes of it.

use super::rule::ClaimVerdict;
use crate::analysis::summary::{Summary, summarize};
use crate::model::findings::Findings;
use crate::model::{Run, Sample, ServerFacts};
use crate::stats::Estimate;

/// A record that claims are held against.
pub struct Record {
    /// The name of its directory.
    pub name: String,
    /// What it holds.
    pub content: Content,
}

/// What a record holds.
pub enum Content {
    /// A run with its samples.
    Run(Box<Run>, Vec<Sample>),
    /// What became of dirty rows.
    Findings(Box<Findings>),
}

/// A run, summed up.
pub(super) struct Measured<'r> {
    /// The run.
    pub run: &'r Run,
    /// Its samples.
    pub samples: &'r [Sample],
    /// Its cases.
    pub summaries: Vec<Summary<'r>>,
}

/// What became of a claim's test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestResult {
    /// The name of the record that it is from.
    pub record: String,
    /// The experiment of that record.
    pub experiment: String,
    /// Machine, version and disk.
    pub place: String,
    /// Rows of the case.
    pub rows: Option<u64>,
    /// Its finished samples.
    pub samples: usize,
    /// The measured ratio, share or rate.
    pub measured: Option<Estimate>,
    /// What was found, where it is no figure.
    pub found: Option<String>,
    /// The verdict.
    pub verdict: ClaimVerdict,
    /// What the loads were bound by, or the error.
    pub evidence: Vec<Evidence>,
    /// The command that repeats it.
    pub repeat: String,
    /// The server that the case was on.
    pub(super) server: Option<ServerFacts>,
    /// Its name in the run.
    pub(super) server_name: Option<String>,
}

/// A reason for a figure: what the loads of a case were bound by, or how they ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The case, or the way.
    pub case: String,
    /// The reason.
    pub words: String,
}

impl TestResult {
    pub(super) fn of(verdict: ClaimVerdict) -> Self {
        Self {
            record: String::new(),
            experiment: String::new(),
            place: String::new(),
            rows: None,
            samples: 0,
            measured: None,
            found: None,
            verdict,
            evidence: Vec::new(),
            repeat: String::new(),
            server: None,
            server_name: None,
        }
    }

    /// The name that its server has in the run, or the two that are held against each other; `None` of a run on one
    /// server, which needs no name.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// Measured by this case.
    pub(super) fn on(self, summary: &Summary) -> Self {
        Self {
            rows: Some(summary.rows),
            samples: summary.n(),
            server: summary.server.cloned(),
            server_name: summary.case.key.server.clone(),
            ..self
        }
    }
}

impl Record {
    /// A run, summed up; `None` of findings.
    pub(super) fn measured(&self) -> Option<Measured<'_>> {
        let Content::Run(run, samples) = &self.content else { return None };
        Some(Measured { run, samples, summaries: summarize(run, samples) })
    }
}
