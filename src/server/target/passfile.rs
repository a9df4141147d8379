//! The password file (PostgreSQL manual, libpq, "The Password File").

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The connection that a password is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Login<'a> {
    /// The names by which a line may call the host: as it was given, or `localhost` for a default socket.
    pub hosts: &'a [String],
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
pub(crate) fn find(file: &Path, login: &Login<'_>) -> Result<Option<Vec<u8>>, String> {
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
    let mut lines = text.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"#"));
    // The first line that fits counts, also one that says: no password.
    Ok(lines.find_map(|line| password(line, login)).filter(|password| !password.is_empty()))
}

/// The password of a line `host:port:database:user:password` that fits (src/interfaces/libpq/fe-connect.c,
/// passwordFromFile).
fn password(line: &[u8], login: &Login<'_>) -> Option<Vec<u8>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut rest = login.hosts.iter().find_map(|host| behind(line, host))?;
    for field in [&login.port.to_string(), login.database, login.user] {
        rest = behind(rest, field)?;
    }
    let mut password = Vec::new();
    let mut bytes = rest.iter();
    // What stands behind a further colon is for fields to come.
    while let Some(byte) = bytes.next().filter(|byte| **byte != b':') {
        match byte {
            b'\\' => password.push(*bytes.next().unwrap_or(byte)),
            other => password.push(*other),
        }
    }
    Some(password)
}

/// The rest of a line behind a first field that is `*` or fits; a colon of `wanted` may, but need not, have
/// a backslash before it.
fn behind<'l>(line: &'l [u8], wanted: &str) -> Option<&'l [u8]> {
    if let Some(rest) = line.strip_prefix(b"*:") {
        return Some(rest);
    }
    let mut rest = line;
    for byte in wanted.bytes() {
        rest = rest.strip_prefix(b"\\").unwrap_or(rest).strip_prefix(&[byte])?;
    }
    rest.strip_prefix(b":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    fn login(hosts: &[String]) -> Login<'_> {
        Login { hosts, port: 5433, database: "d", user: "u" }
    }

    /// As psql 15 reads them.
    #[test]
    fn a_line_that_fits_has_the_password() {
        for (host, line, found) in [
            ("h", "h:5433:d:u:p", Some("p")),
            ("h", "*:*:*:*:p\r", Some("p")),
            ("h", r"h:5433:d:u:a\:b\\c\", Some(r"a:b\c\")),
            ("h", "h:5433:d:u:a:b", Some("a")),
            ("h", r"\*:5433:d:u:p", None),
            ("h", "h:5432:d:u:p", None),
            ("h", " h:5433:d:u:p", None),
            ("h", "h:5433:d:u:", Some("")),
            ("h", "h:5433:d", None),
            ("/run/a:b", r"/run/a\:b:*:*:*:p", Some("p")),
            ("::1", r"\:\:1:*:*:*:p", Some("p")),
            ("::1", "::1:*:*:*:p", Some("p")),
            ("::1", "::12:*:*:*:p", None),
        ] {
            let found = found.map(|found| found.as_bytes().to_vec());
            assert_eq!(password(line.as_bytes(), &login(&[host.to_owned()])), found, "{line}");
        }
        let either = ["localhost".to_owned(), "/tmp".to_owned()];
        for line in ["localhost:*:*:*:p", "/tmp:*:*:*:p"] {
            assert_eq!(password(line.as_bytes(), &login(&either)), Some(b"p".to_vec()));
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_not_used() {
        let (dir, host) = (tempfile::tempdir().unwrap(), ["h".to_owned()]);
        let file = dir.path().join("pgpass");
        assert_eq!(find(&file, &login(&host)), Ok(None));
        std::fs::write(&file, "#h:5433:d:u:comment\nother:*:*:*:x\nh:*:d:u:right\n*:*:*:*:later\n").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(find(&file, &login(&host)), Ok(Some("right".into())));
        std::fs::write(&file, b"other:*:*:*:x\nh:*:d:u:\xe9\n").unwrap();
        assert_eq!(find(&file, &login(&host)), Ok(Some(b"\xe9".to_vec())), "whatever its encoding");
        std::fs::write(&file, "h:*:d:u:\n*:*:*:*:later\n").unwrap();
        assert_eq!(find(&file, &login(&host)), Ok(None), "the first line that fits counts");
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        assert!(find(&file, &login(&host)).unwrap_err().contains("chmod 600"));
        assert!(find(dir.path(), &login(&host)).unwrap_err().contains("not a plain file"));
    }
}
