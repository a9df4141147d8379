use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::fault::Fault;

const GOLDEN_RUN: &str = include_str!("../../tests/fixtures/schema-1/run.json");
const GOLDEN_SAMPLES: &str = include_str!("../../tests/fixtures/schema-1/samples.jsonl");

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
fn the_golden_files_of_schema_1_are_read_and_written_back_byte_for_byte() {
    let (run, samples) = golden();
    assert_eq!(run.schema, 1);
    assert_eq!(samples.len(), 3);
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create(&dir.path().join("new/run"), &run).unwrap();
    samples.iter().for_each(|s| store.append(s).unwrap());
    assert_eq!(std::fs::read_to_string(store.dir().join(RUN_FILE)).unwrap(), GOLDEN_RUN);
    assert_eq!(std::fs::read_to_string(store.dir().join(SAMPLES_FILE)).unwrap(), GOLDEN_SAMPLES);
    let names: Vec<_> = std::fs::read_dir(store.dir()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "no temporary file is left: {names:?}");
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
    let torn = format!("{GOLDEN_SAMPLES}{{\"case\":\"copy-csv\",\"rou");
    let dir = golden_dir(GOLDEN_RUN, &torn);

    let error = load(dir.path()).unwrap_err();
    assert!(error.to_string().contains("line 4") && error.to_string().contains("torn"), "{error:#}");

    let (mut store, _, kept) = Store::resume(dir.path()).unwrap();
    assert_eq!(kept, samples);
    let told = store.repaired().unwrap();
    assert!(told.contains("line 4 was torn (23 bytes"), "{told}");
    store.append(&samples[0]).unwrap();
    let (_, again) = load(dir.path()).unwrap();
    assert_eq!(again.len(), 4);
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

#[test]
fn another_schema_version_is_named_before_its_unknown_keys() {
    let run = GOLDEN_RUN.replace("\"schema\": 1", "\"schema\": 2, \"later\": true");
    let error = load(golden_dir(&run, GOLDEN_SAMPLES).path()).unwrap_err();
    assert!(error.to_string().contains("schema 2, but this program reads schema 1"), "{error:#}");
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
