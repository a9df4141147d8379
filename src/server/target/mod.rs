//! The address of a user's server, and the credentials: from a URL or `key=value` pairs, and for all else
//! from where libpq would take it: a service, `PG*` variables, the password file, its defaults.

mod parameters;
mod passfile;
mod service;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Result;
use tokio_postgres::config::{ChannelBinding, Host, LoadBalanceHosts, TargetSessionAttrs};

use super::Settings;
use super::connector::Connector;
use super::tls::{self, Negotiation, Roots, Tls, TlsMode};
use crate::interrupt::Interrupt;
use crate::{session, usage};
use parameters::{Parameters, Use, Wrong};
use passfile::Login;

/// Directories in which packages of PostgreSQL have their server's socket.
const SOCKET_DIRS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

/// Advice on writing a URL, for messages.
const FORM: &str = "write postgres://user@host:5432/database, special characters percent-encoded (@ is %40), the password in PGPASSWORD";

/// The address of a server and the way in. Shown without its password.
#[derive(Clone)]
pub struct Target {
    config: tokio_postgres::Config,
    tls: tls::TlsParameters,
    warnings: Vec<String>,
}

/// The sources of a target besides its text: variables, home, user.
struct Environment<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    home: Option<PathBuf>,
    user: Option<String>,
}

impl Target {
    /// The connector to it; every connection ends its statement when `interrupt` says so.
    ///
    /// # Errors
    /// When the certificates to trust or to show cannot be read.
    pub fn connector(&self, interrupt: Interrupt) -> Result<Connector> {
        // As with libpq, a Unix socket knows no TLS, whatever sslmode says.
        let plain = self.tls.mode == TlsMode::Disable
            || self.config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
                && self.config.get_hostaddrs().is_empty();
        match plain {
            true => Ok(Connector::new(self.config.clone(), interrupt)),
            false => Ok(Connector::with_tls(self.config.clone(), Tls::new(self.tls.clone())?, interrupt)),
        }
    }

    /// The settings that its `options` make in every session.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when they hold something else than settings.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let options = self.config.get_options().unwrap_or_default();
        let settings = session::of_options(options, "--server: options (or PGOPTIONS)")?;
        // Of a setting that is given twice the last one counts.
        Ok(settings.into_iter().collect())
    }

    /// Warnings about how it was read: a password file that is not used.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The database's name.
    pub(crate) fn database(&self) -> &str {
        self.config.get_dbname().or(self.config.get_user()).unwrap_or("?")
    }

    /// The user's name.
    pub(crate) fn user(&self) -> &str {
        self.config.get_user().unwrap_or("?")
    }

    /// The transport of its bytes, as records have it.
    pub(crate) fn transport(&self) -> String {
        let here = |name: &str| name == "localhost" || name == "::1" || name.starts_with("127.");
        match (self.config.get_hosts(), self.config.get_hostaddrs()) {
            ([Host::Unix(_), ..], _) => "unix socket".into(),
            (_, [ip, ..]) if ip.is_loopback() => "tcp 127.0.0.1".into(),
            ([Host::Tcp(name), ..], []) if here(name) => "tcp 127.0.0.1".into(),
            _ => "tcp, another host".into(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.config.get_ports();
        let port = |i: usize| ports.get(i).or(ports.first()).copied().unwrap_or(5432);
        let named = self.config.get_hosts().iter().enumerate().map(|(i, host)| match host {
            Host::Tcp(name) => format!("{name}:{}", port(i)),
            Host::Unix(path) => format!("{}:{}", path.display(), port(i)),
        });
        let mut hosts: Vec<String> = named.collect();
        if hosts.is_empty() {
            let addresses = self.config.get_hostaddrs().iter().enumerate();
            hosts.extend(addresses.map(|(i, ip)| format!("{ip}:{}", port(i))));
        }
        write!(f, "{}@{}/{}", self.user(), hosts.join(","), self.database())
    }
}

/// Whether a text is meant to be a connection URL or `key=value` pairs.
pub(crate) fn looks_like_target(text: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) || text.contains('=')
}

