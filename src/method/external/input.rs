//! The file that a loader reads: one of the dataset's, or one made of it in the sample's directory.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::options::InputFormat;
use crate::dataset::{Spelled, header, trailer};
use crate::method::tools::batch::Bound;
use crate::method::tools::feed::feeds;
use crate::method::{Load, PhaseClock};
use crate::model::{Encoding, Phase};
use crate::sql::literal;

/// Bytes copied between two looks at whether to stop.
const COPY_BYTES: usize = 1 << 20;

/// The file of the load's rows, for a table of this quoted name. What a user would have to do to them for
/// this program, such as making keys, is timed; the rest is there before the clock starts.
///
/// # Errors
/// When it cannot be read or made, or work has to stop.
pub(crate) fn file(
    input: InputFormat,
    load: &Load<'_>,
    table: &str,
    clock: &mut PhaseClock,
) -> Result<PathBuf> {
    match input {
        InputFormat::Csv | InputFormat::Text | InputFormat::Binary => encoded(input.encoding(), load),
        InputFormat::Inserts => inserts(load, table),
        InputFormat::KeyedCsv if load.table.counted_key().is_some() => {
            clock.time(Phase::Prepare, || keyed(load))
        }
        InputFormat::KeyedCsv => encoded(Encoding::Csv, load),
    }
}

/// The dataset's own file, or one of its first rows.
fn encoded(encoding: Encoding, load: &Load<'_>) -> Result<PathBuf> {
    let whole = load.dataset.file(encoding);
    if load.rows == load.dataset.rows() {
        return Ok(whole);
    }
    // A name that no file of a loader's definition has, whatever the table is called.
    let path = load.scratch.join(first_rows(encoding));
    let making = || format!("making {} of the first {} rows", path.display(), load.rows);
    let chunk = load.dataset.first(encoding, load.rows)?;
    let mut from = File::open(&whole).with_context(|| format!("opening {}", whole.display()))?;
    from.seek(SeekFrom::Start(chunk.offset)).with_context(making)?;
    let mut to = File::create(&path).with_context(making)?;
    to.write_all(header(encoding)).with_context(making)?;
    let (mut left, mut buffer) = (chunk.bytes, vec![0; COPY_BYTES]);
    while left > 0 {
        load.connector.interrupt().check()?;
        let part = &mut buffer[..left.min(COPY_BYTES as u64) as usize];
        from.read_exact(part).with_context(making)?;
        to.write_all(part).with_context(making)?;
        left -= part.len() as u64;
    }
    to.write_all(trailer(encoding)).with_context(making)?;
    Ok(path)
}

/// The name of the file of a load's first rows in a sample's directory.
pub(crate) const fn first_rows(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Csv => "rows.csv",
        Encoding::Text => "rows.txt",
        Encoding::Binary => "rows.bin",
    }
}

/// The csv with the keys 1, 2, 3 ... in front.
fn keyed(load: &Load<'_>) -> Result<PathBuf> {
    let path = load.scratch.join("keyed.csv");
    load.dataset.write_keyed(load.rows, &path, load.connector.interrupt())?;
    Ok(path)
}

/// A statement a row, each on a line of its own and committed by itself unless something around them says otherwise.
fn inserts(load: &Load<'_>, table: &str) -> Result<PathBuf> {
    let path = load.scratch.join("inserts.sql");
    write_inserts(load, table, &path).with_context(|| format!("making {}", path.display()))?;
    Ok(path)
}

fn write_inserts(load: &Load<'_>, table: &str, path: &Path) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let head =
        format!("INSERT INTO {table} ({}){} VALUES (", load.table.column_list(), load.table.overriding());
    for mut feed in feeds(load, 1, 1)? {
        feed.each(|row| {
            out.write_all(head.as_bytes())?;
            for (i, Bound(value)) in row.values().enumerate() {
                if i > 0 {
                    out.write_all(b",")?;
                }
                match value.spelled() {
                    Spelled::Null => out.write_all(b"NULL")?,
                    Spelled::Bool(value) => write!(out, "{value}")?,
                    Spelled::Number(number) => write!(out, "{number}")?,
                    Spelled::Text(text) => out.write_all(constant(text).as_bytes())?,
                }
            }
            Ok(out.write_all(b");\n")?)
        })?;
    }
    Ok(out.flush()?)
}

/// A text as a constant on one line that means the same whatever standard_conforming_strings is
/// (PostgreSQL manual, "String Constants with C-Style Escapes").
fn constant(text: &str) -> String {
    if !text.contains(['\n', '\r']) {
        return literal(text);
    }
    format!("E'{}'", text.replace('\'', "''").replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_stays_on_its_line() {
        assert_eq!(constant("O'Brien"), "'O''Brien'");
        assert_eq!(constant("a\\n'\r\nb"), r"E'a\\n''\r\nb'");
    }
}
