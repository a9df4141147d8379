//! The proxy that adds latency: in front of plain sockets that send back what they get, and in
//! front of real servers.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bulkbench::fault::Fault;
use bulkbench::interrupt::Interrupt;
use bulkbench::server::{Connector, Latency};
use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::error::SqlState;

use super::support::*;

const ROUND_TRIP: Duration = Duration::from_millis(20);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A connector to a TCP address where no PostgreSQL needs to be.
fn tcp(address: SocketAddr) -> Connector {
    let mut config = tokio_postgres::Config::new();
    config.host(address.ip().to_string()).port(address.port()).user("nobody");
    Connector::new(config, Interrupt::new())
}

/// Accepts one connection and does this with it.
fn once(serve: impl FnOnce(TcpStream) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (address, std::thread::spawn(move || serve(listener.accept().unwrap().0)))
}

/// Sends back whatever it gets, and the end after it.
fn echo() -> (SocketAddr, JoinHandle<()>) {
    once(|stream| {
        stream.set_nodelay(true).unwrap();
        std::io::copy(&mut &stream, &mut &stream).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
    })
}

/// The port that a proxy in front of one host listens on.
fn port(latency: &Latency) -> u16 {
    latency.connector().config().get_ports()[0]
}

fn dial(latency: &Latency) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port(latency))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// The number of threads of the proxy at this port in this process.
fn threads(port: u16) -> usize {
    let name = format!("latency {port}\n");
    entries("/proc/self/task".as_ref())
        .iter()
        .filter(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm == name))
        .count()
}

