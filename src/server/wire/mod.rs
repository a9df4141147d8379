//! The bytes of a connection: what carries them, encrypted or not, and how its waits end.
//!
//! The driver opens sockets of its own, whose waits nothing can end. Here it is told that the
//! server speaks TLS from the first byte on, and is given a "TLS" that opens the socket itself
//! ([`Dial`]): plain or encrypted, within a limit, and with a [`Plug`] that ends every wait from
//! outside. So one way serves blocking and asynchronous connections, Unix sockets and proxies.

mod dial;
mod plug;
mod stream;

pub(crate) use dial::{Address, Crypt, Dial, DialError, Route, SocketOptions};
pub(crate) use plug::Plug;
