//! Every method on every kind of server, with real rows, verified by content.

mod common;

use bulkbench::dataset::Dataset;
use bulkbench::dataset::forms::NUMERIC;
use bulkbench::experiment::Experiment;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::model::{Durability, Encoding, Metric, Outcome, Persistence, Phase, Sample};
use bulkbench::runner::sample::{Applied, Loaded, Ready, Stage};
use bulkbench::server::{self, Choice, Options, Server, Settings};

/// Odd, as parts of it are not all alike then.
const ROWS: u64 = 3_001;

/// Runs every method once with its defaults, and returns the samples, and the reasons of those that cannot run
/// on this server. Loaders that lack something are announced and left out.
fn all_methods(server: &mut dyn Server, dataset: &Dataset) -> (Vec<Sample>, Vec<(String, String)>) {
    let (samples, mut unavailable) = common::once(&Experiment::find("all").unwrap(), server, dataset);
    unavailable.retain(|(id, reason)| !common::lacks_program(id, reason));
    (samples, unavailable)
}

/// As [`all_methods`] on a server of a user's, to which programs that could harm it do not go.
fn all_harmless_methods(server: &mut dyn Server, dataset: &Dataset) -> (Vec<Sample>, Vec<(String, String)>) {
    let (samples, mut unavailable) = all_methods(server, dataset);
    unavailable.retain(|(_, reason)| !reason.contains("only loads into throwaway servers"));
    (samples, unavailable)
}

fn dataset(dir: &std::path::Path) -> Dataset {
    dataset_of(ROWS, dir)
}

fn dataset_of(rows: u64, dir: &std::path::Path) -> Dataset {
    let mut dataset = Dataset::generated(dir, rows, 1, &Interrupt::new()).unwrap();
    for encoding in Encoding::ALL {
        dataset.ensure(encoding, &Interrupt::new()).unwrap();
    }
    dataset
}

fn assert_all_verified(samples: &[Sample]) {
    for sample in samples {
        assert_eq!(sample.outcome, Outcome::Ok, "{}: {:?}", sample.case, sample.error);
        let state = sample.end_state.as_ref().unwrap();
        // The row count and content were verified by the sample's own steps, or it would have failed.
        assert!(state.rows >= sample.rows, "{}", sample.case);
        assert_eq!(sample.total_ns, Some(sample.phases.values().sum()));
    }
}

fn assert_all_read(samples: &[Sample]) {
    for sample in samples {
        let read = |metric| sample.readings.get(metric);
        assert!(read(Metric::Wal).is_some() && read(Metric::Table).unwrap() > 0, "{}", sample.case);
    }
}

fn named<'a>(samples: &'a [Sample], case: &str) -> &'a Sample {
    samples.iter().find(|s| s.case == case).unwrap_or_else(|| panic!("no sample of {case}"))
}

#[test]
fn every_method_loads_into_a_local_server() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let mut server = common::local(&dataset);
    let (samples, unavailable) = all_methods(&mut *server, &dataset);
    assert_eq!(unavailable, []);
    assert_all_verified(&samples);
    assert_all_read(&samples);

    // What the load promised to cost is what it cost.
    let wal = |case| named(&samples, case).readings.get(Metric::Wal).unwrap();
    assert!(wal("copy-unlogged") * 4 < wal("copy-csv"), "unlogged rows write no WAL");
    assert!(named(&samples, "copy-csv").readings.get(Metric::ServerCpu).is_some());
    assert!(named(&samples, "copy-unlogged-then-logged").phases.contains_key(&Phase::SetLogged));
    for one_transaction in ["insert-row-transaction", "insert-row-pipelined"] {
        assert!(named(&samples, one_transaction).phases.contains_key(&Phase::Commit));
    }
    assert!(!named(&samples, "insert-row-batched-commits").phases.contains_key(&Phase::Commit));
    assert_eq!(
        named(&samples, "copy-unlogged").end_state.as_ref().unwrap().persistence,
        Persistence::Unlogged
    );
    let phases = |case| named(&samples, case).phases.keys().copied().collect::<Vec<_>>();
    let staged = [Phase::Prepare, Phase::Load, Phase::Commit, Phase::Indexes];
    for case in ["insert-select-staging", "insert-select-temp", "insert-select-fdw"] {
        assert_eq!(phases(case), staged, "{case}");
    }
    for case in ["insert-on-conflict-nothing", "insert-on-conflict-update", "update-staged", "update-merge"] {
        assert_eq!(phases(case), staged[..3], "{case}: the indexes are there");
    }
    assert_eq!(phases("copy-fk-in-place"), staged[1..]);
    let dropped = [&staged[..3], &[Phase::Constraints, Phase::Validate, Phase::Indexes]].concat();
    assert_eq!(phases("copy-fk-dropped"), dropped);
    for case in ["update-row", "update-batch-values", "copy-out"] {
        assert_eq!(phases(case), [Phase::Load], "{case}");
    }
    assert_eq!(phases("update-row-transaction"), [Phase::Load, Phase::Commit]);
    assert!(wal("copy-out") * 4 < wal("update-staged"), "what is read writes no WAL");
    server.stop().unwrap();
}

