//! Connection parameters by libpq's names, as a URL, `key=value` pairs or the environment give them
//! (PostgreSQL manual, libpq, "Connection Strings" and "Parameter Key Words").

use std::collections::BTreeMap;

use crate::fault::nearest;

/// Parameters, name to value.
pub(crate) type Parameters = BTreeMap<String, String>;

/// The use of a connection parameter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Honoured.
    Honoured,
    /// Nothing of what a run does depends on it.
    Ignored,
    /// Refused: it cannot be honoured, and to pass over it would not be what its user wants.
    Refused,
}

use Use::{Honoured, Ignored, Refused};

/// libpq's parameters with their environment variables. `keepalives_retries` is our driver's name.
const KNOWN: [(&str, &str, Use); 51] = [
    ("service", "PGSERVICE", Honoured),
    ("servicefile", "PGSERVICEFILE", Honoured),
    ("host", "PGHOST", Honoured),
    ("hostaddr", "PGHOSTADDR", Honoured),
    ("port", "PGPORT", Honoured),
    ("dbname", "PGDATABASE", Honoured),
    ("user", "PGUSER", Honoured),
    ("password", "PGPASSWORD", Honoured),
    ("passfile", "PGPASSFILE", Honoured),
    ("channel_binding", "PGCHANNELBINDING", Honoured),
    ("connect_timeout", "PGCONNECT_TIMEOUT", Honoured),
    ("options", "PGOPTIONS", Honoured),
    ("application_name", "PGAPPNAME", Honoured),
    ("keepalives", "", Honoured),
    ("keepalives_idle", "", Honoured),
    ("keepalives_interval", "", Honoured),
    ("keepalives_count", "", Honoured),
    ("keepalives_retries", "", Honoured),
    ("tcp_user_timeout", "", Honoured),
    ("sslmode", "PGSSLMODE", Honoured),
    ("requiressl", "PGREQUIRESSL", Honoured),
    ("sslnegotiation", "PGSSLNEGOTIATION", Honoured),
    ("sslcert", "PGSSLCERT", Honoured),
    ("sslkey", "PGSSLKEY", Honoured),
    ("sslcertmode", "PGSSLCERTMODE", Honoured),
    ("sslrootcert", "PGSSLROOTCERT", Honoured),
    ("target_session_attrs", "PGTARGETSESSIONATTRS", Honoured),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS", Honoured),
    ("fallback_application_name", "", Ignored),
    ("client_encoding", "PGCLIENTENCODING", Ignored),
    ("sslcompression", "PGSSLCOMPRESSION", Ignored),
    ("sslsni", "PGSSLSNI", Ignored),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", Ignored),
    ("gssdelegation", "PGGSSDELEGATION", Ignored),
    ("krbsrvname", "PGKRBSRVNAME", Ignored),
    ("gsslib", "PGGSSLIB", Ignored),
    ("min_protocol_version", "PGMINPROTOCOLVERSION", Ignored),
    ("max_protocol_version", "PGMAXPROTOCOLVERSION", Ignored),
    ("sslkeylogfile", "", Ignored),
    ("gssencmode", "PGGSSENCMODE", Ignored),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", Refused),
    ("require_auth", "PGREQUIREAUTH", Refused),
    ("requirepeer", "PGREQUIREPEER", Refused),
    ("sslcrl", "PGSSLCRL", Refused),
    ("sslcrldir", "PGSSLCRLDIR", Refused),
    ("sslpassword", "", Refused),
    ("replication", "", Refused),
    ("scram_client_key", "", Refused),
    ("scram_server_key", "", Refused),
    ("oauth_issuer", "", Refused),
    ("oauth_client_id", "", Refused),
];

/// Why a text is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Not written as one.
    Form(&'static str),
    /// A parameter that there is not, with a hint. It can be a piece of a password.
    Unknown(String),
}

/// The use of a connection parameter; `None` when there is none of this name.
pub(crate) fn use_of(name: &str) -> Option<Use> {
    KNOWN.iter().find(|known| known.0 == name).map(|known| known.2)
}

/// Reads a URL or `key=value` pairs. An empty value stands for the default, whatever the environment says.
///
/// # Errors
/// When it is neither.
pub(crate) fn parse(text: &str) -> Result<Parameters, Wrong> {
    let url = ["postgres://", "postgresql://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let found = match url {
        Some(rest) => parse_url(rest)?,
        None => parse_pairs(text)?,
    };
    for name in found.keys() {
        known(name)?;
    }
    Ok(found)
}

