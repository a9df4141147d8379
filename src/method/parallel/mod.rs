//! Several COPYs at once: into one table, or into a part of it each.

pub mod partitioned;
pub mod shared_table;

use crate::method::{Default, Extent, Family, Info, Param, Start};
use crate::model::{Durability, Encoding};
use crate::table::{Layout, Persistence};

/// What these methods have in common.
const PARALLEL: Info = Info {
    id: "",
    family: Family::Parallel,
    summary: "",
    source: "Babcock, Dissecting the Postgres Bulk Insert; Smith, PostgreSQL 9.0 High Performance",
    durability: Durability::Durable,
    start: Start::Empty(Persistence::Permanent),
    end: Persistence::Permanent,
    extent: Extent::Full,
    input: Encoding::Csv,
    layout: Layout::Plain,
    needs: &[],
    params: &[Param {
        name: "jobs",
        help: "connections that copy at once",
        default: Default::Cores,
        min: 1,
        max: 64,
    }],
};
