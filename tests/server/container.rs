//! Throwaway containers, where an engine has an image of PostgreSQL.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use bulkbench::fault::Fault;
use bulkbench::interrupt::Interrupt;
use bulkbench::model::Source;
use bulkbench::server::container::{BUILT_IMAGE, DEFAULT_IMAGE, EngineStatus, engine_status};
use bulkbench::server::{Choice, Latency, Options, Settings, open};
use rustix::process::Signal;

use super::support::*;

/// Whether a container can be made here; says so when not.
pub(crate) fn available() -> bool {
    let missing = match engine_status() {
        EngineStatus::Answers { images, .. } => {
            let usable = images.iter().any(|image| image == DEFAULT_IMAGE || image.contains(BUILT_IMAGE));
            if usable {
                return true;
            }
            format!("the engine has neither {DEFAULT_IMAGE} nor {BUILT_IMAGE}: run scripts/build-image")
        }
        EngineStatus::Absent(why) | EngineStatus::NoPermission(why) => why,
    };
    skipped(&missing);
    false
}

/// Containers and volumes that these tests' processes have left.
fn left(run: &str) -> String {
    let list = |kind: &[&str]| {
        let output = Command::new("docker")
            .args(kind)
            .args(["--filter", &format!("label=bulkbench.run={run}")])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    list(&["ps", "-aq"]) + &list(&["volume", "ls", "-q"])
}

fn plain() -> Options {
    Options { id: id(), ..Options::default() }
}

#[test]
fn it_loads_restarts_counts_and_leaves_nothing() {
    if !available() {
        return;
    }
    let data = base();
    let file = data.path().join("rows.csv");
    std::fs::write(&file, "1\n2\n3\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let options = Options {
        expose: vec![data.path().to_owned()],
        settings: settings(&[("work_mem", "7MB")]),
        ..plain()
    };
    let mut server = open(&Choice::Container, &options, &Interrupt::new()).unwrap();
    let facts = server.facts().clone();
    assert_eq!(facts.source, Source::Container);
    assert!(facts.image.is_some() && facts.transport.starts_with("tcp"));
    for (name, value) in [("fsync", "on"), ("data_checksums", "on"), ("lc_collate", "C"), ("work_mem", "7MB")]
    {
        assert_eq!(facts.settings[name], value, "{name}");
    }
    assert!(!left(&options.id).is_empty());

    let visible = server.visible_path(&file).unwrap();
    let mut session = server.connector().connect().unwrap();
    session.batch_execute("CREATE TABLE numbers (n int)").unwrap();
    assert_eq!(session.execute(&format!("COPY numbers FROM '{}'", visible.display()), &[]).unwrap(), 3);
    drop(session);
    assert!(server.visible_path("/etc/passwd".as_ref()).is_err());

    let before = server.cpu_time().unwrap().unwrap();
    server
        .connector()
        .connect()
        .unwrap()
        .batch_execute("SELECT count(*) FROM generate_series(1, 3000000)")
        .unwrap();
    let after = server.cpu_time().unwrap().unwrap();
    assert!(after - before >= Duration::from_millis(100), "{before:?} {after:?}");

    server.apply(&settings(&[("wal_level", "minimal")])).unwrap();
    assert_eq!(ask(server.as_ref(), "SHOW wal_level"), "minimal");
    assert_eq!(ask(server.as_ref(), "SELECT count(*)::text FROM numbers"), "3", "the same data");
    assert!(server.cpu_time().unwrap().unwrap() >= after);
    let error = format!("{:#}", server.apply(&settings(&[("wal_level", "maximal")])).unwrap_err());
    assert!(error.contains("invalid value for parameter \"wal_level\""), "{error}");
    server.apply(&Settings::new()).unwrap();
    assert!(server.died().is_none());
    server.stop().unwrap();
    assert_eq!(left(&options.id), "");
}

#[test]
fn wrong_settings_and_images_leave_nothing() {
    if !available() {
        return;
    }
    let options = Options { settings: settings(&[("shared_bufers", "1GB")]), ..plain() };
    let error = open(&Choice::Container, &options, &Interrupt::new()).map(|_| ()).unwrap_err();
    assert!(format!("{error:#}").contains("did you mean `shared_buffers`?"), "{error:#}");
    assert_eq!(left(&options.id), "");
    let options = Options { image: Some("no-such-image-of-bulkbench:1".into()), ..plain() };
    let error = open(&Choice::Container, &options, &Interrupt::new()).map(|_| ()).unwrap_err();
    assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(3));
    assert!(format!("{error:#}").contains("no-such-image-of-bulkbench:1"), "{error:#}");
}

