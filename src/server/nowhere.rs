//! An address that leads nowhere, for the driver's own sockets.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};

/// An address of this machine that takes connections and does nothing with them. The driver insists on
/// opening a socket of its own; nothing ever goes through it.
///
/// # Errors
/// When this machine has no port or no thread.
pub(crate) fn nowhere() -> Result<SocketAddr> {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    if let Some(address) = ADDRESS.get() {
        return Ok(*address);
    }
    let context = "listening on 127.0.0.1, which the driver's connections begin with";
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context(context)?;
    let address = listener.local_addr().context(context)?;
    std::thread::Builder::new()
        .name("nowhere".into())
        .spawn(move || {
            loop {
                match listener.accept() {
                    Ok(taken) => drop(taken),
                    // No descriptor is to be had just now.
                    Err(_) => std::thread::sleep(Duration::from_millis(10)),
                }
            }
        })
        .context(context)?;
    Ok(*ADDRESS.get_or_init(|| address))
}
