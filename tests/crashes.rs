//! What a crash leaves of a load, on real servers whose processes are killed.

mod common;

use std::collections::BTreeSet;

use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::model::{
    Case, Crash, CrashKind, CrashPlan, Durability, Moment, Outcome, Phase, Plan, Role, Sample, Slot, Source,
};
use bulkbench::runner::journal::Outlook;
use bulkbench::runner::plan::{self, Request};
use bulkbench::runner::progress::Progress;
use bulkbench::server::Server;

struct Silent;

impl Progress for Silent {
    fn skip(&mut self, _: &Case, _: Slot) {}
    fn begin(&mut self, _: &Case, _: Slot) {}
    fn end(&mut self, _: &Sample, _: std::time::Duration) {}
    fn looked(&mut self, _: &Outlook) {}
}

/// Every case of these lines at each of the moments, without any round; `prepare` changes the plan first. What confirms
/// no part of itself is not killed once half is confirmed, as in runs: that would be its end.
fn crash(
    server: &mut dyn Server,
    dataset: &Dataset,
    lines: &str,
    moments: &[Moment],
    prepare: impl FnOnce(&mut Plan),
) -> Vec<Sample> {
    let catalogue = Catalogue::built_in();
    let experiment = common::experiment(lines).unwrap();
    let prepared = common::prepared(&catalogue, &experiment, dataset);
    let mut session = common::on(&prepared, server);
    let cases = session.mark(&experiment).unwrap();
    let request = Request { rounds: 0, ..common::request(dataset.rows()) };
    let mut plan = plan::plan(&experiment, &request, cases, Clone::clone);
    let in_parts = |case: &Case| catalogue.find(&case.key.method).unwrap().info().in_parts;
    let mut order = Vec::new();
    for (index, case) in (0..).zip(&plan.cases).filter(|(_, case)| case.role != Role::Control) {
        let moments = moments.iter().filter(|moment| **moment != Moment::Half || in_parts(case));
        order.extend(moments.map(|moment| (index, *moment)));
    }
    plan.crash = Some(CrashPlan { kind: CrashKind::Kill, rows: dataset.rows(), order });
    prepare(&mut plan);
    let mut samples = Vec::new();
    let mut keep = |sample: &Sample| {
        samples.push(sample.clone());
        Ok(())
    };
    session.execute(&plan, &[], &mut keep, &mut Silent).unwrap();
    samples
}

fn left<'s>(samples: &'s [Sample], case: &str, moment: Moment) -> &'s Crash {
    let found = samples.iter().find(|s| s.case == case && s.slot == Slot::Crash(moment));
    let sample = found.unwrap_or_else(|| panic!("{case} was not killed {}", moment.name()));
    assert_eq!(sample.outcome, Outcome::Ok, "{case} {}: {:?}", moment.name(), sample.error);
    let crash = sample.crash.as_ref().unwrap();
    assert!(crash.recovery_ns > 0 && crash.foreign.is_none_or(|foreign| foreign == 0), "{case}: {crash:?}");
    crash
}

fn counts(crash: &Crash) -> (u64, u64, u64) {
    (crash.confirmed, crash.confirmed_there, crash.others_there)
}

