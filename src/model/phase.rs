//! The timed parts of a sample.

use super::word::words;

words! {
    /// A timed part of a sample.
    pub enum Phase {
        /// Work on the data or the table before the first row goes in.
        Prepare = "prepare",
        /// The rows going in.
        Load = "load",
        /// COMMIT, where it is a step of its own.
        Commit = "commit",
        /// ALTER TABLE ... SET LOGGED.
        SetLogged = "set-logged",
        /// Adding keys and constraints.
        Constraints = "constraints",
        /// VALIDATE CONSTRAINT: holding the rows that are there against it.
        Validate = "validate",
        /// Building the indexes.
        Indexes = "indexes",
        /// ATTACH PARTITION.
        Attach = "attach",
        /// ANALYZE.
        Analyze = "analyze",
    }
}

impl Phase {
    /// In words, as tables and charts show it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Phase::SetLogged => "set logged",
            other => other.name(),
        }
    }
}