/// Passes for the name of a parameter.
///
/// # Errors
/// For any other.
pub(crate) fn known(name: &str) -> Result<(), Wrong> {
    match use_of(name) {
        Some(_) => Ok(()),
        None => Err(Wrong::Unknown(format!("`{name}`{}", nearest(name, KNOWN.iter().map(|known| known.0))))),
    }
}

/// The parameters that the environment has.
pub(crate) fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Parameters {
    let named = KNOWN.iter().filter(|(_, name, _)| !name.is_empty());
    let found = named.filter_map(|(key, name, _)| Some(((*key).to_owned(), variable(name)?)));
    found.filter(|(_, value)| !value.is_empty()).collect()
}

/// `[user[:password]@][host[:port],...][/database][?name=value&...]`
fn parse_url(rest: &str) -> Result<Parameters, Wrong> {
    let mut found = Parameters::new();
    // Up to the first @ it is a login, unless a / comes before.
    let at = rest.find(['@', '/']).filter(|at| rest[*at..].starts_with('@'));
    let (login, rest) = at.map_or(("", rest), |at| (&rest[..at], &rest[at + 1..]));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = before.split_once('/').unwrap_or((before, ""));
    if hosts.contains('@') {
        return Err(Wrong::Form("there is a second @ in it"));
    }
    let (names, ports) = split_hosts(hosts)?;
    let parts = [
        ("user", decode(user)?),
        ("password", decode(password)?),
        ("host", names.join(",")),
        ("port", ports.join(",")),
        ("dbname", decode(database)?),
    ];
    // Of what a URL has no place for, something else may tell.
    let is_given = |(_, value): &(&str, String)| value.contains(|c| c != ',');
    found.extend(parts.into_iter().filter(is_given).map(|(name, value)| (name.to_owned(), value)));
    let mut set = |name: &str, value: String| found.insert(name.to_owned(), value);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(Wrong::Form("a parameter after ? has no ="))?;
        match (decode(name)?, decode(value)?) {
            // As JDBC has it, and libpq takes it.
            (name, value) if name == "ssl" && value == "true" => set("sslmode", "require".into()),
            (name, value) => set(&name, value),
        };
    }
    Ok(found)
}

/// Hosts and their ports; an IPv6 address stands in brackets.
fn split_hosts(hosts: &str) -> Result<(Vec<String>, Vec<String>), Wrong> {
    let one = |host: &str| {
        let (name, rest) = match host.strip_prefix('[') {
            Some(inside) => inside.split_once(']').ok_or(Wrong::Form("a [ has no ]"))?,
            None => host.find(':').map_or((host, ""), |colon| host.split_at(colon)),
        };
        let port = match rest.strip_prefix(':') {
            Some(port) => port,
            None if rest.is_empty() => "",
            None => return Err(Wrong::Form("something is between ] and :")),
        };
        let (name, port) = (decode(name)?, decode(port)?);
        // It can be a piece of a password with an unescaped `/` or `?` in it.
        if port.contains(|c: char| !c.is_ascii_digit()) {
            return Err(Wrong::Form("a port is no number (/ in a password is %2F)"));
        }
        Ok((name, port))
    };
    hosts.split(',').map(one).collect::<Result<Vec<_>, _>>().map(|all| all.into_iter().unzip())
}

fn decode(text: &str) -> Result<String, Wrong> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                let (Some(high), Some(low)) = (digit(high), digit(low)) else {
                    return Err(Wrong::Form("a % is not followed by two hexadecimal digits"));
                };
                bytes.push((high * 16 + low) as u8);
                rest = after;
            }
            (b'%', _) => return Err(Wrong::Form("a % is not followed by two hexadecimal digits")),
            (byte, after) => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| Wrong::Form("it is not UTF-8"))?;
    if text.contains('\0') {
        return Err(Wrong::Form("%00 is not allowed"));
    }
    Ok(text)
}

