//! The content sums of csv: of a dataset's file, on all cores, and of rows in memory.

use std::fs::File;
use std::io::Take;

use anyhow::Result;

use super::blocks::{Block, BlockReader, newlines};
use super::checksum::ContentSum;
use super::columns::Column;
use super::csv_row::RowParser;
use super::dialect::Style;
use super::pipeline;
use super::rows::{Row, utf8};
use super::summing::Summer;
use crate::interrupt::Interrupt;
use crate::model::Rule;

/// The content sum of a part of a dataset's csv, by this rule.
pub(crate) fn sum_of_file(
    csv: Take<File>,
    name: String,
    columns: &[Column],
    rule: Rule,
) -> Result<ContentSum> {
    let mut sum = ContentSum::default();
    let mut blocks = BlockReader::new(csv, name.clone());
    pipeline::ordered(
        pipeline::cores(),
        &Interrupt::new(),
        || blocks.next_block(),
        |block| block_content(block, &name, columns, rule),
        |part| {
            sum.merge(part);
            Ok(())
        },
    )?;
    Ok(sum)
}

/// The content sum of whole rows of csv.
///
/// # Errors
/// When they are no rows of these columns.
pub(crate) fn sum_of(csv: &[u8], name: &str, columns: &[Column]) -> Result<ContentSum> {
    let quoted = memchr::memchr(b'"', csv).is_some();
    block_content(Block { bytes: csv.to_vec(), first_line: 1, quoted }, name, columns, Rule::RowHashes2)
}

/// The content sum of one block of csv.
fn block_content(block: Block, name: &str, columns: &[Column], rule: Rule) -> Result<ContentSum> {
    let (style, first_line) = (Style::of_block(&block), block.first_line);
    let text = utf8(block.bytes, first_line, name)?;
    let summer = Summer::new(rule, columns);
    let mut parser = RowParser::new(columns);
    let mut sum = ContentSum::default();
    let mut at = 0;
    while at < text.len() {
        at = parser
            .parse(&text, at, style)
            .map_err(|bad| bad.at(name, first_line + newlines(&text.as_bytes()[..at]), columns))?;
        summer.add(&Row { parser: &parser, text: &text }, &mut sum);
    }
    Ok(sum)
}
