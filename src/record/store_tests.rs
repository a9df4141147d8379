use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::fault::Fault;
use crate::model::{RoundsEnd, Until};

const GOLDEN_RUN: &str = include_str!("../../tests/fixtures/schema-1/run.json");
const GOLDEN_SAMPLES: &str = include_str!("../../tests/fixtures/schema-1/samples.jsonl");
const NEWEST_RUN: &str = include_str!("../../tests/fixtures/schema-2/run.json");
const NEWEST_SAMPLES: &str = include_str!("../../tests/fixtures/schema-2/samples.jsonl");

fn golden() -> (Run, Vec<Sample>) {
    let dir = golden_dir(GOLDEN_RUN, GOLDEN_SAMPLES);
    load(dir.path()).unwrap()
}

fn golden_dir(run: &str, samples: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(RUN_FILE), run).unwrap();
    std::fs::write(dir.path().join(SAMPLES_FILE), samples).unwrap();
    dir
}

fn fault_of(error: &anyhow::Error) -> &Fault {
    Fault::find(error).unwrap_or_else(|| panic!("no fault in {error:#}"))
}

#[test]
fn the_golden_files_of_both_schemas_are_the_same_run_and_the_newest_is_written_byte_for_byte() {
    let (run, samples) = golden();
    assert_eq!(samples.len(), 3);
    let newest = load(golden_dir(NEWEST_RUN, NEWEST_SAMPLES).path()).unwrap();
    assert_eq!(newest, (run.clone(), samples.clone()));
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create(&dir.path().join("new/run"), &run).unwrap();
    samples.iter().for_each(|s| store.append(s).unwrap());
    assert_eq!(std::fs::read_to_string(store.dir().join(RUN_FILE)).unwrap(), NEWEST_RUN);
    assert_eq!(std::fs::read_to_string(store.dir().join(SAMPLES_FILE)).unwrap(), NEWEST_SAMPLES);
    let names: Vec<_> = std::fs::read_dir(store.dir()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "no temporary file is left: {names:?}");
}

#[test]
fn a_server_s_fingerprint_and_why_its_disk_was_not_measured_are_read_back() {
    use crate::model::{Fact, FactValue};
    let (mut run, _) = golden();
    run.server.fingerprint = [
        (Fact::CpuLimit, FactValue::Number(150)),
        (Fact::Container, FactValue::Words("docker container".into())),
    ]
    .into_iter()
    .collect();
    run.server.unmeasured = Some("nobody may write there".into());
    let written = run.json().unwrap();
    let text = String::from_utf8(written.clone()).unwrap();
    assert!(text.contains("\"cgroup_cpu_percent\": 150") && text.contains("\"unmeasured\""), "{text}");
    let read = Run::read(&written).unwrap();
    assert_eq!(read, run);
    assert_eq!(read.json().unwrap(), written);
}

#[test]
fn a_run_of_the_first_schema_goes_on_in_the_newest() {
    let (run, samples) = golden();
    let begun: String = GOLDEN_SAMPLES.split_inclusive('\n').take(2).collect();
    let dir = golden_dir(GOLDEN_RUN, &begun);
    let (mut store, _, kept) = Store::resume(dir.path()).unwrap();
    assert_eq!(kept, samples[..2]);
    store.append(&samples[2]).unwrap();
    assert_eq!(std::fs::read_to_string(dir.path().join(RUN_FILE)).unwrap(), NEWEST_RUN);
    assert_eq!(load(dir.path()).unwrap(), (run, samples), "lines of both");
}

#[test]
fn a_directory_with_a_run_is_refused() {
    let (run, _) = golden();
    let dir = golden_dir(GOLDEN_RUN, GOLDEN_SAMPLES);
    let error = Store::create(dir.path(), &run).unwrap_err();
    assert!(matches!(fault_of(&error), Fault::Usage(_)), "{error:#}");
    assert!(error.to_string().contains("--resume"), "{error:#}");
}

