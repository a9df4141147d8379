//! The ways to a server, in the order in which they are tried.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio_postgres::config::{self, LoadBalanceHosts};
use tokio_postgres::error::SqlState;

use super::explain::{Refused, dial_error};
use super::tls::{Tls, TlsMode};
use super::wire::{Address, Crypt, Dial, DialError, Plug, Route, SocketOptions};
use crate::interrupt::{Interrupt, OnStop};
use crate::{unavailable, usage};

/// How long to wait for a server that says it is starting up or recovering from a crash.
const RECOVERY_LIMIT: Duration = Duration::from_secs(120);
const RETRY_EVERY: Duration = Duration::from_millis(50);

/// One host of a configuration.
#[derive(Debug)]
pub(crate) struct Host {
    /// The name its certificate has to be for; empty for a Unix socket.
    name: String,
    /// Its addresses, to be tried in order, or a Unix socket.
    pub addresses: Vec<Address>,
}

/// The hosts of a configuration in its order, as the driver understands it; an error in place of one whose
/// name leads nowhere.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when there is no host, or not one for each address and port.
pub(crate) fn hosts(
    config: &tokio_postgres::Config,
    limit: Duration,
    interrupt: &Interrupt,
) -> Result<Vec<Result<Host>>> {
    let (names, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = names.len().max(addresses.len());
    if count == 0 {
        return Err(usage!("there is no host to connect to: name one, as in postgres://user@host/"));
    }
    if !names.is_empty() && !addresses.is_empty() && names.len() != addresses.len() {
        return Err(usage!(
            "{} hosts and {} hostaddrs: give as many of one as of the other, or leave one out",
            names.len(),
            addresses.len()
        ));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(usage!("{} ports for {count} hosts: give one for all, or one for each", ports.len()));
    }
    let host = |i: usize| {
        let port = ports.get(i).or(ports.first()).copied().unwrap_or(5432);
        match (addresses.get(i), names.get(i)) {
            (Some(ip), name) => {
                let name = match name {
                    Some(config::Host::Tcp(name)) => name.clone(),
                    _ => ip.to_string(),
                };
                Ok(Host { name, addresses: vec![Address::Tcp(SocketAddr::new(*ip, port))] })
            }
            (None, Some(config::Host::Tcp(name))) => {
                let found = look_up(name, port, limit, interrupt)?;
                Ok(Host { name: name.clone(), addresses: found.into_iter().map(Address::Tcp).collect() })
            }
            (None, Some(config::Host::Unix(dir))) => {
                let path = dir.join(format!(".s.PGSQL.{port}"));
                Ok(Host { name: String::new(), addresses: vec![Address::Unix(path)] })
            }
            (None, None) => unreachable!("a host has a name or an address, as many as there are"),
        }
    };
    Ok((0..count).map(host).collect())
}

/// The ways to the hosts of a configuration, each address of each, encrypted or not as its TLS has it.
///
/// # Errors
/// As [`hosts`]; [`crate::fault::Fault::Unavailable`] when all names lead nowhere, or work has to stop.
pub(crate) fn routes(
    config: &tokio_postgres::Config,
    tls: Option<&Tls>,
    limit: Duration,
    interrupt: &Interrupt,
) -> Result<Vec<Route>> {
    let options = SocketOptions {
        keepalive_idle: config.get_keepalives().then(|| config.get_keepalives_idle()),
        keepalive_interval: config.get_keepalives_interval(),
        keepalive_count: config.get_keepalives_retries(),
        user_timeout: config.get_tcp_user_timeout().copied(),
    };
    let ways = |host: &Host| -> Vec<Route> {
        let crypts = |address: &Address| match address {
            // As with libpq, a Unix socket knows no TLS, whatever sslmode says.
            Address::Unix(_) => vec![Crypt::Never],
            Address::Tcp(_) => crypts(tls),
        };
        let route = |address: &Address, crypt| Route {
            address: address.clone(),
            host: host.name.clone(),
            crypt,
            options,
        };
        host.addresses
            .iter()
            .flat_map(|address| crypts(address).into_iter().map(|crypt| route(address, crypt)))
            .collect()
    };
    let (found, unknown): (Vec<_>, Vec<_>) =
        hosts(config, limit, interrupt)?.into_iter().partition(Result::is_ok);
    interrupt.check()?;
    let mut all: Vec<Vec<Route>> = found.into_iter().flatten().map(|host| ways(&host)).collect();
    if let (true, Some(Err(unknown))) = (all.is_empty(), unknown.into_iter().next_back()) {
        return Err(unknown);
    }
    if config.get_load_balance_hosts() == LoadBalanceHosts::Random {
        shuffle(&mut all);
    }
    Ok(all.into_iter().flatten().collect())
}

/// Shuffles by the random keys of the standard library's hash maps: it spreads load, and nothing is secret in
/// it.
fn shuffle<T>(list: &mut [T]) {
    use std::hash::{BuildHasher, RandomState};
    for i in (1..list.len()).rev() {
        list.swap(i, RandomState::new().hash_one(i) as usize % (i + 1));
    }
}

/// The kinds of encryption that libpq tries one after the other in each mode.
fn crypts(tls: Option<&Tls>) -> Vec<Crypt> {
    let Some(tls) = tls else { return vec![Crypt::Never] };
    match tls.mode() {
        TlsMode::Disable => vec![Crypt::Never],
        TlsMode::Allow => vec![Crypt::Never, Crypt::Always(tls.clone())],
        TlsMode::Prefer => vec![Crypt::IfOffered(tls.clone()), Crypt::Never],
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => vec![Crypt::Always(tls.clone())],
    }
}

/// The addresses of a name. The system's own look-up cannot be ended, so a thread is left with it.
fn look_up(name: &str, port: u16, limit: Duration, interrupt: &Interrupt) -> Result<Vec<SocketAddr>> {
    if let Ok(ip) = name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let (sender, found) = mpsc::channel();
    let (asked, stop) = (name.to_owned(), sender.clone());
    let _stop = interrupt.on_stop(move || {
        // Nobody waits any more: then nobody has to be told.
        let _ = stop.send(None);
    });
    std::thread::Builder::new().name("look-up".into()).spawn(move || {
        let _ = sender.send(Some((asked.as_str(), port).to_socket_addrs().map(Iterator::collect)));
    })?;
    let found: std::io::Result<Vec<SocketAddr>> = match found.recv_timeout(limit) {
        Ok(Some(found)) => found,
        Ok(None) => return Err(interrupt.check().err().map_or_else(|| usage!("stopped"), Into::into)),
        Err(_) => {
            return Err(unavailable!(
                "the host name {name} is not found within {:.0} s; check this machine's name service",
                limit.as_secs_f64()
            ));
        }
    };
    match found {
        Ok(addresses) if !addresses.is_empty() => Ok(addresses),
        Ok(_) => Err(unavailable!("the host name {name} has no address; check the host's name")),
        Err(error) => Err(unavailable!("cannot find the host {name}: {error}; check the host's name")),
    }
}

/// The tries to connect by some routes.
pub(crate) struct Tries<'i> {
    routes: Vec<Route>,
    at: usize,
    limit: Duration,
    end: Instant,
    interrupt: &'i Interrupt,
    plug: Arc<Plug>,
    _stop: Option<OnStop>,
}

