//! The common needs of these tests: places, options, children, a look at what was left.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bulkbench::interrupt::Interrupt;
use bulkbench::model::Limits;
use bulkbench::server::{Choice, Options, Server, Settings, open};

pub(crate) use common::skipped;

#[path = "../common/mod.rs"]
mod common;

/// An id that no other test has, in this process or another.
pub(crate) fn id() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A directory on a disk that the server's user may enter.
pub(crate) fn base() -> tempfile::TempDir {
    let dir = tempfile::tempdir_in("/var/tmp").unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

pub(crate) fn options(base: &Path) -> Options {
    Options { id: id(), data_dir: Some(base.to_owned()), ..Options::default() }
}

pub(crate) fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

pub(crate) fn local(base: &Path) -> Box<dyn Server> {
    open(&Choice::Local, &options(base), &Interrupt::new()).unwrap()
}

pub(crate) fn ask(server: &dyn Server, query: &str) -> String {
    let row = server.connector().connect().unwrap().query_one(query, &[]).unwrap();
    row.get(0)
}

/// The entries of a directory.
pub(crate) fn entries(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// The postmaster's pid, as its data directory has it.
pub(crate) fn postmaster(server: &dyn Server) -> i32 {
    let file = ask(server, "SELECT pg_read_file('postmaster.pid')");
    file.lines().next().unwrap().parse().unwrap()
}

pub(crate) fn socket_dir(server: &dyn Server) -> PathBuf {
    ask(server, "SHOW unix_socket_directories").into()
}

pub(crate) fn lives(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat[stat.rfind(')').unwrap()..].starts_with(") Z"))
}

pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < end, "{what} did not happen within 30 s");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A second process that owns a server: this program again, with the one test that only does
/// something in such a child.
pub(crate) struct Owner {
    pub child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Owner {
    pub(crate) fn start(choice: &str, base: &Path, env: &[(&str, &str)]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "support::owner_process", "--nocapture"])
            .env("BULKBENCH_TEST_OWNER", choice)
            .env("BULKBENCH_TEST_BASE", base)
            .env("BULKBENCH_TEST_ID", id())
            .envs(env.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The line under this name.
    pub(crate) fn said(&mut self, name: &str) -> String {
        let prefix = format!("@{name} ");
        let found = self.lines.by_ref().map(Result::unwrap).find_map(|line| {
            let at = line.find(&prefix)?;
            Some(line[at + prefix.len()..].to_owned())
        });
        found.unwrap_or_else(|| panic!("the child ended without saying {name}"))
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Owner {
    /// A test that fails must not leave its child waiting.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test of its own: see [`Owner`].
#[test]
fn owner_process() {
    let Ok(choice) = std::env::var("BULKBENCH_TEST_OWNER") else { return };
    let interrupt = Interrupt::install().unwrap();
    let base = PathBuf::from(std::env::var("BULKBENCH_TEST_BASE").unwrap());
    let options = Options {
        id: std::env::var("BULKBENCH_TEST_ID").unwrap(),
        data_dir: (choice == "local").then_some(base),
        limits: Limits { cpus: std::env::var_os("BULKBENCH_TEST_LIMITED").map(|_| 1), memory_bytes: None },
        ..Options::default()
    };
    println!("@starting {choice}");
    match open(&choice.parse().unwrap(), &options, &interrupt) {
        Ok(server) => {
            println!("@reason {}", server.facts().reason);
            println!("@postmaster {}", postmaster(server.as_ref()));
            println!("@socket {}", socket_dir(server.as_ref()).display());
            let stopped = interrupt.sleep(Duration::from_secs(60));
            server.stop().unwrap();
            println!("@stopped {stopped:?}");
        }
        Err(error) => println!("@failed {error:#}"),
    }
}
