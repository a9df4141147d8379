//! The rows out of the table into a file of the client's, and the proof that they are all in it.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::common;
use crate::bad_data;
use crate::dataset::checksum::{ContentSum, RowHasher};
use crate::dataset::{Column, RowReader};
use crate::method::tools::stream::{CopyStream, MESSAGE_BYTES};
use crate::method::{Info, Load, Method, PhaseClock, Start};
use crate::model::Phase;
use crate::table::Table;

/// COPY (SELECT ...) TO STDOUT as csv with a header, which the client writes into a file: the first
/// half of a backfill that is computed elsewhere.
///
/// Timed: COPY and writing the file, which is not flushed to the disk (load). The table stays as
/// it was; of the file, a crash of the client's machine may leave less.
pub(crate) struct CopyOut {
    info: Info,
}

/// See [`CopyOut`].
pub(crate) fn copy_out() -> CopyOut {
    CopyOut {
        info: Info {
            source: "PostgreSQL manual, COPY".into(),
            start: Start::Present { stale: false },
            ..common().named(
                "copy-out",
                "COPY (SELECT ...) TO STDOUT, csv with a header, into a file of the client's",
            )
        },
    }
}

fn copy_sql(table: &Table) -> String {
    format!(
        "COPY (SELECT {} FROM {}) TO STDOUT WITH (FORMAT csv, HEADER)",
        table.column_list(),
        table.sql_name()
    )
}

fn file_of(load: &Load<'_>) -> PathBuf {
    load.scratch.join("rows.csv")
}

impl Method for CopyOut {
    fn info(&self) -> &Info {
        &self.info
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let (path, sql) = (file_of(load), copy_sql(load.table));
        let stream = CopyStream::connect(load.connector)?;

        clock.time(Phase::Load, || {
            let file = File::create_new(&path).with_context(|| format!("making {}", path.display()))?;
            let mut out = BufWriter::with_capacity(MESSAGE_BYTES, file);
            stream.copy_out(&sql, &mut out).with_context(|| format!("writing {}", path.display()))?;
            out.flush().with_context(|| format!("writing {}", path.display()))
        })
    }

    fn verify(&self, load: &Load<'_>) -> Result<()> {
        let path = file_of(load);
        let (rows, content) = read_back(&path, &load.table.columns)?;
        let expected = load.dataset.content(load.rows)?;
        let content = content.content();
        if (rows, content) != (load.rows, expected) {
            return Err(bad_data!(
                "verification of {} failed: {rows} rows, whose content sums to {content}, instead of {} that sum to {expected}",
                path.display(),
                load.rows
            ));
        }
        Ok(())
    }
}

/// The rows in a csv with a header that names these columns: how many, and their content.
fn read_back(path: &Path, columns: &[Column]) -> Result<(u64, ContentSum)> {
    let reading = || format!("reading {}", path.display());
    let mut file = File::open(path).with_context(reading)?;
    file.seek(SeekFrom::Start(header_bytes(path, columns)?)).with_context(reading)?;
    let mut reader = RowReader::of_file(file, columns, format!("{} after its header", path.display()));
    let hasher = RowHasher::new(columns);
    let (mut rows, mut content) = (0, ContentSum::default());
    while let Some(row) = reader.next_row()? {
        content.add(hasher.hash(&row));
        rows += 1;
    }
    Ok((rows, content))
}

/// The length of the header in bytes, when it names these columns.
fn header_bytes(path: &Path, columns: &[Column]) -> Result<u64> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        // As the protocol has it, also from servers on other systems.
        .terminator(csv::Terminator::Any(b'\n'))
        .from_path(path)
        .with_context(|| format!("reading {}", path.display()))?;
    let mut header = csv::StringRecord::new();
    reader
        .read_record(&mut header)
        .map_err(|error| bad_data!("the header of {} cannot be read: {error}", path.display()))?;
    if !header.iter().eq(columns.iter().map(|c| c.name.as_str())) {
        let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        return Err(bad_data!(
            "the header of {} is {} instead of {}",
            path.display(),
            header.iter().collect::<Vec<_>>().join(","),
            names.join(",")
        ));
    }
    Ok(reader.position().byte())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;
    use crate::fault::Fault;

    #[test]
    fn a_header_is_skipped_and_one_of_other_columns_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.csv");
        std::fs::write(&path, "username,link,score\nada,\"t3\n1\",1\nbob,t3_2,-1\n").unwrap();
        let (rows, content) = read_back(&path, &votes()).unwrap();
        assert_eq!(rows, 2);
        std::fs::write(&path, "username,\"link\",score\nbob,t3_2,-1\nada,\"t3\n1\",1\n").unwrap();
        assert_eq!(read_back(&path, &votes()).unwrap(), (2, content));

        std::fs::write(&path, "username,score\nada,1\n").unwrap();
        let error = read_back(&path, &votes()).unwrap_err();
        assert!(matches!(Fault::find(&error), Some(Fault::Data(_))), "{error:#}");
        assert!(error.to_string().contains("is username,score instead of username,link,score"), "{error}");
    }
}
