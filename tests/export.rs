//! Runs in the formats of other tools, each held against the format's own description, and in a JSON of its own, held
//! against the schema that is published.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bulkbench::model::{EmulatedDisk, Outcome, Phase, Run, Sample, Slot};
use bulkbench::record::{self, Store};
use bulkbench::report::export::{ExportFormat, SCHEMA, export};
use serde_json::{Value, json};

/// A run of five rounds with a control, a case that failed, one that cannot run and one of fewer rows.
fn votes(name: &str) -> (PathBuf, Run, Vec<Sample>) {
    let (run, samples) = support::votes(5, 1.0);
    (stored(name, &run, &samples), run, samples)
}

fn stored(name: &str, run: &Run, samples: &[Sample]) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exported").join(name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    let mut store = Store::create(&dir, run).unwrap();
    samples.iter().for_each(|sample| store.append(sample).unwrap());
    dir
}

fn exported(dir: &Path, format: ExportFormat) -> Value {
    serde_json::from_str(&export(dir, format).unwrap().text).unwrap()
}

fn errors(schema: &Value, document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).unwrap();
    validator.iter_errors(document).map(|error| error.to_string()).collect()
}

#[track_caller]
fn assert_valid(schema: &Value, document: &Value) {
    assert_eq!(errors(schema, document), Vec::<String>::new());
}

#[track_caller]
fn assert_near(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    assert!((value / expected - 1.0).abs() < 1e-6, "{value} in place of {expected}");
}

/// The cases that have times, but for the control.
const TIMED: [&str; 10] = [
    "copy-csv",
    "copy-text",
    "copy-binary",
    "copy-csv-server-file",
    "copy-unlogged-then-logged",
    "copy-unlogged",
    "copy-unlogged-parallel",
    "copy-one-transaction wal_level=minimal",
    "insert-multirow batch=1000",
    "insert-row",
];

/// src/benchmark/benchmark_result.rs and src/export/json.rs of hyperfine: which fields there are, of which types, and
/// which may be null or absent.
fn of_hyperfine() -> Value {
    let number = json!({ "type": "number", "minimum": 0 });
    let each = |items: Value| json!({ "type": "array", "items": items });
    json!({
        "type": "object", "required": ["results"], "additionalProperties": false,
        "properties": { "results": { "type": "array", "minItems": 1, "items": {
            "type": "object", "additionalProperties": false,
            "required": ["command", "mean", "stddev", "median", "user", "system", "min", "max", "exit_codes"],
            "properties": {
                "command": { "type": "string" }, "stddev": { "type": ["number", "null"] },
                "mean": number, "median": number, "user": number, "system": number, "min": number, "max": number,
                "times": each(number.clone()), "memory_usage_byte": each(json!({ "type": "integer" })),
                "exit_codes": each(json!({ "type": ["integer", "null"] })),
                "parameters": { "type": "object", "additionalProperties": { "type": "string" } },
            },
        } } },
    })
}

#[test]
fn hyperfine_has_the_times_in_seconds() {
    let (dir, ..) = votes("hyperfine");
    let document = exported(&dir, ExportFormat::Hyperfine);
    assert_valid(&of_hyperfine(), &document);
    let results = document["results"].as_array().unwrap();
    let commands: Vec<&str> = results.iter().map(|result| result["command"].as_str().unwrap()).collect();
    assert_eq!(commands, TIMED);
    // 5.6 s and 0.02 s and 5.1 s, times 0.989 to 1.013 in the rounds, times 1.0004 on average.
    for (field, expected) in
        [("median", 10.72), ("min", 10.72 * 0.989), ("max", 10.72 * 1.013), ("mean", 10.72 * 1.0004)]
    {
        assert_near(&results[0][field], expected);
    }
    // The squares of the distances from 1.0004 add up to 0.000_361_2.
    assert_near(&results[0]["stddev"], 10.72 * (0.000_361_2_f64 / 4.0).sqrt());
    assert_near(&results[0]["user"], 7_500_000.0 * 55.0 / 1e9);
    for result in results {
        let times = result["times"].as_array().unwrap();
        // One of the loads that were to be logged afterwards was given up.
        let expected = if result["command"] == "copy-unlogged-then-logged" { 4 } else { 5 };
        assert_eq!((times.len(), result["exit_codes"].as_array().unwrap().len()), (expected, expected));
        assert_eq!(result["memory_usage_byte"], json!(vec![23 << 20; expected]));
    }
    assert_eq!(results[6]["parameters"], json!({ "jobs": "2" }));
    assert_eq!(results[7]["parameters"], json!({ "wal_level": "minimal" }));
    assert!(results[0].get("parameters").is_none());

    let (run, samples) = support::votes(1, 1.0);
    let once = exported(&stored("once", &run, &samples), ExportFormat::Hyperfine);
    assert_valid(&of_hyperfine(), &once);
    assert_eq!(once["results"][0]["stddev"], Value::Null);
}

