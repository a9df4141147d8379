//! The options that a server is started with.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Settings;
use crate::model::{EmulatedDisk, Limits};

/// Whether a throwaway server's data pages carry checksums.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Checksums {
    /// Pages have checksums: the default of PostgreSQL from 18 on, and here with every version.
    #[default]
    On,
    /// Pages have none: the default of PostgreSQL up to 17.
    Off,
}

/// The options that a server is started with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The directory of the server's binaries (`--pg-bin`); for a local server.
    pub pg_bin: Option<PathBuf>,
    /// The image (`--image`); for a container.
    pub image: Option<String>,
    /// The parent directory of the data (`--data-dir`); for a local server.
    pub data_dir: Option<PathBuf>,
    /// The disk that is emulated beneath the data (`--disk`); for a local server.
    pub disk: Option<EmulatedDisk>,
    /// Bytes the run will need there at most.
    pub need_bytes: u64,
    /// The user's settings (`--set`). Throwaway servers put them on top of [`super::settings::tuned`]; an
    /// external one takes them for its connections, if they can be set there at all.
    pub settings: Settings,
    /// All settings of the run that is gone on with, in place of a tuning and the user's on top; for throwaway servers.
    pub given: Option<Settings>,
    /// What it may use of its machine; for throwaway servers.
    pub limits: Limits,
    /// Checksums of data pages; for throwaway servers.
    pub checksums: Checksums,
    /// Directories whose files the server has to read (its datasets); for a container.
    pub expose: Vec<PathBuf>,
    /// The run's id: lower-case letters, digits, `-` and `_`; no two runs have the same.
    pub id: String,
}

/// An id for a server's paths, labels and schema that no two runs share: the time, the process, and a counter within it.
pub fn new_id() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
    format!("{now}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
