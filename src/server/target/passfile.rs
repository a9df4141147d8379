//! The password file (PostgreSQL manual, libpq, "The Password File").

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The connection that a password is for.
#[derive(Debug, Clone, Copy)]
pub struct Login<'a> {
    /// The host as it was given; the directory of a Unix socket, or `localhost` for the default one.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: &'a str,
    /// The role.
    pub user: &'a str,
}

/// The password that a file has for a login; none without the file.
///
/// # Errors
/// Why the file is not used, in words: libpq warns of it, and goes on without.
pub fn find(file: &Path, login: &Login<'_>) -> Result<Option<String>, String> {
    let Ok(meta) = std::fs::metadata(file) else { return Ok(None) };
    if !meta.is_file() {
        return Err(format!("the password file {} is not a plain file, so it is not used", file.display()));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(format!(
            "the password file {} may be read by others, so it is not used; take that away with chmod 600",
            file.display()
        ));
    }
    let text = crate::fs::read(file)
        .map_err(|error| format!("the password file {} cannot be read: {error}", file.display()))?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().filter(|line| !line.starts_with('#')).find_map(|line| password(line, login)))
}

/// The password of a line `host:port:database:user:password` that fits.
fn password(line: &str, login: &Login<'_>) -> Option<String> {
    let mut fields: Vec<String> = vec![String::new()];
    let mut wild = [true; 4];
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        let last = fields.len() - 1;
        match char {
            ':' if last < 4 => fields.push(String::new()),
            '\\' => {
                fields[last].extend(chars.next());
                // An escaped star is one.
                wild.iter_mut().skip(last).take(1).for_each(|wild| *wild = false);
            }
            other => fields[last].push(other),
        }
    }
    let wanted = [login.host, &login.port.to_string(), login.database, login.user];
    let fits = wanted
        .iter()
        .zip(&fields)
        .zip(wild)
        .all(|((want, field), wild)| wild && field == "*" || want == field);
    let password = fields.get(4)?;
    (fits && !password.is_empty()).then(|| password.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    const LOGIN: Login<'_> = Login { host: "h", port: 5433, database: "d", user: "u" };

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        for (line, found) in [
            ("h:5433:d:u:p", Some("p")),
            ("*:*:*:*:p", Some("p")),
            (r"h:5433:d:u:a\:b\\c", Some(r"a:b\c")),
            ("h:5433:d:u:a:b", Some("a:b")),
            (r"\*:5433:d:u:p", None),
            ("h:5432:d:u:p", None),
            ("h:5433:d:u:", None),
            ("h:5433:d", None),
        ] {
            assert_eq!(password(line, &LOGIN).as_deref(), found, "{line}");
        }
        let socket = Login { host: "/run/a:b", ..LOGIN };
        assert_eq!(password(r"/run/a\:b:*:*:*:p", &socket).as_deref(), Some("p"));
    }

    #[test]
    fn a_file_that_others_may_read_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pgpass");
        assert_eq!(find(&file, &LOGIN), Ok(None));
        std::fs::write(&file, "#h:5433:d:u:comment\nother:*:*:*:x\nh:*:d:u:right\n*:*:*:*:later\n").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(find(&file, &LOGIN), Ok(Some("right".into())));
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        assert!(find(&file, &LOGIN).unwrap_err().contains("chmod 600"));
        assert!(find(dir.path(), &LOGIN).unwrap_err().contains("not a plain file"));
    }
}
