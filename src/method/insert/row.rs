//! One row a statement, with its values bound; each statement is awaited before the next.

use super::values::{Prepared, Unprepared};
use super::{Insert, common, jobs_param, nothing, unchecked};
use crate::method::{Info, Param};
use crate::model::Durability;
use crate::sql::Exec;

/// `insert-row`: a commit each, which is bound by the disk's flushes. The loop that most programs
/// start from; durable.
pub(crate) fn insert_row() -> Insert {
    Insert {
        info: common()
            .named("insert-row", "one prepared INSERT a row, a commit each (blocking driver, postgres)"),
        connect: |load, rows| Ok(Box::new(Prepared::connect(load, rows)?)),
        check: unchecked,
        lacks: nothing,
    }
}

/// `insert-row-unprepared`: as `insert-row`, but that the server parses and plans the text again for
/// each row, in the one round trip that brings the values (PostgreSQL manual, "Extended Query",
/// on the unnamed statement). Durable.
pub(crate) fn insert_row_unprepared() -> Insert {
    Insert {
        info: Info {
            source: "PostgreSQL manual, Extended Query".into(),
            ..common().named(
                "insert-row-unprepared",
                "one INSERT a row with bound values, parsed anew each time, a commit each",
            )
        },
        connect: |load, rows| Ok(Box::new(Unprepared::connect(load, rows)?)),
        check: unchecked,
        lacks: nothing,
    }
}

/// The parameter of [`insert_row_batched_commits`].
const COMMIT_EVERY: &str = "commit_every";

fn commit_every_param() -> Param {
    Param::integer(COMMIT_EVERY, "rows a transaction", 1..=1_000_000, 1000)
}

/// `insert-row-batched-commits`: as `insert-row`, with BEGIN before and COMMIT after every
/// `commit_every` rows, each a statement and a round trip of its own (PostgreSQL manual,
/// "Populating a Database", "Disable Autocommit"). All of them, the last COMMIT too, are part of
/// the load phase. Durable; a failure loses the rows since the last COMMIT.
pub(crate) fn insert_row_batched_commits() -> Insert {
    Insert {
        info: Info {
            source: "PostgreSQL manual, Populating a Database".into(),
            params: vec![commit_every_param(), jobs_param()],
            ..common()
                .named("insert-row-batched-commits", "one prepared INSERT a row, a commit every so many rows")
        },
        connect: |load, rows| {
            let every = load.integer(COMMIT_EVERY)?;
            Ok(Box::new(Prepared::connect(load, rows)?.committing_every(every)))
        },
        check: unchecked,
        lacks: nothing,
    }
}

/// `insert-row-async-commit`: as `insert-row`, on sessions that do not wait for the flush of a
/// commit (PostgreSQL manual, "Asynchronous Commit"). The setting is made before the clock starts
/// and holds for the indexes too. A crash loses no more than the commits of the last moments,
/// three times `wal_writer_delay`, and damages nothing.
pub(crate) fn insert_row_async_commit() -> Insert {
    Insert {
        info: Info {
            source: "PostgreSQL manual, Asynchronous Commit".into(),
            durability: Durability::MayLoseLastCommits,
            ..common().named(
                "insert-row-async-commit",
                "one prepared INSERT a row, a commit each that does not wait for the disk",
            )
        },
        connect: |load, rows| {
            let mut prepared = Prepared::connect(load, rows)?;
            prepared.run("SET synchronous_commit = off")?;
            Ok(Box::new(prepared))
        },
        check: unchecked,
        lacks: nothing,
    }
}