/// Reads a connection URL or `key=value` pairs. What is not in it comes from where libpq takes it.
///
/// # Errors
/// [`crate::fault::Fault::Usage`]; the text itself is not repeated, as it may hold a password.
pub fn parse(text: &str) -> Result<Target> {
    read(
        text,
        &Environment {
            variable: &|name| std::env::var(name).ok(),
            home: std::env::home_dir(),
            user: whoami::username().ok(),
        },
    )
}

fn read(text: &str, around: &Environment<'_>) -> Result<Target> {
    let given = parameters::parse(text).map_err(|wrong| {
        let said = match wrong {
            Wrong::Form(why) => format!(": {why}"),
            // It can be a piece of a password with an unescaped `&` or space in it.
            Wrong::Unknown(_) if text.contains("password") || text.contains('@') => {
                ": it has a parameter that there is not".into()
            }
            Wrong::Unknown(said) => format!(": there is no parameter {said}"),
        };
        usage!("--server: this is not a connection URL{said}; {FORM}")
    })?;
    let all = fill(given, around)?;
    target(&all, around)
}

/// Adds what a service and the environment say; what is given comes first.
fn fill(mut all: Parameters, around: &Environment<'_>) -> Result<Parameters> {
    let environment = parameters::from_environment(around.variable);
    let either = |all: &Parameters, name: &str| {
        all.get(name).or(environment.get(name)).filter(|value| !value.is_empty()).cloned()
    };
    if let Some(name) = either(&all, "service") {
        let files = service::files(
            either(&all, "servicefile").as_deref(),
            around.home.as_deref(),
            (around.variable)("PGSYSCONFDIR"),
        );
        for (name, value) in service::find(&name, &files)? {
            all.entry(name).or_insert(value);
        }
    }
    for (name, value) in environment {
        all.entry(name).or_insert(value);
    }
    let refused =
        |name: &str, value: &str| !value.is_empty() && parameters::use_of(name) == Some(Use::Refused);
    if let Some((name, _)) = all.iter().find(|(name, value)| refused(name, value)) {
        return Err(usage!("--server: `{name}` cannot be honoured here; leave it out"));
    }
    if all.get("gssencmode").is_some_and(|mode| mode == "require") {
        return Err(usage!("--server: gssencmode=require cannot be honoured here; use TLS: sslmode=require"));
    }
    Ok(all)
}

fn target(all: &Parameters, around: &Environment<'_>) -> Result<Target> {
    let text = |name: &str| all.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let mut config = tokio_postgres::Config::new();
    let user = text("user").or(around.user.as_deref()).ok_or_else(|| {
        usage!("--server: the URL names no user, and the system's has no name; write postgres://user@host/database")
    })?;
    let database = text("dbname").unwrap_or(user);
    config.user(user).dbname(database);
    let ports = ports(text("port").unwrap_or_default())?;
    let hosts = set_hosts(&mut config, text("host"), text("hostaddr"), &ports)?;
    for port in &ports {
        config.port(*port);
    }

    let mut warnings = Vec::new();
    match text("password") {
        Some(password) => {
            config.password(password);
        }
        None => {
            let named = text("passfile").map(PathBuf::from);
            let file = named.or(around.home.as_ref().map(|home| home.join(".pgpass")));
            let port = |i: usize| ports.get(i).or(ports.first()).copied().unwrap_or(5432);
            let login = |i, hosts| Login { hosts, port: port(i), database, user };
            let find = |login| file.as_deref().map_or(Ok(None), |file| passfile::find(file, &login));
            let found: Result<Vec<_>, _> =
                hosts.iter().enumerate().map(|(i, hosts)| find(login(i, hosts))).collect();
            match found {
                // The driver has one password, and none may get to a host that it is not for.
                Ok(found) if found.windows(2).any(|two| two[0] != two[1]) => {
                    return Err(usage!(
                        "--server: the password file has not the same password for all hosts; name one host, or give a password for all in PGPASSWORD"
                    ));
                }
                Ok(found) => {
                    found.into_iter().flatten().take(1).for_each(|password| {
                        config.password(password);
                    });
                }
                Err(why) => warnings.push(why),
            }
        }
    }
    if let Some(options) = text("options") {
        config.options(options);
    }
    config.application_name(text("application_name").unwrap_or("bulkbench"));
    set_waits(&mut config, all)?;
    config.channel_binding(choice(
        all,
        "channel_binding",
        ChannelBinding::Prefer,
        &[
            ("disable", ChannelBinding::Disable),
            ("prefer", ChannelBinding::Prefer),
            ("require", ChannelBinding::Require),
        ],
    )?);
    config.load_balance_hosts(choice(
        all,
        "load_balance_hosts",
        LoadBalanceHosts::Disable,
        &[("disable", LoadBalanceHosts::Disable), ("random", LoadBalanceHosts::Random)],
    )?);
    config.target_session_attrs(choice(
        all,
        "target_session_attrs",
        TargetSessionAttrs::Any,
        &[
            ("any", TargetSessionAttrs::Any),
            ("read-write", TargetSessionAttrs::ReadWrite),
            // A run writes.
            ("primary", TargetSessionAttrs::ReadWrite),
        ],
    )?);
    Ok(Target { config, tls: tls_parameters(all, around.home.as_deref())?, warnings })
}

