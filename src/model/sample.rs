//! A sample: one timed load of one case.

use std::collections::BTreeMap;
use std::fmt;

use super::content::Content;
use super::crash::{Crash, Moment};
use super::durability::{Durability, Persistence};
use super::metric::Readings;
use super::phase::Phase;
use super::session::SessionFacts;
use super::word::words;

/// The part of a run that a sample belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// Before the first round, to fill caches: no figure is made of it.
    WarmUp,
    /// A round, from 1: each runs every case once.
    Round(u32),
    /// Behind the rounds: the server crashes at this moment, to see what is left.
    Crash(Moment),
}

impl Slot {
    /// Whether figures are made of its samples.
    pub fn counts(self) -> bool {
        matches!(self, Slot::Round(_))
    }

    /// The round as tables have it: 0 outside of rounds.
    pub fn round(self) -> u32 {
        match self {
            Slot::Round(round) => round,
            Slot::WarmUp | Slot::Crash(_) => 0,
        }
    }
}

/// In words: `the warm-up`, `round 3`.
impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Slot::WarmUp => f.write_str("the warm-up"),
            Slot::Round(round) => write!(f, "round {round}"),
            Slot::Crash(moment) => write!(f, "the crash {}", moment.words()),
        }
    }
}

words! {
    /// A step of a sample around its timed phases.
    pub enum Step {
        /// Giving the server the case's own settings.
        Settings = "settings",
        /// Making the table to start from.
        Reset = "reset",
        /// Connecting, the probes, and whatever else a method does before and after its phases.
        Connect = "connect",
        /// Proving what the load left.
        Verify = "verify",
    }
}

words! {
    /// The end of a sample.
    pub enum Outcome {
        /// Loaded and verified.
        Ok = "ok",
        /// An error, or a load that verification refused.
        Failed = "failed",
        /// Stopped at its deadline.
        Timeout = "timeout",
    }
}

/// One timed load of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The case's id.
    pub case: String,
    /// The part of the run that it belongs to.
    pub slot: Slot,
    /// The place in that part, from 0.
    pub position: u32,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// Its end: ok, failed or timeout.
    pub outcome: Outcome,
    /// The error with its whole chain of causes; `None` without one.
    pub error: Option<String>,
    /// Rows it was to load.
    pub rows: u64,
    /// The sum of the phases in nanoseconds; `None` unless the outcome is ok, and in the slot of a crash.
    pub total_ns: Option<u64>,
    /// The phases that it had, in nanoseconds.
    pub phases: BTreeMap<Phase, u64>,
    /// Costs of the load besides time; what cannot be read here is absent, never 0.
    pub readings: Readings,
    /// The verified state of the table; `None` unless the outcome is ok, and in the slot of a crash.
    pub end_state: Option<EndState>,
    /// The settings of its sessions, read back; `None` in records from before that was done, and where
    /// the outcome is not ok.
    pub session: Option<SessionFacts>,
    /// The time around the phases in nanoseconds.
    pub overhead: BTreeMap<Step, u64>,
    /// What the crash left; in the slot of one alone.
    pub crash: Option<Crash>,
}

/// The state that a load leaves behind: cases are compared only where these agree, or say how they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndState {
    /// Rows in the table.
    pub rows: u64,
    /// Their content sum, as the server computes it.
    pub content: Content,
    /// Whether the table is logged.
    pub persistence: Persistence,
    /// Definitions of indexes and constraints that are valid, sorted, without names of their own.
    pub structure: Vec<String>,
}

impl Sample {
    /// Its durability, given what its method promises: judged by the settings that its sessions had and
    /// by the table that it left. `None` where the record does not say what they had.
    pub(crate) fn durability(&self, promised: Durability) -> Option<Durability> {
        let session = self.session.as_ref()?;
        let unlogged = self.end_state.as_ref().is_some_and(|end| end.persistence == Persistence::Unlogged);
        let kept = if unlogged { Durability::LostOnCrash } else { promised };
        Some(kept.under(&session.settings))
    }
}
