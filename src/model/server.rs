//! The server that a run loads into.

use std::collections::BTreeMap;

use super::word::words;

words! {
    /// The source of a server.
    pub enum Source {
        /// A throwaway cluster made from binaries on this machine.
        Local = "local",
        /// A throwaway container.
        Container = "container",
        /// A server of the user's.
        External = "external",
    }
}

/// The server a run loaded into.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerFacts {
    /// Its source.
    pub source: Source,
    /// Why this one was chosen, in words.
    pub reason: String,
    /// `server_version_num`, e.g. 150018.
    pub version_num: u32,
    /// `version()`: version, platform and compiler of the build.
    pub version: String,
    /// The image of a container, `None` otherwise.
    pub image: Option<String>,
    /// The transport between client and server: `unix socket`, `tcp 127.0.0.1`, `tcp, another host`.
    pub transport: String,
    /// The settings this program gave it (before a case's own), name to value.
    pub given: BTreeMap<String, String>,
    /// The settings that decide a load, as the server itself shows them (`SHOW`), plus
    /// `data_checksums`, `server_encoding`, the database's `lc_collate` and `locale_provider`.
    pub settings: BTreeMap<String, String>,
}
