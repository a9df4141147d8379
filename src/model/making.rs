//! What a run makes of the table besides its DDL.

use super::word::words;

words! {
    /// Whose WAL the readings of WAL are.
    pub enum WalOf {
        /// That of the server that the rows lie in.
        Server = "server",
        /// That of the server which the client is connected to: the rows lie, at least in part, on others, whose WAL
        /// nobody reads.
        Coordinator = "coordinator",
    }
}

/// What is done to the table right after it was made, before the clock starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Making {
    /// Statements of the experiment, with `{schema}` and `{table}` for the names, quoted.
    pub after: Vec<String>,
    /// The column that Citus distributes it by.
    pub distribute: Option<String>,
}

impl Making {
    /// Whether nothing is done.
    pub fn is_empty(&self) -> bool {
        self.after.is_empty() && self.distribute.is_none()
    }

    /// Whose WAL is read.
    pub fn wal_of(&self) -> WalOf {
        if self.distribute.is_some() { WalOf::Coordinator } else { WalOf::Server }
    }
}
