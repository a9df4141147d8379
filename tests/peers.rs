//! The loaders in Python: that each of them loads what is easily damaged, and says why it did not.

mod common;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::external::{LoadTarget, LoaderEnd, Meaning};
use bulkbench::method::{Catalogue, Loader, Method, resolve_params};
use bulkbench::model::Params;
use bulkbench::record;
use bulkbench::server::{self, Choice, Connector, Options, Session};
use bulkbench::sql::quote;
use bulkbench::table::Table;

/// Names that hold what separates names, quotes them, or stands for a value in a driver's statements.
const SCHEMA: &str = "odd\".schema";
const TABLE: &str = "odd, \"table\".%s";
const COLUMNS: [&str; 4] = ["a %s", "b\",\"b", "c.c $1", "D"];

/// Texts with all that csv, SQL and COPY's formats treat specially, and the ends of the integers.
const ROWS: &str = "O'Brien,''',-9223372036854775808,-2147483648\n\
                    \\,\\',9223372036854775807,2147483647\n\
                    \"a \"\"b\"\",\",\"x\ny\t\u{1}\u{7f}\",0,0\n\
                    \"\",\"{\"\"a\"\":[null]}\",1,1\n\
                    \u{e9}\u{4e2d}\u{1f418}\u{2028},$1 \\u0000 E'\\n' NULL %s %(a)s,-1,-1\n\
                    \"\\.\",\"x\r\ny\",2,2\n";

/// The loaders in Python that can run here; says so of those that cannot.
fn here(catalogue: &Catalogue) -> Vec<&Loader> {
    let in_python = |loader: &&Loader| loader.command().starts_with("{python}");
    let (here, missing): (Vec<_>, Vec<_>) = catalogue
        .iter()
        .filter_map(|method| method.loader())
        .filter(in_python)
        .partition(|loader| loader.presence().is_ok());
    for loader in missing {
        common::skipped(&format!("{}: {}", loader.info().id, loader.presence().unwrap_err()));
    }
    here
}

fn table() -> String {
    format!("{}.{}", quote(SCHEMA), quote(TABLE))
}

fn columns() -> String {
    COLUMNS.map(quote).join(", ")
}

/// The table of the loads, whose rows ask the connection for a setting, and one of what it has to hold.
fn make_tables(session: &mut Session) {
    let [a, b, c, d] = COLUMNS.map(quote);
    let (schema, table, columns) = (quote(SCHEMA), table(), columns());
    let made = format!(
        "CREATE SCHEMA {schema}; CREATE TABLE {table} (id serial PRIMARY KEY, {a} text NOT NULL, {b} text NOT NULL, \
         {c} bigint NOT NULL, {d} integer NOT NULL, mark text NOT NULL DEFAULT current_setting('odd.mark')); \
         CREATE TABLE expected AS SELECT {columns} FROM {table}"
    );
    session.batch_execute(&made).unwrap();
    let mut copy = session.copy_in("COPY expected FROM STDIN WITH (FORMAT csv)").unwrap();
    copy.write_all(ROWS.as_bytes()).unwrap();
    assert_eq!(copy.finish().unwrap(), 6);
}

/// Where a test's rows go: a table's schema, its name, and its columns as SQL has them.
struct TableNames<'a> {
    schema: &'a str,
    table: &'a str,
    columns: &'a str,
}

fn execute(loader: &Loader, connector: &Connector, place: &TableNames<'_>, file: &Path) -> LoaderEnd {
    let params = resolve_params(loader, &Params::new(), (2, 1000), &Table::votes(&[])).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let &TableNames { schema, table, columns } = place;
    let target = LoadTarget {
        connector,
        schema,
        table,
        columns,
        key: "id",
        file,
        rows: 6,
        params: &params,
        scratch: scratch.path(),
    };
    loader.execute(&target).unwrap()
}

