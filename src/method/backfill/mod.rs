//! Giving one column of rows that are there another value, and writing the rows out before that.
//!
//! The updates start from a table that holds all rows, with a stale value in the column that they
//! change, and its indexes in place. They know the rows by their keys, 1, 2, 3 ... in the dataset's
//! order or what the rows bring, as a program does that has read them before. What an UPDATE replaced stays behind as a
//! dead row until VACUUM, which is not timed.

pub(crate) mod copy_out;
pub(crate) mod rows;
pub(crate) mod staged;
pub(crate) mod values;

use anyhow::{Context, Result};

use crate::dataset::{Column, Value};
use crate::method::tools::feed::{Feed, feeds};
use crate::method::{Family, Info, Load, Start};
use crate::server::Session;
use crate::sql::quote;
use crate::table::Table;
use crate::value::{Codec, Scalar};

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

/// A column of the key that rows are known by.
struct KeyColumn {
    column: Column,
    /// Its place among the table's columns; `None` where the rows' numbers are its values.
    place: Option<usize>,
}

impl KeyColumn {
    /// Its value of the row of this number, one of whose values is given for its place.
    fn value<'v>(&self, number: i32, of_place: impl Fn(usize) -> Option<Value<'v>>) -> Result<Value<'v>> {
        let Some(place) = self.place else { return self.numbered(number) };
        of_place(place).with_context(|| format!("the row lacks its column {}", self.column.name))
    }

    fn numbered(&self, number: i32) -> Result<Value<'static>> {
        Ok(match self.column.codec() {
            Codec::Scalar(Scalar::Int2) => Value::Int2(
                i16::try_from(number).with_context(|| format!("row {number} has no key: a smallint ends"))?,
            ),
            Codec::Scalar(Scalar::Int8) => Value::Int8(number.into()),
            _ => Value::Int4(number),
        })
    }
}

/// The key that the rows are known by.
fn key_of(table: &Table) -> Result<Vec<KeyColumn>> {
    let place = |column: &Column| table.columns.iter().position(|other| other.name == column.name);
    let key = table.key_columns().into_iter().map(|column| KeyColumn { place: place(&column), column });
    let key: Vec<_> = key.collect();
    anyhow::ensure!(!key.is_empty(), "{} has no key to update by", table.name);
    Ok(key)
}

/// `t."a" = s."a" AND t."b" = s."b"`: where the key is that of a row of `other`.
fn same_key(key: &[KeyColumn], other: &str) -> String {
    let same = key.iter().map(|key| {
        let name = quote(&key.column.name);
        format!("t.{name} = {other}.{name}")
    });
    same.collect::<Vec<_>>().join(" AND ")
}

/// The shares of the rows, and a connection that updates each.
fn shares<'a>(load: &Load<'a>, jobs: u64, batch_rows: u64) -> Result<Vec<(Session, Feed<'a>)>> {
    let mut shares = Vec::new();
    for feed in feeds(load, jobs, batch_rows)? {
        shares.push((load.connector.connect()?, feed.committed_to(load.confirmed)));
    }
    Ok(shares)
}
