//! Where in a file a row is, for words about what is wrong with it.

use anyhow::Result;

use super::bad_field::{BadField, Unit};
use super::blocks::newlines;
use super::dialect::{Splitter, Style};
use super::import::{RowsFile, open, said};
use super::look::{Form, blocks, look};
use super::parquet::ParquetFile;
use super::rows::utf8;
use super::{Dataset, Fields};

impl RowsFile<'_> {
    /// What is wrong with the row of this number, from 1: where it is, the value of the column of this name
    /// and its type, or where there is none the row's beginning; then the rule.
    ///
    /// # Errors
    /// When the file cannot be read, or has no such row.
    pub(crate) fn words(&self, row: u64, column: Option<&str>, rule: &str) -> Result<String> {
        let name = self.path.display().to_string();
        let said = said(self.path, self.wanted())?;
        let (dialect, unit, fit) = (said.form.dialect(), said.form.unit(), &said.fit);
        let source = column.and_then(|column| {
            let at = fit.columns.iter().position(|known| known.name == column)?;
            Some(fit.sources[at])
        });
        let mut next_block = match &said.form {
            Form::Parquet => ParquetFile::open(open(self.path)?, &name)?.blocks_for(fit),
            Form::Csv(_) => {
                let begun = look(open(self.path)?, &name, self.asked, Some(self.wanted()))?;
                blocks(begun.input, &name, &dialect)
            }
        };
        let mut number = 0;
        while let Some(block) = next_block()? {
            let (style, first) = (Style::of_block(&block), block.first_line);
            let (text, before) = (utf8(block.bytes, first, &name)?, number);
            let mut splitter = Splitter::new(&dialect, fit.fields.len());
            let mut at = 0;
            while at < text.len() {
                let next = splitter
                    .split(&text, at, style)
                    .map_err(|bad| crate::bad_data!("{name}: {}", bad.rule))?;
                number += 1;
                if number < row {
                    at = next;
                    continue;
                }
                let place = match unit {
                    Unit::Line => first + newlines(&text.as_bytes()[..at]),
                    Unit::Row => first + number - before - 1,
                };
                let bad = match source {
                    Some(source) => {
                        let bad = BadField::new(Some(source), splitter.field(&text, source), rule);
                        splitter.placed(&text, bad)
                    }
                    None => BadField::new(None, text[at..next].trim_end_matches(['\r', '\n']), rule),
                };
                return Ok(bad.words(&name, unit, place, &fit.fields));
            }
        }
        Err(crate::bad_data!("{name} has {number} rows, and row {row} was loaded of it: it has changed"))
    }
}

impl Dataset {
    /// The number of the row, from 1, that a server means which names this line when it reads the dataset's csv;
    /// the last one where there are not as many.
    ///
    /// It counts the line feeds within rows, but within the first one carriage returns: until that ends, it does
    /// not know how lines end (`CopyReadLineText` in PostgreSQL's copyfromparse.c).
    ///
    /// # Errors
    /// When the csv cannot be read.
    pub(crate) fn row_of_line(&self, line: u64) -> Result<u64> {
        let mut reader = self.reader()?;
        let (mut lines, mut rows) = (0, 0);
        while let Some(row) = reader.next_row()? {
            let end = if rows == 0 { b'\r' } else { b'\n' };
            let within = |i| match Fields::is_null(&row, i) {
                true => 0,
                false => memchr::memchr_iter(end, row.field(i).as_bytes()).count() as u64,
            };
            lines += 1 + (0..self.columns().len()).map(within).sum::<u64>();
            rows += 1;
            if lines >= line {
                break;
            }
        }
        Ok(rows)
    }
}