#[test]
fn resume_cuts_off_a_torn_last_line_and_says_so() {
    let (_, samples) = golden();
    let whole: String = GOLDEN_SAMPLES.split_inclusive('\n').take(2).collect();
    let torn = format!("{whole}{{\"case\":\"copy-csv\",\"rou");
    let dir = golden_dir(GOLDEN_RUN, &torn);

    let error = load(dir.path()).unwrap_err();
    assert!(error.to_string().contains("line 3") && error.to_string().contains("torn"), "{error:#}");

    let (mut store, _, kept) = Store::resume(dir.path()).unwrap();
    assert_eq!(kept, samples[..2]);
    let repaired = store.repaired().unwrap();
    assert!(repaired.contains("line 3 was torn (23 bytes"), "{repaired}");
    store.append(&samples[2]).unwrap();
    let (_, again) = load(dir.path()).unwrap();
    assert_eq!(again.len(), 3);
    let second = Store::resume(dir.path()).unwrap_err();
    assert!(second.to_string().contains("another bulkbench"), "{second:#}");
    drop(store);
    assert_eq!(Store::resume(dir.path()).unwrap().0.repaired(), None);
}

#[test]
fn a_torn_line_in_the_middle_is_refused_even_by_resume() {
    let torn = format!("{{\"case\":\"copy\n{GOLDEN_SAMPLES}");
    let dir = golden_dir(GOLDEN_RUN, &torn);
    let error = Store::resume(dir.path()).unwrap_err();
    assert!(matches!(fault_of(&error), Fault::Data(_)));
    assert!(error.to_string().contains("samples.jsonl, line 1"), "{error:#}");
}

#[test]
fn resume_without_a_samples_file_begins_one() {
    let dir = golden_dir(GOLDEN_RUN, "");
    std::fs::remove_file(dir.path().join(SAMPLES_FILE)).unwrap();
    let (_, _, samples) = Store::resume(dir.path()).unwrap();
    assert!(samples.is_empty());
    assert!(dir.path().join(SAMPLES_FILE).exists());
}

#[test]
fn an_error_names_the_line_and_the_key() {
    for (from, to, named) in [
        ("\"rows\":1000", "\"rows\":\"many\"", "invalid type: string \"many\""),
        ("\"position\":0", "\"place\":0", "unknown field `place`"),
        ("\"total_ns\":1500000", "\"total_ns\":1500001", "`phases` add up to 1500000"),
        ("\"case\":\"copy-csv\"", "\"case\":\"copy-xml\"", "`case` is \"copy-xml\""),
    ] {
        let lines = GOLDEN_SAMPLES.replacen(from, to, 1);
        assert_ne!(lines, GOLDEN_SAMPLES, "the fixture lacks {from}");
        let error = load(golden_dir(GOLDEN_RUN, &lines).path()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("samples.jsonl, line 1") && text.contains(named), "{text}");
        assert_eq!(fault_of(&error).exit_code(), 4);
    }
}

