//! Every built-in experiment on a real server at few rows: each case loads and is verified, or says
//! why it cannot run.

mod common;

use std::time::Duration;

use bulkbench::dataset::Dataset;
use bulkbench::experiment::Experiment;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::model::{Axis, Case, Outcome, Role};
use bulkbench::runner::schedule;

/// Whether a case's server is another one for its probes than that of tests/methods.rs, where they read every method.
fn is_probed(case: &Case) -> bool {
    let axes = &case.key.axes;
    !axes.settings.is_empty() || axes.latency_ms.is_some() || !axes.limits.is_empty()
}

/// Runs each case of the experiment once with so many rows, in the order of a round; returns the
/// ids of those that could not run, with the reasons.
fn once(id: &str, rows: u64) -> Vec<(String, String)> {
    let dir = common::world_readable_tempdir();
    let experiment = Experiment::find(id).unwrap();
    let votes = Dataset::generated(dir.path(), rows, 1, &Interrupt::new()).unwrap();
    let catalogue = Catalogue::built_in();
    let prepared = common::prepared(&catalogue, &experiment, &votes);
    let mut servers = vec![common::local(&votes)];
    if experiment.compare == Some(Axis::Server) {
        servers.push(common::local(&votes));
    }
    let named = ["a", "b"].into_iter().map(String::from).zip(servers.iter_mut().map(|s| &mut **s as _));
    let mut session = prepared.on(named.collect(), Duration::from_secs(120));
    let cases = session.mark(&experiment).unwrap();

    let runnable: Vec<_> = cases
        .iter()
        .enumerate()
        .filter(|(_, case)| case.unavailable.is_none() && case.role != Role::Control)
        .map(|(index, case)| (index, case.key.axes.settings.clone()))
        .collect();
    for index in schedule::order(&runnable, 1, 1).concat() {
        session.stage().set_probing(is_probed(&cases[index]));
        let sample = session.take(&cases[index]).unwrap();
        assert_eq!(sample.outcome, Outcome::Ok, "{}: {:?}", sample.case, sample.error);
    }
    drop(session);
    servers.into_iter().for_each(|server| server.stop().unwrap());
    cases.into_iter().filter_map(|case| Some((case.id, case.unavailable?))).collect()
}

/// Passes when every case ran, but those that this machine's PostgreSQL may lack something for.
fn all_ran(id: &str, rows: u64) {
    for (case, reason) in once(id, rows) {
        if common::lacks_program(&case, &reason) {
            continue;
        }
        let excused = reason.contains("no collation")
            || reason.contains("no extension")
            || reason.contains("cannot be limited here")
            || reason.contains("that there are here")
            || reason.contains("it needs PostgreSQL")
            || reason.contains("to have it: ");
        assert!(excused, "{case}: {reason}");
        common::skipped(&format!("{case}: {reason}"));
    }
}

macro_rules! experiments {
    ($($test:ident = $id:literal, $rows:literal;)*) => {
        $(#[test]
        fn $test() {
            all_ran($id, $rows);
        })*

        #[test]
        fn none_is_left_out() {
            let built_in: Vec<String> = Experiment::built_in().unwrap().into_iter().map(|e| e.id).collect();
            // These have tests of another kind, below and in tests/methods.rs, caveats.rs, crashes.rs and disks.rs.
            let others = ["all", "scale", "caveats", "types", "wide", "indexes-kinds", "durability", "power"];
            let tested = [&[$($id,)*][..], &others].concat();
            let left: Vec<_> = built_in.iter().filter(|id| !tested.contains(&id.as_str())).collect();
            assert!(left.is_empty(), "{left:?}");
        }
    };
}

experiments! {
    votes = "votes", 1_000;
    insert_family = "insert-family", 1_000;
    batch_size = "batch-size", 1_000;
    batches = "batches", 1_000;
    commit_interval = "commit-interval", 1_000;
    formats = "formats", 1_000;
    parallelism = "parallelism", 1_000;
    indexes = "indexes", 1_000;
    foreign_keys = "foreign-keys", 1_000;
    backfill = "backfill", 1_000;
    chunks = "chunks", 25_000;
    maintenance_work_mem = "maintenance-work-mem", 1_000;
    cores = "cores", 1_000;
    memory = "memory", 1_000;
    wal = "wal", 1_000;
    collation = "collation", 1_000;
    latency = "latency", 40;
    versions = "versions", 1_000;
    populating = "populating", 1_000;
    loaders = "loaders", 1_000;
    fastest = "fastest", 1_000;
    disks = "disks", 1_000;
    flush_time = "flush-time", 1_000;
    article = "article", 1_000;
}

#[test]
fn a_case_of_more_rows_than_there_are_says_so() {
    let left = once("scale", 10_000);
    assert!(left.iter().all(|(_, reason)| reason.ends_with("and the dataset has 10 000")), "{left:?}");
    assert!(!left.iter().any(|(case, _)| case == "copy-csv rows=10000"), "{left:?}");
    assert!(left.iter().any(|(case, _)| case == "copy-csv rows=100000"), "{left:?}");
}

/// The experiments whose cases load several tables: the command makes them, as their DDL needs a server.
#[test]
fn those_of_several_tables_run_whole() {
    for (id, rows) in [("types", "500"), ("wide", "2000"), ("indexes-kinds", "500")] {
        let place = common::world_readable_tempdir();
        let mut command = assert_cmd::Command::cargo_bin("bulkbench").unwrap();
        command.current_dir(place.path()).env("BULKBENCH_CACHE", place.path().join("cache"));
        command.args(["run", id, "--rows", rows, "--rounds", "1", "--budget", "1", "--server", "local"]);
        let ran = command.output().unwrap();
        assert!(ran.status.success(), "{id}: {}", String::from_utf8_lossy(&ran.stderr));
        let found = std::fs::read_dir(place.path().join("results")).unwrap().next().unwrap().unwrap().path();
        let record = std::fs::read_to_string(found.join("run.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        for case in record["plan"]["cases"].as_array().unwrap() {
            assert_eq!(case["unavailable"], serde_json::Value::Null, "{id}: {case}");
        }
    }
}
