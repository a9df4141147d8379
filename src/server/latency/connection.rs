//! One connection through the proxy: two sockets, and a delaying pipe in each direction.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::num::NonZeroU64;
use std::thread::Builder;
use std::time::{Duration, Instant};

use super::frontend::FrontendReader;
use super::pipe::{Out, Pipe};
use super::upstream::Peer;

/// A client's connection and the one to the server that belongs to it.
pub(super) struct ProxyConnection {
    client: Peer,
    server: Peer,
    to_server: Pipe,
    to_client: Pipe,
}

impl ProxyConnection {
    /// Bytes take `delay` from one to the other.
    pub(super) fn new(client: Peer, server: Peer, delay: Duration) -> Self {
        Self { client, server, to_server: Pipe::new(delay), to_client: Pipe::new(delay) }
    }

    /// Carries bytes until both directions have ended, on three further threads of this name. The
    /// client's bytes set out when its connection has been opened, which with a round trip added
    /// is later than it could send them; `hearing` gets them, too.
    ///
    /// # Errors
    /// When there is no further thread; the connection has ended then.
    pub(super) fn forward(
        &self,
        opened: Instant,
        name: &str,
        hearing: Option<FrontendReader>,
    ) -> io::Result<()> {
        let Self { client, server, to_server, to_client } = self;
        std::thread::scope(|scope| {
            let thread = || Builder::new().name(name.to_owned());
            let begun = (|| {
                thread().spawn_scoped(scope, || write(to_server, client, server))?;
                thread().spawn_scoped(scope, || write(to_client, server, client))?;
                thread().spawn_scoped(scope, || read(server, to_client, opened, None))
            })();
            match begun {
                Ok(_) => read(client, to_server, opened, hearing),
                Err(_) => self.abort(),
            }
            begun.map(|_| ())
        })
    }

    /// Ends it at once. Its threads wake and end.
    pub(super) fn abort(&self) {
        for pipe in [&self.to_server, &self.to_client] {
            pipe.close();
        }
        for peer in [&self.client, &self.server] {
            peer.abort();
        }
    }
}

/// Reads one side to its end into the pipe.
fn read(mut from: &Peer, pipe: &Pipe, opened: Instant, mut hearing: Option<FrontendReader>) {
    let mut buffer = pipe.buffer();
    let broken = loop {
        match from.read(&mut buffer) {
            Ok(0) => break false,
            Ok(len) => {
                // Before they go on: what they bring about comes after.
                if let Some(hearing) = &mut hearing {
                    hearing.take(&buffer[..len]);
                }
                match pipe.put(buffer, len, opened.max(Instant::now())) {
                    Some(next) => buffer = next,
                    None => return,
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break true,
        }
    };
    pipe.end(broken, opened.max(Instant::now()));
}

/// Writes what the pipe delivers to the other side.
fn write(pipe: &Pipe, from: &Peer, mut to: &Peer) {
    // Sleeps otherwise take up to 50 µs longer, so that timers can be bundled: too much of a
    // millisecond. Where the system does not let us choose, they do take longer.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    loop {
        match pipe.take() {
            Out::Bytes(chunk) => {
                if to.write_all(chunk.bytes()).is_err() {
                    break;
                }
                pipe.arrived(chunk);
            }
            Out::End => return to.shutdown(Shutdown::Write),
            Out::Broken => break,
        }
    }
    // Whoever sends is not read any more. What the other side has sent before is still on its
    // way in the other pipe, and arrives: a server says why it goes.
    pipe.close();
    to.shutdown(Shutdown::Both);
    from.shutdown(Shutdown::Read);
}
