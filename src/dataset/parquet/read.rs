//! Reading a file of Parquet: its columns, and its rows as blocks of csv.

use std::fs::File;
use std::io::Read;

use anyhow::Result;
use parquet::basic::Repetition;
use parquet::column::reader::ColumnReader;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::super::blocks::{BLOCK_BYTES, Block};
use super::super::columns::Column;
use super::super::csv_row::push_text;
use super::super::dialect::{Asked, Fit, NamedBy};
use super::super::look::{Blocks, check_count};
use super::kind::Kind;
use super::render::{Texts, texts};
use crate::value::{Codec, Scalar};

/// The first bytes of a file.
const MAGIC: &[u8] = b"PAR1";

/// The most rows that are read at a time.
const MOST_ROWS: i64 = 4096;

/// Whether a file begins as Parquet does.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn is_parquet(file: &File) -> std::io::Result<bool> {
    let mut start = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(start == MAGIC)
}

/// A file of Parquet with a flat schema.
pub(crate) struct ParquetFile {
    reader: SerializedFileReader<File>,
    name: String,
    /// Its columns.
    pub columns: Vec<ParquetColumn>,
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParquetColumn {
    /// Its name.
    pub name: String,
    /// What its values are; `None` for what is no type of PostgreSQL's, and has a description instead.
    pub kind: Result<Kind, String>,
    /// Whether it may have NULLs.
    pub optional: bool,
}

impl ParquetFile {
    /// Opens a file, which messages call `name`.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Data`] when it is damaged.
    pub(crate) fn open(file: File, name: &str) -> Result<Self> {
        let reader = SerializedFileReader::new(file).map_err(|error| damaged(name, &error))?;
        let schema = reader.metadata().file_metadata().schema_descr();
        let fields = schema.root_schema().get_fields();
        let mut columns = Vec::with_capacity(fields.len());
        let mut leaf = 0;
        for field in fields {
            let leaves = (leaf..schema.num_columns())
                .take_while(|i| schema.get_column_root(*i).name() == field.name());
            let (first, count) = (leaf, leaves.count());
            leaf += count;
            let info = field.get_basic_info();
            let kind = match field.is_primitive() && info.repetition() != Repetition::REPEATED {
                true => {
                    let column = schema.column(first);
                    Kind::of(&column).ok_or_else(|| format!("{:?}", column.logical_type_ref()))
                }
                false => Err("of several values a row (a list, a map or a group)".into()),
            };
            columns.push(ParquetColumn {
                name: field.name().to_owned(),
                kind,
                optional: info.has_repetition() && info.repetition() == Repetition::OPTIONAL,
            });
        }
        Ok(Self { reader, name: name.to_owned(), columns })
    }

    /// That its columns may become these, of which it has some, each by its number in the file.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Data`] for one whose values are of another sort than the column's type.
    fn check(&self, columns: &[Column], sources: &[usize]) -> Result<()> {
        for (column, source) in columns.iter().zip(sources) {
            let (found, wanted) = (&self.columns[*source], column.kind.sql());
            let what = match &found.kind {
                Ok(kind) if kind.fits(column.kind.codec()) => continue,
                Ok(kind) => format!("of {kind:?}, which is {} in PostgreSQL", kind.sql()),
                Err(what) => what.clone(),
            };
            return Err(crate::bad_data!(
                "{}, column {:?}: its values are {what}, and the table's column {:?} is of type {wanted}; change \
                 the column, or leave it out by --csv-columns",
                self.name,
                found.name,
                column.name
            ));
        }
        Ok(())
    }

    /// That the user says nothing of it but its columns' names, and as many of them as there are.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] otherwise.
    pub(crate) fn check_asked(&self, asked: &Asked) -> Result<()> {
        if !(Asked { columns: None, ..asked.clone() }).is_empty() {
            return Err(crate::usage!(
                "{} is Parquet: of the flags for csv only --csv-columns says something of it; leave out the others",
                self.name
            ));
        }
        match &asked.columns {
            Some(names) => check_count(names, Some(self.columns.len()), &self.name),
            None => Ok(()),
        }
    }

    /// Which of its columns is which of these, by what the user says and else by name.
    ///
    /// # Errors
    /// As [`Fit::by_name`], [`ParquetFile::check_asked`] and [`ParquetFile::check`].
    pub(crate) fn fit(&self, asked: &Asked, columns: &[Column]) -> Result<Fit> {
        self.check_asked(asked)?;
        let own: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        let fit = match &asked.columns {
            Some(names) => Fit::by_name(names, NamedBy::Flag, &self.name, columns),
            None => Fit::by_name(&own, NamedBy::Schema, &self.name, columns),
        }?;
        self.check(&fit.columns, &fit.sources)?;
        Ok(fit)
    }

