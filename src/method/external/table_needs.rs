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
    /// Names without double quotes in them: the program does not read doubled ones.
    NoQuotesInNames,
    /// No triggers: the program does not fire them.
    NoTriggers,
    /// No foreign keys: the program does not check them.
    NoForeignKeys,
    /// No CHECK constraints: the program does not check them.
    NoChecks,
    /// No partitions: the program is made for one table.
    NoPartitions,
    /// No primary key or unique constraint that is deferrable: the program builds them anew as ordinary ones.
    NoDeferrableKeys,
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
                (!names(table).all(is_plain), "its program reads only names that need no quotes")
            }
            TableNeed::NoQuotesInNames => (
                names(table).any(|name| name.contains('"')),
                "its program reads no names with double quotes in them",
            ),
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
                (definition.partitioning.is_some(), "its program is not made for partitioned tables")
            }
            TableNeed::NoDeferrableKeys => {
                let backed = [ConstraintKind::Primary, ConstraintKind::Unique];
                let mut keys = backed.into_iter().flat_map(|kind| definition.constraints_of(kind));
                (
                    keys.any(|key| key.is_deferrable),
                    "its program builds keys anew and not as deferrable ones, and the table has one",
                )
            }
        };
        is_wrong.then(|| why.into())
    }
}

/// The names that a load says.
fn names(table: &Table) -> impl Iterator<Item = &str> {
    let columns = table.columns.iter().map(|column| column.name.as_str());
    columns.chain([table.name.as_str()]).chain(table.schema.as_deref())
}

/// A column of a type that is none of these, in words; `None` where there is none, or nothing is said of types.
pub(crate) fn unknown_type(types: &[String], table: &Table) -> Option<String> {
    let definition = table.definition().filter(|_| !types.is_empty())?;
    let told = table.columns.iter().filter_map(|column| definition.column(&column.name));
    let mut others = told.filter(|column| !types.contains(&column.made_of));
    let column = others.next()?;
    Some(format!(
        "its program makes no values of the type {}, which the column {} is of",
        column.type_name, column.name
    ))
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
