//! Servers and directories for the tests that need real ones.
#![allow(dead_code, reason = "each test program uses its part")]

pub(crate) mod memory;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bulkbench::dataset::Dataset;
use bulkbench::experiment::Experiment;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::method::external::Loader;
use bulkbench::model::{Case, Role, Sample};
use bulkbench::runner::plan::Request;
use bulkbench::runner::{Prepared, RunSession};
use bulkbench::server::{self, Choice, Options, Server};

/// A temporary directory that a server under another user can read.
pub(crate) fn world_readable_tempdir() -> tempfile::TempDir {
    let dir = tempfile::Builder::new().prefix("bulkbench-test-").tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// The directory of the one run of an experiment that is published, on PostgreSQL 15.
pub(crate) fn published(experiment: &str) -> PathBuf {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    let is_one = |dir: &PathBuf| dir.to_string_lossy().ends_with(&format!("-vm-{experiment}"));
    let dirs = std::fs::read_dir(results).unwrap().map(|entry| entry.unwrap().path()).filter(is_one);
    let dirs: Vec<PathBuf> = dirs.collect();
    let [dir] = &dirs[..] else { panic!("one run of {experiment} is published, and not {dirs:?}") };
    dir.clone()
}

/// The request for a run of so many rows: one round, with a short budget.
pub(crate) fn request(rows: u64) -> Request {
    Request {
        rounds: 1,
        rows,
        seed: 1,
        budget: Duration::from_secs(1),
        methods: vec![],
        cores: 2,
        any_build: false,
        crash: None,
        until: None,
    }
}

/// An experiment whose baseline is copy-csv, with these lines of other cases.
pub(crate) fn experiment(lines: &str) -> anyhow::Result<Experiment> {
    let head = "id = 'x'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nbaseline = 'copy-csv'\n\
                [[case]]\nmethod = 'copy-csv'\n";
    Experiment::parse(&format!("{head}{lines}"), "x.toml")
}

/// The cases and datasets of an experiment, all rows where a case does not say how many.
pub(crate) fn prepared<'c>(
    catalogue: &'c Catalogue,
    experiment: &Experiment,
    dataset: &Dataset,
) -> Prepared<'c> {
    let request = request(dataset.rows());
    RunSession::prepare(catalogue, experiment, &request, dataset.clone(), &Interrupt::new()).unwrap()
}

/// A session of what is prepared on this server.
pub(crate) fn on<'s>(prepared: &'s Prepared<'s>, server: &'s mut dyn Server) -> RunSession<'s> {
    prepared.on(vec![(String::new(), server)], Duration::from_secs(120))
}

/// The prepared case of this id.
pub(crate) fn case<'p>(prepared: &'p Prepared<'_>, id: &str) -> &'p Case {
    prepared.cases().iter().find(|case| case.id == id).unwrap()
}

/// A sample of each case of an experiment but the control, and the cases that cannot run on this server,
/// with the reasons.
pub(crate) fn once(
    experiment: &Experiment,
    server: &mut dyn Server,
    dataset: &Dataset,
) -> (Vec<Sample>, Vec<(String, String)>) {
    once_with(true, experiment, server, dataset)
}

/// As [`once`], without probes: what they read of a load does not depend on its rows, and takes longer than it.
pub(crate) fn once_unread(
    experiment: &Experiment,
    server: &mut dyn Server,
    dataset: &Dataset,
) -> (Vec<Sample>, Vec<(String, String)>) {
    once_with(false, experiment, server, dataset)
}

fn once_with(
    probing: bool,
    experiment: &Experiment,
    server: &mut dyn Server,
    dataset: &Dataset,
) -> (Vec<Sample>, Vec<(String, String)>) {
    let catalogue = Catalogue::built_in();
    let prepared = prepared(&catalogue, experiment, dataset);
    let mut session = on(&prepared, server);
    session.stage().set_probing(probing);
    let (mut samples, mut unavailable) = (Vec::new(), Vec::new());
    for case in session.mark(experiment).unwrap().into_iter().filter(|case| case.role != Role::Control) {
        match case.unavailable {
            Some(reason) => unavailable.push((case.id, reason)),
            None => samples.push(session.take(&case).unwrap()),
        }
    }
    (samples, unavailable)
}

/// The cases of these lines of an experiment, marked with why they cannot run on this server.
pub(crate) fn cases(
    catalogue: &Catalogue,
    lines: &str,
    server: &mut dyn Server,
    dataset: &Dataset,
) -> Vec<Case> {
    let experiment = experiment(lines).unwrap();
    let prepared = prepared(catalogue, &experiment, dataset);
    let mut cases = on(&prepared, server).mark(&experiment).unwrap();
    cases.retain(|case| case.role == Role::Case);
    cases
}

/// A sample of each of these cases, all of which can run.
pub(crate) fn samples(
    catalogue: &Catalogue,
    lines: &str,
    server: &mut dyn Server,
    dataset: &Dataset,
) -> Vec<Sample> {
    let experiment = experiment(lines).unwrap();
    let prepared = prepared(catalogue, &experiment, dataset);
    let mut session = on(&prepared, server);
    let mut cases = session.mark(&experiment).unwrap();
    cases.retain(|case| case.role == Role::Case);
    let take = |case: &Case| {
        assert_eq!(case.unavailable, None, "{}", case.id);
        session.take(case).unwrap()
    };
    cases.iter().map(take).collect()
}

