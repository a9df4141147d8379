//! PostgreSQL's server binaries on this machine: where they are, how old, whether they run, and which
//! of them a local server is made from.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::account::Account;
use crate::cache_dir::default_cache_dir;
use crate::fs::path_dirs;
use crate::server::settings::{OLDEST, check_version};
use crate::{unavailable, usage};

/// The origin of binaries, in the order of choice: what somebody fetched once does not become the server of
/// all later runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoundIn {
    /// In the directory that was named (`--pg-bin`).
    Named,
    /// In PATH.
    Path,
    /// The directories of the system's packages.
    System,
    /// In the cache (`scripts/fetch-postgres`).
    Fetched,
}

/// A directory with `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Its origin.
    pub found_in: FoundIn,
    /// The directory.
    pub bin: PathBuf,
    /// As `server_version_num`: 150018 for 15.18; 0 when it did not say.
    pub version_num: u32,
    /// The output of `postgres --version`.
    pub version_text: String,
    /// Why it cannot be used, in words; `None` when it can.
    pub problem: Option<String>,
}

/// All installations in the order of choice: the one in `pg_bin`, or, without it, those in PATH, then
/// those of the system's packages, newest first, then those in the cache, likewise; usable ones before all.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when `pg_bin` holds no server binaries.
pub fn installations(pg_bin: Option<&Path>) -> Result<Vec<Installation>> {
    let account = Account::for_server()?;
    if let Some(dir) = pg_bin {
        let dir = std::path::absolute(dir)?;
        return match resolve(&dir) {
            Some(bin) => Ok(vec![inspect(FoundIn::Named, bin, &account)?]),
            None => Err(usage!(
                "--pg-bin {}: there are no executable `initdb` and `postgres` in it; name the directory that holds both, e.g. /usr/lib/postgresql/{}/bin",
                dir.display(),
                OLDEST / 10000
            )),
        };
    }
    let mut bins: Vec<(FoundIn, PathBuf)> = Vec::new();
    for (found_in, dir) in search_dirs()? {
        if let Some(bin) = resolve(&dir).filter(|bin| !bins.iter().any(|(_, known)| known == bin)) {
            bins.push((found_in, bin));
        }
    }
    let found = bins.into_iter().map(|(found_in, bin)| inspect(found_in, bin, &account));
    Ok(in_order(found.collect::<Result<Vec<_>>>()?))
}

/// In the order of choice; in PATH, that is PATH's own.
fn in_order(mut found: Vec<Installation>) -> Vec<Installation> {
    found.sort_by_key(|one| {
        let newest = if one.found_in == FoundIn::Path { 0 } else { one.version_num };
        (one.problem.is_some(), one.found_in, std::cmp::Reverse(newest))
    });
    found
}

/// The installation a local server is made from: the first in the order of choice that can be used.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for a `pg_bin` that cannot be used,
/// [`crate::fault::Fault::Unavailable`] when there is none at all, with the reason for each.
pub fn choose(pg_bin: Option<&Path>) -> Result<Installation> {
    Ok(choose_and_say(pg_bin)?.0)
}

