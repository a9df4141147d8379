//! The ways of loading: a folder for each family, and one for the tools they are built of;
//! [`catalogue`] lists them all.
//!
//! A method says of itself what it does, where it comes from, what is timed and what a crash
//! leaves ([`Info`]); its [`Method::load`] does the timed phases and nothing else: the runner
//! has made the table and will verify it.

pub mod backfill;
pub mod catalogue;
pub mod copy;
pub mod external;
pub mod fastest;
pub mod insert;
pub mod keys;
pub mod parallel;
pub mod staging;
pub mod tools;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

pub use external::Loader;
pub use tools::phases::PhaseClock;
use tools::stream::CopyStream;

use crate::dataset::Dataset;
use crate::fault::nearest;
use crate::model::{Durability, Encoding, Phase, Work};
use crate::server::{Connector, Server};
use crate::table::verify::Keys;
use crate::table::{Layout, Persistence, Table};
use crate::usage;

/// Parameters with their values, defaults filled in.
pub type Params = BTreeMap<String, u64>;

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
    /// What the others show to be fastest, put together.
    Fastest,
    /// Loads past foreign keys.
    Keys,
    /// Updates of rows that are there, and the export that comes before them.
    Backfill,
    /// Programs of others, each described by a file.
    External,
}

impl Family {
    /// Its name in lists and records.
    pub fn name(self) -> &'static str {
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
    /// `stale` table has another value in the column that updates change ([`Table::stale`]).
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

/// A parameter of a method.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name in experiments and case ids.
    pub name: &'static str,
    /// What it is, with its unit.
    pub help: &'static str,
    /// Its value where an experiment names none.
    pub default: Default,
    /// The smallest value allowed.
    pub min: u64,
    /// The largest value allowed.
    pub max: u64,
}

/// Where a parameter's value comes from when an experiment names none.
#[derive(Debug, Clone, Copy)]
pub enum Default {
    /// Always this.
    Fixed(u64),
    /// The processors of this machine.
    Cores,
}

/// What a method needs that not every server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The server itself can read the method's input file.
    ReadsFile,
    /// The extension of this name can be created, or is there.
    Extension(&'static str),
    /// The server is of this major version or newer.
    Version(u32),
}

/// What a method says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Info {
    /// Its id, in experiments, lists and records.
    pub id: &'static str,
    /// Its family.
    pub family: Family,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Who published or recommends it.
    pub source: &'static str,
    /// What a crash leaves of it.
    pub durability: Durability,
    /// The table it starts from.
    pub start: Start,
    /// Whether the table is logged in the end.
    pub end: Persistence,
    /// How many rows it loads.
    pub extent: Extent,
    /// The dataset's file that it reads.
    pub input: Encoding,
    /// What the table is beyond its columns, key and indexes.
    pub layout: Layout,
    /// What not every server has.
    pub needs: &'static [Need],
    /// Its parameters.
    pub params: &'static [Param],
}

impl Info {
    /// What its loads do to the table.
    pub fn work(&self) -> Work {
        let has = |name: &str| self.params.iter().any(|param| param.name == name);
        match self.start {
            Start::Empty(_) | Start::Absent | Start::Indexed => Work::Load,
            Start::Holding => Work::Append,
            Start::Present { .. } if has(PRESENT) => Work::Merge,
            Start::Present { stale: true } => Work::Update,
            Start::Present { stale: false } => Work::Export,
        }
    }

    /// What a crash leaves when the server runs with these settings on top (PostgreSQL manual,
    /// "Write Ahead Log": fsync, full_page_writes, synchronous_commit).
    pub fn durability_under(&self, settings: &BTreeMap<String, String>) -> Durability {
        self.durability.under(settings)
    }
}

