//! The dirty files as each way needs them: as they are, changed by the client first, as COPY's binary
//! format, or as the fields of INSERT statements.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::definition::{Caveat, CopyLoad, json_row};
use crate::dataset::{header, trailer};
use crate::model::Encoding;
use crate::sql::literal_bytes;

/// The bytes that a COPY is sent, the client's changes made.
///
/// # Errors
/// A file that is none of the caveat's, or cannot be read as csv where fields are to be kept.
pub(crate) fn copied(caveat: &Caveat, copy: &CopyLoad) -> Result<Vec<u8>> {
    if copy.file.is_empty() {
        return binary(caveat.binary.as_deref().context("a COPY without a file, and no `binary` rows")?);
    }
    let mut bytes = caveat.file(&copy.file)?.to_vec();
    for (from, to) in &copy.replace {
        bytes = replaced(&bytes, from.as_bytes(), to.as_bytes());
    }
    if !copy.keep.is_empty() {
        bytes = kept(&bytes, &copy.keep).with_context(|| format!("in {}", copy.file))?;
    }
    Ok(bytes)
}

/// Whether a line of what a COPY is sent is the line of the same number in its file.
///
/// # Errors
/// As [`copied`].
pub(crate) fn keeps_lines(caveat: &Caveat, copy: &CopyLoad) -> Result<bool> {
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    Ok(copy.file.is_empty() || lines(&copied(caveat, copy)?) == lines(caveat.file(&copy.file)?))
}

/// A record of a csv file as an INSERT has it.
pub(crate) struct Record {
    /// The line it begins at, from 1.
    pub line: u64,
    /// Its fields, separated by commas, as SQL literals of no type yet.
    pub values: String,
}

/// The records of a csv file: what a client that reads csv makes of it.
///
/// # Errors
/// A file that is no csv, or none of the caveat's.
pub(crate) fn records(caveat: &Caveat, file: &str) -> Result<Vec<Record>> {
    in_csv(caveat.file(file)?).with_context(|| format!("reading {file} as csv"))
}

fn in_csv(bytes: &[u8]) -> Result<Vec<Record>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut records = Vec::new();
    for record in reader.byte_records() {
        let record = record?;
        let values: Vec<String> = record.iter().map(literal_bytes).collect();
        let from = record.position().map_or(0, |at| usize::try_from(at.byte()).unwrap_or(usize::MAX));
        records.push(Record { line: line_at(bytes, from), values: values.join(", ") });
    }
    Ok(records)
}

/// The line of a record that begins at this byte or behind the line ends there, from 1. (The reader's own number is
/// one short behind CR LF, of which it leaves the second for the next record.)
fn line_at(bytes: &[u8], from: usize) -> u64 {
    let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    let begins = from + bytes.iter().skip(from).take_while(is_end).count();
    // As COPY, which takes CR alone for a line end where there is no other.
    let end = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
    1 + bytes.iter().take(begins).filter(|byte| **byte == end).count() as u64
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut end = 0;
    for at in memchr::memmem::find_iter(bytes, from) {
        out.extend_from_slice(&bytes[end..at]);
        out.extend_from_slice(to);
        end = at + from.len();
    }
    out.extend_from_slice(&bytes[end..]);
    out
}

fn kept(bytes: &[u8], keep: &[usize]) -> Result<Vec<u8>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in reader.byte_records() {
        let record = record?;
        for number in keep {
            let field = record.get(number - 1).with_context(|| format!("a record has no field {number}"))?;
            writer.write_field(field)?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.into_inner().context("finishing the csv")
}

/// Rows in COPY's binary format (PostgreSQL manual, COPY, "Binary Format").
fn binary(rows: &str) -> Result<Vec<u8>> {
    let mut out = header(Encoding::Binary).to_vec();
    for line in rows.lines().filter(|line| !line.trim().is_empty()) {
        let row = json_row(line)?;
        out.extend(u16::try_from(row.len())?.to_be_bytes());
        for value in row {
            match value {
                Value::Null => out.extend((-1_i32).to_be_bytes()),
                Value::Number(number) => {
                    let number = number.as_i64().and_then(|n| i32::try_from(n).ok());
                    let number = number.with_context(|| format!("{line}: not an integer of four bytes"))?;
                    out.extend(4_i32.to_be_bytes());
                    out.extend(number.to_be_bytes());
                }
                Value::String(text) => {
                    out.extend(i32::try_from(text.len())?.to_be_bytes());
                    out.extend(text.as_bytes());
                }
                other => bail!("{line}: {other} has no binary form here; use numbers, texts and null"),
            }
        }
    }
    out.extend_from_slice(trailer(Encoding::Binary));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::built_in;
    use super::super::definition::Load;
    use super::*;

    #[test]
    fn every_caveat_is_well_formed_and_its_files_are_there() {
        for id in built_in::ids() {
            let caveat = built_in::find(id).unwrap();
            assert_eq!(caveat.id, id);
            for way in caveat.all_ways() {
                match &way.load {
                    Load::Copy(copy) => drop(copied(&caveat, copy).unwrap()),
                    Load::ServerFile(name) => drop(caveat.file(name).unwrap()),
                    Load::Insert(insert) => drop(records(&caveat, &insert.file).unwrap()),
                    Load::Sql(_) | Load::Loader(_) => {}
                }
            }
        }
    }

    #[test]
    fn a_record_s_line_is_that_of_the_file_whatever_ends_it() {
        let lines =
            |bytes: &'static [u8]| -> Vec<u64> { in_csv(bytes).unwrap().iter().map(|r| r.line).collect() };
        assert_eq!(lines(b"1,a\n2,b\n3,c\n"), [1, 2, 3]);
        assert_eq!(lines(b"1,a\r\n2,b\r\n3,c\r\n"), [1, 2, 3]);
        assert_eq!(lines(b"1,a\r\n2,b\n3,c\r\n"), [1, 2, 3]);
        assert_eq!(lines(b"1,a\r2,b\r3,c"), [1, 2, 3]);
        assert_eq!(lines(b"1,\"a\r\nb\"\r\n2,c\r\n"), [1, 3]);
        assert_eq!(lines(b"1,\"a\rb\"\n2,c\n"), [1, 2]);
        assert_eq!(lines(b"1,a\n\n3,c\n"), [1, 3]);
    }

    #[test]
    fn bytes_are_replaced_and_fields_kept() {
        assert_eq!(replaced(b"a\\b\\", b"\\", b"\\\\"), b"a\\\\b\\\\");
        assert_eq!(kept(b"1,\"x,y\",3\n", &[2, 1]).unwrap(), b"\"x,y\",1\n");
        assert!(kept(b"1\n", &[2]).is_err());
    }

    #[test]
    fn a_binary_row_is_its_fields_with_their_lengths() {
        let bytes = binary("[1, null, \"ab\"]").unwrap();
        let row = b"\x00\x03\x00\x00\x00\x04\x00\x00\x00\x01\xff\xff\xff\xff\x00\x00\x00\x02ab";
        assert_eq!(&bytes[19..bytes.len() - 2], row);
        assert!(binary("[1.5]").is_err());
    }
}