impl<'i> Tries<'i> {
    /// Dials by these routes, each within `limit`.
    pub(crate) fn new(routes: Vec<Route>, limit: Duration, interrupt: &'i Interrupt) -> Self {
        let end = Instant::now() + RECOVERY_LIMIT;
        Self { routes, at: 0, limit, end, interrupt, plug: Arc::default(), _stop: None }
    }

    /// The next one.
    ///
    /// # Errors
    /// When work has to stop.
    pub(crate) fn next_dial(&mut self) -> Result<Dial> {
        self.interrupt.check()?;
        self.plug = Arc::default();
        let pulled = self.plug.clone();
        self._stop = Some(self.interrupt.on_stop(move || pulled.pull()));
        Ok(Dial { route: self.routes[self.at].clone(), plug: self.plug.clone(), limit: self.limit })
    }

    /// Goes on after a failure.
    ///
    /// # Errors
    /// When there is no way left, in the words that `explain` gives; or work has to stop.
    pub(crate) fn failed(
        &mut self,
        error: tokio_postgres::Error,
        explain: impl Fn(&Refused<'_>) -> anyhow::Error,
    ) -> Result<()> {
        self.interrupt.check()?;
        let next = self.routes[self.at + 1..]
            .iter()
            .position(|route| route.address != self.routes[self.at].address || another_crypt_helps(&error));
        // A server that lets nobody in says so for all its addresses.
        let refused = error.code().is_some_and(|code| *code != SqlState::CANNOT_CONNECT_NOW);
        match next {
            Some(further) if !refused || another_crypt_helps(&error) => self.at += 1 + further,
            // The server says: not now, but soon.
            _ if error.code() == Some(&SqlState::CANNOT_CONNECT_NOW) && Instant::now() < self.end => {
                self.interrupt.sleep(RETRY_EVERY)?;
                self.at = 0;
            }
            _ => {
                let expired = self.plug.has_expired().then_some(self.limit);
                return Err(explain(&Refused { error: &error, expired }));
            }
        }
        Ok(())
    }
}

/// Whether the same server may let in by TLS who came without, or the other way round.
fn another_crypt_helps(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        // pg_hba.conf knows `hostssl` and `hostnossl`.
        Some(code) => *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        None => matches!(dial_error(error), Some(DialError::Handshake(_))),
    }
}