#[test]
fn bencher_has_medians_between_the_ends_of_their_intervals() {
    // The schema that Bencher's reference has, with nothing beside what it names.
    let number = json!({ "type": "number" });
    let metric = json!({
        "type": "object", "required": ["value"], "additionalProperties": false,
        "properties": { "value": number, "lower_value": number, "upper_value": number },
    });
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "minProperties": 1,
        // The longest name of a benchmark, and of a measure.
        "propertyNames": { "minLength": 1, "maxLength": 1024 },
        "additionalProperties": {
            "type": "object", "minProperties": 1,
            "propertyNames": { "minLength": 1, "maxLength": 64 }, "additionalProperties": metric,
        },
    });
    let (dir, ..) = votes("bmf");
    let document = exported(&dir, ExportFormat::Bmf);
    assert_valid(&schema, &document);
    let names: Vec<&String> = document.as_object().unwrap().keys().collect();
    let mut timed = TIMED;
    timed.sort_unstable();
    assert_eq!(names, timed);
    let of = |measure: &str| document["copy-csv"][measure].clone();
    assert_near(&of("latency")["value"], 10.72e9);
    assert_near(&of("throughput")["value"], 7_500_000.0 / 10.72);
    // The widest interval that five samples give is their range.
    assert_near(&of("latency")["lower_value"], 10.72e9 * 0.989);
    assert_near(&of("latency")["upper_value"], 10.72e9 * 1.013);
    assert_near(&of("throughput")["lower_value"], 7_500_000.0 / (10.72 * 1.013));

    let (run, samples) = support::votes(4, 1.0);
    let few = exported(&stored("few", &run, &samples), ExportFormat::Bmf);
    assert_valid(&schema, &few);
    assert_eq!(few["copy-csv"]["latency"].as_object().unwrap().keys().collect::<Vec<_>>(), ["value"]);
}

#[test]
fn the_action_for_github_gets_seconds_and_a_range_that_it_can_convert() {
    // Its interface BenchmarkResult (src/extract.ts), and the range that extractRangeInfo.ts takes apart.
    let text = json!({ "type": "string" });
    let schema = json!({
        "type": "array", "minItems": 1, "items": {
            "type": "object", "required": ["name", "unit", "value"], "additionalProperties": false,
            "properties": {
                "name": text, "unit": { "enum": ["s", "ms", "us", "ns"] }, "value": { "type": "number" },
                "range": { "type": "string", "pattern": "^± [0-9]+\\.[0-9]+$" }, "extra": text,
            },
        },
    });
    let (dir, ..) = votes("github-action");
    let document = exported(&dir, ExportFormat::GithubAction);
    assert_valid(&schema, &document);
    let names: Vec<&str> = document.as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
    assert_eq!(names, TIMED);
    let first = &document[0];
    assert_near(&first["value"], 10.72);
    assert_eq!(first["range"], "± 0.139360");
    assert_eq!(first["extra"], "7 500 000 rows, 700 000/s\nmedian of 5 samples\nafter a crash: durable");
}

#[test]
fn the_csv_has_each_phase_of_each_sample() {
    let (dir, _, samples) = votes("csv");
    let text = export(&dir, ExportFormat::Csv).unwrap().text;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = "case,method,role,parameters,slot,round,outcome,rows,phase,ns";
    assert_eq!(reader.headers().unwrap(), header.split(',').collect::<Vec<_>>());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), samples.iter().map(|sample| sample.phases.len().max(1)).sum::<usize>());
    let mut totals: BTreeMap<(String, String), u64> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row[9].is_empty()) {
        *totals.entry((row[0].into(), row[5].into())).or_default() += row[9].parse::<u64>().unwrap();
    }
    for sample in samples.iter().filter(|sample| sample.outcome == Outcome::Ok) {
        let key = (sample.case.clone(), sample.slot.round().to_string());
        assert_eq!(totals.get(&key), sample.total_ns.as_ref(), "{key:?}");
    }
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], "copy-csv,copy-csv,baseline,,warm-up,0,ok,7500000,load,99000000000");
    assert!(lines.contains(&"copy-parallel,copy-parallel,case,,round,3,failed,7500000,,"), "{text}");
    let parallel = "copy-unlogged-parallel,copy-unlogged-parallel,case,jobs=2,round,1,ok,7500000,prepare,";
    assert!(lines.iter().any(|line| line.starts_with(parallel)), "{text}");
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

