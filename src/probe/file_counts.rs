//! What a server counts of its data files: blocks, by which process, and temporary files.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use postgres::GenericClient;
use serde_json::Value;

use crate::model::Metric;
use crate::pg_error::describe;

/// Bytes of a block where the server does not say.
const BLOCK: u64 = 8192;

/// The views, each as JSON, as their columns are not the same in all versions (PostgreSQL manual, The Cumulative
/// Statistics System). Where there is no pg_stat_io, before 16, pg_stat_bgwriter tells of blocks.
const IO: &str = "SELECT coalesce(json_agg(i), '[]')::text FROM pg_catalog.pg_stat_io AS i";
const BACKGROUND: &str = "SELECT json_agg(w)::text FROM pg_catalog.pg_stat_bgwriter AS w";
const DATABASE: &str =
    "SELECT json_agg(d)::text FROM pg_catalog.pg_stat_database AS d WHERE datname = current_database()";

/// The processes of pg_stat_io that have a part in a load. Parallel workers are background workers there.
const PROCESSES: [&str; 4] = ["client backend", "background worker", "background writer", "checkpointer"];

/// Counts since the statistics were reset, each in its metric's unit.
pub(crate) type FileCounts = BTreeMap<Metric, u64>;

/// Whether the server counts blocks by which process reads and writes them (16 and later).
///
/// # Errors
/// The server's error.
pub(crate) fn has_io(client: &mut impl GenericClient) -> Result<bool> {
    let row = client.query_one("SELECT to_regclass('pg_catalog.pg_stat_io') IS NOT NULL", &[]);
    row.and_then(|row| row.try_get(0)).map_err(describe).context("looking for the statistics of blocks")
}

/// Reads them.
///
/// # Errors
/// The server's error.
pub(crate) fn read(client: &mut impl GenericClient, has_io: bool) -> Result<FileCounts> {
    let blocks = rows(client, if has_io { IO } else { BACKGROUND })?;
    let database = rows(client, DATABASE)?;
    let block = block_bytes(client)?;
    let database = database.first().unwrap_or(&Value::Null);
    Ok(match has_io {
        true => of_io(&blocks, database),
        false => of_background(blocks.first().unwrap_or(&Value::Null), database, block),
    })
}

/// What was counted between two readings; nothing of what was reset in between.
pub(crate) fn between(before: &FileCounts, after: &FileCounts) -> FileCounts {
    let grown = |(metric, before): (&Metric, &u64)| Some((*metric, after.get(metric)?.checked_sub(*before)?));
    before.iter().filter_map(grown).collect()
}

fn rows(client: &mut impl GenericClient, query: &str) -> Result<Vec<Value>> {
    let row = client.query_one(query, &[]).map_err(describe).context("reading what the server counts")?;
    let text: Option<String> = row.try_get(0)?;
    serde_json::from_str(text.as_deref().unwrap_or("[]")).context("reading the server's counts as JSON")
}

fn block_bytes(client: &mut impl GenericClient) -> Result<u64> {
    let row = client.query_one("SELECT current_setting('block_size', true)", &[]);
    let row = row.map_err(describe).context("asking for the size of a block")?;
    let size: Option<String> = row.try_get(0)?;
    Ok(size.and_then(|size| size.parse().ok()).unwrap_or(BLOCK))
}

fn number(row: &Value, column: &str) -> Option<u64> {
    row.get(column)?.as_u64()
}

/// Rows of pg_stat_io: one for each kind of process, object and context. What a process cannot do is null there.
struct IoRows<'v>(Vec<&'v Value>);

impl IoRows<'_> {
    /// Those that have one of these words in a column.
    fn of(&self, column: &str, words: &[&str]) -> Self {
        let has =
            |row: &Value| row.get(column).and_then(Value::as_str).is_some_and(|word| words.contains(&word));
        Self(self.0.iter().copied().filter(|row| has(row)).collect())
    }

    /// The sum of a column.
    fn times(&self, column: &str) -> u64 {
        self.0.iter().filter_map(|row| number(row, column)).sum()
    }

    /// The bytes that an operation moved. From 18 on these are counted, as an operation may be of several blocks.
    fn bytes(&self, operation: &str) -> u64 {
        let of_row = |row: &Value| {
            let of_blocks = || Some(number(row, &format!("{operation}s"))? * number(row, "op_bytes")?);
            number(row, &format!("{operation}_bytes")).or_else(of_blocks)
        };
        self.0.iter().filter_map(|row| of_row(row)).sum()
    }
}

/// Of pg_stat_io.
fn of_io(rows: &[Value], database: &Value) -> FileCounts {
    let all = IoRows(rows.iter().collect()).of("object", &["relation", "temp relation"]);
    let [clients, workers, bgwriter, checkpointer] =
        PROCESSES.map(|process| all.of("backend_type", &[process]));
    let mut counts = FileCounts::from([
        (Metric::BlocksHit, all.times("hits")),
        (Metric::ClientBackendHits, clients.times("hits")),
        (Metric::WorkerHits, workers.times("hits")),
        (Metric::BlocksRead, all.bytes("read")),
        (Metric::ClientBackendReads, clients.bytes("read")),
        (Metric::WorkerReads, workers.bytes("read")),
        (Metric::BlocksExtended, all.bytes("extend")),
        (Metric::ClientBackendExtends, clients.bytes("extend")),
        (Metric::WorkerExtends, workers.bytes("extend")),
        (Metric::BackendWrites, clients.bytes("write") + workers.bytes("write")),
        (Metric::WorkerWrites, workers.bytes("write")),
        (Metric::BgwriterWrites, bgwriter.bytes("write")),
        (Metric::CheckpointerWrites, checkpointer.bytes("write")),
        (Metric::BlockSyncs, all.times("fsyncs")),
        (Metric::CheckpointerSyncs, checkpointer.times("fsyncs")),
        // What a build of an index flushes at once is not counted (mdimmedsync() of src/backend/storage/smgr/md.c).
        (Metric::QueueSyncs, clients.times("fsyncs") + workers.times("fsyncs")),
    ]);
    counts.extend(number(database, "temp_bytes").map(|bytes| (Metric::TempFiles, bytes)));
    counts
}

