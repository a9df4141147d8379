//! Throwaway servers that may use a part of their machine.

use std::path::{Path, PathBuf};

use bulkbench::fault::Fault;
use bulkbench::interrupt::Interrupt;
use bulkbench::model::{CrashKind, Limits};
use bulkbench::probe::machine;
use bulkbench::server::{Choice, Options, Server, Settings, open};
use rustix::process::Signal;

use super::support::*;

const MB: u64 = 1 << 20;

fn limited(base: &Path, cpus: Option<u32>, memory_mb: Option<u64>) -> Options {
    Options { limits: Limits { cpus, memory_bytes: memory_mb.map(|mb| mb * MB) }, ..options(base) }
}

/// A local server under these limits; nothing, said out loud, where memory cannot be limited.
fn start(options: &Options) -> Option<Box<dyn Server>> {
    match open(&Choice::Local, options, &Interrupt::new()) {
        Ok(server) => Some(server),
        Err(error) => {
            let words = format!("{error:#}");
            assert!(
                options.limits.memory_bytes.is_some() && words.contains("cannot be limited here"),
                "{words}"
            );
            assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(3));
            skipped(&words);
            None
        }
    }
}

/// All control groups on this machine whose name ends so.
fn groups(id: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                dirs.push(entry.path());
                found.extend(
                    entry.file_name().to_str().filter(|name| name.ends_with(id)).map(|_| entry.path()),
                );
            }
        }
    }
    found
}

/// What the kernel says of the processors of a process.
fn processors(pid: i32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim().to_owned()
}

/// The server's first process and all its children.
fn processes(server: &dyn Server) -> Vec<i32> {
    let first = postmaster(server);
    let children = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap();
    [first].into_iter().chain(children.split_whitespace().map(|pid| pid.parse().unwrap())).collect()
}

#[test]
fn every_process_of_a_local_server_has_its_processors_and_memory_and_no_group_is_left() {
    let base = base();
    let options = limited(base.path(), Some(1), Some(256));
    let Some(server) = start(&options) else { return };
    assert_eq!(server.facts().limits, options.limits);
    assert_eq!(server.facts().settings["shared_buffers"], "64MB", "a quarter of its memory");
    assert_eq!(server.facts().settings["maintenance_work_mem"], "32MB");

    let session = server.connector().connect().unwrap();
    let found = processes(server.as_ref());
    assert!(found.len() > 4, "{found:?}");
    let one = processors(found[0]);
    assert!(one.parse::<u32>().is_ok(), "one processor, not {one}");
    let groups_of = groups(&options.id);
    assert!(!groups_of.is_empty());
    for pid in found {
        let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        if groups.contains(&options.id) {
            assert!(!lives(pid) || processors(pid) == one, "{pid}");
            continue;
        }
        // A process that ends leaves its groups first.
        wait_until("the end of a process that is in no group", || !lives(pid));
    }
    assert!(lives(postmaster(server.as_ref())));
    drop(session);
    server.stop().unwrap();
    assert_eq!(groups(&options.id), Vec::<PathBuf>::new());
    assert_eq!(entries(base.path()), Vec::<PathBuf>::new());
}

#[test]
fn a_case_s_limits_come_and_go_with_what_follows_from_them() {
    let base = base();
    let options = Options { settings: settings(&[("maintenance_work_mem", "48MB")]), ..options(base.path()) };
    let mut server = open(&Choice::Local, &options, &Interrupt::new()).unwrap();
    let usual = ask(server.as_ref(), "SHOW shared_buffers");
    let (all, first) = (processors(postmaster(server.as_ref())), postmaster(server.as_ref()));
    let one = Limits { cpus: Some(1), memory_bytes: None };
    server.apply_within(&Settings::new(), one).unwrap();
    let second = postmaster(server.as_ref());
    assert_ne!(second, first, "restarted");
    assert!(processors(second).parse::<u32>().is_ok());
    server.apply_within(&Settings::new(), one).unwrap();
    assert_eq!(postmaster(server.as_ref()), second, "nothing has changed");

    let some = Limits { cpus: None, memory_bytes: Some(256 * MB) };
    if server.cannot_limit(&Settings::new(), some).is_none() {
        server.apply_within(&Settings::new(), some).unwrap();
        assert_eq!(ask(server.as_ref(), "SHOW shared_buffers"), "64MB");
        assert_eq!(ask(server.as_ref(), "SHOW maintenance_work_mem"), "48MB", "the user's own");
        assert_eq!(processors(postmaster(server.as_ref())), all);
        let of_case = settings(&[("shared_buffers", "16MB")]);
        server.apply_within(&of_case, some).unwrap();
        assert_eq!(ask(server.as_ref(), "SHOW shared_buffers"), "16MB", "the case's own");
        let why = server.cannot_limit(&settings(&[("shared_buffers", "224MB")]), some).unwrap();
        assert!(why.contains("less than the 288MB"), "{why}");
    }
    server.apply(&Settings::new()).unwrap();
    assert_eq!(ask(server.as_ref(), "SHOW shared_buffers"), usual);
    assert_eq!(processors(postmaster(server.as_ref())), all);
    server.stop().unwrap();
    assert_eq!(groups(&options.id), Vec::<PathBuf>::new());
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    let base = base();
    let cores = machine::cores();
    for (options, words) in [
        (limited(base.path(), Some(cores + 1), None), format!("name 1 to {cores}")),
        (limited(base.path(), None, Some(1 << 30)), "more than the".into()),
        (limited(base.path(), None, Some(64)), "less than the 80MB".into()),
        (
            Options {
                settings: settings(&[("shared_buffers", "256MB")]),
                ..limited(base.path(), None, Some(256))
            },
            "less than the 320MB that the server needs".into(),
        ),
    ] {
        let error = open(&Choice::Local, &options, &Interrupt::new()).map(|_| ()).unwrap_err();
        let said = format!("{error:#}");
        if options.limits.cpus.is_none() && said.contains("cannot be limited here") {
            skipped(&said);
            continue;
        }
        assert!(said.contains(&words), "{said}");
        assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2));
        assert_eq!(entries(base.path()), Vec::<PathBuf>::new());
    }
    let mine = Choice::External("postgres://u@nowhere.invalid/d".into());
    let error = open(&mine, &limited(base.path(), Some(1), None), &Interrupt::new()).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("limit it where it runs"), "{error:#}");
}

