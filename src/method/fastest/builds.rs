//! All indexes of a table built at the same time, or one after the other.

use anyhow::Result;

use crate::method::tools::jobs::side_by_side;
use crate::method::tools::stream::CopyStream;
use crate::table::Table;

/// The least memory a process of a parallel build must have for the server to start it, in MiB
/// (`plan_create_index_workers` in PostgreSQL's planner.c).
const LEAST_MEMORY_OF_A_WORKER: u64 = 32;

/// The least memory that a process of a build gets, in MiB: a sort of this size stays in the cache of most processors.
pub(crate) const LEAST_BUILD_MEMORY: u64 = 16;

/// Bytes of a row in the memory of a sort: a short key with its row's place, and what the sort keeps of it (`SortTuple`
/// in src/backend/utils/sort/tuplesort.c); twice those of votes, as keys may be longer.
const SORTED_ROW: f64 = 128.0;

/// Bytes that a merge needs for each run that it reads, its buffers and that of what it writes
/// (`tuplesort_merge_order` there, with blocks of 8 KiB).
const MERGED_RUN: f64 = (2 * 8 * 1024 + 32 * 8 * 1024) as f64;

/// Memory of each process that sorts so many rows, in MiB. In less than this there are more runs than one pass can
/// merge, and all rows are written and read once more; in more of it each run is sorted in slower memory.
pub(crate) fn memory(rows: u64) -> u64 {
    // Runs are rows by memory, and as many as memory holds the buffers of.
    let bytes = (rows as f64 * SORTED_ROW * MERGED_RUN).sqrt();
    ((bytes / f64::from(1 << 20)).ceil() as u64).max(LEAST_BUILD_MEMORY)
}

/// The processors and the memory that the builds may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Means {
    /// Processors for all of them.
    pub processors: u64,
    /// Memory of each process that sorts, in MiB.
    pub memory: u64,
}

/// The statements that build the indexes, those of the primary key and unique constraints among them.
pub(crate) fn statements(table: &Table) -> Vec<String> {
    table.create_indexes().into_iter().chain(table.key_indexes()).collect()
}

/// Gives each connection the means for its build: so many workers beside the build's own process
/// that all builds together keep the processors busy, and memory for each.
///
/// # Errors
/// The server's error.
pub(crate) fn prepare(streams: &[CopyStream], means: Means) -> Result<()> {
    let (workers, memory) = means.of_each(streams.len() as u64);
    streams.iter().try_for_each(|stream| {
        stream.run(&format!(
            "SET max_parallel_maintenance_workers = {workers}; SET maintenance_work_mem = '{memory}MB'"
        ))
    })
}

/// Runs each statement on a connection of its own, all at once.
///
/// # Errors
/// The server's error.
pub(crate) fn run_side_by_side(streams: &[CopyStream], statements: &[String]) -> Result<()> {
    side_by_side(streams.iter().zip(statements).collect(), |(stream, statement)| stream.run(statement))
}

/// Gives the connection so much memory (in MiB) for each of its builds. How many workers a build has is left to the
/// server, as where nothing is set.
///
/// # Errors
/// The server's error.
pub(crate) fn prepare_one_by_one(stream: &CopyStream, memory: u64) -> Result<()> {
    stream.run(&format!("SET maintenance_work_mem = '{memory}MB'"))
}

/// Runs the statements one after the other.
///
/// # Errors
/// The server's error.
pub(crate) fn run_one_by_one(stream: &CopyStream, statements: &[String]) -> Result<()> {
    statements.iter().try_for_each(|statement| stream.run(statement))
}

impl Means {
    /// The workers and the memory (in MiB, for its workers too) of each of so many builds.
    fn of_each(self, builds: u64) -> (u64, u64) {
        let workers = (self.processors / builds.max(1)).saturating_sub(1);
        let memory = if workers == 0 { self.memory } else { self.memory.max(LEAST_MEMORY_OF_A_WORKER) };
        (workers, memory * (workers + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;

    #[test]
    fn builds_share_the_processors_and_each_process_has_its_memory() {
        let of_each = |processors| Means { processors, memory: 16 }.of_each(3);
        assert_eq!(of_each(1), (0, 16));
        assert_eq!(of_each(2), (0, 16));
        assert_eq!(of_each(5), (0, 16));
        assert_eq!(of_each(6), (1, 64));
        assert_eq!(of_each(64), (20, 672));
        assert_eq!(Means { processors: 6, memory: 100 }.of_each(3), (1, 200));
    }

    #[test]
    fn memory_holds_the_buffers_of_all_runs() {
        assert_eq!([1, 1_000_000, 7_500_000].map(memory), [16, 16, 16]);
        assert_eq!([30_000_000, 75_000_000, 1_000_000_000].map(memory), [32, 50, 181]);
        for rows in [7_500_000, 75_000_000, 10_000_000_000] {
            let bytes = (memory(rows) << 20) as f64;
            assert!(rows as f64 * SORTED_ROW / bytes <= bytes / MERGED_RUN, "{rows}");
        }
    }

    #[test]
    fn the_key_s_index_is_one_of_them() {
        assert_eq!(
            statements(&Table::votes(&votes())),
            [
                "CREATE INDEX ON \"votes\" (\"username\")",
                "CREATE INDEX ON \"votes\" (\"link\")",
                "CREATE UNIQUE INDEX \"votes_pkey\" ON \"votes\" (\"vote_id\")"
            ]
        );
    }
}
