//! The server's address, and the sockets on both sides of the proxy.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::Result;
use rustix::net::sockopt;

use crate::server::connector::Connector;
use crate::server::routes;
use crate::server::wire::Address;

/// How long to wait for a host that does not answer, as dropping the proxy waits for that too.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// One host of a configuration.
pub(crate) struct Upstream {
    addresses: Vec<Address>,
    limit: Duration,
}

impl Upstream {
    /// All hosts that `connector` reaches, in its order. Their names are looked up here, once.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] when a name leads nowhere, or work has to stop;
    /// [`crate::fault::Fault::Usage`] when there is no host, or not one for each address and port.
    pub(crate) fn of_connector(connector: &Connector) -> Result<Vec<Self>> {
        let config = connector.config();
        let limit = config.get_connect_timeout().copied().unwrap_or(CONNECT_LIMIT).min(CONNECT_LIMIT);
        let hosts = routes::hosts(config, limit, connector.interrupt())?;
        hosts.into_iter().map(|host| Ok(Self { addresses: host?.addresses, limit })).collect()
    }

    /// Whether the file system says who may connect.
    pub(crate) fn is_private(&self) -> bool {
        self.addresses.iter().any(|address| matches!(address, Address::Unix(_)))
    }

    /// A connection.
    ///
    /// # Errors
    /// Those of the last address that was tried.
    pub(crate) fn connect(&self) -> io::Result<Peer> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in &self.addresses {
            match self.open(address) {
                Ok(peer) => return Ok(peer),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn open(&self, address: &Address) -> io::Result<Peer> {
        match address {
            Address::Unix(path) => Ok(Peer::Unix(UnixStream::connect(path)?)),
            Address::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, self.limit)?;
                stream.set_nodelay(true)?;
                Ok(Peer::Tcp(stream))
            }
        }
    }
}

/// A socket to the client or to the server. Shared by the threads that read and write it.
pub(crate) enum Peer {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Peer {
    /// Ends one half of it or both, waking whoever waits for that half.
    pub(crate) fn shutdown(&self, how: Shutdown) {
        // It fails only when the peer has gone before, and then it is what was asked for.
        let _ = match self {
            Peer::Tcp(stream) => stream.shutdown(how),
            Peer::Unix(stream) => stream.shutdown(how),
        };
    }

    /// Ends both halves at once. Who is at the other end of TCP, with more to send than was taken, is told by a reset when
    /// this is dropped; by the end of the stream alone they learn of it at a probe of the closed window, minutes later.
    pub(crate) fn abort(&self) {
        if let Peer::Tcp(stream) = self {
            // It fails only when the peer has gone before.
            let _ = sockopt::set_socket_linger(stream, Some(Duration::ZERO));
        }
        self.shutdown(Shutdown::Both);
    }
}

impl Read for &Peer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Peer::Tcp(stream) => (&*stream).read(buffer),
            Peer::Unix(stream) => (&*stream).read(buffer),
        }
    }
}

impl Write for &Peer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Peer::Tcp(stream) => (&*stream).write(bytes),
            Peer::Unix(stream) => (&*stream).write(bytes),
        }
    }

    /// Sockets keep nothing back.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
