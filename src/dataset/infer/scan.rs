//! Looking at all rows of a file, on all cores.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use super::super::bad_field::Unit;
use super::super::blocks::{Block, newlines};
use super::super::columns::Column;
use super::super::dialect::{Asked, Dialect, Splitter, Style};
use super::super::import::open;
use super::super::look::{Form, blocks, check_count, look};
use super::super::lookup3::hash_bytes;
use super::super::packed::or_damage;
use super::super::parquet::{ParquetFile, is_parquet};
use super::super::pipeline;
use super::super::rows::utf8;
use super::kinds::{Kind, Kinds};
use super::names::{Given, Name, names};
use super::unique::{Different, Hashes, MOST_HASHES};
use crate::interrupt::Interrupt;
use crate::value::SqlType;

/// The most columns of a table of PostgreSQL's.
const MOST_COLUMNS: usize = 1600;

/// What all rows of a file say of its columns.
#[derive(Debug)]
pub(crate) struct Inferred {
    /// How it is written.
    pub form: Form,
    /// Its rows.
    pub rows: u64,
    /// Its columns, in its order; `None` for one that is passed over.
    pub columns: Vec<Option<Found>>,
    /// The names of columns that can be none of a table, each with the reason.
    pub left_out: Vec<(String, String)>,
}

/// What all rows say of a column.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its name.
    pub name: Name,
    /// The narrowest type that holds all values.
    pub kind: Kind,
    /// The type that the file's schema says, as `format_type` writes it.
    pub declared: Option<String>,
    /// What its values have in common.
    pub kinds: Kinds,
    /// Its NULLs.
    pub nulls: u64,
    /// Whether its values are all different.
    pub different: Different,
}

/// What all rows say of a field.
struct Seen {
    kinds: Kinds,
    nulls: u64,
    different: Different,
}

impl Seen {
    fn named(self, name: Name, declared: Option<String>) -> Found {
        let Self { kinds, nulls, different } = self;
        Found { name, kind: kinds.kind(), declared, kinds, nulls, different }
    }
}

/// What some rows say.
struct Part {
    rows: u64,
    columns: Vec<(Kinds, u64, Vec<u64>)>,
}

/// Where rows are found.
struct Rows<'r> {
    file: &'r str,
    unit: Unit,
    dialect: &'r Dialect,
    fields: &'r [Column],
}

/// Looks at all rows of a file.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when it cannot be read, or what is asked for is not possible;
/// [`crate::fault::Fault::Data`] for a row that cannot be read, with its line, or none; or
/// [`crate::fault::Fault::Interrupted`].
pub(crate) fn infer(path: &Path, asked: &Asked, interrupt: &Interrupt) -> Result<Inferred> {
    let file = path.display().to_string();
    if is_parquet(&open(path)?).with_context(|| format!("reading {file}"))? {
        return infer_parquet(path, &file, asked, interrupt);
    }
    or_damage(infer_csv(path, &file, asked, interrupt), path, interrupt)
}

/// By its rows alone.
fn infer_csv(path: &Path, file: &str, asked: &Asked, interrupt: &Interrupt) -> Result<Inferred> {
    let begun = look(open(path)?, file, asked, None)?;
    let csv = begun.csv;
    let first: Vec<String> =
        begun.rows.first().into_iter().flatten().map(|(field, _)| field.clone()).collect();
    if let Some(names) = &asked.columns {
        check_count(names, Some(first.len()).filter(|fields| *fields > 0), file)?;
    }
    // Where the first row is longer than what was looked at, it says how many fields there are.
    let count = asked.columns.as_ref().map_or(first.len(), Vec::len);
    let mut source = blocks(begun.input, file, &csv.dialect);
    let mut held = source()?;
    let count = match &held {
        Some(block) if count == 0 => fields_of(block, &csv.dialect, file)?,
        _ => count,
    };
    let names = names(match &asked.columns {
        Some(names) => Given::User(names),
        None if csv.dialect.header => Given::File(&first),
        None => Given::Nobody(count),
    });
    check_columns(names.iter().flatten().count(), file)?;
    let fields: Vec<Column> = names
        .iter()
        .map(|name| Column::new(name.as_ref().map_or("passed over", |name| &name.name), SqlType::text()))
        .collect();
    let rows = Rows { file, unit: Unit::Line, dialect: &csv.dialect, fields: &fields };
    let next = move || held.take().map_or_else(&mut source, |block| Ok(Some(block)));
    let (rows, columns) = rows.scan(next, interrupt)?;
    let columns = names.into_iter().zip(columns).map(|(name, found)| Some(found.named(name?, None)));
    Ok(Inferred { columns: columns.collect(), form: Form::Csv(csv), rows, left_out: Vec::new() })
}

