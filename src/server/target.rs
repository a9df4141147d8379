//! Where a server of the user's is: a connection URL or `key=value` pairs.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use tokio_postgres::config::Host;

use super::connector::Connector;
use super::tls::{Tls, Verify};
use crate::errors::chain;
use crate::interrupt::Interrupt;
use crate::usage;

/// How long to wait for a host that does not answer, unless the URL says otherwise.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How to reach a server. Shown without its password.
#[derive(Clone)]
pub struct Target {
    config: tokio_postgres::Config,
    verify: Verify,
}

impl Target {
    /// How to connect there; every connection ends its statement when `interrupt` says so.
    ///
    /// # Errors
    /// When the certificates to trust cannot be read.
    pub fn connector(&self, interrupt: Interrupt) -> Result<Connector> {
        let config = self.config.clone();
        // As with libpq, a Unix socket knows no TLS, whatever sslmode says.
        if config.get_hosts().iter().any(|host| matches!(host, Host::Unix(_))) {
            return Ok(Connector::new(config, interrupt));
        }
        Ok(Connector::with_tls(config, Tls::new(self.verify)?, interrupt))
    }

    /// The database's name, as messages have it.
    pub fn database(&self) -> &str {
        self.config.get_dbname().or(self.config.get_user()).unwrap_or("?")
    }

    /// The user's name, as messages have it.
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or("?")
    }

    /// What the bytes go over, as records have it.
    pub fn transport(&self) -> String {
        let here = |name: &str| name == "localhost" || name == "::1" || name.starts_with("127.");
        match self.config.get_hosts() {
            [Host::Unix(_), ..] => "unix socket".into(),
            [Host::Tcp(name), ..] if here(name) => "tcp 127.0.0.1".into(),
            _ => "tcp, another host".into(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.config.get_ports();
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(i, host)| {
                let port = ports.get(i).or(ports.first()).copied().unwrap_or(5432);
                match host {
                    Host::Tcp(name) => format!("{name}:{port}"),
                    Host::Unix(path) => format!("{}:{port}", path.display()),
                }
            })
            .collect();
        write!(f, "{}@{}/{}", self.user(), hosts.join(","), self.database())
    }
}

/// Whether a text is meant to be a connection URL or `key=value` pairs.
pub fn looks_like_target(text: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) || text.contains('=')
}

/// Reads a connection URL or `key=value` pairs. Without a password in it, `$PGPASSWORD` is used.
///
/// # Errors
/// [`crate::fault::Fault::Usage`]; the text itself is not repeated, as it may hold a password.
pub fn parse(text: &str) -> Result<Target> {
    let wrong = |said: String| {
        usage!(
            "--server: this is not a connection URL{said}; write postgres://user@host:5432/database, special characters percent-encoded (@ is %40), the password in PGPASSWORD"
        )
    };
    // The driver knows no more than `require`.
    let (text, verify) = match text.split_once("sslmode=verify-full") {
        Some((before, after)) => (format!("{before}sslmode=require{after}"), Verify::Full),
        None => (text.to_owned(), Verify::Nobody),
    };
    let mut config: tokio_postgres::Config = text.parse().map_err(|error: tokio_postgres::Error| {
        // The driver names the key it does not know, which can be a piece of a password with an
        // unescaped `@` or `?` in it.
        let said = match text.contains("password") || text.contains('@') {
            true => String::new(),
            false => format!(" ({})", chain(&error)),
        };
        wrong(said)
    })?;
    // The rest of a password with an unescaped `@` in it is taken for a host.
    if config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(name) if name.contains('@'))) {
        return Err(wrong(String::new()));
    }
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(usage!("--server: the URL names no host; write postgres://user@host:5432/database"));
    }
    if config.get_password().is_none()
        && let Some(password) = std::env::var_os("PGPASSWORD")
    {
        config.password(password.as_encoded_bytes());
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_LIMIT);
    }
    // A host that goes away in the middle of a long statement is noticed within a minute, so that
    // the wait for its answer ends.
    config.keepalives_idle(Duration::from_secs(20));
    config.keepalives_interval(Duration::from_secs(10));
    config.keepalives_retries(3);
    config.tcp_user_timeout(Duration::from_secs(45));
    config.application_name("bulkbench");
    Ok(Target { config, verify })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_url_is_not_repeated() {
        for url in ["postgres://u:hush@h:port/d", "postgres://u:hu@sh@h/d", "password=hush hst=h"] {
            let error = match parse(url) {
                Ok(target) => panic!("{url} was read as {target}"),
                Err(error) => format!("{error:#}"),
            };
            assert!(error.contains("PGPASSWORD") && !error.contains("hu"), "{error}");
        }
        let error = parse("hst=h user=u").map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("hst"), "{error}");
        assert!(parse("user=u").is_err(), "no host");
    }

    #[test]
    fn transports_are_told_apart() {
        let of = |url: &str| parse(url).unwrap().transport();
        assert_eq!(of("postgres://u@%2Fvar%2Frun%2Fpostgresql/d"), "unix socket");
        assert_eq!(of("postgres://u@127.0.0.1/d"), "tcp 127.0.0.1");
        assert_eq!(of("postgres://u@db.example.org/d"), "tcp, another host");
    }
}
