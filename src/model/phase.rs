//! The timed parts of a sample.

use serde::{Deserialize, Serialize};

/// A timed part of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Work on the data or the table before the first row goes in.
    Prepare,
    /// The rows going in.
    Load,
    /// COMMIT, where it is a step of its own.
    Commit,
    /// ALTER TABLE ... SET LOGGED.
    SetLogged,
    /// Adding keys and constraints.
    Constraints,
    /// VALIDATE CONSTRAINT: holding the rows that are there against it.
    Validate,
    /// Building the indexes.
    Indexes,
    /// ATTACH PARTITION.
    Attach,
    /// ANALYZE.
    Analyze,
}

impl Phase {
    /// All of them, in the order they are shown.
    pub const ALL: [Phase; 9] = [
        Phase::Prepare,
        Phase::Load,
        Phase::Commit,
        Phase::SetLogged,
        Phase::Constraints,
        Phase::Validate,
        Phase::Indexes,
        Phase::Attach,
        Phase::Analyze,
    ];

    /// In words, as tables and charts show it.
    pub fn words(self) -> &'static str {
        match self {
            Phase::Prepare => "prepare",
            Phase::Load => "load",
            Phase::Commit => "commit",
            Phase::SetLogged => "set logged",
            Phase::Constraints => "constraints",
            Phase::Validate => "validate",
            Phase::Indexes => "indexes",
            Phase::Attach => "attach",
            Phase::Analyze => "analyze",
        }
    }
}
