//! The rows: made by a seeded generator or taken from a file, kept in a cache in each encoding
//! with checksums, cut into chunks at row boundaries, and read row by row.
//!
//! The cache holds a directory for each dataset with `manifest.json` and a file for each
//! encoding that was asked for, named by the table (`votes.csv`, `votes.txt`, `votes.bin`). The csv is the
//! original; the others are made from it. Files appear whole, by rename, and never change.

mod bad_field;
pub(crate) mod blocks;
pub mod checksum;
pub mod columns;
mod content;
mod convert;
mod csv_row;
pub(crate) mod dialect;
mod download;
mod encode;
mod export;
mod facts;
mod first_bytes;
pub mod forms;
pub mod generator;
pub(crate) mod held_rows;
mod import;
mod index;
pub(crate) mod infer;
mod intake;
mod keyed;
mod look;
mod lookup3;
mod manifest;
mod packed;
mod parquet;
mod pipeline;
mod place;
mod row_md5;
pub(crate) mod rows;
pub(crate) mod sorted;
pub(crate) mod split;
mod store;
pub mod summing;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub use columns::{Column, Spelling};
pub use dialect::{Asked, Dialect};
pub use encode::{Encoder, Out};
pub(crate) use encode::{header, no_binary, push_escaped, trailer};
pub use generator::{BuiltIn, DEFAULT_ROWS, DEFAULT_SEED};
pub(crate) use held_rows::HeldRows;
pub use import::{RowsFile, Said};
pub use rows::{Fields, Row, RowReader};
pub(crate) use rows::{Keyed, Spelled, Value};
pub(crate) use sorted::SortedRows;

use crate::interrupt::Interrupt;
use crate::model::{Content, Encoding, Rule};
use manifest::{DatasetOrigin, Encoded, Manifest, file_name};
use store::DirLock;

/// A dataset in the cache.
#[derive(Debug, Clone)]
pub struct Dataset {
    dir: PathBuf,
    manifest: Manifest,
    /// The encodings whose files were made or checked by this value, as they were then.
    ensured: BTreeMap<Encoding, Stamp>,
}

/// Inode, size and time of change of a file: they differ once someone changed it.
type Stamp = (u64, u64, i64, i64);

/// A run of whole rows within one encoding's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Offset in the file, in bytes (past the header of the binary format).
    pub offset: u64,
    /// Its length in bytes (without the trailer of the binary format).
    pub bytes: u64,
    /// The rows in it.
    pub rows: u64,
}

/// About how many bytes so many rows invented for a table take in this encoding, before they are made.
pub fn estimated_bytes(table: BuiltIn, encoding: Encoding, rows: u64) -> u64 {
    let (written, binary) = table.tenths_of_row();
    let of_ten = match encoding {
        Encoding::Csv | Encoding::Text => written,
        Encoding::Binary => binary,
    };
    rows * of_ten / 10
}

/// The directory of datasets unless the user says otherwise: `datasets` in the cache directory.
///
/// # Errors
/// As [`crate::cache_dir::default_cache_dir`].
pub(crate) fn default_cache() -> Result<PathBuf> {
    Ok(crate::cache_dir::default_cache_dir()?.join("datasets"))
}

impl Dataset {
    /// So many generated votes from this seed; see [`Dataset::invented`].
    ///
    /// # Errors
    /// As [`Dataset::invented`].
    pub fn generated(cache: &Path, rows: u64, seed: u64, interrupt: &Interrupt) -> Result<Self> {
        Self::invented(cache, BuiltIn::Votes, rows, seed, interrupt)
    }

