//! Connections whose every wait ends: when it takes too long to be let in, and when work has to stop.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio_postgres::config::{Host, SslMode, SslNegotiation};
use tokio_postgres::error::DbError;

use super::explain::{Refused, describes_not_yet, explain};
use super::nowhere::nowhere;
use super::routes::{Tries, routes};
use super::run_schema::{CHECKING, RunSchema, WHERE};
use super::tls::{Tls, TlsMode};
use super::wire::{Dial, Plug};
use crate::fault::Fault;
use crate::interrupt::{Interrupt, OnStop};
use crate::pg_error::{describe, words};
use crate::session::escape;
use crate::unavailable;

/// How long a server may take to let a connection in, unless the URL says otherwise.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long a server may take to answer what it knows.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// How long a request to cancel a statement may take.
const CANCEL_LIMIT: Duration = Duration::from_secs(2);

/// How long a statement may go on after a request to cancel it; then its connection is ended.
const GRACE: Duration = Duration::from_secs(5);

/// A way to connect to a server. Each connection it makes is cancelled by its [`Interrupt`].
#[derive(Clone)]
pub struct Connector {
    config: tokio_postgres::Config,
    tls: Option<Tls>,
    interrupt: Interrupt,
    behind: Option<Arc<Behind>>,
    /// The schema that each of its connections has to work in.
    run_schema: Option<Arc<RunSchema>>,
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
    _watch: Watch,
}

/// An asynchronous connection, driven by the runtime it was made on.
pub struct AsyncSession {
    client: tokio_postgres::Client,
    _watch: Watch,
}

/// Ends a connection's statement when work has to stop: by a request to cancel it, and where that
/// brings nothing, by closing the socket. Dropped after the client, whose end may have to wait, too.
struct Watch {
    plug: Arc<Plug>,
    _cancel: OnStop,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.plug.leave();
    }
}

/// Whether a server takes connections.
#[derive(Debug)]
pub(crate) enum Readiness {
    /// The server answers.
    Ready,
    /// The server may answer soon; why it does not now.
    NotYet(String),
}

impl Connector {
    /// Connects by `config`; every connection ends its statement when `interrupt` says so.
    ///
    /// Without TLS, as throwaway servers on this machine are reached.
    pub fn new(mut config: tokio_postgres::Config, interrupt: Interrupt) -> Self {
        config.ssl_mode(SslMode::Disable);
        Self { config, tls: None, interrupt, behind: None, run_schema: None }
    }

    /// As [`Connector::new`], with TLS where `config` asks for it.
    pub(crate) fn with_tls(config: tokio_postgres::Config, tls: Tls, interrupt: Interrupt) -> Self {
        Self { config, tls: Some(tls), interrupt, behind: None, run_schema: None }
    }

