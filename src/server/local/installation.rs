//! PostgreSQL's server binaries on this machine: where they are, how old, and whether they run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::account::Account;
use crate::cache_dir::default_cache_dir;
use crate::server::settings::{OLDEST, check_version};
use crate::{unavailable, usage};

/// A directory with `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The directory.
    pub bin: PathBuf,
    /// As `server_version_num`: 150018 for 15.18; 0 when it did not say.
    pub version_num: u32,
    /// What `postgres --version` printed.
    pub version_text: String,
    /// Why it cannot be used, in words; `None` when it can.
    pub problem: Option<String>,
}

/// All installations: the one in `pg_bin`, or, without it, those in PATH, of the distribution's
/// packages, and of the fetched cache; usable ones first, newest first.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when `pg_bin` holds no server binaries.
pub fn installations(pg_bin: Option<&Path>) -> Result<Vec<Installation>> {
    let account = Account::for_server()?;
    if let Some(dir) = pg_bin {
        let dir = std::path::absolute(dir)?;
        return match resolve(&dir) {
            Some(bin) => Ok(vec![inspect(bin, &account)?]),
            None => Err(usage!(
                "--pg-bin {}: there are no executable `initdb` and `postgres` in it; name the directory that holds both, e.g. /usr/lib/postgresql/{}/bin",
                dir.display(),
                OLDEST / 10000
            )),
        };
    }
    let mut bins: Vec<PathBuf> = Vec::new();
    for bin in search_dirs()?.iter().filter_map(|dir| resolve(dir)) {
        if !bins.contains(&bin) {
            bins.push(bin);
        }
    }
    let mut found = bins.into_iter().map(|bin| inspect(bin, &account)).collect::<Result<Vec<_>>>()?;
    found.sort_by_key(|one| (one.problem.is_some(), std::cmp::Reverse(one.version_num)));
    Ok(found)
}

/// The installation a local server is made from: the newest that can be used.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for a `pg_bin` that cannot be used,
/// [`crate::fault::Fault::Unavailable`] when there is none at all, with the reason for each.
pub fn choose(pg_bin: Option<&Path>) -> Result<Installation> {
    let found = installations(pg_bin)?;
    if let Some(first) = found.first().filter(|one| one.problem.is_none()) {
        return Ok(first.clone());
    }
    let problems: Vec<String> = found
        .iter()
        .filter_map(|one| Some(format!("{}: {}", one.bin.display(), one.problem.as_ref()?)))
        .collect();
    Err(match (pg_bin, problems.is_empty()) {
        (Some(_), _) => usage!("--pg-bin {}", problems.join("; ")),
        (None, true) => unavailable!(
            "no PostgreSQL server binaries (initdb, postgres) in PATH, /usr/lib/postgresql, /usr/pgsql-* or the cache; install the package `postgresql`, run scripts/fetch-postgres, or name their directory with --pg-bin"
        ),
        (None, false) => unavailable!("no PostgreSQL installation can be used: {}", problems.join("; ")),
    })
}

fn search_dirs() -> Result<Vec<PathBuf>> {
    let mut dirs: Vec<PathBuf> =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    dirs.extend(subdirs(Path::new("/usr/lib/postgresql"), "").map(|dir| dir.join("bin")));
    dirs.extend(subdirs(Path::new("/usr"), "pgsql-").map(|dir| dir.join("bin")));
    dirs.extend(subdirs(&default_cache_dir()?.join("postgres"), "").map(|dir| dir.join("bin")));
    Ok(dirs)
}

/// A directory that is not there has nothing below it.
fn subdirs(dir: &Path, prefix: &'static str) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter(move |entry| entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()))
        .map(|entry| entry.path())
}

/// The directory the binaries really lie in, when both are found in `dir`: links in PATH lead to
/// it, and two links to one installation are one installation.
fn resolve(dir: &Path) -> Option<PathBuf> {
    if !dir.is_absolute() {
        return None;
    }
    let real = |name: &str| std::fs::canonicalize(dir.join(name)).ok().filter(|path| path.is_file());
    let (postgres, initdb) = (real("postgres")?, real("initdb")?);
    match (postgres.parent(), initdb.parent()) {
        (Some(a), Some(b)) if a == b && a.join("initdb").exists() && a.join("postgres").exists() => {
            Some(a.to_owned())
        }
        _ => Some(dir.to_owned()),
    }
}

