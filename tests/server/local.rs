//! Throwaway clusters from binaries on this machine.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use bulkbench::fault::Fault;
use bulkbench::interrupt::Interrupt;
use bulkbench::model::Source;
use bulkbench::server::local::choose;
use bulkbench::server::{Checksums, Choice, Options, Server, Settings, open};
use rustix::process::{Pid, Signal, kill_process};

use super::support::*;

#[test]
fn it_says_what_it_is_and_leaves_nothing() {
    let base = base();
    let server = local(base.path());
    let facts = server.facts();
    assert_eq!(facts.source, Source::Local);
    assert!(facts.version.starts_with("PostgreSQL "), "{}", facts.version);
    assert!(facts.version_num >= 130000);
    assert_eq!(facts.transport, "unix socket");
    for (name, value) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("lc_collate", "C"),
        ("locale_provider", "libc"),
        ("wal_level", "replica"),
        ("checkpoint_timeout", "1d"),
    ] {
        assert_eq!(facts.settings.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(facts.given["shared_buffers"], facts.settings["shared_buffers"]);
    // Neither where the version has none.
    assert_eq!(facts.given.get("track_wal_io_timing"), facts.settings.get("track_wal_io_timing"));
    assert_eq!(ask(server.as_ref(), "SHOW listen_addresses"), "");
    assert!(server.died().is_none());

    let (pid, socket) = (postmaster(server.as_ref()), socket_dir(server.as_ref()));
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(lives(pid));
    server.stop().unwrap();
    assert!(!lives(pid) && !socket.exists());
    assert_eq!(entries(base.path()), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_version_without_a_setting_of_the_tuning_starts_without_it() {
    let (base, old) = (base(), base());
    let bin = choose(None).unwrap().bin;
    for file in entries(&bin) {
        let there = old.path().join(file.file_name().unwrap());
        std::os::unix::fs::symlink(&file, there).unwrap();
    }
    // As 13, which has no such setting.
    let (postgres, script) = (bin.join("postgres"), old.path().join("postgres"));
    let words = "FATAL:  unrecognized configuration parameter \"track_wal_io_timing\"";
    let body = format!(
        "#!/bin/sh\ncase \"$*\" in *track_wal_io_timing*) echo '{words}' >&2; exit 1;; esac\nexec '{}' \"$@\"\n",
        postgres.display()
    );
    std::fs::remove_file(&script).unwrap();
    std::fs::write(&script, body).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let started = |settings: Settings| {
        let options = Options { pg_bin: Some(old.path().to_owned()), settings, ..options(base.path()) };
        open(&Choice::Local, &options, &Interrupt::new())
    };
    let server = started(Settings::new()).unwrap();
    assert_eq!(server.facts().given.get("track_wal_io_timing"), None);
    assert_eq!(server.facts().given["checkpoint_timeout"], "1d");
    server.stop().unwrap();
    let error = started(settings(&[("track_wal_io_timing", "on")])).map(|_| ()).unwrap_err();
    assert!(format!("{error:#}").contains("track_wal_io_timing"), "the user's own is not dropped: {error:#}");
}

#[test]
fn a_panic_leaves_nothing() {
    let base = base();
    let path = base.path().to_owned();
    let panicked = std::thread::spawn(move || {
        let server = local(&path);
        assert!(server.died().is_some(), "this panic is meant");
    });
    assert!(panicked.join().is_err());
    assert_eq!(entries(base.path()).len(), 0);
}

#[test]
fn two_at_once_do_not_disturb_each_other() {
    let base = base();
    let (one, two) = (local(base.path()), local(base.path()));
    one.connector().connect().unwrap().batch_execute("CREATE TABLE only_here ()").unwrap();
    assert_eq!(ask(two.as_ref(), "SELECT count(*)::text FROM pg_class WHERE relname = 'only_here'"), "0");
    one.stop().unwrap();
    assert_eq!(ask(two.as_ref(), "SELECT 'well'"), "well");
    assert_eq!(entries(base.path()).len(), 1);
    two.stop().unwrap();
}

#[test]
fn settings_are_applied_and_only_a_change_restarts() {
    let base = base();
    let set = settings(&[("Work_Mem", "7MB")]);
    let options = Options { settings: set, checksums: Checksums::Off, ..options(base.path()) };
    let mut server = open(&Choice::Local, &options, &Interrupt::new()).unwrap();
    assert_eq!(ask(server.as_ref(), "SHOW work_mem"), "7MB");
    assert_eq!(server.facts().given["work_mem"], "7MB");
    assert_eq!(server.facts().settings["data_checksums"], "off");
    server.connector().connect().unwrap().batch_execute("CREATE TABLE kept AS SELECT 1 AS n").unwrap();

    let first = postmaster(server.as_ref());
    server.apply(&Settings::new()).unwrap();
    assert_eq!(postmaster(server.as_ref()), first, "nothing has changed");
    server.apply(&settings(&[("maintenance_work_mem", "5MB")])).unwrap();
    assert_eq!(postmaster(server.as_ref()), first, "a session can have this one");
    assert_eq!(ask(server.as_ref(), "SHOW maintenance_work_mem"), "5MB");
    server.apply(&Settings::new()).unwrap();
    assert_ne!(ask(server.as_ref(), "SHOW maintenance_work_mem"), "5MB");
    server.apply(&settings(&[("wal_level", "minimal")])).unwrap();
    assert_ne!(postmaster(server.as_ref()), first);
    assert!(!lives(first));
    assert_eq!(ask(server.as_ref(), "SHOW wal_level"), "minimal");
    assert_eq!(ask(server.as_ref(), "SHOW max_wal_senders"), "0");
    assert_eq!(ask(server.as_ref(), "SHOW work_mem"), "7MB", "the given settings stay");
    assert_eq!(ask(server.as_ref(), "SELECT n::text FROM kept"), "1");
    server.apply(&Settings::new()).unwrap();
    assert_eq!(ask(server.as_ref(), "SHOW wal_level"), "replica");
    server.stop().unwrap();
}

fn refusal(set: &[(&str, &str)]) -> (String, i32) {
    let base = base();
    let options = Options { settings: settings(set), ..options(base.path()) };
    let error = open(&Choice::Local, &options, &Interrupt::new()).map(|_| ()).unwrap_err();
    assert_eq!(entries(base.path()).len(), 0, "a failed start leaves nothing");
    (format!("{error:#}"), Fault::find(&error).map_or(1, Fault::exit_code))
}

#[test]
fn wrong_settings_are_named_with_the_next_step() {
    let (unknown, code) = refusal(&[("shared_bufers", "1GB")]);
    assert!(unknown.contains("no setting `shared_bufers`; did you mean `shared_buffers`?"), "{unknown}");
    assert_eq!(code, 2);
    let (bad, code) = refusal(&[("work_mem", "lots")]);
    assert!(bad.contains("invalid value for parameter \"work_mem\""), "{bad}");
    assert_eq!(code, 2);
    let (reserved, code) = refusal(&[("port", "5433")]);
    assert!(reserved.contains("`port`") && code == 2, "{reserved}");
}

#[test]
fn a_case_with_wrong_settings_fails_and_the_next_one_runs() {
    let base = base();
    let mut server = local(base.path());
    let unknown = server.refuses(&settings(&[("wal_levle", "minimal")])).unwrap();
    assert!(unknown.contains("did you mean `wal_level`?"), "{unknown}");
    assert_eq!(server.refuses(&settings(&[("wal_level", "minimal")])), None);
    let error = format!("{:#}", server.apply(&settings(&[("wal_level", "maximal")])).unwrap_err());
    assert!(error.contains("invalid value for parameter \"wal_level\""), "{error}");
    assert!(server.died().is_some());
    server.apply(&Settings::new()).unwrap();
    assert!(server.died().is_none());
    server.stop().unwrap();
}

#[test]
fn cpu_time_follows_the_work_and_never_falls() {
    let base = base();
    let mut server = local(base.path());
    let mut last = Duration::ZERO;
    let mut rises = |server: &dyn Server| {
        let now = server.cpu_time().unwrap().unwrap();
        assert!(now >= last, "{now:?} after {last:?}");
        let more = now - last;
        last = now;
        more
    };
    rises(server.as_ref());
    // In a session that ends, so that its time moves to the postmaster's ended children.
    let work = "SELECT count(*) FROM generate_series(1, 3000000)";
    server.connector().connect().unwrap().batch_execute(work).unwrap();
    assert!(rises(server.as_ref()) >= Duration::from_millis(100));
    for _ in 0..50 {
        server.connector().connect().unwrap().batch_execute("SELECT 1").unwrap();
        rises(server.as_ref());
    }
    server.apply(&settings(&[("wal_level", "minimal")])).unwrap();
    rises(server.as_ref());
    server.stop().unwrap();
}

#[test]
fn the_server_reads_a_file_that_only_the_client_can() {
    let base = base();
    let closed = tempfile::tempdir_in("/var/tmp").unwrap();
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let server = local(base.path());
    for mode in [0o644, 0o600] {
        let file = closed.path().join(format!("{mode:o}.csv"));
        std::fs::write(&file, "1\n2\n3\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let visible = server.visible_path(&file).unwrap();
        let mut session = server.connector().connect().unwrap();
        session.batch_execute("CREATE TABLE IF NOT EXISTS numbers (n int)").unwrap();
        let loaded = session.execute(&format!("COPY numbers FROM '{}'", visible.display()), &[]).unwrap();
        assert_eq!(loaded, 3);
    }
    let missing = server.visible_path(&closed.path().join("none")).unwrap_err().to_string();
    assert!(missing.contains("none"), "{missing}");
    server.stop().unwrap();
    assert_eq!(entries(base.path()).len(), 0);
}

#[test]
fn a_server_that_dies_says_so_and_can_be_brought_back() {
    let base = base();
    let mut server = local(base.path());
    server.connector().connect().unwrap().batch_execute("CREATE TABLE kept AS SELECT 1 AS n").unwrap();
    let pid = postmaster(server.as_ref());
    let mut session = server.connector().connect().unwrap();
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        kill_process(Pid::from_raw(pid).unwrap(), Signal::QUIT).unwrap();
    });
    let error = session.batch_execute("SELECT pg_sleep(60)").unwrap_err();
    let words = format!("{:#}", bulkbench::pg_error::describe(error));
    // The server's last words may or may not be read before its connection closes.
    let told = words.starts_with("the server has ended the connection: FATAL 57P02: ");
    assert!(told || words.contains("broke off"), "{words}");
    killer.join().unwrap();
    wait_until("the server's end", || server.died().is_some());
    let why = server.died().unwrap();
    assert!(why.contains("the end of its log") && why.contains("immediate shutdown"), "{why}");
    let error = server.connector().connect().map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("cannot connect") && error.contains("nothing listens"), "{error}");

    server.apply(&Settings::new()).unwrap();
    assert_eq!(ask(server.as_ref(), "SELECT n::text FROM kept"), "1");
    // A crash of one backend makes the postmaster start over: connections wait for it.
    let backend: i32 =
        ask(server.as_ref(), "SELECT pid::text FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
            .parse()
            .unwrap();
    kill_process(Pid::from_raw(backend).unwrap(), Signal::KILL).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(ask(server.as_ref(), "SELECT n::text FROM kept"), "1");
    server.stop().unwrap();
}

#[test]
fn an_interrupted_start_leaves_nothing() {
    let base = base();
    for after_ms in [0, 20, 150, 400] {
        let interrupt = Interrupt::new();
        let raised = interrupt.clone();
        let signal = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(after_ms));
            raised.raise(2);
        });
        if let Err(error) = open(&Choice::Local, &options(base.path()), &interrupt) {
            assert_eq!(Fault::find(&error), Some(&Fault::Interrupted(2)), "{error:#}");
        }
        signal.join().unwrap();
        assert_eq!(entries(base.path()).len(), 0);
    }
}

