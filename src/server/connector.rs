//! Connections whose statements end when work has to stop.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio_postgres::NoTls;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::{DbError, SqlState};

use super::tls::{Tls, Verify};
use crate::errors::chain;
use crate::interrupt::{Interrupt, OnStop};
use crate::pg_error::{io_error, words};
use crate::unavailable;

/// How long to wait for a server that says it is starting up or recovering from a crash.
const RECOVERY_LIMIT: Duration = Duration::from_secs(120);
const RETRY_EVERY: Duration = Duration::from_millis(50);

/// How to connect to a server. Each connection it makes is cancelled by its [`Interrupt`].
#[derive(Clone)]
pub struct Connector {
    config: tokio_postgres::Config,
    tls: Option<Tls>,
    interrupt: Interrupt,
    behind: Option<Arc<Behind>>,
}

/// The server behind a proxy that a connector goes through, for errors to name it.
pub(in crate::server) struct Behind {
    address: String,
    /// The kind and the words of the last failure since the server was reached.
    failure: Mutex<Option<(ErrorKind, String)>>,
}

impl Behind {
    /// Tells why the proxy could not reach the server: the client only sees that its connection closes.
    pub(in crate::server) fn failed(&self, error: &io::Error) {
        *self.lock() = Some((error.kind(), error.to_string()));
    }