/// As [`choose`], with the reason in words, which name the others that are here, each with the flag that
/// takes it.
///
/// # Errors
/// As [`choose`].
pub(crate) fn choose_and_say(pg_bin: Option<&Path>) -> Result<(Installation, String)> {
    let found = installations(pg_bin)?;
    if let [first, others @ ..] = &found[..]
        && first.problem.is_none()
    {
        return Ok((first.clone(), reason(first, others)));
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

fn reason(chosen: &Installation, others: &[Installation]) -> String {
    let usable: Vec<&Installation> = others.iter().filter(|one| one.problem.is_none()).collect();
    let newest = usable.iter().any(|other| other.found_in == chosen.found_in);
    let why = match chosen.found_in {
        FoundIn::Named => "its binaries are named",
        FoundIn::Path if newest => "it is the first in PATH",
        FoundIn::Path => "it is in PATH",
        FoundIn::System if newest => "it is the newest of the system's own",
        FoundIn::System => "it is the system's own",
        FoundIn::Fetched => {
            "it was fetched once, and there is neither one in PATH nor one of the system's own"
        }
    };
    let also: Vec<String> = usable
        .iter()
        .map(|other| format!("{} by --pg-bin {}", other.version(), other.bin.display()))
        .collect();
    match also.is_empty() {
        true => why.into(),
        false => format!("{why}; also here: {}", also.join(", ")),
    }
}

impl Installation {
    /// Its version as people write it, e.g. 15.18.
    fn version(&self) -> String {
        format!("{}.{}", self.version_num / 10_000, self.version_num % 10_000)
    }
}

fn search_dirs() -> Result<Vec<(FoundIn, PathBuf)>> {
    let below =
        |found_in, dir: &Path, prefix| subdirs(dir, prefix).map(move |dir| (found_in, dir.join("bin")));
    let mut dirs: Vec<(FoundIn, PathBuf)> = path_dirs().into_iter().map(|dir| (FoundIn::Path, dir)).collect();
    dirs.extend(below(FoundIn::System, Path::new("/usr/lib/postgresql"), ""));
    dirs.extend(below(FoundIn::System, Path::new("/usr"), "pgsql-"));
    dirs.extend(below(FoundIn::Fetched, &default_cache_dir()?.join("postgres"), ""));
    Ok(dirs)
}

/// A directory that is not there has nothing below it.
fn subdirs(dir: &Path, prefix: &'static str) -> impl Iterator<Item = PathBuf> + use<> {
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

fn inspect(found_in: FoundIn, bin: PathBuf, account: &Account) -> Result<Installation> {
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
    Ok(Installation { found_in, bin, version_num, version_text: said.unwrap_or_default(), problem })
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

    fn found(found_in: FoundIn, version_num: u32, problem: bool) -> Installation {
        Installation {
            found_in,
            bin: format!("/{found_in:?}/{version_num}").into(),
            version_num,
            version_text: String::new(),
            problem: problem.then(|| "broken".into()),
        }
    }

    #[test]
    fn what_was_fetched_comes_last_however_new_it_is() {
        let (fetched, newer_fetched) =
            (found(FoundIn::Fetched, 170_009, false), found(FoundIn::Fetched, 180_006, false));
        let (system, newer) =
            (found(FoundIn::System, 150_018, false), found(FoundIn::System, 160_014, false));
        let broken = found(FoundIn::Path, 180_006, true);
        let found = [&fetched, &newer_fetched, &system, &newer, &broken].map(Clone::clone).to_vec();
        let order = in_order(found);
        let bins: Vec<&str> = order.iter().map(|one| one.bin.to_str().unwrap()).collect();
        assert_eq!(
            bins,
            ["/System/160014", "/System/150018", "/Fetched/180006", "/Fetched/170009", "/Path/180006"]
        );
        assert_eq!(
            reason(&order[0], &order[1..]),
            "it is the newest of the system's own; also here: 15.18 by --pg-bin /System/150018, \
             18.6 by --pg-bin /Fetched/180006, 17.9 by --pg-bin /Fetched/170009"
        );
        assert_eq!(
            reason(&order[2], &order[4..]),
            "it was fetched once, and there is neither one in PATH nor one of the system's own"
        );
    }

    #[test]
    fn path_comes_first_in_its_own_order() {
        let order = in_order(vec![
            found(FoundIn::Path, 140_020, false),
            found(FoundIn::Path, 180_006, false),
            found(FoundIn::System, 170_009, false),
        ]);
        let versions: Vec<u32> = order.iter().map(|one| one.version_num).collect();
        assert_eq!(versions, [140_020, 180_006, 170_009]);
        assert!(
            reason(&order[0], &order[1..])
                .starts_with("it is the first in PATH; also here: 18.6 by --pg-bin /Path")
        );
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