/// A change to a line of the samples, and the rule that the line breaks then.
type Change = (&'static str, &'static str, &'static str);

#[test]
fn a_sample_that_cannot_be_is_refused_by_line_and_rule() {
    let lines: Vec<&str> = GOLDEN_SAMPLES.lines().collect();
    let far = "\"total_ns\":18446744073709551615,\"phases\":{\"load\":18446744073709551615";
    let changes: [Change; 23] = [
        ("\"load\":1000000", "\"load\":1,\"load\":1000000", "the key `load` is there twice"),
        ("\"reset\":2000000", "\"reset\":2000000,\"reset\":1", "the key `reset` is there twice"),
        ("\"rows\":1000,\"total", "\"rows\":1000,\"rows\":1000,\"total", "duplicate field `rows`"),
        ("\"wal_bytes\":", "\"wal_bytes\":9999999999999", "`wal_bytes` is 9999999999999123456, more than"),
        (
            "\"client_cpu_ns\":",
            "\"client_cpu_ns\":99999999999999",
            "`client_cpu_ns` is 9999999999999950000, more",
        ),
        ("\"content\":\"1", "\"content\":\"-1", "and that of the dataset 123456789012345678"),
        ("\"round\":1", "\"round\":2", "`round` is 2, and the plan has 1"),
        ("\"round\":1", "\"round\":-1", "invalid value"),
        ("\"position\":0", "\"position\":1", "`position` 1 of round 1 is that of copy-unlogged-parallel"),
        ("\"position\":0", "\"position\":2", "`position` is 2, and round 1 has 2, from 0"),
        ("\"round\":1,\"position\":0", "\"round\":0,\"position\":1", "there are 1 warm-ups"),
        ("\"rows\":1000,\"total", "\"rows\":999,\"total", "`rows` is 999, and the case has 1000"),
        (
            "\"end_state\":{\"rows\":1000",
            "\"end_state\":{\"rows\":999",
            "`end_state.rows` is 999, where the load leaves 1000",
        ),
        ("\"total_ns\":1500000", "\"total_ns\":1500001", "`phases` add up to 1500000"),
        ("\"total_ns\":1500000", "\"total_ns\":-1", "invalid value"),
        ("\"total_ns\":1500000,\"phases\":{\"load\":1000000", far, "add up to more than any time"),
        (
            "\"total_ns\":1500000,\"phases\":{\"load\":1000000",
            "\"total_ns\":700000000500000,\"phases\":{\"load\":700000000000000",
            "no sample may take longer than 604800 s",
        ),
        (
            "\"overhead\":{\"reset\":2000000",
            "\"overhead\":{\"reset\":18446744073709551615",
            "`overhead` add up to more",
        ),
        ("\"started\":\"2026-03-01T12:00:00.5Z\"", "\"started\":\"yesterday\"", "`started` is \"yesterday\""),
        ("\"started\":\"2026-03-01T12", "\"started\":\"2026-02-31T12", "`started` is \"2026-02-31"),
        ("\"error\":null", "\"error\":\"disk full\"", "`error` is given for a sample whose `outcome` is ok"),
        (
            "\"outcome\":\"ok\"",
            "\"outcome\":\"failed\"",
            "`total_ns` is given for a sample whose `outcome` is not ok",
        ),
        ("\"case\":\"copy-csv\"", "\"case\":\"copy-csv \"", "`case` is \"copy-csv \""),
    ];
    for (from, to, rule) in changes {
        let changed = lines[0].replacen(from, to, 1);
        assert_ne!(changed, lines[0], "the fixture lacks {from}");
        assert_refused(GOLDEN_RUN, &format!("{}\n{changed}\n", lines[1]), "samples.jsonl, line 2", rule);
    }
    let without_end = lines[0].replace(
        &lines[0][lines[0].find("{\"rows\":1000,\"content").unwrap()..lines[0].find(",\"overhead").unwrap()],
        "null",
    );
    assert_refused(
        GOLDEN_RUN,
        &format!("{without_end}\n"),
        "samples.jsonl, line 1",
        "`end_state` is missing",
    );
    let values = lines[0].find("\"end_state\":{").unwrap();
    let (before, after) = lines[0].split_at(values);
    let list = after
        .replacen("{\"rows\":1000,\"content\":", "[1000,", 1)
        .replacen("\"persistence\":", "", 1)
        .replacen("\"structure\":", "", 1)
        .replacen("]}", "]]", 1);
    let list = format!("{before}{list}\n");
    assert_refused(GOLDEN_RUN, &list, "samples.jsonl, line 1", "`end_state` is a list");
    let silent = lines[2].replace("\"loading: ERROR 23505: duplicate key\"", "null");
    assert_refused(GOLDEN_RUN, &format!("{silent}\n"), "samples.jsonl, line 1", "`error` is missing");
}

#[test]
fn the_same_sample_twice_is_refused_whatever_it_says() {
    let lines: Vec<&str> = GOLDEN_SAMPLES.lines().collect();
    let other_time =
        lines[0].replace("1500000", "1600000").replace("\"indexes\":300000", "\"indexes\":400000");
    let elsewhere = lines[2].replace("\"position\":2", "\"position\":1");
    let warm_up = lines[0].replace("\"round\":1", "\"round\":0");
    for (first, second, rule) in [
        (lines[0], lines[0], "round 1 has its sample at `position` 0 in line 1 already"),
        (lines[0], &other_time, "round 1 has its sample at `position` 0 in line 1 already"),
        (lines[1], &elsewhere, "round 1 has its sample at `position` 1 in line 1 already"),
        (lines[2], lines[2], "round 1 has its sample at `position` 2 in line 1 already"),
        (&warm_up, &warm_up, "the warm-up has its sample at `position` 0 in line 1 already"),
    ] {
        assert_refused(GOLDEN_RUN, &format!("{first}\n{second}\n"), "samples.jsonl, line 2", rule);
    }
}

#[test]
fn a_run_that_cannot_be_is_refused_by_field_and_rule() {
    let changes: [Change; 21] = [
        ("\"against\": null", "\"against\": \"copy-cvs\"", "which `plan.cases` lacks"),
        ("\"rounds\": 1", "\"rounds\": 1, \"rounds\": 1", "duplicate field `rounds`"),
        ("\"fsync\": \"on\"", "\"fsync\": \"off\", \"fsync\": \"on\"", "the key `fsync` is there twice"),
        (
            "\"role\": \"baseline\"",
            "\"role\": \"control\"",
            "is the control, and `plan.cases` has no baseline",
        ),
        ("\"role\": \"case\"", "\"role\": \"control\"", "is the control, and not the baseline once more"),
        ("\"published_seconds\": 67.799", "\"published_seconds\": 1e-320", "it has to be from 0.000001 to"),
        ("\"started\": \"2026-03-01T12:00:00Z\"", "\"started\": \"\"", "`started` is \"\""),
        ("\"rounds\": 1", "\"rounds\": 0", "`plan.rounds` is 0"),
        ("\"rounds\": 1", "\"rounds\": 2", "`plan.order` has 1 rounds, and `plan.rounds` is 2"),
        ("\"rounds\": 1", "\"rounds\": -1", "invalid value"),
        (
            "\"id\": \"copy-unlogged-parallel\"",
            "\"id\": \"copy-csv\"",
            "`plan.cases[1].id` is \"copy-csv\", as that of a case before it",
        ),
        (
            "        0,\n        1\n",
            "        0,\n        2\n",
            "`plan.order[0][1]` is 2, and there are 2 cases",
        ),
        (
            "        0,\n        1\n",
            "        0,\n        0\n",
            "`plan.order[0][1]` is 0 (copy-csv), which the round has already",
        ),
        ("        0,\n        1\n", "        1\n", "`plan.order[0]` lacks copy-csv"),
        (
            "\"unavailable\": null",
            "\"unavailable\": \"no server\"",
            "`plan.order[0][0]` is 0 (copy-csv), a case that cannot run",
        ),
        ("\"role\": \"case\"", "\"role\": \"baseline\"", "more than one baseline"),
        ("\"rows\": 500,", "\"rows\": 1001,", "`rows` is 1001, and its dataset has 1000"),
        ("\"rows\": 500,", "\"rows\": 0,", "`rows` is 0, and its dataset has 1000"),
        ("\"published_seconds\": 67.799", "\"published_seconds\": -1", "`published_seconds` is -1"),
        ("\"method\": \"copy-csv\"", "\"method\": \"copy-text\"", "and its id that of another"),
        ("\"server\": null", "\"server\": \"17.1\"", "`server` is \"17.1\", which `servers` has nothing of"),
    ];
    for (from, to, rule) in changes {
        let run = GOLDEN_RUN.replacen(from, to, 1);
        assert_ne!(run, GOLDEN_RUN, "the fixture lacks {from}");
        assert_refused(&run, GOLDEN_SAMPLES, "run.json: ", rule);
    }
    // Runs are compared by the cases' keys.
    let mut run: serde_json::Value = serde_json::from_str(GOLDEN_RUN).unwrap();
    let cases = &mut run["plan"]["cases"];
    for field in ["method", "settings", "params"] {
        cases[1][field] = cases[0][field].clone();
    }
    cases[1]["id"] = "copy-csv again".into();
    let rule = "`plan.cases[1].key` is that of \"copy-csv\"";
    assert_refused(&run.to_string(), GOLDEN_SAMPLES, "run.json: ", rule);
}

#[test]
fn the_rule_by_which_rounds_go_on_is_read_back_and_held_against_the_plan() {
    let (mut run, samples) = golden();
    run.plan.until = Some(Until {
        percent: 2.5,
        cases: vec!["copy-csv".into()],
        fewest_rounds: 1,
        most_rounds: 30,
        most_ns: 14_400_000_000_000,
        spent_ns: 7_000_000_000,
        wider: [("copy-csv".to_owned(), Some(3.25)), ("copy-unlogged-parallel".to_owned(), None)].into(),
        ended: Some(RoundsEnd::Time),
    });
    let written = String::from_utf8(run.json().unwrap()).unwrap();
    assert!(written.contains("\"ended\": \"time\""), "{written}");
    assert_eq!(Run::read(written.as_bytes()).unwrap(), run);
    assert_eq!(load(golden_dir(&written, NEWEST_SAMPLES).path()).unwrap().1, samples);
    for (from, to, rule) in [
        ("\"percent\": 2.5", "\"percent\": 0.0", "`plan.until.percent` is 0: it has to be from 0.01 to 50"),
        (
            "\"fewest_rounds\": 1",
            "\"fewest_rounds\": 2",
            "`plan.rounds` is 1, and `plan.until` has from 2 to 30",
        ),
        ("\"most_rounds\": 30", "\"most_rounds\": 0", "`plan.rounds` is 1, and `plan.until` has from 1 to 0"),
        ("\"ended\": \"time\"", "\"ended\": \"tiem\"", "one of `narrow`, `rounds`, `time`, `no-figures`"),
        (
            "\"cases\": [\n        \"copy-csv\"\n",
            "\"cases\": [\n        \"copy-cvs\"\n",
            "`plan.until.cases` has \"copy-cvs\", which is no name of a case",
        ),
    ] {
        let changed = written.replacen(from, to, 1);
        assert_ne!(changed, written, "the record lacks {from}");
        assert_refused(&changed, NEWEST_SAMPLES, "run.json: ", rule);
    }
}

#[test]
fn a_case_whose_trial_failed_has_no_sample() {
    let run = GOLDEN_RUN
        .replacen("\"unavailable\": null", "\"unavailable\": null, \"failed_trial\": \"disk full\"", 1)
        .replace("        0,\n        1\n", "        1\n");
    assert_refused(&run, GOLDEN_SAMPLES, "samples.jsonl, line 1", "`case` is \"copy-csv\", which cannot run");
    let kept = load(golden_dir(&run, "").path()).unwrap().0;
    assert_eq!(kept.plan.cases[0].failed_trial.as_deref(), Some("disk full"));
}

/// Reports and `--resume` both refuse it, naming the file, the place and the rule.
#[track_caller]
fn assert_refused(run: &str, samples: &str, place: &str, rule: &str) {
    let dir = golden_dir(run, samples);
    for error in [load(dir.path()).unwrap_err(), Store::resume(dir.path()).map(|_| ()).unwrap_err()] {
        let text = error.to_string();
        assert!(text.contains(place) && text.contains(rule), "{text} should say {place}: {rule}");
        assert_eq!(fault_of(&error).exit_code(), 4);
    }
}

#[test]
fn another_schema_version_is_named_before_its_unknown_keys() {
    let run = GOLDEN_RUN.replace("\"schema\": 1", "\"schema\": 3, \"later\": true");
    let error = load(golden_dir(&run, GOLDEN_SAMPLES).path()).unwrap_err();
    assert!(error.to_string().contains("schema 3, but this program reads schemas 1 to 2"), "{error:#}");
}

#[test]
fn a_directory_without_a_run_is_the_users_mistake() {
    let dir = tempfile::tempdir().unwrap();
    let error = load(dir.path()).unwrap_err();
    assert_eq!(fault_of(&error).exit_code(), 2);
}

#[test]
fn a_directory_that_cannot_be_written_to_is_named() {
    let (run, _) = golden();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Store::create(&file.join("run"), &run).unwrap_err();
    assert!(matches!(fault_of(&error), Fault::Unavailable(_)), "{error:#}");
    assert!(error.to_string().contains("file/run"), "{error:#}");

    let locked = dir.path().join("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o555)).unwrap();
    match Store::create(&locked, &run) {
        Err(error) => assert!(error.to_string().contains("no permission"), "{error:#}"),
        // Root may write anywhere.
        Ok(_) => assert!(rustix::process::geteuid().is_root()),
    }
}

#[test]
fn a_full_disk_is_named() {
    let (_, samples) = golden();
    let dir = golden_dir(GOLDEN_RUN, "");
    let (mut store, ..) = Store::resume(dir.path()).unwrap();
    // Writes to it fail as on a full disk.
    store.samples = OpenOptions::new().append(true).open("/dev/full").unwrap();
    let error = store.append(&samples[0]).unwrap_err();
    assert!(format!("{error:#}").contains("the disk is full"), "{error:#}");
    assert_eq!(fault_of(&error).exit_code(), 3);
}
