//! Other forms of a dataset: the same rows with other types.

use std::collections::HashMap;

use anyhow::{Context, Result};

use super::checksum::{ContentSum, RowHasher};
use super::convert::EncodingWriter;
use super::encode::Encoder;
use super::manifest::{DatasetOrigin, Manifest};
use super::rows::{Fields, Row, RowReader};
use super::store::DirLock;
use super::{Column, Dataset};
use crate::fault::nearest_then;
use crate::interrupt::Interrupt;
use crate::model::Encoding;
use crate::value::SqlType;

/// The form in which each text is a number.
pub const NUMERIC: &str = "numeric";

/// Rows between two writes, and two looks at whether to stop.
const BLOCK_ROWS: u64 = 32_768;

impl Dataset {
    /// The dataset's rows in the form of this name, made first where the cache lacks it, in a
    /// directory beside its own. There is one: [`NUMERIC`] has a `bigint` in place of each text, its number among the
    /// column's different texts in the order of their first appearance, from 1. It shows what a
    /// table of keys costs where this one has a table of names.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for any other name; as [`Dataset::ensure`] otherwise.
    pub fn in_form(&self, name: &str, interrupt: &Interrupt) -> Result<Dataset> {
        check_form(name)?;
        let dir = self.dir.with_file_name(format!("{}-{NUMERIC}", self.name()));
        let origin = DatasetOrigin::Numbered { source_content: self.manifest.content.to_string() };
        let made = |dir| Ok::<_, anyhow::Error>(Manifest::read(dir)?.filter(|m| m.origin == origin));
        if let Some(manifest) = made(&dir)? {
            return Ok(Self::with(dir, manifest));
        }
        let _lock = DirLock::take(&dir, interrupt)?;
        if let Some(manifest) = made(&dir)? {
            return Ok(Self::with(dir, manifest));
        }
        let columns = numbered(&self.manifest.columns);
        let mut writer = EncodingWriter::create(&dir, self.manifest.table(), Encoding::Csv)?;
        let content = number(self, &columns, &mut writer, interrupt)
            .with_context(|| format!("numbering the texts of {}", self.dir.display()))?;
        let manifest = Manifest::new(origin, self.rows(), columns, content.content(), writer.keep()?);
        Self::finish(dir, manifest)
    }
}

/// Whether this is the name of a form, and not of a dataset of its own.
pub(crate) fn is_form(name: &str) -> bool {
    name == NUMERIC
}

/// Passes when datasets have a form of this name.
///
/// # Errors
/// [`crate::fault::Fault::Usage`], with the nearest that they have.
pub(crate) fn check_form(name: &str) -> Result<()> {
    if is_form(name) {
        return Ok(());
    }
    Err(crate::usage!(
        "dataset = \"{name}\": there is no such form of the rows{} leave it out, or write dataset = \"{NUMERIC}\"",
        nearest_then(name, [NUMERIC])
    ))
}

fn numbered(columns: &[Column]) -> Vec<Column> {
    let number = |column: &Column| match column.codec().is_text() {
        true => Column { kind: SqlType::int8(), ..column.clone() },
        false => column.clone(),
    };
    columns.iter().map(number).collect()
}

fn number(
    source: &Dataset,
    columns: &[Column],
    writer: &mut EncodingWriter,
    interrupt: &Interrupt,
) -> Result<ContentSum> {
    let mut numbers: Vec<HashMap<Box<str>, i64>> = vec![HashMap::new(); columns.len()];
    let encoder = Encoder::new(columns, Encoding::Csv)?;
    let mut of_row = vec![None; columns.len()];
    let mut reader = source.reader()?;
    let mut content = ContentSum::default();
    let mut left = source.rows();
    while left > 0 {
        interrupt.check()?;
        let rows = left.min(BLOCK_ROWS);
        let mut block = Vec::new();
        for _ in 0..rows {
            let row = reader.next_row()?.with_context(|| format!("{left} rows early, it ended"))?;
            for (i, column) in source.columns().iter().enumerate() {
                let number = match column.codec().is_text() && !Fields::is_null(&row, i) {
                    true => Some(number_of(&mut numbers[i], row.field(i))),
                    false => None,
                };
                of_row[i] = number;
            }
            encoder.push_row(&Numbered { row, numbers: &of_row }, &mut block);
        }
        content.merge(sum(&block, columns)?);
        writer.write(&block, rows)?;
        left -= rows;
    }
    Ok(content)
}

/// A row with numbers in place of its texts.
struct Numbered<'a> {
    row: Row<'a>,
    numbers: &'a [Option<i64>],
}

impl Fields for Numbered<'_> {
    fn field(&self, i: usize) -> &str {
        self.row.field(i)
    }

    fn int(&self, i: usize) -> i64 {
        self.numbers[i].unwrap_or_else(|| self.row.int(i))
    }

    fn is_null(&self, i: usize) -> bool {
        Fields::is_null(&self.row, i)
    }
}

fn number_of(numbers: &mut HashMap<Box<str>, i64>, text: &str) -> i64 {
    match numbers.get(text) {
        Some(number) => *number,
        None => {
            let number = numbers.len() as i64 + 1;
            numbers.insert(text.into(), number);
            number
        }
    }
}

/// The sum of the rows as they are written, not as they were meant.
fn sum(csv: &[u8], columns: &[Column]) -> Result<ContentSum> {
    let hasher = RowHasher::new(columns);
    let mut reader = RowReader::over(csv.to_vec(), columns, "the numbered rows".into());
    let mut sum = ContentSum::default();
    while let Some(row) = reader.next_row()? {
        sum.add(hasher.hash(&row));
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_numbers_that_are_as_often_the_same() {
        let cache = tempfile::tempdir().unwrap();
        let interrupt = Interrupt::new();
        let votes = Dataset::generated(cache.path(), 5_000, 1, &interrupt).unwrap();
        let mut numeric = votes.in_form(NUMERIC, &interrupt).unwrap();
        numeric.ensure(Encoding::Binary, &interrupt).unwrap();
        assert_eq!((numeric.rows(), numeric.columns()[0].kind.clone()), (5_000, SqlType::int8()));
        assert_eq!(numeric.columns()[2], votes.columns()[2]);

        let (mut texts, mut numbers) = (votes.reader().unwrap(), numeric.reader().unwrap());
        let mut of = HashMap::new();
        while let Some(text) = texts.next_row().unwrap() {
            let number = numbers.next_row().unwrap().unwrap();
            assert_eq!(*of.entry(text.field(1).to_owned()).or_insert(number.int(1)), number.int(1));
            assert_eq!(text.int(2), number.int(2));
        }
        assert_eq!(of.values().max(), Some(&(of.len() as i64)), "from 1 without gaps");

        let again = votes.in_form(NUMERIC, &interrupt).unwrap();
        assert_eq!(again.facts().content, numeric.facts().content);
        assert!(
            votes.in_form("numerc", &interrupt).unwrap_err().to_string().contains("did you mean `numeric`?")
        );
    }
}
