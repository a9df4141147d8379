//! Probes: the costs of a load as seen from outside, and the facts of the machine.

pub(crate) mod balloon;
pub(crate) mod block_device;
pub(crate) mod cgroup;
pub(crate) mod checkpoints;
mod container;
pub(crate) mod cores;
pub mod cpu;
mod cpuinfo;
pub(crate) mod disk;
pub(crate) mod file_counts;
pub(crate) mod files;
pub(crate) mod fingerprint;
pub mod machine;
pub(crate) mod machine_load;
pub mod memory;
pub(crate) mod mounts;
pub(crate) mod parts;
pub(crate) mod speed;
pub(crate) mod wal_and_sizes;
