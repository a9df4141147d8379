//! pgloader and pg_bulkload: what they load, and what is made of the rows that they refuse.
//!
//! pgloader is the real one. pg_bulkload is packaged for few systems: its descriptions are proved with a
//! stand-in (`stand-ins/pg_bulkload`), and with the real one where it is installed.

mod common;

use std::path::Path;
use std::time::Duration;

use bulkbench::caveat::{self, Bench};
use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::external::{LoadTarget, Loader, Meaning};
use bulkbench::method::{Catalogue, resolve_params};
use bulkbench::model::findings::Verdict;
use bulkbench::model::{Outcome, ParamValue, Persistence, Phase, Sample};
use bulkbench::runner::sample::{Applied, Ready, Stage};
use bulkbench::server::{self, Choice, Options, Server};
use bulkbench::table::Table;

const ROWS: u64 = 3_000;

fn generated(dir: &Path) -> Dataset {
    Dataset::generated(dir, ROWS, 1, &Interrupt::new()).unwrap()
}

/// Rows with all that csv treats specially.
fn special(dir: &Path) -> Dataset {
    let csv = dir.join("special.csv");
    let rows = "\"a \"\"b\"\"\",\"x,\ny\",-2147483648\n\"\",\" \",2147483647\n lead,trail ,0\n\
                \\N,\\.\\t,1\n\"tab\there\",{x} {{y}},1\nżółw,\u{1f418} $$ 'q',-1\n";
    std::fs::write(&csv, rows).unwrap();
    Dataset::imported(dir, &csv, &Interrupt::new()).unwrap()
}

/// Each has loaded every row as it is, or its sample would have failed, in just these phases.
fn assert_loaded(samples: &[Sample], phases: &[Phase]) {
    for sample in samples {
        assert_eq!(sample.outcome, Outcome::Ok, "{}: {:?}", sample.case, sample.error);
        assert_eq!(sample.phases.keys().copied().collect::<Vec<_>>(), phases, "{}", sample.case);
    }
}

fn loader<'c>(catalogue: &'c Catalogue, id: &str) -> &'c Loader {
    catalogue.find(id).unwrap().loader().unwrap()
}

/// Whether pgloader is here; where it is not, that is said.
fn has_pgloader() -> bool {
    let catalogue = Catalogue::built_in();
    loader(&catalogue, "pgloader").presence().inspect_err(|why| common::skipped(why)).is_ok()
}

#[test]
fn pgloader_loads_every_row_as_it_is() {
    let catalogue = Catalogue::built_in();
    if !has_pgloader() {
        return;
    }
    let dir = common::world_readable_tempdir();
    let dataset = generated(dir.path());
    let mut server = common::local(&dataset);
    let batches = "[[case]]\nmethod = 'pgloader'\nrows = [1, 2999]\n\
                   [[case]]\nmethod = 'pgloader'\nparams = { batch_rows = 1000, concurrency = 2 }\nlatency_ms = 1\n";
    let indexes_after = [Phase::Load, Phase::Indexes];
    assert_loaded(&common::samples(&catalogue, batches, &mut *server, &dataset), &indexes_after);
    assert_loaded(
        &common::samples(&catalogue, "[[case]]\nmethod = 'pgloader'\n", &mut *server, &special(dir.path())),
        &indexes_after,
    );
    let dropping = "[[case]]\nmethod = 'pgloader-drop-indexes'\n";
    assert_loaded(&common::samples(&catalogue, dropping, &mut *server, &dataset), &[Phase::Load]);

    let settings = "[[case]]\nmethod = 'pgloader'\nsettings = { synchronous_commit = ['off', 'on'] }\n";
    let reasons: Vec<_> = common::cases(&catalogue, settings, &mut *server, &dataset)
        .into_iter()
        .map(|case| case.unavailable)
        .collect();
    assert!(reasons[0].as_ref().unwrap().contains("the case sets synchronous_commit"), "{reasons:?}");
    assert_eq!(reasons[1], None, "the server has it on anyway");
    server.stop().unwrap();
}