#[test]
fn the_json_is_as_its_schema_says() {
    let (dir, run, samples) = votes("json");
    let document = exported(&dir, ExportFormat::Json);
    assert_valid(&schema(), &document);
    let cases = document["cases"].as_array().unwrap();
    assert_eq!(cases.len(), run.plan.cases.len());
    let kept: usize = cases.iter().map(|case| case["samples"].as_array().unwrap().len()).sum();
    assert_eq!(kept, samples.len());
    assert_near(&cases[0]["total_ns"]["value"], 10.72e9);
    // Within rounds, whose scatter is another for each case.
    let speed = cases[2]["speed"]["value"].as_f64().unwrap();
    assert!((speed - 10.72 / 10.52).abs() < 0.005, "{speed}");
    assert_eq!((&document["tested"], &document["noise"]["rounds"]), (&json!(8), &json!(5)));
    assert!(cases[2]["p"].as_f64().unwrap() < 0.05 && cases[0]["p"].is_null());
    let of = |id: &str| cases.iter().find(|case| case["id"] == id).unwrap();
    assert_eq!(of("copy-parallel")["verdict"], "failed");
    assert_eq!(of("copy-parallel")["total_ns"], Value::Null);
    assert!(
        of("copy-one-transaction wal_level=replica")["unavailable"].as_str().unwrap().contains("restarted")
    );
    let late = of("copy-unlogged-then-logged")["samples"].as_array().unwrap();
    assert_eq!(late.iter().filter(|sample| sample["outcome"] == "timeout").count(), 1);

    // What has another form is refused.
    type Change = fn(&mut Value);
    let changes: [Change; 6] = [
        |run| drop(run.as_object_mut().unwrap().remove("version")),
        |run| run["version"] = json!(2),
        |run| run["machine"]["name"] = json!("somebody's"),
        |run| run["cases"][0]["samples"][0]["total_ns"] = json!(-1),
        |run| run["cases"][0]["samples"][0]["phases_ns"]["lode"] = json!(1),
        |run| run["cases"][0]["role"] = json!("judge"),
    ];
    for change in changes {
        let mut changed = document.clone();
        change(&mut changed);
        assert!(!errors(&schema(), &changed).is_empty());
    }
}

#[test]
fn the_schema_names_every_phase() {
    let named = &schema()["$defs"]["sample"]["properties"]["phases_ns"]["propertyNames"]["enum"];
    assert_eq!(*named, json!(Phase::ALL.map(Phase::name)));
}

/// Whatever reads a result has to see that no machine has that disk, and how much of the machine the server had.
#[test]
fn an_emulated_disk_and_limits_are_said_in_every_format() {
    let (mut run, mut samples) = support::votes(5, 1.0);
    let class = Some("hdd-5400".to_owned());
    run.server.disk = Some(EmulatedDisk { class, flush_ns: 11_100_000, ..EmulatedDisk::default() });
    run.server.limits.memory_bytes = Some(4 << 30);
    let limited = "copy-text cpus=1";
    let case = run.plan.cases.iter_mut().find(|case| case.id == "copy-text").unwrap();
    case.key.axes.limits.cpus = Some(1);
    case.id = limited.into();
    samples.iter_mut().filter(|s| s.case == "copy-text").for_each(|s| s.case = limited.into());
    let dir = stored("emulated", &run, &samples);

    let named = "copy-text cpus=1 (emulated disk: hdd-5400)";
    let hyperfine = exported(&dir, ExportFormat::Hyperfine);
    assert_valid(&of_hyperfine(), &hyperfine);
    assert_eq!(hyperfine["results"][1]["command"], named);
    let parameters = json!({ "cpus": "1", "emulated_disk": "hdd-5400" });
    assert_eq!(hyperfine["results"][1]["parameters"], parameters);
    assert!(exported(&dir, ExportFormat::Bmf).get(named).is_some());
    assert_eq!(exported(&dir, ExportFormat::GithubAction)[1]["name"], named);
    let csv = export(&dir, ExportFormat::Csv).unwrap().text;
    assert!(
        csv.contains("\ncopy-text cpus=1,copy-text,case,cpus=1 emulated_disk=hdd-5400,round,1,"),
        "{csv}"
    );

    let document = exported(&dir, ExportFormat::Json);
    assert_valid(&schema(), &document);
    let server = &document["servers"][0];
    assert_eq!((&server["emulated_disk"], &server["cpus"]), (&json!("hdd-5400"), &Value::Null));
    assert_eq!(server["memory_bytes"], json!(4_u64 << 30));
    assert_eq!(document["cases"][2]["parameters"], parameters);
    assert!(document["run"]["title"].as_str().unwrap().ends_with("(emulated disk: hdd-5400)"));

    let results = bulkbench::report::csv::results(&run, &samples).unwrap();
    let mut lines = csv::Reader::from_reader(results.as_bytes());
    let column = lines.headers().unwrap().iter().position(|name| name == "emulated_disk").unwrap();
    assert!(lines.records().all(|line| &line.unwrap()[column] == "hdd-5400"));
}