#[test]
fn what_is_there_is_what_was_committed() {
    let memory = common::memory::there();
    let dir = common::world_readable_tempdir();
    let dataset = Dataset::generated(dir.path(), 20_000, 1, &Interrupt::new()).unwrap();
    let mut server = common::local(&dataset);
    let samples = crash(
        &mut *server,
        &dataset,
        "[[case]]\nmethod = ['copy-unlogged', 'copy-append', 'insert-row-batched-commits', 'copy-partitioned']\n\
         [[case]]\nmethod = ['insert-row', 'update-row', 'insert-multirow']\nrows = 2000\n\
         [[case]]\nmethod = 'copy-one-transaction'\nsettings = { wal_level = 'minimal' }\n\
         [[case]]\nmethod = 'insert-row-async-commit'\n\
         [[case]]\nmethod = ['psql-insert', 'psql-copy']\n",
        &Moment::ALL,
        |_| {},
    );
    // Of a program nothing is confirmed before it ends, though psql commits row by row.
    let psql = left(&samples, "psql-insert", Moment::Middle);
    assert!(psql.confirmed == 0 || psql.phase != Some(Phase::Load), "{psql:?}");
    for whole in
        ["copy-csv", "copy-append", "copy-partitioned", "copy-one-transaction wal_level=minimal", "psql-copy"]
    {
        assert_eq!(counts(left(&samples, whole, Moment::End)), (20_000, 20_000, 0), "{whole}");
        let middle = left(&samples, whole, Moment::Middle);
        // By time: on a busy machine it can come after the load phase, and after all of the load.
        let is_over = middle.phase != Some(Phase::Load);
        let is_whole = is_over && counts(middle) == (20_000, 20_000, 0);
        assert!(is_whole || (middle.confirmed, middle.confirmed_there) == (0, 0), "{whole}: {middle:?}");
        // What psql has committed it has not told before it ends.
        let is_untold = whole == "psql-copy" && middle.others_there == 20_000;
        assert!(middle.others_there == 0 || is_over || is_untold, "{whole}: {middle:?}");
    }
    for moment in [Moment::End, Moment::Middle] {
        let crash = left(&samples, "copy-unlogged", moment);
        assert_eq!((crash.confirmed_there, crash.others_there), (0, 0), "{}", moment.name());
    }
    for (case, rows, part) in [
        ("insert-row", 2000, 1),
        ("update-row", 2000, 1),
        ("insert-multirow", 2000, 100),
        ("insert-row-batched-commits", 20_000, 1000),
    ] {
        assert_eq!(counts(left(&samples, &of_rows(case, rows), Moment::End)), (rows, rows, 0), "{case}");
        let half = left(&samples, &of_rows(case, rows), Moment::Half);
        assert_eq!(counts(half), (rows / 2, rows / 2, 0), "{case}: nothing is sent before the kill is over");
        let middle = left(&samples, &of_rows(case, rows), Moment::Middle);
        assert!(middle.confirmed < rows || middle.phase != Some(Phase::Load), "{case}: {middle:?}");
        assert_eq!(middle.confirmed_there, middle.confirmed, "{case}");
        assert!(middle.others_there <= part, "{case}: a statement that nobody heard the end of: {middle:?}");
    }
    for moment in [Moment::Middle, Moment::Half] {
        let crash = left(&samples, "insert-row-async-commit", moment);
        assert_eq!(crash.confirmed > crash.confirmed_there, crash.lost_ns.is_some(), "{crash:?}");
        // Three times wal_writer_delay (PostgreSQL manual, Asynchronous Commit), and some.
        assert!(crash.lost_ns.is_none_or(|ns| ns < 2_000_000_000), "{crash:?}");
    }
    server.stop().unwrap();
    assert_eq!(common::memory::left_since(&memory), BTreeSet::new(), "shared memory of a killed server");
}

/// The id of a case that loads so many rows, of 20 000.
fn of_rows(case: &str, rows: u64) -> String {
    if rows == 20_000 { case.into() } else { format!("{case} rows={rows}") }
}

#[test]
fn a_promise_that_is_not_kept_is_a_failure() {
    let dir = common::world_readable_tempdir();
    let dataset = Dataset::generated(dir.path(), 5_000, 1, &Interrupt::new()).unwrap();
    let mut server = common::local(&dataset);
    let samples =
        crash(&mut *server, &dataset, "[[case]]\nmethod = 'copy-unlogged'\n", &[Moment::End], |plan| {
            for case in &mut plan.cases {
                let other = match case.durability {
                    Durability::LostOnCrash => Durability::Durable,
                    _ => Durability::LostOnCrash,
                };
                case.durability = other;
            }
        });
    let errors: Vec<&str> = samples.iter().filter_map(|sample| sample.error.as_deref()).collect();
    assert_eq!(
        errors,
        [
            "5000 rows are there, and of an unlogged table none should be",
            "5000 of 5000 rows are gone whose commit was confirmed, and the load is durable"
        ]
    );
    server.stop().unwrap();
}

#[test]
fn a_container_is_killed_and_goes_on_with_its_volume() {
    let dir = common::world_readable_tempdir();
    let dataset = Dataset::generated(dir.path(), 5_000, 1, &Interrupt::new()).unwrap();
    let Some(mut server) = common::container(&dataset) else { return };
    let lines = "[[case]]\nmethod = 'copy-unlogged'\n[[case]]\nmethod = 'insert-row-tokio'\nrows = 1000\n";
    let samples = crash(&mut *server, &dataset, lines, &[Moment::End, Moment::Half], |_| {});
    assert_eq!(counts(left(&samples, "copy-csv", Moment::End)), (5_000, 5_000, 0));
    assert_eq!(counts(left(&samples, "copy-unlogged", Moment::End)), (5_000, 0, 0));
    let half = left(&samples, "insert-row-tokio rows=1000", Moment::Half);
    assert_eq!((half.confirmed, half.confirmed_there), (500, 500));
    server.stop().unwrap();
}

