//! Files of Parquet, written by the crate that also reads them, and read as its format says.

use std::path::Path;
use std::sync::Arc;

use assert_cmd::Command;
use bulkbench::dataset::{Asked, Column, Dataset, RowsFile, Said};
use bulkbench::interrupt::Interrupt;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::{columns, rows};

const SCHEMA: &str = "message rows {
    required int64 id;
    optional byte_array name (STRING);
    optional int32 small (INTEGER(8, true));
    optional int32 price (DECIMAL(8, 2));
    required double ratio;
    optional boolean flag;
    optional int32 day (DATE);
    optional int64 at (TIMESTAMP(MICROS, true));
    optional int64 clock (TIMESTAMP(NANOS, false));
    optional int96 old;
    optional fixed_len_byte_array(16) key (UUID);
    optional byte_array raw;
    optional group tags (LIST) { repeated group list { optional int32 element; } }
}";

const TABLE: [(&str, &str); 12] = [
    ("raw", "bytea?"),
    ("id", "integer"),
    ("name", "text?"),
    ("small", "numeric?"),
    ("price", "numeric(10,3)?"),
    ("ratio", "double precision"),
    ("flag", "boolean?"),
    ("day", "date?"),
    ("at", "timestamp with time zone?"),
    ("clock", "timestamp without time zone?"),
    ("old", "timestamp with time zone?"),
    ("key", "uuid?"),
];

/// Every column but the list.
const NAMES: &str = "id,name,small,price,ratio,flag,day,at,clock,old,key,raw,";

/// Two rows a group: one with all values, one with as few as can be.
fn write(path: &Path, groups: i64, compression: Compression) {
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let mut writer =
        SerializedFileWriter::new(std::fs::File::create(path).unwrap(), schema, properties).unwrap();
    for group in 0..groups {
        let mut rows = writer.next_row_group().unwrap();
        let mut number = 0;
        while let Some(mut column) = rows.next_column().unwrap() {
            let some = Some(&[1, 0][..]);
            match column.untyped() {
                ColumnWriter::Int64ColumnWriter(writer) => match number {
                    0 => writer.write_batch(&[2 * group + 1, 2 * group + 2], None, None),
                    7 => writer.write_batch(&[1_709_208_000_500_000], some, None),
                    _ => writer.write_batch(&[1_709_208_000_000_001_499], some, None),
                },
                ColumnWriter::Int32ColumnWriter(writer) => match number {
                    2 => writer.write_batch(&[-7], some, None),
                    3 => writer.write_batch(&[-1_205], some, None),
                    6 => writer.write_batch(&[19_782], some, None),
                    _ => writer.write_batch(&[1, 2], Some(&[3, 3, 0]), Some(&[0, 1, 0])),
                },
                ColumnWriter::DoubleColumnWriter(writer) => {
                    writer.write_batch(&[0.1, f64::INFINITY], None, None)
                }
                ColumnWriter::BoolColumnWriter(writer) => writer.write_batch(&[true], some, None),
                ColumnWriter::Int96ColumnWriter(writer) => {
                    let mut old = Int96::new();
                    old.set_data(1_000_000_000, 0, 2_440_588);
                    writer.write_batch(&[old], some, None)
                }
                ColumnWriter::FixedLenByteArrayColumnWriter(writer) => {
                    writer.write_batch(&[FixedLenByteArray::from(vec![0xa0; 16])], some, None)
                }
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    let value = if number == 1 { "a \"b\",\n\\N".as_bytes() } else { b"\0\xff" };
                    writer.write_batch(&[ByteArray::from(value.to_vec())], some, None)
                }
                ColumnWriter::FloatColumnWriter(_) => unreachable!("the schema has none"),
            }
            .unwrap();
            column.close().unwrap();
            number += 1;
        }
        rows.close().unwrap();
    }
    writer.close().unwrap();
}

