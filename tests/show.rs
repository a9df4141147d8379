//! The statements of a method, as it sends them: printed by `show`, and kept with a run for those that readers
//! ask for first.

mod common;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use bulkbench::model::Phase;
use bulkbench::record;

fn bulkbench(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
    command.args(args).current_dir(dir).env("BULKBENCH_CACHE", dir.join("cache")).stdin(Stdio::null());
    command.output().unwrap()
}

#[track_caller]
fn shown(dir: &Path, args: &[&str]) -> String {
    let ended = bulkbench(dir, &[&["show"][..], args, &["--server", "local"]].concat());
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

/// The script is behind the heading that says how many rows were loaded.
#[track_caller]
fn script(text: &str) -> &str {
    let (_, rest) = text.split_once("As it was sent for 1000 rows").expect("the statements are printed");
    rest.split_once('\n').unwrap().1.trim()
}

#[test]
fn a_method_s_statements_are_those_that_the_server_gets() {
    let dir = common::world_readable_tempdir();
    let text = shown(dir.path(), &["copy-csv-key-after"]);
    for words in ["after a crash  durable", "no table: making it is timed", "Populating a Database"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let table = "\"votes\" (\"username\", \"link\", \"score\")";
    let expected = [
        "-- prepare",
        "CREATE TABLE \"votes\" (\"vote_id\" serial, \"username\" text NOT NULL, \"link\" text NOT NULL, \
         \"score\" integer NOT NULL) WITH (autovacuum_enabled = false);",
        "",
        "-- load",
        "BEGIN;",
        &format!("COPY {table} FROM STDIN WITH (FORMAT csv);"),
        "",
        "-- commit",
        "COMMIT;",
        "",
        "-- indexes",
        "CREATE INDEX ON \"votes\" (\"username\");",
        "CREATE INDEX ON \"votes\" (\"link\");",
        "",
        "-- constraints",
        "ALTER TABLE \"votes\" ADD PRIMARY KEY (\"vote_id\");",
    ];
    assert_eq!(script(&text).lines().collect::<Vec<_>>(), expected);

    let text = shown(dir.path(), &["insert-multirow", "--param", "batch=100", "--param", "jobs=2"]);
    let load = script(&text).lines().find(|line| line.starts_with("INSERT INTO")).unwrap();
    assert!(load.starts_with(&format!("INSERT INTO {table} VALUES ($1,$2,$3),($4")), "{load}");
    assert!(load.contains(" ... ") && load.ends_with("$299,$300);  -- 10 times"), "{load}");
}

/// A program connects by itself; what it sends is heard all the same.
#[test]
fn the_statements_of_an_external_program_are_heard() {
    if !common::psql() {
        return common::skipped("there is no psql");
    }
    let dir = common::world_readable_tempdir();
    let text = shown(dir.path(), &["psql-insert-transaction"]);
    let script = script(&text);
    assert!(script.contains("INSERT INTO") && script.contains(";  -- 1000 times"), "{script}");
    let lines: Vec<&str> = script.lines().collect();
    let at = |start: &str| lines.iter().position(|line| line.to_uppercase().starts_with(start)).expect(start);
    assert!(at("-- LOAD") < at("BEGIN") && at("BEGIN") < at("COMMIT") && at("COMMIT") < at("-- INDEXES"));
}

#[test]
fn what_cannot_be_shown_is_named() {
    let dir = common::world_readable_tempdir();
    for (args, words, code) in [
        (&["copy-cvs"][..], "did you mean `copy-csv`?", 2),
        (&["copy-csv", "--param", "jobs=2"], "no parameter `jobs`", 2),
        (&["insert-multirow", "--param", "batch=0"], "may be 1 to", 2),
        (&["insert-multirow", "--param", "batch"], "name=value", 2),
        (&["insert-multirow", "--param", "batch=1", "--param", "batch=2"], "given twice", 2),
    ] {
        let ended = bulkbench(dir.path(), &[&["show"][..], args].concat());
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(said.contains(words), "{words}: {said}");
        assert_eq!(ended.status.code(), Some(code), "{said}");
    }
    let text = bulkbench(dir.path(), &["show", "copy-csv", "--no-statements"]).stdout;
    assert!(!String::from_utf8(text).unwrap().contains("As it was sent"));
}

#[test]
fn a_run_keeps_the_statements_of_its_fastest() {
    let dir = common::world_readable_tempdir();
    let cases = "[[case]]\nmethod = ['copy-csv', 'copy-unlogged', 'insert-row']\n";
    let text = format!(
        "id = 'x'\ntitle = 't'\nquestion = 'q'\nrounds = 2\nrows = 3000\nbudget = 1\nbaseline = 'insert-row'\n{cases}"
    );
    std::fs::write(dir.path().join("x.toml"), text).unwrap();
    let ended = bulkbench(dir.path(), &["run", "x.toml", "--server", "local", "--out", "out"]);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let results = std::fs::read_dir(dir.path().join("out")).unwrap().next().unwrap().unwrap().path();
    let (run, _) = record::load(&results).unwrap();
    let kept: Vec<&str> = run.statements.keys().map(String::as_str).collect();
    assert!(kept.iter().all(|id| ["copy-csv", "copy-unlogged"].contains(id)), "{kept:?}");
    let durable = &run.statements["copy-csv"];
    assert!(durable.iter().any(|s| s.phase == Some(Phase::Load) && s.sql.starts_with("COPY \"votes\"")));
    for file in ["report.md", "report.html"] {
        let report = std::fs::read_to_string(results.join(file)).unwrap();
        assert!(report.contains("The statements of copy-csv, as they were sent"), "{file}");
    }
}
