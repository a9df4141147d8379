//! The proof that a load arrived: every row with its content, and the table in the state that
//! the method promised.

use anyhow::{Context, Result};
use postgres::GenericClient;

use crate::bad_data;
use crate::dataset::checksum::sql_expression;
use crate::pg_error::describe;
use crate::record::EndState;
use crate::table::ddl::parent_of;
use crate::table::{Persistence, Table};

/// What the table has to be after a load.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Rows.
    pub rows: u64,
    /// The order-free content sum that the client made from the dataset, in decimal.
    pub content: &'a str,
    /// Whether it is logged.
    pub persistence: Persistence,
}

/// Reads what the table is now, whatever was expected.
///
/// # Errors
/// What the server says, for instance when there is no such table.
pub fn end_state(client: &mut impl GenericClient, table: &Table) -> Result<EndState> {
    let name = table.sql_name();
    // One pass for both: PostgreSQL reads a large table with parallel workers, so this costs a
    // fraction of the load.
    let sql =
        format!("SELECT count(*), coalesce(sum({}), 0)::text FROM {name}", sql_expression(&table.columns));
    let row = client.query_one(&sql, &[]).map_err(describe).context("counting and summing the rows")?;
    let (rows, content): (i64, String) = (row.get(0), row.get(1));
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
    Ok(EndState { rows: rows as u64, content, persistence, structure })
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
pub fn check_surroundings(client: &mut impl GenericClient, table: &Table) -> Result<()> {
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

/// Holds an end state against what it has to be.
///
/// # Errors
/// [`crate::fault::Fault::Data`], naming everything that differs.
pub fn check(state: &EndState, table: &Table, expected: &Expected<'_>) -> Result<()> {
    let mut wrong = Vec::new();
    if state.rows != expected.rows {
        wrong.push(format!("{} rows instead of {}", state.rows, expected.rows));
    } else if state.content != expected.content {
        wrong.push(format!(
            "the rows' content sums to {} instead of {}: some row was changed on the way",
            state.content, expected.content
        ));
    }
    let persistence = match expected.persistence {
        Persistence::Permanent => "permanent",
        Persistence::Unlogged => "unlogged",
    };
    if state.persistence != persistence {
        wrong.push(format!("the table is {} instead of {persistence}", state.persistence));
    }
    let structure = table.structure();
    for missing in structure.iter().filter(|s| !state.structure.contains(s)) {
        wrong.push(format!("it has no {missing}"));
    }
    for extra in state.structure.iter().filter(|s| !structure.contains(s)) {
        wrong.push(format!("it has an unexpected {extra}"));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(bad_data!("verification of the table {} failed: {}", table.name, wrong.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;

    fn state(table: &Table) -> EndState {
        EndState {
            rows: 3,
            content: "7".into(),
            persistence: "permanent".into(),
            structure: table.structure(),
        }
    }

    #[test]
    fn everything_that_differs_is_named() {
        let table = Table::votes(&votes());
        let expected = Expected { rows: 3, content: "7", persistence: Persistence::Permanent };
        check(&state(&table), &table, &expected).unwrap();

        let fewer = EndState { rows: 2, ..state(&table) };
        let text = check(&fewer, &table, &expected).unwrap_err().to_string();
        assert!(text.contains("2 rows instead of 3"), "{text}");

        let mut other = EndState { content: "8".into(), persistence: "unlogged".into(), ..state(&table) };
        other.structure.retain(|s| s != "index btree (link)");
        let text = check(&other, &table, &expected).unwrap_err().to_string();
        for part in ["sums to 8 instead of 7", "unlogged instead of permanent", "no index btree (link)"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
