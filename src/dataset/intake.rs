//! Rows of a file becoming those of a dataset: each field by its canonical text, on all cores, with the content
//! sum of what is written.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::path::Path;

use anyhow::Result;

use super::bad_field::{BadField, Unit};
use super::blocks::{Block, newlines};
use super::checksum::{ContentSum, RowHasher};
use super::columns::Column;
use super::convert::EncodingWriter;
use super::dialect::{Dialect, Fit, Marks, Splitter, Standard, Style};
use super::encode::Encoder;
use super::manifest::Encoded;
use super::pipeline;
use super::rows::{Fields, utf8};
use crate::fault::nearest_then;
use crate::interrupt::Interrupt;
use crate::model::Encoding;
use crate::value::{Codec, Refused};

/// How a file's rows are taken.
pub(crate) struct Intake<'i> {
    /// The table that the dataset's files are named by.
    pub table: &'i str,
    /// The file, as messages name it.
    pub name: &'i str,
    /// What its rows are counted by.
    pub unit: Unit,
    /// How it is written.
    pub dialect: &'i Dialect,
    /// Which field is which column.
    pub fit: &'i Fit,
}

/// A dataset's csv, as it was made.
pub(crate) struct Taken {
    /// The file.
    pub csv: Encoded,
    /// The content sum of its rows.
    pub content: ContentSum,
    /// Their number.
    pub rows: u64,
    /// Their columns: those with a value that only the server can read as they came.
    pub columns: Vec<Column>,
    /// For each of these, why, in words.
    pub unread: Vec<String>,
}

/// Of each column with values that the client cannot read the first one, in words.
type Unread = BTreeMap<usize, String>;

/// The rows of a block, as they were made.
struct Made {
    csv: Vec<u8>,
    rows: u64,
    content: ContentSum,
    unread: Unread,
}

impl Intake<'_> {
    /// Makes a dataset's csv in `dir` out of the blocks that `open` begins to give anew each time it is called.
    /// Where a column has a value that only the server can read, all its values stay as they came, which is
    /// known when all have been looked at: then the file is read a second time.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Data`] naming file, place, field, type, value and rule for what no server takes;
    /// when reading or writing fails; or [`crate::fault::Fault::Interrupted`].
    pub(crate) fn take<S>(
        &self,
        dir: &Path,
        interrupt: &Interrupt,
        mut open: impl FnMut() -> Result<S>,
    ) -> Result<Taken>
    where
        S: FnMut() -> Result<Option<Block>> + Send,
    {
        let mut columns: Vec<Column> = self.fit.columns.clone();
        for column in &mut columns {
            if column.kind.codec() == Codec::Foreign {
                *column = column.clone().as_it_came();
            }
        }
        let mut unread = Vec::new();
        loop {
            match self.pass(&columns, dir, interrupt, open()?)? {
                Ok((csv, content, rows)) => return Ok(Taken { csv, content, rows, columns, unread }),
                Err(found) => {
                    for (i, words) in found {
                        columns[i] = columns[i].clone().as_it_came();
                        unread.push(words);
                    }
                }
            }
        }
    }

    /// Reads all rows once: the csv, or the columns with values that the client cannot read.
    fn pass(
        &self,
        columns: &[Column],
        dir: &Path,
        interrupt: &Interrupt,
        source: impl FnMut() -> Result<Option<Block>> + Send,
    ) -> Result<Result<(Encoded, ContentSum, u64), Unread>> {
        let encoder = Encoder::new(columns, Encoding::Csv)?;
        let mut writer = EncodingWriter::create(dir, self.table, Encoding::Csv)?;
        let (mut content, mut unread) = (ContentSum::default(), Unread::new());
        let standard = Dialect { header: false, ..self.dialect.clone() } == Dialect::standard();
        pipeline::ordered(
            pipeline::cores(),
            interrupt,
            source,
            |block| match standard {
                true => self.make(Standard, columns, &encoder, block),
                false => self.make(self.dialect, columns, &encoder, block),
            },
            |made| {
                for (i, words) in made.unread {
                    unread.entry(i).or_insert(words);
                }
                if !unread.is_empty() {
                    return Ok(());
                }
                content.merge(made.content);
                writer.write(&made.csv, made.rows)
            },
        )?;
        if !unread.is_empty() {
            return Ok(Err(unread));
        }
        let rows = writer.rows();
        if rows == 0 {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            let (name, names) = (self.name, names.join(","));
            return Err(crate::bad_data!("{name} has no rows: give a file with rows of {names}"));
        }
        Ok(Ok((writer.keep()?, content, rows)))
    }

    fn make<M: Marks>(&self, marks: M, columns: &[Column], encoder: &Encoder, block: Block) -> Result<Made> {
        let (style, first) = (Style::of_block(&block), block.first_line);
        let text = utf8(block.bytes, first, self.name)?;
        let mut made = Made {
            csv: Vec::with_capacity(text.len() + 64),
            rows: 0,
            content: ContentSum::default(),
            unread: Unread::new(),
        };
        let mut splitter = Splitter::new(marks, self.fit.fields.len());
        let mut values = Values::new(columns);
        let hasher = RowHasher::new(columns);
        let mut at = 0;
        while at < text.len() {
            let place = |at: usize, rows: u64| match self.unit {
                Unit::Line => first + newlines(&text.as_bytes()[..at]),
                Unit::Row => first + rows,
            };
            let words =
                |bad: &BadField| bad.words(self.name, self.unit, place(at, made.rows), &self.fit.fields);
            let next = splitter.split(&text, at, style).map_err(|bad| crate::bad_data!("{}", words(&bad)))?;
            values.text.clear();
            for (i, source) in self.fit.sources.iter().enumerate() {
                let Err(refused) = values.take(i, &splitter, &text, *source) else { continue };
                let certain = refused.as_ref().is_none_or(|refused| refused.certain);
                let bad = match refused {
                    None => splitter.refused_null(&text, *source),
                    Some(Refused { rule, .. }) => {
                        let bad = BadField::new(Some(*source), splitter.field(&text, *source), rule);
                        splitter.placed(&text, bad)
                    }
                };
                if certain {
                    return Err(crate::bad_data!("{}", words(&bad)));
                }
                made.unread.entry(i).or_insert_with(|| words(&bad));
            }
            let row =
                Canonical { values: &values, splitter: &splitter, text: &text, sources: &self.fit.sources };
            encoder.push_row(&row, &mut made.csv);
            made.content.add(hasher.hash(&row));
            made.rows += 1;
            at = next;
        }
        Ok(made)
    }
}

