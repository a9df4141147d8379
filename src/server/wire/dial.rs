//! Opening a connection's socket, and encrypting it where that is asked for.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use rustix::net::sockopt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};

use super::plug::Plug;
use super::stream::{Socket, Wire};
use crate::server::tls::{Negotiation, Tls};

/// Asks a server for TLS: PostgreSQL manual, "Message Formats", SSLRequest.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Bytes of a wrong answer that a message repeats.
const WRONG_ANSWER_BYTES: usize = 60;

/// How long a wrong answer may take to come as a whole.
const WRONG_ANSWER_LIMIT: Duration = Duration::from_millis(200);

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// At an address.
    Tcp(SocketAddr),
    /// At a Unix socket.
    Unix(PathBuf),
}

/// Whether bytes are encrypted.
#[derive(Clone)]
pub(crate) enum Crypt {
    /// The connection is not encrypted.
    Never,
    /// Encrypted where the server can.
    IfOffered(Tls),
    /// Encrypted, or there is no connection.
    Always(Tls),
}

/// The keepalive options of TCP, by which it notices that the other side has gone.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SocketOptions {
    /// Idle time before the first probe; none when there are to be no probes.
    pub keepalive_idle: Option<Duration>,
    /// Time between probes.
    pub keepalive_interval: Option<Duration>,
    /// Probes without an answer after which the connection is broken.
    pub keepalive_count: Option<u32>,
    /// How long sent bytes may stay unacknowledged.
    pub user_timeout: Option<Duration>,
}

/// A way to a server.
#[derive(Clone)]
pub(crate) struct Route {
    /// Where it listens.
    pub address: Address,
    /// The name its certificate has to be for.
    pub host: String,
    /// Whether bytes are encrypted.
    pub crypt: Crypt,
    /// The options of a TCP socket.
    pub options: SocketOptions,
}

/// Why a socket is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// It cannot be opened, or broke off.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server does not encrypt.
    #[error("the server does not offer TLS")]
    NoTls,
    /// The other side is no PostgreSQL.
    #[error("what listens there does not speak PostgreSQL's protocol: it answered {0:?}")]
    NotPostgres(String),
    /// TLS was begun and failed.
    #[error("TLS: {0}")]
    Handshake(io::Error),
    /// The limit was over.
    #[error("no answer within {:.0} s", .0.as_secs_f64())]
    Expired(Duration),
    /// Work has to stop.
    #[error("stopped")]
    Stopped,
}

/// Opens one connection, within its limit, unless the plug is pulled.
#[derive(Clone)]
pub(crate) struct Dial {
    /// Where to.
    pub route: Route,
    /// The plug that ends the connection.
    pub plug: Arc<Plug>,
    /// The longest that opening it and being let in may take.
    pub limit: Duration,
}

impl Dial {
    /// Opens it. What comes after, being let in by the server, has what is left of the limit, until
    /// [`Plug::made`].
    async fn open(self) -> Result<Wire, DialError> {
        let Self { route, plug, limit } = self;
        let end = Instant::now() + limit;
        let opened = {
            let opening = pin!(timeout_at(end, open(&route, &plug)));
            let pulled = pin!(plug.until_pulled());
            match select(opening, pulled).await {
                Either::Left((Ok(opened), _)) => opened,
                Either::Left((Err(_), _)) => Err(DialError::Expired(limit)),
                Either::Right(_) => Err(DialError::Stopped),
            }
        }?;
        let watched = plug.clone();
        let clock = tokio::spawn(async move {
            tokio::time::sleep_until(end).await;
            watched.expire();
        });
        plug.watched_by(clock.abort_handle());
        Ok(opened)
    }
}

async fn open(route: &Route, plug: &Plug) -> Result<Wire, DialError> {
    let socket = match &route.address {
        Address::Unix(path) => Socket::Unix(UnixStream::connect(path).await?),
        Address::Tcp(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            set_options(&stream, &route.options)?;
            Socket::Tcp(stream)
        }
    };
    plug.guard(&socket)?;
    match &route.crypt {
        Crypt::Never => Ok(Wire::Plain(socket)),
        Crypt::IfOffered(tls) => match ask(socket, tls).await? {
            (socket, Offer::Yes) => encrypt(socket, tls, &route.host).await,
            (socket, Offer::No) => Ok(Wire::Plain(socket)),
        },
        Crypt::Always(tls) => match ask(socket, tls).await? {
            (socket, Offer::Yes) => encrypt(socket, tls, &route.host).await,
            (_, Offer::No) => Err(DialError::NoTls),
        },
    }
}

enum Offer {
    Yes,
    No,
}

/// Asks the server whether it encrypts, unless that is taken for granted.
async fn ask(mut socket: Socket, tls: &Tls) -> Result<(Socket, Offer), DialError> {
    if tls.negotiation() == Negotiation::Direct {
        return Ok((socket, Offer::Yes));
    }
    socket.write_all(&SSL_REQUEST).await?;
    let mut answer = [0; 1];
    socket.read_exact(&mut answer).await?;
    match answer[0] {
        b'S' => Ok((socket, Offer::Yes)),
        b'N' => Ok((socket, Offer::No)),
        first => {
            let mut rest = [0; WRONG_ANSWER_BYTES];
            let more = tokio::time::timeout(WRONG_ANSWER_LIMIT, socket.read(&mut rest)).await;
            // What it says matters, not how it ends.
            let more = more.map_or(0, |read| read.unwrap_or(0));
            let said = [&[first], &rest[..more]].concat();
            Err(DialError::NotPostgres(String::from_utf8_lossy(&said).trim_end().to_owned()))
        }
    }
}

async fn encrypt(socket: Socket, tls: &Tls, host: &str) -> Result<Wire, DialError> {
    let name = tls.server_name(host).map_err(DialError::Handshake)?;
    let connector = tokio_rustls::TlsConnector::from(tls.config());
    let stream = connector.connect(name, socket).await.map_err(DialError::Handshake)?;
    Ok(Wire::Encrypted(Box::new(stream)))
}

fn set_options(stream: &TcpStream, options: &SocketOptions) -> io::Result<()> {
    if let Some(idle) = options.keepalive_idle {
        sockopt::set_socket_keepalive(stream, true)?;
        sockopt::set_tcp_keepidle(stream, idle)?;
        if let Some(interval) = options.keepalive_interval {
            sockopt::set_tcp_keepintvl(stream, interval)?;
        }
        if let Some(count) = options.keepalive_count {
            sockopt::set_tcp_keepcnt(stream, count)?;
        }
    }
    if let Some(limit) = options.user_timeout {
        sockopt::set_tcp_user_timeout(stream, u32::try_from(limit.as_millis()).unwrap_or(u32::MAX))?;
    }
    Ok(())
}

impl<S> MakeTlsConnect<S> for Dial {
    type Stream = Wire;
    type TlsConnect = Dial;
    type Error = DialError;

    fn make_tls_connect(&mut self, _: &str) -> Result<Dial, DialError> {
        Ok(self.clone())
    }
}

impl<S> TlsConnect<S> for Dial {
    type Stream = Wire;
    type Error = DialError;
    type Future = BoxFuture<'static, Result<Wire, DialError>>;

    /// The driver's own socket is not used.
    fn connect(self, _: S) -> Self::Future {
        Box::pin(self.open())
    }
}
