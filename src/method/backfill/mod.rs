//! Giving one column of rows that are there another value, and writing the rows out before that.
//!
//! The updates start from a table that holds all rows, with a stale value in the column that they
//! change, and its indexes in place. They know the rows by their keys, 1, 2, 3 ... in the dataset's
//! order, as a program does that has read them before. What an UPDATE replaced stays behind as a
//! dead row until VACUUM, which is not timed.

pub mod copy_out;
pub mod rows;
pub mod staged;
pub mod values;

use anyhow::{Context, Result};

use crate::dataset::{Column, RowReader};
use crate::method::{Extent, Family, Info, Load, Start};
use crate::record::{Durability, Encoding};
use crate::server::Session;
use crate::table::{Layout, Persistence, Table};

/// What the methods of this family have in common.
const BACKFILL: Info = Info {
    id: "",
    family: Family::Backfill,
    summary: "",
    source: "PostgreSQL manual, UPDATE",
    durability: Durability::Durable,
    start: Start::Present { stale: true },
    end: Persistence::Permanent,
    extent: Extent::Full,
    input: Encoding::Csv,
    layout: Layout::Plain,
    needs: &[],
    params: &[],
};

/// Why a share has fewer rows than it was cut to.
const ENDED_EARLY: &str = "the csv ended early; it was changed during the run";

/// The column that is updated, and its place among the table's.
fn updated(table: &Table) -> Result<(usize, &Column)> {
    let column = table.updated_column().with_context(|| format!("{} has no column to update", table.name))?;
    let place = table.columns.iter().position(|c| c == column);
    Ok((place.with_context(|| format!("{} is no column of {}", column.name, table.name))?, column))
}

/// Numbers rows as the table's key does.
#[derive(Debug, Clone, Copy)]
struct Keys {
    last: u64,
}

impl Keys {
    /// Of the rows from the first that comes after so many others.
    fn after(rows: u64) -> Self {
        Self { last: rows }
    }

    /// The next row's key.
    ///
    /// # Errors
    /// When it is larger than the key's type holds.
    fn next(&mut self) -> Result<i32> {
        self.last += 1;
        i32::try_from(self.last)
            .with_context(|| format!("row {} has no key: a serial ends at {}", self.last, i32::MAX))
    }
}

/// A share of the rows, and the connection that updates them.
struct Share {
    session: Session,
    reader: RowReader,
    keys: Keys,
    rows: u64,
}

/// Cuts the rows into as many contiguous shares as there are jobs, or fewer where there are fewer
/// rows, and connects for each.
fn shares(load: &Load<'_>, jobs: u64) -> Result<Vec<Share>> {
    let mut before = 0;
    let mut shares = Vec::new();
    for chunk in load.dataset.chunks(Encoding::Csv, load.rows, jobs as usize)? {
        shares.push(Share {
            session: load.connector().connect()?,
            reader: load.dataset.reader_of(chunk)?,
            keys: Keys::after(before),
            rows: chunk.rows,
        });
        before += chunk.rows;
    }
    Ok(shares)
}
