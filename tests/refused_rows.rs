//! Rows that a table of a DDL does not take: told before any sample, by file, line, column, value and type.

mod common;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use bulkbench::dataset::{Asked, Dataset, RowsFile};
use bulkbench::fault::Fault;
use bulkbench::interrupt::Interrupt;
use bulkbench::runner::foundation::{Parent, Parents, Told, lay};
use bulkbench::runner::refusal::Offered;
use bulkbench::runner::try_rows::try_rows;
use bulkbench::server::Server;
use bulkbench::table::foundation::{Ddl, Foundation};
use bulkbench::table::rows;

const DDL: &str = "\
CREATE TYPE mood AS ENUM ('glad', 'so so', 'it''s');
CREATE DOMAIN code AS varchar(5) CHECK (VALUE <> '');
CREATE DOMAIN how AS mood NOT NULL;
CREATE TABLE p (id int PRIMARY KEY, name varchar(4) NOT NULL);
CREATE FUNCTION no_13() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN IF NEW.n = 13 THEN RAISE 'thirteen brings no luck'; END IF; RETURN NEW; END $$;
CREATE TABLE \"my t, line 9\" (
    id bigint PRIMARY KEY, p int NOT NULL, small smallint, price numeric(4,2) CHECK (price > 0), word varchar(3),
    \"the feeling\" mood, code code, span int4range, n int UNIQUE, at date, key text, how how DEFAULT 'glad');
CREATE INDEX ON \"my t, line 9\" (key);
CREATE TRIGGER no_13 BEFORE INSERT ON \"my t, line 9\" FOR EACH ROW EXECUTE FUNCTION no_13();
";

const HEADER: &str = "id,p,small,price,word,the feeling,code,span,n,at,key\n";

/// A row that is taken, on two lines.
const GOOD: &str = "1,1,2,3.45,abc,so so,c,\"[1,5)\",1,2024-02-29,\"two\nlines\"\n";

/// Fields by their place, and what is in them.
type Fields = &'static [(usize, &'static str)];

/// Fields of the row on line 4 that are not as those of a good one, and what is said of it.
const REFUSED: &[(Fields, &[&str])] = &[
    (&[(2, "40000")], &["line 4, field 3 (small), of type smallint: \"40000\""]),
    (&[(3, "123.45")], &["line 4, field 4 (price), of type numeric(4,2): \"123.45\""]),
    (&[(4, "long")], &["line 4, field 5 (word), of type character varying(3): \"long\""]),
    (&[(1, "")], &["line 4, field 2 (p), of type integer", "NULL"]),
    (&[(5, "sad")], &["line 4, field 6 (the feeling), of type mood: \"sad\"", "\"so so\", \"it's\""]),
    (&[(5, "gald")], &["field 6 (the feeling)", "did you mean `glad`?"]),
    (&[(6, "longer")], &["line 4, field 7 (code), of type code: \"longer\""]),
    (&[(9, "2023-02-29")], &["line 4, field 10 (at), of type date: \"2023-02-29\""]),
    // From here on only the server knows.
    (&[(6, "\"\"")], &["line 4, field 7 (code), of type code: \"\" is refused", "23514", "code_check"]),
    (
        &[(7, "x")],
        &["line 4, field 8 (span), of type int4range: \"x\" is refused by the table my t", "22P02"],
    ),
    (&[(3, "-1")], &["line 4: \"7,1,2,-1,abc,", "23514", "_price_check"]),
    (&[(0, "1")], &["line 4: \"1,1,2,", "23505", "Key (id)=(1) already exists"]),
    (&[(8, "1")], &["line 4: \"7,1,2,", "23505", "Key (n)=(1) already exists"]),
    (&[(8, "13")], &["line 4: \"7,1,2,", "P0001", "thirteen brings no luck"]),
];

fn laid(server: &dyn Server, dir: &Path, text: &str, parents: &[Parent]) -> anyhow::Result<Arc<Foundation>> {
    let table = Some("my t, line 9".into());
    let ddl = Ddl { origin: "--ddl t.sql".into(), text: text.into(), table };
    lay(server, &Told { ddl, parents: Parents { tables: parents.to_vec(), cache: dir.join("cache") } })
}

/// What is said of a file with these rows; `None` where it is taken.
fn said(server: &dyn Server, dir: &Path, laid: &Arc<Foundation>, csv: &str) -> Option<String> {
    let path = dir.join("mine.csv");
    std::fs::write(&path, csv).unwrap();
    let (columns, asked) = (rows::columns(&laid.definition), Asked::default());
    let table = &laid.definition.name;
    let file = RowsFile { path: &path, asked: &asked, table, columns: &columns };
    let tried =
        Dataset::imported_table(&dir.join("cache"), &file, &Interrupt::new()).and_then(|(dataset, _)| {
            try_rows(server, laid, &Offered { table, dataset: &dataset, file: Some(&file) })
        });
    let error = tried.err()?;
    assert!(matches!(Fault::find(&error), Some(Fault::Data(_) | Fault::Usage(_))), "{error:#}");
    Some(format!("{error:#}"))
}