#[test]
fn pgloader_loads_into_a_container_by_its_password() {
    let catalogue = Catalogue::built_in();
    let dir = common::world_readable_tempdir();
    let dataset = generated(dir.path());
    if !has_pgloader() {
        return;
    }
    let Some(mut server) = common::container(&dataset) else { return };
    assert_loaded(
        &common::samples(&catalogue, "[[case]]\nmethod = 'pgloader'\n", &mut *server, &dataset),
        &[Phase::Load, Phase::Indexes],
    );
    server.stop().unwrap();
}

#[test]
fn the_rows_that_pgloader_refuses_are_counted_and_make_a_partial_load() {
    if !has_pgloader() {
        return;
    }
    let dir = common::world_readable_tempdir();
    let dataset = generated(dir.path());
    let server = common::local(&dataset);
    let table = Table::votes(dataset.columns());
    let mut session = server.connector().connect().unwrap();
    session.batch_execute(&table.create(Persistence::Permanent)).unwrap();

    let dirty = dir.path().join("dirty.csv");
    let mut csv = "a,b,1\nc,d,up\n".to_owned();
    csv.push_str(&"e,f,-1\n".repeat(500));
    csv.push_str("g,h,2147483648\ni,j\nk,l,1\n");
    std::fs::write(&dirty, csv).unwrap();
    let catalogue = Catalogue::built_in();
    let pgloader = loader(&catalogue, "pgloader");
    let params =
        resolve_params(pgloader, &[("batch_rows".into(), ParamValue::Int(100))].into(), (2, 1000), &table)
            .unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let ended = pgloader
        .execute(&LoadTarget {
            connector: server.connector(),
            schema: "public",
            table: &table.name,
            columns: &table.column_list(),
            key: "vote_id",
            file: &dirty,
            rows: 505,
            params: &params,
            scratch: scratch.path(),
        })
        .unwrap();
    // pgloader itself calls that a success.
    assert_eq!((ended.exit, ended.meaning, ended.rejected), (0, Meaning::Partial, Some(3)));
    let error = ended.check().unwrap_err().to_string();
    assert!(error.contains("a partial load: 3 rows refused (exit code 0)"), "{error}");
    assert!(error.contains("value \"2147483648\" is out of range"), "{error}");
    let loaded: i64 = session.query_one("SELECT count(*) FROM votes", &[]).unwrap().get(0);
    assert_eq!(loaded, 502);
    drop(session);
    server.stop().unwrap();
}

const BULKLOAD: [Phase; 2] = [Phase::Prepare, Phase::Load];

#[test]
fn a_stand_in_for_pg_bulkload_loads_what_its_control_files_say() {
    let mut catalogue = Catalogue::built_in();
    let dir = common::world_readable_tempdir();
    let dataset = generated(dir.path());
    common::add_stand_in(&mut catalogue, "loaders/pg-bulkload.toml", "stand-in-direct", "", dir.path());
    common::add_stand_in(
        &mut catalogue,
        "loaders/pg-bulkload-parallel.toml",
        "stand-in-parallel",
        "",
        dir.path(),
    );
    let one_and_all = format!(
        "[[case]]\nmethod = ['stand-in-direct', 'stand-in-parallel']\nrows = [1, {ROWS}]\nlatency_ms = 0\n"
    );
    let mut server = common::local(&dataset);
    assert_loaded(&common::samples(&catalogue, &one_and_all, &mut *server, &dataset), &BULKLOAD);
    let special = special(dir.path());
    assert_loaded(
        &common::samples(&catalogue, "[[case]]\nmethod = 'stand-in-direct'\n", &mut *server, &special),
        &BULKLOAD,
    );
    assert_keys_go_on(&catalogue, "stand-in-direct", &mut *server, &dataset);
    server.stop().unwrap();

    let Some(mut container) = common::container(&dataset) else { return };
    assert_loaded(&common::samples(&catalogue, &one_and_all, &mut *container, &dataset), &BULKLOAD);
    container.stop().unwrap();
}

