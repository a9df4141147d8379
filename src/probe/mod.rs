//! What can be seen from outside a load: what it costs, and the machine that it runs on.

mod cgroup;
pub mod checkpoints;
pub mod cpu;
pub mod disk;
pub mod machine;
pub mod memory;
mod mounts;
pub mod relation;
