//! A sample: one timed load of one case.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::durability::Durability;
use super::phase::Phase;
use super::session::SessionFacts;

/// How a sample ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Loaded and verified.
    Ok,
    /// An error, or a load that verification refused.
    Failed,
    /// Stopped at its deadline.
    Timeout,
}

/// One line of `samples.jsonl`: one load of one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The case's id.
    pub case: String,
    /// The round from 1; 0 is the warm-up, which no figure is made of.
    pub round: u32,
    /// The place in the round, from 0.
    pub position: u32,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong, with the whole chain of causes; `None` when nothing did.
    pub error: Option<String>,
    /// Rows it was to load.
    pub rows: u64,
    /// The sum of the phases in nanoseconds; `None` unless the outcome is ok.
    pub total_ns: Option<u64>,
    /// The phases that it had, in nanoseconds.
    pub phases: BTreeMap<Phase, u64>,
    /// What the load cost; a probe that cannot see its thing here says nothing.
    pub cost: Cost,
    /// What the table looked like in the end; `None` unless the outcome is ok.
    pub end_state: Option<EndState>,
    /// What its sessions really had; `None` in records from before that was read back, and where the
    /// outcome is not ok.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionFacts>,
    /// Time around the phases in nanoseconds: settings, reset, connect (with whatever else a method
    /// does before and after its phases, and the probes), verify.
    pub overhead: BTreeMap<String, u64>,
}

/// What a load cost beyond time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// WAL written by the whole server during the phases.
    pub wal_bytes: Option<u64>,
    /// The table without its indexes, in the end.
    pub table_bytes: Option<u64>,
    /// All its indexes, in the end.
    pub index_bytes: Option<u64>,
    /// CPU time of this program and of one that it ran to load, user and system.
    pub client_cpu_ns: Option<u64>,
    /// The same during the load phase alone.
    pub client_load_cpu_ns: Option<u64>,
    /// Peak resident memory of this program, or of the one that it ran to load.
    pub client_peak_bytes: Option<u64>,
    /// CPU time of the server's processes.
    pub server_cpu_ns: Option<u64>,
    /// Checkpoints of the server that had a part during the phases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoints: Option<u64>,
}

/// The state that a load leaves behind: cases are compared only where these agree, or say how they differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndState {
    /// Rows in the table.
    pub rows: u64,
    /// The order-free sum of the rows' hashes, as the server computes it.
    pub content: String,
    /// `permanent` or `unlogged`.
    pub persistence: String,
    /// Definitions of indexes and constraints that are valid, sorted, without names of their own.
    pub structure: Vec<String>,
}

impl Sample {
    /// What a crash leaves of it, given what its method promises: judged by the settings that its sessions
    /// had and by the table that it left. `None` where the record does not say what they had.
    pub fn durability(&self, promised: Durability) -> Option<Durability> {
        let session = self.session.as_ref()?;
        let unlogged = self.end_state.as_ref().is_some_and(|end| end.persistence.contains("unlogged"));
        let kept = if unlogged { Durability::LostOnCrash } else { promised };
        Some(kept.under(&session.settings))
    }
}
