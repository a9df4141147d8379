//! The loaders in Python: that each of them loads what is easily damaged, and says why it did not.

mod common;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::external::{Ended, Target};
use bulkbench::method::{Loader, Method, Params, catalogue, resolve_params};
use bulkbench::record::store;
use bulkbench::server::{self, Choice, Connector, Options, Session};
use bulkbench::table::Table;
use bulkbench::table::ddl::quote;

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
fn here() -> Vec<&'static Loader> {
    let in_python = |loader: &&Loader| loader.command().starts_with("{python}");
    let (here, missing): (Vec<_>, Vec<_>) = catalogue::all()
        .into_iter()
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

fn execute(loader: &Loader, connector: &Connector, file: &Path) -> Ended {
    let params = resolve_params(loader, &Params::new(), 2, &Table::votes(&[])).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let target = Target {
        connector,
        schema: SCHEMA,
        table: TABLE,
        columns: &columns(),
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
    let loaders = here();
    let dir = common::world_readable_tempdir();
    let file = dir.path().join("rows.csv");
    std::fs::write(&file, ROWS).unwrap();
    let options = Options { id: server::new_id(), ..Options::default() };
    let server = server::open(&Choice::Local, &options, &Interrupt::new()).unwrap();
    let mut session = server.connector().connect().unwrap();
    make_tables(&mut session);

    let setting = ("odd.mark".to_owned(), "set".to_owned());
    let connector = server.connector().with_settings([(&setting.0, &setting.1)]);
    let left = format!("SELECT {0} FROM {1} EXCEPT ALL SELECT {0} FROM expected", columns(), table());
    for loader in &loaders {
        let id = loader.info().id;
        execute(loader, &connector, &file).check().unwrap_or_else(|e| panic!("{id}: {e:#}"));
        let (table, rows) = (table(), format!("SELECT count(*) FROM {}", table()));
        assert_eq!(session.query_one(&rows, &[]).unwrap().get::<_, i64>(0), 6, "{id}");
        assert!(session.query(&left, &[]).unwrap().is_empty(), "{id} changed a value");
        session.batch_execute(&format!("TRUNCATE {table}")).unwrap();

        // Without the setting that the rows ask for.
        let error = execute(loader, server.connector(), &file).check().unwrap_err().to_string();
        assert!(error.contains("odd.mark"), "{id}: {error}");
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
    let (run, _) = store::load(&results).unwrap();
    let case = run.plan.cases.iter().find(|case| case.id == "psycopg3-copy").unwrap();
    let reason = case.unavailable.as_ref().unwrap();
    assert!(reason.contains("`python3`") && reason.contains("run scripts/setup-peers"), "{reason}");
}
