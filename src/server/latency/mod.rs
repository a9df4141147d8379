//! Added latency: a proxy between client and server that delivers every chunk of bytes later.
//!
//! It models distance, and nothing else of a network: each chunk arrives half of the added
//! round trip after it was sent, in order and unchanged, however much is on its way. There is no
//! limit of bandwidth (below the bound of [`pipe::RATE`]), no loss, no jitter, and of TCP's own
//! behaviour over a distance neither the window nor the slow start. A real network of the same
//! round trip is no better than this, and a load of much data is likely to be slower on it.
//!
//! The system wakes whoever waits for a time a little later than that: by 30 to 80 µs (medians) on a
//! virtual machine of two cores, by 130 µs each way after long waits. A round trip of 1 ms took
//! 1.10 ms there, one of 10 ms 10.4, and one of 0 ms 0.09, where the direct way took 0.04.
//!
//! It can tell a [`StatementLog`] the statements that it carries, whichever program sends them.
//!
//! Even with nothing added, the bytes take a detour through this program, which costs some
//! time of their own and of the processor. Loads at different latencies are therefore to be
//! held against one through a [`Latency`] of zero, not against one without it.

mod connection;
mod frontend;
mod guard;
mod pipe;
mod upstream;

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::connector::{Behind, Connector};
use super::statements::StatementLog;
use connection::ProxyConnection;
use frontend::FrontendReader;
use upstream::{Peer, Upstream};

/// How long to wait before the next try when the system has no socket for a connection.
const RETRY_EVERY: Duration = Duration::from_millis(50);

/// A proxy in front of a server, by which every round trip takes longer. It listens on 127.0.0.1,
/// on ports of its own; dropping it ends it and closes its connections.
///
/// The drop waits for its threads, which end at once; only a connection that is just being made to
/// a host that does not answer holds it up, by ten seconds at the most.
pub struct Latency {
    connector: Connector,
    shared: Arc<Shared>,
    /// The listening sockets, to be shut down; the acceptors hold them too.
    doors: Vec<TcpStream>,
    acceptors: Vec<JoinHandle<()>>,
}

/// The state that all threads of a proxy share.
struct Shared {
    round_trip: Duration,
    behind: Arc<Behind>,
    /// Where the statements go that clients send.
    log: Option<Arc<StatementLog>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stopping: bool,
    connections: Vec<Weak<ProxyConnection>>,
}

impl Latency {
    /// Stands in front of the server that `connector` reaches, adding `round_trip` to each round
    /// trip: half of it each way, and all of it to the opening of a connection, as TCP's handshake
    /// is a round trip.
    ///
    /// Of several hosts each is reached by a port of its own, so that they are tried in their
    /// order, and TLS asks each for its own name. TLS and passwords pass through untouched. A
    /// server behind a Unix socket, whose directory says who may connect, is reached by processes
    /// of this user (and of root) only.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] when a host's name leads nowhere;
    /// [`crate::fault::Fault::Usage`] when the hosts and their addresses do not belong together;
    /// when there is no port or no thread. Whether the server answers shows by the first connection.
    pub fn start(connector: &Connector, round_trip: Duration) -> Result<Self> {
        Self::open(connector, round_trip, None)
    }

    /// As [`Latency::start`], telling `log` each statement that clients send. What is sent by TLS is not heard.
    ///
    /// # Errors
    /// As [`Latency::start`].
    pub fn hearing(connector: &Connector, round_trip: Duration, log: Arc<StatementLog>) -> Result<Self> {
        Self::open(connector, round_trip, Some(log))
    }