    /// Tells that the proxy has reached the server: what was before does not matter any more.
    pub(in crate::server) fn reached(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<(ErrorKind, String)>> {
        self.failure.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// A blocking connection.
pub struct Session {
    client: postgres::Client,
    _cancel: OnStop,
}

/// An asynchronous connection, driven by the runtime it was made on.
pub struct AsyncSession {
    client: tokio_postgres::Client,
    _cancel: OnStop,
}

impl Connector {
    /// Connects by `config`; every connection ends its statement when `interrupt` says so.
    ///
    /// Without TLS, as throwaway servers on this machine are reached.
    pub fn new(mut config: tokio_postgres::Config, interrupt: Interrupt) -> Self {
        config.ssl_mode(SslMode::Disable);
        Self { config, tls: None, interrupt, behind: None }
    }

    /// As [`Connector::new`], with TLS where `config` asks for it.
    pub fn with_tls(config: tokio_postgres::Config, tls: Tls, interrupt: Interrupt) -> Self {
        Self { config, tls: Some(tls), interrupt, behind: None }
    }

    /// As this, with settings that each connection makes its own, beside those of the configuration.
    pub fn with_settings<'s>(&self, settings: impl IntoIterator<Item = (&'s String, &'s String)>) -> Self {
        let mut options: Vec<String> = self.config.get_options().map(str::to_owned).into_iter().collect();
        options.extend(settings.into_iter().map(|(name, value)| format!("-c {name}={}", escape(value))));
        let mut config = self.config.clone();
        if !options.is_empty() {
            config.options(options.join(" "));
        }
        Self { config, ..self.clone() }
    }

    /// As this, but stopped by another interrupt: for what has to be done although a run was stopped.
    pub fn with_interrupt(&self, interrupt: Interrupt) -> Self {
        Self { interrupt, ..self.clone() }
    }

    /// What ends this connector's statements.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// The parameters it connects by. They may hold a password: never print them.
    pub fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    /// What libpq calls its `sslmode`: `disable`, `prefer`, `require` or `verify-full`.
    pub fn ssl_mode(&self) -> &'static str {
        let verify = self.tls.as_ref().map(Tls::verify);
        match (self.config.get_ssl_mode(), verify) {
            (SslMode::Disable, _) | (_, None) => "disable",
            (SslMode::Prefer, Some(Verify::Nobody)) => "prefer",
            (_, Some(Verify::Nobody)) => "require",
            (_, Some(Verify::Full)) => "verify-full",
        }
    }

    /// The same server, as the same user and with all else the same, through a proxy that has one
    /// address for each of the server's hosts. TLS still asks each host for its own name.
    pub(in crate::server) fn through(&self, proxy: &[SocketAddr]) -> Self {
        let mut config = without_hosts(&self.config);
        for (i, address) in proxy.iter().enumerate() {
            match self.config.get_hosts().get(i) {
                Some(Host::Tcp(name)) => {
                    config.host(name);
                }
                // A place in the list, as there has to be a host for each address or none at all.
                Some(Host::Unix(_)) => {
                    config.host(address.ip().to_string());
                }
                None => {}
            }
            config.hostaddr(address.ip()).port(address.port());
        }
        let behind = Behind { address: self.address(), failure: Mutex::default() };
        Self {
            config,
            tls: self.tls.clone(),
            interrupt: self.interrupt.clone(),
            behind: Some(Arc::new(behind)),
        }
    }

    /// What is behind the proxy, for a connector that goes through one.
    pub(in crate::server) fn behind(&self) -> Option<Arc<Behind>> {
        self.behind.clone()
    }

    /// Where the server is, as messages have it.
    fn address(&self) -> String {
        self.behind.as_ref().map_or_else(|| address(&self.config), |behind| behind.address.clone())
    }

    /// A blocking connection.
    ///
    /// # Errors
    /// When work has to stop, or [`crate::fault::Fault::Unavailable`] when the server refuses or
    /// is not there, with the next step.
    pub fn connect(&self) -> Result<Session> {
        self.connect_by(postgres::Config::from(self.config.clone()))
    }

    /// As [`Connector::connect`], with what the server says beside its results (NOTICE, WARNING)
    /// told to `hear`, from the calling thread.
    ///
    /// # Errors
    /// As [`Connector::connect`].
    pub fn connect_hearing(&self, hear: impl Fn(DbError) + Send + Sync + 'static) -> Result<Session> {
        let mut config = postgres::Config::from(self.config.clone());
        config.notice_callback(hear);
        self.connect_by(config)
    }

    fn connect_by(&self, config: postgres::Config) -> Result<Session> {
        let end = Instant::now() + RECOVERY_LIMIT;
        let client = loop {
            self.interrupt.check()?;
            let connected = match &self.tls {
                Some(tls) => config.connect(tls.clone()),
                None => config.connect(NoTls),
            };
            match connected {
                Ok(client) => break client,
                Err(error) if is_recovering(&error) && Instant::now() < end => {
                    self.interrupt.sleep(RETRY_EVERY)?;
                }
                Err(error) => return Err(self.explain(error)),
            }
        };
        let (token, tls) = (client.cancel_token(), self.tls.clone());
        let cancel = self.interrupt.on_stop(move || {
            // The server may be gone already; then there is nothing to cancel.
            let _ = match &tls {
                Some(tls) => token.cancel_query(tls.clone()),
                None => token.cancel_query(NoTls),
            };
        });
        Ok(Session { client, _cancel: cancel })
    }

    /// A connection on the current tokio runtime.
    ///
    /// # Errors
    /// As [`Connector::connect`].
    pub async fn connect_async(&self) -> Result<AsyncSession> {
        let end = Instant::now() + RECOVERY_LIMIT;
        let client = loop {
            self.interrupt.check()?;
            // Each connection is driven by a task of its own; the two kinds differ in type.
            let connected = match &self.tls {
                Some(tls) => self.config.connect(tls.clone()).await.map(|(client, connection)| {
                    tokio::spawn(connection);
                    client
                }),
                None => self.config.connect(NoTls).await.map(|(client, connection)| {
                    tokio::spawn(connection);
                    client
                }),
            };
            match connected {
                Ok(client) => break client,
                Err(error) if is_recovering(&error) && Instant::now() < end => {
                    tokio::time::sleep(RETRY_EVERY).await;
                }
                Err(error) => return Err(self.explain(error)),
            }
        };
        let (token, tls) = (client.cancel_token(), self.tls.clone());
        let cancel = self.interrupt.on_stop(move || {
            let (token, tls) = (token.clone(), tls.clone());
            // On a thread of its own, as this may be called on a runtime's, which must not block.
            // The server may be gone already; then there is nothing to cancel.
            let _ = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
                match tls {
                    Some(tls) => runtime.block_on(token.cancel_query(tls)).ok(),
                    None => runtime.block_on(token.cancel_query(NoTls)).ok(),
                }
            })
            .join();
        });
        Ok(AsyncSession { client, _cancel: cancel })
    }

    /// Why there is no connection, and what to do about it. Names no password.
    fn explain(&self, error: tokio_postgres::Error) -> anyhow::Error {
        let at = self.address();
        // What the server itself said counts more than what the proxy met.
        let failure = self.behind.as_ref().and_then(|b| b.lock().clone()).filter(|_| error.code().is_none());
        let said = match &failure {
            Some((_, failure)) => format!("the proxy in front of it cannot reach it: {failure}"),
            None => words(&error),
        };
        let kind = failure.as_ref().map(|(kind, _)| *kind).or(io_error(&error).map(io::Error::kind));
        let user = self.config.get_user().unwrap_or("?");
        let database = self.config.get_dbname().unwrap_or(user);
        let next = match (error.code(), kind) {
            (Some(&SqlState::INVALID_PASSWORD), _) => {
                format!("check the password of user `{user}` in the URL or in PGPASSWORD")
            }
            (Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION), _) => {
                format!("check that user `{user}` exists, and that the server's pg_hba.conf lets it in from here")
            }
            (Some(&SqlState::INVALID_CATALOG_NAME), _) => {
                format!("make the database with `createdb {database}`, or name another at the end of the URL")
            }
            (Some(&SqlState::TOO_MANY_CONNECTIONS), _) => {
                "close other connections, raise the server's max_connections, or use fewer jobs".into()
            }
            (_, Some(ErrorKind::ConnectionRefused | ErrorKind::NotFound)) => {
                "nothing listens there: check that the server runs, its port, and for TCP its listen_addresses".into()
            }
            (_, Some(ErrorKind::TimedOut)) => {
                "there is no answer: check the host, the port, and the firewalls in between".into()
            }
            (None, _) if chain(&error).contains("password missing") => {
                format!("the server wants a password for user `{user}`: put it into PGPASSWORD or the URL")
            }
            (None, _) if chain(&error).contains("lookup address") => "check the host's name".into(),
            (None, _) if chain(&error).contains("TLS") => {
                "check the server's `ssl`, and sslmode in the URL (disable, prefer, require, verify-full)".into()
            }
            _ => "check the URL and the server".into(),
        };
        unavailable!("cannot connect to the server at {at}: {said}; {next}")
    }
}

