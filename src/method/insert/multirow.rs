//! Several rows a statement by VALUES lists.

use super::values::{Prepared, Unprepared, check_binds};
use super::{BATCH, INSERT, Insert, JOBS};
use crate::method::tools::batch::MAX_BINDS;
use crate::method::{Default, Info, Param};

/// Each value is a parameter, so that the table's columns decide how many rows there can be.
const ROWS: Param =
    Param { name: BATCH, help: "rows a statement", default: Default::Fixed(100), min: 1, max: MAX_BINDS };

/// `insert-multirow`: `batch` rows a statement, with parameters bound and a commit each. The
/// statement is parsed anew each time, in one round trip, as a query builder without prepared
/// statements has it. Durable.
pub static INSERT_MULTIROW: Insert = Insert {
    info: Info {
        id: "insert-multirow",
        summary: "one INSERT for several rows (VALUES lists), a commit each",
        params: &[ROWS, JOBS],
        ..INSERT
    },
    connect: |load, rows| Ok(Box::new(Unprepared::connect(load, rows)?)),
    check: check_binds,
};

/// `insert-multirow-prepared`: as `insert-multirow`, with the statement of a full batch prepared
/// once, and one more for the rows that are left over in the end; each job prepares its own
/// (PostgreSQL manual, PREPARE: a prepared statement belongs to its session). Durable.
pub static INSERT_MULTIROW_PREPARED: Insert = Insert {
    info: Info {
        id: "insert-multirow-prepared",
        summary: "one prepared INSERT for several rows (VALUES lists), a commit each",
        source: "PostgreSQL manual, PREPARE",
        params: &[ROWS, JOBS],
        ..INSERT
    },
    connect: |load, rows| Ok(Box::new(Prepared::connect(load, rows)?)),
    check: check_binds,
};
