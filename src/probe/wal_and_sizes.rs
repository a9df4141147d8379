//! WAL position and sizes of the table, as the server reports them.

use anyhow::{Context, Result};
use postgres::GenericClient;

use crate::pg_error::describe;

/// The position in the WAL up to which it has been written by the whole server, in bytes
/// (PostgreSQL manual, pg_current_wal_insert_lsn).
///
/// # Errors
/// The server's error.
pub(crate) fn wal_position(client: &mut impl GenericClient) -> Result<u64> {
    let row = client
        .query_one("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8", &[])
        .map_err(describe)
        .context("reading the WAL position")?;
    Ok(row.get::<_, i64>(0) as u64)
}

/// Bytes of the table of this (quoted) name (with its free space and visibility maps) and of all its
/// indexes, over all partitions where it has some (PostgreSQL manual, pg_table_size,
/// pg_indexes_size and pg_partition_tree).
///
/// # Errors
/// The server's error.
pub(crate) fn sizes(client: &mut impl GenericClient, table: &str) -> Result<(u64, u64)> {
    let row = client
        .query_one(
            "SELECT sum(pg_table_size(relid))::int8, sum(pg_indexes_size(relid))::int8 \
             FROM (SELECT $1::text::regclass UNION SELECT relid FROM pg_partition_tree($1::text::regclass)) AS t(relid)",
            &[&table],
        )
        .map_err(describe)
        .context("reading the table's size")?;
    Ok((row.get::<_, i64>(0) as u64, row.get::<_, i64>(1) as u64))
}
