//! Csv of any dialect as rows of any columns: what is found out of a file, what of it arrives, and what is refused.

#[path = "../common/mod.rs"]
mod common;
mod copy;
mod files;
mod infer;
mod parquet;

use std::path::Path;

use bulkbench::dataset::{Asked, Column, Dataset, Fields, RowsFile, Said};
use bulkbench::interrupt::Interrupt;
use bulkbench::value::SqlType;

/// A column by its name and type, `?` behind that for one that takes NULLs.
pub(crate) fn column(name: &str, kind: &str) -> Column {
    match kind.strip_suffix('?') {
        Some(kind) => Column::new(name, SqlType::named(kind)).nullable(),
        None => Column::new(name, SqlType::named(kind)),
    }
}

pub(crate) fn columns(of: &[(&str, &str)]) -> Vec<Column> {
    of.iter().map(|(name, kind)| column(name, kind)).collect()
}

/// The dataset of a file with these bytes.
pub(crate) fn import(
    dir: &Path,
    bytes: &[u8],
    columns: &[Column],
    asked: &Asked,
) -> anyhow::Result<(Dataset, Said)> {
    let path = dir.join("mine.csv");
    std::fs::write(&path, bytes)?;
    let file = RowsFile { path: &path, asked, table: "mine", columns };
    Dataset::imported_table(&dir.join("cache"), &file, &Interrupt::new())
}

/// The fields of all rows, `None` for a NULL.
pub(crate) fn rows(dataset: &Dataset) -> Vec<Vec<Option<String>>> {
    let mut reader = dataset.reader().unwrap();
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row().unwrap() {
        let field = |i: usize| (!Fields::is_null(&row, i)).then(|| row.field(i).to_owned());
        rows.push((0..dataset.columns().len()).map(field).collect());
    }
    rows
}

/// Why a file with these bytes is refused.
pub(crate) fn refused(bytes: &[u8], columns: &[Column], asked: &Asked) -> String {
    let dir = tempfile::tempdir().unwrap();
    let error = import(dir.path(), bytes, columns, asked).map(|_| ()).unwrap_err();
    assert!(!dir.path().join("cache").exists(), "nothing is left");
    format!("{error:#}")
}