/// Of pg_stat_bgwriter and pg_stat_database as they were before 16.
fn of_background(background: &Value, database: &Value, block: u64) -> FileCounts {
    let blocks = |row: &Value, column: &str| number(row, column).map(|blocks| blocks * block);
    let counts = [
        (Metric::BlocksHit, number(database, "blks_hit")),
        (Metric::BlocksReadOrExtended, blocks(database, "blks_read")),
        (Metric::TempFiles, number(database, "temp_bytes")),
        (Metric::BackendWritesOrExtended, blocks(background, "buffers_backend")),
        (Metric::QueueSyncs, number(background, "buffers_backend_fsync")),
        (Metric::BgwriterWrites, blocks(background, "buffers_clean")),
        (Metric::CheckpointerWrites, blocks(background, "buffers_checkpoint")),
    ];
    counts.into_iter().filter_map(|(metric, count)| Some((metric, count?))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blocks_are_bytes_in_each_version_and_of_whoever_moved_them() {
        let database = json!({"temp_bytes": 99, "blks_hit": 5, "blks_read": 2});
        let early = [
            json!({"backend_type": "client backend", "object": "relation", "reads": 3, "writes": 2, "extends": 1,
                   "op_bytes": 8192, "hits": 10, "fsyncs": 1}),
            json!({"backend_type": "background worker", "object": "temp relation", "reads": 1, "writes": 1,
                   "extends": null, "op_bytes": 8192, "hits": 4, "fsyncs": null}),
            json!({"backend_type": "checkpointer", "object": "relation", "reads": null, "writes": 5,
                   "op_bytes": 8192, "fsyncs": 2}),
            json!({"backend_type": "autovacuum worker", "object": "relation", "reads": 2, "writes": 7, "extends": 1,
                   "op_bytes": 8192, "hits": 20, "fsyncs": 4}),
        ];
        let counts = of_io(&early, &database);
        let expected = [
            (Metric::BlocksHit, 34),
            (Metric::ClientBackendHits, 10),
            (Metric::WorkerHits, 4),
            (Metric::BlocksRead, 6 * 8192),
            (Metric::ClientBackendReads, 3 * 8192),
            (Metric::WorkerReads, 8192),
            (Metric::BlocksExtended, 2 * 8192),
            (Metric::ClientBackendExtends, 8192),
            (Metric::WorkerExtends, 0),
            (Metric::BackendWrites, 3 * 8192),
            (Metric::WorkerWrites, 8192),
            (Metric::BgwriterWrites, 0),
            (Metric::CheckpointerWrites, 5 * 8192),
            (Metric::BlockSyncs, 7),
            (Metric::CheckpointerSyncs, 2),
            (Metric::QueueSyncs, 1),
            (Metric::TempFiles, 99),
        ];
        assert_eq!(counts, FileCounts::from(expected));
        let late = [
            json!({"backend_type": "client backend", "object": "relation", "reads": 1, "read_bytes": 16384,
                   "writes": 1, "write_bytes": 32768, "extends": 1, "extend_bytes": 65536, "hits": 1, "fsyncs": 0}),
            json!({"backend_type": "client backend", "object": "wal", "writes": 1, "write_bytes": 7, "fsyncs": 9}),
        ];
        let counts = of_io(&late, &Value::Null);
        assert_eq!((counts[&Metric::BlocksRead], counts[&Metric::ClientBackendReads]), (16384, 16384));
        assert_eq!((counts[&Metric::ClientBackendExtends], counts[&Metric::WorkerReads]), (65536, 0));
        assert_eq!((counts[&Metric::BackendWrites], counts[&Metric::BlocksExtended]), (32768, 65536));
        assert_eq!((counts[&Metric::BlockSyncs], counts.get(&Metric::TempFiles)), (0, None));
        let mut background = json!({"buffers_backend": 3, "buffers_clean": 0, "buffers_checkpoint": 1});
        let counts = of_background(&background, &database, 4096);
        assert_eq!(counts[&Metric::BackendWritesOrExtended], 3 * 4096);
        assert_eq!((counts[&Metric::BlocksHit], counts.get(&Metric::ClientBackendHits)), (5, None));
        assert_eq!((counts[&Metric::BlocksReadOrExtended], counts.get(&Metric::QueueSyncs)), (8192, None));
        background["buffers_backend_fsync"] = json!(6);
        assert_eq!(of_background(&background, &database, 4096)[&Metric::QueueSyncs], 6);
    }

    #[test]
    fn what_was_reset_in_between_is_not_told() {
        let before = FileCounts::from([(Metric::BlocksHit, 5), (Metric::TempFiles, 9)]);
        let after = FileCounts::from([(Metric::BlocksHit, 8), (Metric::TempFiles, 2)]);
        assert_eq!(between(&before, &after), FileCounts::from([(Metric::BlocksHit, 3)]));
    }
}
