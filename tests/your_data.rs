//! A run on a csv and a DDL of the user's, from the command line to the report.

mod common;

use std::path::Path;

use assert_cmd::Command;

const DDL: &str = "\
CREATE TYPE mood AS ENUM ('glad', 'so so');
CREATE DOMAIN code AS text CHECK (VALUE <> '');
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE \"my orders\" (
    \"order\"  bigint PRIMARY KEY,
    customer int NOT NULL REFERENCES customers,
    placed   timestamptz NOT NULL DEFAULT now(),
    total    numeric(10,2) CHECK (total >= 0),
    feeling  mood,
    code     code,
    note     text
);
CREATE INDEX ON \"my orders\" (customer, placed);
CREATE INDEX ON \"my orders\" (lower(note)) WHERE note IS NOT NULL;
";

fn run(dir: &Path, more: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::cargo_bin("bulkbench").unwrap();
    command.current_dir(dir).env("BULKBENCH_CACHE", dir.join("cache")).args(["run", "formats"]);
    command.args(["--csv", "orders.csv", "--ddl", "orders.sql", "--rounds", "1", "--budget", "1"]);
    let ran = command.args(["--server", "local", "--out", "results"]).args(more).output().unwrap();
    let printed = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (ran.status.code(), printed)
}

fn write(dir: &Path, row: &str) {
    std::fs::write(dir.join("orders.sql"), DDL).unwrap();
    std::fs::write(dir.join("customers.csv"), "id,name\n1,Ada\n2,Bob\n").unwrap();
    let mut csv = "order;customer;placed;total;feeling;code;note\n".to_owned();
    for i in 1..=300 {
        let note = ["", "\"one; two\"", "x", "\"\""][i % 4];
        csv.push_str(&format!("{i};{};2026-01-02T10:00:{:02}Z;{i}.5;so so;c{i};{note}\n", i % 2 + 1, i % 60));
    }
    std::fs::write(dir.join("orders.csv"), csv + row).unwrap();
}

#[test]
fn a_csv_and_a_ddl_become_a_report() {
    let place = common::world_readable_tempdir();
    let dir = place.path();
    write(dir, "");
    let (code, printed) = run(dir, &["--table", "my orders", "--parent", "customers=customers.csv"]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("300"), "{printed}");
    // The domain's values only the server knows, so that there is no binary form of them.
    assert!(printed.contains("whose binary form only the server knows"), "{printed}");
    let found = std::fs::read_dir(dir.join("results")).unwrap().next().unwrap().unwrap().path();
    let report = std::fs::read_to_string(found.join("report.md")).unwrap();
    for part in
        ["my orders", "CREATE TABLE \"my orders\"", "code: their values are held against the server's"]
    {
        assert!(report.contains(part), "{part:?} is not in {report}");
    }
    let record = std::fs::read_to_string(found.join("run.json")).unwrap();
    assert!(record.contains("\"unknown\": [") && record.contains("\"my orders\""), "{record}");
    let samples = std::fs::read_to_string(found.join("samples.jsonl")).unwrap();
    assert!(samples.contains("\"servers-own\""), "{samples}");
}

#[test]
fn what_does_not_fit_is_said_once_and_before_any_sample() {
    let place = common::world_readable_tempdir();
    let dir = place.path();
    write(dir, "301;1;2026-01-02;much;glad;c;\n");
    let parent = ["--parent", "customers=customers.csv"];
    let with = |more: &[&'static str]| run(dir, &[&parent[..], more].concat());
    let (code, printed) = with(&["--table", "my orders"]);
    assert_eq!(code, Some(4), "{printed}");
    for part in ["orders.csv", "line 302", "total", "numeric(10,2)", "much"] {
        assert!(printed.contains(part), "{part:?} is not in {printed}");
    }
    let (code, printed) = with(&[]);
    assert_eq!(code, Some(2), "{printed}");
    assert!(printed.contains("--table") && printed.contains("my orders"), "{printed}");
    std::fs::write(dir.join("orders.sql"), DDL.replace("customer int", "customer itn")).unwrap();
    let (code, printed) = with(&["--table", "my orders"]);
    assert_eq!(code, Some(2), "{printed}");
    for part in ["42704", "line 6", "itn"] {
        assert!(printed.contains(part), "{part:?} is not in {printed}");
    }
    assert!(
        !dir.join("results").exists() || std::fs::read_dir(dir.join("results")).unwrap().next().is_none()
    );
}
