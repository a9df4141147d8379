//! Probes: the costs of a load as seen from outside, and the facts of the machine.

mod cgroup;
pub mod checkpoints;
pub mod cpu;
pub mod disk;
pub mod machine;
pub mod memory;
mod mounts;
pub mod wal_and_sizes;
