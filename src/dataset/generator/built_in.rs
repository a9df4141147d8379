//! The tables that this program brings along.

use anyhow::Result;

use super::events::{self, Events};
use super::one_type::{self, OneType, OneTypeRows};
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
    /// Four columns of one type, no key, no index.
    OneType(OneType),
}

impl BuiltIn {
    /// Those that stand for tables as people have them.
    pub const TYPICAL: [BuiltIn; 3] = [BuiltIn::Votes, BuiltIn::Events, BuiltIn::Readings];

    /// All of them.
    pub fn all() -> impl Iterator<Item = BuiltIn> {
        Self::TYPICAL.into_iter().chain(OneType::all().map(BuiltIn::OneType))
    }

    /// Its name: that of its table.
    pub fn name(self) -> &'static str {
        match self {
            BuiltIn::Votes => "votes",
            BuiltIn::Events => "events",
            BuiltIn::Readings => "readings",
            BuiltIn::OneType(table) => table.name(),
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|table| table.name() == name)
    }

    /// The statements that make its table.
    pub fn ddl(self) -> String {
        match self {
            BuiltIn::Votes => include_str!("../../../datasets/tables/votes.sql").into(),
            BuiltIn::Events => include_str!("../../../datasets/tables/events.sql").into(),
            BuiltIn::Readings => include_str!("../../../datasets/tables/readings.sql").into(),
            BuiltIn::OneType(table) => table.ddl(),
        }
    }

    /// The statements that make its table with these indexes, and not its own: those stand behind the table.
    pub(crate) fn ddl_with(self, indexes: &str) -> String {
        let ddl = self.ddl();
        let table = ddl.split_once("\nCREATE INDEX").map_or(ddl.as_str(), |(table, _)| table);
        format!("{}\n{}\n", table.trim_end(), indexes.trim())
    }

    /// The columns that its rows bring.
    pub fn columns(self) -> Vec<Column> {
        match self {
            BuiltIn::Votes => columns::votes(),
            BuiltIn::Events => events::columns(),
            BuiltIn::Readings => readings::columns(),
            BuiltIn::OneType(table) => table.columns(),
        }
    }

    /// The version of its rows, which changes whenever any byte of them would.
    pub(crate) fn version(self) -> u32 {
        match self {
            BuiltIn::Votes => votes::VERSION,
            BuiltIn::Events => events::VERSION,
            BuiltIn::Readings => readings::VERSION,
            BuiltIn::OneType(_) => one_type::VERSION,
        }
    }

    /// Tenths of a byte that a row takes, about: as csv or text, and as binary.
    pub(crate) fn tenths_of_row(self) -> (u64, u64) {
        match self {
            BuiltIn::Votes => (219, 356),
            BuiltIn::Events => (2480, 2430),
            BuiltIn::Readings => (672, 820),
            BuiltIn::OneType(table) => table.tenths_of_row(),
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
            BuiltIn::OneType(table) => Box::new(OneTypeRows::new(table, rows, seed)),
        })
    }
}
