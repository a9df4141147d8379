//! Several COPYs at once: into one table, or into a part of it each.

pub mod partitioned;
pub mod shared_table;