#[test]
fn a_server_that_is_killed_comes_back_under_its_limits() {
    let base = base();
    let Some(mut server) = start(&limited(base.path(), Some(1), Some(256))) else { return };
    server.killer(CrashKind::Kill).unwrap()().unwrap();
    server.revive(CrashKind::Kill, 1).unwrap();
    server.apply(&Settings::new()).unwrap();
    let pid = postmaster(server.as_ref());
    assert!(processors(pid).parse::<u32>().is_ok());
    let id = base.path().read_dir().unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    assert!(std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap().contains(&id));
    server.stop().unwrap();
}

#[test]
fn more_memory_than_a_server_may_use_ends_its_process_and_not_the_machine_s() {
    let base = base();
    let Some(mut server) = start(&limited(base.path(), None, Some(256))) else { return };
    let greedy = "SELECT length(string_agg(repeat(md5(i::text), 32), '')) FROM generate_series(1, 500000) i";
    let said = server.connector().connect().unwrap().batch_execute(greedy).unwrap_err();
    let said = format!("{:#}", bulkbench::pg_error::describe(said));
    assert!(!said.contains("out of memory"), "{said}");
    let why = server.shortage().unwrap();
    assert!(why.contains("more than 256MB of memory"), "{why}");
    // The postmaster goes on by itself, or is started again.
    wait_until("the server's recovery", || server.connector().connect().is_ok() || server.died().is_some());
    server.apply(&Settings::new()).unwrap();
    assert_eq!(ask(server.as_ref(), "SELECT 'well'"), "well");
    server.stop().unwrap();
}

#[test]
fn the_groups_of_a_killed_owner_are_swept() {
    let base = base();
    let run = id();
    let mut owner =
        Owner::start("local", base.path(), &[("BULKBENCH_TEST_ID", &run), ("BULKBENCH_TEST_LIMITED", "1")]);
    let pid: i32 = owner.said("postmaster").parse().unwrap();
    if groups(&run).is_empty() {
        skipped("no control group can be made here");
    }
    let were = groups(&run).len();
    owner.signal(Signal::KILL);
    owner.child.wait().unwrap();
    wait_until("the server's end with its owner", || !lives(pid));
    assert_eq!(groups(&run).len(), were);
    local(base.path()).stop().unwrap();
    assert_eq!(groups(&run), Vec::<PathBuf>::new());
    assert_eq!(entries(base.path()), Vec::<PathBuf>::new());
}

#[test]
fn a_terminated_owner_leaves_no_group() {
    let base = base();
    let run = id();
    let mut owner =
        Owner::start("local", base.path(), &[("BULKBENCH_TEST_ID", &run), ("BULKBENCH_TEST_LIMITED", "1")]);
    owner.said("socket");
    owner.signal(Signal::TERM);
    assert_eq!(owner.said("stopped"), "Err(Interrupted(15))");
    assert!(owner.child.wait().unwrap().success());
    assert_eq!(groups(&run), Vec::<PathBuf>::new());
}

#[test]
fn a_container_has_the_engine_s_limits_and_its_server_finds_them() {
    if !super::container::available() {
        return;
    }
    let limits = Limits { cpus: Some(1), memory_bytes: Some(256 * MB) };
    let options = Options { id: id(), limits, ..Options::default() };
    let mut server = open(&Choice::Container, &options, &Interrupt::new()).unwrap();
    assert_eq!(server.facts().limits, limits);
    assert_eq!(server.facts().settings["shared_buffers"], "64MB");
    let status = ask(server.as_ref(), "SELECT pg_read_file('/proc/self/status')");
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    assert!(list.trim().parse::<u32>().is_ok(), "{list}");

    let more = Limits { cpus: None, memory_bytes: Some(512 * MB) };
    server.apply_within(&Settings::new(), more).unwrap();
    assert_eq!(ask(server.as_ref(), "SHOW shared_buffers"), "128MB");
    server.apply(&Settings::new()).unwrap();
    assert_eq!(ask(server.as_ref(), "SHOW shared_buffers"), "64MB", "those of the run");
    server.stop().unwrap();
}
