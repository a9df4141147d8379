//! Giving one column of rows that are there another value, and writing the rows out before that.
//!
//! The updates start from a table that holds all rows, with a stale value in the column that they
//! change, and its indexes in place. They know the rows by their keys, 1, 2, 3 ... in the dataset's
//! order, as a program does that has read them before. What an UPDATE replaced stays behind as a
//! dead row until VACUUM, which is not timed.

pub(crate) mod copy_out;
pub(crate) mod rows;
pub(crate) mod staged;
pub(crate) mod values;

use anyhow::{Context, Result};

use crate::dataset::Column;
use crate::method::tools::feed::{Feed, feeds};
use crate::method::{Family, Info, Load, Start};
use crate::server::Session;
use crate::table::Table;

/// The common part of this family's descriptions.
fn common() -> Info {
    Info { start: Start::Present { stale: true }, ..Info::new(Family::Backfill, "PostgreSQL manual, UPDATE") }
}

/// The column that is updated, and its place among the table's.
fn updated(table: &Table) -> Result<(usize, &Column)> {
    let column = table.updated_column().with_context(|| format!("{} has no column to update", table.name))?;
    let place = table.columns.iter().position(|c| c == column);
    Ok((place.with_context(|| format!("{} is no column of {}", column.name, table.name))?, column))
}

/// The shares of the rows, and a connection that updates each.
fn shares<'a>(load: &Load<'a>, jobs: u64, batch_rows: u64) -> Result<Vec<(Session, Feed<'a>)>> {
    let mut shares = Vec::new();
    for feed in feeds(load, jobs, batch_rows)? {
        shares.push((load.connector.connect()?, feed));
    }
    Ok(shares)
}
