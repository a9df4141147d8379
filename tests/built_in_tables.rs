//! The tables that the program brings along: their rows are the server's, in every encoding.

mod common;

use std::io::{Read, Write};

use bulkbench::dataset::checksum::sql_expression;
use bulkbench::dataset::{BuiltIn, Dataset};
use bulkbench::interrupt::Interrupt;
use bulkbench::model::Encoding;
use bulkbench::server::Session;
use bulkbench::sql::quote;
use bulkbench::table::verify::FIXED;

/// More than are made at once, so that what is made at several times meets.
const ROWS: u64 = 10_000;

/// Copies a file of the dataset into its table, and returns the content sum that the server computes.
fn load(session: &mut Session, table: &str, dataset: &Dataset, encoding: Encoding) -> String {
    let names: Vec<String> = dataset.columns().iter().map(|column| quote(&column.name)).collect();
    let (names, sum) = (names.join(", "), sql_expression(dataset.columns()));
    session.batch_execute(&format!("TRUNCATE {table}")).unwrap();
    let copy = format!("COPY {table} ({names}) FROM STDIN (FORMAT {})", encoding.name());
    let mut writer = session.copy_in(&copy).unwrap();
    writer.write_all(&std::fs::read(dataset.file(encoding)).unwrap()).unwrap();
    assert_eq!(writer.finish().unwrap(), dataset.rows(), "{table} as {}", encoding.name());
    session.query_one(&format!("SELECT sum({sum})::text FROM {table}"), &[]).unwrap().get(0)
}

/// The rows as the server writes them, sorted: it puts small ones where there was room.
fn written(session: &mut Session, table: &str, dataset: &Dataset) -> Vec<String> {
    let names: Vec<String> = dataset.columns().iter().map(|column| quote(&column.name)).collect();
    let copy = format!("COPY {table} ({}) TO STDOUT (FORMAT csv)", names.join(", "));
    let mut text = String::new();
    session.copy_out(&copy).unwrap().read_to_string(&mut text).unwrap();
    sorted(&text)
}

fn sorted(rows: &str) -> Vec<String> {
    let mut rows: Vec<String> = rows.lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

#[test]
fn rows_arrive_whole_in_every_encoding() {
    let dir = common::world_readable_tempdir();
    let interrupt = Interrupt::new();
    let votes = Dataset::generated(dir.path(), 10, 1, &interrupt).unwrap();
    let server = common::local(&votes);
    let mut session = server.connector().connect().unwrap();
    for (name, value) in FIXED {
        session.batch_execute(&format!("SET {name} = '{value}'")).unwrap();
    }
    for table in BuiltIn::all() {
        let mut dataset = Dataset::invented(dir.path(), table, ROWS, 1, &interrupt).unwrap();
        session.batch_execute(&table.ddl()).unwrap();
        for encoding in Encoding::ALL {
            dataset.ensure(encoding, &interrupt).unwrap();
            let found = load(&mut session, table.name(), &dataset, encoding);
            let expected = dataset.content(ROWS).unwrap().to_string();
            assert_eq!(found, expected, "{} as {}", table.name(), encoding.name());
        }
        let csv = std::fs::read_to_string(dataset.file(Encoding::Csv)).unwrap();
        assert!(written(&mut session, table.name(), &dataset) == sorted(&csv), "{}", table.name());
    }
    drop(session);
    server.stop().unwrap();
}