#[test]
fn each_loads_special_rows_into_odd_names_and_says_why_it_did_not() {
    let catalogue = Catalogue::built_in();
    let loaders = here(&catalogue);
    let dir = common::world_readable_tempdir();
    let file = dir.path().join("rows.csv");
    std::fs::write(&file, ROWS).unwrap();
    let options = Options { id: server::new_id(), ..Options::default() };
    let server = server::open(&Choice::Local, &options, &Interrupt::new()).unwrap();
    let mut session = server.connector().connect().unwrap();
    make_tables(&mut session);

    let setting = ("odd.mark".to_owned(), "set".to_owned());
    let connector = server.connector().with_settings([(&setting.0, &setting.1)]);
    let all_columns = columns();
    let place = TableNames { schema: SCHEMA, table: TABLE, columns: &all_columns };
    let left = format!("SELECT {0} FROM {1} EXCEPT ALL SELECT {0} FROM expected", columns(), table());
    for loader in &loaders {
        let id = loader.info().id.as_str();
        execute(loader, &connector, &place, &file).check().unwrap_or_else(|e| panic!("{id}: {e:#}"));
        let (table, rows) = (table(), format!("SELECT count(*) FROM {}", table()));
        assert_eq!(session.query_one(&rows, &[]).unwrap().get::<_, i64>(0), 6, "{id}");
        assert!(session.query(&left, &[]).unwrap().is_empty(), "{id} changed a value");
        session.batch_execute(&format!("TRUNCATE {table}")).unwrap();

        // Without the setting that the rows ask for.
        let error = execute(loader, server.connector(), &place, &file).check().unwrap_err().to_string();
        assert!(error.contains("odd.mark"), "{id}: {error}");
    }
    drop(session);
    server.stop().unwrap();
}

/// Columns of every type that is a value of its own in Python, and rows of them; an enum and a domain as well.
const TYPED: &str = "a smallint, b integer, c bigint, d real, e double precision, f amount, g boolean, h bytea, \
                     i uuid, j json, k jsonb, l date, m time, n timestamp, o timestamptz, p text[], q integer[], \
                     r numeric[], s uuid[], t json[], u date[], v bytea[], w varchar(9), x char(3), y mood, z text";
const VALUES: &str = r#"1,2,3,1.5,2.5,1.25,t,\xdeadbeef,8f14e45f-ceea-467f-a0e6-9b8e1c3a1b22,"{""a"":  1}","{""b"": [1, null]}",2024-01-31,01:02:03.5,2024-01-31 01:02:03,2024-01-31 01:02:03+00,"{a,""b \""q\"" \\"",NULL,""NULL"", c d ,""""}","{1,2}","{1.25,2}",{8f14e45f-ceea-467f-a0e6-9b8e1c3a1b22},"{""{\""a\"": 1}""}",{2024-01-31},"{""\\xde""}",ok,abc,red,x
,,,,,,,,,,,,,,,,,,,,,,w,x,blue,""
4,,,,,,,,,,,,,,,,,,,,,,"",,,
-3,-4,-5,-1,1e10,-0.001,false,\x,00000000-0000-0000-0000-000000000000,null,"""s""",1999-12-31,00:00:00,2024-01-31 00:00:00.000001,2024-06-30 01:02:03+02,{},{NULL},{},{},{},{},{},d,q,red,"{}"
"#;