/// `bulkbench` in this directory, with a cache there.
fn bulkbench(place: &std::path::Path, words: &[&str]) -> std::process::Output {
    let mut command = assert_cmd::Command::cargo_bin("bulkbench").unwrap();
    command.current_dir(place).env("BULKBENCH_CACHE", place.join("cache")).args(words).output().unwrap()
}

#[test]
fn the_experiment_runs_goes_on_and_reports() {
    let place = common::world_readable_tempdir();
    let methods = "copy-one-transaction,copy-chunks,insert-row-async-commit";
    let words =
        ["run", "durability", "--rows", "30000", "--budget", "1", "--server", "local", "--methods", methods];
    let ran = bulkbench(place.path(), &words);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let found = std::fs::read_dir(place.path().join("results")).unwrap().next().unwrap().unwrap().path();
    let report = || std::fs::read_to_string(found.join("report.md")).unwrap();
    let whole = report();
    let section = whole.split("## What a crash left").nth(1).unwrap().split("\n## ").next().unwrap();
    for case in ["`copy-csv`", "`copy-one-transaction wal_level=minimal`", "`copy-chunks chunk_rows=20000`"] {
        let line =
            section.lines().find(|line| line.contains(case)).unwrap_or_else(|| panic!("{case}: {section}"));
        assert!(line.contains("all 30 000 confirmed"), "{line}");
    }
    let chunks = section.lines().find(|line| line.contains("chunk_rows")).unwrap();
    assert!(chunks.contains("all 20 000 confirmed; of 10 000 others none"), "{chunks}");

    let samples = found.join("samples.jsonl");
    let lines = std::fs::read_to_string(&samples).unwrap();
    let kept: Vec<&str> = lines.lines().collect();
    std::fs::write(&samples, kept[..kept.len() - 1].join("\n") + "\n").unwrap();
    let went_on = bulkbench(place.path(), &["run", "--resume", found.to_str().unwrap()]);
    assert!(went_on.status.success(), "{}", String::from_utf8_lossy(&went_on.stderr));
    assert_eq!(std::fs::read_to_string(&samples).unwrap().lines().count(), kept.len());
}

#[test]
fn a_server_of_the_user_is_never_killed() {
    let place = common::world_readable_tempdir();
    for words in [
        &["run", "votes", "--crash", "--server", "postgres://nobody@localhost/x"][..],
        &["run", "durability", "--server", "postgres://nobody@localhost/x"],
    ] {
        let refused = bulkbench(place.path(), words);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(
            said.contains("a server of yours is never killed; use --server local or container"),
            "{said}"
        );
    }
    let alone = bulkbench(place.path(), &["run", "votes", "--crash-rows", "10"]);
    assert!(String::from_utf8_lossy(&alone.stderr).contains("add --crash"));
    let other = bulkbench(place.path(), &["run", "votes", "--crash=power-cut"]);
    assert!(String::from_utf8_lossy(&other.stderr).contains("a server crashes by one of: kill"));
}

/// The published run of every method, local and in a container: it is what the words of the catalogue rest on.
#[test]
fn every_method_left_what_it_promises_in_the_published_run() {
    let (run, samples) = bulkbench::record::load(&common::published("durability")).unwrap();
    let sources: Vec<_> = run.servers.values().map(|server| server.source).collect();
    assert!(sources.contains(&Source::Local) && sources.contains(&Source::Container), "{sources:?}");
    let planned = &run.plan.crash.as_ref().unwrap().order;
    for (index, moment) in planned {
        left(&samples, &run.plan.cases[*index].id, *moment);
    }
    let catalogue = Catalogue::built_in();
    for info in catalogue.iter().map(|method| method.info()).filter(|info| info.id != "copy-out") {
        let case = |case: &&Case| case.key.method == info.id;
        let crashed = planned.iter().any(|(index, _)| run.plan.cases[*index].key.method == info.id);
        let why = run.plan.cases.iter().filter(case).find_map(|case| case.unavailable.as_ref());
        assert!(crashed || why.is_some(), "{} has neither crashed nor a reason why not", info.id);
        let found = run.plan.cases.iter().find(case).map(|case| case.durability);
        assert_eq!(found, Some(info.durability), "{}: the run held another word", info.id);
    }
}