#[test]
fn a_terminated_owner_leaves_nothing() {
    let base = base();
    let mut owner = Owner::start("local", base.path(), &[]);
    let pid: i32 = owner.said("postmaster").parse().unwrap();
    let socket = owner.said("socket");
    owner.signal(Signal::TERM);
    assert_eq!(owner.said("stopped"), "Err(Interrupted(15))");
    assert!(owner.child.wait().unwrap().success());
    assert!(!lives(pid) && !Path::new(&socket).exists());
    assert_eq!(entries(base.path()).len(), 0);
}

#[test]
fn what_a_killed_owner_left_is_swept_and_a_live_one_is_not() {
    let base = base();
    let living = local(base.path());
    let mut owner = Owner::start("local", base.path(), &[]);
    let pid: i32 = owner.said("postmaster").parse().unwrap();
    let socket = owner.said("socket");
    owner.signal(Signal::KILL);
    owner.child.wait().unwrap();
    wait_until("the server's end with its owner", || !lives(pid));
    assert!(Path::new(&socket).exists());
    assert_eq!(entries(base.path()).len(), 2);

    let next = local(base.path());
    assert!(!Path::new(&socket).exists());
    assert_eq!(entries(base.path()).len(), 2, "the living and the next");
    assert_eq!(ask(living.as_ref(), "SELECT 'well'"), "well");
    next.stop().unwrap();
    living.stop().unwrap();
}