/// By the file's schema; its rows say what is NULL and what is there twice.
fn infer_parquet(path: &Path, file: &str, asked: &Asked, interrupt: &Interrupt) -> Result<Inferred> {
    let parquet = ParquetFile::open(open(path)?, file)?;
    parquet.check_asked(asked)?;
    let own: Vec<String> = parquet.columns.iter().map(|column| column.name.clone()).collect();
    let mut names = names(match &asked.columns {
        Some(names) => Given::User(names),
        None => Given::File(&own),
    });
    let mut left_out = Vec::new();
    for (name, column) in names.iter_mut().zip(&parquet.columns) {
        if let (Some(_), Err(what)) = (&name, &column.kind) {
            left_out.push((column.name.clone(), what.clone()));
            *name = None;
        }
    }
    check_columns(names.iter().flatten().count(), file)?;
    let fields: Vec<Column> = own.iter().map(|name| Column::new(name, SqlType::text())).collect();
    let declared: Vec<_> = parquet.columns.iter().map(|one| Some(one.kind.as_ref().ok()?.sql())).collect();
    let dialect = Form::Parquet.dialect();
    let rows = Rows { file, unit: Unit::Row, dialect: &dialect, fields: &fields };
    let wanted = names.iter().map(|name| name.as_ref().map(|_| false)).collect();
    let (rows, columns) = rows.scan(parquet.into_blocks(wanted), interrupt)?;
    let columns = names.into_iter().zip(declared).zip(columns);
    let columns = columns.map(|((name, declared), found)| Some(found.named(name?, declared)));
    Ok(Inferred { columns: columns.collect(), form: Form::Parquet, rows, left_out })
}

/// The number of fields of a block's first row.
fn fields_of(block: &Block, dialect: &Dialect, file: &str) -> Result<usize> {
    let mut splitter = Splitter::new(dialect, 0);
    let text = String::from_utf8_lossy(&block.bytes);
    splitter.split_all(&text, 0).map_err(|bad| bad.at(file, block.first_line, &[]))?;
    Ok(splitter.len())
}

fn check_columns(count: usize, file: &str) -> Result<()> {
    match count {
        0 => {
            Err(crate::bad_data!("{file} has no columns: give a file with rows, and a name for one of them"))
        }
        1..=MOST_COLUMNS => Ok(()),
        _ => Err(crate::bad_data!(
            "{file} has {count} columns, and a table of PostgreSQL's at most {MOST_COLUMNS}; name those to take by \
             --csv-columns, with nothing between two commas for one to pass over"
        )),
    }
}