fn inspect(bin: PathBuf, account: &Account) -> Result<Installation> {
    let said = version_text(&bin.join("postgres"));
    let version_num = said.as_ref().ok().and_then(|text| parse_version(text)).unwrap_or(0);
    let problem = match &said {
        Err(error) => Some(format!("{error:#}")),
        Ok(text) if version_num == 0 => {
            Some(format!("`postgres --version` says `{text}`, which names no version"))
        }
        Ok(_) => match check_version(version_num, "it") {
            Err(error) => Some(error.to_string()),
            Ok(()) => no_access(&bin, account)?,
        },
    };
    Ok(Installation { bin, version_num, version_text: said.unwrap_or_default(), problem })
}

fn no_access(bin: &Path, account: &Account) -> Result<Option<String>> {
    for name in ["initdb", "postgres"] {
        let path = bin.join(name);
        if !account.may("-x", &path)? {
            return Ok(Some(format!(
                "{} may not execute {}; install them where it may, e.g. below /usr/lib or /var/cache",
                account.words(),
                path.display()
            )));
        }
    }
    Ok(None)
}

fn version_text(postgres: &Path) -> Result<String> {
    let run = || format!("running {} --version", postgres.display());
    let output = Command::new(postgres)
        .arg("--version")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .with_context(run)?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(unavailable!("{words} ({})", output.status)).with_context(run);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// `server_version_num` from `postgres (PostgreSQL) 15.18 (Debian …)`; 180000 for `18beta1`.
fn parse_version(text: &str) -> Option<u32> {
    let version = text.split_once("PostgreSQL) ")?.1.split(' ').next()?;
    let number = |part: &str| {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        part[..digits].parse::<u32>().ok()
    };
    let mut parts = version.split('.');
    let major = number(parts.next()?)?;
    let minor = parts.next().and_then(number).unwrap_or(0);
    // Before 10 the second number belonged to the major version: 9.6.24 is 90624.
    Some(match major >= 10 {
        true => major * 10000 + minor,
        false => major * 10000 + minor * 100 + parts.next().and_then(number).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn versions_are_read_as_the_server_counts_them() {
        let version = |text: &str| parse_version(&format!("postgres (PostgreSQL) {text}"));
        assert_eq!(version("15.18 (Debian 15.18-0+deb12u1)"), Some(150018));
        assert_eq!(version("18beta1"), Some(180000));
        assert_eq!(version("9.6.24"), Some(90624));
        assert_eq!(version("unknown"), None);
        assert_eq!(parse_version("bash 5"), None);
    }

    fn fake(dir: &Path, says: &str) {
        for name in ["initdb", "postgres"] {
            std::fs::write(dir.join(name), format!("#!/bin/sh\n{says}\n")).unwrap();
            std::fs::set_permissions(dir.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn unusable_binaries_say_why() {
        let dir = tempfile::tempdir().unwrap();
        let empty = choose(Some(dir.path())).unwrap_err().to_string();
        assert!(empty.contains("--pg-bin") && empty.contains("no executable"), "{empty}");
        fake(dir.path(), "echo 'postgres (PostgreSQL) 12.9'");
        let old = choose(Some(dir.path())).unwrap_err().to_string();
        assert!(old.contains("PostgreSQL 12, and 13 is the oldest"), "{old}");
        fake(dir.path(), "echo 'cannot load libpq' >&2; exit 127");
        let broken = choose(Some(dir.path())).unwrap_err().to_string();
        assert!(broken.contains("cannot load libpq") && broken.contains("--version"), "{broken}");
    }

    #[test]
    fn a_link_in_a_path_leads_to_the_installation() {
        let (real, path) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fake(real.path(), "echo 'postgres (PostgreSQL) 17.2'");
        for name in ["initdb", "postgres"] {
            std::os::unix::fs::symlink(real.path().join(name), path.path().join(name)).unwrap();
        }
        assert_eq!(resolve(path.path()), Some(std::fs::canonicalize(real.path()).unwrap()));
        assert_eq!(resolve(Path::new("relative")), None);
    }
}
