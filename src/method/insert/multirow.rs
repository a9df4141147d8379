//! Several rows a statement by VALUES lists.

use super::values::{Prepared, Unprepared, check_binds};
use super::{BATCH, Insert, common, jobs_param, nothing};
use crate::method::tools::batch::MAX_BINDS;
use crate::method::{Info, Param};

/// Each value is a parameter, so that the table's columns decide how many rows there can be.
fn batch_param() -> Param {
    Param::integer(BATCH, "rows a statement", 1..=MAX_BINDS, 100)
}

/// `insert-multirow`: `batch` rows a statement, with parameters bound and a commit each. The
/// statement is parsed anew each time, in one round trip, as a query builder without prepared
/// statements has it. Durable.
pub(crate) fn insert_multirow() -> Insert {
    Insert {
        info: Info {
            params: vec![batch_param(), jobs_param()],
            ..common().named("insert-multirow", "one INSERT for several rows (VALUES lists), a commit each")
        },
        connect: |load, rows| Ok(Box::new(Unprepared::connect(load, rows)?)),
        check: check_binds,
        lacks: nothing,
    }
}

/// `insert-multirow-prepared`: as `insert-multirow`, with the statement of a full batch prepared
/// once, and one more for the rows that are left over in the end; each job prepares its own
/// (PostgreSQL manual, PREPARE: a prepared statement belongs to its session). Durable.
pub(crate) fn insert_multirow_prepared() -> Insert {
    Insert {
        info: Info {
            source: "PostgreSQL manual, PREPARE".into(),
            params: vec![batch_param(), jobs_param()],
            ..common().named(
                "insert-multirow-prepared",
                "one prepared INSERT for several rows (VALUES lists), a commit each",
            )
        },
        connect: |load, rows| Ok(Box::new(Prepared::connect(load, rows)?)),
        check: check_binds,
        lacks: nothing,
    }
}
