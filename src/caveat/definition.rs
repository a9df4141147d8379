//! The definition of a caveat: a table, the same rows in dirty files, what they were meant to be, and the
//! ways to load them. Nothing here says what happens: that is measured.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use super::files::{Beside, Files};
use crate::fault::{nearest, nearest_then, unknown_field};
use crate::model::findings::{Row, Verdict};
use crate::spelling::Named;
use crate::sql::quote;
use crate::usage;

/// The loaders that every csv file is loaded by; psql's own comes before the INSERTs.
const LOADERS: [&str; 6] =
    ["psql-copy", "pgloader", "pg-bulkload", "psycopg3-copy-rows", "asyncpg-copy-records", "adbc-ingest"];

/// A way in which data goes wrong, with small files that show it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caveat {
    /// Its name: what an experiment lists it by, and the name of its files.
    pub id: String,
    /// The published claim that it puts to the test, by its number in the ledger; empty for none.
    #[serde(default)]
    pub claim: String,
    /// The heading of its reports.
    pub title: String,
    /// The source's statement, in this project's words.
    pub says: String,
    /// Who says it.
    pub source: String,
    /// The verdict that the source predicts, by the id of the way.
    #[serde(default)]
    pub expected: BTreeMap<String, Named<Verdict>>,
    /// The table's columns.
    pub columns: Vec<Column>,
    /// The columns of its primary key; none without one.
    #[serde(default)]
    pub key: Vec<String>,
    /// Rows that the table holds before, one JSON array a line.
    #[serde(default)]
    before: String,
    /// The rows that the files hold and any way can load, as the table should hold them; likewise.
    good: String,
    /// The rows that are dirty in the files, as they are meant; likewise. A row that means nothing is
    /// in neither.
    #[serde(default)]
    dirty: String,
    /// A statement that follows each load that ended well, in a transaction of its own: what the
    /// load leaves may be in its way. The row that it makes is one that is meant.
    pub next: Option<String>,
    /// The file that COPY reads as csv, beside this one.
    pub csv: Option<String>,
    /// The file that COPY reads as text.
    pub text: Option<String>,
    /// The rows of the file that COPY reads as binary: one JSON array a line, a number being an
    /// integer of four bytes.
    pub binary: Option<String>,
    /// Ways besides those that every file is loaded by.
    #[serde(default, rename = "way")]
    pub ways: Vec<Way>,
    /// The files that its ways load.
    #[serde(skip)]
    files: Files,
}

/// A column.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in SQL, with constraints where it has any.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A way of loading a caveat's file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// Its name, unique in its caveat.
    pub id: String,
    /// Advice in a sentence, for a way that is meant to help; `None` for one that shows the trouble.
    pub remedy: Option<String>,
    /// The major version of PostgreSQL from which it is there.
    #[serde(default)]
    pub least: u32,
    /// The load.
    pub load: Load,
}

/// The load of a way.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Load {
    /// COPY FROM STDIN.
    Copy(CopyLoad),
    /// COPY FROM a csv file that the server opens.
    ServerFile(String),
    /// INSERT statements, made from the fields of a csv file.
    Insert(InsertLoad),
    /// Statements, one after the other. `{table}` and `{staging}` are tables, `{file}` a file in the
    /// server's data directory, for throwaway servers only.
    Sql(Vec<String>),
    /// An external loader, by its id, reading the csv file.
    Loader(String),
}

/// COPY FROM STDIN, and what is around it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyLoad {
    /// The file; empty for the rows of `binary`.
    #[serde(default)]
    pub file: String,
    /// The options, as they stand in WITH (...).
    pub with: String,
    /// The columns that it fills; all where none is named.
    #[serde(default)]
    pub columns: Vec<String>,
    /// A statement before it, in the same transaction.
    pub before: Option<String>,
    /// The columns of a temporary table that it fills in place of the real one.
    pub staging: Option<String>,
    /// The statement that brings the rows from there into the real one.
    pub then: Option<String>,
    /// A statement behind it, in the same transaction.
    pub after: Option<String>,
    /// Bytes that the client replaces in the file first.
    #[serde(default)]
    pub replace: Vec<(String, String)>,
    /// The fields, counted from 1, that the client keeps of each csv record.
    #[serde(default)]
    pub keep: Vec<usize>,
}