#[test]
fn the_wal_of_a_table_made_in_the_same_transaction_is_skipped_at_wal_level_minimal() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset_of(30_000, dir.path());
    let mut server = common::local(&dataset);
    // Below wal_skip_threshold (2 MB) the server writes a relation's WAL after all, as that is
    // cheaper than flushing its file: at so few rows the threshold has to go. What is left is
    // that of the catalog.
    let experiment = Experiment::parse(
        "id = 'wal'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nbaseline = 'copy-one-transaction'\n\
         [[case]]\nmethod = 'copy-one-transaction'\n\
         [[case]]\nmethod = 'copy-one-transaction'\nsettings = { wal_level = 'minimal', wal_skip_threshold = '0' }\n",
        "wal.toml",
    )
    .unwrap();
    let (samples, _) = common::once(&experiment, &mut *server, &dataset);
    assert_all_verified(&samples);
    assert_all_read(&samples);
    let wal: Vec<u64> = samples.iter().map(|s| s.readings.get(Metric::Wal).unwrap()).collect();
    assert!(wal[1] * 4 < wal[0], "{wal:?}");
    server.stop().unwrap();
}

const INSERTS_OF_ROWS: &str = "'insert-row', 'insert-row-tokio', 'insert-row-unprepared', \
     'insert-row-simple', 'insert-row-async-commit', 'insert-row-batched-commits'";
const INSERTS_OF_BATCHES: &str =
    "'insert-multirow', 'insert-multirow-prepared', 'insert-unnest', 'insert-json'";
const INSERTS_IN_A_TRANSACTION: &str = "'insert-row-transaction', 'insert-row-pipelined'";

/// An experiment of these cases and the baseline.
fn experiment_of(cases: &[String]) -> Experiment {
    let head = "id = 'x'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nbaseline = 'copy-csv'\n\
                [[case]]\nmethod = 'copy-csv'\n";
    let cases: String = cases.iter().map(|case| format!("[[case]]\n{case}\n")).collect();
    Experiment::parse(&format!("{head}{cases}"), "x.toml").unwrap()
}

#[test]
fn inserts_load_every_row_whatever_the_counts() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset_of(1_001, dir.path());
    let mut server = common::local(&dataset);
    let rows = "rows = [1, 7, 1001]";
    let experiment = experiment_of(&[
        format!("method = [{INSERTS_OF_ROWS}]\n{rows}\nparams = {{ jobs = 8 }}"),
        format!("method = 'insert-row-batched-commits'\n{rows}\nparams = {{ commit_every = [1, 7] }}"),
        format!("method = [{INSERTS_OF_BATCHES}]\n{rows}\nparams = {{ batch = [1, 7, 999], jobs = [1, 8] }}"),
        format!("method = 'insert-row-transaction'\n{rows}"),
        format!("method = 'insert-row-pipelined'\n{rows}\nparams = {{ depth = [1, 7, 10000] }}"),
    ]);
    let (samples, unavailable) = common::once_unread(&experiment, &mut *server, &dataset);
    assert_eq!(unavailable, []);
    assert_eq!(samples.len(), experiment.cases.len());
    assert_all_verified(&samples);
    server.stop().unwrap();
}

