//! The rows of a run that was not started: where they are, how many, and what is still to be made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use crate::dataset::columns::votes;
use crate::dataset::infer::infer;
use crate::dataset::{Asked, BuiltIn, Column, Dataset, default_cache, estimated_bytes};
use crate::interrupt::Interrupt;
use crate::model::Encoding;
use crate::runner::plan::Request;
use crate::units::{bytes, count};
use crate::value::SqlType;
use crate::visible::visible;

/// The rows that a run would load.
#[derive(Debug, Clone)]
pub(crate) struct ForeseenRows {
    /// Their number.
    pub rows: u64,
    /// The columns that they bring; types are as they look where only a server can read those of the table.
    pub columns: Vec<Column>,
    /// Whether the table is of a DDL, which nobody has read.
    pub of_ddl: bool,
    words: String,
    /// The files that are there, with their sizes in bytes.
    made: BTreeMap<Encoding, u64>,
    /// About how large each of the others will be.
    estimated: BTreeMap<Encoding, u64>,
}

const ENCODINGS: [Encoding; 3] = [Encoding::Csv, Encoding::Text, Encoding::Binary];

impl ForeseenRows {
    /// Those of a dataset in the cache.
    ///
    /// # Errors
    /// As [`Dataset::open`].
    pub(crate) fn cached(name: &str) -> Result<Self> {
        Ok(Self::of(&Dataset::open(&default_cache()?.join(name))?))
    }

    fn of(dataset: &Dataset) -> Self {
        let made = dataset.encodings();
        let csv = made.get(&Encoding::Csv).copied().unwrap_or_default();
        Self {
            rows: dataset.rows(),
            columns: dataset.columns().to_vec(),
            of_ddl: false,
            words: format!("{}, {} rows", dataset.name(), count(dataset.rows())),
            made,
            estimated: like_csv(csv),
        }
    }

    /// Invented ones, which the cache may have.
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub(crate) fn invented(table: BuiltIn, request: &Request) -> Result<Self> {
        let found = Dataset::find_invented(&default_cache()?, table, request.rows, request.seed)?;
        let estimated =
            ENCODINGS.map(|encoding| (encoding, estimated_bytes(table, encoding, request.rows))).into();
        Ok(match found {
            Some(dataset) => Self { estimated, ..Self::of(&dataset) },
            None => Self {
                rows: request.rows,
                columns: if table == BuiltIn::Votes { votes() } else { table.columns() },
                of_ddl: false,
                words: format!("{} rows, generated from the seed {}", count(request.rows), request.seed),
                made: BTreeMap::new(),
                estimated,
            },
        })
    }

    /// Those of a file, all of which is looked at.
    ///
    /// # Errors
    /// As [`infer`].
    pub(crate) fn in_file(path: &Path, asked: &Asked, interrupt: &Interrupt) -> Result<Self> {
        let found = infer(path, asked, interrupt)?;
        let columns = found.columns.iter().flatten();
        let columns: Vec<Column> = columns
            .map(|column| Column::new(&column.name.name, SqlType::named(&column.kind.sql())).nullable())
            .collect();
        let name = path.display().to_string();
        Ok(Self {
            rows: found.rows,
            words: format!("{}, {}, {} rows", visible(&name), found.form, count(found.rows)),
            columns,
            of_ddl: true,
            made: BTreeMap::new(),
            estimated: like_csv(std::fs::metadata(path)?.len()),
        })
    }

    /// In words, with how much of these encodings is to be made.
    pub(crate) fn words(&self, encodings: &BTreeSet<Encoding>) -> String {
        match self.to_make(encodings) {
            0 => format!("{}, in the cache", self.words),
            to_make => {
                format!("{}; about {} of it are to be made in the cache first", self.words, bytes(to_make))
            }
        }
    }

    /// About how many bytes of these encodings are to be made.
    pub(crate) fn to_make(&self, encodings: &BTreeSet<Encoding>) -> u64 {
        let lacking = encodings.iter().filter(|encoding| !self.made.contains_key(encoding));
        lacking.map(|encoding| self.estimated[encoding]).sum()
    }

    /// About how many bytes their csv has.
    pub(crate) fn csv_bytes(&self) -> u64 {
        self.made.get(&Encoding::Csv).copied().unwrap_or_else(|| self.estimated[&Encoding::Csv])
    }
}

/// Encodings of a csv of so many bytes: text is as long, binary has four bytes for each comma.
fn like_csv(csv: u64) -> BTreeMap<Encoding, u64> {
    ENCODINGS.map(|encoding| (encoding, if encoding == Encoding::Binary { csv * 3 / 2 } else { csv })).into()
}
