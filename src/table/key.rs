//! The key of a table, by which methods know its rows.

use super::definition::{Bond, ConstraintKind, Definition, Value};

/// What rows of a table are known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Nothing.
    None,
    /// A number that the server gives them.
    Surrogate(Surrogate),
    /// Values that they bring.
    Natural(Natural),
}

/// A key of one integer column that the rows do not bring and a sequence fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surrogate {
    /// The column, bare.
    pub column: String,
    /// Its type in SQL: `integer`.
    pub type_name: String,
    /// The sequence as SQL names it; `None` where it lies beside the table under the name that `serial` gives.
    pub sequence: Option<String>,
    /// Whether the rows get 1, 2, 3 ... in the order they come in.
    pub counts_up: bool,
    /// Whether INSERT has to say that it means to bring a value.
    pub is_always: bool,
    /// The last number there is.
    pub last: u64,
}

/// A key of columns that the rows bring, each set of values once and none of them NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Natural {
    /// The columns, bare.
    pub columns: Vec<String>,
    /// Whether ON CONFLICT can name it.
    pub arbitrates: bool,
}

/// The greatest value of an integer type, by its name in SQL.
fn greatest(type_name: &str) -> Option<u64> {
    match type_name {
        "smallint" => Some(i16::MAX as u64),
        "integer" => Some(i32::MAX as u64),
        "bigint" => Some(i64::MAX as u64),
        _ => None,
    }
}

/// Columns that are different in each row.
struct Candidate<'d> {
    columns: Vec<&'d str>,
    is_primary: bool,
    arbitrates: bool,
}

impl Key {
    /// The key of a table whose rows bring these columns: the primary key or, where that is no use, the
    /// first of the unique constraints and indexes that is.
    pub fn of(table: &Definition, brought: &[&str]) -> Self {
        let candidates = candidates(table);
        let find = |candidate: &Candidate<'_>| {
            surrogate(table, candidate, brought)
                .map(Key::Surrogate)
                .or_else(|| natural(table, candidate, brought).map(Key::Natural))
        };
        candidates.iter().find_map(find).unwrap_or(Key::None)
    }
}

fn candidates(table: &Definition) -> Vec<Candidate<'_>> {
    let of_kind = |kind| {
        table.constraints_of(kind).map(move |constraint| Candidate {
            columns: constraint.columns.iter().map(String::as_str).collect(),
            is_primary: kind == ConstraintKind::Primary,
            arbitrates: !constraint.is_deferrable
                && table.index_of(constraint).is_some_and(|index| index.method == "btree"),
        })
    };
    let indexes = table
        .indexes
        .iter()
        .filter(|index| index.constraint.is_none() && index.is_unique && index.is_plain && index.is_valid);
    let indexes = indexes.map(|index| Candidate {
        columns: index.leading.iter().map(String::as_str).collect(),
        is_primary: false,
        arbitrates: true,
    });
    of_kind(ConstraintKind::Primary).chain(of_kind(ConstraintKind::Unique)).chain(indexes).collect()
}

fn surrogate(table: &Definition, candidate: &Candidate<'_>, brought: &[&str]) -> Option<Surrogate> {
    let [name] = candidate.columns[..] else { return None };
    let column = table.column(name).filter(|_| !brought.contains(&name))?;
    let sequence = table
        .sequences
        .iter()
        .find(|sequence| sequence.column == name && (sequence.drawn || sequence.bond == Bond::Identity))?;
    Some(Surrogate {
        column: name.into(),
        type_name: column.type_name.clone(),
        sequence: Some(sequence.name.clone()),
        counts_up: sequence.counts_up() && sequence.is_home,
        is_always: column.value == Value::Identity { always: true },
        last: greatest(&column.type_name)?.min(sequence.greatest.unsigned_abs()),
    })
}

fn natural(table: &Definition, candidate: &Candidate<'_>, brought: &[&str]) -> Option<Natural> {
    let never_null = |name: &&str| table.column(name).is_some_and(|column| column.not_null);
    let is_key = candidate.columns.iter().all(|name| brought.contains(name))
        && (candidate.is_primary || candidate.columns.iter().all(never_null));
    is_key.then(|| Natural {
        columns: candidate.columns.iter().map(|name| (*name).to_owned()).collect(),
        arbitrates: candidate.arbitrates,
    })
}
