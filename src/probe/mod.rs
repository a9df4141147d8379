//! What is seen from outside a load: the machine it ran on and the disk beneath it.

mod cgroup;
pub mod disk;
pub mod machine;
mod mounts;
