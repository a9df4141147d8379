//! Servers that do not answer, answer something else, or say no in the middle.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use bulkbench::fault::Fault;
use bulkbench::interrupt::Interrupt;
use bulkbench::server::{Connector, target};
use rustix::process::{Pid, Signal, kill_process};

use super::support::*;

fn connector(text: &str, interrupt: &Interrupt) -> Connector {
    target::parse(text).unwrap().connector(interrupt.clone()).unwrap()
}

/// Why there is no connection, and how long that took.
fn refused(text: &str, interrupt: &Interrupt) -> (anyhow::Error, Duration) {
    let start = Instant::now();
    let error = connector(text, interrupt).connect().map(|_| ()).unwrap_err();
    (error, start.elapsed())
}

/// Takes connections and does this with each.
fn listening(serve: impl Fn(TcpStream) + Send + Clone + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (serve, stream) = (serve.clone(), stream.unwrap());
            std::thread::spawn(move || serve(stream));
        }
    });
    port
}

/// Reads, and says nothing.
fn silent(mut stream: TcpStream) {
    while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
}

/// Agrees to TLS, and says nothing more.
fn agrees_only(mut stream: TcpStream) {
    stream.read_exact(&mut [0; 8]).unwrap();
    stream.write_all(b"S").unwrap();
    silent(stream);
}

/// Asks for a password, and says nothing more.
fn asks_only(mut stream: TcpStream) {
    let mut start = [0; 8];
    stream.read_exact(&mut start).unwrap();
    if start == [0, 0, 0, 8, 4, 210, 22, 47] {
        stream.write_all(b"N").unwrap();
    }
    stream.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 3]).unwrap();
    silent(stream);
}

#[test]
fn a_connection_is_made_within_its_limit_or_not_at_all() {
    let is_refused = |what: &str, port: u16, mode: &str| {
        let text = format!("host=127.0.0.1 port={port} user=u password=p sslmode={mode} connect_timeout=2");
        let (error, took) = refused(&text, &Interrupt::new());
        let words = format!("{error:#}");
        assert!(words.contains("no answer within 2 s"), "{what}: {words}");
        assert!(matches!(Fault::find(&error), Some(Fault::Unavailable(_))), "{what}: {words}");
        assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(8), "{what}: {took:?}");
    };
    std::thread::scope(|scope| {
        for (what, port, mode) in [
            ("silent at once", listening(silent), "disable"),
            ("silent when asked for TLS", listening(silent), "prefer"),
            ("silent in the handshake", listening(agrees_only), "require"),
            ("silent after the password", listening(asks_only), "disable"),
            ("silent after the password", listening(asks_only), "prefer"),
        ] {
            scope.spawn(move || is_refused(what, port, mode));
        }
    });
}

#[test]
fn a_connection_that_is_being_made_ends_when_work_has_to_stop() {
    let dir = tempfile::tempdir().unwrap();
    let _socket = UnixListener::bind(dir.path().join(".s.PGSQL.5432")).unwrap();
    for place in [
        format!("host=127.0.0.1 port={} sslmode=disable", listening(silent)),
        format!("host=127.0.0.1 port={} sslmode=prefer", listening(silent)),
        format!("host=127.0.0.1 port={} sslmode=require", listening(agrees_only)),
        format!("host=127.0.0.1 port={} password=p sslmode=disable", listening(asks_only)),
        format!("host={}", dir.path().display()),
    ] {
        let text = format!("{place} user=u connect_timeout=60");
        let interrupt = Interrupt::new();
        let raised = interrupt.clone();
        let signals = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            raised.raise(15);
        });
        let (error, took) = refused(&text, &interrupt);
        assert_eq!(Fault::find(&error), Some(&Fault::Interrupted(15)), "{place}: {error:#}");
        assert!(took < Duration::from_secs(5), "{place}: {took:?}");
        signals.join().unwrap();

        let interrupt = Interrupt::new();
        let _deadline = interrupt.deadline(Duration::from_millis(300)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let start = Instant::now();
        let error = runtime.block_on(connector(&text, &interrupt).connect_async()).map(|_| ()).unwrap_err();
        assert!(matches!(Fault::find(&error), Some(Fault::Timeout(_))), "{place}: {error:#}");
        assert!(start.elapsed() < Duration::from_secs(5), "{place}");
    }
}

