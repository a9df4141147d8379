//! The proof that a load arrived: every row with its content, and the table in the state that
//! the method promised.

use anyhow::{Context, Result};
use postgres::GenericClient;

use crate::bad_data;
use crate::dataset::Column;
use crate::dataset::checksum::{self, sql_expression};
use crate::model::{Content, EndState, Persistence};
use crate::pg_error::describe;
use crate::sql::quote;
use crate::table::Table;
use crate::table::ddl::parent_of;
use crate::table::fixed::fixed;
use crate::value::SqlType;

pub use crate::table::fixed::FIXED;

/// The expected state of the table after a load.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// Rows.
    pub rows: u64,
    /// Their content sum, as the client makes it from the dataset.
    pub content: Content,
    /// The rule for their keys.
    pub keys: Keys,
    /// Whether it is logged.
    pub persistence: Persistence,
}

/// The rule for the keys of a table's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// The numbers from 1 on, each once.
    Counted,
    /// Each once and above 0; some may have been passed over, as by a program that tries a batch again.
    Unique,
}

/// The state of a table as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its rows.
    pub rows: u64,
    /// Their content sum, as the server computes it.
    pub content: Content,
    /// The keys of its rows.
    pub keys: FoundKeys,
    /// Whether it is logged, in words: `permanent`, `permanent and unlogged` where its partitions differ.
    pub persistence: String,
    /// Definitions of its indexes and constraints that are valid, sorted, without names of their own.
    pub structure: Vec<String>,
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
    /// The next value of the column's sequence or identity; `None` where it has neither.
    pub next: Option<i64>,
}

/// Reads what the table is now, whatever was expected.
///
/// # Errors
/// The server's error, for instance when there is no such table.
pub fn read(client: &mut impl GenericClient, table: &Table) -> Result<Found> {
    fixed(client, |transaction| {
        let (rows, content, keys) = rows(transaction, table)?;
        let (persistence, structure) = structure(transaction, table)?;
        Ok(Found { rows, content, keys, persistence, structure })
    })
}

/// How many rows there are, the sum of their content, and their keys.
fn rows(client: &mut impl GenericClient, table: &Table) -> Result<(u64, Content, FoundKeys)> {
    let (name, key) = (table.sql_name(), quote(&table.key));
    let key_column = Column::new(&table.key, SqlType::int8());
    // One pass for all: PostgreSQL reads a large table with parallel workers, so this costs a
    // fraction of the load.
    let sql = format!(
        "SELECT count(*), coalesce(sum({}), 0)::text, coalesce(sum({}), 0)::text, min({key})::int8, max({key})::int8 FROM {name}",
        sql_expression(&table.columns),
        sql_expression(&[key_column])
    );
    let row = client.query_one(&sql, &[]).map_err(describe).context("counting and summing the rows")?;
    let (rows, content, sum) =
        (row.get::<_, i64>(0) as u64, row.get::<_, String>(1), row.get::<_, String>(2));
    let content = content.parse().with_context(|| format!("the content sum {content} is not a number"))?;
    let (least, greatest): (Option<i64>, Option<i64>) = (row.get(3), row.get(4));
    let different = match sum == checksum::of_keys(rows).content().to_string() {
        true => None,
        false => {
            let sql = format!("SELECT count(DISTINCT {key}) FROM {name}");
            let row = client.query_one(&sql, &[]).map_err(describe).context("counting the keys")?;
            Some(row.get::<_, i64>(0) as u64)
        }
    };
    let keys = FoundKeys { sum, range: least.zip(greatest), different, next: next_key(client, table)? };
    Ok((rows, Content::of_rows(content), keys))
}

