//! Records as real runs leave them: the command in one repeats its run, and none names anybody.

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use bulkbench::model::findings::Findings;
use bulkbench::model::{Ability, Fact, Outcome, Run};
use bulkbench::record::{self, Document};
use bulkbench::server::Server;

const EXPERIMENT: &str = "id = 'mine'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nbaseline = 'copy-csv'\ncompare = 'server'\n\
     [[case]]\nmethod = ['copy-csv', 'copy-text', 'copy-binary']\n";

/// A loader of the user's that says all that it knows and fails.
const LOADER: &str = r#"id = 'teller'
summary = 'tells'
source = 'this test'
input = 'csv'
version = ['sh', '-c', 'echo teller 1']
install = 'get it'
command = ['sh', '-c', 'echo "user=$PGUSER; role \"$PGUSER\" in $PGHOST with $PGPASSWORD; $(uname -n) $(pwd)" >&2; exit 3']
"#;

fn bulkbench(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
    command.env("BULKBENCH_CACHE", dir.join("cache")).env("NO_COLOR", "1").current_dir(dir);
    command.timeout(std::time::Duration::from_secs(240));
    command
}

/// The directories of the runs, by their names.
fn runs(dir: &Path) -> Vec<PathBuf> {
    let mut runs: Vec<PathBuf> =
        std::fs::read_dir(dir.join("results")).unwrap().map(|entry| entry.unwrap().path()).collect();
    runs.sort_by_key(|path| path.to_str().unwrap().len());
    runs
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_command_that_repeats_a_run_repeats_it() {
    let dir = common::world_readable_tempdir();
    let (experiment, loader) = (dir.path().join("mine.toml"), dir.path().join("teller.toml"));
    std::fs::write(&experiment, EXPERIMENT).unwrap();
    std::fs::write(&loader, LOADER).unwrap();
    let bin = bulkbench::server::local::choose(None).unwrap().bin;
    let (experiment, loader, bin) = (experiment.display(), loader.display(), bin.display());
    let given = format!(
        "run|{experiment}|--rows|1200|--rounds|2|--methods|copy-text|--seed|3|--budget|2|--timeout|120|--set|work_mem=8 MB|\
         --set|mine.words=it's|--label|it is (1)|--any-build|--pg-bin|{bin}|--pg-bin|{bin}|--loader|{loader}"
    );
    let output = bulkbench(dir.path()).args(given.split('|')).output().unwrap();
    // The loader fails, and so does the run.
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    let first = record::load(&runs(dir.path())[0]).unwrap().0;

    let version = first.server.version.split(' ').nth(1).unwrap();
    let command = first
        .provenance
        .command
        .replace("{file of the experiment mine}", &experiment.to_string())
        .replace("{file of the loader teller}", &loader.to_string())
        .replace(&format!("{{directory of the binaries of PostgreSQL {version}}}"), &bin.to_string())
        .replace(
            &format!("{{directory of the binaries of PostgreSQL {version}, build 2}}"),
            &bin.to_string(),
        );
    assert!(!command.contains('{'), "all placeholders are filled in: {command}");
    let program = Path::new(env!("CARGO_BIN_EXE_bulkbench")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let repeated = Command::new("sh")
        .args(["-c", &command])
        .env("PATH", path)
        .env("BULKBENCH_CACHE", dir.path().join("cache"))
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(repeated.status.code(), Some(1), "{command}: {}", words(&repeated));
    let second = record::load(&runs(dir.path())[1]).unwrap().0;

    assert_eq!(second.plan, first.plan);
    assert_eq!(second.provenance.asked, first.provenance.asked);
    assert_eq!(
        (&second.provenance.label, &second.provenance.command),
        (&first.provenance.label, &first.provenance.command)
    );
    assert_eq!(second.dataset, first.dataset);
    let servers = |run: &Run| {
        let facts = run.servers_in_order().into_iter();
        facts.map(|facts| (facts.version.clone(), facts.given.clone())).collect::<Vec<_>>()
    };
    assert_eq!(servers(&second), servers(&first));
    assert_eq!(first.servers.len(), 2);
    assert!(first.plan.any_build && first.plan.cases.iter().any(|case| case.key.method == "teller"));
}

/// A role that is called like its password and its database, on a server whose address is its socket's.
fn sesame(server: &dyn Server) -> String {
    let mut session = server.connector().connect().unwrap();
    for sql in ["CREATE ROLE sesame LOGIN PASSWORD 'sesame'", "CREATE DATABASE sesame OWNER sesame"] {
        session.batch_execute(sql).unwrap();
    }
    let url = common::url(server);
    let (_, rest) = url.split_once("?").unwrap();
    format!("postgres://sesame:sesame@/sesame?{rest}")
}

#[test]
fn a_record_of_a_server_of_the_user_s_names_nobody() {
    let dir = common::world_readable_tempdir();
    let dataset = Dataset::generated(dir.path(), 100, 1, &Interrupt::new()).unwrap();
    let server = common::local(&dataset);
    let url = sesame(&*server);
    let loader = dir.path().join("teller.toml");
    std::fs::write(&loader, LOADER).unwrap();
    let args =
        ["run", "--rows", "100", "--rounds", "1", "--methods", "copy-csv", "--server", &url, "--loader"];
    let output = bulkbench(dir.path()).args(args).arg(&loader).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));

    let results = &runs(dir.path())[0];
    let (run, samples) = record::load(results).unwrap();
    let failed = samples.iter().find(|sample| sample.outcome == Outcome::Failed).unwrap();
    let error = failed.error.as_deref().unwrap();
    assert!(error.contains("user={user}; role \"{user}\" in {socket} with {password}; "), "{error}");
    assert!(
        run.provenance.command.contains("--server '{URL of the server: PostgreSQL "),
        "{}",
        run.provenance.command
    );

    let socket = url.split("host=").nth(1).unwrap().split('&').next().unwrap();
    let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
    for file in ["run.json", "samples.jsonl", "report.md", "report.html", "results.csv"] {
        let text = std::fs::read_to_string(results.join(file)).unwrap();
        for secret in ["sesame", socket, dir.path().to_str().unwrap()] {
            assert!(!text.contains(secret), "{file} holds {secret}");
        }
        assert!(node.len() < 6 || !text.contains(&node), "{file} holds this machine's name");
    }
}

