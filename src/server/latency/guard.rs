//! Who may connect: a server that listens on a Unix socket lets in whom the file system lets in,
//! and often asks for nothing else. A port of 127.0.0.1 must not open it to everybody on this machine.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};

/// Linux's list of the TCP sockets of this network namespace, with their owners.
const SOCKETS: &str = "/proc/net/tcp";
/// The start of a request to cancel a statement: its length and its code, as the PostgreSQL
/// documentation of the message formats (CancelRequest) has them.
const CANCEL: [u8; 8] = [0, 0, 0, 16, 4, 210, 22, 46];

/// Passes for a client of this user or of root; and for a request to cancel, which is worth nothing
/// without the key that only the session's own client has, and whose sender may have gone already.
///
/// # Errors
/// [`ErrorKind::PermissionDenied`] for others; when the client or the system does not tell.
pub(crate) fn check(client: &TcpStream) -> io::Result<()> {
    let (here, there) = (client.local_addr()?, client.peer_addr()?);
    let owner = owner(&std::fs::read_to_string(SOCKETS)?, there, here);
    if owner.is_some_and(|uid| uid == 0 || uid == rustix::process::geteuid().as_raw()) {
        return Ok(());
    }
    // Only of a client that has gone, so that all it sent is here, and this does not wait.
    let mut start = [0; CANCEL.len()];
    if owner.is_none() && client.peek(&mut start)? == start.len() && start == CANCEL {
        return Ok(());
    }
    let words = "only the user that runs this program may connect through it to a server's Unix socket";
    Err(io::Error::new(ErrorKind::PermissionDenied, words))
}

/// The user who holds the open end `local` of the connection to `remote`; none when nobody does.
fn owner(sockets: &str, local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    const ESTABLISHED: &str = "01";
    let (local, remote) = (in_hex(local)?, in_hex(remote)?);
    sockets.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let found = fields.get(1..4)? == [local.as_str(), remote.as_str(), ESTABLISHED];
        fields.get(7).filter(|_| found)?.parse().ok()
    })
}

/// An address as the list has it: the IPv4 address as a number in the machine's own byte order.
fn in_hex(address: SocketAddr) -> Option<String> {
    match address {
        SocketAddr::V4(v4) => Some(format!("{:08X}:{:04X}", u32::from_ne_bytes(v4.ip().octets()), v4.port())),
        SocketAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{Shutdown, TcpListener};

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    #[test]
    fn the_owner_of_an_open_end_is_found() {
        let (client, accepted) = pair();
        let (here, there) = (accepted.local_addr().unwrap(), accepted.peer_addr().unwrap());
        let list = std::fs::read_to_string(SOCKETS).unwrap();
        assert_eq!(owner(&list, there, here), Some(rustix::process::geteuid().as_raw()));
        check(&accepted).unwrap();
        let others = list.replace(" 01 ", " 06 ");
        assert_eq!(owner(&others, there, here), None, "not after it was closed");
        drop(client);
    }

    #[test]
    fn who_has_gone_may_have_cancelled_and_nothing_else() {
        let send = |bytes: &[u8]| {
            let (mut client, accepted) = pair();
            client.write_all(bytes).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            drop(client);
            check(&accepted)
        };
        send(&[&CANCEL[..], &[0; 8]].concat()).unwrap();
        let startup = [&[0, 0, 0, 16, 0, 3, 0, 0][..], &[0; 8]].concat();
        assert_eq!(send(&startup).unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(send(b"").unwrap_err().kind(), ErrorKind::PermissionDenied);
    }
}
