//! What a DDL made besides the table, in the run's schema and outside of it.

use anyhow::{Context, Result};
use postgres::GenericClient;

use crate::pg_error::describe;
use crate::probe::parts::PARTS;
use crate::sql::quote;
use crate::usage;

/// Objects of the run's schema that stay between samples.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stays {
    /// The oid of each one's system catalogue.
    pub classes: Vec<u32>,
    /// The oid of each.
    pub objects: Vec<u32>,
    /// The bare names of the tables among them.
    pub tables: Vec<String>,
}

/// What the transaction made outside of the session's schema, but for what extensions bring along.
const OUTSIDE: &str = "\
WITH mine AS (SELECT (pg_catalog.txid_current() % 4294967296)::text::pg_catalog.xid AS xid,
  (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = pg_catalog.current_schema()) AS home),
made AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS class, c.oid, c.relnamespace AS space
  FROM pg_catalog.pg_class c, mine WHERE c.xmin = mine.xid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
  UNION ALL
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, p.pronamespace
  FROM pg_catalog.pg_proc p, mine WHERE p.xmin = mine.xid
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, t.typnamespace
  FROM pg_catalog.pg_type t, mine WHERE t.xmin = mine.xid AND t.typrelid = 0 AND t.typelem = 0
  UNION ALL
  SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, 0 FROM pg_catalog.pg_namespace n, mine
  WHERE n.xmin = mine.xid AND n.oid <> mine.home)
SELECT pg_catalog.pg_describe_object(class, oid, 0) FROM made, mine
WHERE space <> mine.home AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend d WHERE d.classid = class AND d.objid = made.oid AND d.deptype = 'e')
ORDER BY 1";

/// Passes when the transaction has made nothing outside of the session's schema.
///
/// # Errors
/// [`crate::fault::Fault::Usage`], naming what it made; or what the server says.
pub(crate) fn check_inside(client: &mut impl GenericClient) -> Result<()> {
    let outside = texts(client, OUTSIDE, None).context("looking for what was made")?;
    if outside.is_empty() {
        return Ok(());
    }
    Err(usage!(
        "it makes what is not in the run's own schema, which is dropped in the end: {}; leave the schema out before names",
        outside.join(", ")
    ))
}

/// Passes when all rows of the table lie in the session's schema, in tables of this server.
///
/// # Errors
/// [`crate::fault::Fault::Usage`], naming the partitions that do not.
pub(crate) fn check_parts(client: &mut impl GenericClient, name: &str) -> Result<()> {
    let elsewhere = format!(
        "SELECT c.oid::pg_catalog.regclass::text FROM pg_catalog.pg_class c \
         WHERE c.oid IN ({PARTS}) AND (c.relkind NOT IN ('r', 'p') OR c.relnamespace <> \
           (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = pg_catalog.current_schema())) ORDER BY 1"
    );
    let elsewhere = texts(client, &elsewhere, Some(name)).context("looking for partitions")?;
    if elsewhere.is_empty() {
        return Ok(());
    }
    Err(usage!(
        "these partitions of the table {name} are foreign tables: {}; a run loads this server",
        elsewhere.join(", ")
    ))
}

/// What lies in the session's schema besides a table and what goes with it.
///
/// # Errors
/// The server's error.
pub(crate) fn stays(client: &mut impl GenericClient, name: &str) -> Result<Stays> {
    let rows = client
        .query(
            "SELECT d.classid, d.objid, c.relname::text FROM pg_catalog.pg_depend d \
             LEFT JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.objid \
             WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = \
               (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = pg_catalog.current_schema()) \
             AND c.oid IS DISTINCT FROM $1::text::pg_catalog.regclass \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend o WHERE o.classid = d.classid AND o.objid = d.objid \
               AND o.deptype IN ('a', 'i') AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
               AND o.refobjid = $1::text::pg_catalog.regclass) ORDER BY c.relname, d.classid, d.objid",
            &[&quote(name)],
        )
        .map_err(describe)
        .context("looking for what is besides the table")?;
    let mut stays = Stays::default();
    for row in &rows {
        stays.classes.push(row.try_get(0)?);
        stays.objects.push(row.try_get(1)?);
        stays.tables.extend(row.try_get::<_, Option<String>>(2)?);
    }
    Ok(stays)
}

/// How many triggers of the table of this (quoted) name and of its partitions are not enabled as usual.
///
/// # Errors
/// The server's error.
pub(crate) fn disabled_triggers(client: &mut impl GenericClient, table: &str) -> Result<u64> {
    // Those that are always enabled fire in every session (PostgreSQL manual, pg_trigger).
    let query = format!(
        "SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgenabled IN ('D', 'R') AND tgrelid IN ({PARTS})"
    );
    let disabled: i64 = client
        .query_one(&query, &[&table])
        .and_then(|row| row.try_get(0))
        .map_err(describe)
        .context("looking for triggers that were disabled")?;
    Ok(disabled.unsigned_abs())
}

/// What a table made anew from its definition lacks, a query each.
const LOST: [(&str, &str); 6] = [
    (
        "comments",
        "SELECT FROM pg_catalog.pg_description WHERE classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND objoid = $1",
    ),
    ("row security policies", "SELECT FROM pg_catalog.pg_policy WHERE polrelid = $1"),
    (
        "grants",
        "SELECT FROM pg_catalog.pg_class WHERE oid = $1 AND relacl IS NOT NULL \
         UNION ALL SELECT FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attacl IS NOT NULL",
    ),
    ("its replica identity", "SELECT FROM pg_catalog.pg_class WHERE oid = $1 AND relreplident <> 'd'"),
    ("its type (CREATE TABLE ... OF)", "SELECT FROM pg_catalog.pg_class WHERE oid = $1 AND reloftype <> 0"),
    (
        "UNLOGGED, as each method says that itself",
        "SELECT FROM pg_catalog.pg_class WHERE oid = $1 AND relpersistence = 'u'",
    ),
];

/// What a table made anew from its definition lacks, in words.
///
/// # Errors
/// The server's error.
pub(crate) fn lost(client: &mut impl GenericClient, name: &str) -> Result<Vec<String>> {
    let mut lost = Vec::new();
    for (words, query) in LOST {
        let query = query.replace("$1", "$1::text::pg_catalog.regclass");
        let row = client
            .query_one(&format!("SELECT EXISTS ({query})"), &[&quote(name)])
            .map_err(describe)
            .with_context(|| format!("looking for {words}"))?;
        if row.try_get(0)? {
            lost.push(words.to_owned());
        }
    }
    Ok(lost)
}

/// The first column of a query's rows, of the table of this bare name where it asks for one.
fn texts(client: &mut impl GenericClient, query: &str, name: Option<&str>) -> Result<Vec<String>> {
    let rows = match name {
        Some(name) => client.query(query, &[&quote(name)]),
        None => client.query(query, &[]),
    };
    rows.map_err(describe)?.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
