//! The proof that a load arrived: every row with its content, and the table in the state that
//! the method promised.

use anyhow::{Context, Result};
use postgres::GenericClient;

use super::ddl::parent_of;
use super::definition::COLUMN_LINE;
use super::fixed::fixed;
use super::found_keys::{self, wrong_keys};
use super::found_sequences;
use super::introspect;
use super::loaded::Table;
use crate::bad_data;
use crate::dataset::summing;
use crate::model::{Ability, Content, EndState, Persistence};
use crate::pg_error::describe;
use crate::probe::parts::PARTS;

pub use super::fixed::FIXED;
pub(crate) use super::found_keys::next_key;
pub use super::found_keys::{FoundKeys, Keys, NextKey};
pub use super::found_sequences::FoundSequence;

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

/// The state of a table as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its rows.
    pub rows: u64,
    /// Their content sum, as the server computes it.
    pub content: Content,
    /// The keys that the server gave to its rows; `None` where it gave none.
    pub keys: Option<FoundKeys>,
    /// The sequences that fill other columns.
    pub sequences: Vec<FoundSequence>,
    /// Whether it is logged, in words: `permanent`, `permanent and unlogged` where its partitions differ; `None`
    /// where the server does not tell.
    pub persistence: Option<String>,
    /// Definitions of its indexes and constraints that are valid, sorted, without names of their own; likewise.
    pub structure: Option<Vec<String>>,
}

/// Reads what the table is now, whatever was expected.
///
/// # Errors
/// The server's error, for instance when there is no such table.
pub fn read(client: &mut impl GenericClient, table: &Table) -> Result<Found> {
    fixed(client, |transaction| {
        let (rows, content, keys) = rows(transaction, table)?;
        let sequences = found_sequences::read(transaction, table)?;
        let has = |ability| table.absent.has(ability);
        let persistence = has(Ability::Persistence).then(|| persistence(transaction, table)).transpose()?;
        let structure = has(Ability::Structure).then(|| structure(transaction, table)).transpose()?;
        Ok(Found { rows, content, keys, sequences, persistence, structure })
    })
}

/// How many rows there are, the sum of their content, and their keys where the server gave them.
fn rows(client: &mut impl GenericClient, table: &Table) -> Result<(u64, Content, Option<FoundKeys>)> {
    let (key, rule) = (table.surrogate(), table.absent.rule());
    let sql = summing::query(rule, &table.columns, key.map(found_keys::column).as_ref(), &table.sql_name());
    let row = client.query_one(&sql, &[]).map_err(describe).context("counting and summing the rows")?;
    let (rows, content) = (row.get::<_, i64>(0) as u64, row.get::<_, String>(1));
    let content = content.parse().with_context(|| format!("the content sum {content} is not a number"))?;
    let keys = match key {
        None => None,
        Some(key) => {
            let (least, greatest): (Option<i64>, Option<i64>) = (row.get(3), row.get(4));
            Some(found_keys::read(client, table, key, rows, row.get(2), least.zip(greatest))?)
        }
    };
    Ok((rows, Content { rule, sum: content }, keys))
}

/// Whether the table is logged, in words.
///
/// # Errors
/// The server's error.
pub(crate) fn persistence(client: &mut impl GenericClient, table: &Table) -> Result<String> {
    let row = client
        .query_one(
            // A partitioned table holds no rows itself; one without partitions is what it is.
            &format!(
                "SELECT coalesce(string_agg(DISTINCT word, ' and ') FILTER (WHERE relkind <> 'p'), min(word)) FROM ( \
                   SELECT relkind, CASE relpersistence WHEN 'p' THEN 'permanent' WHEN 'u' THEN 'unlogged' \
                   ELSE 'temporary' END AS word FROM pg_class WHERE oid IN ({PARTS})) AS parts"
            ),
            &[&table.sql_name()],
        )
        .map_err(describe)
        .context("reading whether the table is logged")?;
    Ok(row.try_get(0)?)
}