#[test]
fn inserts_keep_what_is_special_in_a_statement_and_take_numbers() {
    let dir = common::world_readable_tempdir();
    let csv = dir.path().join("special.csv");
    let rows = "O'Brien,''',-2147483648\n\
                \\,\\',2147483647\n\
                \"a \"\"b\"\",\",\"x\ny\t\u{1}\u{7f}\",0\n\
                \"\",\"{\"\"a\"\":[null]}\",1\n\
                \u{e9}\u{4e2d}\u{1f418}\u{2028},$1 \\u0000 E'\\n' NULL,-1\n";
    std::fs::write(&csv, rows).unwrap();
    let mut special = Dataset::imported(dir.path(), &csv, &Interrupt::new()).unwrap();
    let mut numbers = special.in_form(NUMERIC, &Interrupt::new()).unwrap();
    let experiment = experiment_of(&[
        format!("method = [{INSERTS_OF_ROWS}, {INSERTS_IN_A_TRANSACTION}]"),
        format!("method = [{INSERTS_OF_BATCHES}]\nparams = {{ batch = [2, 100] }}"),
    ]);
    let mut server = common::local(&special);
    // As on a server whose own default reads backslashes in constants.
    let role = "ALTER ROLE CURRENT_USER SET standard_conforming_strings = off";
    server.connector().connect().unwrap().batch_execute(role).unwrap();
    for dataset in [&mut special, &mut numbers] {
        dataset.ensure(Encoding::Csv, &Interrupt::new()).unwrap();
        let (samples, _) = common::once_unread(&experiment, &mut *server, dataset);
        assert_eq!(samples.len(), experiment.cases.len());
        assert_all_verified(&samples);
    }
    server.stop().unwrap();
}

#[test]
fn every_method_loads_into_a_container_or_says_why_there_is_none() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let Some(mut server) = common::container(&dataset) else { return };
    let (samples, unavailable) = all_methods(&mut *server, &dataset);
    assert_eq!(unavailable, []);
    assert_all_verified(&samples);
    assert_all_read(&samples);
    assert!(named(&samples, "copy-csv").readings.get(Metric::ServerCpu).is_some());
    server.stop().unwrap();
}

#[test]
fn a_server_of_the_user_s_runs_what_it_can_and_keeps_nothing() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let mut own = common::local(&dataset);
    let url = common::url(&*own);
    {
        let mut server = server::open(
            &Choice::External(url),
            &Options { id: server::new_id(), ..Options::default() },
            &Interrupt::new(),
        )
        .unwrap();
        let (samples, unavailable) = all_harmless_methods(&mut *server, &dataset);
        assert_all_verified(&samples);
        assert_all_read(&samples);
        assert_eq!(unavailable, []);
        server.stop().unwrap();
    }
    let left: i64 = own
        .connector()
        .connect()
        .unwrap()
        .query_one("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'bulkbench%'", &[])
        .unwrap()
        .get(0);
    assert_eq!(left, 0, "the run's schema is gone");
    assert_eq!(outside_the_schema(&*own), (0, 0), "and so is what cannot lie in one");
    own.apply(&Settings::new()).unwrap();
    own.stop().unwrap();
}

