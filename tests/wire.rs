//! The program with servers that hang, and with a server named as libpq's users name theirs.

mod common;

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use bulkbench::model::Outcome;
use bulkbench::record;
use bulkbench::server::Server;
use rustix::process::{Pid, Signal, kill_process};

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PG")) {
        command.env_remove(name);
    }
    command
        .args(args)
        .current_dir(dir)
        .env("BULKBENCH_CACHE", dir.join("cache"))
        .env("HOME", dir)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Waits for the end of a program that has to come within `limit`.
#[track_caller]
fn end_within(mut child: Child, limit: Duration) -> Output {
    let end = Instant::now() + limit;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() >= end {
            child.kill().unwrap();
            panic!("it still runs after {limit:?}: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Takes connections, reads what they send, and says nothing.
fn silent() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {});
        }
    });
    port
}

#[test]
fn a_silent_server_is_given_up_and_a_signal_ends_the_wait() {
    let dir = common::world_readable_tempdir();
    let url = |limit: u32| format!("postgres://u@127.0.0.1:{}/d?connect_timeout={limit}", silent());
    let run = |url: &str| {
        command(dir.path(), &["run", "--server", url, "--rows", "100", "--rounds", "1"]).spawn().unwrap()
    };
    let output = end_within(run(&url(2)), Duration::from_secs(30));
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("no answer within 2 s"), "{said}");
    // All of them wait at once.
    let waiting = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)]
        .map(|(signal, code)| (signal, code, run(&url(600))));
    std::thread::sleep(Duration::from_secs(2));
    for (signal, code, child) in waiting {
        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = end_within(child, Duration::from_secs(10));
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    }
}

#[test]
fn a_fifo_that_nobody_writes_is_refused_at_once() {
    let dir = common::world_readable_tempdir();
    let fifo = dir.path().join("rows.csv");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let child = command(dir.path(), &["dataset", "import", fifo.to_str().unwrap()]).spawn().unwrap();
    let output = end_within(child, Duration::from_secs(10));
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("not a regular file"), "{}", stderr(&output));
}

/// Ends the backend that was stopped, so that its server can stop.
struct Stopped(Pid);

impl Drop for Stopped {
    fn drop(&mut self) {
        // It has ended where its server has.
        let _ = kill_process(self.0, Signal::CONT);
    }
}

/// Waits for a COPY of the run, and stops its backend.
fn stop_backend(own: &dyn Server) -> Stopped {
    let mut session = own.connector().connect().unwrap();
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        let found = session
            .query_opt(
                "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active' \
                 AND pid <> pg_backend_pid() LIMIT 1",
                &[],
            )
            .unwrap();
        if let Some(row) = found {
            let pid = Pid::from_raw(row.get(0)).unwrap();
            kill_process(pid, Signal::STOP).unwrap();
            return Stopped(pid);
        }
        assert!(Instant::now() < end, "no COPY within two minutes");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Rows enough for a COPY that is still under way when its backend is stopped.
const MANY: &str = "500000";

fn own_server(dir: &Path) -> Box<dyn Server> {
    common::local(&Dataset::generated(&dir.join("data"), 10, 1, &Interrupt::new()).unwrap())
}

#[test]
fn a_backend_that_is_stopped_in_copy_is_a_row_and_its_schema_is_named() {
    let dir = common::world_readable_tempdir();
    let own = own_server(dir.path());
    let url = common::url(&*own);
    let args = ["run", "--server", &url, "--methods", "copy-csv", "--rows", MANY, "--rounds", "1"];
    let child = command(dir.path(), &[&args[..], &["--timeout", "3"]].concat()).spawn().unwrap();
    let stopped = stop_backend(&*own);
    let output = end_within(child, Duration::from_secs(150));
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let run = std::fs::read_dir(dir.path().join("results")).unwrap().next().unwrap().unwrap().path();
    let (_, samples) = record::load(&run).unwrap();
    assert_eq!(samples[0].outcome, Outcome::Timeout, "{said}");
    // The stopped backend holds its locks: the schema cannot go, and the user learns how to remove it.
    assert!(said.contains("DROP SCHEMA \"bulkbench_"), "{said}");
    drop(stopped);
    own.stop().unwrap();
}

#[test]
fn a_signal_ends_a_run_whose_backend_is_stopped() {
    let ends = |signal: Signal, code: i32| {
        let dir = common::world_readable_tempdir();
        let own = own_server(dir.path());
        let url = common::url(&*own);
        let args = ["run", "--server", &url, "--methods", "copy-csv", "--rows", MANY, "--rounds", "1"];
        let child = command(dir.path(), &args).spawn().unwrap();
        let stopped = stop_backend(&*own);
        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = end_within(child, Duration::from_secs(60));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains("DROP SCHEMA \"bulkbench_"), "{said}");
        drop(stopped);
        own.stop().unwrap();
    };
    // Both at once, as most of it is waiting.
    std::thread::scope(|scope| {
        scope.spawn(|| ends(Signal::INT, 130));
        ends(Signal::TERM, 143);
    });
}

/// A bare URL takes all from where libpq takes it: the environment, a service, the password file.
#[test]
fn a_server_is_found_as_libpq_finds_it() {
    let dir = common::world_readable_tempdir();
    let own = own_server(dir.path());
    let mut session = own.connector().connect().unwrap();
    session.batch_execute("CREATE ROLE ada LOGIN PASSWORD 'it''s: hush'").unwrap();
    session.batch_execute("CREATE DATABASE work OWNER ada").unwrap();
    let data: String = session.query_one("SHOW data_directory", &[]).unwrap().get(0);
    let rules = "COPY (VALUES ('local all ada scram-sha-256'), ('local all all trust')) TO";
    session.batch_execute(&format!("{rules} '{data}/pg_hba.conf'; SELECT pg_reload_conf()")).unwrap();
    let socket: String = session.query_one("SHOW unix_socket_directories", &[]).unwrap().get(0);
    std::thread::sleep(Duration::from_millis(500));

    let run = |server: &str, variables: &[(&str, &str)]| {
        let args = ["run", "--server", server, "--methods", "copy-csv", "--rows", "100", "--rounds", "1"];
        let child = command(dir.path(), &args).envs(variables.iter().copied()).spawn().unwrap();
        end_within(child, Duration::from_secs(120))
    };
    let named = [("PGHOST", socket.as_str()), ("PGUSER", "ada"), ("PGDATABASE", "work")];
    let without = run("postgres://", &named);
    assert_eq!(without.status.code(), Some(3), "{}", stderr(&without));
    assert!(stderr(&without).contains("wants a password for user `ada`"), "{}", stderr(&without));
    let password = run("postgresql:///work", &[&named[..], &[("PGPASSWORD", "it's: hush")]].concat());
    assert!(password.status.success(), "{}", stderr(&password));

    let file = dir.path().join(".pgpass");
    std::fs::write(&file, format!("{socket}:5432:work:ada:it's\\: hush\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let by_file = run("postgres://", &named);
    assert!(by_file.status.success(), "{}", stderr(&by_file));
    let services = dir.path().join(".pg_service.conf");
    std::fs::write(services, format!("[mine]\nhost={socket}\nuser=ada\ndbname=work\n")).unwrap();
    for (server, variables) in [("postgres://", &[("PGSERVICE", "mine")][..]), ("service=mine", &[])] {
        let by_service = run(server, variables);
        assert!(by_service.status.success(), "{server}: {}", stderr(&by_service));
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = run("service=mine", &[]);
    assert_eq!(open.status.code(), Some(3), "{}", stderr(&open));
    own.stop().unwrap();
}
