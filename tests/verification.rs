//! A load that is wrong is refused, whatever is wrong with it, and one that is right passes under any
//! settings of the role; client and server compute the same sums.

mod common;

use bulkbench::dataset::checksum::ContentSum;
use bulkbench::dataset::summing::{self, Summer, of_keys};
use bulkbench::dataset::{Column, Dataset, Fields};
use bulkbench::experiment::Experiment;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::model::{Case, Encoding, Role, Rule};
use bulkbench::runner::reset::rows_after;
use bulkbench::runner::sample::{Applied, Loaded, Ready, Stage};
use bulkbench::server::Session;
use bulkbench::table::Table;
use bulkbench::table::verify::{self, Expected, FIXED, Keys};
use bulkbench::value::SqlType;

/// A field of a table in a test.
#[derive(Debug, Clone, Copy)]
enum Field {
    Null,
    Text(&'static str),
    Int(i64),
}

use Field::{Int, Null, Text};

struct Row(Vec<Field>);

impl Fields for Row {
    fn field(&self, i: usize) -> &str {
        match self.0[i] {
            Text(text) => text,
            other => panic!("{other:?} is no text"),
        }
    }

    fn int(&self, i: usize) -> i64 {
        match self.0[i] {
            Int(number) => number,
            other => panic!("{other:?} is no integer"),
        }
    }

    fn is_null(&self, i: usize) -> bool {
        matches!(self.0[i], Null)
    }
}

/// The rules that contents are summed up by.
const RULES: [Rule; 2] = [Rule::RowHashes2, Rule::RowMd5];

/// The content sums by the client, which have to be the server's, by each of the rules.
#[track_caller]
fn sums(session: &mut Session, kinds: &[&str], rows: &[&[Field]]) -> [String; 2] {
    let columns: Vec<Column> =
        (0..).zip(kinds).map(|(i, kind)| Column::new(&format!("c{i}"), SqlType::named(kind))).collect();
    let sql: Vec<String> = columns.iter().map(|c| format!("{} {}", c.name, c.kind.sql())).collect();
    session.batch_execute(&format!("DROP TABLE IF EXISTS t; CREATE TABLE t ({})", sql.join(", "))).unwrap();
    let mut by_rule = RULES.map(|rule| (Summer::new(rule, &columns), ContentSum::default()));
    for row in rows {
        let values: Vec<String> = row
            .iter()
            .map(|field| match field {
                Null => "NULL".into(),
                Text(text) => format!("'{}'", text.replace('\'', "''")),
                Int(number) => format!("'{number}'"),
            })
            .collect();
        session.batch_execute(&format!("INSERT INTO t VALUES ({})", values.join(", "))).unwrap();
        by_rule.iter_mut().for_each(|(summer, content)| summer.add(&Row(row.to_vec()), content));
    }
    [0, 1].map(|i| {
        let sql = summing::query(RULES[i], &columns, None, "t");
        let server: String = session.query_one(&sql, &[]).unwrap().get(1);
        assert_eq!(by_rule[i].1.content().to_string(), server, "{:?} of {kinds:?}: {rows:?}", RULES[i]);
        server
    })
}

/// The fields of each row of a table.
type Rows = &'static [&'static [Field]];

const INT4: &str = "integer";
const INT8: &str = "bigint";
const T: &str = "text";

