//! The schema that is the run's own, and the proof that a connection works in it.

use anyhow::{Context, Result};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::pg_error::{describe, unless_refused};
use crate::session::escape;
use crate::sql::quote;
use crate::table::surroundings::Stays;
use crate::unavailable;

/// The schema that a run makes all of its objects in, held by its oid: whatever a name comes to mean,
/// nothing in another schema is the run's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunSchema {
    /// Its oid in pg_namespace.
    pub oid: u32,
    /// Its name, bare.
    pub name: String,
    /// The role that acts in it, bare.
    pub role: String,
}

/// The query for the schema of a session's unqualified names and its role: the schema's oid and name, the
/// role that acts, and the one that the session belongs to.
pub(in crate::server) const WHERE: &str = "SELECT (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = pg_catalog.current_schema()), \
     pg_catalog.current_schema()::text, current_user::text, session_user::text";

impl RunSchema {
    /// The schema that this session works in.
    ///
    /// # Errors
    /// When its search_path names none that is there, or what the server says.
    pub(crate) fn read(client: &mut postgres::Client) -> Result<Self> {
        let row =
            client.query_one(WHERE, &[]).map_err(describe).context("asking the server for the schema")?;
        Ok(Self {
            oid: row.try_get(0).context("the search_path names no schema that is there")?,
            name: row.try_get(1)?,
            role: row.try_get(2)?,
        })
    }

    /// The options of a connection that keep it here, whatever the role's and the database's own
    /// settings are (ALTER ROLE ... SET): a session's own come before them.
    pub(in crate::server) fn options(&self) -> String {
        format!("-c search_path={} -c role=none", escape(&quote(&self.name)))
    }