#[test]
fn a_full_disk_and_a_disk_in_memory_are_named() {
    let base = base();
    let greedy = Options { need_bytes: u64::MAX, ..options(base.path()) };
    let error = open(&Choice::Local, &greedy, &Interrupt::new()).map(|_| ()).unwrap_err();
    assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(3));
    let words = error.to_string();
    assert!(words.contains(&base.path().display().to_string()) && words.contains("--data-dir"), "{words}");

    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    std::fs::set_permissions(memory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = local(memory.path());
    assert!(server.warnings().iter().any(|warning| warning.contains("tmpfs")), "{:?}", server.warnings());
    server.stop().unwrap();
}

#[test]
fn auto_falls_to_local_without_an_engine() {
    let base = base();
    let nowhere = [
        ("DOCKER_HOST", "unix:///nonexistent/docker.sock"),
        ("BULKBENCH_CACHE", base.path().to_str().unwrap()),
    ];
    let mut owner = Owner::start("auto", base.path(), &nowhere);
    let reason = owner.said("reason");
    assert!(reason.starts_with("auto: no container, because no container engine"), "{reason}");
    // It asks the server until it has said this.
    owner.said("socket");
    owner.signal(Signal::TERM);
    owner.said("stopped");
    assert!(owner.child.wait().unwrap().success());
}

#[test]
fn a_closed_data_directory_is_refused_by_name() {
    if !rustix::process::geteuid().is_root() {
        skipped("only root runs the server as somebody else");
        return;
    }
    let closed = tempfile::tempdir_in("/var/tmp").unwrap();
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let error = open(&Choice::Local, &options(closed.path()), &Interrupt::new()).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("may not enter"), "{error:#}");
}
