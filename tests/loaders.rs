//! External programs as methods: what they are given, what becomes of each way they can end, and
//! what is left of them.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::external::Beside;
use bulkbench::method::{Catalogue, Loader};
use bulkbench::model::{Case, Metric, Outcome, Phase, Reading, Sample};
use bulkbench::record;
use bulkbench::server::{self, Choice, Options, Server};
use rustix::process::{Pid, Signal, kill_process};

const ROWS: u64 = 1_000;

/// The keys that every definition here has, except its command.
const HEAD: &str =
    "summary = 'what it does'\nsource = 'this test'\nversion = ['psql', '--version']\ninstall = 'get it'\n";

fn dataset(dir: &Path) -> Dataset {
    Dataset::generated(dir, ROWS, 1, &Interrupt::new()).unwrap()
}

/// Adds a loader whose command is a shell's script.
fn add(catalogue: &mut Catalogue, id: &str, script: &str, more: &str) {
    let text = format!("id = '{id}'\n{HEAD}command = ['sh', '-ec', '''{script}''']\n{more}");
    catalogue.add(Loader::parse(&text, "test.toml", Beside::BuiltIn(&[])).unwrap()).unwrap();
}

/// The cases of these methods with so many rows, as they can run on this server.
fn cases(
    catalogue: &Catalogue,
    methods: &[&str],
    rows: &str,
    server: &mut dyn Server,
    dataset: &Dataset,
) -> Vec<Case> {
    common::cases(catalogue, &lines(methods, rows), server, dataset)
}

/// A sample of each of these cases, all of which can run.
fn run(
    catalogue: &Catalogue,
    methods: &[&str],
    rows: &str,
    server: &mut dyn Server,
    dataset: &Dataset,
) -> Vec<Sample> {
    common::samples(catalogue, &lines(methods, rows), server, dataset)
}

fn lines(methods: &[&str], rows: &str) -> String {
    format!("[[case]]\nmethod = {methods:?}\n{rows}")
}

#[track_caller]
fn assert_verified(samples: &[Sample]) {
    for sample in samples {
        assert_eq!(sample.outcome, Outcome::Ok, "{}: {:?}", sample.case, sample.error);
        assert_eq!(sample.end_state.as_ref().unwrap().rows, sample.rows);
    }
}