impl Rows<'_> {
    /// Looks at all rows; says how many, and what of each column.
    fn scan(
        &self,
        source: impl FnMut() -> Result<Option<Block>> + Send,
        interrupt: &Interrupt,
    ) -> Result<(u64, Vec<Seen>)> {
        let count = self.fields.len();
        let hashed: Vec<AtomicBool> = (0..count).map(|_| AtomicBool::new(true)).collect();
        let mut hashes = Hashes::new(count, MOST_HASHES);
        let mut rows = 0;
        let mut columns: Vec<(Kinds, u64)> = vec![(Kinds::default(), 0); count];
        pipeline::ordered(
            pipeline::cores(),
            interrupt,
            source,
            |block| self.look_at(block, &hashed),
            |part| {
                rows += part.rows;
                for (i, (kinds, nulls, of_values)) in part.columns.into_iter().enumerate() {
                    columns[i].0.merge(kinds);
                    columns[i].1 += nulls;
                    hashes.add(i, &of_values);
                    hashed[i].store(hashes.wants(i), Ordering::Relaxed);
                }
                Ok(())
            },
        )?;
        if rows == 0 {
            return Err(crate::bad_data!("{} has no rows: types are found in rows", self.file));
        }
        let found = columns.into_iter().enumerate().map(|(i, (kinds, nulls))| {
            let different = hashes.different(i, &kinds);
            Seen { kinds, nulls, different }
        });
        Ok((rows, found.collect()))
    }

    fn look_at(&self, block: Block, hashed: &[AtomicBool]) -> Result<Part> {
        let (style, first) = (Style::of_block(&block), block.first_line);
        let text = utf8(block.bytes, first, self.file)?;
        let mut splitter = Splitter::new(self.dialect, self.fields.len());
        let hashed: Vec<bool> = hashed.iter().map(|one| one.load(Ordering::Relaxed)).collect();
        let mut part = Part { rows: 0, columns: vec![(Kinds::default(), 0, Vec::new()); self.fields.len()] };
        let mut at = 0;
        while at < text.len() {
            at = splitter.split(&text, at, style).map_err(|bad| {
                let place = match self.unit {
                    Unit::Line => first + newlines(&text.as_bytes()[..at]),
                    Unit::Row => first + part.rows,
                };
                crate::bad_data!("{}", bad.words(self.file, self.unit, place, self.fields))
            })?;
            part.rows += 1;
            for (i, (kinds, nulls, hashes)) in part.columns.iter_mut().enumerate() {
                if splitter.is_null(i) {
                    *nulls += 1;
                    continue;
                }
                let field = splitter.field(&text, i);
                kinds.add(field);
                if hashed[i] {
                    hashes.push(hash_bytes(field.as_bytes(), 0));
                }
            }
        }
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, asked: &Asked) -> Result<Inferred> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), text)?;
        infer(file.path(), asked, &Interrupt::new())
    }

    #[test]
    fn all_rows_of_all_blocks_are_looked_at() {
        let rows: String = (0..60_000).map(|i| format!("{i},{},x{}\n", i % 7, 59_999 - i)).collect();
        let found =
            found(&format!("id,n,t\n{rows}\n{rows}").replace("\n\n", "\n70000,,\n"), &Asked::default())
                .unwrap();
        assert_eq!((found.rows, found.form.dialect().header), (120_001, true));
        let facts: Vec<_> = found
            .columns
            .iter()
            .flatten()
            .map(|one| (one.name.name.as_str(), one.kind, one.nulls, one.different))
            .collect();
        assert_eq!(
            facts,
            [
                ("id", Kind::Integer, 0, Different::Not),
                ("n", Kind::Smallint, 1, Different::Not),
                ("t", Kind::Text, 1, Different::Not)
            ]
        );
    }

    #[test]
    fn columns_are_named_by_the_header_the_user_or_their_number() {
        let names = |text: &str, asked: &Asked| -> Vec<Option<String>> {
            found(text, asked).unwrap().columns.into_iter().map(|one| Some(one?.name.name)).collect()
        };
        let some = |of: &[&str]| {
            of.iter().map(|name| (!name.is_empty()).then(|| (*name).to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(names("1,2\n3,4\n", &Asked::default()), some(&["column_1", "column_2"]));
        let asked = Asked { columns: Some(vec!["a".into(), String::new()]), ..Asked::default() };
        assert_eq!(names("x,y\n3,4\n", &asked), some(&["a", ""]));
        assert!(found("1,2,3\n", &asked).unwrap_err().to_string().contains("names 2"));
    }

    #[test]
    fn a_file_without_rows_or_with_too_many_columns_is_refused() {
        for (text, word) in [
            (String::new(), "no columns"),
            ("a,b\n1\n2,3\n4,5\n".into(), "line 2: \"1\" has 1 field"),
            (",".repeat(1600) + "\n", "1601 columns"),
        ] {
            let error = found(&text, &Asked::default()).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        let header = Asked { header: Some(true), ..Asked::default() };
        assert!(found("a,b\n", &header).unwrap_err().to_string().contains("no rows"));
        let wide = Asked { columns: Some(vec![String::new(); 1601]), ..Asked::default() };
        assert!(found(&(",".repeat(1600) + "\n"), &wide).unwrap_err().to_string().contains("no columns"));
    }

    #[test]
    fn a_first_row_longer_than_the_beginning_counts() {
        let text = format!("\"{}\",2\nx,3\n", "a,".repeat(1 << 20));
        let found = found(&text, &Asked::default()).unwrap();
        assert_eq!((found.rows, found.columns.len()), (2, 2));
    }
}
