//! The peculiarities of the methods of the COPY families, on a local server.

mod common;

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::model::{Case, Metric, Outcome, Phase, Sample};
use bulkbench::runner::{self, Prepared};
use bulkbench::server::{Server, Session};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::built_in);

fn dataset(dir: &Path, rows: u64) -> Dataset {
    Dataset::generated(dir, rows, 1, &Interrupt::new()).unwrap()
}

/// The cases of these lines of an experiment, each for so many rows.
fn cases(lines: &str, rows: u64, dataset: &Dataset) -> anyhow::Result<Prepared<'static>> {
    let (experiment, request) = (common::experiment(lines)?, common::request(rows));
    runner::RunSession::prepare(&CATALOGUE, &experiment, &request, dataset.clone(), &Interrupt::new())
}

/// The cases that the experiment's lines name: without the baseline and its control.
fn of_lines<'p>(prepared: &'p Prepared<'_>) -> &'p [Case] {
    &prepared.cases()[2..]
}

/// Takes one verified sample of each case, without probes; `look` sees the table that each leaves.
fn load(server: &mut dyn Server, prepared: &Prepared<'_>, look: impl FnMut(&Sample, &mut Session)) {
    load_with(false, server, prepared, look);
}

fn load_with(
    probing: bool,
    server: &mut dyn Server,
    prepared: &Prepared<'_>,
    mut look: impl FnMut(&Sample, &mut Session),
) {
    let connector = server.connector().clone();
    let mut session = common::on(prepared, server);
    session.stage().set_probing(probing);
    for case in of_lines(prepared) {
        let sample = session.take(case).unwrap();
        assert_eq!(sample.outcome, Outcome::Ok, "{} of {} rows: {:?}", case.id, case.rows, sample.error);
        look(&sample, &mut connector.connect().unwrap());
    }
}

fn number(session: &mut Session, sql: &str) -> i64 {
    session.query_one(sql, &[]).unwrap().get(0)
}

#[test]
fn rows_arrive_frozen_where_the_method_says_so() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path(), 3_000);
    let mut server = common::local(&dataset);
    let lines = "[[case]]\nmethod = ['copy-truncate', 'copy-freeze', 'copy-one-transaction']\n\
                 [[case]]\nmethod = 'copy-one-transaction'\nparams = { freeze = 1 }\n";
    let mut frozen = Vec::new();
    load(&mut *server, &cases(lines, 3_000, &dataset).unwrap(), |sample, session| {
        assert!(sample.phases.contains_key(&Phase::Prepare) && sample.phases.contains_key(&Phase::Commit));
        // A scan of the index looks into the table for every row that is not known to be visible to all.
        session.batch_execute("SET enable_seqscan = off; SET enable_bitmapscan = off").unwrap();
        let plan =
            session.query("EXPLAIN (ANALYZE) SELECT count(*) FROM votes WHERE vote_id > 0", &[]).unwrap();
        let fetches = plan.iter().map(|row| row.get::<_, &str>(0)).find(|line| line.contains("Heap Fetches"));
        frozen.push(fetches.unwrap().ends_with(": 0"));
    });
    assert_eq!(frozen, [false, true, false, true]);
    server.stop().unwrap();
}

#[test]
fn the_wal_of_a_table_emptied_in_the_same_transaction_is_skipped_at_wal_level_minimal() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path(), 30_000);
    let mut server = common::local(&dataset);
    let lines = "[[case]]\nmethod = ['copy-truncate', 'copy-freeze']\n\
                 [[case]]\nmethod = ['copy-truncate', 'copy-freeze']\n\
                 settings = { wal_level = 'minimal', wal_skip_threshold = '0' }\n";
    let mut wal = Vec::new();
    load_with(true, &mut *server, &cases(lines, 30_000, &dataset).unwrap(), |sample, _| {
        wal.push(sample.readings.get(Metric::Wal).unwrap());
    });
    // The index builds mark ordinary rows as committed, and data checksums log each page's first such mark.
    assert!(wal[2] < wal[0] && wal[3] * 4 < wal[1] && wal[3] * 4 < wal[2], "{wal:?}");
    server.stop().unwrap();
}