/// psql's \copy of a format.
fn psql_copy(format: &str) -> String {
    format!(r#"psql -X -q -v ON_ERROR_STOP=1 -c "\copy $TARGET from '{{file}}' with (format {format})""#)
}

const TARGET: &str = "[env]\nTARGET = '{table} ({columns})'\n";

#[test]
fn every_input_is_whole_at_any_row_count() {
    let mut catalogue = Catalogue::built_in();
    if !common::psql() {
        return;
    }
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let mut server = common::local(&dataset);
    for format in ["csv", "text", "binary"] {
        let script = psql_copy(format);
        add(&mut catalogue, &format!("own-{format}"), &script, &format!("input = '{format}'\n{TARGET}"));
    }
    // The server itself opens it, in a directory that only this program's user may list.
    let script = r#"psql -X -q -v ON_ERROR_STOP=1 -c "copy $TARGET from '{file}' with (format csv)""#;
    add(
        &mut catalogue,
        "own-server",
        script,
        &format!("input = 'csv'\nreader = 'server'\nstart = 'indexed'\n{TARGET}"),
    );
    let methods = ["psql-copy", "own-csv", "own-text", "own-binary", "own-server"];
    let samples = run(&catalogue, &methods, "rows = [1, 7, 1000]\nlatency_ms = 0", &mut *server, &dataset);
    assert_eq!(samples.len(), 15);
    assert_verified(&samples);
    let last = samples.last().unwrap();
    assert_eq!(last.phases.keys().copied().collect::<Vec<_>>(), [Phase::Load], "the indexes were there");
    assert!(last.readings.get(Reading::from(Metric::ClientCpu).within(Phase::Load)) > Some(1_000_000));
    // Below what the tests themselves hold it is not known.
    assert!(last.readings.get(Metric::ClientMemory).is_none_or(|peak| peak > 1 << 20));

    let csv = dir.path().join("special.csv");
    let rows = "O'Brien,''',-2147483648\n\\,\\',2147483647\n\"a \"\"b\"\",\",\"x\r\ny\t;\u{1}\",0\n\"\",:name,1\n\u{e9}\u{4e2d},$1,-1\n";
    std::fs::write(&csv, rows).unwrap();
    let special = Dataset::imported(dir.path(), &csv, &Interrupt::new()).unwrap();
    // As on a server whose own default reads backslashes in constants.
    let role = "ALTER ROLE CURRENT_USER SET standard_conforming_strings = off";
    server.connector().connect().unwrap().batch_execute(role).unwrap();
    let samples =
        run(&catalogue, &["psql-insert", "psql-insert-transaction"], "rows = [1, 5]", &mut *server, &special);
    assert_verified(&samples);
    server.stop().unwrap();
}

#[test]
fn a_password_reaches_a_program_by_its_environment_alone() {
    let mut catalogue = Catalogue::built_in();
    if !common::psql() {
        return;
    }
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let own = common::local(&dataset);
    let mut session = own.connector().connect().unwrap();
    session
        .batch_execute(
            "CREATE ROLE loader LOGIN PASSWORD 'geheim'; \
             DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO loader', current_database()); END $$",
        )
        .unwrap();
    let hba: String = session.query_one("SHOW hba_file", &[]).unwrap().get(0);
    let rules = std::fs::read_to_string(&hba).unwrap();
    std::fs::write(&hba, format!("local all loader scram-sha-256\n{rules}")).unwrap();
    session.execute("SELECT pg_reload_conf()", &[]).unwrap();

    let seen = dir.path().join("seen");
    let script = format!(
        "tr '\\0' ' ' </proc/$$/cmdline >{0}; ps -o args= --ppid $PPID >>{0}; env >{0}.env; stat -c %a given >{0}.mode; cat given >{0}.given; {1}",
        seen.display(),
        psql_copy("csv")
    );
    let given = "[[file]]\nname = 'given'\ntext = '{user}@{host}:{port}/{database} {schema}.{table_name} {key} {rows} {batch} {{x}}'\n";
    let batch = "[params.batch]\nhelp = 'rows'\ndefault = 7\nmin = 1\nmax = 9\n";
    add(&mut catalogue, "own-seen", &script, &format!("input = 'csv'\n{TARGET}{batch}{given}"));

    let user = format!("{}@", own.connector().config().get_user().unwrap());
    let url = common::url(&*own).replacen(&user, "loader:geheim@", 1);
    let options = Options { id: server::new_id(), ..Options::default() };
    let mut server = server::open(&Choice::External(url), &options, &Interrupt::new()).unwrap();
    assert_verified(&run(
        &catalogue,
        &["own-seen"],
        "rows = [7]\nsettings = { work_mem = '7MB' }",
        &mut *server,
        &dataset,
    ));

    let read = |ending: &str| std::fs::read_to_string(dir.path().join(format!("seen{ending}"))).unwrap();
    assert!(read("").contains("\\copy") && !read("").contains("geheim"), "{}", read(""));
    let env = read(".env");
    assert!(env.contains("PGPASSWORD=geheim\n") && env.contains("PGUSER=loader\n"), "{env}");
    assert!(env.contains("LC_ALL=C.UTF-8\n") && env.contains("PGCLIENTENCODING=UTF8\n"), "{env}");
    assert!(env.contains("-c work_mem=7MB") && env.contains("search_path=\"bulkbench_"), "{env}");
    assert_eq!(read(".mode"), "600\n");
    let given = read(".given");
    assert!(given.starts_with("loader@/"), "{given}");
    assert!(given.contains(" bulkbench_") && given.ends_with(".votes vote_id 7 7 {x}"), "{given}");
    server.stop().unwrap();
    own.stop().unwrap();
}

#[test]
fn each_way_that_a_program_ends_is_reported() {
    let mut catalogue = Catalogue::built_in();
    if !common::psql() {
        return;
    }
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let mut server = common::local(&dataset);
    let input =
        format!("input = 'csv'\nextensions = ['hstore']\n{TARGET}[exit]\npartial = [3]\nnot-fed = [65]\n");
    let copy = psql_copy("csv");
    let delete = "psql -X -q -c 'delete from {table} where {key} = 1'";
    for (id, script) in [
        ("own-right", copy.clone()),
        ("own-wrong", format!("{copy}; {delete}")),
        ("own-partial", format!("{copy}; echo 1 row refused; exit 3")),
        ("own-unable", "echo 'not fed: row 2' >&2; exit 65".into()),
        ("own-failing", "echo starting; echo 'no such thing' >&2; exit 1".into()),
        ("own-silent", "exit 2".into()),
        ("own-killed", "kill -9 $$".into()),
    ] {
        add(&mut catalogue, id, &script, &input);
    }
    let methods =
        ["own-wrong", "own-partial", "own-unable", "own-failing", "own-silent", "own-killed", "own-right"];
    let samples = run(&catalogue, &methods, "", &mut *server, &dataset);
    for (sample, words) in samples.iter().zip([
        "999 rows instead of 1000",
        "ended with a partial load (exit code 3); the end of its standard output:\n  1 row refused",
        "the program could not feed the rows (exit code 65); the end of its standard error:\n  not fed: row 2",
        "the program failed (exit code 1); the end of its standard error:\n  no such thing",
        "the program failed (exit code 2) and said nothing",
        "the program failed (signal 9)",
    ]) {
        assert_eq!(sample.outcome, Outcome::Failed, "{}", sample.case);
        assert_eq!(sample.total_ns, None);
        let error = sample.error.as_deref().unwrap();
        assert!(error.contains(words), "{}: {error}", sample.case);
    }
    assert_verified(&samples[6..]);
    let extensions = "SELECT count(*) FROM pg_extension WHERE extname = 'hstore'";
    let left: i64 = server.connector().connect().unwrap().query_one(extensions, &[]).unwrap().get(0);
    assert_eq!(left, 0, "what was made for a load is gone");
    let scratch = std::fs::read_dir(dataset.dir()).unwrap().map(|e| e.unwrap().file_name());
    assert!(!scratch.into_iter().any(|name| name.to_string_lossy().starts_with("scratch-")));
    server.stop().unwrap();
}

#[test]
fn a_loader_that_cannot_run_here_is_a_row_with_the_next_step() {
    let mut catalogue = Catalogue::built_in();
    if !common::psql() {
        return;
    }
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let mut own = common::local(&dataset);
    let text = |id: &str, more: &str| format!("id = '{id}'\n{HEAD}command = ['true']\ninput = 'csv'\n{more}");
    let missing = text("own-missing", "").replace("'psql', '--version'", "'no-such-program'");
    let broken = text("own-broken", "").replace("'psql', '--version'", "'sh', '-c', 'echo bad >&2; exit 1'");
    let extension = text("own-extension", "extensions = ['no_such_extension']\n");
    let disposable = text("own-disposable", "servers = 'disposable'\n");
    for text in [missing, broken, extension, disposable] {
        catalogue.add(Loader::parse(&text, "test.toml", Beside::BuiltIn(&[])).unwrap()).unwrap();
    }
    let options = Options { id: server::new_id(), ..Options::default() };
    let mut server =
        server::open(&Choice::External(common::url(&*own)), &options, &Interrupt::new()).unwrap();
    let methods = ["own-missing", "own-broken", "own-extension", "own-disposable"];
    let found = cases(&catalogue, &methods, "", &mut *server, &dataset);
    for (case, words) in found.iter().zip([
        ["starting `no-such-program`", "to have it: get it"],
        ["exit status: 1", "bad; to have it: get it"],
        ["the server has no extension no_such_extension", "to have it: get it"],
        ["only loads into throwaway servers", "yours"],
    ]) {
        let why = case.unavailable.as_deref().unwrap();
        assert!(words.iter().all(|word| why.contains(word)), "{why}");
    }
    assert_eq!(found[0].program_version(), None);
    assert!(found[2].program_version().unwrap().starts_with("psql (PostgreSQL)"));
    let local = cases(&catalogue, &["own-disposable"], "", &mut *own, &dataset);
    assert_eq!(local[0].unavailable, None);
    server.stop().unwrap();
    own.stop().unwrap();
}

/// A user's loader in a file; gives its path.
fn file(dir: &Path, script: &str) -> String {
    let path = dir.join("mine.toml");
    let text = format!(
        "id = 'mine'\n{HEAD}input = 'csv'\ncommand = ['./mine.sh', '{{file}}', '{{scratch}}']\n{TARGET}"
    );
    std::fs::write(&path, text).unwrap();
    let program = dir.join("mine.sh");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().into()
}

/// The program with a cache of its own.
fn bulkbench(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
    command.args(args).current_dir(dir).env("BULKBENCH_CACHE", dir.join("cache")).env("NO_COLOR", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn result_dir(dir: &Path) -> std::path::PathBuf {
    std::fs::read_dir(dir.join("results")).unwrap().next().unwrap().unwrap().path()
}

/// Command lines of processes that name this directory, and sample directories left in its cache.
fn left(dir: &Path) -> Vec<String> {
    let needle = dir.to_str().unwrap();
    let lines = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|e| std::fs::read(e.ok()?.path().join("cmdline")).ok());
    let mut left: Vec<String> = lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(needle))
        .collect();
    for dataset in std::fs::read_dir(dir.join("cache/datasets")).unwrap() {
        let names = std::fs::read_dir(dataset.unwrap().path()).unwrap().map(|e| e.unwrap().file_name());
        left.extend(names.map(|n| n.to_string_lossy().into_owned()).filter(|n| n.starts_with("scratch-")));
    }
    left
}

#[test]
fn a_loader_of_the_user_s_joins_an_experiment_and_is_wanted_again_by_resume() {
    if !common::psql() {
        return;
    }
    let dir = common::world_readable_tempdir();
    let loader = file(
        dir.path(),
        r#"exec psql -X -q -v ON_ERROR_STOP=1 -c "\copy $TARGET from '$1' with (format csv)""#,
    );
    let args =
        ["run", "votes", "--server", "local", "--methods", "copy-csv", "--rows", "1000", "--rounds", "1"];
    let output = bulkbench(dir.path(), &[&args[..], &["--loader", &loader]].concat()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("each sample starts a program, psql (PostgreSQL) "), "{text}");

    let results = result_dir(dir.path());
    let (run, samples) = record::load(&results).unwrap();
    assert_eq!(samples.len(), 1 + 3);
    assert!(
        run.provenance.command.contains(" --loader '{file of the loader mine}'"),
        "{}",
        run.provenance.command
    );
    let facts = run.plan.cases.iter().find(|case| case.id == "mine").unwrap();
    assert_eq!(facts.program.as_ref().unwrap().command, "./mine.sh {file} {scratch}");
    let record = std::fs::read_to_string(results.join("run.json")).unwrap();
    assert!(!record.contains(dir.path().to_str().unwrap()), "no path of this machine is recorded");

    let refused = |more: &[&str], words: &[&str]| {
        let args = [&["run", "--resume", results.to_str().unwrap()], more].concat();
        let output = bulkbench(dir.path(), &args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    };
    refused(&[], &["`mine`, a loader of yours", "--loader FILE"]);
    let definition = std::fs::read_to_string(&loader).unwrap();
    std::fs::write(&loader, format!("{definition}# more\n")).unwrap();
    refused(&["--loader", &loader], &["the definition of mine", "has changed since"]);
    std::fs::write(&loader, std::fs::read_to_string(&loader).unwrap().replace("'{file}'", "'{file}', 'x'"))
        .unwrap();
    refused(
        &["--loader", &loader],
        &["the program of mine was `./mine.sh {file} {scratch}`", "start a new run"],
    );
    std::fs::write(
        &loader,
        std::fs::read_to_string(&loader).unwrap().replace("id = 'mine'", "id = 'copy-csv'"),
    )
    .unwrap();
    refused(
        &["--loader", &loader],
        &["mine.toml", "id = \"copy-csv\": there is a method of this id already"],
    );
}

#[test]
fn a_stop_or_a_deadline_ends_a_program_and_all_that_it_started() {
    if !common::psql() {
        return;
    }
    // The directory is in the arguments of all of them; the second does not stop when it is asked to.
    let script = r#"sh -c 'trap "" INT; touch ../../../started; while :; do sleep 0.1; done' "$2" & wait"#;
    for (signal, code) in [(Some(Signal::INT), 130), (Some(Signal::TERM), 143), (None, 1)] {
        let dir = common::world_readable_tempdir();
        let loader = file(dir.path(), script);
        let args =
            ["run", "votes", "--server", "local", "--methods", "copy-csv", "--rows", "1000", "--rounds", "1"];
        let more = ["--loader", &loader, "--timeout", if signal.is_none() { "2" } else { "100" }];
        let child = bulkbench(dir.path(), &[&args[..], &more].concat()).spawn().unwrap();
        if let Some(signal) = signal {
            let start = Instant::now();
            while !dir.path().join("cache/started").exists() {
                assert!(start.elapsed() < Duration::from_secs(60), "the loader did not start");
                std::thread::sleep(Duration::from_millis(20));
            }
            kill_process(Pid::from_child(&child), signal).unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert_eq!(left(dir.path()), Vec::<String>::new());
        if signal.is_none() {
            let (_, samples) = record::load(&result_dir(dir.path())).unwrap();
            let mine = samples.iter().find(|sample| sample.case == "mine").unwrap();
            assert_eq!(mine.outcome, Outcome::Timeout, "{mine:?}");
        }
    }
}