#[test]
fn a_load_that_lost_a_row_is_refused() {
    // A table that a method loaded rightly, and then one row too few.
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let mut server = common::local(&dataset);
    let catalogue = Catalogue::built_in();
    let prepared = common::prepared(&catalogue, &Experiment::find("votes").unwrap(), &dataset);
    let case = common::case(&prepared, "copy-csv");
    assert_eq!(case.durability, Durability::Durable);
    let (verified, lost, changed) = {
        let connector = server.connector().clone();
        let mut run = common::on(&prepared, &mut *server);
        let (mut loaded, _) = run.stage().apply(case).unwrap().reset(ROWS).unwrap().load().unwrap();
        let verified = loaded.verify();
        let mut session = connector.connect().unwrap();
        session.batch_execute("UPDATE votes SET score = -score WHERE vote_id = 1").unwrap();
        let changed = loaded.verify().unwrap_err();
        session.batch_execute("DELETE FROM votes WHERE vote_id = 2").unwrap();
        (verified, loaded.verify().unwrap_err(), changed)
    };
    verified.unwrap();
    assert!(changed.to_string().contains("content sums to"), "{changed}");
    assert!(lost.to_string().contains("3000 rows instead of 3001"), "{lost}");
    server.stop().unwrap();
}

/// Extensions of ours and foreign servers in the database.
fn outside_the_schema(server: &dyn Server) -> (i64, i64) {
    let row = server
        .connector()
        .connect()
        .unwrap()
        .query_one(
            "SELECT (SELECT count(*) FROM pg_extension WHERE extname = 'file_fdw'), \
             (SELECT count(*) FROM pg_foreign_server)",
            &[],
        )
        .unwrap();
    (row.get(0), row.get(1))
}

#[test]
fn odd_row_counts_and_more_jobs_than_rows_end_with_the_same_rows() {
    let dir = common::world_readable_tempdir();
    let first = dataset_of(1, dir.path());
    let mut server = common::local(&first);
    let experiment = Experiment::parse(
        "id = 'odd'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nbaseline = 'insert-select-staging'\n\
         [[case]]\nmethod = ['insert-select-staging', 'insert-select-temp', 'insert-select-fdw', \
         'copy-fk-in-place', 'copy-fk-dropped', 'update-row-transaction', 'update-staged', 'update-merge', 'copy-out']\n\
         [[case]]\nmethod = 'update-row'\nparams = { jobs = 9 }\n\
         [[case]]\nmethod = 'update-batch-values'\nparams = { jobs = 2, batch = 3 }\n\
         [[case]]\nmethod = 'update-batch-values'\nparams = { batch = 1 }\n\
         [[case]]\nmethod = ['insert-on-conflict-nothing', 'insert-on-conflict-update']\nparams = { present = [0, 33, 100] }\n",
        "odd.toml",
    )
    .unwrap();
    let mut datasets = [1, 7, 1_001].map(|rows| dataset_of(rows, dir.path())).to_vec();
    // Columns that are all numbers, and texts with all that csv and the text format treat specially.
    datasets.push(datasets[2].in_form("numeric", &Interrupt::new()).unwrap());
    let special = dir.path().join("special.csv");
    std::fs::write(
        &special,
        "a\tb,\"x,\ny\",-1\n\"\",\"\",2147483647\n\"\"\"q\"\"\",\\N,-2147483648\n\"\\.\",żółw,0\n",
    )
    .unwrap();
    datasets.push(Dataset::imported(dir.path(), &special, &Interrupt::new()).unwrap());
    for dataset in datasets {
        let (samples, unavailable) = common::once_unread(&experiment, &mut *server, &dataset);
        assert_eq!(unavailable, []);
        assert_all_verified(&samples);
        assert_eq!(samples.len(), 18);
    }
    server.stop().unwrap();
}

#[test]
fn the_key_s_sequence_goes_on_after_the_rows_that_brought_their_keys() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset_of(7, dir.path());
    let mut server = common::local(&dataset);
    let mut session = server.connector().connect().unwrap();
    let catalogue = Catalogue::built_in();
    let prepared = common::prepared(&catalogue, &Experiment::find("all").unwrap(), &dataset);
    for method in ["insert-on-conflict-nothing", "insert-on-conflict-update"] {
        let mut run = common::on(&prepared, &mut *server);
        let ready = run.stage().apply(common::case(&prepared, method)).unwrap().reset(7).unwrap();
        ready.load().unwrap().0.verify().unwrap();
        let sql = "INSERT INTO votes (username, link, score) VALUES ('a', 'b', 1) RETURNING vote_id";
        let key: i32 = session.query_one(sql, &[]).unwrap().get(0);
        assert_eq!(key, 8, "{method}");
    }
    server.stop().unwrap();
}