/// `name = value ...`, a value in single quotes where it has spaces, `\` before `'` and `\`.
fn parse_pairs(text: &str) -> Result<Parameters, Wrong> {
    let mut found = Parameters::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or(Wrong::Form("a name has no = after it"))?;
        let name = name.trim();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(Wrong::Form("a name has no = after it"));
        }
        let after = after.trim_start();
        let quoted = after.starts_with('\'');
        let mut chars = after.char_indices().skip(usize::from(quoted));
        let mut value = String::new();
        let mut end = after.len();
        let mut closed = !quoted;
        while let Some((at, char)) = chars.next() {
            match char {
                '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
                '\'' if quoted => {
                    (closed, end) = (true, at + 1);
                    break;
                }
                space if !quoted && is_blank(space) => {
                    end = at;
                    break;
                }
                other => value.push(other),
            }
        }
        if !closed {
            return Err(Wrong::Form("a quote is not closed"));
        }
        found.insert(name.to_owned(), value);
        rest = after[end..].trim_start();
    }
    Ok(found)
}

/// A space by C's isspace.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(input: &str) -> String {
        let found = parse(input).unwrap();
        found.iter().map(|(name, value)| format!("{name}={value};")).collect()
    }

    /// The examples of the PostgreSQL manual, and what they mean there.
    #[test]
    fn urls_of_the_manual() {
        for (url, meant) in [
            ("postgresql://", ""),
            ("postgresql://localhost", "host=localhost;"),
            ("postgresql://localhost:5433", "host=localhost;port=5433;"),
            ("postgresql://localhost/mydb", "dbname=mydb;host=localhost;"),
            ("postgresql://user@localhost", "host=localhost;user=user;"),
            ("postgresql://user:secret@localhost", "host=localhost;password=secret;user=user;"),
            (
                "postgresql://other@localhost/otherdb?connect_timeout=10&application_name=myapp",
                "application_name=myapp;connect_timeout=10;dbname=otherdb;host=localhost;user=other;",
            ),
            (
                "postgresql://host1:123,host2:456/somedb?application_name=myapp",
                "application_name=myapp;dbname=somedb;host=host1,host2;port=123,456;",
            ),
            ("postgresql:///mydb?host=localhost&port=5433", "dbname=mydb;host=localhost;port=5433;"),
            ("postgresql://[2001:db8::1234]/database", "dbname=database;host=2001:db8::1234;"),
            ("postgresql://%2Fvar%2Flib%2Fpostgresql/dbname", "dbname=dbname;host=/var/lib/postgresql;"),
            (
                "postgresql://user@localhost:5433/mydb?options=-c%20synchronous_commit%3Doff",
                "dbname=mydb;host=localhost;options=-c synchronous_commit=off;port=5433;user=user;",
            ),
            ("postgres://[::1]:5433/", "host=::1;port=5433;"),
            ("postgres://h/d?ssl=true", "dbname=d;host=h;sslmode=require;"),
            ("postgres://u:p?w@h/d", "dbname=d;host=h;password=p?w;user=u;"),
            ("postgres://@,:5433/?host=&user=a", "host=;port=,5433;user=a;"),
        ] {
            assert_eq!(text(url), meant, "{url}");
        }
    }

    #[test]
    fn pairs_with_quotes_and_escapes() {
        assert_eq!(
            text("host=localhost port=5432 dbname = mydb connect_timeout=10"),
            "connect_timeout=10;dbname=mydb;host=localhost;port=5432;"
        );
        assert_eq!(text(r"user='a b' password='it\'s \\' host="), r"host=;password=it's \;user=a b;");
        assert_eq!(text("password=a\u{a0}b\tuser=u"), "password=a\u{a0}b;user=u;");
        assert_eq!(text(r"password=a\ b user=u"), "password=a b;user=u;");
        for wrong in ["host", "host=h user", "user='a", "=x"] {
            assert!(matches!(parse(wrong), Err(Wrong::Form(_))), "{wrong}");
        }
        assert_eq!(parse("hst=h"), Err(Wrong::Unknown("`hst`; did you mean `host`?".into())));
        for wrong in [
            "postgres://u:p%2@h/",
            "postgres://u:a@b@h/",
            "postgres://[::1/",
            "postgres://h/?x",
            "postgres://u:p/w@h/d",
        ] {
            assert!(matches!(parse(wrong), Err(Wrong::Form(_))), "{wrong}");
        }
    }

    #[test]
    fn the_environment_has_names_of_its_own() {
        let found = from_environment(|name| match name {
            "PGHOST" => Some("h".into()),
            "PGSSLMODE" => Some(String::new()),
            "PGDATABASE" => Some("d".into()),
            _ => None,
        });
        assert_eq!(found, [("host".into(), "h".into()), ("dbname".into(), "d".into())].into());
    }
}