    /// As this, with settings that each connection makes its own, beside those of the configuration.
    pub fn with_settings<'s>(&self, settings: impl IntoIterator<Item = (&'s String, &'s String)>) -> Self {
        let mut options: Vec<String> = self.config.get_options().map(str::to_owned).into_iter().collect();
        options.extend(settings.into_iter().map(|(name, value)| format!("-c {name}={}", escape(value))));
        // Of a setting that is given twice the last one counts.
        options.extend(self.run_schema.iter().map(|run_schema| run_schema.options()));
        let mut config = self.config.clone();
        if !options.is_empty() {
            config.options(options.join(" "));
        }
        Self { config, ..self.clone() }
    }

    /// As this, with connections that work in the run's own schema, each held to it before it is used.
    pub(in crate::server) fn in_run_schema(&self, run_schema: &Arc<RunSchema>) -> Self {
        Self { run_schema: Some(run_schema.clone()), ..self.clone() }.with_settings([])
    }

    /// As this, with connections as a program makes them that takes no options: they have no settings
    /// but those of the server, the role and the database, and work in whatever schema these name.
    pub(crate) fn without_options(&self) -> Self {
        let mut config = self.config.clone();
        config.options("");
        Self { config, run_schema: None, ..self.clone() }
    }

    /// As this, but stopped by another interrupt: for what has to be done although a run was stopped.
    pub fn with_interrupt(&self, interrupt: Interrupt) -> Self {
        Self { interrupt, ..self.clone() }
    }

    /// The interrupt that ends this connector's statements.
    pub(crate) fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// The parameters it connects by. They may hold a password: never print them.
    pub fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    /// The TLS of its connections; `None` where there is none.
    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// The mode of its TLS, as libpq's `sslmode`.
    pub(crate) fn ssl_mode(&self) -> TlsMode {
        self.tls.as_ref().map_or(TlsMode::Disable, Tls::mode)
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
            run_schema: self.run_schema.clone(),
        }
    }

    /// The server behind the proxy, for a connector that goes through one.
    pub(in crate::server) fn behind(&self) -> Option<Arc<Behind>> {
        self.behind.clone()
    }

    /// The server's address, as messages have it.
    fn address(&self) -> String {
        self.behind.as_ref().map_or_else(|| address(&self.config), |behind| behind.address.clone())
    }

    /// A blocking connection.
    ///
    /// # Errors
    /// When work has to stop, or [`crate::fault::Fault::Unavailable`] when the server refuses or
    /// is not there, with the next step.
    pub fn connect(&self) -> Result<Session> {
        self.connect_by(None::<fn(DbError)>)
    }

    /// As [`Connector::connect`], with what the server says beside its results (NOTICE, WARNING)
    /// told to `hear`, from the calling thread.
    ///
    /// # Errors
    /// As [`Connector::connect`].
    pub(crate) fn connect_hearing(&self, hear: impl Fn(DbError) + Send + Sync + 'static) -> Result<Session> {
        self.connect_by(Some(hear))
    }

    fn connect_by(&self, hear: Option<impl Fn(DbError) + Send + Sync + 'static>) -> Result<Session> {
        let config = self.driver_config()?;
        let mut config = postgres::Config::from(config);
        if let Some(hear) = hear {
            config.notice_callback(hear);
        }
        let mut tries = self.tries()?;
        loop {
            let dial = tries.next_dial()?;
            match config.connect(dial.clone()) {
                Ok(mut client) => {
                    let token = client.cancel_token();
                    let watch = self.watch(dial, move |dial| {
                        // The server may be gone already; then there is nothing to cancel.
                        let _ = token.cancel_query(dial);
                    });
                    if let Some(run_schema) = &self.run_schema {
                        run_schema
                            .check(&client.query_one(WHERE, &[]).map_err(describe).context(CHECKING)?)?;
                    }
                    return Ok(Session { client, _watch: watch });
                }
                Err(error) => tries.failed(error, |refused| self.explain(refused))?,
            }
        }
    }

    /// A connection on the current tokio runtime.
    ///
    /// # Errors
    /// As [`Connector::connect`].
    pub async fn connect_async(&self) -> Result<AsyncSession> {
        let config = self.driver_config()?;
        let mut tries = self.tries()?;
        loop {
            let dial = tries.next_dial()?;
            match config.connect(dial.clone()).await {
                Ok((client, connection)) => {
                    // Each connection is driven by a task of its own.
                    tokio::spawn(connection);
                    let token = client.cancel_token();
                    let watch = self.watch(dial, move |dial| {
                        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                        // As above; and without a runtime the connection is ended after the grace.
                        let _ = runtime.map(|runtime| runtime.block_on(token.cancel_query(dial)));
                    });
                    if let Some(run_schema) = &self.run_schema {
                        run_schema.check(
                            &client.query_one(WHERE, &[]).await.map_err(describe).context(CHECKING)?,
                        )?;
                    }
                    return Ok(AsyncSession { client, _watch: watch });
                }
                Err(error) => tries.failed(error, |refused| self.explain(refused))?,
            }
        }
    }

    /// Whether the server takes connections, by one try.
    ///
    /// # Errors
    /// When it refuses for another reason than that it is starting, or work has to stop.
    pub(crate) fn readiness(&self) -> Result<Readiness> {
        let config = postgres::Config::from(self.driver_config()?);
        let mut tries = self.tries()?;
        let dial = tries.next_dial()?;
        match config.connect(dial) {
            Ok(_) => Ok(Readiness::Ready),
            Err(error) if describes_not_yet(&error) => {
                self.interrupt.check()?;
                Ok(Readiness::NotYet(words(&error)))
            }
            Err(error) => Err(describe(error)),
        }
    }

    /// Asks the server things that it knows, each of which it answers at once unless it hangs.
    ///
    /// # Errors
    /// The error of `ask`; [`crate::fault::Fault::Unavailable`] when the server does not answer within a
    /// minute, or work has to stop.
    pub(crate) fn asking<T>(&self, ask: impl FnOnce() -> Result<T>) -> Result<T> {
        let _deadline = self.interrupt.deadline(ANSWER_LIMIT).context("watching the clock")?;
        // A statement that was ended fails with other words; why it was is the news.
        ask().map_err(|error| match self.interrupt.check() {
            Err(Fault::Timeout(limit)) if limit == ANSWER_LIMIT => unavailable!(
                "the server at {} does not answer within {} s: it hangs, or waits for a lock; look at its pg_stat_activity",
                self.address(),
                limit.as_secs()
            ),
            Err(stop) => stop.into(),
            Ok(()) => error,
        })
    }

    fn tries(&self) -> Result<Tries<'_>> {
        self.interrupt.check()?;
        let limit = self.config.get_connect_timeout().copied().unwrap_or(CONNECT_LIMIT);
        let routes = routes(&self.config, self.tls.as_ref(), limit, &self.interrupt);
        let routes = routes.with_context(|| format!("cannot connect to the server at {}", self.address()))?;
        Ok(Tries::new(routes, limit, &self.interrupt))
    }

    /// The configuration of the driver: all but where the server is, which [`Dial`] knows.
    fn driver_config(&self) -> Result<tokio_postgres::Config> {
        let mut config = without_hosts(&self.config);
        let nowhere = nowhere()?;
        config
            .host("nowhere")
            .hostaddr(nowhere.ip())
            .port(nowhere.port())
            .ssl_mode(SslMode::Require)
            .ssl_negotiation(SslNegotiation::Direct)
            .keepalives(false);
        Ok(config)
    }

    /// Ends what the connection of `dial` does when work has to stop.
    fn watch(&self, dial: Dial, cancel: impl Fn(Dial) + Send + Sync + 'static) -> Watch {
        let plug = dial.plug.clone();
        plug.made();
        let at_once = plug.clone();
        let (cancel, interrupt) = (Arc::new(cancel), self.interrupt.clone());
        let on_stop = self.interrupt.on_stop(move || {
            let (plug, cancel, interrupt) = (dial.plug.clone(), cancel.clone(), interrupt.clone());
            let dial = Dial { plug: Arc::default(), limit: CANCEL_LIMIT, ..dial.clone() };
            // On a thread of its own, so that many connections end at once.
            let ending = std::thread::Builder::new().name("cancel".into()).spawn(move || {
                cancel(dial);
                if !plug.unused_within(GRACE) && interrupt.check().is_err() {
                    plug.pull();
                }
            });
            if ending.is_err() {
                // There is no thread to be had.
                at_once.pull();
            }
        });
        Watch { plug, _cancel: on_stop }
    }

    /// Why there is no connection, and what to do about it. Names no password.
    fn explain(&self, refused: &Refused<'_>) -> anyhow::Error {
        let behind = self.behind.as_ref().and_then(|behind| behind.lock().clone());
        explain(refused, &self.address(), &self.config, behind)
    }
}

/// The address of a configuration, as messages have it.
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

/// The configuration without the hosts. The driver's own type can only add to its hosts, so that this has to
/// name all else.
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
            run_schema: None,
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
