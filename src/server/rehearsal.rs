//! What a server of the user's has of what PostgreSQL has: found out by doing each thing once, on a table of two
//! rows in the run's own schema. What the server refuses, or what comes out otherwise than on PostgreSQL, the run
//! goes on without, and its record says so. A list of products and versions would be wrong with the next release.

use std::path::Path;

use anyhow::{Context, Result};
use postgres::Client;

use super::place;
use super::settings::{self, Catalog};
use super::{Connector, RunSchema, Session};
use crate::dataset::checksum::ContentSum;
use crate::dataset::columns::votes;
use crate::dataset::summing::{self, Summer};
use crate::dataset::{Column, RowReader};
use crate::fault::Fault;
use crate::model::{Ability, Absent, Persistence, Rule};
use crate::pg_error::{describe, unless_refused};
use crate::probe::{checkpoints, wal_and_sizes};
use crate::sql::Exec;
use crate::table::surroundings::disabled_triggers;
use crate::table::verify::{self, NextKey};
use crate::table::{Table, fixed};
use crate::unavailable;
use crate::value::SqlType;

/// The table of the rehearsal, and one that is UNLOGGED.
const TABLE: &str = "bulkbench_rehearsal";
const SPARE: &str = "bulkbench_unlogged";

/// Its rows: one from each of two sessions.
const ROWS: [&str; 2] = ["ada,t3_1,1\n", "bob,t3_2,-1\n"];

/// What a server answers of itself, and what it lacks.
pub(super) struct Rehearsal<'a, 's> {
    pub(super) session: &'a mut Session,
    pub(super) absent: &'s mut Absent,
}

impl Rehearsal<'_, '_> {
    /// The answer to a question; `None` where the server refuses it.
    ///
    /// # Errors
    /// Any other error.
    pub(super) fn ask<T>(
        &mut self,
        ability: Ability,
        question: impl FnOnce(&mut Client) -> Result<T>,
    ) -> Result<Option<T>> {
        match unless_refused(question(self.session))? {
            Ok(answer) => Ok(Some(answer)),
            Err(words) => {
                self.absent.add(ability, words);
                Ok(None)
            }
        }
    }

    /// Asks, and holds the answer against PostgreSQL's.
    fn expect<T: PartialEq + std::fmt::Debug>(
        &mut self,
        ability: Ability,
        expected: &T,
        question: impl FnOnce(&mut Client) -> Result<T>,
    ) -> Result<()> {
        if let Some(found) = self.ask(ability, question)?.filter(|found| found != expected) {
            let words = format!("of a table just made it says {found:?}, and PostgreSQL {expected:?}");
            self.absent.add(ability, words);
        }
        Ok(())
    }

    /// A check that a table which was just made has to pass.
    fn passes(&mut self, ability: Ability, check: impl FnOnce(&mut Client) -> Result<()>) -> Result<()> {
        match check(self.session) {
            Err(error) if matches!(Fault::find(&error), Some(Fault::Data(_))) => {
                self.absent.add(ability, format!("of a table just made it says otherwise: {error:#}"));
                Ok(())
            }
            checked => self.ask(ability, |_| checked).map(drop),
        }
    }

    /// Its version: number, 0 where it does not tell, and `version()`.
    ///
    /// # Errors
    /// As [`settings::read_version`].
    pub(super) fn version(&mut self) -> Result<(u32, String)> {
        if let Some(version) = self.ask(Ability::VersionNumber, settings::read_version)? {
            return Ok(version);
        }
        let row = self.session.query_one("SELECT version()", &[]).map_err(describe);
        Ok((0, row.context("asking the server for its version")?.try_get(0)?))
    }

    /// Its settings.
    ///
    /// # Errors
    /// As [`Catalog::read`].
    pub(super) fn catalog(&mut self) -> Result<Catalog> {
        Ok(self.ask(Ability::Settings, Catalog::read)?.unwrap_or_default())
    }

    /// Its answers besides tables, and what it does with one in the run's schema.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] where it takes no table, or what is in one cannot be proven.
    pub(super) fn run(&mut self, connector: &Connector, run_schema: &RunSchema) -> Result<()> {
        self.ask(Ability::Dependencies, |client| run_schema.check_dependencies(client))?;
        let refused = fixed::refused(&mut **self.session)?;
        if !refused.is_empty() {
            let each: Vec<String> = refused.iter().map(|(name, words)| format!("{name}: {words}")).collect();
            self.absent.add(Ability::TextSettings, each.join("; "));
        }
        self.ask(Ability::Wal, wal_and_sizes::wal_position)?;
        self.ask(Ability::CheckpointCounts, checkpoints::look)?;
        // Only read: to be done it may take long, and each sample does it.
        self.ask(Ability::Checkpoint, |client| client.prepare("CHECKPOINT").map_err(describe))?;
        let table = self.make(&run_schema.name)?;
        self.fill(connector, &table)?;
        self.content(&table)?;
        self.catalogue(&table)?;
        let name = table.sql_name();
        self.ask(Ability::Vacuum, |client| client.run(&format!("VACUUM (ANALYZE) {name}")))?;
        self.ask(Ability::Sizes, |client| wal_and_sizes::sizes(client, &name))?;
        self.unlogged(&table)?;
        self.rights()?;
        self.session.run(&table.drop())
    }

