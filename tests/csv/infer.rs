//! `bulkbench schema infer`: what it prints, and that a server takes it and then the file.

use std::io::Write;
use std::path::Path;

use assert_cmd::Command;
use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use postgres::Client;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::common;

fn infer(dir: &Path, flags: &[&str]) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
    let output = command.current_dir(dir).args(["schema", "infer"]).args(flags).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn inferred(text: &[u8], flags: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mine.csv"), text).unwrap();
    let (sql, error) = infer(dir.path(), &[&["mine.csv"], flags].concat());
    assert_eq!(error, "");
    sql
}

#[test]
fn each_column_has_the_narrowest_type_and_the_reason() {
    let text = "id;user name;homePhone;price;born;note;select\n\
                1;ada;5551234;1,5;2024-02-29;{\"a\": 1};007\n\
                40000;bob;5551235;1,25;;[];1\n\
                -3;eve;5551235;n/a;2024-01-01;;2\n";
    let sql = inferred(text.replace(',', ".").as_bytes(), &["--table", "a \"b\""]);
    insta::assert_snapshot!(sql);
}

#[test]
fn flags_say_what_cannot_be_found() {
    let sql = inferred(b"1|x|-\n2|y|z\n", &["--csv-columns", "id,,what", "--null", "-", "--delimiter", "|"]);
    for word in ["CREATE TABLE \"mine\" (", "\"id\" smallint PRIMARY KEY,", "\"what\" text\n", "1 NULL"] {
        assert!(sql.contains(word), "{word:?} is not in {sql}");
    }
    assert!(!sql.contains("copy"), "no COPY passes a column over: {sql}");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bad.csv"), "a,b\n1,2\n3,\"4\n").unwrap();
    let (_, error) = infer(dir.path(), &["bad.csv"]);
    assert!(error.contains("bad.csv, line 3, field 2 (b)") && error.contains("not closed"), "{error}");
    assert!(infer(dir.path(), &["gone.csv"]).1.contains("gone.csv"));
}

/// Makes the table, loads the file by the statement in the last line, and says how many rows arrived.
fn load(client: &mut Client, sql: &str, bytes: &[u8]) -> Result<i64, postgres::Error> {
    client.batch_execute("DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; SET search_path = s")?;
    client.batch_execute(sql)?;
    let copy = sql.lines().last().unwrap().strip_prefix("-- \\copy ").unwrap();
    let (target, rest) = copy.split_once(" FROM ").unwrap();
    let options = rest.split_once(" WITH ").unwrap().1;
    let mut sink = client.copy_in(&format!("COPY {target} FROM STDIN WITH {options}"))?;
    sink.write_all(bytes).unwrap();
    sink.finish()?;
    let table = client.query_one("SELECT tablename FROM pg_tables WHERE schemaname = 's'", &[])?;
    let table: &str = table.get(0);
    let count = format!("SELECT count(*) FROM \"{}\"", table.replace('"', "\"\""));
    Ok(client.query_one(&count, &[])?.get(0))
}

