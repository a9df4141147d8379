//! Making a dataset's files: rows to csv, csv to the other encodings, csv to its content sum.
//! All of it by blocks, on all cores, in constant memory.

use std::fs::File;
use std::path::Path;

use anyhow::Result;

use super::blocks::{Block, BlockReader, newlines};
use super::checksum::ContentSum;
use super::columns::Column;
use super::dialect::Style;
use super::encode::{Encoder, header, trailer};
use super::generator::{BuiltIn, parts};
use super::index::{IndexBuilder, IndexEntry};
use super::manifest::{Encoded, Manifest, file_name};
use super::pipeline;
use super::rows::utf8;
use super::store::HashedFile;
use crate::interrupt::Interrupt;
use crate::model::Encoding;

/// An encoding's file being written, row counts and index with it.
pub(crate) struct EncodingWriter {
    file: HashedFile,
    name: String,
    encoding: Encoding,
    index: IndexBuilder,
    rows: u64,
}

impl EncodingWriter {
    /// Begins the encoding's file of the rows of `table` in `dir`.
    pub(crate) fn create(dir: &Path, table: &str, encoding: Encoding) -> Result<Self> {
        let name = file_name(table, encoding);
        let mut file = HashedFile::create(dir, &name)?;
        file.write(header(encoding))?;
        Ok(Self { file, name, encoding, index: IndexBuilder::new(), rows: 0 })
    }

    /// Adds whole rows.
    pub(crate) fn write(&mut self, bytes: &[u8], rows: u64) -> Result<()> {
        if rows > 0 {
            self.index.push(IndexEntry { row: self.rows, offset: self.file.bytes() });
        }
        self.rows += rows;
        self.file.write(bytes)
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the file and gives it its name.
    pub(crate) fn keep(mut self) -> Result<Encoded> {
        self.file.write(trailer(self.encoding))?;
        let facts = self.file.keep()?;
        Ok(Encoded { file: self.name, bytes: facts.bytes, sha256: facts.sha256, index: self.index.finish() })
    }
}

/// Invents the rows of a table into `dir`.
pub(crate) fn generate(
    dir: &Path,
    table: BuiltIn,
    rows: u64,
    seed: u64,
    interrupt: &Interrupt,
) -> Result<(Encoded, ContentSum)> {
    let mut writer = EncodingWriter::create(dir, table.name(), Encoding::Csv)?;
    let invented = table.rows(rows, seed, interrupt)?;
    let mut content = ContentSum::default();
    let mut parts = parts(invented.len());
    pipeline::ordered(
        pipeline::cores(),
        interrupt,
        || Ok(parts.next()),
        |part| {
            let mut out = Vec::new();
            let sum = invented.write(part.clone(), &mut out)?;
            Ok((out, part.len() as u64, sum))
        },
        |(out, rows, sum)| {
            content.merge(sum);
            writer.write(&out, rows)
        },
    )?;
    Ok((writer.keep()?, content))
}

/// Makes an encoding of a dataset's rows in its directory from its csv.
pub(crate) fn encode(
    csv: File,
    name: String,
    dir: &Path,
    manifest: &Manifest,
    encoding: Encoding,
    interrupt: &Interrupt,
) -> Result<Encoded> {
    let (columns, rows) = (&manifest.columns, manifest.rows);
    let encoder = Encoder::new(columns, encoding)?;
    let mut writer = EncodingWriter::create(dir, manifest.table(), encoding)?;
    let mut blocks = BlockReader::new(csv, name.clone());
    pipeline::ordered(
        pipeline::cores(),
        interrupt,
        || blocks.next_block(),
        |block| {
            // Binary is the longest: 4 bytes of length for each comma and digit of these rows.
            let mut out = Vec::with_capacity(2 * block.bytes.len());
            let rows = push_block(&encoder, block, &name, columns, &mut out)?;
            Ok((out, rows))
        },
        |(out, rows)| writer.write(&out, rows),
    )?;
    if writer.rows() != rows {
        let found = writer.rows();
        return Err(crate::bad_data!(
            "{name} has {found} rows, and its manifest says {rows}: make the dataset again"
        ));
    }
    writer.keep()
}

/// Encodes a block of csv, naming the line of what is wrong with it.
pub(crate) fn push_block(
    encoder: &Encoder,
    block: Block,
    name: &str,
    columns: &[Column],
    out: &mut Vec<u8>,
) -> Result<u64> {
    let (style, first_line) = (Style::of_block(&block), block.first_line);
    let text = utf8(block.bytes, first_line, name)?;
    encoder
        .push_block(&text, style, out)
        .map_err(|(at, bad)| bad.at(name, first_line + newlines(&text.as_bytes()[..at]), columns))
}