fn options(dataset: &Dataset) -> Options {
    Options { id: server::new_id(), expose: vec![dataset.dir().to_path_buf()], ..Options::default() }
}

/// A throwaway local server. Without PostgreSQL's binaries there is nothing to prove: that is a
/// failure (`scripts/setup` gets them), not a reason to skip.
pub(crate) fn local(dataset: &Dataset) -> Box<dyn Server> {
    server::open(&Choice::Local, &options(dataset), &Interrupt::new()).unwrap()
}

/// A throwaway container from the image that `scripts/test` made, or nothing (said out loud, and
/// in its list of what was skipped) where there is none.
pub(crate) fn container(dataset: &Dataset) -> Option<Box<dyn Server>> {
    let options = Options { image: Some(image()?), ..options(dataset) };
    Some(server::open(&Choice::Container, &options, &Interrupt::new()).unwrap())
}

/// The image for container tests, or nothing (said out loud) where there is none.
pub(crate) fn image() -> Option<String> {
    let image = std::env::var("BULKBENCH_TEST_IMAGE").ok();
    if image.is_none() {
        skipped("BULKBENCH_TEST_IMAGE names no image; scripts/test makes one where an engine answers");
    }
    image
}

/// Whether psql is here, which most tests of loaders are made with; where it is not, that is said out loud.
pub(crate) fn psql() -> bool {
    let catalogue = Catalogue::built_in();
    let loader = catalogue.find("psql-copy").unwrap().loader().unwrap();
    loader.presence().inspect_err(|why| skipped(why)).is_ok()
}

/// Whether a case cannot run for want of a loader's program, or of its extension on the server; that is
/// said out loud.
pub(crate) fn lacks_program(case: &str, reason: &str) -> bool {
    // As a loader's reason ends, with its next step.
    let lacks = reason.contains("; to have it: ");
    if lacks {
        skipped(&format!("{case}: {reason}"));
    }
    lacks
}

/// Methods that send the rows of any table as another one does, and differ from it in what no table changes: when they
/// commit, over which of the two drivers they go, who makes the bytes, how a library of Python is fed.
const LIKE_OTHERS: [&str; 22] = [
    // insert-row
    "insert-row-tokio",
    "insert-row-async-commit",
    "insert-row-batched-commits",
    "insert-row-transaction",
    // copy-csv, copy-text, copy-binary, copy-binary-writer
    "copy-csv-blocking",
    "copy-csv-encoded",
    "copy-text-encoded",
    "copy-binary-encoded",
    "copy-binary-writer-blocking",
    // update-row
    "update-row-transaction",
    // psql-insert, and of each library of Python one that sends a file and one that sends values
    "psql-insert-transaction",
    "asyncpg-copy",
    "asyncpg-executemany",
    "psycopg2-copy-buffer",
    "psycopg2-copy-iterator",
    "psycopg2-executemany",
    "psycopg2-row",
    "psycopg2-row-transaction",
    "psycopg3-copy",
    "psycopg3-copy-rows",
    "psycopg3-row",
    "psycopg3-row-transaction",
];

/// Whether a method loads any table as another one does: tests of many tables load the first of them by every method, and
/// the others by those that differ.
pub(crate) fn is_like_another(method: &str) -> bool {
    LIKE_OTHERS.contains(&method)
}

/// Says that a test cannot run here: past the test harness, which keeps what a passing test
/// prints, and where `scripts/test` collects it.
pub(crate) fn skipped(why: &str) {
    use std::io::Write;
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    std::io::stderr().write_all(format!("SKIPPED {name}: {why}\n").as_bytes()).unwrap();
    if let Some(file) = std::env::var_os("BULKBENCH_TEST_SKIPS") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file).unwrap();
        writeln!(file, "{name}: {why}").unwrap();
    }
}

/// The address of a local server's socket as a user would give it for a server of their own.
pub(crate) fn url(server: &dyn Server) -> String {
    use tokio_postgres::config::Host;
    let config = server.connector().config();
    let Some(Host::Unix(socket)) = config.get_hosts().first() else { panic!("no socket in {config:?}") };
    format!(
        "postgres://{}@/{}?host={}&port={}",
        config.get_user().unwrap(),
        config.get_dbname().unwrap_or("postgres"),
        socket.display(),
        config.get_ports().first().unwrap_or(&5432)
    )
}

/// Adds a description of pg_bulkload's to the catalogue under another id, with the stand-in as its
/// program, and without the extension, which only the real one can bring along.
pub(crate) fn add_stand_in(catalogue: &mut Catalogue, name: &str, id: &str, environment: &str, dir: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(root.join(name)).unwrap();
    let own_id = Path::new(name).file_stem().unwrap().to_str().unwrap();
    let program = root.join("tests/stand-ins/pg_bulkload").display().to_string();
    for (from, to) in [
        (format!("id = \"{own_id}\""), format!("id = \"{id}\"")),
        ("extensions = [\"pg_bulkload\"]".into(), "extensions = []".into()),
        ("command = [\"pg_bulkload\"".into(), format!("command = [\"{program}\"")),
        ("version = [\"pg_bulkload\"".into(), format!("version = [\"{program}\"")),
        ("[exit]".into(), format!("[env]\n{environment}\n[exit]")),
    ] {
        assert_eq!(text.matches(&from).count(), 1, "{from} in {name}");
        text = text.replace(&from, &to);
    }
    let path = dir.join(format!("{id}.toml"));
    std::fs::write(&path, text).unwrap();
    catalogue.add(Loader::read(&path).unwrap()).unwrap();
}
