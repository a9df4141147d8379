//! The server that a run loads into.

use std::collections::BTreeMap;

use super::ability::Absent;
use super::emulated_disk::EmulatedDisk;
use super::fingerprint::Fingerprint;
use super::limits::Limits;
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
    /// What it may use of its machine, where a case says nothing else.
    pub limits: Limits,
    /// The settings this program gave it (before a case's own), name to value.
    pub given: BTreeMap<String, String>,
    /// The settings that decide a load, as the server itself shows them (`SHOW`), plus
    /// `data_checksums`, `server_encoding`, the database's `lc_collate` and `locale_provider`.
    pub settings: BTreeMap<String, String>,
    /// What it lacks of what PostgreSQL has; nothing in records from before servers were asked.
    pub absent: Absent,
    /// What tells it and its machine from others, but for what is known of the client's machine; nothing in records
    /// from before servers were asked.
    pub fingerprint: Fingerprint,
    /// Why the file system of its data was not measured, in words; `None` where it was, and in records from before
    /// that was said.
    pub unmeasured: Option<String>,
    /// The disk that is emulated beneath its data; `None` for a real one.
    pub disk: Option<EmulatedDisk>,
}

impl ServerFacts {
    /// Whether it is PostgreSQL itself, extensions or none, and no other program that speaks its protocol.
    pub(crate) fn is_postgres(&self) -> bool {
        is_postgres(&self.version)
    }
}

/// Whether `version()` is that of PostgreSQL itself (configure.ac, PG_VERSION_STR): `PostgreSQL 15.18 (a packager's
/// words) on x86_64-pc-linux-gnu, compiled by gcc, 64-bit`. Others have words of their own in it.
pub(crate) fn is_postgres(version: &str) -> bool {
    let Some(rest) = version.strip_prefix("PostgreSQL ") else { return false };
    let (number, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    // Of releases to come as well: 19beta1, 19devel.
    let plain = number.starts_with(|first: char| first.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    let packager = rest.strip_prefix('(').map(|rest| rest.split(')').next().unwrap_or_default());
    plain
        && !packager.is_some_and(|words| words.contains("Database"))
        && (rest.ends_with("-bit") || !rest.contains("compiled by"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgresql_is_told_from_what_speaks_its_protocol() {
        for version in [
            "PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit",
            "PostgreSQL 18.1 on aarch64-unknown-linux-gnu, compiled by clang version 17, 64-bit",
            "PostgreSQL 19beta1 on x86_64-linux, compiled by gcc-14.2.0, 64-bit",
            "PostgreSQL 9.6.24",
        ] {
            assert!(is_postgres(version), "{version}");
        }
        for version in [
            "CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27, go1.19.10)",
            "PostgreSQL 11.2-YB-2.20.1.0-b0 on x86_64-pc-linux-gnu, compiled by clang version 15.0.3, 64-bit",
            "PostgreSQL 9.4.26 (Greenplum Database 6.25.3 build commit:1) on x86_64-unknown-linux-gnu, compiled by gcc, 64-bit compiled on Oct 4",
            "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0.12103",
        ] {
            assert!(!is_postgres(version), "{version}");
        }
    }
}
