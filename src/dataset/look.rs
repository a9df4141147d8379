//! What the beginning of a csv says: how it is written, and which field of it is which column of a table.

use std::fmt;
use std::io::Read;

use anyhow::{Context, Result};

use super::bad_field::Unit;
use super::blocks::{Block, BlockReader, first_row_end, newlines};
use super::columns::Column;
use super::dialect::{Asked, Cut, Dialect, Fit, Header, NamedBy, Rows, Sample, sniff};
use super::first_bytes::{self, Begun, Source};
use super::packed::{Packer, unpacked};

/// The columns to read a csv as, and what the user says of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'w> {
    /// The columns of the table.
    pub columns: &'w [Column],
    /// What the user says.
    pub asked: &'w Asked,
    /// Another name that a header may have for a column, and the column's.
    pub alias: Option<(&'static str, &'static str)>,
}

/// How a csv is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Csv {
    /// Its dialect.
    pub dialect: Dialect,
    /// How it is packed.
    pub packed: Option<Packer>,
    /// How it is known whether there is a header, in words.
    pub header: &'static str,
}

/// How a file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// As csv.
    Csv(Csv),
    /// As Parquet.
    Parquet,
}

impl Form {
    /// The dialect that its rows come in.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Form::Csv(csv) => csv.dialect.clone(),
            Form::Parquet => Dialect::standard(),
        }
    }

    /// What its rows are counted by.
    pub(crate) fn unit(&self) -> Unit {
        match self {
            Form::Csv(_) => Unit::Line,
            Form::Parquet => Unit::Row,
        }
    }
}

/// In one line.
impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Form::Csv(csv) => csv.fmt(f),
            Form::Parquet => f.write_str("Parquet"),
        }
    }
}

/// Blocks of rows, one after the other.
pub(crate) type Blocks = Box<dyn FnMut() -> Result<Option<Block>> + Send>;

/// The beginning of a csv in its dialect.
pub(crate) struct Beginning<R> {
    /// How it is written.
    pub csv: Csv,
    /// Its first rows, a header among them.
    pub rows: Rows,
    /// All of it.
    pub input: Begun<R>,
}

/// What a file has, unpacked.
pub(crate) type Input<'a> = Box<dyn Read + Send + 'a>;

/// Looks at the beginning of a file: how it is written, by what the user says and else by what is found.
///
/// # Errors
/// [`crate::fault::Fault::Data`] for what is no csv; [`crate::fault::Fault::Usage`] for marks that cannot be
/// told apart; or when it cannot be read.
pub(crate) fn look<'a>(
    source: impl Read + Send + 'a,
    name: &str,
    asked: &Asked,
    wanted: Option<Wanted<'_>>,
) -> Result<Beginning<Input<'a>>> {
    let reading = || format!("reading {name}");
    let (reader, packed) = unpacked(source).with_context(reading)?;
    let input = first_bytes::checked(reader, Source { name, packed }).with_context(reading)?;
    let text = String::from_utf8_lossy(&input.start);
    let names = asked.columns.as_ref().map(Vec::len);
    let fields = names.or(wanted.map(|wanted| wanted.columns.len()));
    let (mut dialect, mut rows) = sniff(Sample { text: &text, whole: input.whole }, asked, fields);
    if asked.null.is_none() && wanted.is_some_and(|wanted| !wanted.columns.iter().any(|one| one.nullable)) {
        dialect.null.clear();
    }
    let mut dialect = dialect.checked()?;
    if let (Some((alias, column)), Some(first)) = (wanted.and_then(|wanted| wanted.alias), rows.first_mut()) {
        for (field, _) in first.iter_mut().filter(|(field, _)| field.trim().eq_ignore_ascii_case(alias)) {
            *field = column.into();
        }
    }
    let header = match asked.header {
        Some(there) => Header { there, because: "as the user says" },
        None => Header::of(&rows, &dialect.null, wanted.map(|wanted| wanted.columns)),
    };
    dialect.header = header.there;
    Ok(Beginning { csv: Csv { dialect, packed, header: header.because }, rows, input })
}

impl<R> Beginning<R> {
    /// Which field is which of these columns.
    ///
    /// # Errors
    /// As [`Fit::by_name`] and [`Fit::by_place`]; [`crate::fault::Fault::Usage`] where the user names another
    /// number of columns than a row has.
    pub(crate) fn fit(&self, name: &str, wanted: Wanted<'_>) -> Result<Fit> {
        let first = self.rows.first();
        if let Some(names) = &wanted.asked.columns {
            check_count(names, first.map(Vec::len), name)?;
            return Fit::by_name(names, NamedBy::Flag, name, wanted.columns);
        }
        match first {
            Some(first) if self.csv.dialect.header => {
                let names: Vec<String> = first.iter().map(|(field, _)| field.trim().to_owned()).collect();
                Fit::by_name(&names, NamedBy::Header, name, wanted.columns)
            }
            first => Fit::by_place(first.map_or(wanted.columns.len(), Vec::len), name, wanted.columns),
        }
    }
}

/// That the user names as many columns as a row has fields.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] where it is another number.
pub(crate) fn check_count(names: &[String], fields: Option<usize>, name: &str) -> Result<()> {
    match fields {
        Some(fields) if fields != names.len() => Err(crate::usage!(
            "--csv-columns names {}, and the first row of {name} has {fields}: name each, with nothing between \
             two commas for one to pass over",
            names.len()
        )),
        _ => Ok(()),
    }
}

/// The blocks of a csv, without its header.
pub(crate) fn blocks(input: Begun<Input<'static>>, name: &str, dialect: &Dialect) -> Blocks {
    let cut = Cut::by(dialect);
    let mut reader = BlockReader::new(input.all(), name.to_owned()).cut_by(cut);
    let mut header = dialect.header;
    Box::new(move || {
        let Some(mut block) = reader.next_block()? else { return Ok(None) };
        if std::mem::take(&mut header) {
            let end = first_row_end(&block.bytes, cut);
            block.first_line += newlines(&block.bytes[..end]);
            block.bytes.drain(..end);
        }
        Ok(Some(block))
    })
}

/// In one line.
impl fmt::Display for Csv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "csv by {}", self.dialect)?;
        if let Some(packer) = self.packed {
            write!(f, ", packed by {}", packer.name())?;
        }
        write!(f, " ({})", self.header)
    }
}