    /// Asks for what only some roles may see.
    fn rights(&mut self) -> Result<()> {
        let is_monitor = self.ask(Ability::Monitoring, |client| {
            let asked = client.query_one("SELECT pg_has_role(current_user, 'pg_monitor', 'USAGE')", &[]);
            Ok(asked.map_err(describe).context("asking for the role's rights")?.try_get::<_, bool>(0)?)
        })?;
        if is_monitor == Some(false) {
            self.absent.add(Ability::Monitoring, "the role is no member of pg_monitor");
        }
        self.ask(Ability::ServerFiles, |client| place::file(client, Path::new("/proc/version"))).map(drop)
    }

    /// Makes the table.
    fn make(&mut self, schema: &str) -> Result<Table> {
        let mut table = Table { schema: Some(schema.into()), name: TABLE.into(), ..Table::votes(&votes()) };
        let create = |table: &Table| table.create(Persistence::Permanent);
        if self.ask(Ability::Autovacuum, |client| client.run(&create(&table)))?.is_none() {
            table.absent.add(Ability::Autovacuum, "it was refused");
            unless_refused(self.session.run(&create(&table)))?.map_err(|words| {
                unavailable!("the server does not take the table that methods load: {words}")
            })?;
        }
        Ok(table)
    }

    /// Puts a row in from each of two sessions.
    fn fill(&mut self, connector: &Connector, table: &Table) -> Result<()> {
        let insert = |values: &str| format!("{} VALUES ({values})", table.insert_into());
        self.session.run(&insert("'ada', 't3_1', 1"))?;
        connector.connect()?.run(&insert("'bob', 't3_2', -1"))?;
        let keys = format!("SELECT {0}::int8 FROM {1} ORDER BY {0}", table.key_name(), table.sql_name());
        self.expect(Ability::CountedKeys, &vec![1, 2], |client| {
            let rows = client.query(&keys, &[]).map_err(describe).context("reading keys")?;
            rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<Vec<i64>>>()
        })
    }

    /// Sums the rows up, by the server and here.
    fn content(&mut self, table: &Table) -> Result<()> {
        let sum = |client: &mut Client, rule| -> Result<String> {
            let key = table.surrogate().map(|key| Column::new(&key.column, SqlType::int8()));
            let query = summing::query(rule, &table.columns, key.as_ref(), &table.sql_name());
            fixed::fixed(client, |transaction| {
                let row = transaction.query_one(&query, &[]).map_err(describe).context("summing two rows")?;
                Ok(row.try_get(1)?)
            })
        };
        let rule = Rule::RowHashes2;
        self.expect(Ability::Hashes, &expected(rule, table)?, |client| sum(client, rule))?;
        let Some(why) = self.absent.why(Ability::Hashes) else { return Ok(()) };
        let (why, rule) = (why.to_owned(), Rule::RowMd5);
        let found = unless_refused(sum(self.session, rule))?;
        if found.as_ref() == Ok(&expected(rule, table)?) {
            return Ok(());
        }
        Err(unavailable!(
            "nothing that this server does shows what a table holds, so that no load could be verified: neither PostgreSQL's hashes ({why}) nor md5 ({})",
            found.map_or_else(|words| words, |sum| format!("the sum of two rows is {sum}"))
        ))
    }

    /// Reads what the catalogue says of the table.
    fn catalogue(&mut self, table: &Table) -> Result<()> {
        let permanent = Persistence::Permanent.name().to_owned();
        self.expect(Ability::Persistence, &permanent, |client| verify::persistence(client, table))?;
        self.expect(Ability::Structure, &table.structure(), |client| {
            table.create_indexes().iter().try_for_each(|statement| client.run(statement))?;
            verify::structure(client, table)
        })?;
        self.passes(Ability::Collations, |client| verify::check_collations(client, table))?;
        self.passes(Ability::Tables, |client| verify::check_left(client, table))?;
        let key = table.surrogate().context("the table of a rehearsal has a key that is counted")?;
        let next = self.ask(Ability::NextKey, |client| verify::next_key(client, table, key))?;
        if next == Some(NextKey::None) {
            self.absent.add(Ability::NextKey, "its catalogue names no sequence of a serial column");
        }
        let name = table.sql_name();
        self.ask(Ability::Triggers, |client| disabled_triggers(client, &name)).map(drop)
    }

    /// Makes an UNLOGGED table.
    fn unlogged(&mut self, table: &Table) -> Result<()> {
        let spare = Table { name: SPARE.into(), absent: self.absent.clone(), ..table.clone() };
        let create = spare.create(Persistence::Unlogged);
        if self.ask(Ability::Unlogged, |client| client.run(&create))?.is_none() {
            return Ok(());
        }
        if self.absent.has(Ability::Persistence) {
            let found = verify::persistence(&mut **self.session, &spare)?;
            if found != Persistence::Unlogged.name() {
                self.absent.add(Ability::Unlogged, format!("a table that is to be UNLOGGED is {found}"));
            }
        }
        self.session.run(&spare.drop())
    }
}

/// The content sum of the rows, as PostgreSQL would have it.
fn expected(rule: Rule, table: &Table) -> Result<String> {
    let summer = Summer::new(rule, &table.columns);
    let mut reader = RowReader::over(ROWS.concat().into_bytes(), &table.columns, "two rows".into());
    let mut sum = ContentSum::default();
    while let Some(row) = reader.next_row()? {
        summer.add(&row, &mut sum);
    }
    Ok(sum.content().to_string())
}