#[test]
fn statistics_are_there_where_they_are_part_of_the_method() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path(), 1_000);
    let mut server = common::local(&dataset);
    let cases = cases("[[case]]\nmethod = 'copy-analyze'\n", 1_000, &dataset).unwrap();
    load(&mut *server, &cases, |sample, session| {
        assert!(sample.phases.contains_key(&Phase::Analyze));
        assert_eq!(number(session, "SELECT count(*) FROM pg_stats WHERE tablename = 'votes'"), 4);
    });
    server.stop().unwrap();
}

#[test]
fn indexes_in_place_take_no_time_of_their_own_and_dropped_ones_do() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path(), 3_000);
    let mut server = common::local(&dataset);
    let lines = "[[case]]\nmethod = ['copy-indexed', 'copy-append', 'copy-append-rebuild']\n\
                 [[case]]\nmethod = ['copy-append', 'copy-append-rebuild']\nparams = { held = 3 }\n";
    let mut seen = Vec::new();
    // Fewer rows than there are: the table holds as many as the load adds.
    load(&mut *server, &cases(lines, 1_001, &dataset).unwrap(), |sample, session| {
        let rows = number(session, "SELECT count(*) FROM votes");
        let phases = &sample.phases;
        assert_eq!(phases.contains_key(&Phase::Prepare), phases.contains_key(&Phase::Indexes));
        assert!(phases.contains_key(&Phase::Load) && phases.contains_key(&Phase::Commit));
        seen.push((rows, phases.contains_key(&Phase::Indexes)));
    });
    assert_eq!(seen, [(1_001, false), (2_002, false), (2_002, true), (4_004, false), (4_004, true)]);
    server.stop().unwrap();
}

#[test]
fn presorted_rows_stand_in_the_order_of_the_last_indexed_column() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path(), 3_000);
    let mut server = common::local(&dataset);
    let cases = cases("[[case]]\nmethod = 'copy-presorted'\n", 2_001, &dataset).unwrap();
    load(&mut *server, &cases, |sample, session| {
        assert!(sample.phases.contains_key(&Phase::Prepare));
        let falls = "SELECT count(*) FROM (SELECT link < lag(link) OVER (ORDER BY vote_id) AS falls FROM votes) AS v \
                     WHERE falls";
        assert_eq!(number(session, falls), 0);
    });
    server.stop().unwrap();
}

#[test]
fn partitions_have_their_rows_and_the_indexes_that_they_were_built_with() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path(), 1_001);
    let mut server = common::local(&dataset);
    let lines = "[[case]]\nmethod = 'copy-partitioned'\nparams = { jobs = [1, 3] }\n";
    let mut seen = Vec::new();
    load(&mut *server, &cases(lines, 1_001, &dataset).unwrap(), |sample, session| {
        for phase in [Phase::Prepare, Phase::Load, Phase::Indexes, Phase::Attach] {
            assert!(sample.phases.contains_key(&phase), "{phase:?}");
        }
        let keys = "SELECT min(vote_id), max(vote_id), count(*) FROM votes GROUP BY tableoid ORDER BY 1";
        let rows = session.query(keys, &[]).unwrap();
        seen.push(rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect::<Vec<(i32, i32, i64)>>());
        let partitions = "SELECT inhrelid FROM pg_inherits WHERE inhparent = 'votes'::regclass";
        // Three indexes each, all of them part of the parent's: none was built a second time.
        let indexes = format!("SELECT count(*) FROM pg_index WHERE indrelid IN ({partitions})");
        let attached = "SELECT count(*) FROM pg_inherits JOIN pg_index ON indexrelid = inhparent AND indisvalid \
                        WHERE indrelid = 'votes'::regclass";
        assert_eq!(number(session, &indexes), 3 * rows.len() as i64);
        assert_eq!(number(session, attached), 3 * rows.len() as i64);
        let left = format!(
            "SELECT (SELECT count(*) FROM pg_constraint WHERE contype = 'c' AND conrelid IN ({partitions})) \
             + (SELECT count(*) FROM pg_class WHERE relkind = 'S' AND relname LIKE 'votes%')"
        );
        assert_eq!(number(session, &left), 1, "what is left is the parent's sequence");

        // The table goes on as an ordinary one would: the next key is the next, and any other fits too.
        session.batch_execute("INSERT INTO votes (username, link, score) VALUES ('a', 'b', 1)").unwrap();
        session.batch_execute("INSERT INTO votes VALUES (-5, 'a', 'b', 1), (2000000, 'a', 'b', 1)").unwrap();
        let last = rows.len();
        let into = format!("INSERT INTO votes_{last} (username, link, score) VALUES ('a', 'b', 1)");
        session.batch_execute(&into).unwrap();
        let added = session.query("SELECT vote_id FROM votes WHERE username = 'a' ORDER BY 1", &[]).unwrap();
        assert_eq!(added.iter().map(|r| r.get(0)).collect::<Vec<i32>>(), [-5, 1_002, 1_003, 2_000_000]);
    });
    assert_eq!(seen, [vec![(1, 1_001, 1_001)], vec![(1, 333, 333), (334, 667, 334), (668, 1_001, 334)]]);
    server.stop().unwrap();
}