/// The types of a table's columns, and contents of it that are all different.
const CONTENTS: [(&[&str], &[Rows]); 8] = [
    (
        &[INT4],
        &[
            &[&[Int(1)], &[Int(3)]],
            &[&[Int(2)], &[Int(2)]],
            &[&[Int(4)]],
            &[&[Int(4)], &[Int(0)]],
            &[&[Int(4)], &[Null]],
            &[&[Int(-4)], &[Null], &[Null]],
            &[&[Int(-2_147_483_648)], &[Int(2_147_483_647)]],
        ],
    ),
    (&[INT8], &[&[&[Int(1)]], &[&[Int(1 << 32)]], &[&[Int(i64::MIN)]], &[&[Int(i64::MAX)]], &[&[Null]]]),
    (
        &[T],
        &[&[&[Text("")]], &[&[Null]], &[&[Text("")], &[Text("")]], &[&[Text("N")]], &[&[Text("żółw 🐘")]]],
    ),
    (
        &[T, T, INT4],
        &[
            &[&[Text("a"), Text("b"), Int(1)]],
            &[&[Text("b"), Text("a"), Int(1)]],
            &[&[Text("a"), Text("b"), Int(-1)]],
            &[&[Text("a"), Text("b"), Int(0)]],
            &[&[Text("a"), Text("b"), Null]],
            &[&[Text("a"), Text(""), Null]],
            &[&[Text("a"), Null, Null]],
            &[&[Text("a"), Null, Int(0)]],
            &[&[Null, Text("a"), Int(0)]],
            &[&[Text(""), Text("a"), Int(0)]],
            &[&[Null, Null, Null]],
            &[&[Text("ab"), Text(""), Int(1)]],
            &[&[Text("a"), Text("b"), Int(1)], &[Text("a"), Text("b"), Int(1)]],
        ],
    ),
    (
        &[INT8, INT8, INT4],
        &[
            &[&[Int(1), Int(2), Int(3)]],
            &[&[Int(2), Int(1), Int(3)]],
            &[&[Int(1), Int(3), Int(2)]],
            &[&[Int(1 << 32), Int(2), Int(3)]],
            &[&[Null, Int(2), Int(3)]],
            &[&[Int(0), Int(2), Int(3)]],
            &[&[Int(-1), Int(-2), Int(-3)]],
        ],
    ),
    (
        &["boolean", "smallint"],
        &[&[&[Int(1), Int(0)]], &[&[Int(0), Int(1)]], &[&[Null, Int(1)]], &[&[Int(1), Null]]],
    ),
    // What their output functions write, which a cast to text changes of the second and the third.
    (
        &["numeric(6,2)", "character(3)", "inet", "jsonb"],
        &[
            &[&[Text("1.50"), Text("a  "), Text("10.0.0.1"), Text("{\"a\": 1}")]],
            &[&[Text("1.50"), Text("b  "), Text("10.0.0.1"), Text("{\"a\": 1}")]],
            &[&[Text("1.50"), Text("a  "), Null, Text("{\"a\": 1}")]],
            &[&[Text("NaN"), Text("   "), Text("10.0.0.0/8"), Text("null")]],
        ],
    ),
    (&[INT4, T], &[&[&[Int(0), Text("")]], &[&[Null, Text("")]], &[&[Int(0), Null]], &[&[Null, Null]]]),
];

#[test]
fn client_and_server_agree_and_no_two_contents_have_the_same_sum() {
    let dir = common::world_readable_tempdir();
    let dataset = Dataset::generated(dir.path(), 10, 1, &Interrupt::new()).unwrap();
    let server = common::local(&dataset);
    let mut session = server.connector().connect().unwrap();
    for (kinds, contents) in CONTENTS {
        let found: Vec<_> = contents.iter().map(|rows| sums(&mut session, kinds, rows)).collect();
        for rule in [0, 1] {
            let mut sums: Vec<&String> = found.iter().map(|both| &both[rule]).collect();
            sums.sort();
            sums.dedup();
            assert_eq!(sums.len(), contents.len(), "{kinds:?} by {:?}", RULES[rule]);
        }
    }
    let (wide, mut row) = (vec!["smallint"; 1600], vec![Int(1); 1600]);
    let of_ones = sums(&mut session, &wide, &[&row]);
    for (column, field) in [(1599, Int(2)), (100, Null), (99, Null)] {
        row[column] = field;
        let others = sums(&mut session, &wide, &[&row]);
        assert!(others.iter().zip(&of_ones).all(|(other, ones)| other != ones), "column {column}");
    }
    let keys: Vec<[Field; 1]> = (1..=100).map(|key| [Int(key)]).collect();
    let keys: Vec<&[Field]> = keys.iter().map(|row| &row[..]).collect();
    let of_keys = RULES.map(|rule| of_keys(rule, 100).content().to_string());
    assert_eq!(sums(&mut session, &[INT4], &keys), of_keys);
    drop(session);
    server.stop().unwrap();
}