#[test]
fn what_is_no_postgresql_is_named_so() {
    // As Redis answers a line that it does not know, and as MySQL and an SSH server begin by themselves.
    for said in ["-ERR unknown command\r\n", "J\0\0\0\n8.0.36\0", "HTTP/1.1 400 Bad Request\r\n\r\n"] {
        let port = listening(move |mut stream| {
            stream.write_all(said.as_bytes()).unwrap();
            silent(stream);
        });
        let text = format!("host=127.0.0.1 port={port} user=u connect_timeout=20");
        let (error, took) = refused(&text, &Interrupt::new());
        let words = format!("{error:#}");
        assert!(
            words.contains("does not speak PostgreSQL's protocol") && words.contains("check the port"),
            "{words}"
        );
        assert!(words.contains(&said[..4].escape_debug().to_string()), "{words}");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

/// The refusal of PgBouncer for a client whose options it does not know: a real server has no such words.
#[test]
fn a_pooler_that_refuses_is_named() {
    let port = listening(|mut stream| {
        let mut start = [0; 8];
        stream.read_exact(&mut start).unwrap();
        let said = b"SFATAL\0C08P01\0Munsupported startup parameter in options: search_path\0\0";
        let length = (said.len() as u32 + 4).to_be_bytes();
        stream.write_all(&[&b"E"[..], &length, said].concat()).unwrap();
        silent(stream);
    });
    let text = format!("host=127.0.0.1 port={port} user=u sslmode=disable");
    let words = format!("{:#}", refused(&text, &Interrupt::new()).0);
    assert!(words.contains("PgBouncer") && words.contains("connect to PostgreSQL itself"), "{words}");
}

/// Stops the backend of a session, and lets it go on when this is dropped.
struct Stopped(Pid);

impl Stopped {
    fn new(pid: i32) -> Self {
        let pid = Pid::from_raw(pid).unwrap();
        kill_process(pid, Signal::STOP).unwrap();
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // It has ended where its server has.
        let _ = kill_process(self.0, Signal::CONT);
    }
}

#[test]
fn a_statement_of_a_backend_that_is_stopped_ends_after_a_grace() {
    let base = base();
    let host = local(base.path());
    host.connector().connect().unwrap().batch_execute("CREATE TABLE t (line text)").unwrap();
    // Most of either is waiting.
    std::thread::scope(|scope| {
        let connector = host.connector().clone();
        scope.spawn(move || a_query_ends_after_its_deadline(&connector));
        let connector = host.connector().clone();
        scope.spawn(move || a_copy_ends_after_a_signal(&connector));
    });
    host.stop().unwrap();
}

fn a_query_ends_after_its_deadline(connector: &Connector) {
    let interrupt = Interrupt::new();
    let mut session = connector.with_interrupt(interrupt.clone()).connect().unwrap();
    let pid: i32 = session.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    let stopped = Stopped::new(pid);
    let start = Instant::now();
    let deadline = interrupt.deadline(Duration::from_secs(1)).unwrap();
    session.query_one("SELECT 1", &[]).map(|_| ()).unwrap_err();
    assert!(matches!(interrupt.check(), Err(Fault::Timeout(_))));
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    drop((session, deadline, stopped));
}

/// In the middle of it, when the socket takes no more bytes.
fn a_copy_ends_after_a_signal(connector: &Connector) {
    let interrupt = Interrupt::new();
    let mut session = connector.with_interrupt(interrupt.clone()).connect().unwrap();
    let pid: i32 = session.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    let mut copy = session.copy_in("COPY t FROM STDIN").unwrap();
    copy.write_all(b"first\n").unwrap();
    let stopped = Stopped::new(pid);
    let raised = interrupt.clone();
    let signals = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        raised.raise(2);
    });
    let start = Instant::now();
    let rows = "another row of many\n".repeat(5_000);
    while copy.write_all(rows.as_bytes()).is_ok() {}
    drop(copy);
    drop(session);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert_eq!(interrupt.check(), Err(Fault::Interrupted(2)));
    signals.join().unwrap();
    drop(stopped);
}
