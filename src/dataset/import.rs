//! Taking a user's own file into the cache.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, Result};
use ring::digest::{Context as Hasher, SHA256, digest};

use super::Dataset;
use super::columns::{Column, votes};
use super::dialect::{Asked, Fit};
use super::intake::{Intake, Taken};
use super::look::{Form, Wanted, blocks, look};
use super::manifest::{DatasetOrigin, Manifest, plain_name};
use super::packed::or_damage;
use super::parquet::{ParquetFile, is_parquet};
use super::store::{self, DirLock};
use crate::interrupt::Interrupt;

/// The table whose files are named as they have always been.
const VOTES: &str = "votes";

/// The name that the header of a file of votes may have for a column.
const OF_VOTES: (&str, &str) = ("vote", "score");

/// A file of a table's rows, and what is known of them.
#[derive(Debug, Clone, Copy)]
pub struct RowsFile<'f> {
    /// The file.
    pub path: &'f Path,
    /// What the user says of it.
    pub asked: &'f Asked,
    /// The table, bare.
    pub table: &'f str,
    /// The columns that rows can bring.
    pub columns: &'f [Column],
}

/// How a file is read, for the user to see: what was found out of it, and what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub(super) form: Form,
    pub(super) fit: Fit,
    /// Of each column that is kept as it came a value that only the server can read.
    unread: Vec<String>,
}

/// A line for how it is written, and one for each thing that may be a surprise.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.form)?;
        if !self.fit.is_in_order() {
            let names: Vec<&str> = self.fit.fields.iter().map(|column| column.name.as_str()).collect();
            write!(f, "\ncolumns in the file's order: {}", names.join(", "))?;
        }
        for words in &self.unread {
            write!(f, "\nonly the server can read this column, so it is kept as it came: {words}")?;
        }
        Ok(())
    }
}

impl Dataset {
    /// The dataset of the votes in a file: csv, gzipped csv or csv packed by zstd (known by its first bytes, not
    /// its name) of `username,link,vote` in UTF-8, the vote any 32-bit integer, with or without
    /// a header line. The cache calls it after the file's SHA-256; one that is there is not read
    /// again.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when the file cannot be read; [`crate::fault::Fault::Data`]
    /// naming file, line, field, value and rule for what is not a vote; or
    /// [`crate::fault::Fault::Interrupted`]. Nothing half-made is left.
    pub fn imported(cache: &Path, path: &Path, interrupt: &Interrupt) -> Result<Self> {
        let sha256 = hash(path, interrupt)?;
        let made = Self::there_or_made(&cache.join(name(&sha256)), interrupt, |dir| {
            Self::import(dir, path, &sha256, imported_from(&sha256), interrupt)
        })?;
        Ok(made)
    }

    /// As [`Dataset::imported`], by what the user says of the csv.
    ///
    /// # Errors
    /// As [`Dataset::imported_table`].
    pub(crate) fn imported_votes(
        cache: &Path,
        path: &Path,
        asked: &Asked,
        interrupt: &Interrupt,
    ) -> Result<(Self, Said)> {
        let columns = votes();
        let wanted = Wanted { columns: &columns, asked, alias: Some(OF_VOTES) };
        Self::imported_as(cache, path, (VOTES, wanted), interrupt)
    }

    /// The dataset of the rows of these columns in a csv of any dialect, packed or not, or in Parquet, each value
    /// by its canonical text; and how the file is read. The dataset has those of the columns that the file has. The cache
    /// calls it after the file's SHA-256, the columns and the dialect; one that is there is not read again.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when the file cannot be read, or what is asked for is not possible;
    /// [`crate::fault::Fault::Data`] for columns that do not fit, with the nearest, and for a value that the
    /// column's type does not take, with file, line, field, type, value and rule; or
    /// [`crate::fault::Fault::Interrupted`]. Nothing half-made is left.
    pub fn imported_table(cache: &Path, file: &RowsFile<'_>, interrupt: &Interrupt) -> Result<(Self, Said)> {
        Self::imported_as(cache, file.path, (file.table, file.wanted()), interrupt)
    }

