//! What COPY reads by the same options, from a real server.

use std::io::Write;

use bulkbench::dataset::{Asked, Dataset, Dialect};
use bulkbench::interrupt::Interrupt;
use postgres::Client;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::{columns, common, import, rows};

/// The rows of a table of two texts that COPY makes of these bytes; `None` where it refuses them.
fn copied(client: &mut Client, options: &str, bytes: &[u8]) -> Option<Vec<Vec<Option<String>>>> {
    client.batch_execute("TRUNCATE two").unwrap();
    let mut sink = client.copy_in(&format!("COPY two (a, b) FROM STDIN WITH ({options})")).unwrap();
    sink.write_all(bytes).unwrap();
    sink.finish().ok()?;
    let found = client.query("SELECT a, b FROM two ORDER BY id", &[]).unwrap();
    Some(found.iter().map(|row| vec![row.get(0), row.get(1)]).collect())
}

fn dialects() -> impl Strategy<Value = Dialect> {
    (
        prop::sample::select(&b",;\t|"[..]),
        prop::sample::select(&b"\"'"[..]),
        prop::sample::select(&[None, Some(b'\\'), Some(b'^')][..]),
        prop::sample::select(&["", "\\N", "NULL", "N"][..]),
        any::<bool>(),
    )
        .prop_map(|(delimiter, quote, escape, null, header)| Dialect {
            delimiter,
            quote: Some(quote),
            escape: escape.unwrap_or(quote),
            null: null.into(),
            header,
        })
}

/// Bytes that are often rows of two fields.
fn texts() -> impl Strategy<Value = String> {
    let field = prop_oneof![
        3 => "[aN\\\\^]{0,4}",
        2 => "[a,;|\t'\"\\\\^N\n]{0,6}",
        1 => Just("NULL".to_owned()),
        1 => Just("\\N".to_owned()),
        2 => "\"[a,;|\t\\\\^N\n]{0,5}\"",
        1 => "\"[a\"\\\\^\n]{0,5}\"",
        1 => "'[a'\\\\^,;\n]{0,5}'",
    ];
    let row = (field.clone(), "[,;\t|]", field).prop_map(|(a, mark, b)| format!("{a}{mark}{b}\n"));
    prop::collection::vec(row, 1..6).prop_map(|rows| rows.concat())
}

#[test]
fn what_is_taken_is_what_copy_reads() {
    let dir = common::world_readable_tempdir();
    let any = Dataset::generated(&dir.path().join("any"), 10, 1, &Interrupt::new()).unwrap();
    let server = common::local(&any);
    let mut client = server.connector().connect().unwrap();
    client.batch_execute("CREATE TABLE two (id serial, a text, b text)").unwrap();
    let table = columns(&[("a", "text?"), ("b", "text?")]);
    let (mut taken, mut refused) = (0, 0);
    let mut runner = TestRunner::new(Config { failure_persistence: None, cases: 1500, ..Config::default() });
    let client = std::cell::RefCell::new(&mut client);
    let counts = std::cell::RefCell::new((&mut taken, &mut refused));
    runner
        .run(&(dialects(), texts()), |(dialect, text)| {
            let asked = Asked {
                header: Some(dialect.header),
                columns: Some(vec!["a".into(), "b".into()]),
                delimiter: Some(dialect.delimiter),
                quote: Some(dialect.quote),
                escape: Some(dialect.escape),
                null: Some(dialect.null.clone()),
            };
            // The marks of the text are those of the dialect as often as not.
            let text = text.replace([',', ';', '\t', '|'], &char::from(dialect.delimiter).to_string());
            let dir = tempfile::tempdir().unwrap();
            match import(dir.path(), text.as_bytes(), &table, &asked) {
                Ok((dataset, said)) => {
                    let read = copied(&mut client.borrow_mut(), &dialect.copy_options(), text.as_bytes());
                    prop_assert_eq!(read, Some(rows(&dataset)), "{} of {:?}", said, text);
                    *counts.borrow_mut().0 += 1;
                }
                Err(_) => *counts.borrow_mut().1 += 1,
            }
            Ok(())
        })
        .unwrap();
    assert!(taken > 200 && refused > 200, "{taken} taken, {refused} refused");
    server.stop().unwrap();
}