/// Which rows an INSERT statement has, and what a bad one does.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InsertLoad {
    /// The csv file.
    pub file: String,
    /// The statements that they go in by.
    pub rows: InsertRows,
}

/// How rows go into INSERT statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InsertRows {
    /// All in one statement.
    Together,
    /// Each in a statement that commits by itself; the first that is refused ends the load.
    Each,
    /// Each in a statement that commits by itself, passing over those that are refused.
    EachGoingOn,
}

impl Load {
    /// The name of the file that it loads; loaders read the caveat's `csv`.
    fn file<'a>(&'a self, csv: Option<&'a str>) -> Option<&'a str> {
        match self {
            Self::Copy(copy) => Some(copy.file.as_str()).filter(|name| !name.is_empty()),
            Self::ServerFile(file) => Some(file),
            Self::Insert(insert) => Some(&insert.file),
            Self::Loader(_) => csv,
            Self::Sql(_) => None,
        }
    }
}

impl Way {
    /// The loader of this id, on the caveat's csv.
    pub(crate) fn of_loader(id: &str) -> Self {
        Self { id: id.into(), remedy: None, least: 0, load: Load::Loader(id.into()) }
    }
}

impl Caveat {
    /// The caveat that a user's file describes.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when the file cannot be read, and as [`Caveat::parse`].
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = crate::fs::read_text(path)
            .map_err(|e| usage!("cannot read the caveat {}: {e}; check the path", path.display()))?;
        let dir = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, &path.display().to_string(), Beside::Directory(dir))
    }

    /// Reads a definition, and the files that it names; `origin` names it in messages.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for text that is not one (with the nearest key), rows that do not fit
    /// the columns, and files that cannot be read.
    pub fn parse(text: &str, origin: &str, beside: Beside<'_>) -> Result<Self> {
        let mut caveat: Self = toml::from_str(text)
            .map_err(|e| usage!("{origin}: {}{}", e.to_string().trim_end(), unknown_field(e.message())))?;
        let ways = caveat.all_ways();
        let names = ways.iter().filter_map(|way| way.load.file(caveat.csv.as_deref())).collect();
        caveat.files = Files::read(&names, beside).with_context(|| format!("in {origin}"))?;
        caveat.check().with_context(|| format!("in {origin}"))?;
        Ok(caveat)
    }

    fn check(&self) -> Result<()> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || !self.id.chars().all(plain) {
            return Err(usage!("id = \"{}\": an id is made of small letters, digits and hyphens", self.id));
        }
        if self.columns.is_empty() {
            return Err(usage!("columns = []: a table needs at least one"));
        }
        let columns = self.column_names();
        if let Some(name) = self.key.iter().find(|name| !columns.contains(&name.as_str())) {
            return Err(usage!(
                "key: there is no column `{name}`{} they are: {}",
                nearest_then(name, columns.iter().copied()),
                columns.join(", ")
            ));
        }
        for rows in [self.before()?, self.good()?, self.dirty()?] {
            for row in rows {
                if row.len() != columns.len() {
                    return Err(usage!(
                        "the row {row:?} has {} values, and the table {} columns: {}",
                        row.len(),
                        columns.len(),
                        columns.join(", ")
                    ));
                }
            }
        }
        let ways = self.all_ways();
        for (index, way) in ways.iter().enumerate() {
            if ways[..index].iter().any(|other| other.id == way.id) {
                return Err(usage!("there are two ways named {}; rename one", way.id));
            }
            if let Load::Copy(copy) = &way.load
                && copy.file.is_empty()
                && self.binary.is_none()
            {
                return Err(usage!("the way {} has no `file`, and the caveat no `binary` rows", way.id));
            }
        }
        for id in self.expected.keys() {
            if !ways.iter().any(|way| way.id == *id) {
                return Err(usage!(
                    "expected: `{id}` is no way of its{}",
                    nearest(id, ways.iter().map(|way| way.id.as_str()))
                ));
            }
        }
        Ok(())
    }

    /// The rows that are there before.
    ///
    /// # Errors
    /// When a line is not a JSON array.
    pub(crate) fn before(&self) -> Result<Vec<Row>> {
        rows(&self.before)
    }

    /// The rows that any way can load.
    ///
    /// # Errors
    /// As [`Caveat::before`].
    pub(crate) fn good(&self) -> Result<Vec<Row>> {
        rows(&self.good)
    }

    /// The rows that are dirty in the files, as they are meant.
    ///
    /// # Errors
    /// As [`Caveat::before`].
    pub(crate) fn dirty(&self) -> Result<Vec<Row>> {
        rows(&self.dirty)
    }

    /// The bytes of one of its files.
    ///
    /// # Errors
    /// When it has none of this name.
    pub(crate) fn file(&self, name: &str) -> Result<&[u8]> {
        self.files.get(name)
    }

    /// The bytes of the file that a way loads; none where it loads none.
    ///
    /// # Errors
    /// As [`Caveat::file`].
    pub(crate) fn data(&self, load: &Load) -> Result<&[u8]> {
        load.file(self.csv.as_deref()).map_or(Ok(&[]), |name| self.file(name))
    }

    /// The names of its columns.
    pub(crate) fn column_names(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.name.as_str()).collect()
    }

    /// CREATE TABLE for this name.
    pub(crate) fn create(&self, name: &str) -> String {
        let mut parts: Vec<String> =
            self.columns.iter().map(|c| format!("{} {}", quote(&c.name), c.kind)).collect();
        if !self.key.is_empty() {
            let key: Vec<String> = self.key.iter().map(|name| quote(name)).collect();
            parts.push(format!("PRIMARY KEY ({})", key.join(", ")));
        }
        format!("CREATE TABLE {name} ({})", parts.join(", "))
    }

    /// The ways that every file is loaded by, then the caveat's own.
    pub(crate) fn all_ways(&self) -> Vec<Way> {
        let mut ways = Vec::new();
        let mut add = |id: &str, load| ways.push(Way { id: id.into(), remedy: None, least: 0, load });
        let [psql, loaders @ ..] = LOADERS;
        let copy = |file: &str, format: &str| {
            Load::Copy(CopyLoad {
                file: file.into(),
                with: format!("FORMAT {format}"),
                ..CopyLoad::default()
            })
        };
        if let Some(file) = &self.csv {
            add("copy-csv", copy(file, "csv"));
        }
        if let Some(file) = &self.text {
            add("copy-text", copy(file, "text"));
        }
        if self.binary.is_some() {
            add("copy-binary", copy("", "binary"));
        }
        if let Some(file) = &self.csv {
            add("copy-csv-server-file", Load::ServerFile(file.clone()));
            add(psql, Load::Loader(psql.into()));
            let insert = |rows| Load::Insert(InsertLoad { file: file.clone(), rows });
            add("insert-multirow", insert(InsertRows::Together));
            add("insert-row", insert(InsertRows::Each));
            for id in loaders {
                add(id, Load::Loader(id.into()));
            }
        }
        ways.extend(self.ways.iter().cloned());
        ways
    }
}

/// Rows from JSON arrays, one a line.
fn rows(text: &str) -> Result<Vec<Row>> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let values = json_row(line)?;
            Ok(values.into_iter().map(as_text).collect())
        })
        .collect()
}

/// The values of one line.
///
/// # Errors
/// When it is not a JSON array.
pub(crate) fn json_row(line: &str) -> Result<Vec<Value>> {
    serde_json::from_str(line).map_err(|e| usage!("the row {line} is not a JSON array: {e}"))
}

/// As PostgreSQL writes the value in text; `None` for NULL.
fn as_text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