    /// Passes when the session that gave this answer to [`WHERE`] works here, for the role it belongs to.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Unavailable`] where it works elsewhere, or for somebody else.
    pub(in crate::server) fn check(&self, row: &Row) -> Result<()> {
        let (oid, name): (Option<u32>, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
        let (acting, owner): (String, String) = (row.try_get(2)?, row.try_get(3)?);
        if oid != Some(self.oid) {
            return Err(unavailable!(
                "a connection does not work in the run's own schema, {}, but in {}: the server, or a pooler such as PgBouncer in front of it, does not keep the options of a connection, or the schema was renamed; connect to PostgreSQL itself",
                self.name,
                name.unwrap_or_else(|| "none".into())
            ));
        }
        if acting != owner || acting != self.role {
            return Err(unavailable!(
                "a connection acts for the role {acting} (it belongs to {owner}), and the run's schema was made by {}; connect as a role for which no other acts (ALTER ROLE ... RESET role)",
                self.role
            ));
        }
        Ok(())
    }

    /// Drops what is in the schema, whatever its name is by now, and nothing else: not what has come to
    /// depend on it from outside.
    ///
    /// # Errors
    /// Where something outside depends on what is in it, naming both; or what the server says.
    pub fn sweep(&self, client: &mut postgres::Client, extent: Sweep<'_>) -> Result<()> {
        let nothing = Stays::default();
        let (keep, stays, extensions) = match extent {
            Sweep::BetweenSamples { keep, stays } => (keep, stays.unwrap_or(&nothing), false),
            Sweep::All => (&[][..], &nothing, true),
        };
        // What depends on something else in the schema goes first, in as many passes as that takes.
        loop {
            let (mut dropped, mut refused) = (0, None);
            for (kind, identity) in self.objects(client, keep, stays, extensions)? {
                let statement = format!("DROP {} IF EXISTS {identity}", dropped_as(&kind));
                match client.batch_execute(&statement) {
                    Ok(()) => dropped += 1,
                    Err(error) if error.code() == Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => {
                        refused = Some((statement, error));
                    }
                    Err(error) => {
                        return Err(describe(error)).with_context(|| format!("running: {statement}"));
                    }
                }
            }
            match refused {
                None => return Ok(()),
                Some(_) if dropped > 0 => {}
                Some((statement, error)) => {
                    return Err(describe(error)).with_context(|| {
                        format!("running: {statement}; what depends on it is not the run's own and stays: drop it first")
                    });
                }
            }
        }
    }

    /// The kinds and the quoted names of what is to be dropped, in the order in which that is tried first.
    fn objects(
        &self,
        client: &mut postgres::Client,
        keep: &[String],
        stays: &Stays,
        extensions: bool,
    ) -> Result<Vec<(String, String)>> {
        let rows = client
            .query(OBJECTS, &[&self.oid, &keep, &extensions, &stays.classes, &stays.objects])
            .map_err(describe)
            .context("looking for what is in the run's schema");
        let rows = match unless_refused(rows)? {
            Ok(rows) => rows,
            // Without the catalogue of dependencies nothing tells what a DDL made besides its table.
            Err(_) => client
                .query(BY_NAME, &[&self.oid, &keep, &stays.objects])
                .map_err(describe)
                .context("looking for tables, views, sequences and types in the run's schema")?,
        };
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Whether the server has what [`RunSchema::sweep`] finds all objects by.
    ///
    /// # Errors
    /// The server's error.
    pub(in crate::server) fn check_dependencies(&self, client: &mut postgres::Client) -> Result<()> {
        let (names, stays) = (Vec::<String>::new(), Stays::default());
        client
            .query(OBJECTS, &[&self.oid, &names, &false, &stays.classes, &stays.objects])
            .map_err(describe)
            .context("looking for what is in the run's schema")
            .map(drop)
    }

    /// Drops the schema under the name that it has now, with all that is in it; one that is gone is
    /// no error.
    ///
    /// # Errors
    /// As [`RunSchema::sweep`].
    pub(in crate::server) fn drop_schema(&self, client: &mut postgres::Client) -> Result<()> {
        if self.present_name(client)?.is_none() {
            return Ok(());
        }
        self.sweep(client, Sweep::All)?;
        let Some(name) = self.present_name(client)? else { return Ok(()) };
        // Without CASCADE: what is left in it came after the sweep, or belongs to somebody else.
        let statement = format!("DROP SCHEMA {}", quote(&name));
        client.batch_execute(&statement).map_err(describe).with_context(|| format!("running: {statement}"))
    }

    /// The name that the schema has now; `None` when it is gone.
    fn present_name(&self, client: &mut postgres::Client) -> Result<Option<String>> {
        let row = client
            .query_opt("SELECT nspname::text FROM pg_catalog.pg_namespace WHERE oid = $1", &[&self.oid])
            .map_err(describe)
            .context("looking for the run's schema")?;
        row.map(|row| row.try_get(0)).transpose().context("reading the schema's name")
    }
}

/// The objects of a schema to drop.
#[derive(Debug, Clone, Copy)]
pub enum Sweep<'a> {
    /// Everything that samples leave, except the tables to `keep`; an extension was there before them.
    BetweenSamples {
        /// Bare names.
        keep: &'a [String],
        /// What a user's DDL made besides the table.
        stays: Option<&'a Stays>,
    },
    /// Everything.
    All,
}

/// The kinds and the quoted, qualified names of what depends on a schema itself: not what goes with
/// something else (partitions, a serial column's sequence, a row type), nor an extension's members.
const OBJECTS: &str = "\
SELECT o.type, o.identity
FROM pg_catalog.pg_depend d
LEFT JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.objid
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) o
WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = $1 AND d.deptype = 'n'
  AND (c.oid IS NULL OR NOT (c.relispartition OR c.relname = ANY ($2)))
  AND NOT EXISTS (SELECT FROM unnest($4::oid[], $5::oid[]) AS stays(class, object)
    WHERE (stays.class, stays.object) = (d.classid, d.objid))
  AND ($3 OR d.classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass)
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend owned
    WHERE owned.classid = d.classid AND owned.objid = d.objid AND owned.deptype IN ('a', 'i', 'e')
      -- A partitioned table depends on its own key.
      AND (owned.refclassid, owned.refobjid) <> (owned.classid, owned.objid))
ORDER BY CASE WHEN o.type LIKE '%view' THEN 0 WHEN o.type LIKE '%table' THEN 1 ELSE 2 END,
  EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE confrelid = c.oid)";

/// As [`OBJECTS`], of a server that has not all of its catalogue: relations, domains and enums. Sequences come last,
/// as those of columns are gone with their tables by then.
const BY_NAME: &str = "\
SELECT kind, name FROM (
  SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
           WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, c.relname::text AS bare, c.oid AS object
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relnamespace = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL
  SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END,
    quote_ident(n.nspname) || '.' || quote_ident(t.typname), t.typname::text, t.oid
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  WHERE t.typnamespace = $1 AND t.typtype IN ('d', 'e')) AS found
WHERE bare <> ALL ($2) AND object <> ALL ($3::oid[])
ORDER BY CASE kind WHEN 'view' THEN 0 WHEN 'materialized view' THEN 0 WHEN 'sequence' THEN 2 WHEN 'type' THEN 3
  WHEN 'domain' THEN 3 ELSE 1 END";

/// The word in DROP for a kind of object that pg_identify_object names.
fn dropped_as(kind: &str) -> &str {
    match kind {
        "composite type" => "TYPE",
        "function" | "procedure" | "aggregate" => "ROUTINE",
        "statistics object" => "STATISTICS",
        other => other,
    }
}

/// The step in messages about the check of a connection.
pub(in crate::server) const CHECKING: &str = "asking the server where a connection works";
