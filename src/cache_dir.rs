//! Where things that can be made again are kept: datasets, fetched PostgreSQL binaries, clusters.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::unavailable;

/// Root's cache where other users cannot enter root's home: a server that root starts runs as an
/// ordinary user, who has to run the binaries and read the datasets in it.
pub const ROOT_CACHE: &str = "/var/cache/bulkbench";

/// The cache directory: `$BULKBENCH_CACHE`; else, for root without `$XDG_CACHE_HOME` and with a home
/// that others cannot enter, [`ROOT_CACHE`]; else `$XDG_CACHE_HOME/bulkbench`; else
/// `~/.cache/bulkbench`. It may not exist yet. (The scripts follow the same rule.)
///
/// # Errors
/// When none of the variables is set; the message names them.
pub fn default_cache_dir() -> Result<PathBuf> {
    let dir = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(cache) = dir("BULKBENCH_CACHE") {
        return Ok(std::path::absolute(cache)?);
    }
    let root = rustix::process::geteuid().is_root();
    match (dir("XDG_CACHE_HOME"), dir("HOME")) {
        (Some(cache), _) => Ok(std::path::absolute(cache)?.join("bulkbench")),
        (None, home) if root && !others_can_enter(home.as_deref().unwrap_or("/root".as_ref())) => {
            Ok(PathBuf::from(ROOT_CACHE))
        }
        (None, Some(home)) => Ok(std::path::absolute(home)?.join(".cache/bulkbench")),
        (None, None) => Err(unavailable!("no HOME to keep files in: set BULKBENCH_CACHE to a directory")),
    }
}

fn others_can_enter(home: &Path) -> bool {
    std::fs::metadata(home).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
}