/// The key that a row would get that brings none.
fn next_key(client: &mut impl GenericClient, table: &Table) -> Result<Option<i64>> {
    let reading = || format!("reading the sequence of {}.{}", table.name, table.key);
    let sequence = client
        .query_opt(SEQUENCE, &[&table.sql_name(), &table.key])
        .map_err(describe)
        .with_context(reading)?;
    let Some(sequence) = sequence else { return Ok(None) };
    let (name, increment): (String, i64) = (sequence.get(0), sequence.get(1));
    let row = client
        .query_one(&format!("SELECT last_value, is_called FROM {name}"), &[])
        .map_err(describe)
        .with_context(reading)?;
    let (last, called): (i64, bool) = (row.get(0), row.get(1));
    Ok(last.checked_add(if called { increment } else { 0 }))
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

/// Whether the table is logged, and its indexes and constraints.
fn structure(client: &mut impl GenericClient, table: &Table) -> Result<(String, Vec<String>)> {
    let name = table.sql_name();
    let persistence: String = client
        .query_one(
            "SELECT string_agg(DISTINCT CASE relpersistence WHEN 'p' THEN 'permanent' WHEN 'u' THEN 'unlogged' \
             ELSE 'temporary' END, ' and ') FROM pg_class WHERE oid IN \
             (SELECT $1::text::regclass UNION SELECT relid FROM pg_partition_tree($1::text::regclass))",
            &[&name],
        )
        .map_err(describe)?
        .get(0);
    let structure = client
        .query(STRUCTURE, &[&name])
        .map_err(describe)
        .context("reading the table's indexes and constraints")?
        .iter()
        .map(|row| row.get(0))
        .collect();
    Ok((persistence, structure))
}

/// Indexes that are valid, columns that refuse NULL, foreign keys (of one column), CHECK constraints
/// (those of partitions included) and the partitioning, in words without generated names.
const STRUCTURE: &str = "\
SELECT def FROM (
  SELECT CASE WHEN i.indisprimary THEN 'primary key ' WHEN i.indisunique THEN 'unique index ' ELSE 'index ' END
         || am.amname || ' (' || (
           SELECT string_agg(pg_get_indexdef(i.indexrelid, k::int, true), ', ' ORDER BY k)
           FROM generate_series(1, i.indnkeyatts) AS k) || ')' AS def
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam
  WHERE i.indrelid = $1::text::regclass AND i.indisvalid AND i.indisready
  UNION ALL
  SELECT 'not null (' || attname || ')' FROM pg_attribute
  WHERE attrelid = $1::text::regclass AND attnum > 0 AND attnotnull AND NOT attisdropped
  UNION ALL
  SELECT 'foreign key (' || a.attname || ') references ' || p.relname || ' (' || b.attname || ')'
         || CASE WHEN f.convalidated THEN '' ELSE ' not valid' END
  FROM pg_constraint f
  JOIN pg_class p ON p.oid = f.confrelid
  JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
  JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = f.confkey[1]
  WHERE f.conrelid = $1::text::regclass AND f.contype = 'f'
  UNION ALL
  SELECT 'check ' || pg_get_constraintdef(oid) FROM pg_constraint
  WHERE contype = 'c' AND conrelid IN
    (SELECT $1::text::regclass UNION SELECT relid FROM pg_partition_tree($1::text::regclass))
  UNION ALL
  SELECT 'partitioned by ' || lower(pg_get_partkeydef(partrelid))
  FROM pg_partitioned_table WHERE partrelid = $1::text::regclass
) AS structure ORDER BY def COLLATE \"C\"";

/// Passes when the text columns have the table's collation, and the schema holds no table besides this
/// one, its partitions and the tables it refers to: what a load needed on the way is gone.
///
/// # Errors
/// [`crate::fault::Fault::Data`], naming the columns or tables; or what the server says.
pub(crate) fn check_surroundings(client: &mut impl GenericClient, table: &Table) -> Result<()> {
    let other: Vec<String> = client
        .query(
            "SELECT attname || ' ' || collname FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation \
             WHERE attrelid = $1::text::regclass AND attnum > 0 AND collname <> $2",
            &[&table.sql_name(), &table.collation.as_deref().unwrap_or("default")],
        )
        .map_err(describe)
        .context("reading the columns' collations")?
        .iter()
        .map(|row| row.get(0))
        .collect();
    if !other.is_empty() {
        let wanted = table.collation.as_deref().unwrap_or("the database's");
        return Err(bad_data!(
            "columns of the table {} have another collation than {wanted}: {}",
            table.name,
            other.join(", ")
        ));
    }
    let expected: Vec<String> =
        table.indexed.iter().map(|column| parent_of(column)).chain([table.name.clone()]).collect();
    let left: Vec<String> = client
        .query(
            "SELECT relname::text FROM pg_class WHERE relnamespace = \
             (SELECT relnamespace FROM pg_class WHERE oid = $2::text::regclass) \
             AND relkind IN ('r', 'p', 'f') AND NOT relispartition AND relname <> ALL ($1)",
            &[&expected, &table.sql_name()],
        )
        .map_err(describe)
        .context("looking for tables that a load left")?
        .iter()
        .map(|row| row.get(0))
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(bad_data!("the load left tables behind: {}", left.join(", ")))
}