/// Faults that a wrong load leaves, and a word of the refusal of each. `Unique` keys may have gaps.
const FAULTS: [(&str, &str); 11] = [
    ("UPDATE votes SET username = link, link = username WHERE vote_id = 7", "content sums to"),
    (
        // Of two rows that differ in both, whichever keys parallel loads have given them.
        "WITH pair AS (SELECT a.vote_id AS a, b.vote_id AS b, a.link AS of_a, b.link AS of_b FROM votes a, votes b \
         WHERE a.username < b.username AND a.link <> b.link ORDER BY 1, 2 LIMIT 1) \
         UPDATE votes v SET link = CASE v.vote_id WHEN a THEN of_b ELSE of_a END FROM pair WHERE v.vote_id IN (a, b)",
        "content sums to",
    ),
    (
        "UPDATE votes v SET username = o.username, link = o.link, score = o.score FROM votes o \
         WHERE v.vote_id = 7 AND o.vote_id = 8",
        "content sums to",
    ),
    (
        "ALTER TABLE votes ALTER username DROP NOT NULL; UPDATE votes SET username = NULL WHERE username = ''",
        "content sums to",
    ),
    ("UPDATE votes SET username = 'x' WHERE username = ''", "content sums to"),
    ("DELETE FROM votes WHERE vote_id = 7", "rows instead of"),
    ("UPDATE votes SET vote_id = -vote_id; UPDATE votes SET vote_id = -vote_id - 1", "the keys are not"),
    ("UPDATE votes SET vote_id = vote_id + 100000", "the sequence of its key is behind"),
    ("SELECT setval('votes_vote_id_seq', 1)", "the sequence of its key is behind"),
    (
        "SELECT setval('votes_vote_id_seq', (SELECT max(vote_id) FROM votes), false)",
        "the sequence of its key is behind",
    ),
    ("ALTER TABLE votes ALTER vote_id DROP DEFAULT", "the next row would get none"),
];
/// Refused where the keys are counted.
const GAP: &str =
    "UPDATE votes SET vote_id = 100000 WHERE vote_id = 7; SELECT setval('votes_vote_id_seq', 100000)";

/// The rows: a few generated ones, and one with an empty text.
fn dataset(dir: &std::path::Path) -> Dataset {
    let generated = Dataset::generated(dir, 40, 1, &Interrupt::new()).unwrap();
    let mut csv = std::fs::read(generated.file(Encoding::Csv)).unwrap();
    csv.extend_from_slice(b"\"\",t3_none,1\n");
    std::fs::write(dir.join("mine.csv"), csv).unwrap();
    Dataset::imported(dir, &dir.join("mine.csv"), &Interrupt::new()).unwrap()
}

/// Every method's case with its defaults that can run.
fn runnable(run: &bulkbench::runner::RunSession<'_>) -> Vec<Case> {
    let mut cases = run.mark(&Experiment::find("all").unwrap()).unwrap();
    cases.retain(|case| case.role != Role::Control && case.unavailable.is_none());
    cases
}

