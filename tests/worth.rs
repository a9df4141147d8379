//! The worth of figures: durability and checks as the measured sessions really had them, whoever set them,
//! and the checkpoints that fell into samples.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use bulkbench::analysis::{judge, summarize};
use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use bulkbench::model::{Before, Durability, Metric, Run, Sample};
use bulkbench::record;

fn experiment(cases: &str) -> String {
    format!(
        "id = 'x'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nrows = 500\nbaseline = 'copy-csv'\n\
         [[case]]\nmethod = 'copy-csv'\n{cases}"
    )
}

/// A loader that does this before it loads.
fn loader(first: &str) -> String {
    format!(
        "id = 'mine'\nsummary = 's'\nsource = 's'\ninput = 'csv'\ninstall = 'i'\nversion = ['psql', '--version']\n\
         command = ['psql', '-X', '-v', 'ON_ERROR_STOP=1', '-c', '{first}', '-c', \
         \"\\\\copy {{table}} ({{columns}}) from '{{file}}' with (format csv)\"]\n"
    )
}

/// Runs it to its end; gives its records, and what it printed and reported.
#[track_caller]
fn run(dir: &Path, url: &str, cases: &str, own: Option<&str>, args: &[&str]) -> (Run, Vec<Sample>, String) {
    std::fs::write(dir.join("x.toml"), experiment(cases)).unwrap();
    let out = tempfile::tempdir_in(dir).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
    command.args(["run", "x.toml", "--server", url, "--out"]).arg(out.path()).args(args);
    if let Some(own) = own {
        std::fs::write(dir.join("mine.toml"), own).unwrap();
        command.args(["--loader", "mine.toml"]);
    }
    command.current_dir(dir).env("BULKBENCH_CACHE", dir.join("cache")).stdin(Stdio::null());
    let ended = command.output().unwrap();
    let mut said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
    let results = std::fs::read_dir(out.path()).unwrap().next().unwrap().unwrap().path();
    let (run, samples) = record::load(&results).unwrap();
    for file in ["report.md", "results.csv"] {
        said.push_str(&std::fs::read_to_string(results.join(file)).unwrap());
    }
    (run, samples, said)
}

fn durability(run: &Run, samples: &[Sample], id: &str) -> Durability {
    let standings = judge(summarize(run, samples));
    standings.cases.iter().find(|s| s.summary.case.id == id).unwrap().summary.durability
}

#[test]
fn a_setting_for_the_whole_run_is_never_called_durable() {
    let dir = common::world_readable_tempdir();
    let (run, samples, said) =
        run(dir.path(), "local", "", Some(&loader("SELECT 1")), &["--set", "fsync=off"]);
    for id in ["copy-csv", "mine"] {
        assert_eq!(durability(&run, &samples, id), Durability::MayBeDamaged, "{id}");
    }
    for words in ["may damage the database", "where the method says durable", "may-be-damaged"] {
        assert!(said.contains(words), "`{words}` is not in {said}");
    }
    let claims = ["keeps every row", "| durable", " durable ", ",durable,"];
    for claim in claims {
        assert!(!said.replace("says durable,", "").contains(claim), "`{claim}` is in {said}");
    }
}

#[test]
fn settings_of_roles_cases_and_loaders_are_read_back() {
    let dir = common::world_readable_tempdir();
    let dataset = Dataset::generated(dir.path(), 10, 1, &Interrupt::new()).unwrap();
    let server = common::local(&dataset);
    let mut session = server.connector().connect().unwrap();
    session
        .batch_execute(
            "CREATE ROLE hasty LOGIN; GRANT CREATE ON DATABASE postgres TO hasty; \
             ALTER ROLE hasty SET synchronous_commit = off",
        )
        .unwrap();
    let admin = common::url(&*server);
    let hasty = admin.replacen("postgres@", "hasty@", 1);
    let (run_of_role, samples, said) = run(dir.path(), &hasty, "", None, &[]);
    assert_eq!(durability(&run_of_role, &samples, "copy-csv"), Durability::MayLoseLastCommits);
    assert!(samples.iter().all(|s| s.session.as_ref().unwrap().before == Before::NotPermitted));
    assert_eq!(
        said.matches("the role may not CHECKPOINT").count(),
        2,
        "once on the terminal, once in the report"
    );
    let (back, samples, _) = run(dir.path(), &hasty, "", None, &["--set", "synchronous_commit=local"]);
    assert_eq!(durability(&back, &samples, "copy-csv"), Durability::Durable);

    // What is switched off is reported, and by a loader's environment as well.
    let cases = "[[case]]\nmethod = 'copy-text'\nsettings = { session_replication_role = 'replica', \
                 zero_damaged_pages = 'on', ignore_checksum_failure = 'on' }\n";
    let own = format!("{}[env]\nPGOPTIONS = '-c synchronous_commit=off'\n", loader("SELECT 1"));
    let (mixed, samples, said) = run(dir.path(), &admin, cases, Some(&own), &[]);
    assert_eq!(durability(&mixed, &samples, "copy-csv"), Durability::Durable);
    assert_eq!(durability(&mixed, &samples, "mine"), Durability::MayLoseLastCommits);
    for words in
        ["session_replication_role = replica", "zero_damaged_pages = on", "ignore_checksum_failure = on"]
    {
        assert!(said.contains(words), "`{words}` is not in {said}");
    }
    // Triggers that a load leaves disabled, and an author's word that nothing contradicts.
    session
        .batch_execute(
            "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
        )
        .unwrap();
    let trigger = "CREATE TRIGGER t BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION public.f(); \
                   ALTER TABLE {table} DISABLE TRIGGER t";
    let own = loader(trigger);
    let (_, samples, said) = run(dir.path(), &admin, "", Some(&own), &[]);
    let mine = samples.iter().find(|s| s.case == "mine").unwrap();
    assert_eq!(mine.session.as_ref().unwrap().disabled_triggers, 1);
    for words in ["1 trigger disabled", "durable, as its author says"] {
        assert!(said.contains(words), "`{words}` is not in {said}");
    }
    server.stop().unwrap();
}

#[test]
fn checkpoints_are_counted_in_the_samples_that_they_fell_into() {
    let dir = common::world_readable_tempdir();
    let own = loader("CHECKPOINT");
    let (_, samples, said) =
        run(dir.path(), "local", "", Some(&own), &["--rounds", "2", "--set", "max_wal_size=32MB"]);
    for sample in samples.iter().filter(|s| s.slot.counts()) {
        let expected = u64::from(sample.case == "mine");
        assert_eq!(
            sample.readings.get(Metric::Checkpoints),
            Some(expected),
            "{} in round {}",
            sample.case,
            sample.slot
        );
        assert_eq!(sample.session.as_ref().unwrap().before, Before::Checkpoint);
    }
    for words in ["a checkpoint fell into 2 of 2 samples, which slows them: mine", "2 in 2 of 2 samples"] {
        assert!(said.contains(words), "`{words}` is not in {said}");
    }
    assert!(said.lines().any(|line| line.contains(",checkpoints,")));
}
