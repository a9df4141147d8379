//! Connection service files (PostgreSQL manual, libpq, "The Connection Service File").

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::parameters::{Parameters, Wrong, known};
use crate::usage;

/// Directories in which packages of PostgreSQL look for the system's file, unless `PGSYSCONFDIR` says
/// otherwise.
const SYSTEM_DIRS: [&str; 2] = ["/etc/postgresql-common", "/usr/local/pgsql/etc"];

/// The files that may define services, in libpq's order: the named one alone, else the user's and
/// the system's.
pub(crate) fn files(named: Option<&str>, home: Option<&Path>, system: Option<String>) -> Vec<PathBuf> {
    if let Some(named) = named {
        return vec![PathBuf::from(named)];
    }
    let system = match system {
        Some(dir) => vec![PathBuf::from(dir)],
        None => SYSTEM_DIRS.iter().map(PathBuf::from).collect(),
    };
    let own = home.map(|home| home.join(".pg_service.conf"));
    own.into_iter().chain(system.into_iter().map(|dir| dir.join("pg_service.conf"))).collect()
}

/// The parameters of a service.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when no file defines it, or one is wrong.
pub(crate) fn find(service: &str, files: &[PathBuf]) -> Result<Parameters> {
    for file in files {
        let text = match crate::fs::read_text(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
        };
        let found = section(service, &text).map_err(|why| usage!("{}, {why}", file.display()))?;
        if let Some(found) = found {
            return Ok(found);
        }
    }
    let looked: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    Err(usage!(
        "there is no service `{service}` in {}; write its parameters there under [{service}]",
        looked.join(" or ")
    ))
}

/// The section of a service, or in words what is wrong with it.
fn section(service: &str, text: &str) -> Result<Option<Parameters>, String> {
    let mut found: Option<Parameters> = None;
    let mut inside = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            // The first section of a name counts; what stands behind the bracket does not.
            let behind = name.strip_prefix(service);
            inside = found.is_none() && behind.is_some_and(|behind| behind.starts_with(']'));
            if inside {
                found = Some(Parameters::new());
            }
            continue;
        }
        let Some(section) = found.as_mut().filter(|_| inside) else { continue };
        if line.starts_with("ldap") {
            return Err(format!("line {number}: services in LDAP cannot be read here; write what is there"));
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(format!("line {number}: it is not name=value"));
        };
        if name == "service" {
            return Err(format!("line {number}: a service cannot name another"));
        }
        if let Err(Wrong::Unknown(said)) = known(name) {
            return Err(format!("line {number}: there is no parameter {said}"));
        }
        section.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_found_by_its_section() {
        let text = "# ours\n[other]\nhost=o\n\n[mine] # and mine alone\nhost=h\nport=5433\n  user = u\n[mine]\nhost=later\n";
        let error = section("mine", text).unwrap_err();
        assert!(error.contains("line 8") && error.contains("`user `"), "{error}");
        let text = text.replace("  user = u", "user=u");
        let found = section("mine", &text).unwrap().unwrap();
        let expected = [("host", "h"), ("port", "5433"), ("user", "u")];
        assert_eq!(found, expected.map(|(name, value)| (name.into(), value.into())).into());
        assert_eq!(section("none", &text).unwrap(), None);
        assert!(section("x", "[x]\nhost\n").unwrap_err().contains("line 2"));
        assert!(section("x", "[x]\nldap://h/?uid\n").unwrap_err().contains("LDAP"));
    }

    #[test]
    fn the_user_s_file_comes_before_the_system_s() {
        let (home, system) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = files(None, Some(home.path()), Some(system.path().display().to_string()));
        std::fs::write(system.path().join("pg_service.conf"), "[a]\nhost=s\n[b]\nhost=s\n").unwrap();
        std::fs::write(home.path().join(".pg_service.conf"), "[a]\nhost=u\n").unwrap();
        assert_eq!(find("a", &files).unwrap()["host"], "u");
        assert_eq!(find("b", &files).unwrap()["host"], "s");
        assert!(find("c", &files).unwrap_err().to_string().contains("no service `c`"));
    }
}
