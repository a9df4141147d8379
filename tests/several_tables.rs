//! A run whose cases load several tables, each with a DDL of its own.

mod common;

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

const EXPERIMENT: &str = r#"
id = "several"
title = "Several tables"
question = "Do they keep apart?"
rounds = 2
baseline = "copy-csv"
compare = "method"

[[case]]
method = ["copy-csv", "copy-indexed"]

[[case]]
method = ["copy-csv", "copy-indexed", "copy-binary"]
dataset = ["votes", "events", "gin", "type_enum"]

[data]
csv = "mine.csv"
ddl = "mine.sql"
parents = { kinds = "kinds.csv" }
csv_options = { delimiter = ";", csv-header = "no", csv-columns = "id,kind" }

[datasets.gin]
invent = "events"
indexes = "CREATE INDEX by_properties ON events USING gin (properties);"
"#;

fn bulkbench(dir: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::cargo_bin("bulkbench").unwrap();
    command.current_dir(dir).env("BULKBENCH_CACHE", dir.join("cache")).args(args);
    let ran = command.output().unwrap();
    let printed = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (ran.status.code(), printed)
}

#[test]
fn each_case_loads_its_own_table() {
    let place = common::world_readable_tempdir();
    let dir = place.path();
    let ddl = "CREATE TABLE kinds (kind text PRIMARY KEY); \
               CREATE TABLE events (id int PRIMARY KEY, kind text NOT NULL REFERENCES kinds);\n";
    std::fs::write(dir.join("mine.sql"), ddl).unwrap();
    std::fs::write(dir.join("kinds.csv"), "a\nb\n").unwrap();
    let rows: String = (1..=70).map(|i| format!("{i};{}\n", if i % 2 == 0 { "a" } else { "b" })).collect();
    std::fs::write(dir.join("mine.csv"), rows).unwrap();
    // Of two tables, the one of the file has to be named.
    std::fs::write(dir.join("several.toml"), EXPERIMENT).unwrap();
    let run = ["run", "several.toml", "--rows", "500", "--server", "local", "--out", "results"];
    let (code, printed) = bulkbench(dir, &run);
    assert_eq!(code, Some(2), "{printed}");
    assert!(printed.contains("mine.sql") && printed.contains("\"events\", \"kinds\""), "{printed}");

    std::fs::write(dir.join("several.toml"), EXPERIMENT.replace("parents", "table = \"events\"\nparents"))
        .unwrap();
    let (code, printed) = bulkbench(dir, &run);
    assert_eq!(code, Some(0), "{printed}");
    let found = std::fs::read_dir(dir.join("results")).unwrap().next().unwrap().unwrap().path();
    let read = |file: &str| std::fs::read_to_string(found.join(file)).unwrap();
    let record: Value = serde_json::from_str(&read("run.json")).unwrap();
    assert_eq!(record["dataset"]["rows"], 70);
    assert_eq!(record["table"]["parents"][0], "kinds");
    let tables = record["tables"].as_object().unwrap();
    assert_eq!(tables.keys().collect::<Vec<_>>(), ["events", "gin", "type_enum"], "votes has no DDL");
    let gin = tables["gin"]["ddl"].as_str().unwrap();
    assert!(gin.contains("by_properties") && !gin.contains("(session)"), "{gin}");
    let samples: Vec<Value> =
        read("samples.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for sample in &samples {
        assert_eq!(sample["outcome"], "ok", "{sample}");
        let case = sample["case"].as_str().unwrap();
        let rows = if case.contains("dataset=") { 500 } else { 70 };
        assert_eq!(sample["end_state"]["rows"], rows, "{case}");
        let structure = sample["end_state"]["structure"].to_string();
        assert_eq!(structure.contains("by_properties"), case.contains("dataset=gin"), "{case}: {structure}");
    }
    assert_eq!(samples.len(), 1 + 2 * (2 + 1 + 4 * 3), "a warm-up and two rounds with a control");
    let report = read("report.md");
    for part in
        ["gin (into events)", "The DDL of type_enum", "csv/s", "gin: rows", "| `the run's own rows` |"]
    {
        assert!(report.contains(part), "{part:?} is not in {report}");
    }
    let names = ["/report.md", "/report.html"].map(|name| format!("{}{name}", found.display()));
    let (code, printed) = bulkbench(dir, &["report", found.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{names:?}: {printed}");
}

#[test]
fn what_is_wrong_with_a_dataset_is_said_before_anything_starts() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("mine.sql"), "CREATE TABLE mine ()").unwrap();
    let error = |text: String| {
        std::fs::write(place.path().join("several.toml"), text).unwrap();
        let (code, printed) = bulkbench(place.path(), &["run", "several.toml", "--server", "local"]);
        assert_eq!(code, Some(2), "{printed}");
        printed
    };
    for (from, to, parts) in [
        ("\"events\", \"gin\"", "\"evnts\", \"gin\"", &["`events`", "[datasets.evnts]"][..]),
        ("invent = \"events\"", "invent = \"event\"", &["invent = \"event\"", "`events`"]),
        ("invent = \"events\"", "invented = \"events\"", &["invented", "line"]),
        ("invent = \"events\"", "csv = \"a.csv\"", &["[datasets.gin]", "both `csv` and `ddl`"]),
        ("ddl = \"mine.sql\"", "ddl = \"nowhere.sql\"", &["nowhere.sql"]),
        ("delimiter = ", "delimeter = ", &["csv_options", "--delimeter"]),
        ("[datasets.gin]", "[datasets.gin2]", &["[datasets.gin2]", "no case loads it"]),
        ("gin", "numeric", &["[datasets.numeric]", "form of the votes"]),
    ] {
        let printed = error(EXPERIMENT.replace(from, to));
        for part in parts {
            assert!(printed.contains(part), "{part:?} is not in {printed}");
        }
    }
    // Every case of it names a dataset.
    let flags = ["run", "types", "--server", "local", "--data", "readings"];
    let (code, printed) = bulkbench(place.path(), &flags);
    assert_eq!(code, Some(2), "{printed}");
    assert!(printed.contains("every case of types names a dataset"), "{printed}");
}