    /// The dataset of so many rows that are invented for a table from this seed, made first where the cache
    /// lacks it. Another process that makes the same one is waited for.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for 0 rows or more than 4,294,967,295; when the
    /// cache cannot be written; or [`crate::fault::Fault::Interrupted`]. Nothing half-made is left.
    pub fn invented(
        cache: &Path,
        table: BuiltIn,
        rows: u64,
        seed: u64,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        generator::check_rows(rows)?;
        if let Some(made) = Self::find_invented(cache, table, rows, seed)? {
            return Ok(made);
        }
        let dir = Self::invented_dir(cache, table, rows, seed);
        let _lock = DirLock::take(&dir, interrupt)?;
        if let Some(manifest) = Manifest::read(&dir)? {
            return Ok(Self::with(dir, manifest));
        }
        let (csv, content) = convert::generate(&dir, table, rows, seed, interrupt)
            .with_context(|| format!("making {rows} rows in {}", dir.display()))?;
        let origin =
            DatasetOrigin::Generated { table: table.name().into(), generator: table.version(), seed };
        Self::finish(dir, Manifest::new(origin, rows, table.columns(), content.content(), csv))
    }

    /// The dataset of so many rows that are invented for a table from this seed, where the cache has it.
    ///
    /// # Errors
    /// When its manifest cannot be read.
    pub fn find_invented(cache: &Path, table: BuiltIn, rows: u64, seed: u64) -> Result<Option<Self>> {
        let dir = Self::invented_dir(cache, table, rows, seed);
        Ok(Manifest::read(&dir)?.map(|manifest| Self::with(dir, manifest)))
    }

    fn invented_dir(cache: &Path, table: BuiltIn, rows: u64, seed: u64) -> PathBuf {
        let name = if table == BuiltIn::Votes { "generated" } else { table.name() };
        cache.join(format!("{name}-v{}-{rows}-{seed}", table.version()))
    }