#[test]
fn each_makes_the_values_that_a_column_s_type_takes() {
    let catalogue = Catalogue::built_in();
    let loaders = here(&catalogue);
    let dir = common::world_readable_tempdir();
    let file = dir.path().join("rows.csv");
    std::fs::write(&file, VALUES).unwrap();
    let options = Options { id: server::new_id(), ..Options::default() };
    let server = server::open(&Choice::Local, &options, &Interrupt::new()).unwrap();
    let mut session = server.connector().connect().unwrap();
    let made = format!(
        "CREATE DOMAIN digits AS numeric; CREATE DOMAIN amount AS digits CHECK (VALUE < 2); \
         CREATE TYPE mood AS ENUM ('red', 'blue'); \
         CREATE TABLE typed ({TYPED}); CREATE TABLE expected (LIKE typed)"
    );
    session.batch_execute(&made).unwrap();
    let mut copy = session.copy_in("COPY expected FROM STDIN WITH (FORMAT csv)").unwrap();
    copy.write_all(VALUES.as_bytes()).unwrap();
    assert_eq!(copy.finish().unwrap(), 4);
    let mut rows = |table: &str| -> Vec<String> {
        let rows =
            session.query(&format!("SELECT whole::text FROM {table} AS whole ORDER BY 1"), &[]).unwrap();
        session.batch_execute("TRUNCATE typed").unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    let expected = rows("expected");
    let columns: Vec<String> = ('a'..='z').map(|name| quote(&name.to_string())).collect();
    let place = TableNames { schema: "public", table: "typed", columns: &columns.join(", ") };
    for loader in &loaders {
        let id = loader.info().id.as_str();
        execute(loader, server.connector(), &place, &file).check().unwrap_or_else(|e| panic!("{id}: {e:#}"));
        assert_eq!(rows("typed"), expected, "{id}");
    }
    server.stop().unwrap();
}

#[test]
fn what_python_makes_no_value_of_is_not_fed_and_what_the_server_refuses_is_an_error() {
    let catalogue = Catalogue::built_in();
    // These send the file, or lines of its fields, as they are, and the server reads them.
    let sends_fields = |loader: &&Loader| {
        let id = loader.info().id.as_str();
        id.ends_with("-copy") || ["psycopg2-copy-buffer", "psycopg2-copy-iterator"].contains(&id)
    };
    let loaders: Vec<_> = here(&catalogue).into_iter().filter(|loader| !sends_fields(loader)).collect();
    let dir = common::world_readable_tempdir();
    let options = Options { id: server::new_id(), ..Options::default() };
    let server = server::open(&Choice::Local, &options, &Interrupt::new()).unwrap();
    let mut session = server.connector().connect().unwrap();
    let file = dir.path().join("rows.csv");
    let place = TableNames { schema: "public", table: "typed", columns: "\"a\", \"b\"" };
    for (kind, field, end, words) in [
        ("integer", "\"1,203\"", Meaning::NotFed, "1,203"),
        ("bytea", "c0ffee", Meaning::NotFed, "'c0ffee': it is not \\x and hexadecimal digits"),
        ("numeric", "x", Meaning::NotFed, "'x': it is no decimal number"),
        ("date", "31/01/2024", Meaning::NotFed, "'31/01/2024'"),
        ("text[]", "{a", Meaning::NotFed, "no text[] is made of '{a'"),
        ("json", "{a", Meaning::Failure, "invalid input syntax for type json"),
        ("text CHECK (b <> 'no')", "no", Meaning::Failure, "violates check constraint"),
    ] {
        let made = format!("DROP TABLE IF EXISTS typed; CREATE TABLE typed (a integer, b {kind})");
        session.batch_execute(&made).unwrap();
        std::fs::write(&file, format!("1,\n2,{field}\n")).unwrap();
        for loader in &loaders {
            let id = loader.info().id.as_str();
            let ended = execute(loader, server.connector(), &place, &file);
            assert_eq!(ended.meaning, end, "{id}, {kind}: {}", ended.stderr_tail);
            assert!(ended.stderr_tail.contains(words), "{id}, {kind}: {}", ended.stderr_tail);
            let last = ended.stderr_tail.lines().last().unwrap();
            assert_eq!(last.trim().starts_with("not fed: "), end == Meaning::NotFed, "{id}, {kind}: {last}");
        }
    }
    drop(session);
    server.stop().unwrap();
}

#[test]
fn without_its_library_a_loader_is_a_row_that_says_how_to_get_it() {
    let dir = common::world_readable_tempdir();
    // A Python without any library comes first.
    std::os::unix::fs::symlink("/bin/false", dir.path().join("python3")).unwrap();
    let path = std::env::join_paths(
        std::iter::once(dir.path().to_owned())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let output = Command::new(env!("CARGO_BIN_EXE_bulkbench"))
        .args(["run", "all", "--methods", "psycopg3-copy", "--server", "local", "--rows", "100"])
        .args(["--rounds", "1", "--label", "without"])
        .env("BULKBENCH_CACHE", dir.path())
        .env("PATH", path.unwrap())
        .current_dir(dir.path())
        .timeout(Duration::from_secs(240))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let results = dir.path().join("results").read_dir().unwrap().next().unwrap().unwrap().path();
    let (run, _) = record::load(&results).unwrap();
    let case = run.plan.cases.iter().find(|case| case.id == "psycopg3-copy").unwrap();
    let reason = case.unavailable.as_ref().unwrap();
    assert!(reason.contains("`python3`") && reason.contains("run scripts/setup-peers"), "{reason}");
}
