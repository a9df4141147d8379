//! Probes: the costs of a load as seen from outside, and the facts of the machine.

mod cgroup;
pub(crate) mod checkpoints;
pub mod cpu;
pub(crate) mod disk;
pub mod machine;
pub mod memory;
mod mounts;
pub(crate) mod parts;
pub(crate) mod wal_and_sizes;