/// The values of a row.
struct Values {
    codecs: Vec<Codec>,
    nullable: Vec<bool>,
    nulls: Vec<bool>,
    ints: Vec<i64>,
    /// Where in the text each field is that is spelled otherwise than it came.
    spans: Vec<Option<Range<usize>>>,
    text: String,
    /// Of each enum whose labels are known these.
    labels: Vec<Option<Labels>>,
}

/// The labels of an enum, in their order and to look them up.
struct Labels(Vec<String>, HashSet<String>);

impl Labels {
    fn of(column: &Column) -> Option<Self> {
        let labels = Some(&column.labels).filter(|labels| !labels.is_empty() && column.is_known())?;
        Some(Self(labels.clone(), labels.iter().cloned().collect()))
    }

    /// Passes when it is one of them.
    fn check(&self, value: &str) -> Result<(), Refused> {
        const LISTED: usize = 12;
        if self.1.contains(value) {
            return Ok(());
        }
        let known = || self.0.iter().map(String::as_str);
        let mut listed: Vec<String> = known().take(LISTED).map(|label| format!("{label:?}")).collect();
        if self.0.len() > LISTED {
            listed.push("...".into());
        }
        let hint = nearest_then(value, known());
        Err(Refused::wrong(format!("is no label of this enum{hint} it has {}", listed.join(", "))))
    }
}

impl Values {
    fn new(columns: &[Column]) -> Self {
        Self {
            codecs: columns.iter().map(Column::codec).collect(),
            nullable: columns.iter().map(|column| column.nullable).collect(),
            nulls: vec![false; columns.len()],
            ints: vec![0; columns.len()],
            spans: vec![None; columns.len()],
            text: String::new(),
            labels: columns.iter().map(Labels::of).collect(),
        }
    }

    /// Takes the value of a field; `None` is the error of a NULL.
    #[inline]
    fn take<M: Marks>(
        &mut self,
        i: usize,
        splitter: &Splitter<M>,
        text: &str,
        source: usize,
    ) -> Result<(), Option<Refused>> {
        let null = splitter.is_null(source);
        self.nulls[i] = null;
        self.ints[i] = 0;
        self.spans[i] = None;
        if null {
            return if self.nullable[i] { Ok(()) } else { Err(None) };
        }
        let codec = self.codecs[i];
        if codec.is_text() || codec == Codec::Foreign {
            return Ok(());
        }
        let field = splitter.field(text, source);
        if codec.is_number() {
            self.ints[i] = codec.number(field)?;
            return Ok(());
        }
        let start = self.text.len();
        codec.push_canonical(field, &mut self.text)?;
        if let Some(labels) = &self.labels[i] {
            labels.check(field)?;
        }
        self.spans[i] = Some(start..self.text.len());
        Ok(())
    }
}

/// A row by the canonical texts of its values.
struct Canonical<'r, M> {
    values: &'r Values,
    splitter: &'r Splitter<M>,
    text: &'r str,
    sources: &'r [usize],
}

impl<M: Marks> Fields for Canonical<'_, M> {
    #[inline]
    fn field(&self, i: usize) -> &str {
        match &self.values.spans[i] {
            Some(span) => &self.values.text[span.clone()],
            None => self.splitter.field(self.text, self.sources[i]),
        }
    }

    #[inline]
    fn int(&self, i: usize) -> i64 {
        self.values.ints[i]
    }

    #[inline]
    fn is_null(&self, i: usize) -> bool {
        self.values.nulls[i]
    }
}