/// As PostgreSQL splits the options of a connection: at spaces, unless a backslash is before them.
pub(in crate::server) fn escape(value: &str) -> String {
    value.chars().flat_map(|c| (c == ' ' || c == '\\').then_some('\\').into_iter().chain([c])).collect()
}

/// Where a configuration leads, as messages have it.
fn address(config: &tokio_postgres::Config) -> String {
    let ports = config.get_ports();
    let port = |i: usize| ports.get(i).or(ports.first()).copied().unwrap_or(5432);
    let named = config.get_hosts().iter().enumerate().map(|(i, host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(i)),
        Host::Unix(dir) => format!("{}/.s.PGSQL.{}", dir.display(), port(i)),
    });
    let mut all: Vec<String> = named.collect();
    if all.is_empty() {
        all.extend(config.get_hostaddrs().iter().enumerate().map(|(i, ip)| format!("{ip}:{}", port(i))));
    }
    all.join(" or ")
}

/// All that a configuration says except where the server is. The driver's own type can only add to
/// its hosts, so that this has to name all else.
fn without_hosts(from: &tokio_postgres::Config) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    if let Some(user) = from.get_user() {
        config.user(user);
    }
    if let Some(password) = from.get_password() {
        config.password(password);
    }
    if let Some(database) = from.get_dbname() {
        config.dbname(database);
    }
    if let Some(options) = from.get_options() {
        config.options(options);
    }
    if let Some(name) = from.get_application_name() {
        config.application_name(name);
    }
    if let Some(limit) = from.get_connect_timeout() {
        config.connect_timeout(*limit);
    }
    if let Some(limit) = from.get_tcp_user_timeout() {
        config.tcp_user_timeout(*limit);
    }
    if let Some(interval) = from.get_keepalives_interval() {
        config.keepalives_interval(interval);
    }
    if let Some(retries) = from.get_keepalives_retries() {
        config.keepalives_retries(retries);
    }
    config
        .ssl_mode(from.get_ssl_mode())
        .ssl_negotiation(from.get_ssl_negotiation())
        .keepalives(from.get_keepalives())
        .keepalives_idle(from.get_keepalives_idle())
        .target_session_attrs(from.get_target_session_attrs())
        .channel_binding(from.get_channel_binding())
        .load_balance_hosts(from.get_load_balance_hosts());
    config
}

/// The server says: not now, but soon.
fn is_recovering(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::CANNOT_CONNECT_NOW)
}

impl Deref for Session {
    type Target = postgres::Client;
    fn deref(&self) -> &postgres::Client {
        &self.client
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut postgres::Client {
        &mut self.client
    }
}

impl Deref for AsyncSession {
    type Target = tokio_postgres::Client;
    fn deref(&self) -> &tokio_postgres::Client {
        &self.client
    }
}

impl DerefMut for AsyncSession {
    fn deref_mut(&mut self) -> &mut tokio_postgres::Client {
        &mut self.client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(config: &str, proxy: &[&str]) -> Connector {
        let proxy: Vec<SocketAddr> = proxy.iter().map(|address| address.parse().unwrap()).collect();
        let connector = Connector {
            config: config.parse().unwrap(),
            tls: None,
            interrupt: Interrupt::new(),
            behind: None,
        };
        connector.through(&proxy)
    }

    /// All else of a configuration stays as it is: they are equal but for the hosts.
    #[test]
    fn a_proxy_changes_where_and_nothing_else() {
        let rest = "user=u password=hush dbname=d options='-c a=b' application_name=n sslmode=require \
            sslnegotiation=direct connect_timeout=7 tcp_user_timeout=8 keepalives=0 keepalives_idle=9 \
            keepalives_interval=10 keepalives_retries=11 target_session_attrs=read-write \
            channel_binding=require load_balance_hosts=random";
        let from = format!("host=a.example,b.example port=1,2 {rest}");
        let to = format!("host=a.example,b.example hostaddr=127.0.0.1,127.0.0.1 port=71,72 {rest}");
        let connector = through(&from, &["127.0.0.1:71", "127.0.0.1:72"]);
        assert_eq!(*connector.config(), to.parse().unwrap());
        assert_eq!(connector.address(), "a.example:1 or b.example:2");

        let socket = through("host=/run/a port=5433", &["127.0.0.1:73"]);
        assert_eq!(
            *socket.config(),
            "host=127.0.0.1 hostaddr=127.0.0.1 port=73".parse::<tokio_postgres::Config>().unwrap()
        );
        assert_eq!(socket.address(), "/run/a/.s.PGSQL.5433");

        let numeric = through("hostaddr=10.0.0.1", &["127.0.0.1:74"]);
        assert_eq!(
            *numeric.config(),
            "hostaddr=127.0.0.1 port=74".parse::<tokio_postgres::Config>().unwrap()
        );
    }
}
