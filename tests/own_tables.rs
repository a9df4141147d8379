//! Every method on tables of a user's DDL: it loads them, or says in a row what they lack.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use bulkbench::dataset::{Asked, Column, Dataset, RowsFile};
use bulkbench::experiment::Experiment;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::model::{Metric, Outcome, Role, Sample};
use bulkbench::runner::foundation::{Laid, Parent, Parents, Told};
use bulkbench::runner::plan::{self, Tables};
use bulkbench::runner::sample::{Applied, Ready, Stage};
use bulkbench::runner::{Input, Prepared};
use bulkbench::server::Server;
use bulkbench::table::Table;
use bulkbench::table::foundation::Ddl;
use bulkbench::value::SqlType;

/// Rows whose user and link are those of no other, in no order.
fn dataset(dir: &Path) -> Dataset {
    let rows: Vec<String> =
        (0..400).map(|i| format!("user {},\"l,{}\",{}\n", i * 37 % 400, i % 40, i % 5 - 2)).collect();
    let path = dir.join("mine.csv");
    std::fs::write(&path, rows.concat()).unwrap();
    Dataset::imported(dir, &path, &Interrupt::new()).unwrap()
}

fn told(text: &str, cache: &Path, parents: &[Parent]) -> Told {
    let ddl = Ddl { origin: "--ddl table.sql".into(), text: text.into(), table: Some("votes".into()) };
    Told { ddl, parents: Parents { tables: parents.to_vec(), cache: cache.into() } }
}

/// The cases of an experiment that load these rows into this table.
fn prepared<'c>(
    catalogue: &'c Catalogue,
    experiment: &Experiment,
    server: &dyn Server,
    dataset: &Dataset,
    told: Told,
) -> anyhow::Result<Prepared<'c>> {
    let laid = Laid::default();
    let foundation = laid.on((0, server), "", &told)?;
    let tables = Tables::of(Table::told(&foundation, dataset.columns())?, dataset.rows());
    let cases = plan::cases(catalogue, experiment, &common::request(dataset.rows()), &tables)?;
    let input = Input { name: String::new(), dataset: dataset.clone(), told: Some(told) };
    Ok(Prepared::new(catalogue, cases, vec![input], &Interrupt::new())?.with_laid(laid))
}

fn rows_file<'f>(path: &'f Path, columns: &'f [Column], asked: &'f Asked) -> RowsFile<'f> {
    RowsFile { path, asked, table: "votes", columns }
}

/// Methods whose loads are read by probes: what these read of a table is the same whoever loads it, and waiting for what the
/// server counts takes longer than the load.
const PROBED: [&str; 3] = ["copy-csv", "copy-append", "fastest-durable"];

/// A sample of every method that can load the table and is `wanted`, and why the others cannot.
fn all(
    server: &mut dyn Server,
    dataset: &Dataset,
    told: Told,
    wanted: impl Fn(&str) -> bool,
) -> (Vec<Sample>, BTreeMap<String, String>) {
    let (catalogue, experiment) = (Catalogue::built_in(), Experiment::find("all").unwrap());
    let prepared = prepared(&catalogue, &experiment, server, dataset, told);
    let prepared = prepared.unwrap_or_else(|error| panic!("{error:#}"));
    let mut session = common::on(&prepared, server);
    let (mut samples, mut lacking) = (Vec::new(), BTreeMap::new());
    for case in session.mark(&experiment).unwrap().into_iter().filter(|case| case.role != Role::Control) {
        match case.unavailable {
            Some(reason) if common::lacks_program(&case.id, &reason) => {}
            Some(reason) => drop(lacking.insert(case.id, reason)),
            None if !wanted(&case.id) => {}
            None => {
                session.stage().set_probing(PROBED.contains(&case.id.as_str()));
                samples.push(session.take(&case).unwrap());
            }
        }
    }
    let is_probed = |sample: &&Sample| PROBED.contains(&sample.case.as_str());
    for sample in samples.iter().filter(is_probed).filter(|sample| sample.outcome == Outcome::Ok) {
        assert!(sample.readings.get(Metric::Table) > Some(0), "{}: {:?}", sample.case, sample.readings);
    }
    (samples, lacking)
}

/// What methods lack of the tables, by words of the reason.
const PARTITIONS: (&str, &[&str]) = ("partitions of its own", &["copy-partitioned"]);
const NO_REFERENCES: (&str, &[&str]) = ("no foreign key", &["copy-fk-in-place", "copy-fk-dropped"]);
const TWICE: (&str, &[&str]) = ("cannot hold the same rows twice", &["copy-append", "copy-append-rebuild"]);
const NO_KEY: (&str, &[&str]) = (
    "no key to know rows by",
    &[
        "insert-on-conflict-nothing",
        "insert-on-conflict-update",
        "update-row",
        "update-row-transaction",
        "update-batch-values",
        "update-staged",
        "update-merge",
    ],
);

