//! One COPY, or several one after the other: the formats, who reads or encodes the rows, what is
//! logged, and what the table is before.

pub(crate) mod blocking;
pub(crate) mod chunks;
pub(crate) mod encoded;
pub(crate) mod existing_table;
pub(crate) mod presorted;
pub(crate) mod server_file;
pub(crate) mod stdin;
pub(crate) mod transaction;
pub(crate) mod writer;

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::dataset::Chunk;
use crate::method::{Family, Info, Load};
use crate::model::Encoding;
use crate::table::Table;

/// The common part of the COPY methods' descriptions.
fn common() -> Info {
    Info::new(Family::Copy, "Babcock, Dissecting the Postgres Bulk Insert and Binary Format")
}

/// `COPY "votes" (...) FROM STDIN WITH (FORMAT csv)`.
pub(crate) fn copy_from_stdin(table: &Table, encoding: Encoding) -> String {
    copy_with(table, encoding, "")
}

/// `COPY "votes" (...) FROM STDIN WITH (FORMAT csv, FREEZE)`: with further options, such as `, FREEZE`.
pub(crate) fn copy_with(table: &Table, encoding: Encoding, options: &str) -> String {
    format!("COPY {} FROM STDIN WITH (FORMAT {}{options})", table.target(), encoding.name())
}

/// The file of an encoding, and the part of it that holds the load's rows.
pub(crate) fn file_of(load: &Load<'_>, encoding: Encoding) -> Result<(PathBuf, Chunk)> {
    Ok((load.dataset.file(encoding), load.dataset.first(encoding, load.rows)?))
}

/// The number of the column, from 0, that the rows are sorted by: the last indexed one.
///
/// # Errors
/// When there is none, which [`crate::method::lacks`] rules out.
pub(crate) fn sort_column(table: &Table) -> Result<usize> {
    table.sort_column().with_context(|| format!("the table {} has no indexed column to sort by", table.name))
}
