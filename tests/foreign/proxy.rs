//! A server that speaks PostgreSQL's protocol and is not PostgreSQL: PostgreSQL itself, behind a proxy that changes
//! the statements which go through it. One that it refuses becomes a query for a column that there is not, whose name
//! is the reason: the server's own error then has it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;

use bulkbench::server::Server;
use tokio_postgres::config::Host;

/// What becomes of statements that have a text in them.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    /// Those with this text are refused.
    Refuse(&'static str),
    /// This text becomes that one.
    Change(&'static str, &'static str),
}

/// The words in which a statement with this text is refused.
pub(crate) fn words(text: &str) -> String {
    format!("this engine has no {text}")
}

/// Starts a proxy in front of the server; gives the URL by which a user would name it.
pub(crate) fn start(server: &dyn Server, rules: Vec<Rule>) -> String {
    let config = server.connector().config();
    let Some(Host::Unix(dir)) = config.get_hosts().first() else { panic!("no socket in {config:?}") };
    let socket = dir.join(format!(".s.PGSQL.{}", config.get_ports().first().unwrap_or(&5432)));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let rules = Arc::new(rules);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, socket, rules) = (client.unwrap(), socket.clone(), rules.clone());
            std::thread::spawn(move || serve(client, socket, &rules));
        }
    });
    let user = config.get_user().unwrap();
    format!(
        "postgres://{user}@127.0.0.1:{port}/{}?sslmode=disable",
        config.get_dbname().unwrap_or("postgres")
    )
}

fn serve(mut client: TcpStream, socket: PathBuf, rules: &[Rule]) -> Option<()> {
    client.set_nodelay(true).ok()?;
    let mut server = UnixStream::connect(socket).ok()?;
    let (mut from_server, mut to_client) = (server.try_clone().ok()?, client.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Write);
    });
    // The first message has no kind.
    server.write_all(&message(&mut client)?).ok()?;
    loop {
        let mut kind = [0];
        if client.read_exact(&mut kind).is_err() {
            break;
        }
        let message = message(&mut client)?;
        let body = &message[4..];
        let changed = match kind[0] {
            b'Q' => changed(&body[..body.len() - 1], rules).map(|sql| [sql.as_slice(), b"\0"].concat()),
            b'P' => {
                let name = body.iter().position(|byte| *byte == 0)? + 1;
                let end = name + body[name..].iter().position(|byte| *byte == 0)?;
                changed(&body[name..end], rules).map(|sql| [&body[..name], &sql, &body[end..]].concat())
            }
            _ => None,
        };
        server.write_all(&kind).ok()?;
        match changed {
            Some(body) => {
                server.write_all(&(body.len() as u32 + 4).to_be_bytes()).ok()?;
                server.write_all(&body).ok()?;
            }
            None => server.write_all(&message).ok()?,
        }
    }
    server.shutdown(Shutdown::Write).ok()
}

/// A message behind its kind: its length, and as many bytes.
fn message(from: &mut impl Read) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length).ok()?;
    let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
    from.read_exact(&mut body).ok()?;
    Some([&length[..], &body].concat())
}

fn changed(sql: &[u8], rules: &[Rule]) -> Option<Vec<u8>> {
    let mut sql = String::from_utf8(sql.to_vec()).ok()?;
    let before = sql.clone();
    for rule in rules {
        match rule {
            Rule::Refuse(text) if sql.contains(text) => sql = format!("SELECT \"{}\"", words(text)),
            Rule::Refuse(_) => {}
            Rule::Change(from, to) => sql = sql.replace(from, to),
        }
    }
    (sql != before).then(|| sql.into_bytes())
}
