//! The machine that the client runs on.

use super::fingerprint::Fingerprint;

/// The machine that the client ran on.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// Distribution and release, e.g. `Debian GNU/Linux 12 (bookworm)`.
    pub os: String,
    /// Kernel name and release.
    pub kernel: String,
    /// Machine architecture, e.g. `x86_64`.
    pub arch: String,
    /// Processor model as the kernel names it.
    pub cpu: String,
    /// Processors this process may run on.
    pub cores: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// `Some` kind of virtual machine where one was seen (`kvm`), `None` where none was.
    pub virtualization: Option<String>,
    /// The file system the local server's data lies on; `None` for a server elsewhere.
    pub disk: Option<Disk>,
    /// What else tells it from others; empty in records from before that was read.
    pub fingerprint: Fingerprint,
}

/// A file system, and how fast it says it has flushed.
#[derive(Debug, Clone, PartialEq)]
pub struct Disk {
    /// The kind of file system, e.g. `ext4`, `tmpfs`.
    pub filesystem: String,
    /// Flushes (fdatasync of an 8 KiB overwrite) confirmed a second.
    pub flushes_per_second: u64,
}
