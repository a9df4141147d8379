//! Findings in both versions: the second differs by its provenance in a part of its own.

use serde::{Deserialize, Serialize};

use super::parts::{Asked, Machine, ServerFacts, Tool};
use super::v2::Provenance;
use crate::model;
use crate::model::findings::{self, Row, Verdict};
use crate::spelling::Named;

/// Version 1, which is only read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct V1 {
    schema: u32,
    tool: Tool,
    started: String,
    label: String,
    command: String,
    machine: Machine,
    server: ServerFacts,
    #[serde(default)]
    asked: Option<Asked>,
    experiment: String,
    title: String,
    question: String,
    caveats: Vec<Caveat>,
    #[serde(default)]
    pending: Vec<String>,
}

/// Version 2.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct V2 {
    schema: u32,
    provenance: Provenance,
    server: ServerFacts,
    experiment: String,
    title: String,
    question: String,
    caveats: Vec<Caveat>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pending: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Caveat {
    id: String,
    claim: String,
    title: String,
    says: String,
    source: String,
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Finding {
    way: String,
    what: String,
    #[serde(default)]
    loader: bool,
    remedy: Option<String>,
    verdict: Named<Verdict>,
    expected: Option<Named<Verdict>>,
    rows_meant: u64,
    rows_found: Option<u64>,
    rejected: Option<u64>,
    error: Option<LoadError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<LoadError>,
    notices: Vec<String>,
    difference: Option<Difference>,
    unavailable: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadError {
    sqlstate: Option<String>,
    message: String,
    line: Option<u64>,
    column: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    missing: u64,
    extra: u64,
    meant: Option<Row>,
    found: Option<Row>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    not_utf8: Vec<String>,
}

impl From<V1> for findings::Findings {
    fn from(read: V1) -> Self {
        let provenance = model::Provenance {
            tool: read.tool.into(),
            started: read.started,
            label: read.label,
            command: read.command,
            machine: read.machine.into(),
            asked: read.asked.map(Into::into),
        };
        Self {
            provenance,
            server: read.server.into(),
            experiment: read.experiment,
            title: read.title,
            question: read.question,
            caveats: read.caveats.into_iter().map(Into::into).collect(),
            pending: read.pending,
        }
    }
}

impl From<V2> for findings::Findings {
    fn from(read: V2) -> Self {
        let V2 { schema: _, provenance, server, experiment, title, question, caveats, pending } = read;
        let (provenance, server) = (provenance.into(), server.into());
        let caveats = caveats.into_iter().map(Into::into).collect();
        Self { provenance, server, experiment, title, question, caveats, pending }
    }
}

impl V2 {
    /// As it is written.
    pub(crate) fn of(findings: findings::Findings, schema: u32) -> Self {
        let findings::Findings { provenance, server, experiment, title, question, caveats, pending } =
            findings;
        let (provenance, server) = (provenance.into(), server.into());
        let caveats = caveats.into_iter().map(Into::into).collect();
        Self { schema, provenance, server, experiment, title, question, caveats, pending }
    }
}

impl From<findings::CaveatFacts> for Caveat {
    fn from(caveat: findings::CaveatFacts) -> Self {
        let findings::CaveatFacts { id, claim, title, says, source, findings } = caveat;
        Self { id, claim, title, says, source, findings: findings.into_iter().map(Into::into).collect() }
    }
}

impl From<Caveat> for findings::CaveatFacts {
    fn from(caveat: Caveat) -> Self {
        let Caveat { id, claim, title, says, source, findings } = caveat;
        Self { id, claim, title, says, source, findings: findings.into_iter().map(Into::into).collect() }
    }
}

impl From<findings::Finding> for Finding {
    fn from(finding: findings::Finding) -> Self {
        Self {
            way: finding.way,
            what: finding.what,
            loader: finding.loader,
            remedy: finding.remedy,
            verdict: Named(finding.verdict),
            expected: finding.expected.map(Named),
            rows_meant: finding.rows_meant,
            rows_found: finding.rows_found,
            rejected: finding.rejected,
            error: finding.error.map(Into::into),
            next: finding.next.map(Into::into),
            notices: finding.notices,
            difference: finding.difference.map(Into::into),
            unavailable: finding.unavailable,
        }
    }
}

impl From<Finding> for findings::Finding {
    fn from(finding: Finding) -> Self {
        Self {
            way: finding.way,
            what: finding.what,
            loader: finding.loader,
            remedy: finding.remedy,
            verdict: finding.verdict.0,
            expected: finding.expected.map(|verdict| verdict.0),
            rows_meant: finding.rows_meant,
            rows_found: finding.rows_found,
            rejected: finding.rejected,
            error: finding.error.map(Into::into),
            next: finding.next.map(Into::into),
            notices: finding.notices,
            difference: finding.difference.map(Into::into),
            unavailable: finding.unavailable,
        }
    }
}

impl From<findings::LoadError> for LoadError {
    fn from(error: findings::LoadError) -> Self {
        let findings::LoadError { sqlstate, message, line, column } = error;
        Self { sqlstate, message, line, column }
    }
}

impl From<LoadError> for findings::LoadError {
    fn from(error: LoadError) -> Self {
        let LoadError { sqlstate, message, line, column } = error;
        Self { sqlstate, message, line, column }
    }
}

impl From<findings::Difference> for Difference {
    fn from(difference: findings::Difference) -> Self {
        let findings::Difference { missing, extra, meant, found, not_utf8 } = difference;
        Self { missing, extra, meant, found, not_utf8 }
    }
}

impl From<Difference> for findings::Difference {
    fn from(difference: Difference) -> Self {
        let Difference { missing, extra, meant, found, not_utf8 } = difference;
        Self { missing, extra, meant, found, not_utf8 }
    }
}
