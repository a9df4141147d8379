//! INSERT statements: how many rows each has, how they get into it, and who commits.
//!
//! A method is a value: what it says of itself, and how it connects. A connection is an
//! [`Inserter`], of which there are few: [`values`] binds the values of VALUES lists, [`literals`]
//! writes them into the statement, [`arrays`] sends whole columns or one document, and
//! [`asynchronous`] does without waiting. All of them take their rows from a [`Feed`].

pub(crate) mod arrays;
pub(crate) mod asynchronous;
pub(crate) mod literals;
pub(crate) mod multirow;
pub(crate) mod row;
pub(crate) mod transaction;
pub(crate) mod values;

use anyhow::Result;

use crate::method::tools::feed::{Feed, feeds};
use crate::method::tools::jobs::side_by_side;
use crate::method::{Extent, Family, Info, Load, Method, Param, PhaseClock, build_indexes};
use crate::model::{ParamValue, Params, Phase};
use crate::sql::Exec;
use crate::table::Table;

/// The parameter of methods whose statements have several rows.
const BATCH: &str = "batch";

/// The parameter of all methods but those of one transaction.
const JOBS: &str = "jobs";

/// How many connections insert; a transaction belongs to one, and cannot be shared by several.
fn jobs_param() -> Param {
    Param::integer(JOBS, "connections that insert at once", 1..=64, 1)
}

/// The common part of their descriptions.
fn common() -> Info {
    Info {
        extent: Extent::Budgeted,
        in_parts: true,
        params: vec![jobs_param()],
        ..Info::new(
            Family::Insert,
            "Stack Overflow, How does COPY work and why is it so much faster than INSERT?",
        )
    }
}

/// A connection that rows are inserted on, and other statements run.
pub(crate) trait Inserter: Exec + Send {
    /// Inserts all rows, preparing what it needs first.
    ///
    /// # Errors
    /// An error of the server or the dataset, or that work has to stop; rows that were committed stay.
    fn insert_all(&mut self, feed: &mut Feed<'_>) -> Result<()>;
}

/// Connects, to insert batches of so many rows.
type Connect = fn(load: &Load<'_>, batch_rows: u64) -> Result<Box<dyn Inserter>>;

/// INSERTs that commit as they go, on `jobs` connections with a thread and an equal share of the
/// rows each. The first of them builds the indexes in the end.
///
/// Timed: preparing the statement (where one is prepared), all statements with their COMMITs until
/// the last job is done (load), CREATE INDEX twice. A failure leaves the rows that were committed.
pub(crate) struct Insert {
    info: Info,
    connect: Connect,
    /// The method's own check of its parameters, beyond their ranges.
    check: fn(id: &str, params: &Params, table: &Table) -> Result<()>,
    /// What a table lacks that the method needs.
    lacks: fn(table: &Table) -> Option<String>,
}

/// Any table will do.
fn nothing(_table: &Table) -> Option<String> {
    None
}

/// No check, for methods whose parameters need no more than to be in range.
fn unchecked(_id: &str, _params: &Params, _table: &Table) -> Result<()> {
    Ok(())
}

impl Method for Insert {
    fn info(&self) -> &Info {
        &self.info
    }

    fn lacks(&self, _params: &Params, table: &Table) -> Option<String> {
        (self.lacks)(table)
    }

    fn check(&self, params: &Params, table: &Table) -> Result<()> {
        (self.check)(&self.info.id, params, table)
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let jobs = jobs(load, load.integer(JOBS)?, self.connect)?;
        let mut jobs: Vec<_> =
            jobs.into_iter().map(|(inserter, feed)| (inserter, feed.committed_to(load.confirmed))).collect();
        clock.time(Phase::Load, || {
            side_by_side(jobs.iter_mut().collect(), |(inserter, feed)| inserter.insert_all(feed))
        })?;
        match jobs.first_mut() {
            Some((inserter, _)) => build_indexes(load, clock, &mut **inserter),
            None => anyhow::bail!("{} rows were cut into no jobs at all", load.rows),
        }
    }
}

/// Connects each job and opens its share of the rows. There are fewer jobs than asked for where there are
/// fewer rows.
fn jobs<'a>(load: &Load<'a>, jobs: u64, connect: Connect) -> Result<Vec<(Box<dyn Inserter>, Feed<'a>)>> {
    let batch_rows = load.params.get(BATCH).and_then(ParamValue::number).unwrap_or(1);
    let mut connected = Vec::new();
    for feed in feeds(load, jobs, batch_rows)? {
        connected.push((connect(load, batch_rows)?, feed));
    }
    Ok(connected)
}

#[cfg(test)]
mod tests {
    use crate::dataset::columns::votes;
    use crate::method::{Catalogue, Family, resolve_params};
    use crate::model::{ParamValue, Params};
    use crate::table::Table;

    #[test]
    fn all_but_those_of_one_transaction_run_on_several_connections() {
        let catalogue = Catalogue::built_in();
        let without: Vec<&str> = catalogue
            .iter()
            .map(|m| m.info())
            .filter(|info| info.family == Family::Insert && !info.params.iter().any(|p| p.name == "jobs"))
            .map(|info| info.id.as_str())
            .collect();
        assert_eq!(without, ["insert-row-transaction", "insert-row-pipelined"]);
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        let (catalogue, table) = (Catalogue::built_in(), Table::votes(&votes()));
        for (id, name, most) in [
            ("insert-row", "jobs", 64),
            ("insert-row-batched-commits", "commit_every", 1_000_000),
            ("insert-row-pipelined", "depth", 10_000),
            ("insert-unnest", "batch", 1_000_000),
            ("insert-json", "batch", 1_000_000),
            ("insert-multirow-prepared", "batch", 21_845),
        ] {
            let method = catalogue.find(id).unwrap();
            let with = |value| {
                resolve_params(
                    method,
                    &Params::from([(name.into(), ParamValue::Int(value))]),
                    (2, 1000),
                    &table,
                )
            };
            assert_eq!(with(most).unwrap()[name], ParamValue::Int(most), "{id}");
            for wrong in [0, most + 1] {
                let text = with(wrong).unwrap_err().to_string();
                assert!(text.contains(id) && text.contains(&format!("{name} = {wrong}")), "{text}");
            }
        }
    }
}