fn import(path: &Path, table: &[Column], names: Option<&str>) -> anyhow::Result<(Dataset, Said)> {
    let names = names.map(|names| names.split(',').map(str::to_owned).collect());
    let asked = Asked { columns: names, ..Asked::default() };
    let file = RowsFile { path, asked: &asked, table: "mine", columns: table };
    Dataset::imported_table(&path.with_file_name("cache"), &file, &Interrupt::new())
}

#[test]
fn values_arrive_by_their_canonical_texts() {
    let dir = tempfile::tempdir().unwrap();
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let packed = [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::LZ4_RAW, zstd];
    for (i, compression) in packed.into_iter().enumerate() {
        let path = dir.path().join(format!("rows{i}.parquet"));
        write(&path, 3, compression);
        let (dataset, said) = import(&path, &columns(&TABLE), Some(NAMES)).unwrap();
        assert!(said.to_string().starts_with("Parquet\ncolumns in the file's order: id, name"), "{said}");
        let found = rows(&dataset);
        assert_eq!(found.len(), 6);
        let all = [
            "\\x00ff",
            "5",
            "a \"b\",\n\\N",
            "-7",
            "-12.050",
            "0.1",
            "t",
            "2024-02-29",
            "2024-02-29 12:00:00.5+00",
            "2024-02-29 12:00:00.000001",
            "1970-01-01 00:00:01+00",
            "a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0",
        ];
        assert_eq!(found[4], all.map(|text| Some(text.to_owned())));
        let few: Vec<Option<&str>> = found[5].iter().map(Option::as_deref).collect();
        assert_eq!((few[1], few[5]), (Some("6"), Some("Infinity")));
        assert_eq!(few.iter().flatten().count(), 2);
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.parquet");
    write(&path, 3, Compression::SNAPPY);
    let with = |name: &str, kind: &str| {
        let mut table = columns(&TABLE);
        table.push(crate::column("tags", "integer[]"));
        let at = table.iter().position(|column| column.name == name).unwrap();
        table[at] = crate::column(name, kind);
        table
    };
    for (table, names, words) in [
        (with("flag", "integer?"), NAMES, &["column \"flag\"", "Boolean", "of type integer"][..]),
        (with("id", "date"), NAMES, &["column \"id\"", "of type date"]),
        (with("raw", "uuid?"), NAMES, &["column \"raw\"", "bytea"]),
        (with("tags", "integer[]"), &format!("{NAMES}tags"), &["column \"tags\"", "a list"]),
        (with("name", "text"), NAMES, &["row 2, field 2 (name)", "NULL"]),
        (with("id", "smallint"), "id", &["names 1", "has 13"]),
        (
            with("name", "integer?"),
            NAMES,
            &["row 1, field 2 (name), of type integer", "\"a \\\"b\\\",\\n\\\\N\""],
        ),
    ] {
        let error = format!("{:#}", import(&path, &table, Some(names)).map(|_| ()).unwrap_err());
        for word in [&["rows.parquet"], words].concat() {
            assert!(error.contains(word), "{word:?} is not in: {error}");
        }
    }
    let error = import(&path, &columns(&TABLE), None).map(|_| ()).unwrap_err().to_string();
    assert!(
        error.contains("its schema names the column \"tags\"") && error.contains("--csv-columns"),
        "{error}"
    );
    let asked = Asked { null: Some("-".into()), ..Asked::default() };
    let file = RowsFile { path: &path, asked: &asked, table: "mine", columns: &columns(&TABLE) };
    let error = Dataset::imported_table(dir.path(), &file, &Interrupt::new());
    assert!(error.map(|_| ()).unwrap_err().to_string().contains("is Parquet"));
    let bytes = std::fs::read(&path).unwrap();
    let cut = dir.path().join("cut.parquet");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let error = import(&cut, &columns(&TABLE), None).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("cut.parquet") && error.contains("damaged"), "{error}");
}

#[test]
fn a_table_is_proposed_by_the_schema() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("rows.parquet"), 2, Compression::SNAPPY);
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
    let output = command.current_dir(dir.path()).args(["schema", "infer", "rows.parquet"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}