    /// Its rows as the fit takes them.
    pub(crate) fn blocks_for(self, fit: &Fit) -> Blocks {
        let mut wanted = vec![None; self.columns.len()];
        for (column, source) in fit.columns.iter().zip(&fit.sources) {
            wanted[*source] = Some(column.kind.codec() != Codec::Scalar(Scalar::Bytea));
        }
        self.into_blocks(wanted)
    }

    /// Its rows as blocks of csv, from the first to the last, each block with the number of its first row as the
    /// line. Of the columns those are left empty that `wanted` has no type for; bytes become text for those of
    /// another type than `bytea`.
    pub(crate) fn into_blocks(self, wanted: Vec<Option<bool>>) -> Blocks {
        let mut rows =
            Rows { file: self, wanted, group: 0, left: 0, at_a_time: 0, readers: Vec::new(), row: 1 };
        Box::new(move || rows.next_block())
    }
}

/// Rows being read.
struct Rows {
    file: ParquetFile,
    /// For each column whether its bytes are text; `None` for one that is not read.
    wanted: Vec<Option<bool>>,
    /// The number of the next group of rows.
    group: usize,
    /// Rows of this group that are not read.
    left: i64,
    at_a_time: i64,
    readers: Vec<Option<ColumnReader>>,
    row: u64,
}

impl Rows {
    fn next_block(&mut self) -> Result<Option<Block>> {
        while self.left == 0 {
            if self.group == self.file.reader.num_row_groups() {
                return Ok(None);
            }
            self.next_group().map_err(|error| damaged(&self.file.name, &error))?;
        }
        let count = self.left.min(self.at_a_time);
        let mut columns = Vec::with_capacity(self.readers.len());
        for (i, reader) in self.readers.iter_mut().enumerate() {
            let found = &self.file.columns[i];
            let (Some(reader), Some(as_text), Ok(kind)) = (reader, self.wanted[i], &found.kind) else {
                columns.push(None);
                continue;
            };
            let read = texts(reader, *kind, as_text, found.optional, count as usize)
                .map_err(|error| damaged(&format!("{}, column {:?}", self.file.name, found.name), &error))?;
            columns.push(Some(read));
        }
        let bytes = csv(&columns, count as usize);
        let block = Block { quoted: bytes.contains(&b'"'), first_line: self.row, bytes };
        self.left -= count;
        self.row += count as u64;
        Ok(Some(block))
    }

    fn next_group(&mut self) -> parquet::errors::Result<()> {
        let group = self.file.reader.get_row_group(self.group)?;
        self.left = group.metadata().num_rows();
        let bytes = group.metadata().total_byte_size().max(1) / self.left.max(1);
        self.at_a_time = (BLOCK_BYTES as i64 / bytes.max(1)).clamp(1, MOST_ROWS);
        self.readers.clear();
        // The readers of a flat column are one for each; others have more leaves, and are not read.
        let mut leaf = 0;
        let schema = self.file.reader.metadata().file_metadata().schema_descr();
        for (i, column) in self.file.columns.iter().enumerate() {
            let wanted = self.wanted[i].is_some() && column.kind.is_ok();
            self.readers.push(if wanted { Some(group.get_column_reader(leaf)?) } else { None });
            let mut leaves = leaf..schema.num_columns();
            leaf += leaves
                .by_ref()
                .take_while(|leaf| schema.get_column_root(*leaf).name() == column.name)
                .count();
        }
        self.group += 1;
        Ok(())
    }
}

/// Rows of csv out of their columns; an empty field for a column that is not read.
fn csv(columns: &[Option<Texts>], rows: usize) -> Vec<u8> {
    let mut fields: Vec<_> = columns.iter().map(|column| column.as_ref().map(Texts::iter)).collect();
    let mut out = Vec::with_capacity(BLOCK_BYTES);
    for _ in 0..rows {
        for (i, column) in fields.iter_mut().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            if let Some(Some(text)) = column.as_mut().and_then(Iterator::next) {
                push_text(&mut out, text);
            }
        }
        out.push(b'\n');
    }
    out
}

fn damaged(name: &str, error: &parquet::errors::ParquetError) -> anyhow::Error {
    crate::bad_data!("{name}: the Parquet data is damaged or of a kind that is not read here ({error})")
}