/// A DDL, and what it lacks.
type OwnTable = (&'static str, &'static [(&'static str, &'static [&'static str])]);

const TABLES: &[OwnTable] = &[
    (
        "CREATE TABLE votes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \"made ż\" timestamptz NOT NULL DEFAULT now(), \
           username text NOT NULL CHECK (username <> ''), link text COLLATE \"C\", score int, \
           low text GENERATED ALWAYS AS (lower(username)) STORED) WITH (fillfactor = 70); \
         CREATE INDEX ON votes (lower(link), score); CREATE INDEX later ON votes USING brin (\"made ż\"); \
         CREATE INDEX ON votes (username) WHERE score > 0; CREATE INDEX ON votes (link) INCLUDE (score)",
        &[PARTITIONS, NO_REFERENCES],
    ),
    (
        "CREATE TABLE votes (score int, username text, link text, \"select\" serial, PRIMARY KEY (username, link) INCLUDE (score)); \
         CREATE UNIQUE INDEX ON votes (lower(username), link); CREATE INDEX ON votes USING hash (link)",
        &[PARTITIONS, NO_REFERENCES, TWICE],
    ),
    (
        "CREATE TABLE votes (username text, link text, score int)",
        &[
            PARTITIONS,
            NO_REFERENCES,
            NO_KEY,
            ("no primary key, unique or exclusion constraint", &["copy-csv-key-after"]),
            ("none is indexed", &["copy-presorted"]),
            ("no index that serves no constraint", &["copy-append-rebuild"]),
        ],
    ),
    (
        "CREATE TABLE users (name text PRIMARY KEY, n int); \
         CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.seen := NEW.score * 2; RETURN NEW; END $$; \
         CREATE TABLE votes (username text REFERENCES users DEFERRABLE, link text, score int, seen int, \
           UNIQUE (username, link) DEFERRABLE INITIALLY DEFERRED); \
         ALTER TABLE votes ALTER username SET NOT NULL, ALTER link SET NOT NULL; \
         CREATE TRIGGER up BEFORE INSERT ON votes FOR EACH ROW EXECUTE FUNCTION up(); CREATE INDEX ON votes (score)",
        &[
            PARTITIONS,
            TWICE,
            ("not as deferrable ones", &["pgloader-drop-indexes"]),
            (
                "ON CONFLICT cannot go by its key",
                &["insert-on-conflict-nothing", "insert-on-conflict-update"],
            ),
        ],
    ),
    (
        "CREATE TABLE votes (id int GENERATED BY DEFAULT AS IDENTITY (START 100 INCREMENT 10) PRIMARY KEY, \
           username text, link text, score int); CREATE INDEX ON votes (score)",
        &[PARTITIONS, NO_REFERENCES, ("does not count 1, 2, 3", NO_KEY.1)],
    ),
    (
        "CREATE TABLE users (name text PRIMARY KEY, n int); \
         CREATE TABLE votes (username text REFERENCES users, link text NOT NULL, score int, PRIMARY KEY (username, link)) \
           PARTITION BY HASH (username); \
         CREATE TABLE v0 PARTITION OF votes FOR VALUES WITH (MODULUS 2, REMAINDER 0); \
         CREATE TABLE v1 PARTITION OF votes FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY LIST (link); \
         CREATE TABLE v1_rest PARTITION OF v1 DEFAULT; CREATE INDEX ON votes (score); CREATE INDEX own ON v0 (link)",
        &[
            PARTITIONS,
            TWICE,
            ("does not load a partitioned table", &["copy-freeze"]),
            ("not made for partitioned tables", &["pgloader-drop-indexes"]),
            ("cannot be added NOT VALID", &["copy-fk-dropped"]),
        ],
    ),
];

#[test]
fn every_method_loads_a_table_or_says_what_it_lacks() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let mut server = common::local(&dataset);
    let users = dir.path().join("users.csv");
    let names: Vec<String> = (0..400).map(|i| format!("user {i},{i}\n")).collect();
    std::fs::write(&users, format!("name,n\n{}", names.concat())).unwrap();
    let mut wrong: Vec<String> = Vec::new();
    for (n, (text, lacks)) in TABLES.iter().enumerate() {
        wrong.push(format!("{text}:"));
        let parents = [Parent { table: "users".into(), file: users.clone() }];
        let parents = if text.contains("REFERENCES") { &parents[..] } else { &[] };
        let wanted = |id: &str| n == 0 || !common::is_like_another(id);
        let (samples, mut lacking) = all(&mut *server, &dataset, told(text, dir.path(), parents), wanted);
        for sample in samples.iter().filter(|sample| sample.outcome != Outcome::Ok) {
            wrong.push(format!("{}: {:?}", sample.case, sample.error));
        }
        assert!(samples.len() > 25, "{}", samples.len());
        for (words, methods) in *lacks {
            for method in *methods {
                match lacking.remove(*method) {
                    Some(reason) if reason.contains(words) => {}
                    Some(reason) => wrong.push(format!("{method}: {reason}, not {words}")),
                    None => wrong.push(format!("{method} does not lack: {words}")),
                }
            }
        }
        // It goes past much, and is on few machines: what it lacks depends on whether it is here.
        lacking.retain(|id, _| !id.starts_with("pg-bulkload"));
        wrong.extend(lacking.iter().map(|(id, reason)| format!("{id} lacks: {reason}")));
    }
    assert_eq!(wrong.len(), TABLES.len(), "{}", wrong.join("\n"));
    server.stop().unwrap();
}

/// Rows with values of many types, NULL among them, into a table that is known by two of their columns.
#[test]
fn every_method_loads_values_of_many_types() {
    const COLUMNS: [(&str, &str); 13] = [
        ("id", "uuid"),
        ("at", "timestamp with time zone"),
        ("Day", "date"),
        ("amount", "numeric(12,2)"),
        ("small", "smallint"),
        ("big", "bigint"),
        ("ratio", "double precision"),
        ("ok", "boolean"),
        ("code", "character varying(10)"),
        ("data", "jsonb"),
        ("raw", "bytea"),
        ("tags", "text[]"),
        ("a\"b; c", "text"),
    ];
    let dir = common::world_readable_tempdir();
    let columns = COLUMNS.map(|(name, kind)| Column::new(name, SqlType::named(kind)).nullable());
    let row = |i: u32| {
        let id = format!("00000000-0000-4000-8000-{:012}", i * 7919 % 1_000_003);
        let rest = format!(
            "{i}.50,{},{i},0.25,t,c{i},\"{{\"\"a\"\": [{i}, null]}}\",\\x00ff,\"{{a,\"\"b c\"\",NULL}}\"",
            i % 7
        );
        match i % 3 {
            0 => format!("{id},2026-01-02 03:04:{:02}+00,,,,,,,,,,,\n", i % 60),
            1 => format!("{id},2026-01-02 03:04:05.5+00,2026-02-01,{rest},\"it's; \\\\ \t\"\n"),
            _ => format!("{id},2025-12-31 00:00:00+00,2024-02-29,{rest},\"\"\n"),
        }
    };
    let csv: String = (1..=300).map(row).collect();
    std::fs::write(dir.path().join("types.csv"), csv).unwrap();
    let named = COLUMNS.map(|(name, _)| name.to_owned()).to_vec();
    let asked = Asked { header: Some(false), columns: Some(named), ..Asked::default() };
    let path = dir.path().join("types.csv");
    let taken = Dataset::imported_table(dir.path(), &rows_file(&path, &columns, &asked), &Interrupt::new());
    let (dataset, _) = taken.unwrap_or_else(|error| panic!("{error:#}"));
    let mut server = common::local(&dataset);
    let definitions = COLUMNS.map(|(name, kind)| format!("\"{}\" {kind}", name.replace('"', "\"\"")));
    let text = format!(
        "CREATE TABLE votes ({}, \"made here\" timestamptz DEFAULT now(), PRIMARY KEY (at, id)); \
         CREATE INDEX ON votes USING gin (data); CREATE INDEX ON votes (\"Day\", amount); \
         CREATE INDEX ON votes USING gin (tags)",
        definitions.join(", ")
    );
    let (samples, mut lacking) = all(&mut *server, &dataset, told(&text, dir.path(), &[]), |_| true);
    let failed: Vec<String> = samples
        .iter()
        .filter(|sample| sample.outcome != Outcome::Ok)
        .map(|sample| format!("{}: {:?}", sample.case, sample.error))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let unnest = lacking.remove("insert-unnest").unwrap();
    assert!(unnest.contains("the column tags is an array (text[])"), "{unnest}");
    for (words, methods) in [PARTITIONS, NO_REFERENCES, TWICE] {
        for method in methods {
            let reason = lacking.remove(*method).unwrap();
            assert!(reason.contains(words), "{method}: {reason}");
        }
    }
    for method in ["pgloader", "pgloader-drop-indexes"] {
        let reason = lacking.remove(method).unwrap();
        assert!(reason.contains("no names with double quotes"), "{method}: {reason}");
    }
    lacking.retain(|id, _| !id.starts_with("pg-bulkload"));
    assert_eq!(lacking, BTreeMap::new());
    server.stop().unwrap();
}

/// Rows of these columns, whose values only the server knows, as a dataset and as the columns of a table.
fn foreign(dir: &Path, kinds: &[(&str, &str)]) -> (Dataset, String) {
    let field = |name: &str, i: u32| match name {
        "id" => format!("c{i}"),
        "last" => ["so so", "glad"][i as usize % 2].into(),
        _ if i.is_multiple_of(4) => String::new(),
        "mood" => "so so".into(),
        "span" => format!("\"[{i},{})\"", i + 3),
        "pair" => format!("\"({i},\"\"a,b\"\")\""),
        "spot" => format!("\"({i},0.5)\""),
        _ => i.to_string(),
    };
    let row = |i: u32| {
        let fields: Vec<String> = kinds.iter().map(|(name, _)| field(name, i)).collect();
        format!("{}\n", fields.join(","))
    };
    let path = dir.join(format!("{}.csv", kinds.len()));
    std::fs::write(&path, (1..=200).map(row).collect::<String>()).unwrap();
    let named = kinds.iter().map(|(name, _)| (*name).to_owned()).collect();
    let asked = Asked { header: Some(false), columns: Some(named), ..Asked::default() };
    let kind = |kind: &str| match kind {
        "code" => SqlType::domain("code", &SqlType::text()),
        "few" => SqlType::domain("few", &SqlType::named("numeric(4,1)")),
        _ => SqlType::named(kind),
    };
    let columns: Vec<Column> =
        kinds.iter().map(|(name, named)| Column::new(name, kind(named)).nullable()).collect();
    let (dataset, _) =
        Dataset::imported_table(dir, &rows_file(&path, &columns, &asked), &Interrupt::new()).unwrap();
    let table = kinds.iter().map(|(name, kind)| format!("{name} {kind}")).collect::<Vec<_>>().join(", ");
    (dataset, table)
}

/// What the table holds after a load by each `wanted` method of an experiment, and why the others cannot load it.
fn held(
    server: &mut dyn Server,
    (dataset, table): &(Dataset, String),
    experiment: &Experiment,
    wanted: impl Fn(&str) -> bool,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let text = format!(
        "CREATE TYPE mood AS ENUM ('glad', 'so so'); CREATE DOMAIN code AS text CHECK (VALUE <> ''); \
         CREATE TYPE pair AS (x int, y text); CREATE DOMAIN few AS numeric(4,1) CHECK (VALUE < 900); \
         CREATE TABLE votes ({table}, counted int GENERATED ALWAYS AS IDENTITY (START 5), PRIMARY KEY (id)); \
         CREATE INDEX ON votes (n)"
    );
    let connector = server.connector().clone();
    let catalogue = Catalogue::built_in();
    let prepared = prepared(&catalogue, experiment, server, dataset, told(&text, dataset.dir(), &[]));
    let prepared = prepared.unwrap_or_else(|error| panic!("{error:#}"));
    let mut session = common::on(&prepared, server);
    let (mut sums, mut lacking) = (BTreeMap::new(), BTreeMap::new());
    for case in session.mark(experiment).unwrap().into_iter().filter(|case| case.role != Role::Control) {
        if let Some(reason) = case.unavailable {
            lacking.insert(case.id, reason);
            continue;
        }
        if !wanted(&case.id) {
            continue;
        }
        session.stage().set_probing(PROBED.contains(&case.id.as_str()));
        let ready = session.stage().apply(&case).and_then(|applied| applied.reset(case.rows));
        ready
            .and_then(|ready| ready.load().map(drop))
            .unwrap_or_else(|error| panic!("{}: {error:#}", case.id));
        let rows = "SELECT count(*) || md5(string_agg((to_jsonb(v) - 'counted')::text, '' ORDER BY id)) FROM votes v";
        let row = connector.connect().unwrap().query_one(rows, &[]).unwrap();
        sums.insert(case.id, row.get(0));
    }
    (sums, lacking)
}

/// Values that only the server knows arrive as the texts that they came as, however they are sent.
#[test]
fn values_of_foreign_types_arrive_by_every_method() {
    let kinds = [
        ("id", "code"),
        ("mood", "mood"),
        ("span", "int4range"),
        ("pair", "pair"),
        ("spot", "point"),
        ("n", "integer"),
        ("last", "mood"),
    ];
    let dir = common::world_readable_tempdir();
    let rows = foreign(dir.path(), &kinds);
    let mut server = common::local(&rows.0);
    let by_all = Experiment::find("all").unwrap();
    let (mut sums, lacking) = held(&mut *server, &rows, &by_all, |_| true);
    let expected = sums["copy-csv"].clone();
    assert!(expected.starts_with("200"), "{expected}");
    sums.retain(|_, sum| *sum != expected);
    assert_eq!(sums, BTreeMap::new(), "all have the rows of COPY");
    for method in ["copy-binary", "copy-binary-encoded", "copy-binary-writer", "copy-binary-writer-blocking"]
    {
        let reason = &lacking[method];
        assert!(reason.contains("whose binary form only the server knows"), "{method}: {reason}");
    }
    for method in ["adbc-ingest", "asyncpg-copy-records", "asyncpg-executemany", "psycopg3-copy-binary"] {
        let reason = &lacking[method];
        assert!(reason.contains("no values of the type int4range, which the column span is of"), "{reason}");
    }
    for method in [
        "fastest-durable",
        "insert-row-unprepared",
        "insert-row-pipelined",
        "update-batch-values",
        "update-row",
        "insert-json",
    ] {
        assert!(!lacking.contains_key(method), "{method}: {}", lacking[method]);
    }
    assert!(lacking["insert-unnest"].contains("composite type pair"), "{}", lacking["insert-unnest"]);

    let without: Vec<_> = kinds.into_iter().filter(|(name, _)| *name != "pair").collect();
    let rows = foreign(dir.path(), &without);
    let experiment = common::experiment("[[case]]\nmethod = 'insert-unnest'\nparams.batch = 7").unwrap();
    let (sums, _) = held(&mut *server, &rows, &experiment, |_| true);
    assert_eq!(sums["insert-unnest batch=7"], sums["copy-csv"]);

    // Values of domains have the forms of the types that those are over.
    let rows = foreign(dir.path(), &[("id", "code"), ("n", "integer"), ("rest", "few")]);
    let (mut sums, lacking) = held(&mut *server, &rows, &by_all, |id| !common::is_like_another(id));
    for method in ["copy-binary", "copy-binary-writer", "insert-unnest", "insert-json", "fastest-durable"] {
        assert!(sums.contains_key(method), "{method}: {:?}", lacking.get(method));
    }
    let expected = sums["copy-csv"].clone();
    sums.retain(|_, sum| *sum != expected);
    assert_eq!(sums, BTreeMap::new(), "all have the rows of COPY");
    server.stop().unwrap();
}

#[test]
fn a_table_of_as_many_columns_as_there_can_be_is_loaded() {
    let dir = common::world_readable_tempdir();
    let names: Vec<String> = (1..=1600).map(|i| format!("c {i}")).collect();
    let columns: Vec<Column> = names.iter().map(|name| Column::new(name, SqlType::int4())).collect();
    let row = |i: u32| (0..1600).map(|column| (i * 1600 + column).to_string()).collect::<Vec<_>>().join(",");
    let path = dir.path().join("wide.csv");
    std::fs::write(&path, (1..=70).map(|i| row(i) + "\n").collect::<String>()).unwrap();
    let asked = Asked { header: Some(false), columns: Some(names.clone()), ..Asked::default() };
    let (dataset, _) =
        Dataset::imported_table(dir.path(), &rows_file(&path, &columns, &asked), &Interrupt::new()).unwrap();
    let mut server = common::local(&dataset);
    let columns: Vec<String> = names.iter().map(|name| format!("\"{name}\" int NOT NULL")).collect();
    let text = format!("CREATE TABLE votes ({}, PRIMARY KEY (\"c 7\"))", columns.join(", "));
    // The memory that pgloader gives itself does not hold the columns of so many rows.
    let wanted = |id: &str| !common::is_like_another(id) && !id.starts_with("pgloader");
    let (samples, lacking) = all(&mut *server, &dataset, told(&text, dir.path(), &[]), wanted);
    for sample in &samples {
        assert_eq!(sample.outcome, Outcome::Ok, "{}: {:?}", sample.case, sample.error);
    }
    for method in ["copy-csv", "copy-binary", "fastest-durable", "insert-row", "insert-json", "insert-unnest"]
    {
        assert!(samples.iter().any(|sample| sample.case == method), "{method}: {:?}", lacking.get(method));
    }
    assert!(lacking["insert-multirow"].contains("the largest batch for this table is 40"), "{lacking:?}");
    assert!(lacking["update-row"].contains("no room for one that numbers the rows"), "{lacking:?}");
    server.stop().unwrap();
}
