//! The sequences that columns of a table draw from, after a load: none may give a number that is there already.

use anyhow::{Context, Result};
use postgres::GenericClient;

use super::definition::{Bond, Sequence};
use super::loaded::Table;
use crate::model::Ability;
use crate::pg_error::describe;
use crate::sql::quote;

/// A sequence, and the numbers in its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSequence {
    /// Its name, as SQL has it.
    pub name: String,
    /// The column, bare.
    pub column: String,
    /// The least and the greatest number in the column; `None` where there are none.
    pub range: Option<(i64, i64)>,
    /// The number that it gives next.
    pub next: i64,
    /// The distance to the one behind that.
    pub increment: i64,
}

/// The sequences that fill columns which rows do not bring, but for the key's where that counts 1, 2, 3 ... and is
/// held against that, and those that begin again by themselves.
fn watched(table: &Table) -> Vec<&Sequence> {
    let Some(definition) = table.definition() else { return Vec::new() };
    let counted = table.counted_key().map(|key| key.column.as_str());
    let is_watched = |sequence: &&Sequence| {
        let column = sequence.column.as_str();
        let holds_integers = definition
            .column(column)
            .is_some_and(|column| ["smallint", "integer", "bigint"].contains(&column.type_name.as_str()));
        (sequence.drawn || sequence.bond == Bond::Identity)
            && !sequence.cycles
            && holds_integers
            && Some(column) != counted
            && !table.columns.iter().any(|brought| brought.name == column)
    };
    definition.sequences.iter().filter(is_watched).collect()
}

/// The sequences of a loaded table, and the numbers in their columns, read in a pass of their own: few tables have
/// such columns.
///
/// # Errors
/// The server's error.
pub(super) fn read(client: &mut impl GenericClient, table: &Table) -> Result<Vec<FoundSequence>> {
    let watched = if table.absent.has(Ability::NextKey) { watched(table) } else { Vec::new() };
    if watched.is_empty() {
        return Ok(Vec::new());
    }
    let range = |sequence: &&Sequence| {
        let column = quote(&sequence.column);
        format!("min({column})::int8, max({column})::int8")
    };
    let ranges: Vec<String> = watched.iter().map(range).collect();
    let sql = format!("SELECT {} FROM {}", ranges.join(", "), table.sql_name());
    let row = client.query_one(&sql, &[]).map_err(describe).context("reading the numbers of sequences")?;
    let mut found = Vec::with_capacity(watched.len());
    for (i, Sequence { name, column, increment, .. }) in watched.into_iter().enumerate() {
        let (least, greatest): (Option<i64>, Option<i64>) = (row.try_get(2 * i)?, row.try_get(2 * i + 1)?);
        let state = client
            .query_one(&format!("SELECT last_value, is_called FROM {name}"), &[])
            .map_err(describe)
            .with_context(|| format!("reading the sequence {name}"))?;
        let (last, called): (i64, bool) = (state.try_get(0)?, state.try_get(1)?);
        found.push(FoundSequence {
            name: name.clone(),
            column: column.clone(),
            range: least.zip(greatest),
            next: last.saturating_add(if called { *increment } else { 0 }),
            increment: *increment,
        });
    }
    Ok(found)
}

/// What is wrong with a sequence; `None` where nothing is.
pub(super) fn wrong(found: &FoundSequence) -> Option<String> {
    let FoundSequence { name, column, range, next, increment } = found;
    let (least, greatest) = (*range)?;
    let given = if *increment > 0 { *next <= greatest } else { *next >= least };
    given.then(|| {
        format!(
            "the sequence {name} is behind: the next row would get {next} in {column}, which has numbers from {least} to {greatest}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_gives_no_number_that_is_there() {
        let found = |range, next, increment| FoundSequence {
            name: "s".into(),
            column: "n".into(),
            range,
            next,
            increment,
        };
        for (range, next, increment) in
            [(Some((1, 3)), 4, 1), (Some((100, 120)), 130, 10), (Some((-3, -1)), -4, -1), (None, 1, 1)]
        {
            assert_eq!(wrong(&found(range, next, increment)), None);
        }
        for (range, next, increment) in [(Some((1, 3)), 3, 1), (Some((1, 3)), 1, 1), (Some((-3, -1)), -1, -1)]
        {
            let words = wrong(&found(range, next, increment)).unwrap();
            assert!(words.contains("would get") && words.contains("in n, which has numbers from"), "{words}");
        }
    }
}