/// The tables of the run's schema.
fn tables(server: &dyn Server) -> i64 {
    let sql =
        "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'";
    server.connector().connect().unwrap().query_one(sql, &[]).unwrap().get(0)
}

#[test]
fn a_row_that_the_table_refuses_is_told_by_its_place() {
    let dir = common::world_readable_tempdir();
    let votes = Dataset::generated(dir.path(), 10, 1, &Interrupt::new()).unwrap();
    let server = common::local(&votes);
    let laid = laid(&*server, dir.path(), DDL, &[]).unwrap_or_else(|error| panic!("{error:#}"));
    let said = |csv: &str| said(&*server, dir.path(), &laid, csv);
    assert_eq!(said(&format!("{HEADER}{GOOD}")), None);
    for (changes, words) in REFUSED {
        let mut fields = ["7", "1", "2", "3.45", "abc", "glad", "c", "", "7", "2024-02-29", "x"];
        changes.iter().for_each(|(at, value)| fields[*at] = value);
        let text =
            said(&format!("{HEADER}{GOOD}{}\n", fields.join(","))).unwrap_or_else(|| panic!("{changes:?}"));
        for word in [&["mine.csv"], *words].concat() {
            assert!(text.contains(word), "{word:?} is not in: {text}");
        }
        assert!(text.matches("ERROR").count() == 0 && text.len() < 600, "{text}");
        assert_eq!(tables(&*server), 1, "{text}");
    }
    // A key that is longer than a page can hold, and a column without which there is no row.
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'!' + (state >> 24) as u8 % 90)
    };
    // None that compress well.
    let long: String = (0..9000).map(|_| next()).collect();
    let long = long.replace([',', '"', '\\'], "_");
    let text = said(&format!("{HEADER}2,1,2,3.45,abc,glad,c,,2,2024-02-29,{long}\n")).unwrap();
    assert!(text.contains("mine.csv") && text.contains("54000") && text.contains("index row "), "{text}");
    // A trigger could fill a column that rows do not bring; this one does not.
    let text = said("id,small\n1,2\n").unwrap();
    assert!(text.contains("line 2") && text.contains("23502") && text.contains("column \"p\""), "{text}");
    server.stop().unwrap();
}

#[test]
fn rows_of_a_parent_come_as_any_others() {
    let dir = common::world_readable_tempdir();
    let votes = Dataset::generated(dir.path(), 10, 1, &Interrupt::new()).unwrap();
    let server = common::local(&votes);
    let ddl = DDL.replace("p int NOT NULL,", "p int NOT NULL REFERENCES p,");
    let path = dir.path().join("parents");
    let lay = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        laid(&*server, dir.path(), &ddl, &[Parent { table: "p".into(), file: path.clone() }])
    };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all("\u{feff}NAME;id\n\"a;b\";1\nbob;2\n".as_bytes()).unwrap();
    let foundation = lay(&gzip.finish().unwrap()).unwrap_or_else(|error| panic!("{error:#}"));
    let held = "SELECT string_agg(id || name, ',' ORDER BY id) FROM p";
    let held: String = server.connector().connect().unwrap().query_one(held, &[]).unwrap().get(0);
    assert_eq!(held, "1a;b,2bob");
    assert_eq!(said(&*server, dir.path(), &foundation, &format!("{HEADER}{GOOD}")), None);
    let lonely = GOOD.replacen("1,1,", "1,3,", 1);
    let text = said(&*server, dir.path(), &foundation, &format!("{HEADER}{lonely}")).unwrap();
    for word in ["mine.csv", "23503", "Key (p)=(3) is not present in table \"p\""] {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
    for (csv, words) in [
        (
            "id,name\n1,ada\n2,longer\n",
            &["line 3, field 2 (name), of type character varying(4): \"longer\""][..],
        ),
        ("1\tada\nx\tbob\n", &["line 2, field 1 (id), of type integer: \"x\""]),
        (
            "id,name\n1,ada\n1,bob\n",
            &["line 3: \"1,bob\" is refused by the table p", "23505", "Key (id)=(1)"],
        ),
        ("id,nmae\n1,ada\n", &["\"nmae\"", "did you mean `name`?"]),
        ("id\n1\n", &["bring no column name of the table p"]),
    ] {
        let error = lay(csv.as_bytes()).unwrap_err();
        assert!(matches!(Fault::find(&error), Some(Fault::Data(_) | Fault::Usage(_))), "{error:#}");
        let text = format!("{error:#}");
        for word in [&["--parent p="], words].concat() {
            assert!(text.contains(word), "{word:?} is not in: {text}");
        }
    }
    server.stop().unwrap();
}