/// Sets the hosts, and gives the names that a password file may have for each.
fn set_hosts(
    config: &mut tokio_postgres::Config,
    host: Option<&str>,
    hostaddr: Option<&str>,
    ports: &[u16],
) -> Result<Vec<Vec<String>>> {
    let list = |text: Option<&str>| -> Vec<String> {
        text.map(|text| text.split(',').map(|one| one.trim().to_owned()).collect()).unwrap_or_default()
    };
    let (mut hosts, addresses) = (list(host), list(hostaddr));
    if hosts.is_empty() && addresses.is_empty() {
        hosts.push(String::new());
    }
    for address in &addresses {
        let ip = address.parse().map_err(|_| {
            usage!("--server: hostaddr `{address}` is no IP address; a name goes into `host`")
        })?;
        config.hostaddr(ip);
    }
    let mut named = Vec::new();
    for (i, host) in hosts.iter().enumerate() {
        match host.as_str() {
            "" if addresses.is_empty() => {
                config.host_path(default_socket_dir(ports.get(i).or(ports.first()).copied().unwrap_or(5432)));
                // So the password file calls it.
                named.push(vec!["localhost".to_owned()]);
            }
            "" => {
                config.host(&addresses[i.min(addresses.len() - 1)]);
                named.push(vec![addresses[i.min(addresses.len() - 1)].clone()]);
            }
            // The second names an abstract socket, which the driver does not know.
            path if path.starts_with('/') => {
                config.host_path(path);
                // Which of these is libpq's default was decided when that was built.
                let usual = SOCKET_DIRS.contains(&path).then(|| "localhost".to_owned());
                named.push(usual.into_iter().chain([path.to_owned()]).collect());
            }
            name if name.contains('@') => {
                return Err(usage!("--server: this is not a connection URL: a host has an @ in it; {FORM}"));
            }
            name => {
                config.host(name);
                named.push(vec![name.to_owned()]);
            }
        }
    }
    if hosts.is_empty() {
        named = addresses.into_iter().map(|address| vec![address]).collect();
    }
    Ok(named)
}

/// The directory with the socket of a server on this machine.
fn default_socket_dir(port: u16) -> &'static Path {
    let name = format!(".s.PGSQL.{port}");
    let there = SOCKET_DIRS.iter().find(|dir| Path::new(dir).join(&name).exists());
    Path::new(there.unwrap_or(&SOCKET_DIRS[0]))
}

fn ports(text: &str) -> Result<Vec<u16>> {
    let port = |text: &str| match text.trim() {
        "" => Ok(5432),
        number => number.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(|| {
            usage!("--server: port {number} is none; ports are 1 to 65535, and PostgreSQL's is mostly 5432")
        }),
    };
    if text.is_empty() { Ok(Vec::new()) } else { text.split(',').map(port).collect() }
}

/// The value of a parameter that has a few.
fn choice<T: Copy>(all: &Parameters, name: &str, default: T, values: &[(&str, T)]) -> Result<T> {
    let Some(text) = all.get(name).filter(|text| !text.is_empty()) else { return Ok(default) };
    values.iter().find(|(value, _)| value == text).map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = values.iter().map(|(value, _)| *value).collect();
        usage!("--server: {name}={text} is not possible here; it can be {}", known.join(", "))
    })
}

