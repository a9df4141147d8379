//! What a table lacks that methods need, in words.

use super::info::{Info, PRESENT, Start};
use super::method_trait::Method;
use crate::dataset::no_binary;
use crate::model::{Encoding, Params};
use crate::table::definition::{TypeClass, Value};
use crate::table::{Key, Layout, Table};

/// Why a method cannot load this table with these parameters; `None` where it can.
pub(crate) fn lacks(method: &dyn Method, params: &Params, table: &Table) -> Option<String> {
    let info = method.info();
    generated(table)
        .or_else(|| of_layout(info, table))
        .or_else(|| of_start(info, table))
        .or_else(|| (info.input == Encoding::Binary).then(|| binary(table)).flatten())
        .or_else(|| method.lacks(params, table))
}

/// A column of the rows that takes none of their values.
fn generated(table: &Table) -> Option<String> {
    let definition = table.definition()?;
    let is_generated = |name: &str| {
        definition.column(name).is_some_and(|column| matches!(column.value, Value::Generated { .. }))
    };
    let column = table.columns.iter().find(|column| is_generated(&column.name))?;
    Some(format!(
        "the rows bring the column {}, which the table generates itself: leave it out of them",
        column.name
    ))
}

fn of_layout(info: &Info, table: &Table) -> Option<String> {
    let definition = table.definition()?;
    match info.layout {
        Layout::Plain => None,
        Layout::Partitioned => Some(match &definition.partitioning {
            Some(partitioning) => format!(
                "it makes partitions of its own by ranges of a counted key, and the DDL has made others already, by {}",
                partitioning.by
            ),
            None => "it makes partitions of its own by ranges of a counted key, and the table of this DDL has none: a load leaves it as the DDL says"
                .into(),
        }),
        Layout::References => {
            table.drop_references().is_empty().then(|| "the table has no foreign key".into())
        }
    }
}

fn of_start(info: &Info, table: &Table) -> Option<String> {
    match info.start {
        Start::Empty(_) | Start::Absent | Start::Indexed => None,
        Start::Holding => {
            let given = table.surrogate().map(|key| key.column.as_str());
            let what = table.definition()?.refuses_twice(given)?;
            Some(format!("the table cannot hold the same rows twice: {what} refuses them"))
        }
        Start::Present { stale } => {
            let merges = info.params.iter().any(|param| param.name == PRESENT);
            let keyed = (stale || merges).then(|| key(table)).flatten();
            keyed.or_else(|| stale.then(|| column_to_change(table)).flatten())
        }
    }
}

/// No key to know rows by.
pub(crate) fn key(table: &Table) -> Option<String> {
    match &table.key {
        Key::Natural(_) => None,
        Key::None => Some(
            "the table has no key to know rows by: a primary key, or a unique constraint over columns that refuse NULL, whose values the rows bring or a sequence counts"
                .into(),
        ),
        Key::Surrogate(_) => counted_key(table),
    }
}

/// No key that the server counts 1, 2, 3 ...
pub(crate) fn counted_key(table: &Table) -> Option<String> {
    match &table.key {
        Key::Surrogate(key) if key.counts_up => None,
        Key::Surrogate(key) => Some(format!(
            "its key {} does not count 1, 2, 3 ... for all sessions together: its sequence starts, steps or is cached otherwise",
            key.column
        )),
        Key::Natural(_) | Key::None => Some("the table has no key that a sequence counts".into()),
    }
}

/// No column that an update can change.
fn column_to_change(table: &Table) -> Option<String> {
    // The rows' numbers take a column of their own on the way.
    const MOST: usize = 1599;
    match table.updated_column() {
        None => Some(
            "the table has no column to change: each belongs to a key, a unique index, the partitioning or a constraint of several columns, or takes no values"
                .into(),
        ),
        Some(_) if table.definition().is_some() && table.columns.len() > MOST => {
            Some(format!("its {} columns leave no room for one that numbers the rows", table.columns.len()))
        }
        Some(_) => None,
    }
}

/// No binary form of all columns.
pub(crate) fn binary(table: &Table) -> Option<String> {
    no_binary(&table.columns)
}

/// No room for rows that arrive frozen.
pub(crate) fn frozen(table: &Table) -> Option<String> {
    let partitioned = table.definition()?.partitioning.is_some();
    partitioned.then(|| "COPY with FREEZE does not load a partitioned table".into())
}

/// Rules, past which neither MERGE nor ON CONFLICT goes.
pub(crate) fn no_rules(table: &Table) -> Option<String> {
    let has = table.definition()?.further.iter().any(|text| text.starts_with("CREATE RULE"));
    has.then(|| "the table has rules, and neither MERGE nor ON CONFLICT loads such a table".into())
}

/// A column whose values several of in an array cannot be told apart again.
pub(crate) fn arrays(table: &Table) -> Option<String> {
    let definition = table.definition()?;
    let column = table
        .columns
        .iter()
        .filter_map(|column| definition.column(&column.name))
        .find(|column| matches!(column.class, TypeClass::Array | TypeClass::Composite))?;
    Some(match column.class {
        TypeClass::Array => format!(
            "the column {} is an array ({}), and unnest would take an array of them apart into single elements",
            column.name, column.type_name
        ),
        _ => format!(
            "the column {} is of the composite type {}, which unnest would take apart into its fields, and NULL with them",
            column.name, column.type_name
        ),
    })
}

/// No indexed column to sort rows by.
pub(crate) fn sort_column(table: &Table) -> Option<String> {
    table.sort_column().is_none().then(|| {
        format!("it sorts by the last indexed column, and of those that the rows bring to the table {} none is indexed", table.name)
    })
}
