//! Runs whose server and client are held to a part of their machine.

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

use bulkbench::model::{Fact, FactValue, Fingerprint, Limits, Outcome, ParamValue};
use bulkbench::probe::machine;
use bulkbench::record;

fn bulkbench(dir: &Path, args: &[&str]) -> Output {
    let mut command = assert_cmd::Command::cargo_bin("bulkbench").unwrap();
    command.current_dir(dir).env("BULKBENCH_CACHE", dir.join("cache")).env("NO_COLOR", "1");
    command.args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn run_dir(dir: &Path) -> PathBuf {
    std::fs::read_dir(dir.join("results")).unwrap().next().unwrap().unwrap().path()
}

fn allowed(fingerprint: &Fingerprint) -> &str {
    match fingerprint.get(Fact::Allowed) {
        Some(FactValue::Words(list)) => list,
        other => panic!("{other:?}"),
    }
}

const SMALL: [&str; 9] =
    ["run", "--server", "local", "--methods", "copy-parallel", "--rows", "2000", "--rounds", "1"];

#[test]
fn a_run_records_its_limits_has_jobs_by_them_and_goes_on_under_them() {
    let place = common::world_readable_tempdir();
    let cores = machine::cores();
    if cores < 2 {
        return common::skipped("one processor cannot be divided between server and client");
    }
    let all = cores.to_string();
    let ran = bulkbench(place.path(), &[&SMALL[..], &["--cpus", &all, "--client-cpus", "1"]].concat());
    assert!(ran.status.success(), "{}", said(&ran));
    assert!(said(&ran).contains("are among the server's"), "{}", said(&ran));
    let dir = run_dir(place.path());
    let (run, samples) = record::load(&dir).unwrap();
    assert_eq!(run.server.limits, Limits { cpus: Some(cores), memory_bytes: None });
    assert!(
        run.provenance.command.contains(&format!("--cpus {all} --client-cpus 1 ")),
        "{}",
        run.provenance.command
    );
    let client: u32 = allowed(&run.provenance.machine.fingerprint).parse().expect("one processor");
    assert_eq!(run.provenance.machine.cores, cores, "the machine's");
    let server = allowed(&run.server.fingerprint);
    assert!(server.parse::<u32>().is_err(), "more than the client's {client}: {server}");
    let parallel = run.plan.cases.iter().find(|case| case.key.method == "copy-parallel").unwrap();
    assert_eq!(parallel.params["jobs"], ParamValue::Int(u64::from(cores)));
    let report = std::fs::read_to_string(dir.join("report.md")).unwrap();
    assert!(report.contains("client kept to") && report.contains("held to"), "{report}");

    // As if it had been stopped before its last sample.
    let journal = dir.join("samples.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(&journal, lines[..lines.len() - 1].join("\n") + "\n").unwrap();
    let ran = bulkbench(place.path(), &["run", "--resume", dir.to_str().unwrap()]);
    assert!(ran.status.success(), "{}", said(&ran));
    assert!(said(&ran).contains(&format!("it may use {all} processors")), "{}", said(&ran));
    assert_eq!(record::load(&dir).unwrap().1.len(), samples.len());
}

#[test]
fn less_of_a_machine_means_fewer_jobs_and_smaller_buffers() {
    let place = common::world_readable_tempdir();
    let ran = bulkbench(place.path(), &[&SMALL[..], &["--cpus", "1", "--memory", "512MB"]].concat());
    if said(&ran).contains("cannot be limited here") {
        return common::skipped(&said(&ran));
    }
    assert!(ran.status.success(), "{}", said(&ran));
    let (run, samples) = record::load(&run_dir(place.path())).unwrap();
    assert!(samples.iter().all(|sample| sample.outcome == Outcome::Ok));
    assert_eq!(run.server.limits, Limits { cpus: Some(1), memory_bytes: Some(512 << 20) });
    assert_eq!(run.server.settings["shared_buffers"], "128MB");
    assert_eq!(run.server.fingerprint.get(Fact::MemoryLimit), Some(&FactValue::Number(512 << 20)));
    assert!(allowed(&run.server.fingerprint).parse::<u32>().is_ok());
    assert!(run.provenance.command.contains("--cpus 1 --memory 512MB"), "{}", run.provenance.command);
    let parallel = run.plan.cases.iter().find(|case| case.key.method == "copy-parallel").unwrap();
    assert_eq!(parallel.params["jobs"], ParamValue::Int(1));
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_made() {
    let place = common::world_readable_tempdir();
    for (args, code, words) in [
        (&["--cpus", "100000"][..], 2, "processors are more than"),
        (&["--memory", "900TB"], 2, "of memory are more than"),
        (&["--memory", "512"], 2, "such as 512MB"),
        (&["--client-cpus", "100000"], 2, "--client-cpus 100000"),
        (&["--cpus", "1", "--server", "postgres://u@nowhere.invalid/d"], 2, "limit it where it runs"),
    ] {
        let refused = bulkbench(place.path(), &[&["run"], args].concat());
        assert_eq!(refused.status.code(), Some(code), "{args:?}: {}", said(&refused));
        assert!(said(&refused).contains(words), "{args:?}: {}", said(&refused));
    }
    assert!(!place.path().join("cache").exists() && !place.path().join("results").exists());
    let planned = bulkbench(place.path(), &["run", "--server", "local", "--cpus", "1", "--dry-run"]);
    let plan = String::from_utf8_lossy(&planned.stdout).into_owned();
    assert!(plan.contains("the server may use 1 processor"), "{plan}");
}

#[test]
fn what_an_experiment_gives_its_server_is_given_where_it_can_be() {
    let place = common::world_readable_tempdir();
    let write = |server: &str| {
        let text = format!(
            "id = 'given'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nbaseline = 'copy-csv'\n[server]\n{server}\n\
             [[case]]\nmethod = 'copy-csv'\n"
        );
        std::fs::write(place.path().join("given.toml"), text).unwrap();
    };
    let planned = |more: &[&str]| {
        let args = ["run", "given.toml", "--server", "local", "--dry-run"];
        let planned = bulkbench(place.path(), &[&args[..], more].concat());
        assert!(planned.status.success(), "{}", said(&planned));
        (String::from_utf8_lossy(&planned.stdout).into_owned(), said(&planned))
    };
    write("memory = '900TB'");
    let (plan, warned) = planned(&[]);
    assert!(!plan.contains("the server may use"), "{plan}");
    assert!(warned.contains("goes on without that") && warned.contains("more than the"), "{warned}");
    write("memory = '256MB'");
    let (plan, warned) = planned(&[]);
    let cannot = warned.contains("cannot be limited here");
    assert_ne!(plan.contains("the server may use 256MB of memory"), cannot, "{plan}{warned}");
    let (plan, warned) = planned(&["--memory", "512MB"]);
    assert!(plan.contains("the server may use 512MB") && !warned.contains("goes on without"), "{warned}");

    write("settings = { maintenance_work_mem = '48MB' }");
    let ran = bulkbench(place.path(), &["run", "given.toml", "--server", "local", "--rows", "1000"]);
    assert!(ran.status.success(), "{}", said(&ran));
    let (run, _) = record::load(&run_dir(place.path())).unwrap();
    assert_eq!(run.server.settings["maintenance_work_mem"], "48MB");
    assert!(run.provenance.command.contains("maintenance_work_mem=48MB"), "{}", run.provenance.command);
}
