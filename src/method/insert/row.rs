//! One row a statement, with its values bound; each statement is awaited before the next.

use super::values::{Prepared, Unprepared};
use super::{INSERT, Insert, Inserter, JOBS, unchecked};
use crate::method::{Default, Info, Param};
use crate::model::Durability;

/// `insert-row`: a commit each, which is bound by the disk's flushes. The loop that most programs
/// start from; durable.
pub static INSERT_ROW: Insert = Insert {
    info: Info {
        id: "insert-row",
        summary: "one prepared INSERT a row, a commit each (blocking driver, postgres)",
        ..INSERT
    },
    connect: |load, rows| Ok(Box::new(Prepared::connect(load, rows)?)),
    check: unchecked,
};

/// `insert-row-unprepared`: as `insert-row`, but that the server parses and plans the text again for
/// each row, in the one round trip that brings the values (PostgreSQL manual, "Extended Query",
/// on the unnamed statement). Durable.
pub static INSERT_ROW_UNPREPARED: Insert = Insert {
    info: Info {
        id: "insert-row-unprepared",
        summary: "one INSERT a row with bound values, parsed anew each time, a commit each",
        source: "PostgreSQL manual, Extended Query",
        ..INSERT
    },
    connect: |load, rows| Ok(Box::new(Unprepared::connect(load, rows)?)),
    check: unchecked,
};

/// The parameter of [`INSERT_ROW_BATCHED_COMMITS`].
const COMMIT_EVERY: Param = Param {
    name: "commit_every",
    help: "rows a transaction",
    default: Default::Fixed(1000),
    min: 1,
    max: 1_000_000,
};

/// `insert-row-batched-commits`: as `insert-row`, with BEGIN before and COMMIT after every
/// `commit_every` rows, each a statement and a round trip of its own (PostgreSQL manual,
/// "Populating a Database", "Disable Autocommit"). All of them, the last COMMIT too, are part of
/// the load phase. Durable; a failure loses the rows since the last COMMIT.
pub static INSERT_ROW_BATCHED_COMMITS: Insert = Insert {
    info: Info {
        id: "insert-row-batched-commits",
        summary: "one prepared INSERT a row, a commit every so many rows",
        source: "PostgreSQL manual, Populating a Database",
        params: &[COMMIT_EVERY, JOBS],
        ..INSERT
    },
    connect: |load, rows| {
        let every = load.param(COMMIT_EVERY.name)?;
        Ok(Box::new(Prepared::connect(load, rows)?.committing_every(every)))
    },
    check: unchecked,
};

/// `insert-row-async-commit`: as `insert-row`, on sessions that do not wait for the flush of a
/// commit (PostgreSQL manual, "Asynchronous Commit"). The setting is made before the clock starts
/// and holds for the indexes too. A crash loses no more than the commits of the last moments,
/// three times `wal_writer_delay`, and damages nothing.
pub static INSERT_ROW_ASYNC_COMMIT: Insert = Insert {
    info: Info {
        id: "insert-row-async-commit",
        summary: "one prepared INSERT a row, a commit each that does not wait for the disk",
        source: "PostgreSQL manual, Asynchronous Commit",
        durability: Durability::MayLoseLastCommits,
        ..INSERT
    },
    connect: |load, rows| {
        let mut prepared = Prepared::connect(load, rows)?;
        prepared.run("SET synchronous_commit = off")?;
        Ok(Box::new(prepared))
    },
    check: unchecked,
};
