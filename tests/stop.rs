//! Runs that are stopped: by Ctrl-C and SIGTERM at any moment, and by a server that dies. What is
//! finished is kept, nothing is left behind, and the run can go on.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use bulkbench::model::{Outcome, RoundsEnd};
use bulkbench::record;
use common::memory;
use rustix::process::{Pid, Signal, kill_process};

struct Running {
    dir: tempfile::TempDir,
    child: Child,
}

/// A run in a directory and with a cache of its own.
fn start(dir: tempfile::TempDir, args: &[&str]) -> Running {
    let child = Command::new(env!("CARGO_BIN_EXE_bulkbench"))
        .args(args)
        .current_dir(dir.path())
        .env("BULKBENCH_CACHE", dir.path().join("cache"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Running { dir, child }
}

impl Running {
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end of the program and returns what it said, with its directory.
    fn end(self) -> (tempfile::TempDir, Output) {
        let output = self.child.wait_with_output().unwrap();
        (self.dir, output)
    }

    /// Waits until `seen` says that the run has got there.
    fn wait_for(&self, what: &str, seen: impl Fn(&Path) -> bool) {
        let start = Instant::now();
        while !seen(self.dir.path()) {
            assert!(start.elapsed() < Duration::from_secs(120), "no {what} after two minutes");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn run_dir(dir: &Path) -> Option<PathBuf> {
    Some(std::fs::read_dir(dir.join("results")).ok()?.next()?.ok()?.path())
}

fn samples(dir: &Path) -> usize {
    run_dir(dir)
        .and_then(|run| std::fs::read_to_string(run.join("samples.jsonl")).ok())
        .map_or(0, |text| text.lines().count())
}

/// Command lines of processes that name this directory.
fn processes_of(dir: &Path) -> Vec<String> {
    let needle = dir.to_str().unwrap();
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(needle))
        .collect()
}

fn postmaster_of(dir: &Path) -> Option<Pid> {
    let cluster = std::fs::read_dir(dir.join("cache/clusters")).ok()?.next()?.ok()?.path();
    let text = std::fs::read_to_string(cluster.join("data/postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.parse().ok()?)
}

#[track_caller]
fn assert_nothing_left(dir: &Path) {
    let clusters: Vec<_> = std::fs::read_dir(dir.join("cache/clusters"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(clusters.is_empty(), "{clusters:?}");
    assert_eq!(processes_of(dir), Vec::<String>::new());
}

const LONG: [&str; 10] = [
    "run",
    "--server",
    "local",
    "--methods",
    "copy-csv",
    "--rows",
    "60000",
    "--rounds",
    "200",
    "--label=long",
];

#[test]
fn a_signal_at_any_moment_leaves_nothing_behind() {
    for (signal, code, moment) in [
        (Signal::INT, 130, Duration::from_millis(30)),
        (Signal::TERM, 143, Duration::from_millis(400)),
        (Signal::INT, 130, Duration::from_millis(1500)),
        (Signal::HUP, 129, Duration::from_millis(3000)),
    ] {
        let run = start(common::world_readable_tempdir(), &LONG);
        std::thread::sleep(moment);
        run.signal(signal);
        let (dir, output) = run.end();
        let text = String::from_utf8(output.stderr).unwrap();
        // Before the handlers are there a signal ends the program by itself, with nothing begun.
        if output.status.code().is_some() {
            assert_eq!(output.status.code(), Some(code), "after {moment:?}: {text}");
            assert!(text.contains("stopped by"), "{text}");
        }
        assert_nothing_left(dir.path());
    }
}

#[test]
fn an_interrupted_run_keeps_its_samples_and_goes_on() {
    let args = ["run", "--server", "local", "--methods", "copy-text", "--rows", "60000", "--rounds", "4"];
    let run = start(common::world_readable_tempdir(), &args);
    run.wait_for("third sample", |dir| samples(dir) >= 3);
    run.signal(Signal::INT);
    let (dir, output) = run.end();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("samples are kept") && text.contains("--resume"), "{text}");
    assert_nothing_left(dir.path());
    let kept = samples(dir.path());
    assert!(kept >= 3);

    let path = run_dir(dir.path()).unwrap();
    let (dir, output) = start(dir, &["run", "--resume", path.to_str().unwrap()]).end();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains(&format!("{kept} samples are there")), "{text}");
    let (run, all) = record::load(&path).unwrap();
    assert_eq!(all.len(), 1 + 4 * 3, "a warm-up and four rounds of two cases and the control");
    let mut planned: Vec<(u32, String)> = (1..)
        .zip(&run.plan.order)
        .flat_map(|(round, order)| order.iter().map(move |i| (round, *i)))
        .map(|(round, i)| (round, run.plan.cases[i].id.clone()))
        .collect();
    planned.insert(0, (0, "copy-csv".into()));
    let taken: Vec<(u32, String)> = all.iter().map(|s| (s.slot.round(), s.case.clone())).collect();
    assert_eq!(taken, planned, "the order is the recorded one, across the interruption");
    assert_nothing_left(dir.path());
}

#[test]
fn a_run_until_its_intervals_are_narrow_goes_on_by_the_same_rule_after_an_interruption() {
    let args = "run --server local --methods copy-text --rows 60000 --until 0.01% --until-cases copy-text --max-rounds 8";
    let run = start(common::world_readable_tempdir(), &args.split(' ').collect::<Vec<_>>());
    // In the sixth round, which the rule let follow the five that are the fewest.
    run.wait_for("17 samples", |dir| samples(dir) > 1 + 5 * 3);
    run.signal(Signal::INT);
    let (dir, output) = run.end();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("after 5 rounds: 0 of 2 intervals within ±0.01 %, wider copy-"), "{text}");
    let path = run_dir(dir.path()).unwrap();
    let (half, _) = record::load(&path).unwrap();
    assert!((6..8).contains(&half.plan.rounds), "{} rounds", half.plan.rounds);
    assert_eq!(half.plan.until.as_ref().unwrap().ended, None);
    let report = std::fs::read_to_string(path.join("report.md")).unwrap();
    assert!(report.contains("before its rule ended it"), "{report}");

    let (dir, output) = start(dir, &["run", "--resume", path.to_str().unwrap()]).end();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    let (whole, all) = record::load(&path).unwrap();
    assert_eq!((whole.plan.rounds, all.len()), (8, 1 + 8 * 3), "{text}");
    assert_eq!(whole.plan.order[..half.plan.order.len()], half.plan.order);
    let until = whole.plan.until.unwrap();
    assert_eq!(until.ended, Some(RoundsEnd::Rounds));
    assert!(until.spent_ns > half.plan.until.unwrap().spent_ns, "the time of both sessions");
    assert!(
        whole
            .provenance
            .command
            .contains("--rounds 5 --until '0.01%' --until-cases copy-text --max-rounds 8")
    );
    let report = std::fs::read_to_string(path.join("report.md")).unwrap();
    assert!(
        report.contains("The rounds ended after 8, the most (--max-rounds); wider than ±0.01 %"),
        "{report}"
    );

    let (dir, output) = start(dir, &["run", "--resume", path.to_str().unwrap()]).end();
    assert!(output.status.success());
    assert_eq!(record::load(&path).unwrap().1.len(), 1 + 8 * 3, "a run that has ended does not go on");
    assert_nothing_left(dir.path());
}

#[test]
fn a_server_that_dies_in_a_sample_is_a_row_and_the_run_goes_on() {
    let args = ["run", "--server", "local", "--methods", "copy-text", "--rows", "200000", "--rounds", "2"];
    let run = start(common::world_readable_tempdir(), &args);
    run.wait_for("first sample", |dir| samples(dir) >= 1);
    std::thread::sleep(Duration::from_millis(150));
    kill_process(postmaster_of(run.dir.path()).unwrap(), Signal::KILL).unwrap();
    let (dir, output) = run.end();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let (_, all) = record::load(&run_dir(dir.path()).unwrap()).unwrap();
    assert_eq!(all.len(), 1 + 2 * 3);
    let failed: Vec<_> = all.iter().filter(|s| s.outcome != Outcome::Ok).collect();
    assert_eq!(failed.len(), 1, "{text}");
    assert!(failed[0].total_ns.is_none());
    let error = failed[0].error.as_deref().unwrap();
    assert!(error.contains("server"), "{error}");
    assert_nothing_left(dir.path());
}

#[test]
fn two_runs_at_once_keep_out_of_each_other_s_way() {
    let args = ["run", "--server", "local", "--methods", "copy-text", "--rows", "5000", "--rounds", "2"];
    let first = start(common::world_readable_tempdir(), &args);
    // The same cache and results directory for the second.
    let shared = first.dir.path().to_path_buf();
    let second = Command::new(env!("CARGO_BIN_EXE_bulkbench"))
        .args(args)
        .current_dir(&shared)
        .env("BULKBENCH_CACHE", shared.join("cache"))
        .output()
        .unwrap();
    let (dir, output) = first.end();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stderr));
    let runs: Vec<_> = std::fs::read_dir(dir.path().join("results")).unwrap().collect();
    assert_eq!(runs.len(), 2);
    for run in runs {
        let (_, samples) = record::load(&run.unwrap().path()).unwrap();
        assert!(samples.len() == 1 + 2 * 3 && samples.iter().all(|s| s.outcome == Outcome::Ok));
    }
    assert_nothing_left(dir.path());
}

/// The run that a container or volume belongs to.
const LABEL: &str = "{{.Label \"bulkbench.run\"}}";

/// The output of the engine's command line.
fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_stopped_container_run_leaves_neither_container_nor_volume() {
    let Some(image) = common::image() else { return };
    for (signal, code, samples_first) in [(Signal::INT, 130, 0), (Signal::TERM, 143, 2)] {
        let args = ["run", "--server", "container", "--image", &image, "--methods", "copy-csv"];
        let args = [&args[..], &["--rows", "60000", "--rounds", "200"]].concat();
        let run = start(common::world_readable_tempdir(), &args);
        // The id of a run's server holds the process that made it.
        let id = format!("-{}-", run.child.id());
        match samples_first {
            0 => run.wait_for("container", |_| docker(&["ps", "-a", "--format", LABEL]).contains(&id)),
            n => run.wait_for("second sample", |dir| samples(dir) >= n),
        }
        run.signal(signal);
        let (_dir, output) = run.end();
        let left = docker(&["ps", "-a", "--format", LABEL]) + &docker(&["volume", "ls", "--format", LABEL]);
        assert!(!left.contains(&id), "{left}");
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_stopped_run_drops_its_schema_on_a_server_of_the_user_s() {
    let dir = common::world_readable_tempdir();
    let data = bulkbench::dataset::Dataset::generated(
        &dir.path().join("data"),
        10,
        1,
        &bulkbench::interrupt::Interrupt::new(),
    )
    .unwrap();
    let own = common::local(&data);
    let url = common::url(&*own);
    let schemas = || -> i64 {
        let mut session = own.connector().connect().unwrap();
        session
            .query_one("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'bulkbench%'", &[])
            .unwrap()
            .get(0)
    };
    let args = ["run", "--server", &url, "--methods", "copy-csv", "--rows", "60000", "--rounds", "200"];
    let run = start(common::world_readable_tempdir(), &args);
    run.wait_for("second sample", |dir| samples(dir) >= 2);
    assert_eq!(schemas(), 1);
    run.signal(Signal::TERM);
    let (_dir, output) = run.end();
    assert_eq!(output.status.code(), Some(143), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(schemas(), 0);
    own.stop().unwrap();
}

/// Whether a process of the run's initdb works in its cluster: it has shared memory then, or soon.
fn initdb_runs(dir: &Path) -> bool {
    processes_of(dir).iter().any(|line| line.contains("initdb"))
        && std::fs::read_dir(dir.join("cache/clusters"))
            .into_iter()
            .flatten()
            .flatten()
            .any(|cluster| cluster.path().join("data/postgresql.conf").exists())
}

#[test]
fn a_stop_in_the_middle_of_initdb_leaves_no_shared_memory() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        for moment in [0, 40, 150, 400] {
            let before = memory::there();
            let run = start(common::world_readable_tempdir(), &LONG);
            run.wait_for("initdb", initdb_runs);
            std::thread::sleep(Duration::from_millis(moment));
            run.signal(signal);
            let (dir, output) = run.end();
            assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
            assert_nothing_left(dir.path());
            assert_eq!(memory::left_since(&before), BTreeSet::new(), "{signal:?} after {moment} ms");
        }
    }
}

#[test]
fn what_a_killed_run_leaves_is_swept_by_the_next_whatever_it_loads() {
    // Killed in initdb, with its initdb; and in a sample, with its server.
    for in_initdb in [true, false] {
        let before = memory::there();
        let run = start(common::world_readable_tempdir(), &LONG);
        if in_initdb {
            run.wait_for("initdb", initdb_runs);
        } else {
            run.wait_for("first sample", |dir| samples(dir) >= 1);
        }
        let cache = run.dir.path().join("cache");
        let pids: Vec<Pid> = processes_at(&cache);
        run.signal(Signal::KILL);
        for pid in pids {
            // Some have ended with others.
            let _ = kill_process(pid, Signal::KILL);
        }
        let (dir, _) = run.end();
        let scratch = |dataset: &str| {
            let beside = cache.join("datasets").join(dataset);
            std::fs::create_dir_all(beside.join("scratch-of-a-killed-run")).unwrap();
            beside.join("scratch-of-a-killed-run")
        };
        let others = [scratch("another"), scratch("generated-of-another-run")];
        let args = ["run", "--server", "local", "--methods", "copy-text", "--rows", "1000", "--rounds", "1"];
        let (dir, output) = start(dir, &args).end();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_nothing_left(dir.path());
        assert!(others.iter().all(|dir| !dir.exists()));
        let datasets = std::fs::read_dir(cache.join("datasets")).unwrap().flatten();
        let left: Vec<PathBuf> = datasets
            .flat_map(|dataset| std::fs::read_dir(dataset.path()).unwrap().flatten())
            .map(|entry| entry.path())
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("scratch-"))
            .collect();
        assert_eq!(left, Vec::<PathBuf>::new());
        assert_eq!(memory::left_since(&before), BTreeSet::new(), "killed in initdb: {in_initdb}");
    }
}

/// PostgreSQL's processes that work below this directory.
fn processes_at(dir: &Path) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let found = entries.filter(|entry| {
        let cwd = std::fs::read_link(entry.path().join("cwd"));
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        let ours = cwd.is_ok_and(|cwd| cwd.starts_with(dir)) || line.contains(dir.to_str().unwrap());
        ours && ["initdb", "postgres"].contains(&name.trim())
    });
    found.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)).collect()
}