/// Bytes without a pattern that a lost or doubled chunk could hide in.
fn noise(len: usize, mut seed: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        bytes.extend((seed ^ (seed >> 29)).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// The fastest of some exchanges of one byte.
fn exchange(stream: &mut TcpStream) -> Duration {
    let once = |stream: &mut TcpStream| {
        let start = Instant::now();
        stream.write_all(b"?").unwrap();
        stream.read_exact(&mut [0]).unwrap();
        start.elapsed()
    };
    (0..5).map(|_| once(stream)).min().unwrap()
}

#[test]
fn a_round_trip_takes_what_was_added_and_little_more() {
    for round_trip in [Duration::ZERO, ms(2), ROUND_TRIP] {
        let (address, server) = echo();
        let latency = Latency::start(&tcp(address), round_trip).unwrap();
        let begun = Instant::now();
        let mut client = dial(&latency);
        client.write_all(b"!").unwrap();
        client.read_exact(&mut [0]).unwrap();
        assert!(begun.elapsed() >= 2 * round_trip, "opening is a round trip of its own");
        let took = exchange(&mut client);
        assert!(took >= round_trip && took < round_trip + ms(15), "{round_trip:?}: {took:?}");
        drop(client);
        server.join().unwrap();
    }
}

#[test]
fn the_flow_is_delayed_and_not_throttled_and_nothing_changes() {
    const SIZE: usize = 16 << 20;
    let (address, server) = echo();
    let latency = Latency::start(&tcp(address), ROUND_TRIP).unwrap();
    let client = dial(&latency);
    let sent = noise(SIZE, 1);
    let start = Instant::now();
    let got = std::thread::scope(|scope| {
        scope.spawn(|| {
            // Pieces of very different sizes, so that chunks of all kinds are on their way at once.
            let mut rest = &sent[..];
            for size in [1, 7, 100_000, 300, 65_536, 16_384, 16_383].into_iter().cycle() {
                let (piece, after) = rest.split_at(size.min(rest.len()));
                (&client).write_all(piece).unwrap();
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            client.shutdown(Shutdown::Write).unwrap();
        });
        let mut got = Vec::new();
        (&client).read_to_end(&mut got).unwrap();
        got
    });
    let took = start.elapsed();
    assert!(got == sent, "{} of {} bytes, or others", got.len(), sent.len());
    // 256 chunks of 64 KiB, one after the other, would take more than five seconds.
    assert!(took >= 2 * ROUND_TRIP && took < ms(2500), "{took:?}");
    server.join().unwrap();
}

#[test]
fn each_half_ends_on_its_own_after_its_bytes() {
    let (address, server) = once(|mut stream| {
        let mut got = Vec::new();
        stream.read_to_end(&mut got).unwrap();
        assert_eq!(got, b"all of it");
        for _ in 0..3 {
            std::thread::sleep(ms(5));
            stream.write_all(b"answer ").unwrap();
        }
    });
    let latency = Latency::start(&tcp(address), ROUND_TRIP).unwrap();
    let mut client = dial(&latency);
    client.write_all(b"all of it").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut got = String::new();
    client.read_to_string(&mut got).unwrap();
    assert_eq!(got, "answer answer answer ");
    server.join().unwrap();
    wait_until("the end of the connection's threads", || threads(port(&latency)) == 1);
}

#[test]
fn a_server_that_stops_reading_holds_the_client_back() {
    let (release, released) = std::sync::mpsc::channel();
    let (address, server) = once(move |mut stream| {
        released.recv().unwrap();
        let all = std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
        assert_eq!(all, 64 << 20);
    });
    let latency = Latency::start(&tcp(address), ms(2)).unwrap();
    let client = dial(&latency);
    client.set_write_timeout(Some(ms(500))).unwrap();
    let block = vec![0; 1 << 20];
    let mut left = 64 << 20;
    while left > 0 {
        match (&client).write(&block[..left.min(block.len())]) {
            Ok(written) => left -= written,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                break;
            }
        }
    }
    assert!(left > 16 << 20, "{left} bytes did not get onto the way");
    release.send(()).unwrap();
    client.set_write_timeout(None).unwrap();
    while left > 0 {
        left -= (&client).write(&block[..left.min(block.len())]).unwrap();
    }
    client.shutdown(Shutdown::Write).unwrap();
    server.join().unwrap();
}

#[test]
fn a_server_that_goes_closes_the_connection_and_leaves_no_thread() {
    let (address, server) = once(drop);
    let latency = Latency::start(&tcp(address), ROUND_TRIP).unwrap();
    let mut client = dial(&latency);
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    // What the client still sends gets nowhere, and it learns that by an error, as without a proxy.
    let mut wrote = Ok(());
    for _ in 0..200 {
        wrote = client.write_all(&[0; 4096]);
        std::thread::sleep(ms(1));
    }
    assert!(wrote.is_err());
    server.join().unwrap();
    wait_until("the end of the connection's threads", || threads(port(&latency)) == 1);
}

#[test]
fn a_client_that_is_cut_off_leaves_no_thread() {
    let base = base();
    let host = local(base.path());
    let latency = Latency::start(host.connector(), ms(2)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let backend = runtime.block_on(async {
        let session = latency.connector().connect_async().await.unwrap();
        session.batch_execute("CREATE TEMP TABLE rows (line text)").await.unwrap();
        let backend: i32 = session.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
        let rows = session.copy_in::<_, Bytes>("COPY rows FROM STDIN").await.unwrap();
        let mut rows = Box::pin(rows);
        rows.send(Bytes::from_static(b"one\n")).await.unwrap();
        backend
    });
    assert!(lives(backend));
    assert_eq!(threads(port(&latency)), 5);
    // Its socket goes without a word of the protocol.
    drop(runtime);
    wait_until("the end of the backend", || !lives(backend));
    wait_until("the end of the connection's threads", || threads(port(&latency)) == 1);

    // One that is reset: closed with bytes in it that nobody has read.
    let (address, server) = echo();
    let latency = Latency::start(&tcp(address), ms(2)).unwrap();
    let mut client = dial(&latency);
    client.write_all(&noise(1 << 16, 3)).unwrap();
    client.peek(&mut [0]).unwrap();
    drop(client);
    // The echo may meet the reset as an error; that it ends is what counts.
    let _ = server.join();
    wait_until("the end of the connection's threads", || threads(port(&latency)) == 1);
    host.stop().unwrap();
}

#[test]
fn a_drop_ends_everything_in_the_middle_of_a_transfer() {
    let (address, server) = echo();
    let latency = Latency::start(&tcp(address), ms(4000)).unwrap();
    let port = port(&latency);
    let client = dial(&latency);
    let transfer = std::thread::spawn(move || {
        let block = noise(1 << 16, 5);
        while (&client).write_all(&block).is_ok() {}
    });
    // Idle ones too: at every stage of a connection somebody waits for something.
    let idle = dial(&latency);
    wait_until("the transfer", || threads(port) >= 6);
    std::thread::sleep(ms(50));
    let start = Instant::now();
    drop(latency);
    assert!(start.elapsed() < ms(1000), "{:?}: it must not wait for what is on its way", start.elapsed());
    // They have ended; the system's list of them may lag behind by a moment.
    wait_until("their end", || threads(port) == 0);
    assert!(start.elapsed() < ms(2000), "{:?}", start.elapsed());
    transfer.join().unwrap();
    let _ = server.join();
    assert!(matches!((&idle).read(&mut [0]), Ok(0) | Err(_)));
    let gone = TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_server_that_is_not_there_is_named_with_the_next_step() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let latency = Latency::start(&tcp(nobody), ms(2)).unwrap();
    let error = latency.connector().connect().map(|_| ()).unwrap_err();
    assert!(matches!(Fault::find(&error), Some(Fault::Unavailable(_))), "{error:#}");
    let text = format!("{error:#}");
    for part in [nobody.to_string().as_str(), "refused", "nothing listens there"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains(&port(&latency).to_string()), "the proxy is not the problem: {text}");

    let base = base();
    let mut config = tokio_postgres::Config::new();
    config.host_path(base.path()).user("nobody");
    let latency = Latency::start(&Connector::new(config, Interrupt::new()), ms(2)).unwrap();
    let text = format!("{:#}", latency.connector().connect().map(|_| ()).unwrap_err());
    assert!(text.contains(".s.PGSQL.5432") && text.contains("nothing listens there"), "{text}");

    let mut config = tokio_postgres::Config::new();
    config.host("no-such-host.invalid").user("nobody");
    let error = Latency::start(&Connector::new(config, Interrupt::new()), ms(2)).map(|_| ()).unwrap_err();
    assert!(format!("{error:#}").contains("no-such-host.invalid"), "{error:#}");
}

/// A query that shows whether both ways lead to the same server as the same user, with all options.
const WHO: &str = "SELECT concat_ws(' ', current_user, current_database(), \
    current_setting('application_name'), current_setting('work_mem'), pg_postmaster_start_time())";

fn who(connector: &Connector) -> String {
    connector.connect().unwrap().query_one(WHO, &[]).unwrap().get(0)
}

#[test]
fn it_leads_to_the_same_server_by_unix_socket_and_by_tcp() {
    let base = base();
    let host = local(base.path());
    let mut config = host.connector().config().clone();
    config.options("-c work_mem=7MB").application_name("latency test");
    let direct = Connector::new(config, Interrupt::new());
    let by_socket = Latency::start(&direct, ROUND_TRIP).unwrap();
    let by_tcp = Latency::start(by_socket.connector(), ROUND_TRIP).unwrap();
    assert!(who(&direct).contains("latency test 7MB"), "{}", who(&direct));
    assert_eq!(who(by_socket.connector()), who(&direct));
    assert_eq!(who(by_tcp.connector()), who(&direct));

    let mut session = by_tcp.connector().connect().unwrap();
    let start = Instant::now();
    session.batch_execute("SELECT").unwrap();
    let took = start.elapsed();
    assert!(took >= 2 * ROUND_TRIP && took < 2 * ROUND_TRIP + ms(30), "both latencies: {took:?}");

    session.batch_execute("CREATE TEMP TABLE rows (line text)").unwrap();
    let rows: String = (0..200_000).map(|i| format!("row {i}\n")).collect();
    let mut writer = session.copy_in("COPY rows FROM STDIN").unwrap();
    writer.write_all(rows.as_bytes()).unwrap();
    assert_eq!(writer.finish().unwrap(), 200_000);
    let mut back = String::new();
    session.copy_out("COPY rows TO STDOUT").unwrap().read_to_string(&mut back).unwrap();
    assert!(back == rows);
    host.stop().unwrap();
}

#[test]
fn several_hosts_are_tried_in_order() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let base = base();
    let host = local(base.path());
    let mut config = tokio_postgres::Config::new();
    config.host(nobody.ip().to_string()).port(nobody.port());
    config.host_path(socket_dir(host.as_ref())).port(5432);
    let port: u16 = ask(host.as_ref(), "SHOW port").parse().unwrap();
    assert_eq!(port, 5432, "as the configuration above has it");
    config.user("postgres").dbname("postgres");
    let latency = Latency::start(&Connector::new(config, Interrupt::new()), ms(2)).unwrap();
    assert!(who(latency.connector()).starts_with("postgres postgres "));
    host.stop().unwrap();
}

#[test]
fn work_that_has_to_stop_cancels_its_statement_through_it() {
    let base = base();
    let host = local(base.path());
    let interrupt = Interrupt::new();
    let direct = Connector::new(host.connector().config().clone(), interrupt.clone());
    let latency = Latency::start(&direct, ROUND_TRIP).unwrap();
    let mut session = latency.connector().connect().unwrap();
    let start = Instant::now();
    let deadline = interrupt.deadline(ms(300)).unwrap();
    let error = session.batch_execute("SELECT pg_sleep(60)").unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
    drop(deadline);
    session.batch_execute("SELECT 'goes on'").unwrap();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(async {
        let session = latency.connector().connect_async().await.unwrap();
        let raised = interrupt.clone();
        let raiser = std::thread::spawn(move || {
            std::thread::sleep(ms(200));
            raised.raise(2);
        });
        let error = session.batch_execute("SELECT pg_sleep(60)").await.unwrap_err();
        raiser.join().unwrap();
        error
    });
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error}");
    drop(session);
    host.stop().unwrap();
}

#[test]
fn a_server_that_dies_says_so_through_it() {
    let base = base();
    let host = local(base.path());
    let latency = Latency::start(host.connector(), ROUND_TRIP).unwrap();
    let mut session = latency.connector().connect().unwrap();
    let mut other = host.connector().connect().unwrap();
    let backend: i32 = session.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    other.batch_execute(&format!("SELECT pg_terminate_backend({backend})")).unwrap();
    wait_until("the end of the backend", || !lives(backend));
    std::thread::sleep(2 * ROUND_TRIP);
    let error = session.batch_execute("SELECT").unwrap_err();
    let says_why = error.code() == Some(&SqlState::ADMIN_SHUTDOWN);
    assert!(says_why || error.is_closed(), "{error:?}");
    wait_until("the end of the connection's threads", || threads(port(&latency)) == 1);
    drop((session, other));
    host.stop().unwrap();
}

#[test]
fn many_at_once_pass_to_a_unix_socket() {
    // That other users are kept out is for the tests of the check itself: these run as one user.
    let base = base();
    let path = base.path().join(".s.PGSQL.5432");
    let listener = UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        for _ in 0..20 {
            let (mut stream, _) = listener.accept().unwrap();
            std::thread::spawn(move || {
                let mut reader = stream.try_clone().unwrap();
                let _ = std::io::copy(&mut reader, &mut stream);
            });
        }
    });
    let mut config = tokio_postgres::Config::new();
    config.host_path(base.path()).user("nobody");
    let latency = Latency::start(&Connector::new(config, Interrupt::new()), ms(2)).unwrap();
    let mut clients: Vec<TcpStream> = (0..20).map(|_| dial(&latency)).collect();
    for client in &mut clients {
        exchange(client);
    }
    server.join().unwrap();
    drop(clients);
    wait_until("the end of all threads", || threads(port(&latency)) == 1);
}