fn number<T: FromStr>(all: &Parameters, name: &str) -> Result<Option<T>> {
    let Some(text) = all.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.trim().parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(usage!("--server: {name}={text} is no whole number")),
    }
}

/// Sets how long to wait for a host that does not answer.
fn set_waits(config: &mut tokio_postgres::Config, all: &Parameters) -> Result<()> {
    // None and less stand for no limit in libpq; here every wait has one. Its least is two seconds.
    if let Some(limit) = number::<i64>(all, "connect_timeout")?.filter(|limit| *limit > 0) {
        config.connect_timeout(Duration::from_secs(limit.max(2) as u64));
    }
    // A host that goes away in the middle of a long statement is noticed within a minute, so that
    // the wait for its answer ends.
    let seconds = |name: &str, default: u64| -> Result<Duration> {
        let given = number::<u64>(all, name)?.filter(|number| *number > 0);
        Ok(Duration::from_secs(given.unwrap_or(default)))
    };
    config.keepalives(number::<i64>(all, "keepalives")? != Some(0));
    config.keepalives_idle(seconds("keepalives_idle", 20)?);
    config.keepalives_interval(seconds("keepalives_interval", 10)?);
    let count = number::<u32>(all, "keepalives_count")?.or(number(all, "keepalives_retries")?);
    config.keepalives_retries(count.filter(|count| *count > 0).unwrap_or(3));
    let milliseconds = number::<u64>(all, "tcp_user_timeout")?.filter(|limit| *limit > 0);
    config.tcp_user_timeout(milliseconds.map_or(Duration::from_secs(45), Duration::from_millis));
    Ok(())
}

fn tls_parameters(all: &Parameters, home: Option<&Path>) -> Result<tls::TlsParameters> {
    let text = |name: &str| all.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let beside =
        |name: &str| home.map(|home| home.join(".postgresql").join(name)).filter(|file| file.exists());
    let asked = match (text("sslmode"), text("requiressl")) {
        (Some(mode), _) => Some(mode.parse::<TlsMode>().map_err(|error| usage!("--server: {error}"))?),
        (None, Some("1")) => Some(TlsMode::Require),
        (None, _) => None,
    };
    let (mode, roots) = match text("sslrootcert") {
        Some("system") => match asked {
            None | Some(TlsMode::VerifyFull) => (TlsMode::VerifyFull, Roots::System),
            Some(weaker) => {
                return Err(usage!(
                    "--server: sslmode={weaker} cannot be with sslrootcert=system, as anybody can get a certificate of those authorities; use sslmode=verify-full"
                ));
            }
        },
        given => {
            let file = given.map(PathBuf::from).or_else(|| beside("root.crt"));
            let there = file.as_ref().is_some_and(|file| file.exists());
            let mode = match asked.unwrap_or_default() {
                // libpq's rule, for the sake of old versions.
                TlsMode::Require if there => TlsMode::VerifyCa,
                other => other,
            };
            (mode, file.map_or(Roots::System, Roots::File))
        }
    };
    let certificate = text("sslcert").map(PathBuf::from).or_else(|| beside("postgresql.crt"));
    let key = text("sslkey").map(PathBuf::from).or_else(|| beside("postgresql.key"));
    let client = match (certificate, key) {
        _ if text("sslcertmode") == Some("disable") => None,
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (Some(certificate), None) => {
            return Err(usage!("--server: sslcert={} has no key; name it by sslkey", certificate.display()));
        }
        (None, _) => None,
    };
    let negotiation = choice(
        all,
        "sslnegotiation",
        Negotiation::Postgres,
        &[("postgres", Negotiation::Postgres), ("direct", Negotiation::Direct)],
    )?;
    if negotiation == Negotiation::Direct
        && matches!(mode, TlsMode::Disable | TlsMode::Allow | TlsMode::Prefer)
    {
        return Err(usage!(
            "--server: sslmode={mode} cannot be with sslnegotiation=direct; use sslmode=require or more"
        ));
    }
    Ok(tls::TlsParameters { mode, negotiation, roots, client })
}

#[cfg(test)]
mod tests;