#[test]
fn the_fastest_way_gives_each_row_its_number_and_leaves_an_ordinary_key() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path(), 20_001);
    let mut server = common::local(&dataset);
    let lines = "[[case]]\nmethod = ['fastest-durable', 'fastest-unlogged']\nparams = { jobs = 2 }\n";
    load(&mut *server, &cases(lines, 20_001, &dataset).unwrap(), |sample, session| {
        for phase in [Phase::Prepare, Phase::Load, Phase::Indexes, Phase::Constraints] {
            assert!(sample.phases.contains_key(&phase), "{phase:?}");
        }
        let first = session.query_one("SELECT username, link FROM votes WHERE vote_id = 20001", &[]).unwrap();
        let (mut reader, mut last) = (dataset.reader().unwrap(), (String::new(), String::new()));
        while let Some(row) = reader.next_row().unwrap() {
            last = (row.field(0).to_owned(), row.field(1).to_owned());
        }
        assert_eq!((first.get::<_, String>(0), first.get::<_, String>(1)), last);
        let names =
            "SELECT conname::text FROM pg_constraint WHERE conrelid = 'votes'::regclass AND contype = 'p'";
        assert_eq!(session.query_one(names, &[]).unwrap().get::<_, String>(0), "votes_pkey");
        session.batch_execute("INSERT INTO votes (username, link, score) VALUES ('a', 'b', 1)").unwrap();
        assert_eq!(number(session, "SELECT max(vote_id)::bigint FROM votes"), 20_002);
    });
    server.stop().unwrap();
}

#[test]
fn parameters_out_of_range_are_refused_before_anything_connects() {
    let dir = tempfile::tempdir().unwrap();
    let dataset = dataset(dir.path(), 1);
    for (method, given) in [
        ("copy-one-transaction", "freeze = 2"),
        ("copy-one-transaction", "freeze = 'yes'"),
        ("copy-chunks", "jobs = true"),
        ("copy-append", "held = 0"),
        ("copy-append-rebuild", "held = 17"),
        ("copy-chunks", "chunk_rows = 0"),
        ("copy-chunks", "chunk_rows = 1000000001"),
        ("copy-chunks", "jobs = 65"),
        ("copy-freeze", "freeze = 1"),
        ("copy-partitioned", "jobs = 0"),
        ("fastest-durable", "build_memory = 0"),
    ] {
        let lines = format!("[[case]]\nmethod = '{method}'\nparams = {{ {given} }}\n");
        let error = format!("{:#}", cases(&lines, 1, &dataset).err().unwrap());
        assert!(error.contains(given.split_once(' ').unwrap().0) && error.contains(method), "{error}");
    }
}

