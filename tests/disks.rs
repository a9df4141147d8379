//! Runs on emulated disks: what is recorded and reported of them, that no mount and no shared memory is left however they
//! end, and what a loss of power leaves.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use bulkbench::model::{Fact, FactValue, Moment, Outcome, Run, Sample, Slot};
use bulkbench::record;
use common::memory;
use rustix::process::{Pid, Signal, kill_process};

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
    command.args(args).current_dir(dir).env("BULKBENCH_CACHE", dir.join("cache")).env("NO_COLOR", "1");
    command.stdin(Stdio::null());
    command
}

/// A directory for runs on emulated disks, or `None`, said aloud, where nothing can be mounted.
fn place() -> Option<tempfile::TempDir> {
    let dir = common::world_readable_tempdir();
    let output = command(dir.path(), &["machine", "--disk", "none"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0) => Some(dir),
        Some(3) if said.contains("mounting an emulated disk") => {
            common::skipped(said.trim());
            None
        }
        code => panic!("{code:?}: {said}"),
    }
}

fn run_on(dir: &Path, args: &[&str]) -> Output {
    let all = [&["run", "--server", "local", "--rounds", "1", "--seed", "1"], args].concat();
    command(dir, &all).output().unwrap()
}

#[track_caller]
fn done(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

fn result_dir(dir: &Path) -> PathBuf {
    let mut found = std::fs::read_dir(dir.join("results")).unwrap().map(|entry| entry.unwrap().path());
    let first = found.next().unwrap();
    assert!(found.next().is_none());
    first
}

fn records(dir: &Path) -> (Run, Vec<Sample>) {
    record::load(&result_dir(dir)).unwrap()
}

/// The mounts below a directory.
fn mounts(dir: &Path) -> Vec<String> {
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let dir = dir.to_str().unwrap();
    table.lines().filter(|line| line.contains(dir)).map(str::to_owned).collect()
}

fn wait_until(what: &str, seen: impl Fn() -> bool) {
    let start = Instant::now();
    while !seen() {
        assert!(start.elapsed() < Duration::from_secs(120), "no {what} after two minutes");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_run_says_that_its_disk_was_emulated_and_what_was_achieved() {
    let Some(dir) = place() else { return };
    let figures = "write=200MB/s,flush=20ms";
    let args = ["votes", "--rows", "2000", "--methods", "copy-text", "--disk", figures];
    let said = done(&run_on(dir.path(), &args));
    assert!(said.contains("disk: emulated, write=200MB/s,flush=20ms"), "{said}");
    assert_eq!(mounts(dir.path()), Vec::<String>::new());
    let (run, samples) = records(dir.path());
    let disk = run.server.disk.as_ref().unwrap();
    assert_eq!((disk.flush_ns, disk.write_bytes_per_second), (20_000_000, Some(200_000_000)));
    assert!(samples.iter().all(|sample| sample.outcome == Outcome::Ok), "{samples:?}");
    assert!(run.provenance.command.contains(&format!("--disk '{figures}'")), "{}", run.provenance.command);
    // A commit takes a flush: no load was faster, and the probe found no more than fifty of them a second.
    assert!(samples.iter().all(|sample| sample.total_ns.unwrap() >= 20_000_000));
    let flushes = run.provenance.machine.disk.as_ref().unwrap().flushes_per_second;
    assert!((1..=50).contains(&flushes), "{flushes}");
    let report = std::fs::read_to_string(result_dir(dir.path()).join("report.md")).unwrap();
    let title = format!("(emulated disk: {figures})");
    assert!(report.lines().next().unwrap().contains(&title), "{report}");
    assert!(report.contains("the disk was emulated"), "{report}");
    let section = report.split("## Emulated disk").nth(1).unwrap();
    let target = section.lines().find(|line| line.contains("a flush, median")).unwrap();
    assert!(target.contains("20.0 ms"), "{target}");
    let chart = std::fs::read_to_string(result_dir(dir.path()).join("charts/total.svg")).unwrap();
    assert!(chart.contains("emulated disk"));
}

/// A thousand files of it would take this disk twenty seconds, in the way of all else.
#[test]
fn what_initdb_has_written_is_not_in_the_way_of_the_probes() {
    let Some(dir) = place() else { return };
    let args = ["votes", "--rows", "1000", "--methods", "copy-text", "--disk", "iops=50,flush=5ms"];
    done(&run_on(dir.path(), &args));
    let (run, _) = records(dir.path());
    match run.provenance.machine.fingerprint.get(Fact::FlushMedian) {
        // Together with a way to another place it would be 25 ms.
        Some(FactValue::Number(ns)) => assert!((5_000_000..20_000_000).contains(ns), "{ns}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_on_each_of_several_disks_and_two_runs_at_once_have_mounts_of_their_own() {
    let Some(dir) = place() else { return };
    let other = common::world_readable_tempdir();
    let args = |disks: [&'static str; 2]| {
        ["votes", "--rows", "2000", "--methods", "copy-text", "--disk", disks[0], "--disk", disks[1]]
    };
    std::thread::scope(|scope| {
        let first = scope.spawn(|| run_on(dir.path(), &args(["none", "flush=2ms"])));
        let second = run_on(other.path(), &args(["flush=1ms", "flush=3ms"]));
        done(&second);
        done(&first.join().unwrap());
    });
    let (run, samples) = records(dir.path());
    let names: Vec<&String> = run.servers.keys().collect();
    assert_eq!(names, ["flush=2ms", "none"]);
    assert!(samples.iter().all(|sample| sample.outcome == Outcome::Ok));
    assert!(samples.iter().any(|sample| sample.case.contains("flush=2ms")), "{samples:?}");
    assert!(run.provenance.command.contains("--disk none --disk 'flush=2ms'"), "{}", run.provenance.command);
    assert_eq!(mounts(dir.path()), Vec::<String>::new());
    assert_eq!(mounts(other.path()), Vec::<String>::new());
}

/// A run in the background.
struct Running(Child);

impl Running {
    fn start(dir: &Path) -> Self {
        let args = [
            "run",
            "--server",
            "local",
            "--methods",
            "copy-csv",
            "--rows",
            "50000",
            "--rounds",
            "500",
            "--disk",
            "none",
        ];
        Self(command(dir, &args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn kill(mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_run_that_is_stopped_or_killed_leaves_neither_mount_nor_shared_memory() {
    let Some(dir) = place() else { return };
    let before = memory::there();
    for (signal, moment) in [
        (Signal::KILL, Duration::ZERO),
        (Signal::KILL, Duration::from_millis(300)),
        (Signal::KILL, Duration::from_millis(2000)),
        (Signal::INT, Duration::from_millis(1000)),
        (Signal::TERM, Duration::from_millis(100)),
    ] {
        let running = Running::start(dir.path());
        wait_until("mount", || !mounts(dir.path()).is_empty());
        std::thread::sleep(moment);
        running.kill(signal);
        // The process that serves the disk hears of it, and unmounts.
        wait_until("end of the mount", || mounts(dir.path()).is_empty());
    }
    // What servers have left that were killed with their disks, each next run has swept.
    assert_eq!(memory::left_since(&before), BTreeSet::new());
}

/// The process that serves the disk of a run in this directory.
fn serving(dir: &Path) -> Option<Pid> {
    let needle = dir.to_str().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        (line.contains("serve-disk") && line.contains(needle)).then_some(pid)
    });
    processes.into_iter().next().and_then(Pid::from_raw)
}

#[test]
fn what_is_left_where_the_serving_process_is_killed_too_is_taken_away() {
    let Some(dir) = place() else { return };
    let before = memory::there();
    // The run itself does.
    let running = Running::start(dir.path());
    wait_until("disk", || serving(dir.path()).is_some() && !mounts(dir.path()).is_empty());
    std::thread::sleep(Duration::from_millis(1500));
    kill_process(serving(dir.path()).unwrap(), Signal::KILL).unwrap();
    let Running(mut child) = running;
    wait_until("end", || serving(dir.path()).is_none());
    assert_ne!(child.wait().unwrap().code(), Some(0));
    assert_eq!(mounts(dir.path()), Vec::<String>::new());
    // And where both are killed, the next run.
    let running = Running::start(dir.path());
    wait_until("disk", || serving(dir.path()).is_some() && !mounts(dir.path()).is_empty());
    std::thread::sleep(Duration::from_millis(500));
    kill_process(serving(dir.path()).unwrap(), Signal::KILL).unwrap();
    running.kill(Signal::KILL);
    done(&run_on(dir.path(), &["votes", "--rows", "1000", "--methods", "copy-csv", "--out", "other"]));
    assert_eq!(mounts(dir.path()), Vec::<String>::new());
    let clusters = std::fs::read_dir(dir.path().join("cache/clusters")).unwrap().count();
    assert_eq!(clusters, 0, "the directory of the killed run is gone as well");
    assert_eq!(memory::left_since(&before), BTreeSet::new());
}

/// A server whose disk is gone cannot give its memory back: it is killed, and its directory is not there to be known by.
#[test]
fn what_a_server_leaves_that_is_killed_with_its_disk_is_swept_by_the_next_run() {
    let Some(dir) = place() else { return };
    let before = memory::there();
    let running = Running::start(dir.path());
    wait_until("server", || !postgres_in(dir.path()).is_empty() && has_samples(dir.path()));
    // So that the run does not sweep itself.
    kill_process(Pid::from_child(&running.0), Signal::STOP).unwrap();
    for pid in postgres_in(dir.path()) {
        // Some have ended with others.
        let _ = kill_process(pid, Signal::KILL);
    }
    kill_process(serving(dir.path()).unwrap(), Signal::KILL).unwrap();
    running.kill(Signal::KILL);
    wait_until("end of the server", || postgres_in(dir.path()).is_empty());
    assert!(memory::there().difference(&before).count() > 0, "it has left some");
    done(&run_on(dir.path(), &["votes", "--rows", "1000", "--methods", "copy-csv", "--out", "other"]));
    assert_eq!(memory::left_since(&before), BTreeSet::new());
}

/// The processes of a server that works on the disk of a run in this directory.
fn postgres_in(dir: &Path) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let found = entries.filter(|entry| {
        let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        let cwd = std::fs::read_link(entry.path().join("cwd"));
        name.trim() == "postgres" && cwd.is_ok_and(|cwd| cwd.starts_with(dir))
    });
    found.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)).collect()
}

fn has_samples(dir: &Path) -> bool {
    let runs = std::fs::read_dir(dir.join("results")).into_iter().flatten().flatten();
    let mut sizes = runs.filter_map(|run| run.path().join("samples.jsonl").metadata().ok());
    sizes.any(|file| file.len() > 0)
}

#[test]
fn a_disk_is_refused_where_it_cannot_be() {
    let dir = common::world_readable_tempdir();
    for (args, words) in [
        (&["--server", "container", "--disk", "none"][..], "the container engine keeps the data"),
        (&["--server", "postgres://u@h/d", "--disk", "none"], "a server of yours keeps its data where it is"),
        (&["--image", "postgres:18", "--disk", "none"], "--image is for a container"),
        (&["--disk", "hdd-540"], "did you mean `hdd-5400`?"),
        (&["--server", "local", "--crash=power"], "--disk"),
    ] {
        let output =
            command(dir.path(), &[&["run", "votes", "--rows", "1000"], args].concat()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
    }
}

/// The crashes of a case, by their moments.
fn crashes<'s>(samples: &'s [Sample], case: &str) -> Vec<(Moment, &'s Sample)> {
    let found = samples.iter().filter(|sample| sample.case == case).filter_map(|sample| match sample.slot {
        Slot::Crash(moment) => Some((moment, sample)),
        Slot::WarmUp | Slot::Round(_) => None,
    });
    found.collect()
}

#[test]
fn a_loss_of_power_leaves_what_was_flushed_and_shows_what_was_not() {
    let Some(dir) = place() else { return };
    let before = memory::there();
    let experiment = dir.path().join("cut.toml");
    std::fs::write(
        &experiment,
        "id = 'cut'\ntitle = 'Cut'\nquestion = 'q'\nrounds = 1\nbaseline = 'copy-csv'\ndisks = ['none']\n\
         [crash]\nkind = 'power'\nrows = 20_000\n\
         [[case]]\nmethod = ['copy-csv', 'copy-unlogged', 'insert-row-batched-commits', 'copy-append']\n\
         [[case]]\nmethod = 'copy-one-transaction'\nsettings = { wal_level = 'minimal' }\n\
         [[case]]\nmethod = ['copy-csv', 'insert-row-batched-commits']\nsettings = { fsync = 'off' }\n",
    )
    .unwrap();
    let output = run_on(dir.path(), &["cut.toml", "--rows", "20000"]);
    done(&output);
    assert_eq!(mounts(dir.path()), Vec::<String>::new());
    let (run, samples) = records(dir.path());
    assert!(run.provenance.command.contains("--crash=power"), "{}", run.provenance.command);
    for case in
        ["copy-csv", "insert-row-batched-commits", "copy-append", "copy-one-transaction wal_level=minimal"]
    {
        let crashes = crashes(&samples, case);
        assert!(crashes.len() >= 2, "{case}");
        for (moment, sample) in crashes {
            let crash = sample.crash.as_ref().unwrap();
            assert_eq!(crash.damage, None, "{case} {moment:?}");
            assert_eq!(crash.confirmed_there, crash.confirmed, "{case} {moment:?}: {crash:?}");
            assert_eq!(moment == Moment::End, crash.confirmed == 20_000, "{case} {moment:?}: {crash:?}");
        }
    }
    for (_, sample) in crashes(&samples, "copy-unlogged") {
        let crash = sample.crash.as_ref().unwrap();
        assert_eq!((&crash.damage, crash.confirmed_there, crash.others_there), (&None, 0, 0));
    }
    // Nothing was flushed: what was confirmed is gone, or the database is damaged; and the next crash is none the worse.
    for case in ["copy-csv fsync=off", "insert-row-batched-commits fsync=off"] {
        let lost = crashes(&samples, case).into_iter().filter(|(_, sample)| {
            let crash = sample.crash.as_ref().unwrap();
            crash.damage.is_some() || crash.confirmed_there < crash.confirmed
        });
        assert!(lost.count() > 0, "{case}");
    }
    let report = std::fs::read_to_string(result_dir(dir.path()).join("report.md")).unwrap();
    assert!(report.contains("power lost after its end"), "{report}");
    assert_eq!(
        memory::left_since(&before),
        BTreeSet::new(),
        "of a server before, whose disk was mounted anew since"
    );
}