#[test]
fn each_fault_is_refused_after_each_method() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let mut server = common::local(&dataset);
    let connector = server.connector().clone();
    let catalogue = Catalogue::built_in();
    let prepared = common::prepared(&catalogue, &Experiment::find("all").unwrap(), &dataset);
    let mut run = common::on(&prepared, &mut *server);
    run.stage().set_probing(false);
    let mut cases = runnable(&run);
    cases.retain(|case| !common::is_like_another(&case.key.method));
    let kinds: std::collections::BTreeSet<&str> = cases.iter().map(|case| case.family.as_str()).collect();
    assert!(kinds.len() >= 8, "{kinds:?}");
    for case in &cases {
        let ready = run.stage().apply(case).unwrap().reset(case.rows).unwrap();
        let (mut loaded, _) = ready.load().unwrap_or_else(|error| panic!("{}: {error:#}", case.id));
        loaded.verify().unwrap_or_else(|error| panic!("{}: {error:#}", case.id));
        let mut session = connector.connect().unwrap();
        let method = catalogue.find(&case.key.method).unwrap();
        let (info, keys) = (method.info(), method.keys());
        let table = Table { layout: info.layout, ..Table::votes(dataset.columns()) };
        let after = rows_after(info, &case.params, case.rows);
        let content = dataset.content(after.loaded).unwrap().times(after.times);
        let rows = after.loaded * after.times;
        let expected = Expected { rows, content, keys, persistence: info.end };
        let gap = (keys == Keys::Counted).then_some((GAP, "the keys are not"));
        let foreign_keys = case.key.method.starts_with("copy-fk");
        for (fault, word) in FAULTS.into_iter().chain(gap) {
            let mut transaction = session.transaction().unwrap();
            if foreign_keys {
                transaction.batch_execute("ALTER TABLE votes DROP CONSTRAINT votes_username_fkey, DROP CONSTRAINT votes_link_fkey").unwrap();
            }
            transaction
                .batch_execute(fault)
                .unwrap_or_else(|error| panic!("{}: {fault}: {error:?}", case.id));
            let found = verify::read(&mut transaction, &table).unwrap();
            let refused = match verify::check(found, &table, &expected) {
                Ok(_) => panic!("{}: {fault}: it passed", case.id),
                Err(error) => error.to_string(),
            };
            assert!(refused.contains(word), "{}: {fault}: {refused}", case.id);
            transaction.rollback().unwrap();
            // A sequence takes nothing back.
            session
                .batch_execute("SELECT setval('votes_vote_id_seq', (SELECT max(vote_id) FROM votes))")
                .unwrap();
        }
        loaded.verify().unwrap_or_else(|error| panic!("{}: {error:#}", case.id));
        let next = session
            .query_one("INSERT INTO votes (username, link, score) SELECT username, link, 1 FROM votes LIMIT 1 RETURNING vote_id::int8", &[])
            .unwrap_or_else(|error| panic!("{}: the next row: {error:?}", case.id));
        assert!(next.get::<_, i64>(0) as u64 > case.rows, "{}", case.id);
    }
    drop(run);
    server.stop().unwrap();
}

#[test]
fn settings_of_the_role_change_no_verdict() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let mut server = common::local(&dataset);
    let role = [
        ("quote_all_identifiers", "on"),
        ("standard_conforming_strings", "off"),
        ("array_nulls", "off"),
        ("bytea_output", "escape"),
        ("DateStyle", "German, DMY"),
        ("IntervalStyle", "sql_standard"),
        ("TimeZone", "Pacific/Chatham"),
        ("extra_float_digits", "-15"),
        ("transform_null_equals", "on"),
        ("client_encoding", "LATIN1"),
        ("client_min_messages", "error"),
        ("lc_messages", "C"),
        ("lc_numeric", "C"),
        ("default_transaction_isolation", "serializable"),
        ("backslash_quote", "off"),
        ("row_security", "off"),
        ("xmlbinary", "hex"),
    ];
    assert!(FIXED.iter().all(|(name, fixed)| role.iter().any(|(n, other)| n == name && fixed != other)));
    for (name, value) in role {
        let sql = format!("ALTER ROLE CURRENT_USER SET {name} = '{value}'");
        server.connector().connect().unwrap().batch_execute(&sql).unwrap();
    }
    let catalogue = Catalogue::built_in();
    let prepared = common::prepared(&catalogue, &Experiment::find("all").unwrap(), &dataset);
    let mut run = common::on(&prepared, &mut *server);
    run.stage().set_probing(false);
    let cases = runnable(&run);
    for case in &cases {
        let ready = run.stage().apply(case).unwrap().reset(case.rows).unwrap();
        let mut loaded = match ready.load() {
            Ok((loaded, _)) => loaded,
            Err(error) => {
                // ADBC's driver cannot tell types under quote_all_identifiers: it says so, and no verdict is made.
                assert_eq!(case.key.method, "adbc-ingest", "{}: {error:#}", case.id);
                continue;
            }
        };
        loaded.verify().unwrap_or_else(|error| panic!("{}: {error:#}", case.id));
    }
    drop(run);
    server.stop().unwrap();
}