/// The table's indexes and constraints.
///
/// # Errors
/// The server's error.
pub(crate) fn structure(client: &mut impl GenericClient, table: &Table) -> Result<Vec<String>> {
    let name = table.sql_name();
    if table.definition().is_some() {
        return Ok(introspect::read(client, &name)?.structure());
    }
    let rows = client
        .query(&structure_query(), &[&name])
        .map_err(describe)
        .context("reading the table's indexes and constraints")?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Indexes that are valid, columns that refuse NULL, foreign keys (of one column), CHECK constraints
/// (those of partitions included) and the partitioning, in words without generated names.
fn structure_query() -> String {
    format!("\
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
  WHERE contype = 'c' AND conrelid IN ({PARTS})
  UNION ALL
  SELECT 'partitioned by ' || lower(pg_get_partkeydef(partrelid))
  FROM pg_partitioned_table WHERE partrelid = $1::text::regclass
) AS structure ORDER BY def COLLATE \"C\"")
}

/// Passes when the text columns have the table's collation, and the schema holds no table besides this
/// one, its partitions and the tables it refers to: what a load needed on the way is gone.
///
/// # Errors
/// [`crate::fault::Fault::Data`], naming the columns or tables; or what the server says.
pub(crate) fn check_surroundings(client: &mut impl GenericClient, table: &Table) -> Result<()> {
    if table.foundation.is_none() && table.absent.has(Ability::Collations) {
        check_collations(client, table)?;
    }
    if table.absent.has(Ability::Tables) { check_left(client, table) } else { Ok(()) }
}

/// Passes when the text columns have the table's collation.
///
/// # Errors
/// As [`check_surroundings`].
pub(crate) fn check_collations(client: &mut impl GenericClient, table: &Table) -> Result<()> {
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
    Ok(())
}

/// Passes when the schema holds no table but this one and those that stay.
///
/// # Errors
/// As [`check_surroundings`].
pub(crate) fn check_left(client: &mut impl GenericClient, table: &Table) -> Result<()> {
    let stays: Vec<String> = match &table.foundation {
        Some(foundation) => foundation.stays.tables.clone(),
        None => table.indexed.iter().map(|column| parent_of(column)).collect(),
    };
    let expected: Vec<String> = stays.into_iter().chain([table.name.clone()]).collect();
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
    // Those of a sequence that counts in its own way are whatever it gave.
    if let Some(keys) = found.keys.as_ref().filter(|_| table.counted_key().is_some()) {
        wrong.extend(wrong_keys(keys, found.rows, expected.keys));
    }
    wrong.extend(found.sequences.iter().filter_map(found_sequences::wrong));
    let promised = expected.persistence.name();
    wrong.extend(
        found
            .persistence
            .filter(|found| found != promised)
            .map(|found| format!("the table is {found} instead of {promised}")),
    );
    if let Some(found) = &found.structure {
        let structure = table.structure();
        wrong.extend(structure.iter().filter(|s| !found.contains(s)).map(|s| format!("it has no {s}")));
        let extra = found.iter().filter(|s| !structure.contains(s));
        wrong.extend(extra.map(|s| format!("it has an unexpected {s}")));
    }
    if wrong.is_empty() {
        let Found { rows, content, structure, .. } = found;
        let mut structure = structure.unwrap_or_default();
        // What the columns are no load can change.
        structure.retain(|line| !line.starts_with(COLUMN_LINE));
        return Ok(EndState { rows, content, persistence: expected.persistence, structure });
    }
    Err(bad_data!("verification of the table {} failed: {}", table.name, wrong.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;
    use crate::model::Rule;

    fn found(table: &Table) -> Found {
        Found {
            rows: 3,
            content: Content::of_rows(7),
            persistence: Some("permanent".into()),
            structure: Some(table.structure()),
            sequences: Vec::new(),
            keys: Some(FoundKeys {
                sum: summing::of_keys(Rule::RowHashes2, 3).content().to_string(),
                range: Some((1, 3)),
                different: None,
                next: NextKey::Is(4),
            }),
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
        other.persistence = Some("unlogged".into());
        other.structure.iter_mut().for_each(|all| all.retain(|s| s != "index btree (link)"));
        let text = check(other, &table, &expected).unwrap_err().to_string();
        for part in ["sums to 8 instead of 7", "unlogged instead of permanent", "no index btree (link)"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
