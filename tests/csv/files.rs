//! Files of many kinds, without a server.

use std::io::Write;

use bulkbench::dataset::{Asked, Dataset};
use bulkbench::interrupt::Interrupt;
use bulkbench::model::Encoding;
use proptest::prelude::*;

use crate::{columns, import, refused, rows};

const TABLE: [(&str, &str); 5] = [
    ("id", "integer"),
    ("name", "text?"),
    ("price", "numeric(8,2)?"),
    ("seen", "timestamp with time zone?"),
    ("on sale", "boolean?"),
];

fn texts(fields: &[&[&str]]) -> Vec<Vec<Option<String>>> {
    let field = |field: &&str| (*field != "NULL").then(|| (*field).to_owned());
    fields.iter().map(|row| row.iter().map(field).collect()).collect()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

#[test]
fn values_arrive_by_their_canonical_texts_from_any_dialect() {
    let expected = texts(&[
        &["1", "a;b", "12.50", "2024-02-29 10:00:00+00", "t"],
        &["-2", "NULL", "NULL", "NULL", "NULL"],
        &["3", "", "0.10", "2024-01-01 00:00:00+00", "f"],
    ]);
    let standard = "id,name,price,seen,on sale\n1,a;b,12.5,2024-02-29T12:00:00+02,yes\n-2,,,,\n\
                    +3,\"\",.1,2024-01-01,FALSE\n";
    let other = "On Sale;ID;seen;price;name\r\non;1;2024-02-29 10:00Z;12.50;'a;b'\r\n\\N;-2;\\N;\\N;\\N\r\n\
                 0;3;2024-01-01 00:00:00+00;0.1;\r\n";
    let marked = format!("\u{feff}{standard}");
    let zstd = zstd::stream::encode_all(other.as_bytes(), 1).unwrap();
    let mut contents = Vec::new();
    for (bytes, word) in [
        (standard.as_bytes(), "--csv-header yes --delimiter ','"),
        (marked.as_bytes(), "--null ''"),
        (&gzip(standard.as_bytes()), "packed by gzip"),
        (other.as_bytes(), "--delimiter ';' --quote ''\\''' --escape ''\\''' --null '\\N'"),
        (other.as_bytes(), "columns in the file's order: on sale, id, seen, price, name"),
        (&zstd, "packed by zstd"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (dataset, said) = import(dir.path(), bytes, &columns(&TABLE), &Asked::default()).unwrap();
        assert!(said.to_string().contains(word), "{said}");
        assert_eq!(rows(&dataset), expected);
        assert_eq!(dataset.columns(), columns(&TABLE));
        contents.push(dataset.content(3).unwrap());
    }
    assert!(contents.iter().all(|content| *content == contents[0]));
}

#[test]
fn a_file_is_taken_once_for_each_way_of_reading_it() {
    let dir = tempfile::tempdir().unwrap();
    let of =
        |asked: &Asked| import(dir.path(), b"a,b\nc,\n", &columns(&[("x", "text?"), ("y", "text?")]), asked);
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    let (first, _) = of(&Asked::default()).unwrap();
    let (again, _) = of(&Asked { delimiter: Some(b','), ..Asked::default() }).unwrap();
    assert_eq!((first.dir(), first.rows()), (again.dir(), 2));
    let reversed = of(&Asked { columns: names(&["y", "x"]), ..Asked::default() }).unwrap().0;
    let one = of(&Asked { columns: names(&["", "x"]), ..Asked::default() }).unwrap().0;
    let headed =
        of(&Asked { columns: names(&["x", "y"]), header: Some(true), ..Asked::default() }).unwrap().0;
    let spelled = of(&Asked { null: Some("c".into()), ..Asked::default() }).unwrap().0;
    assert_eq!(rows(&reversed), texts(&[&["b", "a"], &["NULL", "c"]]));
    assert_eq!(rows(&one), texts(&[&["b"], &["NULL"]]));
    assert_eq!(rows(&headed), texts(&[&["c", "NULL"]]));
    assert_eq!(rows(&spelled), texts(&[&["a", "b"], &["NULL", ""]]));
    let mut dirs = [first.dir(), reversed.dir(), one.dir(), headed.dir(), spelled.dir()];
    dirs.sort();
    assert!(dirs.windows(2).all(|pair| pair[0] != pair[1]), "{dirs:?}");
}

#[test]
fn a_column_with_a_value_that_only_the_server_can_read_is_kept_as_it_came() {
    let table = columns(&[("id", "integer"), ("day", "date?"), ("where", "point?")]);
    let many = "1,2024-01-02,\"(1,2)\"\n".repeat(60_000);
    let text = format!("{many}2,today,\n3,2024-1-2,\"( 3,4 )\"\n");
    let dir = tempfile::tempdir().unwrap();
    let (mut dataset, said) = import(dir.path(), text.as_bytes(), &table, &Asked::default()).unwrap();
    let canonical: Vec<bool> = dataset.columns().iter().map(|column| column.is_canonical()).collect();
    assert_eq!(canonical, [true, false, false]);
    for word in ["kept as it came", "line 60001, field 2 (day), of type date: \"today\""] {
        assert!(said.to_string().contains(word), "{word} is not in {said}");
    }
    let last = rows(&dataset).split_off(59_999);
    assert_eq!(
        last,
        texts(&[&["1", "2024-01-02", "(1,2)"], &["2", "today", "NULL"], &["3", "2024-1-2", "( 3,4 )"]])
    );
    let error = dataset.ensure(Encoding::Binary, &Interrupt::new()).unwrap_err();
    assert!(format!("{error:#}").contains("the column day has values of the type date"), "{error:#}");
    dataset.ensure(Encoding::Text, &Interrupt::new()).unwrap();
    // The manifest keeps it.
    let (again, _) = import(dir.path(), text.as_bytes(), &table, &Asked::default()).unwrap();
    assert_eq!(again.columns(), dataset.columns());
}

#[test]
fn a_bad_value_is_named_by_the_line_of_the_file_and_the_rule() {
    let table = columns(&TABLE);
    let row = "1,\"two\nlines\",1.5,2024-01-01,t\n";
    let many = row.repeat(40_000);
    for (bad, words) in [
        ("up,x,1,,\n", &["line 80002, field 1 (id), of type integer: \"up\"", "2147483647"][..]),
        (
            "1,\"x\ny\",1234567,,\n",
            &["line 80002, field 3 (price), which begins on line 80003, of type numeric(8,2): \"1234567\""],
        ),
        ("1,x,1,,maybe\n", &["field 5 (on sale), of type boolean: \"maybe\" is not a boolean"]),
        (",x,1,,\n", &["field 1 (id)", "empty without quotes, which COPY reads as NULL"]),
        ("1,x,1,\n", &["line 80002", "4 fields", "has 5"]),
        ("1,x,1,,,\n", &["line 80002", "more than 5 fields"]),
        ("1,\"x,1,,\n", &["line 80002, field 2 (name)", "not closed"]),
        ("1,x\"y,1,,\n", &["line 80002, field 2 (name)", "has a quote but"]),
        ("1,x\0y,1,,\n", &["line 80002, field 2 (name)", "NUL"]),
    ] {
        let text = format!(
            "\u{feff}id,name,price,seen,on sale\n{many}{bad}{}",
            if bad.contains("x,1,,\n") { "" } else { row }
        );
        let text = refused(text.as_bytes(), &table, &Asked::default());
        assert!(text.contains("mine.csv"), "{text}");
        for word in words {
            assert!(text.contains(word), "{word:?} is not in: {text}");
        }
    }
    let bytes = [many.as_bytes(), b"1,x\xff,1,,\n"].concat();
    let text = refused(&bytes, &table, &Asked::default());
    assert!(text.contains("line 80001: byte 4 (0xff) is not UTF-8"), "{text}");
}

#[test]
fn the_lines_are_those_of_the_file_in_any_dialect() {
    let table = columns(&[("id", "integer"), ("note", "text")]);
    let asked = Asked { escape: Some(b'\\'), ..Asked::default() };
    let names = |of: &str| Some(of.split(',').map(str::to_owned).collect());
    // A field that is passed over has lines too.
    let skips = Asked { columns: names("note,,id"), delimiter: Some(b'|'), ..Asked::default() };
    for (text, asked, place) in [
        (
            "note;id\n'a\nb';1\n'c;\n\n';x\n",
            &Asked::default(),
            "line 4, field 2 (id), which begins on line 6",
        ),
        ("1,\"a\\\"\nb\\\\\"\n2,\"c\"\nx,d\n", &asked, "line 4, field 1 (id)"),
        ("a|\"b\n\nc\"|1\nd|\"e\n\"|x\n", &skips, "line 4, field 3 (id), which begins on line 5"),
    ] {
        let text = refused(text.as_bytes(), &table, asked);
        assert!(text.contains(place), "{place:?} is not in: {text}");
    }
}

#[test]
fn columns_that_do_not_fit_are_named_with_the_nearest() {
    let table = columns(&TABLE);
    let names =
        |of: &str| Asked { columns: Some(of.split(',').map(str::to_owned).collect()), ..Asked::default() };
    for (text, asked, words) in [
        (
            "id,nmae,price,seen,on sale\n",
            Asked::default(),
            &["\"nmae\"", "did you mean `name`?", "on sale"][..],
        ),
        ("id,name,name\n1,a,b\n", Asked::default(), &["\"name\" twice"]),
        (
            "1,a\n2,b\n",
            Asked::default(),
            &["2 fields", "5 columns (id, name, price, seen, on sale)", "--csv-columns"],
        ),
        ("1,a\n2,b\n", names("id"), &["--csv-columns names 1", "has 2"]),
        ("1,a\n2,b\n", names("id,nme"), &["--csv-columns names the column \"nme\"", "`name`"]),
        ("id,name\n", Asked::default(), &["has no rows", "id,name"]),
        ("", Asked::default(), &["has no rows"]),
        ("1,a\n2,b\n", Asked { delimiter: Some(b'"'), ..Asked::default() }, &["--delimiter"]),
        ("1,a\n2,b\n", Asked { null: Some("a,b".into()), ..Asked::default() }, &["--null \"a,b\""]),
    ] {
        let text = refused(text.as_bytes(), &table, &asked);
        for word in words {
            assert!(text.contains(word), "{word:?} is not in: {text}");
        }
    }
}

#[test]
fn any_name_of_a_column_will_do() {
    let names = ["select", "a b", "x\"y", "żółw 🐘", "a,b", "two\nlines", "Ü", "'"];
    let table: Vec<_> = names.iter().map(|name| crate::column(name, "integer")).collect();
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(names.iter().rev()).unwrap();
    writer.write_record(["8", "7", "6", "5", "4", "3", "2", "1"]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let text = writer.into_inner().unwrap();
    let (dataset, _) = import(dir.path(), &text, &table, &Asked::default()).unwrap();
    assert_eq!(rows(&dataset), texts(&[&["1", "2", "3", "4", "5", "6", "7", "8"]]));
}

#[test]
fn a_row_may_have_as_many_columns_as_a_table_and_no_more() {
    let of = |count: usize| {
        let names: Vec<String> = (0..count).map(|i| format!("c{i}")).collect();
        let table: Vec<_> = names.iter().map(|name| crate::column(name, "integer?")).collect();
        (format!("{}\n{}7\n", names.join(","), ",".repeat(count - 1)), table)
    };
    let dir = tempfile::tempdir().unwrap();
    let (text, table) = of(1600);
    let (dataset, _) = import(dir.path(), text.as_bytes(), &table, &Asked::default()).unwrap();
    assert_eq!(rows(&dataset)[0][1598..], [None, Some("7".to_owned())]);
    let (text, table) = of(1601);
    let text = refused(text.as_bytes(), &table, &Asked::default());
    assert!(text.contains("1601 columns") && text.contains("1600"), "{text}");
}

#[test]
fn a_field_of_100_mb_arrives_whole() {
    const LONG: usize = 100_000_000;
    let long = "łong, ".repeat(LONG / 7);
    let text = format!("1,short\n2,\"{long}\"\n3,\"\"\n");
    let dir = tempfile::tempdir().unwrap();
    let table = columns(&[("id", "integer"), ("body", "text")]);
    let (dataset, _) = import(dir.path(), text.as_bytes(), &table, &Asked::default()).unwrap();
    let mut reader = dataset.reader().unwrap();
    let mut lengths = Vec::new();
    while let Some(row) = reader.next_row().unwrap() {
        lengths.push(row.field(1).len());
    }
    assert_eq!(lengths, [5, long.len(), 0]);
}

#[test]
fn what_is_no_csv_in_utf_8_is_refused_with_the_command_that_mends_it() {
    let text: Vec<u8> = "\u{feff}a,b\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let table = columns(&[("a", "text"), ("b", "text")]);
    let refused = |bytes: &[u8]| refused(bytes, &table, &Asked::default());
    assert!(refused(&text).contains("iconv -f UTF-16 -t UTF-8"), "{}", refused(&text));
    let zstd = refused(&zstd::stream::encode_all(&text[..], 1).unwrap());
    assert!(zstd.contains("zstd -dc") && zstd.contains("| iconv -f UTF-16"), "{zstd}");
    assert!(refused(b"BZh91AY&SYxyz").contains("bzip2 -dc"));
    let cut = zstd::stream::encode_all(&b"a,b\n"[..], 1).unwrap();
    assert!(refused(&cut[..cut.len() - 3]).contains("zstd data is damaged"));
}

/// The bytes that damage makes of rows come before the sum that shows it.
#[test]
fn damage_of_packed_data_is_named_and_not_the_rows_that_it_makes() {
    let text = "a,b\n".repeat(1 << 20);
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packer.write_all(text.as_bytes()).unwrap();
    let mut packed = packer.finish().unwrap();
    let table = columns(&[("a", "text"), ("b", "text")]);
    for at in [packed.len() / 1000, packed.len() / 2] {
        let comma = at + packed[at..].iter().position(|byte| *byte == b',').unwrap();
        packed[comma] = b';';
        let error = refused(&packed, &table, &Asked::default());
        assert!(error.contains("the gzip data is damaged") && !error.contains("line "), "{error}");
        packed[comma] = b',';
    }
    let whole = format!("{}x,2\n", "1,2\n".repeat(100));
    let numbers = columns(&[("a", "integer"), ("b", "integer")]);
    let error = refused(&gzip(whole.as_bytes()), &numbers, &Asked::default());
    assert!(error.contains("line 101") && !error.contains("damaged"), "{error}");
}

#[test]
fn votes_are_found_in_any_dialect_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("votes.csv");
    let votes = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let votes = Dataset::imported(dir.path(), &path, &Interrupt::new()).unwrap();
        rows(&votes)
    };
    let expected = texts(&[&["ada", "t3_1", "1"], &["bob", "t3,2", "-1"]]);
    assert_eq!(votes("ada,t3_1,1\nbob,\"t3,2\",-1\n"), expected);
    assert_eq!(votes("Username,LINK,vote\nada,t3_1,1\nbob,\"t3,2\",-1\n"), expected);
    assert_eq!(votes("score\tlink\tusername\r\n1\tt3_1\tada\r\n-1\tt3,2\tbob\r\n"), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_the_csv_crate_writes_arrives(
        fields in prop::collection::vec(("[a,;|'\"\\\\\n\t Nż]{0,8}", "[^\0\r]{0,12}"), 1..30),
        delimiter in prop::sample::select(&b",;\t|:"[..]),
        quote in prop::sample::select(&b"\"'"[..]),
        doubled in any::<bool>(),
    ) {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .quote(quote)
            .double_quote(doubled)
            .escape(b'\\')
            .quote_style(csv::QuoteStyle::Always)
            .from_writer(Vec::new());
        for (a, b) in &fields {
            // The crate's writer leaves an escape alone, which then stands before what follows it.
            let escaped = |field: &str| if doubled { field.to_owned() } else { field.replace('\\', "/") };
            writer.write_record([escaped(a), escaped(b)]).unwrap();
        }
        let asked = Asked {
            delimiter: Some(delimiter),
            quote: Some(Some(quote)),
            escape: Some(if doubled { quote } else { b'\\' }),
            header: Some(false),
            ..Asked::default()
        };
        let dir = tempfile::tempdir().unwrap();
        let table = columns(&[("a", "text?"), ("b", "text?")]);
        let (dataset, _) = import(dir.path(), &writer.into_inner().unwrap(), &table, &asked).unwrap();
        let field = |field: &str| Some(if doubled { field.to_owned() } else { field.replace('\\', "/") });
        let expected: Vec<_> = fields.iter().map(|(a, b)| vec![field(a), field(b)]).collect();
        prop_assert_eq!(rows(&dataset), expected);
    }
}
