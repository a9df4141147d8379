//! The keys that the server gave to the rows of a table.

use anyhow::{Context, Result};
use postgres::GenericClient;

use super::key::Surrogate;
use super::loaded::Table;
use crate::dataset::{Column, summing};
use crate::model::Ability;
use crate::pg_error::describe;
use crate::sql::quote;
use crate::value::SqlType;

/// The rule for the keys of a table's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// The numbers from 1 on, each once.
    Counted,
    /// Each once and above 0; some may have been passed over, as by a program that tries a batch again.
    Unique,
}

/// The keys of a table's rows, and the one that the next row would get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundKeys {
    /// The content sum of the column, in decimal.
    pub sum: String,
    /// The least and the greatest; `None` where there are none.
    pub range: Option<(i64, i64)>,
    /// How many different ones there are; `None` where they were not counted, as they are 1, 2, 3 ...
    pub different: Option<u64>,
    /// The next value of the column's sequence or identity.
    pub next: NextKey,
}

/// The key that a row would get that brings none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextKey {
    /// This one.
    Is(i64),
    /// None: the column has neither a sequence nor an identity.
    None,
    /// The server does not tell.
    Unread,
}

/// The column of the keys, as whole numbers.
pub(super) fn column(key: &Surrogate) -> Column {
    Column::new(&key.column, SqlType::int8())
}

/// The keys of so many rows with this sum and range.
pub(super) fn read(
    client: &mut impl GenericClient,
    table: &Table,
    key: &Surrogate,
    rows: u64,
    sum: String,
    range: Option<(i64, i64)>,
) -> Result<FoundKeys> {
    let counted = summing::of_keys(table.absent.rule(), rows).content().to_string();
    let different = match sum == counted {
        true => None,
        false => {
            let sql = format!("SELECT count(DISTINCT {}) FROM {}", quote(&key.column), table.sql_name());
            let row = client.query_one(&sql, &[]).map_err(describe).context("counting the keys")?;
            Some(row.get::<_, i64>(0) as u64)
        }
    };
    let next = match table.absent.has(Ability::NextKey) {
        true => next_key(client, table, key)?,
        false => NextKey::Unread,
    };
    Ok(FoundKeys { sum, range, different, next })
}

/// The key that a row would get that brings none.
///
/// # Errors
/// The server's error.
pub(crate) fn next_key(client: &mut impl GenericClient, table: &Table, key: &Surrogate) -> Result<NextKey> {
    let reading = || format!("reading the sequence of {}.{}", table.name, key.column);
    let sequence = client
        .query_opt(SEQUENCE, &[&table.sql_name(), &key.column])
        .map_err(describe)
        .with_context(reading)?;
    let Some(sequence) = sequence else { return Ok(NextKey::None) };
    let (name, increment): (String, i64) = (sequence.get(0), sequence.get(1));
    let row = client
        .query_one(&format!("SELECT last_value, is_called FROM {name}"), &[])
        .map_err(describe)
        .with_context(reading)?;
    let (last, called): (i64, bool) = (row.get(0), row.get(1));
    Ok(last.checked_add(if called { increment } else { 0 }).map_or(NextKey::None, NextKey::Is))
}

/// The sequence that a column's default or identity draws from, and its increment.
const SEQUENCE: &str = "\
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), s.seqincrement
FROM pg_attribute a
JOIN pg_depend d ON d.deptype = 'i' AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
     OR d.deptype = 'n' AND d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
        AND d.objid = (SELECT oid FROM pg_attrdef WHERE adrelid = a.attrelid AND adnum = a.attnum)
JOIN pg_sequence s ON s.seqrelid = CASE d.deptype WHEN 'i' THEN d.objid ELSE d.refobjid END
JOIN pg_class c ON c.oid = s.seqrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attrelid = $1::text::regclass AND a.attname = $2 AND NOT a.attisdropped";

/// The faults of the keys of so many rows.
pub(super) fn wrong_keys(found: &FoundKeys, rows: u64, expected: Keys) -> Vec<String> {
    let mut wrong = Vec::new();
    let (least, greatest) = found.range.unwrap_or((1, 0));
    // By their sum they are 1, 2, 3 ... unless they were counted.
    if let Some(different) = found.different {
        let of = format!("{different} different ones for {rows} rows, from {least} to {greatest}");
        match expected {
            Keys::Counted => wrong.push(format!("the keys are not those from 1 to {rows}: there are {of}")),
            Keys::Unique if different != rows || least < 1 => {
                wrong.push(format!("the keys are not different ones above 0: there are {of}"));
            }
            Keys::Unique => {}
        }
    }
    match found.next {
        NextKey::None => wrong.push("its key has neither a sequence nor an identity: the next row would get none".into()),
        NextKey::Is(next) if next <= greatest => wrong.push(format!(
            "the sequence of its key is behind: the next row would get {next}, and there are keys up to {greatest}"
        )),
        NextKey::Is(_) | NextKey::Unread => {}
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_counted_or_at_least_unique_and_below_the_next() {
        let keys = |range, different, next| FoundKeys { sum: String::new(), range, different, next };
        let wrong = |found: &FoundKeys, expected| wrong_keys(found, 3, expected).join("; ");
        let right = keys(Some((1, 3)), None, NextKey::Is(4));
        let gap = keys(Some((1, 4)), Some(3), NextKey::Is(5));
        assert_eq!((wrong(&right, Keys::Counted), wrong(&gap, Keys::Unique)), (String::new(), String::new()));
        assert!(wrong(&gap, Keys::Counted).contains("not those from 1 to 3: there are 3 different ones"));
        for doubled_or_below in
            [keys(Some((1, 3)), Some(2), NextKey::Is(4)), keys(Some((0, 2)), Some(3), NextKey::Is(4))]
        {
            assert!(wrong(&doubled_or_below, Keys::Unique).contains("not different ones above 0"));
        }
        for expected in [Keys::Counted, Keys::Unique] {
            let behind = wrong(&keys(Some((1, 3)), None, NextKey::Is(3)), expected);
            assert!(behind.contains("would get 3, and there are keys up to 3"), "{behind}");
            assert!(wrong(&keys(Some((1, 3)), None, NextKey::None), expected).contains("neither a sequence"));
        }
        assert_eq!(
            wrong_keys(&keys(None, None, NextKey::Is(1)), 0, Keys::Counted),
            [""; 0],
            "an empty table"
        );
    }
}
