//! What a loader's definition says that the table has to be.

use serde::Deserialize;

use crate::table::Table;
use crate::table::definition::ConstraintKind;

/// A thing that a loader's program needs of a table, or goes past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TableNeed {
    /// The input has every column, in the table's order: the program knows neither defaults nor a list of columns.
    EveryColumn,
    /// Names that SQL reads without quotes.
    PlainNames,
    /// No triggers: the program does not fire them.
    NoTriggers,
    /// No foreign keys: the program does not check them.
    NoForeignKeys,
    /// No CHECK constraints: the program does not check them.
    NoChecks,
    /// No partitions: the program writes into one table.
    NoPartitions,
}

impl TableNeed {
    /// What a table lacks, or has too much of, whose rows bring these columns; `None` where it is as it has to be.
    pub(crate) fn lacks(self, table: &Table) -> Option<String> {
        let definition = table.definition()?;
        let has = |kind| definition.constraints_of(kind).next().is_some();
        let (is_wrong, why) = match self {
            TableNeed::EveryColumn => {
                let brought = table.with_counted_key().columns;
                let brought = brought.iter().map(|column| column.name.as_str());
                let all = definition.columns.iter().map(|column| column.name.as_str());
                (
                    !all.eq(brought),
                    "its program loads every column of a table, in the table's order, and the rows bring others",
                )
            }
            TableNeed::PlainNames => {
                let columns = table.columns.iter().map(|column| &column.name);
                let mut names = columns.chain([&table.name]).chain(&table.schema);
                (!names.all(|name| is_plain(name)), "its program reads only names that need no quotes")
            }
            TableNeed::NoTriggers => {
                let fires = definition.triggers.iter().any(|trigger| trigger.on_insert);
                (fires, "its program fires no triggers, and the table has some")
            }
            TableNeed::NoForeignKeys => {
                (has(ConstraintKind::Foreign), "its program checks no foreign keys, and the table has some")
            }
            TableNeed::NoChecks => (
                has(ConstraintKind::Check),
                "its program checks no CHECK constraints, and the table has some",
            ),
            TableNeed::NoPartitions => {
                (definition.partitioning.is_some(), "its program does not load partitioned tables")
            }
        };
        is_wrong.then(|| why.into())
    }
}

/// Whether SQL reads a name without quotes as it is, unless it is a word of its own.
fn is_plain(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c == '_';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_need_quotes_are_not_plain() {
        for (name, plain) in
            [("votes_2", true), ("Votes", false), ("2", false), ("a b", false), ("ż", false), ("", false)]
        {
            assert_eq!(is_plain(name), plain, "{name}");
        }
    }
}