/// The keys are those that the sequence would have given, and it goes on after them.
fn assert_keys_go_on(catalogue: &Catalogue, id: &str, server: &mut dyn Server, dataset: &Dataset) {
    let experiment = common::experiment(&format!("[[case]]\nmethod = '{id}'\n")).unwrap();
    let prepared = common::prepared(catalogue, &experiment, dataset);
    let connector = server.connector().clone();
    let mut run = common::on(&prepared, server);
    let ready = run.stage().apply(common::case(&prepared, id)).unwrap().reset(ROWS).unwrap();
    ready.load().unwrap();
    let keys = "SELECT min(vote_id), max(vote_id), nextval('votes_vote_id_seq') FROM votes";
    let row = connector.connect().unwrap().query_one(keys, &[]).unwrap();
    let last = ROWS as i32;
    assert_eq!((row.get(0), row.get(1), row.get(2)), (1i32, last, i64::from(last) + 1));
}

#[test]
fn what_pg_bulkload_leaves_out_makes_a_partial_load_without_a_time() {
    let mut catalogue = Catalogue::built_in();
    let dir = common::world_readable_tempdir();
    let dataset = generated(dir.path());
    let refusing = "STAND_IN_REFUSES = \"2\"\n";
    common::add_stand_in(
        &mut catalogue,
        "loaders/pg-bulkload.toml",
        "stand-in-refusing",
        refusing,
        dir.path(),
    );
    let mut server = common::local(&dataset);
    let sample =
        common::samples(&catalogue, "[[case]]\nmethod = 'stand-in-refusing'\n", &mut *server, &dataset)
            .remove(0);
    let error = sample.error.unwrap();
    assert_eq!((sample.outcome, sample.total_ns), (Outcome::Failed, None), "{error}");
    assert!(error.contains("a partial load: 2 rows refused (exit code 3)"), "{error}");
    assert!(error.contains("2998 Rows successfully loaded"), "{error}");
    server.stop().unwrap();
}

#[test]
fn what_pg_bulkload_passes_over_as_a_double_is_counted() {
    let mut catalogue = Catalogue::built_in();
    let dir = common::world_readable_tempdir();
    let dataset = generated(dir.path());
    let own = "datasets/caveats/loaders/pg-bulkload-keep-old.toml";
    common::add_stand_in(&mut catalogue, own, "stand-in-keep-old", "", dir.path());
    let server = common::local(&dataset);
    let bench = Bench {
        catalogue: &catalogue,
        server: &*server,
        dir: dir.path(),
        loaders: &["stand-in-keep-old".into()],
        timeout: Duration::from_secs(60),
    };
    let facts = bench.examine(&caveat::find("duplicate-key").unwrap()).unwrap();
    let kept = facts.findings.iter().find(|finding| finding.way == "stand-in-keep-old").unwrap();
    assert_eq!(
        (kept.verdict, kept.rejected, kept.rows_found),
        (Verdict::AsMeant, Some(1), Some(3)),
        "{kept:?}"
    );
    server.stop().unwrap();
}

#[test]
fn pg_bulkload_is_kept_from_servers_of_users() {
    let catalogue = Catalogue::built_in();
    let dir = common::world_readable_tempdir();
    let dataset = generated(dir.path());
    let own = common::local(&dataset);
    let external = Choice::External(common::url(&*own));
    let options = Options { id: server::new_id(), ..Options::default() };
    let mut server = server::open(&external, &options, &Interrupt::new()).unwrap();
    let bulkloads = "[[case]]\nmethod = ['pg-bulkload', 'pg-bulkload-parallel']\n";
    for case in common::cases(&catalogue, bulkloads, &mut *server, &dataset) {
        let why = case.unavailable.unwrap();
        assert!(why.contains("only loads into throwaway servers"), "{why}");
    }
    server.stop().unwrap();
    own.stop().unwrap();
}

#[test]
fn the_real_pg_bulkload_loads_where_it_is_installed() {
    let catalogue = Catalogue::built_in();
    let dir = common::world_readable_tempdir();
    let dataset = generated(dir.path());
    let mut server = common::local(&dataset);
    let bulkloads = "[[case]]\nmethod = ['pg-bulkload', 'pg-bulkload-parallel']\n";
    match &common::cases(&catalogue, bulkloads, &mut *server, &dataset)[0].unavailable {
        Some(why) => common::skipped(&format!("only a stand-in for pg_bulkload was tested: {why}")),
        None => {
            assert_loaded(&common::samples(&catalogue, bulkloads, &mut *server, &dataset), &BULKLOAD);
            assert_keys_go_on(&catalogue, "pg-bulkload", &mut *server, &dataset);
        }
    }
    server.stop().unwrap();
}