/// The command prints what each server would record; nothing where the server's own facts begin.
fn facts_of_server(dir: &Path, url: &str) -> String {
    let output = bulkbench(dir).args(["machine", "--server", url]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let text = text.split_once("\nServer\n").unwrap_or_else(|| panic!("{text}")).1;
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_role_without_rights_is_told_which_evidence_is_missing_and_the_rights_give_it() {
    let dir = common::world_readable_tempdir();
    let dataset = Dataset::generated(dir.path(), 100, 1, &Interrupt::new()).unwrap();
    let server = common::local(&dataset);
    let url = sesame(&*server);
    let args = ["run", "--rows", "100", "--rounds", "1", "--methods", "copy-csv", "--server", &url];
    let output = bulkbench(dir.path()).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let results = &runs(dir.path())[0];
    let (run, _) = record::load(results).unwrap();
    let lacks: Vec<Ability> = run.server.absent.iter().map(|(ability, _)| ability).collect();
    assert_eq!(lacks, [Ability::Monitoring, Ability::ServerFiles]);
    assert!(run.server.fingerprint.get(Fact::SharedMemoryType).is_some(), "what it may see it has seen");
    assert_eq!(run.server.fingerprint.get(Fact::Processor), None);
    assert!(run.server.unmeasured.is_some());
    let report = std::fs::read_to_string(results.join("report.md")).unwrap();
    for words in [
        "The role may not see all that there is to see on the server.",
        "GRANT pg_monitor TO the role",
        "GRANT EXECUTE ON FUNCTION pg\\_read\\_file(",
        "No sample has these figures, as they could not be read: server CPU (",
    ] {
        let plain = words.replace("\\_", "_");
        assert!(report.contains(words) || report.contains(&plain), "{words}: {report}");
    }

    let machine = facts_of_server(dir.path(), &url);
    assert!(machine.contains("without monitoring") && !machine.contains("processor"), "{machine}");
    let grants = "GRANT pg_monitor TO sesame; GRANT pg_read_server_files TO sesame; \
                  GRANT EXECUTE ON FUNCTION pg_read_file(text, bigint, bigint, boolean) TO sesame";
    let place = url.replace("sesame:sesame@/", "postgres@/");
    let mut admin = postgres::Client::connect(&place, postgres::NoTls).unwrap();
    admin.batch_execute(grants).unwrap();
    let machine = facts_of_server(dir.path(), &url);
    for fact in ["processor ", "kernel Linux ", "container ", "file system ", "its disk not measured: "] {
        assert!(machine.contains(fact), "{fact}: {machine}");
    }
    assert!(!machine.contains("without "), "{machine}");
    server.stop().unwrap();
}

#[test]
fn a_container_tells_of_its_machine_and_its_volume() {
    if common::image().is_none() {
        return;
    }
    let dir = common::world_readable_tempdir();
    let facts = facts_of_server(dir.path(), "container");
    let named =
        ["processor ", "kernel Linux ", "container docker container", "shared memory ", "file system "];
    for fact in named {
        assert!(facts.contains(fact), "{fact}: {facts}");
    }
    assert!(!facts.contains("without "), "{facts}");
}

#[test]
fn every_published_record_is_read() {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    let mut read = 0;
    for entry in std::fs::read_dir(results).unwrap() {
        let dir = entry.unwrap().path();
        // Runs side by side have no record of their own.
        if !dir.is_dir() || dir.ends_with("comparisons") {
            continue;
        }
        match record::has_findings(&dir) {
            true => drop(Findings::load(&dir).unwrap()),
            false => drop(record::load(&dir).unwrap()),
        }
        read += 1;
    }
    assert!(read > 10, "{read}");
}