    fn imported_as(
        cache: &Path,
        path: &Path,
        (table, wanted): (&str, Wanted<'_>),
        interrupt: &Interrupt,
    ) -> Result<(Self, Said)> {
        let mut said = or_damage(said(path, wanted), path, interrupt)?;
        let sha256 = hash(path, interrupt)?;
        let dir = cache.join(format!("{}-{}", name(&sha256), identity(table, &said)?));
        let dataset = Self::there_or_made(&dir, interrupt, |dir| {
            let source = Source { path, sha256: &sha256, origin: imported_from(&sha256) };
            Self::import_as(dir, source, (table, wanted, &mut said), interrupt)
        })?;
        Ok((dataset, said))
    }

    /// Makes the dataset of votes in `dir`, whose lock the caller holds.
    pub(super) fn import(
        dir: &Path,
        path: &Path,
        sha256: &str,
        origin: DatasetOrigin,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let (columns, asked) = (votes(), Asked::default());
        let wanted = Wanted { columns: &columns, asked: &asked, alias: Some(OF_VOTES) };
        let mut said = or_damage(said(path, wanted), path, interrupt)?;
        Self::import_as(dir, Source { path, sha256, origin }, (VOTES, wanted, &mut said), interrupt)
    }

    /// Makes the dataset in `dir`, whose lock the caller holds.
    fn import_as(
        dir: &Path,
        Source { path, sha256, origin }: Source<'_>,
        (table, wanted, said): (&str, Wanted<'_>, &mut Said),
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let table = plain_name(table);
        let name = path.display().to_string();
        let (dialect, unit) = (said.form.dialect(), said.form.unit());
        let mut read = None;
        let intake = Intake { table: &table, name: &name, unit, dialect: &dialect, fit: &said.fit };
        let taken = intake.take(dir, interrupt, || match &said.form {
            Form::Parquet => Ok(ParquetFile::open(open(path)?, &name)?.blocks_for(&said.fit)),
            Form::Csv(_) => {
                let source = Hashing::of(open(path)?);
                read = Some(source.clone());
                let begun = look(source, &name, wanted.asked, Some(wanted))?;
                Ok(blocks(begun.input, &name, &dialect))
            }
        });
        let Taken { csv, content, rows, columns, unread } =
            or_damage(taken, path, interrupt).with_context(|| format!("importing {name}"))?;
        let found = match read {
            Some(source) => source.finish().with_context(|| format!("reading {name}"))?,
            // Read here and there, not from the first byte to the last.
            None => hash(path, interrupt)?,
        };
        if found != sha256 {
            return Err(crate::bad_data!(
                "{name} changed while it was read: its SHA-256 was {sha256} and became {found}; import it again when it is complete"
            ));
        }
        said.unread = unread;
        Self::finish(dir.to_owned(), Manifest::new(origin, rows, columns, content.content(), csv))
    }

    /// The dataset in `dir`, made by `make` under the directory's lock where there is none.
    fn there_or_made(
        dir: &Path,
        interrupt: &Interrupt,
        make: impl FnOnce(&Path) -> Result<Self>,
    ) -> Result<Self> {
        if let Some(manifest) = Manifest::read(dir)? {
            return Ok(Self::with(dir.to_owned(), manifest));
        }
        let _lock = DirLock::take(dir, interrupt)?;
        match Manifest::read(dir)? {
            Some(manifest) => Ok(Self::with(dir.to_owned(), manifest)),
            None => make(dir),
        }
    }
}

/// A file that becomes a dataset.
struct Source<'s> {
    path: &'s Path,
    sha256: &'s str,
    origin: DatasetOrigin,
}

impl RowsFile<'_> {
    pub(super) fn wanted(&self) -> Wanted<'_> {
        Wanted { columns: self.columns, asked: self.asked, alias: None }
    }
}

fn imported_from(sha256: &str) -> DatasetOrigin {
    DatasetOrigin::Imported { source_sha256: sha256.to_owned() }
}

/// How the file is written, and which field of it is which column.
pub(super) fn said(path: &Path, wanted: Wanted<'_>) -> Result<Said> {
    let name = path.display().to_string();
    if is_parquet(&open(path)?).with_context(|| format!("reading {name}"))? {
        let fit = ParquetFile::open(open(path)?, &name)?.fit(wanted.asked, wanted.columns)?;
        return Ok(Said { form: Form::Parquet, fit, unread: Vec::new() });
    }
    let begun = look(open(path)?, &name, wanted.asked, Some(wanted))?;
    let fit = begun.fit(&name, wanted)?;
    Ok(Said { form: Form::Csv(begun.csv), fit, unread: Vec::new() })
}

/// The name of the dataset made from a file of this SHA-256.
pub(super) fn name(sha256: &str) -> String {
    format!("imported-{}", &sha256[..sha256.len().min(16)])
}

/// What tells datasets of one file from each other: how it is read, as what columns, for which table.
fn identity(table: &str, said: &Said) -> Result<String> {
    let columns = serde_json::to_string(&said.fit.columns).context("writing columns as JSON")?;
    let (sources, form) = (
        &said.fit.sources,
        match &said.form {
            Form::Csv(csv) => csv.dialect.to_string(),
            Form::Parquet => said.form.to_string(),
        },
    );
    let mut text = format!("{columns} {sources:?} {} {form}", said.fit.fields.len());
    if table != VOTES {
        text += &format!(" {table}");
    }
    Ok(hex::encode(&digest(&SHA256, text.as_bytes()).as_ref()[..8]))
}

fn hash(path: &Path, interrupt: &Interrupt) -> Result<String> {
    let file = open(path)?;
    Ok(store::hash(file, interrupt).with_context(|| format!("reading {}", path.display()))?.sha256)
}

/// Opens a regular file.
pub(super) fn open(path: &Path) -> Result<File> {
    let cannot = |why: String| {
        crate::usage!("{}: {why}; give a file of csv, packed or not, or of Parquet", path.display())
    };
    // To open a FIFO that nobody writes would wait for ever; of a regular file this makes nothing else.
    let file = File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(|error| cannot(error.to_string()))?;
    let meta = file.metadata().map_err(|error| cannot(error.to_string()))?;
    if !meta.is_file() {
        // It is read twice: for its name, and for its rows.
        return Err(cannot("not a regular file".into()));
    }
    Ok(file)
}

/// A file being read, and hashed on the way.
#[derive(Clone)]
struct Hashing(Arc<Mutex<(File, Hasher)>>);

impl Hashing {
    fn of(file: File) -> Self {
        Self(Arc::new(Mutex::new((file, Hasher::new(&SHA256)))))
    }

    fn lock(&self) -> MutexGuard<'_, (File, Hasher)> {
        // A panic elsewhere must not hide behind a poisoned lock.
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// The SHA-256 of the whole, whatever of it was read.
    fn finish(mut self) -> std::io::Result<String> {
        // What follows a packed stream's end is not read by unpacking.
        std::io::copy(&mut self, &mut std::io::sink())?;
        Ok(hex::encode(self.lock().1.clone().finish()))
    }
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let (file, sha256) = &mut *self.lock();
        let read = file.read(buffer)?;
        sha256.update(&buffer[..read]);
        Ok(read)
    }
}
