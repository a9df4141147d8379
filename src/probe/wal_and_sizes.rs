//! WAL position and sizes of the table, as the server reports them.

use anyhow::{Context, Result};
use postgres::GenericClient;

use super::parts::PARTS;
use crate::pg_error::{describe, unless_refused};

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
    Ok(row.try_get::<_, i64>(0)? as u64)
}

/// Bytes of the table of this (quoted) name (with its free space and visibility maps) and of all its
/// indexes, over all partitions where it has some (PostgreSQL manual, pg_table_size and pg_indexes_size).
///
/// # Errors
/// The server's error.
pub(crate) fn sizes(client: &mut impl GenericClient, table: &str) -> Result<(u64, u64)> {
    let query = format!(
        "SELECT sum(pg_table_size(relid))::int8, sum(pg_indexes_size(relid))::int8 FROM ({PARTS}) AS t(relid)"
    );
    both(client, &query, table)
}

/// Whether Citus has distributed the table of this (quoted) name: the table itself holds no row then.
///
/// # Errors
/// The server's error.
pub(crate) fn is_distributed(client: &mut impl GenericClient, table: &str) -> Result<bool> {
    let asked = |row: Result<postgres::Row, postgres::Error>| {
        row.and_then(|row| row.try_get(0))
            .map_err(describe)
            .context("asking whether the table is distributed")
    };
    let there = client.query_one("SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL", &[]);
    // A server that does not know how to be asked has no Citus.
    if !unless_refused(asked(there))?.unwrap_or(false) {
        return Ok(false);
    }
    asked(client.query_one(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_partition WHERE logicalrelid = $1::text::regclass)",
        &[&table],
    ))
}

/// As [`sizes`], of a table that Citus has distributed, over all nodes and copies of its rows (Citus manual,
/// citus_table_size and citus_total_relation_size).
///
/// # Errors
/// The server's error.
pub(crate) fn distributed_sizes(client: &mut impl GenericClient, table: &str) -> Result<(u64, u64)> {
    // Of a partitioned table the partitions hold the rows.
    let query = format!(
        "SELECT sum(citus_table_size(c.oid::regclass))::int8, \
         sum(citus_total_relation_size(c.oid::regclass) - citus_table_size(c.oid::regclass))::int8 \
         FROM pg_catalog.pg_class c WHERE c.relkind <> 'p' AND c.oid IN ({PARTS})"
    );
    both(client, &query, table)
}

fn both(client: &mut impl GenericClient, query: &str, table: &str) -> Result<(u64, u64)> {
    let row = client.query_one(query, &[&table]).map_err(describe).context("reading the table's size")?;
    let (table, indexes): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    Ok((table as u64, indexes as u64))
}