/// What was published here with crashes and its readings of waits.
#[test]
fn a_published_run_can_be_had_in_every_format() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/2026-11-29-2-core-cloud-vm-durability");
    assert_valid(&schema(), &exported(&dir, ExportFormat::Json));
    assert_valid(&of_hyperfine(), &exported(&dir, ExportFormat::Hyperfine));
    let (_, samples) = record::load(&dir).unwrap();
    let text = export(&dir, ExportFormat::Csv).unwrap().text;
    let in_csv = text.lines().filter(|line| line.contains(",crash,0,")).count();
    let crashed = samples.iter().filter(|sample| matches!(sample.slot, Slot::Crash(_))).count();
    assert!(crashed > 0 && in_csv >= crashed, "{crashed} and {in_csv}");
}

fn bulkbench(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bulkbench")).args(args).env("NO_COLOR", "1").output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_command_writes_the_whole_of_it_and_says_what_has_no_time() {
    let (dir, ..) = votes("command");
    let path = dir.to_str().unwrap();
    let done = bulkbench(&["export", path, "--format", "bmf"]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert_eq!(
        String::from_utf8(done.stdout.clone()).unwrap(),
        export(&dir, ExportFormat::Bmf).unwrap().text
    );
    let text = said(&done);
    assert!(text.contains("copy-parallel has no time: failed: loading: ERROR 53100"), "{text}");
    assert!(
        text.contains("copy-one-transaction wal_level=replica has no time: not available here"),
        "{text}"
    );

    let file = dir.join("run.json.out");
    let out = file.to_str().unwrap();
    let done = bulkbench(&["export", path, "--format", "json", "--out", out]);
    assert_eq!((done.status.code(), done.stdout.len(), said(&done)), (Some(0), 0, String::new()));
    assert_valid(&schema(), &serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap());

    let printed = bulkbench(&["export", "--schema"]);
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/export.schema.json");
    assert_eq!(printed.stdout, std::fs::read(published).unwrap());
}

#[test]
fn what_cannot_be_exported_is_refused_and_leaves_the_file_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("out");
    std::fs::write(&file, "old").unwrap();
    let out = file.to_str().unwrap();
    let nothing = {
        let (run, _) = support::votes(5, 1.0);
        stored("nothing", &run, &[])
    };
    let findings = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/2026-11-28-2-core-cloud-vm-caveats");
    for (args, code, words) in [
        (vec![nothing.to_str().unwrap(), "--format", "hyperfine"], 4, "no sample of"),
        (vec![findings.to_str().unwrap(), "--format", "csv"], 2, "holds findings and no times"),
        (vec![dir.path().to_str().unwrap(), "--format", "csv"], 2, "run.json"),
        (vec![nothing.to_str().unwrap(), "--format", "xml"], 2, "github-action-benchmark"),
        (vec![nothing.to_str().unwrap()], 2, "--format"),
        (vec!["--format", "csv"], 2, "DIR"),
    ] {
        let done = bulkbench(&[&["export", "--out", out][..], &args].concat());
        let text = said(&done);
        assert_eq!(done.status.code(), Some(code), "{args:?}: {text}");
        assert!(text.contains(words), "{args:?}: {text}");
        assert_eq!(std::fs::read(&file).unwrap(), b"old");
    }
    let full = bulkbench(&["export", nothing.to_str().unwrap(), "--format", "csv", "--out", "/dev/full"]);
    assert_eq!(full.status.code(), Some(3), "{}", said(&full));
}
