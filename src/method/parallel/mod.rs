//! Several COPYs at once: into one table, or into a part of it each.

pub(crate) mod partitioned;
pub(crate) mod shared_table;

use crate::method::{Family, Info, Param, ParamDefault};

/// The common part of these methods' descriptions.
fn common() -> Info {
    Info {
        params: vec![Param::integer("jobs", "connections that copy at once", 1..=64, ParamDefault::Cores)],
        ..Info::new(
            Family::Parallel,
            "Babcock, Dissecting the Postgres Bulk Insert; Smith, PostgreSQL 9.0 High Performance",
        )
    }
}