    /// The dataset in this directory.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when there is none; [`crate::fault::Fault::Data`] when its
    /// manifest cannot be read.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        match Manifest::read(dir)? {
            Some(manifest) => Ok(Self::with(dir.to_owned(), manifest)),
            None => Err(crate::usage!(
                "{} holds no dataset ({} is missing): give a directory of the cache, or generate or import one",
                dir.display(),
                manifest::FILE
            )),
        }
    }

    /// The datasets in a cache, by name. A cache that does not exist has none.
    ///
    /// # Errors
    /// When the cache or a manifest in it cannot be read.
    pub(crate) fn list(cache: &Path) -> Result<Vec<Self>> {
        let entries = match fs::read_dir(cache) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| format!("reading {}", cache.display())),
        };
        let mut found = Vec::new();
        for entry in entries {
            let dir = entry.with_context(|| format!("reading {}", cache.display()))?.path();
            if dir.is_dir()
                && let Some(manifest) = Manifest::read(&dir)?
            {
                found.push(Self::with(dir, manifest));
            }
        }
        found.sort_by(|a, b| a.dir.cmp(&b.dir));
        Ok(found)
    }

    /// Makes the encoding where it is missing, and checks its file against its checksum where it
    /// is not. A file that this value has checked is checked again only when it has changed.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Data`] when a file is not what it was (the message names it, both
    /// checksums and the next step); when one cannot be written or read; or
    /// [`crate::fault::Fault::Interrupted`]. Nothing half-made is left.
    pub fn ensure(&mut self, encoding: Encoding, interrupt: &Interrupt) -> Result<()> {
        if !self.present(encoding)? {
            // The others are made from the csv, so it has to be right first.
            if encoding != Encoding::Csv {
                self.ensure(Encoding::Csv, interrupt)?;
            }
            let _lock = DirLock::take(&self.dir, interrupt)?;
            // Another process may have made it meanwhile, or other encodings.
            self.manifest = Self::open(&self.dir)?.manifest;
            if !self.present(encoding)? {
                return self.make(encoding, interrupt);
            }
        }
        self.check(encoding, interrupt)
    }

    /// Rows.
    pub fn rows(&self) -> u64 {
        self.manifest.rows
    }

    /// The columns, in file order.
    pub fn columns(&self) -> &[Column] {
        &self.manifest.columns
    }

    /// The directory it lies in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its name in the cache.
    pub(crate) fn name(&self) -> String {
        self.dir.file_name().unwrap_or(self.dir.as_os_str()).to_string_lossy().into_owned()
    }

    /// The encodings the cache has of it, with their sizes in bytes.
    pub(crate) fn encodings(&self) -> BTreeMap<Encoding, u64> {
        self.manifest.encodings.iter().map(|(encoding, encoded)| (*encoding, encoded.bytes)).collect()
    }

    /// The file of an encoding that was ensured.
    pub fn file(&self, encoding: Encoding) -> PathBuf {
        match self.manifest.encodings.get(&encoding) {
            Some(encoded) => self.dir.join(&encoded.file),
            None => self.dir.join(file_name(self.manifest.table(), encoding)),
        }
    }

    /// The first `rows` rows of an ensured encoding, cut into `parts` chunks of as many rows
    /// each, give or take one. Chunks follow each other without a gap, and none is empty: there
    /// are fewer than `parts` when there are fewer rows.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for 0 rows or parts, more rows than there are, or an
    /// encoding that was not ensured; or when the file cannot be read.
    pub fn chunks(&self, encoding: Encoding, rows: u64, parts: usize) -> Result<Vec<Chunk>> {
        self.check_prefix(rows)?;
        if parts == 0 {
            return Err(crate::usage!("0 parts: a dataset is cut into 1 or more; give at least 1"));
        }
        let encoded = self.encoded(encoding)?;
        let parts = (parts as u64).min(rows);
        let bound = |part: u64| (u128::from(rows) * u128::from(part) / u128::from(parts)) as u64;
        let mut chunks = Vec::with_capacity(parts as usize);
        let (mut row, mut offset) = (0, self.locate(encoding, encoded, 0)?);
        for part in 1..=parts {
            let (next_row, next) = (bound(part), self.locate(encoding, encoded, bound(part))?);
            chunks.push(Chunk { offset, bytes: next - offset, rows: next_row - row });
            (row, offset) = (next_row, next);
        }
        Ok(chunks)
    }

    /// The first `rows` rows of an ensured encoding as one chunk.
    ///
    /// # Errors
    /// As [`Dataset::chunks`].
    pub(crate) fn first(&self, encoding: Encoding, rows: u64) -> Result<Chunk> {
        self.chunks(encoding, rows, 1)?
            .pop()
            .with_context(|| format!("one part of {rows} rows is not one chunk"))
    }

    /// The content sum of the first `rows` rows; see [`checksum`].
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for 0 rows or more than there are; or when the csv cannot be read.
    pub fn content(&self, rows: u64) -> Result<Content> {
        self.check_prefix(rows)?;
        if rows == self.rows() {
            return Ok(self.manifest.content);
        }
        let chunk = self.first(Encoding::Csv, rows)?;
        let name = self.file(Encoding::Csv).display().to_string();
        Ok(content::sum_of_file(self.open_chunk(chunk)?, name, self.columns(), Rule::RowHashes2)?.content())
    }

    /// Reads all rows, in constant memory.
    ///
    /// # Errors
    /// When the csv cannot be opened.
    pub fn reader(&self) -> Result<RowReader> {
        let bytes = self.encoded(Encoding::Csv)?.bytes;
        self.reader_of(Chunk { offset: 0, bytes, rows: self.rows() })
    }

    /// Reads the rows of one chunk of the csv, in constant memory.
    ///
    /// # Errors
    /// When the csv cannot be opened.
    pub(crate) fn reader_of(&self, chunk: Chunk) -> Result<RowReader> {
        let mut name = self.file(Encoding::Csv).display().to_string();
        if chunk.offset > 0 {
            name = format!("{name} from byte {}", chunk.offset);
        }
        Ok(RowReader::new(rows::CsvInput::File(self.open_chunk(chunk)?), self.columns(), name))
    }

    fn with(dir: PathBuf, manifest: Manifest) -> Self {
        Self { dir, manifest, ensured: BTreeMap::new() }
    }

    /// Ends the making of a dataset whose csv was just written: the manifest makes it one.
    fn finish(dir: PathBuf, manifest: Manifest) -> Result<Self> {
        manifest.write(&dir)?;
        let mut dataset = Self::with(dir, manifest);
        let stamp = dataset.stamp(Encoding::Csv)?;
        dataset.ensured.insert(Encoding::Csv, stamp);
        Ok(dataset)
    }

    fn encoded(&self, encoding: Encoding) -> Result<&Encoded> {
        self.manifest.encodings.get(&encoding).ok_or_else(|| {
            crate::usage!("{} has no {} yet: ensure that encoding first", self.dir.display(), encoding.name())
        })
    }

    fn check_prefix(&self, rows: u64) -> Result<()> {
        if rows == 0 || rows > self.rows() {
            return Err(crate::usage!(
                "{rows} rows of the dataset {}: it has {}; ask for 1 to {0}",
                self.rows(),
                self.name()
            ));
        }
        Ok(())
    }

    fn locate(&self, encoding: Encoding, encoded: &Encoded, row: u64) -> Result<u64> {
        if row == self.rows() {
            return Ok(encoded.bytes - encode::trailer(encoding).len() as u64);
        }
        index::locate(&self.file(encoding), encoding, &encoded.index, row)
    }

    fn open_chunk(&self, chunk: Chunk) -> Result<std::io::Take<File>> {
        use std::io::Read;
        let path = self.file(Encoding::Csv);
        let mut file = File::open(&path).with_context(|| format!("opening {}", path.display()))?;
        file.seek(SeekFrom::Start(chunk.offset)).with_context(|| format!("reading {}", path.display()))?;
        Ok(file.take(chunk.bytes))
    }

    /// Whether the manifest and the directory both have the encoding.
    fn present(&self, encoding: Encoding) -> Result<bool> {
        let path = self.file(encoding);
        let there = path.try_exists().with_context(|| format!("looking for {}", path.display()))?;
        if !there && encoding == Encoding::Csv {
            return Err(crate::bad_data!(
                "{} is missing, and the other encodings are made from it: {}",
                path.display(),
                self.again()
            ));
        }
        Ok(there && self.manifest.encodings.contains_key(&encoding))
    }

    /// Makes an encoding from the csv, under the directory's lock.
    fn make(&mut self, encoding: Encoding, interrupt: &Interrupt) -> Result<()> {
        let path = self.file(Encoding::Csv);
        let csv = File::open(&path).with_context(|| format!("opening {}", path.display()))?;
        let name = path.display().to_string();
        let made = convert::encode(csv, name, &self.dir, &self.manifest, encoding, interrupt)
            .with_context(|| format!("making {} of {}", encoding.name(), path.display()))?;
        self.manifest.encodings.insert(encoding, made);
        self.manifest.write(&self.dir)?;
        let stamp = self.stamp(encoding)?;
        self.ensured.insert(encoding, stamp);
        Ok(())
    }

    /// Checks a file against the manifest.
    fn check(&mut self, encoding: Encoding, interrupt: &Interrupt) -> Result<()> {
        let stamp = self.stamp(encoding)?;
        if self.ensured.get(&encoding) == Some(&stamp) {
            return Ok(());
        }
        let path = self.file(encoding);
        let expected = self.encoded(encoding)?.facts();
        let file = File::open(&path).with_context(|| format!("opening {}", path.display()))?;
        let found = store::hash(file, interrupt).with_context(|| format!("checking {}", path.display()))?;
        if found != expected {
            return Err(crate::bad_data!(
                "{} has changed: it has {} bytes with SHA-256 {}, and its manifest says {} bytes with {}; {}",
                path.display(),
                found.bytes,
                found.sha256,
                expected.bytes,
                expected.sha256,
                self.again()
            ));
        }
        self.ensured.insert(encoding, stamp);
        Ok(())
    }

    fn again(&self) -> String {
        let how = match self.manifest.origin {
            DatasetOrigin::Generated { .. } => "run again: it will be generated anew",
            DatasetOrigin::Imported { .. } => "import it again",
            DatasetOrigin::Numbered { .. } => "run again: it will be made anew",
            DatasetOrigin::Downloaded { .. } => "download it again",
        };
        format!("remove the directory {} and {how}", self.dir.display())
    }

    fn stamp(&self, encoding: Encoding) -> Result<Stamp> {
        let path = self.file(encoding);
        let meta = fs::metadata(&path).with_context(|| format!("looking at {}", path.display()))?;
        Ok((meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec()))
    }
}

#[cfg(test)]
mod tests;