/// Holds what was found against what it has to be; gives it as it is recorded.
///
/// # Errors
/// [`crate::fault::Fault::Data`], naming everything that differs.
pub fn check(found: Found, table: &Table, expected: &Expected) -> Result<EndState> {
    let mut wrong = Vec::new();
    if found.rows != expected.rows {
        wrong.push(format!("{} rows instead of {}", found.rows, expected.rows));
    } else if found.content != expected.content {
        wrong.push(format!(
            "the rows' content sums to {} instead of {}: some row was changed on the way",
            found.content, expected.content
        ));
    }
    wrong.extend(wrong_keys(&found.keys, found.rows, expected.keys));
    if found.persistence != expected.persistence.name() {
        wrong.push(format!("the table is {} instead of {}", found.persistence, expected.persistence.name()));
    }
    let structure = table.structure();
    for missing in structure.iter().filter(|s| !found.structure.contains(s)) {
        wrong.push(format!("it has no {missing}"));
    }
    for extra in found.structure.iter().filter(|s| !structure.contains(s)) {
        wrong.push(format!("it has an unexpected {extra}"));
    }
    if wrong.is_empty() {
        let Found { rows, content, structure, .. } = found;
        return Ok(EndState { rows, content, persistence: expected.persistence, structure });
    }
    Err(bad_data!("verification of the table {} failed: {}", table.name, wrong.join("; ")))
}

/// The faults of the keys of so many rows.
fn wrong_keys(found: &FoundKeys, rows: u64, expected: Keys) -> Vec<String> {
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
        None => wrong.push("its key has neither a sequence nor an identity: the next row would get none".into()),
        Some(next) if next <= greatest => wrong.push(format!(
            "the sequence of its key is behind: the next row would get {next}, and there are keys up to {greatest}"
        )),
        Some(_) => {}
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;

    fn found(table: &Table) -> Found {
        Found {
            rows: 3,
            content: Content::of_rows(7),
            persistence: "permanent".into(),
            structure: table.structure(),
            keys: FoundKeys {
                sum: checksum::of_keys(3).content().to_string(),
                range: Some((1, 3)),
                different: None,
                next: Some(4),
            },
        }
    }

    #[test]
    fn everything_that_differs_is_named() {
        let table = Table::votes(&votes());
        let expected = Expected {
            rows: 3,
            content: Content::of_rows(7),
            keys: Keys::Counted,
            persistence: Persistence::Permanent,
        };
        let found = found(&table);
        assert_eq!(check(found.clone(), &table, &expected).unwrap().persistence, Persistence::Permanent);

        let mut fewer = found.clone();
        fewer.rows = 2;
        let text = check(fewer, &table, &expected).unwrap_err().to_string();
        assert!(text.contains("2 rows instead of 3"), "{text}");

        let mut other = found;
        other.content = Content::of_rows(8);
        other.persistence = "unlogged".into();
        other.structure.retain(|s| s != "index btree (link)");
        let text = check(other, &table, &expected).unwrap_err().to_string();
        for part in ["sums to 8 instead of 7", "unlogged instead of permanent", "no index btree (link)"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn keys_are_counted_or_at_least_unique_and_below_the_next() {
        let keys = |range, different, next| FoundKeys { sum: String::new(), range, different, next };
        let wrong = |found: &FoundKeys, expected| wrong_keys(found, 3, expected).join("; ");
        let right = keys(Some((1, 3)), None, Some(4));
        let gap = keys(Some((1, 4)), Some(3), Some(5));
        assert_eq!((wrong(&right, Keys::Counted), wrong(&gap, Keys::Unique)), (String::new(), String::new()));
        assert!(wrong(&gap, Keys::Counted).contains("not those from 1 to 3: there are 3 different ones"));
        for doubled_or_below in [keys(Some((1, 3)), Some(2), Some(4)), keys(Some((0, 2)), Some(3), Some(4))] {
            assert!(wrong(&doubled_or_below, Keys::Unique).contains("not different ones above 0"));
        }
        for expected in [Keys::Counted, Keys::Unique] {
            let behind = wrong(&keys(Some((1, 3)), None, Some(3)), expected);
            assert!(behind.contains("would get 3, and there are keys up to 3"), "{behind}");
            assert!(wrong(&keys(Some((1, 3)), None, None), expected).contains("neither a sequence"));
        }
        assert_eq!(wrong_keys(&keys(None, None, Some(1)), 0, Keys::Counted), [""; 0], "an empty table");
    }
}
