//! The directory of what this program can make or fetch again.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;

/// The directory of root's cache. Not in root's home: there the server runs as another user, who
/// may not enter it, and who has to run the fetched binaries and read the datasets.
pub(crate) const ROOT_CACHE: &str = "/var/cache/bulkbench";

/// The cache directory: `$BULKBENCH_CACHE`; else [`ROOT_CACHE`] for root; else
/// `$XDG_CACHE_HOME/bulkbench`, else `~/.cache/bulkbench`. It need not exist yet.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when none of the three variables names a directory, or one
/// names a relative path: the place would then depend on where the program was started.
pub fn default_cache_dir() -> Result<PathBuf> {
    choose(rustix::process::geteuid().is_root(), |name| env::var_os(name))
}

fn choose(root: bool, variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    let places = [("BULKBENCH_CACHE", ""), ("XDG_CACHE_HOME", "bulkbench"), ("HOME", ".cache/bulkbench")];
    for (name, below) in places {
        if root && name != "BULKBENCH_CACHE" {
            return Ok(PathBuf::from(ROOT_CACHE));
        }
        let Some(value) = variable(name).filter(|value| !value.is_empty()) else { continue };
        let dir = PathBuf::from(value);
        if dir.is_relative() {
            return Err(crate::usage!(
                "{name}={} is a relative path, and the cache's must be absolute: set {name} to one that begins with /",
                dir.display()
            ));
        }
        return Ok(if below.is_empty() { dir } else { dir.join(below) });
    }
    Err(crate::usage!("no cache directory is known, as HOME is not set: set BULKBENCH_CACHE to a directory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<PathBuf> {
        choose(false, |name| {
            variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        let home = ("HOME", "/home/ada");
        assert_eq!(with(&[home]).unwrap(), PathBuf::from("/home/ada/.cache/bulkbench"));
        assert_eq!(with(&[home, ("XDG_CACHE_HOME", "/x")]).unwrap(), PathBuf::from("/x/bulkbench"));
        assert_eq!(
            with(&[home, ("XDG_CACHE_HOME", "/x"), ("BULKBENCH_CACHE", "/big")]).unwrap(),
            PathBuf::from("/big")
        );
        assert_eq!(
            with(&[home, ("BULKBENCH_CACHE", "")]).unwrap(),
            PathBuf::from("/home/ada/.cache/bulkbench")
        );
    }

    #[test]
    fn root_s_cache_is_where_the_server_s_user_can_read() {
        let variable = |name: &str| (name != "BULKBENCH_CACHE").then(|| OsString::from("/root"));
        assert_eq!(choose(true, variable).unwrap(), PathBuf::from(ROOT_CACHE));
        let variable = |_: &str| Some(OsString::from("/big"));
        assert_eq!(choose(true, variable).unwrap(), PathBuf::from("/big"));
    }

    #[test]
    fn a_relative_or_missing_place_is_refused() {
        assert!(with(&[("BULKBENCH_CACHE", "cache")]).unwrap_err().to_string().contains("relative"));
        assert!(with(&[]).unwrap_err().to_string().contains("BULKBENCH_CACHE"));
    }
}
