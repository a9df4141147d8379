//! Where things that can be made again are kept: datasets, fetched PostgreSQL binaries, clusters.

use std::path::PathBuf;

use anyhow::Result;

use crate::unavailable;

/// The directory of root's cache. Not in root's home: the server runs as another user there, who
/// may not enter it, and who has to run the binaries and read the datasets.
pub const ROOT_CACHE: &str = "/var/cache/bulkbench";

/// The cache directory: `$BULKBENCH_CACHE`; else [`ROOT_CACHE`] for root; else
/// `$XDG_CACHE_HOME/bulkbench`; else `~/.cache/bulkbench`. It may not exist yet.
///
/// # Errors
/// When none of the variables is set; the message names them.
pub fn default_cache_dir() -> Result<PathBuf> {
    let dir = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(cache) = dir("BULKBENCH_CACHE") {
        return Ok(std::path::absolute(cache)?);
    }
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from(ROOT_CACHE));
    }
    dir("XDG_CACHE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| dir("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("bulkbench"))
        .ok_or_else(|| unavailable!("no cache directory: none of BULKBENCH_CACHE, XDG_CACHE_HOME and HOME is set; set BULKBENCH_CACHE"))
}
