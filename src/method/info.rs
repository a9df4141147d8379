//! The description of a method.

use std::collections::BTreeMap;

use super::param::Param;
use crate::model::{Durability, Encoding, Persistence, Work};
use crate::table::Layout;

/// Methods that share their mechanics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// INSERT statements.
    Insert,
    /// Into a table or through a view on a file first, and from there by one INSERT ... SELECT.
    Staging,
    /// COPY into one table.
    Copy,
    /// Several COPYs at once.
    Parallel,
    /// The fastest parts of the others, put together.
    Fastest,
    /// Loads past foreign keys.
    Keys,
    /// Updates of rows that are there, and the export that comes before them.
    Backfill,
    /// External programs, each described by a TOML file.
    External,
}

impl Family {
    /// Its name in lists and records.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Family::Insert => "insert",
            Family::Staging => "staging",
            Family::Copy => "copy",
            Family::Parallel => "parallel",
            Family::Fastest => "fastest",
            Family::Keys => "keys",
            Family::Backfill => "backfill",
            Family::External => "external",
        }
    }

    /// The means that its methods load by, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Family::Insert => "INSERT statements",
            Family::Staging => "INSERT ... SELECT from a table or a file",
            Family::Copy => "COPY into one table",
            Family::Parallel => "several COPYs at once",
            Family::Fastest => "the fastest parts of the others, put together",
            Family::Keys => "COPY past foreign keys",
            Family::Backfill => "updates of rows that are there",
            Family::External => "external programs: psql, pgloader, Python ...",
        }
    }
}

/// The table a method starts from. All but the first two have their indexes in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Made before the clock starts, without the indexes; foreign keys, if it has any, are in place.
    Empty(Persistence),
    /// Not there: making it is part of the method.
    Absent,
    /// Empty, with its indexes.
    Indexed,
    /// Holding the rows to load already, as many times as the parameter [`HELD`] says: the method
    /// adds them once more.
    Holding,
    /// Holding the first rows already, under the keys 1, 2, 3 ... in the dataset's order: as many in
    /// a hundred as the parameter [`PRESENT`] says, all of them where the method has none. A
    /// `stale` table has another value in the column that updates change ([`crate::table::Table::stale`]).
    Present {
        /// Whether that column's values are to be replaced.
        stale: bool,
    },
}

/// The parameter of methods that start from [`Start::Holding`].
pub const HELD: &str = "held";

/// The parameter of methods that start from [`Start::Present`] with a part of the rows.
pub const PRESENT: &str = "present";

/// How many rows a sample loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of the dataset's, whatever it takes.
    Full,
    /// As many as fit the time budget: the method is so slow on some machines that all of them
    /// would take hours.
    Budgeted,
}

/// A requirement of a method that not every server meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The server itself can read the method's input file.
    ReadsFile,
    /// The extension of this name can be created, or is there.
    Extension(String),
    /// The server is of this major version or newer.
    Version(u32),
}

/// The description of a method.
#[derive(Debug, Clone)]
pub struct Info {
    /// Its id, in experiments, lists and records.
    pub id: String,
    /// Its family.
    pub family: Family,
    /// A line on what it does.
    pub summary: String,
    /// Who published or recommends it.
    pub source: String,
    /// The durability that it promises.
    pub durability: Durability,
    /// The table it starts from.
    pub start: Start,
    /// Whether the table is logged in the end.
    pub end: Persistence,
    /// How many rows it loads.
    pub extent: Extent,
    /// The dataset's file that it reads.
    pub input: Encoding,
    /// The kind of its table beyond columns, key and indexes.
    pub layout: Layout,
    /// Its requirements that not every server meets.
    pub needs: Vec<Need>,
    /// Whether it commits part by part, so that rows are confirmed before its end.
    pub in_parts: bool,
    /// Its parameters.
    pub params: Vec<Param>,
}

impl Info {
    /// The description that most methods share: a durable load of all rows of the csv into an empty,
    /// ordinary table, without needs and parameters. Id and summary are still empty.
    pub fn new(family: Family, source: &str) -> Self {
        Self {
            id: String::new(),
            family,
            summary: String::new(),
            source: source.into(),
            durability: Durability::Durable,
            start: Start::Empty(Persistence::Permanent),
            end: Persistence::Permanent,
            extent: Extent::Full,
            input: Encoding::Csv,
            layout: Layout::Plain,
            needs: Vec::new(),
            in_parts: false,
            params: Vec::new(),
        }
    }

    /// The description with its id and the line on what it does.
    pub(crate) fn named(self, id: &str, summary: &str) -> Self {
        Self { id: id.into(), summary: summary.into(), ..self }
    }

    /// The effect of its loads on the table.
    pub(crate) fn work(&self) -> Work {
        let has = |name: &str| self.params.iter().any(|param| param.name == name);
        match self.start {
            Start::Empty(_) | Start::Absent | Start::Indexed => Work::Load,
            Start::Holding => Work::Append,
            Start::Present { .. } if has(PRESENT) => Work::Merge,
            Start::Present { stale: true } => Work::Update,
            Start::Present { stale: false } => Work::Export,
        }
    }

    /// The durability that it promises, in words; of an external program by the word of whoever described it.
    pub(crate) fn after_a_crash(&self) -> String {
        let words = self.durability.words();
        match self.family {
            Family::External => format!("{words}, as its author says"),
            _ => words.into(),
        }
    }

    /// Its durability when the server runs with these settings on top (PostgreSQL manual, "Write Ahead
    /// Log": fsync, full_page_writes, synchronous_commit).
    pub(crate) fn durability_under(&self, settings: &BTreeMap<String, String>) -> Durability {
        self.durability.under(settings)
    }
}
