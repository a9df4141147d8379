//! What descriptions of metrics have in common.

use crate::model::metric::{About, Aggregate, Better, Unit, Within};

/// When it is absent.
pub(super) const NEVER: &str = "Never.";
/// Likewise.
pub(super) const NO_SQL: &str = "The server does not tell, or not this role.";
/// Likewise.
pub(super) const NOT_LOCAL: &str =
    "The server's processes cannot be seen from here: it is in a container or on another machine.";
/// How CPU time is read.
pub(super) const PROC: &str =
    "/proc/PID/stat of the server's processes (proc(5)), to the clock tick, mostly 10 ms.";
/// What most metrics have in common.
pub(super) const USUAL: About = About {
    unit: Unit::Bytes,
    within: Within::Whole,
    better: Better::Less,
    aggregate: Aggregate::Median,
    title: "",
    help: "",
    source: "",
    absent: NO_SQL,
    column: None,
    in_all_files: false,
};

/// CPU time of the server.
pub(super) const CPU: About = About { unit: Unit::Nanoseconds, source: PROC, absent: NOT_LOCAL, ..USUAL };

/// Counts of the WAL.
pub(super) const WAL_COUNT: About = About {
    unit: Unit::Count,
    source: "pg_stat_wal (14 and later) at both ends, once it has counted as many bytes as the WAL is longer.",
    absent: "The server has no such statistics, or they lagged behind for longer than anyone waited.",
    ..USUAL
};