/// All that a load works with.
pub struct Load<'a> {
    /// The server it loads into.
    pub server: &'a dyn Server,
    /// How to connect to it: directly, or through what delays.
    pub connector: &'a Connector,
    /// The rows.
    pub dataset: &'a Dataset,
    /// The table.
    pub table: &'a Table,
    /// How many of the dataset's rows, from its first.
    pub rows: u64,
    /// The parameters.
    pub params: &'a Params,
    /// An empty directory on the dataset's disk for files of the method's own; it goes away after the sample.
    pub scratch: &'a Path,
}

impl Load<'_> {
    /// The value of a parameter that the method declares.
    ///
    /// # Errors
    /// When the method does not declare it.
    pub fn param(&self, name: &str) -> Result<u64> {
        self.params.get(name).copied().ok_or_else(|| {
            anyhow::anyhow!("the method asks for a parameter `{name}` that it does not declare")
        })
    }
}

/// One way of loading.
pub trait Method: Sync {
    /// What it says of itself.
    fn info(&self) -> &Info;

    /// The program of somebody else's that does the work, where one does.
    fn loader(&self) -> Option<&Loader> {
        None
    }

    /// Refuses parameters that each lie in their range and cannot be together, or not with this
    /// table; before anything connects.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`], naming parameter, value and rule.
    fn check(&self, _params: &Params, _table: &Table) -> Result<()> {
        Ok(())
    }

    /// Loads the rows, each phase on `clock`. Connecting comes before the first phase.
    ///
    /// # Errors
    /// What the server or the dataset says; whatever the table holds then is dropped by the next reset.
    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()>;

    /// What the keys of the table's rows are in the end.
    fn keys(&self) -> Keys {
        Keys::Counted
    }

    /// Proves what the method made besides the table, such as a file; after the clock has stopped.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Data`], naming what differs.
    fn verify(&self, _load: &Load<'_>) -> Result<()> {
        Ok(())
    }
}

/// Fills in a method's defaults and holds what was given against its parameters.
///
/// # Errors
/// A parameter that the method does not have (with the nearest), or a value out of range.
pub fn resolve_params(method: &dyn Method, given: &Params, cores: u64, table: &Table) -> Result<Params> {
    let info = method.info();
    for (name, value) in given {
        let Some(param) = info.params.iter().find(|p| p.name == name) else {
            let known: Vec<&str> = info.params.iter().map(|p| p.name).collect();
            return Err(usage!(
                "the method {} has no parameter `{name}`{}; it has: {}",
                info.id,
                nearest(name, known.iter().copied()),
                if known.is_empty() { "none".into() } else { known.join(", ") }
            ));
        };
        if !(param.min..=param.max).contains(value) {
            return Err(usage!(
                "{name} = {value} of {} is out of range: {} ({}) may be {} to {}",
                info.id,
                name,
                param.help,
                param.min,
                param.max
            ));
        }
    }
    let params = info
        .params
        .iter()
        .map(|p| {
            let default = match p.default {
                Default::Fixed(value) => value,
                Default::Cores => cores.clamp(p.min, p.max),
            };
            (p.name.to_string(), given.get(p.name).copied().unwrap_or(default))
        })
        .collect();
    method.check(&params, table)?;
    Ok(params)
}

/// Builds the table's indexes, one after the other, as a phase of a load once the rows are in; `run` runs one statement.
///
/// # Errors
/// What the server says.
pub(crate) fn build_indexes(
    load: &Load<'_>,
    clock: &mut PhaseClock,
    mut run: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    clock.time(Phase::Indexes, || {
        load.table.create_indexes().iter().try_for_each(|statement| {
            // A stop between two statements finds none to cancel.
            load.connector.interrupt().check()?;
            run(statement)
        })
    })
}

/// `work` in a transaction of its own on `stream`, so that COMMIT has a time.
///
/// # Errors
/// What the work or the server says.
pub(crate) fn committed(
    stream: &CopyStream,
    clock: &mut PhaseClock,
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    clock.time(Phase::Load, || {
        stream.run("BEGIN")?;
        work()
    })?;
    clock.time(Phase::Commit, || stream.run("COMMIT"))
}
