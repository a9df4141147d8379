//! The input of a load, and the steps that most loads have in common.

use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::tools::confirmed::Confirmed;
use super::tools::phases::PhaseClock;
use crate::dataset::Dataset;
use crate::model::{ParamValue, Params, Phase};
use crate::server::{Connector, Server};
use crate::sql::Exec;
use crate::table::Table;

/// The input of a load: server, rows, table, parameters.
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
    /// Where rows are noted whose commit is confirmed before the load has ended, where someone wants to know them.
    pub confirmed: Option<&'a Confirmed>,
}

impl Load<'_> {
    /// The value of a parameter that the method declares as a whole number.
    ///
    /// # Errors
    /// When the method does not declare it so.
    pub(crate) fn integer(&self, name: &str) -> Result<u64> {
        self.params.get(name).and_then(ParamValue::number).with_context(|| undeclared("a number", name))
    }

    /// Whether a flag that the method declares is set.
    ///
    /// # Errors
    /// When the method does not declare it so.
    pub(crate) fn flag(&self, name: &str) -> Result<bool> {
        self.params.get(name).and_then(ParamValue::flag).with_context(|| undeclared("a flag", name))
    }

    /// The value of a parameter that the method declares as one of several words.
    ///
    /// # Errors
    /// When the method does not declare it so.
    pub(crate) fn word(&self, name: &str) -> Result<&str> {
        match self.params.get(name) {
            Some(ParamValue::Choice(word)) => Ok(word),
            _ => Err(anyhow!(undeclared("a word", name))),
        }
    }
}

fn undeclared(kind: &str, name: &str) -> String {
    format!("the method asks for {kind} `{name}` that it does not declare")
}

/// Builds the table's indexes, one after the other, as a phase of a load once the rows are in.
///
/// # Errors
/// The server's error, or that work has to stop.
pub(crate) fn build_indexes(
    load: &Load<'_>,
    clock: &mut PhaseClock,
    session: &mut (impl Exec + ?Sized),
) -> Result<()> {
    clock.time(Phase::Indexes, || {
        load.table.create_indexes().iter().try_for_each(|statement| {
            // A stop between two statements finds none to cancel.
            load.connector.interrupt().check()?;
            session.run(statement)
        })
    })
}

/// `work` in a transaction of its own on `session`, so that COMMIT has a time.
///
/// # Errors
/// An error of the work or the server.
pub(crate) fn committed<E: Exec + ?Sized>(
    session: &mut E,
    clock: &mut PhaseClock,
    work: impl FnOnce(&mut E) -> Result<()>,
) -> Result<()> {
    clock.time(Phase::Load, || {
        session.run("BEGIN")?;
        work(session)
    })?;
    clock.time(Phase::Commit, || session.run("COMMIT"))
}