#[test]
fn a_foreign_file_leaves_nothing_outside_the_schema_and_an_extension_that_was_there() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset_of(7, dir.path());
    let mut server = common::local(&dataset);
    let mut session = server.connector().connect().unwrap();
    let catalogue = Catalogue::built_in();
    let prepared = common::prepared(&catalogue, &Experiment::find("all").unwrap(), &dataset);
    for there in [0, 1] {
        for fails in [false, true] {
            {
                let mut run = common::on(&prepared, &mut *server);
                let case = common::case(&prepared, "insert-select-fdw");
                let ready = run.stage().apply(case).unwrap().reset(7).unwrap();
                if fails {
                    session.batch_execute("ALTER TABLE votes ADD CHECK (username = '')").unwrap();
                    let error = format!("{:#}", ready.load().err().unwrap());
                    assert!(error.contains("check constraint"), "{error}");
                } else {
                    ready.load().unwrap().0.verify().unwrap();
                }
            }
            assert_eq!(outside_the_schema(&*server), (there, 0), "fails: {fails}");
        }
        session.batch_execute("CREATE EXTENSION IF NOT EXISTS file_fdw").unwrap();
    }
    server.stop().unwrap();
}

#[test]
fn a_file_that_lost_a_row_or_holds_another_is_refused() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset_of(7, dir.path());
    let mut server = common::local(&dataset);
    let mut session = server.connector().connect().unwrap();
    let catalogue = Catalogue::built_in();
    let prepared = common::prepared(&catalogue, &Experiment::find("all").unwrap(), &dataset);
    let mut run = common::on(&prepared, &mut *server);
    for (change, words) in [
        ("UPDATE votes SET score = -score WHERE vote_id = 7", "failed: 7 rows, whose content sums to"),
        ("DELETE FROM votes WHERE vote_id = 7", "failed: 6 rows"),
    ] {
        let ready = run.stage().apply(common::case(&prepared, "copy-out")).unwrap().reset(7).unwrap();
        session.batch_execute(change).unwrap();
        let error = ready.load().err().unwrap();
        assert_eq!(bulkbench::fault::Fault::find(&error).map(|f| f.exit_code()), Some(4), "{error:#}");
        assert!(error.to_string().contains(words), "{error:#}");
    }
    drop(run);
    server.stop().unwrap();
}

#[test]
fn a_user_who_is_no_superuser_learns_why_a_foreign_file_is_not_for_them() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset_of(1_001, dir.path());
    let own = common::local(&dataset);
    let database = "SELECT quote_ident(current_database())";
    let mut session = own.connector().connect().unwrap();
    let database: String = session.query_one(database, &[]).unwrap().get(0);
    // With the right to have files read, so that it is the extension that is out of reach.
    session
        .batch_execute(&format!(
            "CREATE ROLE loader LOGIN; GRANT CREATE ON DATABASE {database} TO loader; \
             GRANT pg_read_server_files TO loader; \
             GRANT EXECUTE ON FUNCTION pg_stat_file(text), pg_read_binary_file(text, bigint, bigint) TO loader"
        ))
        .unwrap();
    let user = format!("{}@", own.connector().config().get_user().unwrap());
    let url = common::url(&*own).replacen(&user, "loader@", 1);
    {
        let options = Options { id: server::new_id(), ..Options::default() };
        let mut server = server::open(&Choice::External(url), &options, &Interrupt::new()).unwrap();
        let (samples, unavailable) = all_harmless_methods(&mut *server, &dataset);
        assert_all_verified(&samples);
        assert_all_read(&samples);
        let reason = "only a superuser can use file_fdw on the server's files";
        assert_eq!(unavailable, [("insert-select-fdw".to_string(), reason.to_string())]);
        server.stop().unwrap();
    }
    own.stop().unwrap();
}
