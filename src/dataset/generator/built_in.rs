//! The tables that this program brings along.

use anyhow::Result;

use super::events::{self, Events};
use super::readings::{self, Readings};
use super::rows::{Rows, check_rows};
use super::votes::{self, Votes};
use crate::dataset::columns::{self, Column};
use crate::interrupt::Interrupt;

/// A table that this program brings along, with the rows that it invents for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuiltIn {
    /// Who voted, on what, up or down: the article's table. Narrow, two indexes.
    Votes,
    /// What happened in a web service: ten columns of many types, NULLs, three indexes, one of them GIN.
    Events,
    /// What sensors measured: numbers alone, no key, no index.
    Readings,
}

impl BuiltIn {
    /// All of them.
    pub const ALL: [BuiltIn; 3] = [BuiltIn::Votes, BuiltIn::Events, BuiltIn::Readings];

    /// Its name: that of its table.
    pub fn name(self) -> &'static str {
        match self {
            BuiltIn::Votes => "votes",
            BuiltIn::Events => "events",
            BuiltIn::Readings => "readings",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// The statements that make its table.
    pub fn ddl(self) -> &'static str {
        match self {
            BuiltIn::Votes => include_str!("../../../datasets/tables/votes.sql"),
            BuiltIn::Events => include_str!("../../../datasets/tables/events.sql"),
            BuiltIn::Readings => include_str!("../../../datasets/tables/readings.sql"),
        }
    }

    /// The columns that its rows bring.
    pub fn columns(self) -> Vec<Column> {
        match self {
            BuiltIn::Votes => columns::votes(),
            BuiltIn::Events => events::columns(),
            BuiltIn::Readings => readings::columns(),
        }
    }

    /// The version of its rows, which changes whenever any byte of them would.
    pub(crate) fn version(self) -> u32 {
        match self {
            BuiltIn::Votes => votes::VERSION,
            BuiltIn::Events => events::VERSION,
            BuiltIn::Readings => readings::VERSION,
        }
    }

    /// Tenths of a byte that a row takes, about: as csv or text, and as binary.
    pub(crate) fn tenths_of_row(self) -> (u64, u64) {
        match self {
            BuiltIn::Votes => (219, 356),
            BuiltIn::Events => (2480, 2430),
            BuiltIn::Readings => (672, 820),
        }
    }

    /// Makes so many rows of it from a seed.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for a number of rows that cannot be made;
    /// [`crate::fault::Fault::Interrupted`].
    pub(crate) fn rows(self, rows: u64, seed: u64, interrupt: &Interrupt) -> Result<Box<dyn Rows>> {
        check_rows(rows)?;
        Ok(match self {
            BuiltIn::Votes => Box::new(Votes::new(rows, seed, interrupt)?),
            BuiltIn::Events => Box::new(Events::new(rows, seed)),
            BuiltIn::Readings => Box::new(Readings::new(rows, seed)),
        })
    }
}