#[test]
fn an_interrupted_start_leaves_nothing() {
    if !available() {
        return;
    }
    for after_ms in [50, 150, 300, 500, 700, 1000] {
        let interrupt = Interrupt::new();
        let raised = interrupt.clone();
        let signal = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(after_ms));
            raised.raise(15);
        });
        let options = plain();
        if let Err(error) = open(&Choice::Container, &options, &interrupt) {
            assert_eq!(Fault::find(&error), Some(&Fault::Interrupted(15)), "{error:#}");
        }
        signal.join().unwrap();
        assert_eq!(left(&options.id), "");
    }
}

#[test]
fn what_a_killed_owner_left_is_swept_and_a_live_one_is_not() {
    if !available() {
        return;
    }
    let base = base();
    let run = id();
    let mut owner = Owner::start("container", base.path(), &[("BULKBENCH_TEST_ID", &run)]);
    owner.said("postmaster");
    let living = plain();
    let server = open(&Choice::Container, &living, &Interrupt::new()).unwrap();
    assert!(!left(&run).is_empty(), "its owner lives");
    owner.signal(Signal::KILL);
    owner.child.wait().unwrap();
    let next = open(&Choice::Container, &plain(), &Interrupt::new()).unwrap();
    assert_eq!(left(&run), "");
    assert_eq!(ask(server.as_ref(), "SELECT 'well'"), "well");
    next.stop().unwrap();
    server.stop().unwrap();
    assert_eq!(left(&living.id), "");
}

/// The container plays a server of the user's here: it is the one that is reached by TCP.
#[test]
fn an_encrypted_server_is_reached_as_sslmode_says() {
    if !available() {
        return;
    }
    let dir = base();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-keyout", "server.key", "-out", "server.crt"])
        .current_dir(dir.path())
        .output();
    if !made.is_ok_and(|output| output.status.success()) {
        return skipped("openssl makes no certificate here");
    }
    let host = open(&Choice::Container, &plain(), &Interrupt::new()).unwrap();
    let config = host.connector().config();
    let password = String::from_utf8(config.get_password().unwrap().to_vec()).unwrap();
    let address = match &config.get_hosts()[0] {
        tokio_postgres::config::Host::Tcp(name) => format!("{name}:{}", config.get_ports()[0]),
        other @ tokio_postgres::config::Host::Unix(_) => panic!("{other:?}"),
    };
    let external = |mode: &str| {
        let url = format!("postgres://postgres:{password}@{address}/postgres?sslmode={mode}");
        open(&Choice::External(url), &plain(), &Interrupt::new())
    };
    let error = format!("{:#}", external("require").map(|_| ()).unwrap_err());
    assert!(error.contains("does not offer TLS"), "no TLS yet: {error}");
    let without = external("prefer").unwrap();
    assert!(!without.facts().transport.contains("TLS"));
    without.stop().unwrap();

    let mut session = host.connector().connect().unwrap();
    for file in ["server.key", "server.crt"] {
        let lines = std::fs::read_to_string(dir.path().join(file)).unwrap();
        let rows: Vec<String> = lines.lines().map(|line| format!("('{line}')")).collect();
        let copy = format!("COPY (VALUES {}) TO PROGRAM 'umask 077; cat > {file}'", rows.join(", "));
        session.batch_execute(&copy).unwrap();
    }
    session.batch_execute("ALTER SYSTEM SET ssl = on").unwrap();
    session.batch_execute("SELECT pg_reload_conf()").unwrap();
    wait_until("the reload", || external("require").is_ok());
    for mode in ["require", "prefer"] {
        let server = external(mode).unwrap();
        assert!(server.facts().transport.ends_with(", TLS"), "{mode}: {}", server.facts().transport);
        assert_eq!(ask(server.as_ref(), "SELECT 'well'"), "well");
        let latency = Latency::start(server.connector(), Duration::from_millis(2)).unwrap();
        let mut session = latency.connector().connect().unwrap();
        let encrypted = session.query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]);
        assert!(encrypted.unwrap().get::<_, bool>(0), "{mode}: through a proxy");
        server.stop().unwrap();
    }
    let error = format!("{:#}", external("verify-full").map(|_| ()).unwrap_err());
    assert!(error.contains("certificate"), "made by nobody this machine trusts: {error}");
    host.stop().unwrap();
}
