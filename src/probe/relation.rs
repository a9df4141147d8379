//! What the server itself says of the WAL and of the table's size.

use anyhow::{Context, Result};

use crate::server::{Session, describe};
use crate::table::Table;
use crate::table::ddl::quote;

/// The position in the WAL up to which it has been written by the whole server, in bytes
/// (PostgreSQL manual, pg_current_wal_insert_lsn).
///
/// # Errors
/// What the server says.
pub fn wal_position(session: &mut Session) -> Result<u64> {
    let row = session
        .query_one("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8", &[])
        .map_err(describe)
        .context("reading the WAL position")?;
    Ok(row.get::<_, i64>(0) as u64)
}

/// Bytes of the table (with its free space and visibility maps) and of all its indexes
/// (PostgreSQL manual, pg_table_size and pg_indexes_size).
///
/// # Errors
/// What the server says.
pub fn sizes(session: &mut Session, table: &Table) -> Result<(u64, u64)> {
    let row = session
        .query_one(
            "SELECT pg_table_size($1::text::regclass), pg_indexes_size($1::text::regclass)",
            &[&quote(&table.name)],
        )
        .map_err(describe)
        .context("reading the table's size")?;
    Ok((row.get::<_, i64>(0) as u64, row.get::<_, i64>(1) as u64))
}
