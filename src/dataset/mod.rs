//! The rows: made by a seeded generator or taken from a file, kept in a cache in each encoding
//! with checksums, cut into chunks at row boundaries, and read row by row.

pub mod columns;

use std::path::{Path, PathBuf};

use anyhow::Result;

pub use columns::{Column, ColumnType};

use crate::interrupt::Interrupt;
use crate::record::{DatasetFacts, Encoding};

/// A dataset in the cache.
pub struct Dataset {}

/// A run of whole rows within one encoding's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Where it begins in the file, in bytes (past the header of the binary format).
    pub offset: u64,
    /// Its length in bytes (without the trailer of the binary format).
    pub bytes: u64,
    /// The rows in it.
    pub rows: u64,
}

impl Dataset {
    /// The generated dataset of so many rows from this seed, made first where the cache lacks it.
    pub fn generated(_cache: &Path, _rows: u64, _seed: u64, _interrupt: &Interrupt) -> Result<Self> {
        todo!()
    }
    /// The dataset in this directory.
    pub fn open(_dir: &Path) -> Result<Self> {
        todo!()
    }
    /// Makes the encoding where it is missing, and checks its file against its checksum where it is not.
    pub fn ensure(&mut self, _encoding: Encoding, _interrupt: &Interrupt) -> Result<()> {
        todo!()
    }
    /// Rows.
    pub fn rows(&self) -> u64 {
        todo!()
    }
    /// The columns, in file order.
    pub fn columns(&self) -> &[Column] {
        todo!()
    }
    /// The directory it lies in.
    pub fn dir(&self) -> &Path {
        todo!()
    }
    /// The file of an encoding that was ensured.
    pub fn file(&self, _encoding: Encoding) -> PathBuf {
        todo!()
    }
    /// The first `rows` rows of an ensured encoding, cut into `parts` chunks as even as the index allows.
    pub fn chunks(&self, _encoding: Encoding, _rows: u64, _parts: usize) -> Result<Vec<Chunk>> {
        todo!()
    }
    /// The order-free content sum of the first `rows` rows, in decimal.
    pub fn content(&self, _rows: u64) -> Result<String> {
        todo!()
    }
    /// What the record says of it.
    pub fn facts(&self) -> DatasetFacts {
        todo!()
    }
}