const ANY_ROWS: &str = "[[case]]
method = [
    'copy-truncate', 'copy-freeze', 'copy-analyze', 'copy-indexed', 'copy-append', 'copy-append-rebuild',
    'copy-chunks', 'copy-csv-encoded', 'copy-text-encoded', 'copy-binary-encoded', 'copy-binary-writer',
    'copy-binary-writer-blocking', 'copy-csv-blocking', 'copy-presorted', 'copy-partitioned',
]
[[case]]
method = 'copy-one-transaction'
params = { freeze = 1 }
[[case]]
method = 'copy-chunks'
params = { chunk_rows = [1, 500, 1001], jobs = [1, 3] }
[[case]]
method = 'copy-partitioned'
params = { jobs = [1, 3, 16] }
[[case]]
method = ['fastest-durable', 'fastest-unlogged']
params = { jobs = [1, 7], sorted = [0, 1], one_transaction = [false, true] }
";

#[test]
fn any_number_of_rows_arrives() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path(), 1_500);
    let mut server = common::local(&dataset);
    for rows in [1, 7, 1_001] {
        load(&mut *server, &cases(ANY_ROWS, rows, &dataset).unwrap(), |_, _| {});
    }
    server.stop().unwrap();
}

#[test]
fn quotes_line_feeds_and_numbers_arrive() {
    let dir = common::world_readable_tempdir();
    let source = dir.path().join("source.csv");
    std::fs::write(
        &source,
        "\"a,\"\"b\"\"\",\"x\ny\",1\n\"username\",link,-1\nb\\c\td,\"\\.\",0\n\"\",żółw 🐘,-2147483648\n\
         \"\\N\",\"\r\n\",2147483647\n\\.,\"\"\"\",10\n",
    )
    .unwrap();
    let nasty = Dataset::imported(dir.path(), &source, &Interrupt::new()).unwrap();
    let numeric = Dataset::generated(dir.path(), 1_001, 1, &Interrupt::new()).unwrap();
    let numeric = numeric.in_form("numeric", &Interrupt::new()).unwrap();
    let lines = ANY_ROWS.replace("[1, 500, 1001]", "[1, 2, 500]");
    for dataset in [nasty, numeric] {
        let mut server = common::local(&dataset);
        load(&mut *server, &cases(&lines, dataset.rows(), &dataset).unwrap(), |_, _| {});
        server.stop().unwrap();
    }
}

#[test]
fn a_load_that_is_given_up_on_the_way_leaves_nothing_in_the_next_one_s() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path(), 60_000);
    let mut server = common::local(&dataset);
    let lines = "[[case]]\nmethod = ['copy-csv-encoded', 'copy-binary-writer', 'copy-binary-writer-blocking', \
                 'copy-csv-blocking', 'copy-presorted', 'copy-append-rebuild']\n\
                 [[case]]\nmethod = 'copy-chunks'\nparams = { chunk_rows = 7000, jobs = 3 }\n\
                 [[case]]\nmethod = 'copy-partitioned'\nparams = { jobs = 3 }\n\
                 [[case]]\nmethod = 'fastest-durable'\n";
    let cases = cases(lines, 60_000, &dataset).unwrap();
    let mut given_up = 0;
    for limit in [3, 30, 100, 200].map(Duration::from_millis) {
        let mut session = cases.on(vec![(String::new(), &mut *server)], limit);
        session.stage().set_probing(false);
        for case in of_lines(&cases) {
            let sample = session.take(case).unwrap();
            // A slow machine gives up more of them.
            assert!(
                matches!(sample.outcome, Outcome::Ok | Outcome::Timeout),
                "{}: {:?}",
                case.id,
                sample.error
            );
            given_up += usize::from(sample.outcome == Outcome::Timeout);
        }
    }
    assert!(given_up >= of_lines(&cases).len(), "3 ms are not enough for any");
    load(&mut *server, &cases, |_, _| {});
    server.stop().unwrap();
}