/// A column's values: of one kind, or with one of another among them.
fn column() -> impl Strategy<Value = Vec<Option<String>>> {
    const KINDS: [&str; 16] = [
        "-?[1-9][0-9]{0,3}",
        "-?[1-9][0-9]{0,17}",
        "0[0-9]{3}",
        "-?(0|[1-9][0-9]{0,8})\\.[0-9]{1,6}",
        "-?[1-9]\\.[0-9]{1,5}e[+-]?[0-9]{1,2}",
        "NaN|Infinity|-Infinity|1\\.5",
        "t|f|true|FALSE",
        "20[0-9]{2}-(0[1-9]|1[0-2])-[0-2][1-8]",
        "[01][0-9]:[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,6})?)?",
        "19[0-9]{2}-12-31[T ][01][0-9]:[0-5][0-9]",
        "19[0-9]{2}-12-31[T ][01][0-9]:[0-5][0-9]:59\\.[0-9]{1,6}(Z|[+-]0[0-9](:30)?)",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9A-F]{12}",
        "\\{\"[a-z]\": (1|null|\\[\\])\\}",
        "10\\.[0-9]{1,2}\\.0\\.[0-9](/32)?|fe80::[1-9a-f]{1,4}",
        "[a-z ,;\"'|\\\\ż\n]{0,6}",
        "NULL|\\\\N|n/a",
    ];
    let of = |kind: &'static str| prop::option::weighted(0.9, kind);
    (prop::sample::select(&KINDS[..]), prop::sample::select(&KINDS[..]), 0..12_usize).prop_flat_map(
        move |(kind, other, odd)| {
            let values = prop::collection::vec(of(kind), 12);
            (values, of(other)).prop_map(move |(mut values, value)| {
                if odd < 4 {
                    values[odd] = value;
                }
                values
            })
        },
    )
}

#[test]
fn a_server_takes_the_table_and_then_the_file() {
    let dir = common::world_readable_tempdir();
    let any = Dataset::generated(&dir.path().join("any"), 10, 1, &Interrupt::new()).unwrap();
    let server = common::local(&any);
    let mut client = server.connector().connect().unwrap();
    let cases: Vec<(Vec<u8>, &[&str])> = vec![
        (
            b"select,a b,\"x\"\"y\",\xc5\xbc\xc3\xb3\xc5\x82w,,xmin,select\n1,2,3,4,5,6,7\n2,2,3,4,5,6,7\n"
                .to_vec(),
            &[],
        ),
        (b"'a;b'|1\n'it''s'|2\n".to_vec(), &["--table", "from \"here\""]),
        (b"a\tb\r\n\\N\t1.50\r\nx\t-2\r\n".to_vec(), &[]),
        (format!("{}\n{}\n", "a,".repeat(1599) + "b", "1,".repeat(1599) + "2").into_bytes(), &[]),
        (format!("{}1\n{}2\n", "é".repeat(40) + ",", "x,").into_bytes(), &["--csv-header", "no"]),
        (b"5\" disk,1\n3\" disk,2\n".to_vec(), &[]),
    ];
    for (text, flags) in cases {
        let sql = inferred(&text, flags);
        let loaded = load(&mut client, &sql, &text);
        let shown = &sql[..sql.len().min(2000)];
        assert!(loaded.as_ref().is_ok_and(|rows| (1..=2).contains(rows)), "{loaded:?} of {shown}");
    }
    let client = std::cell::RefCell::new(&mut client);
    let rows = prop::collection::vec(column(), 1..6);
    let mut runner = TestRunner::new(Config { failure_persistence: None, cases: 120, ..Config::default() });
    runner
        .run(&rows, |columns| {
            let mut writer =
                csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Never).from_writer(Vec::new());
            let names = (0..columns.len()).map(|i| format!("Column {i}"));
            writer.write_record(names).unwrap();
            let quoted = |field: &Option<String>| match field.as_deref() {
                None => String::new(),
                Some(text) if text.is_empty() || text.contains(['"', ',', '\n', '\'']) => {
                    format!("\"{}\"", text.replace('"', "\"\""))
                }
                Some(text) => text.to_owned(),
            };
            for i in 0..12 {
                writer.write_record(columns.iter().map(|column| quoted(&column[i]))).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let flags = ["--csv-header", "yes", "--delimiter", ",", "--quote", "\"", "--escape", "\""];
            let sql = inferred(&text, &flags);
            let loaded = load(&mut client.borrow_mut(), &sql, &text);
            prop_assert!(
                matches!(loaded, Ok(12)),
                "{:?} of {}\n{}",
                loaded,
                sql,
                String::from_utf8_lossy(&text)
            );
            Ok(())
        })
        .unwrap();
    server.stop().unwrap();
}
