//! Where the server is, and the sockets on both sides of the proxy.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::{unavailable, usage};

/// How long to wait for a host that does not answer, as dropping the proxy waits for that too.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// One host of a configuration.
pub struct Upstream {
    place: Place,
    limit: Duration,
}

enum Place {
    /// The addresses of its name, to be tried in order.
    Tcp(Vec<SocketAddr>),
    Unix(PathBuf),
}

impl Upstream {
    /// All hosts of a configuration, in its order, as the driver understands it. Their names are
    /// looked up here, once.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] when a name leads nowhere,
    /// [`crate::fault::Fault::Usage`] when there is no host, or not one for each address.
    pub fn all(config: &Config) -> Result<Vec<Self>> {
        let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
        let count = hosts.len().max(addresses.len());
        if count == 0 {
            return Err(usage!("there is no host to connect to: name one, as in postgres://user@host/"));
        }
        if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
            return Err(usage!(
                "{} hosts and {} hostaddrs: give as many of one as of the other, or leave one out",
                hosts.len(),
                addresses.len()
            ));
        }
        let limit = config.get_connect_timeout().copied().unwrap_or(CONNECT_LIMIT).min(CONNECT_LIMIT);
        let upstream = |i: usize| {
            let port = ports.get(i).or(ports.first()).copied().unwrap_or(5432);
            let place = match addresses.get(i) {
                Some(ip) => Place::Tcp(vec![SocketAddr::new(*ip, port)]),
                None => match &hosts[i] {
                    Host::Unix(dir) => Place::Unix(dir.join(format!(".s.PGSQL.{port}"))),
                    Host::Tcp(name) => Place::Tcp(look_up(name, port)?),
                },
            };
            Ok(Self { place, limit })
        };
        (0..count).map(upstream).collect()
    }

    /// Whether the file system says who may connect.
    pub fn is_private(&self) -> bool {
        matches!(self.place, Place::Unix(_))
    }

    /// A connection.
    ///
    /// # Errors
    /// Those of the last address that was tried.
    pub fn connect(&self) -> io::Result<Peer> {
        let addresses = match &self.place {
            Place::Unix(path) => return Ok(Peer::Unix(UnixStream::connect(path)?)),
            Place::Tcp(addresses) => addresses,
        };
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            match TcpStream::connect_timeout(address, self.limit) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(Peer::Tcp(stream));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

fn look_up(name: &str, port: u16) -> Result<Vec<SocketAddr>> {
    let found = (name, port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
    match found {
        Ok(addresses) if !addresses.is_empty() => Ok(addresses),
        Ok(_) => Err(unavailable!("the host name {name} has no address: check it")),
        Err(error) => Err(unavailable!("cannot find the host {name}: {error}; check its name")),
    }
}

/// A socket to the client or to the server. Shared by the threads that read and write it.
pub enum Peer {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Peer {
    /// Ends one half of it or both, waking whoever waits for that half.
    pub fn shutdown(&self, how: Shutdown) {
        // It fails only when the peer has gone before, and then it is what was asked for.
        let _ = match self {
            Peer::Tcp(stream) => stream.shutdown(how),
            Peer::Unix(stream) => stream.shutdown(how),
        };
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