    fn open(connector: &Connector, round_trip: Duration, log: Option<Arc<StatementLog>>) -> Result<Self> {
        let upstreams = Upstream::of_connector(connector)?;
        let listeners = upstreams
            .iter()
            .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .collect::<std::io::Result<Vec<_>>>()
            .context("listening on 127.0.0.1, to add latency")?;
        let ports = listeners
            .iter()
            .map(TcpListener::local_addr)
            .collect::<std::io::Result<Vec<SocketAddr>>>()
            .context("asking for the port of a listening socket")?;
        let connector = connector.through(&ports);
        let behind = connector.behind().context("a connector through a proxy knows of it")?;
        let shared = Arc::new(Shared { round_trip, behind, log, state: Mutex::default() });
        let mut latency = Self { connector, shared, doors: Vec::new(), acceptors: Vec::new() };
        for ((listener, upstream), address) in listeners.into_iter().zip(upstreams).zip(ports) {
            // The standard library can shut down streams only; to the system both are sockets.
            let door = listener.try_clone().context("sharing a listening socket")?;
            latency.doors.push(TcpStream::from(OwnedFd::from(door)));
            let shared = latency.shared.clone();
            let acceptor = std::thread::Builder::new()
                .name(thread_name(address))
                .spawn(move || accept(&listener, address, &upstream, &shared))
                .context("starting a thread that accepts connections, to add latency")?;
            latency.acceptors.push(acceptor);
        }
        Ok(latency)
    }

    /// The connector that goes through the proxy.
    pub fn connector(&self) -> &Connector {
        &self.connector
    }
}

impl Drop for Latency {
    fn drop(&mut self) {
        let connections = {
            let mut state = self.shared.lock();
            state.stopping = true;
            std::mem::take(&mut state.connections)
        };
        for door in &self.doors {
            // Wakes the acceptor. It fails only on a socket that does not listen any more.
            let _ = door.shutdown(Shutdown::Both);
        }
        for connection in connections.iter().filter_map(Weak::upgrade) {
            connection.abort();
        }
        for acceptor in self.acceptors.drain(..) {
            // It has said on stderr why it panicked, if it did.
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    /// Lets [`Latency::drop`] end this connection. False when that has begun already.
    fn register(&self, connection: &Arc<ProxyConnection>) -> bool {
        let mut state = self.lock();
        state.connections.retain(|known| known.strong_count() > 0);
        state.connections.push(Arc::downgrade(connection));
        !state.stopping
    }

    // A panic elsewhere must not keep the clean-up from running.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// The name of a proxy's threads, by which a look at the process tells whose they are.
fn thread_name(address: SocketAddr) -> String {
    format!("latency {}", address.port())
}

/// Serves the connections to one port, until the proxy ends; then waits for their threads.
fn accept(listener: &TcpListener, address: SocketAddr, upstream: &Upstream, shared: &Shared) {
    std::thread::scope(|scope| {
        loop {
            let accepted = listener.accept();
            if shared.lock().stopping {
                return;
            }
            let begun = accepted.and_then(|(client, _)| {
                let opened = Instant::now() + shared.round_trip;
                let serve = move || serve(client, opened, address, upstream, shared);
                std::thread::Builder::new().name(thread_name(address)).spawn_scoped(scope, serve)
            });
            if let Err(error) = begun {
                shared.behind.failed(&error);
                std::thread::sleep(RETRY_EVERY);
            }
        }
    });
}

/// Serves one connection to its end. What keeps it from the server is left for the client's error,
/// before the client sees its connection close.
fn serve(client: TcpStream, opened: Instant, address: SocketAddr, upstream: &Upstream, shared: &Shared) {
    let server = match reach(&client, upstream) {
        Ok(server) => server,
        Err(error) => return shared.behind.failed(&error),
    };
    shared.behind.reached();
    let connection = Arc::new(ProxyConnection::new(Peer::Tcp(client), server, shared.round_trip / 2));
    let hearing = shared.log.clone().map(FrontendReader::new);
    if shared.register(&connection)
        && let Err(error) = connection.forward(opened, &thread_name(address), hearing)
    {
        shared.behind.failed(&error);
    }
}

/// A connection to the server, for a client that may have one.
fn reach(client: &TcpStream, upstream: &Upstream) -> std::io::Result<Peer> {
    if upstream.is_private() {
        guard::check(client)?;
    }
    client.set_nodelay(true)?;
    upstream.connect()
}
