//! A user's DDL, run once in the run's schema: the table that it makes, and what it makes besides.

use anyhow::{Context, Result, ensure};
use postgres::{Client, GenericClient, Transaction};
use tokio_postgres::error::{ErrorPosition, SqlState};

use super::definition::{Definition, Sequence};
use super::introspect;
use super::script::{Part, byte_of, line_of, statements};
use super::statements::{Extent, Maker};
use super::surroundings::{self, Stays};
use crate::dataset::Column;
use crate::fault::nearest;
use crate::model::{Absent, Persistence};
use crate::pg_error::{describe, words};
use crate::sql::{Exec, quote};
use crate::{session, usage};

/// A table from a DDL, and what stays of the DDL when the table is made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foundation {
    /// The table.
    pub definition: Definition,
    /// What the DDL made besides it: types, functions, other tables with their rows ...
    pub stays: Stays,
    /// What the DDL said of the table and a table made anew from its definition lacks, in words.
    pub lost: Vec<String>,
}

impl Foundation {
    /// What whoever reads figures of this table should know of it, a sentence each, where rows bring these columns.
    pub fn notes(&self, brought: &[Column]) -> Vec<String> {
        let Definition { name, triggers, .. } = &self.definition;
        let mut notes = Vec::new();
        if !self.lost.is_empty() {
            notes.push(format!(
                "The table {name} is made anew for each sample from what the catalogue says of it, without {}",
                self.lost.join(", ")
            ));
        }
        let fire: Vec<&str> = triggers
            .iter()
            .filter(|trigger| trigger.on_insert && trigger.state.as_deref() != Some("DISABLE"))
            .map(|trigger| trigger.name.as_str())
            .collect();
        if !fire.is_empty() {
            notes.push(format!(
                "Triggers of the table {name} fire in every load, which takes its time in all methods: {}",
                fire.join(", ")
            ));
        }
        let is_brought = |sequence: &&Sequence| brought.iter().any(|column| column.name == sequence.column);
        for Sequence { name, column, .. } in self.definition.sequences.iter().filter(is_brought) {
            notes.push(format!(
                "The rows bring the values of {column}, and no load moves its sequence {name} past them: after a load \
                 of your own set it by setval"
            ));
        }
        notes
    }
}

/// A user's DDL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ddl {
    /// Where it is from, as messages name it: `--ddl table.sql`.
    pub origin: String,
    /// The statements.
    pub text: String,
    /// The table to load, bare, where it makes several.
    pub table: Option<String>,
}

/// Runs a DDL in the schema that the session works in, all or nothing, and reads the table that it made; on a server
/// that lacks so much.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when a statement fails (with SQLSTATE, line and statement), makes
/// anything outside the schema, or would lead there; when there is no table or several without a name; when
/// the table holds rows, or cannot be dropped and made again from its definition. Nothing is left then.
pub fn lay(client: &mut Client, ddl: &Ddl, absent: &Absent) -> Result<Foundation> {
    let Ddl { origin, text, .. } = ddl;
    let mut transaction = client.transaction().map_err(describe)?;
    for part in statements(text).into_iter().filter(|part| !is_frame(part.text)) {
        if let Some(moving) = session::moved_in(part.text) {
            return Err(usage!(
                "{origin}, line {}: `{moving}` takes the session out of the run's own schema, or lets it act for another role; leave it out",
                line_of(text, part.at)
            ));
        }
        if gives_up(part.text) {
            return Err(usage!(
                "{origin}, line {}: `{}` would end the transaction that the whole DDL is; leave it out",
                line_of(text, part.at),
                shown(part.text)
            ));
        }
        run(&mut transaction, ddl, part)?;
    }
    let laid = laid(&mut transaction, ddl, absent).with_context(|| format!("in the DDL of {origin}"))?;
    transaction.commit().map_err(|error| usage!("{origin}: at its end: {}", words(&error)))?;
    // Settings that it made would be this session's alone.
    client.batch_execute("RESET ALL").map_err(describe).context("resetting the session")?;
    Ok(laid)
}

/// Whether a statement is the frame of others: one that begins or ends a transaction, as the whole of a DDL is
/// one; or that by which pg_dump has each name say its schema.
fn is_frame(statement: &str) -> bool {
    if statement == "SELECT pg_catalog.set_config('search_path', '', false)" {
        return true;
    }
    let words = first_words(statement);
    match &words[..] {
        [begins, ..] if begins == "begin" => true,
        [start, transaction, ..] if start == "start" => transaction == "transaction",
        [ends] => ends == "commit" || ends == "end",
        [ends, what] if ends == "commit" || ends == "end" => what == "work" || what == "transaction",
        _ => false,
    }
}

/// Whether a statement would end the transaction that the whole DDL is, and is no frame.
fn gives_up(statement: &str) -> bool {
    let words = first_words(statement);
    let ends = |word: &String| ["rollback", "abort", "commit", "end"].contains(&word.as_str());
    let to_savepoint = words.iter().skip(1).any(|word| word == "to");
    words.first().is_some_and(ends) && !to_savepoint || words.iter().take(2).eq(["prepare", "transaction"])
}

/// The first three words of a statement in small letters.
fn first_words(statement: &str) -> Vec<String> {
    statement.split_whitespace().take(3).map(str::to_ascii_lowercase).collect()
}

fn run(transaction: &mut Transaction<'_>, ddl: &Ddl, part: Part<'_>) -> Result<()> {
    let Err(error) = transaction.batch_execute(part.text) else { return Ok(()) };
    let Some(db) = error.as_db_error() else {
        return Err(describe(error)).with_context(|| format!("running {}", ddl.origin));
    };
    let within = match db.position() {
        Some(ErrorPosition::Original(position)) => byte_of(part.text, *position),
        Some(ErrorPosition::Internal { .. }) | None => 0,
    };
    let line = line_of(&ddl.text, part.at + within);
    let next = match db.code() {
        &SqlState::ACTIVE_SQL_TRANSACTION => {
            "; a DDL runs in one transaction: leave CONCURRENTLY out, as the table is empty"
        }
        &SqlState::UNDEFINED_OBJECT | &SqlState::UNDEFINED_FUNCTION => {
            "; it runs in a schema of the run's own: name the schema of what lies elsewhere"
        }
        _ => "",
    };
    Err(usage!("{}, line {line}: {}{next}; the statement: {}", ddl.origin, words(&error), shown(part.text)))
}

/// The beginning of a statement on one line.
fn shown(statement: &str) -> String {
    const MOST: usize = 200;
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{} ...", &line[..at]),
        None => line,
    }
}

/// Finds the table and what is besides it.
fn laid(transaction: &mut Transaction<'_>, ddl: &Ddl, absent: &Absent) -> Result<Foundation> {
    surroundings::check_inside(transaction)?;
    let name = find(transaction, ddl.table.as_deref())?;
    surroundings::check_parts(transaction, &name)?;
    if introspect::holds_rows(transaction, &name)? {
        return Err(usage!(
            "the table {name} holds rows already: leave out what inserts them, as the run loads it"
        ));
    }
    let definition = introspect::read(transaction, &quote(&name))?;
    check_remade(transaction, &definition, absent)?;
    Ok(Foundation {
        stays: surroundings::stays(transaction, &name)?,
        lost: surroundings::lost(transaction, &name)?,
        definition,
    })
}

/// The name of the table to load.
fn find(client: &mut impl GenericClient, wanted: Option<&str>) -> Result<String> {
    let tables = introspect::tables(client)?;
    let listed = || tables.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ");
    let Some(wanted) = wanted else {
        return match &tables[..] {
            [only] => Ok(only.clone()),
            [] => Err(usage!("it makes no table; a CREATE TABLE has to be in it")),
            _ => Err(usage!(
                "it makes {} tables; say by --table, or `table` in an experiment, which is loaded: {}",
                tables.len(),
                listed()
            )),
        };
    };
    // As it is, or as SQL would read it.
    let as_sql = match wanted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => wanted.to_lowercase(),
    };
    let found = [wanted, &as_sql].into_iter().find(|name| tables.iter().any(|table| table == name));
    found.map(str::to_owned).ok_or_else(|| {
        let hint = nearest(wanted, tables.iter().map(String::as_str));
        let all = if tables.is_empty() { "it makes none".into() } else { format!("it makes {}", listed()) };
        usage!("--table {wanted}: the DDL makes no such table{hint}; {all}")
    })
}

/// Drops the table, makes it again, and holds it against what it was; all of that is undone.
fn check_remade(transaction: &mut Transaction<'_>, definition: &Definition, absent: &Absent) -> Result<()> {
    let name = &definition.name;
    let maker = Maker::new(definition, None).knowing(absent);
    let mut trial = transaction.transaction().map_err(describe)?;
    trial.run(&maker.drop()).map_err(|error| {
        usage!("the table {name} cannot be dropped between samples, as something depends on it: leave that out of the DDL ({error:#})")
    })?;
    let again = |error: anyhow::Error| {
        usage!(
            "the table {name} cannot be made again for each sample from what the catalogue says of it: {error:#}"
        )
    };
    let statements = maker.create(Extent::Guarded, Persistence::Permanent);
    let statements = statements.into_iter().chain(maker.create_indexes()).chain(maker.add_references(false));
    statements.into_iter().try_for_each(|statement| trial.run(&statement)).map_err(again)?;
    let remade = introspect::read(&mut trial, &quote(name))?;
    trial.rollback().map_err(describe)?;
    let (was, is) = (definition.structure(), remade.structure());
    if was == is {
        return Ok(());
    }
    let lacks: Vec<_> = was.iter().filter(|line| !is.contains(line)).map(String::as_str).collect();
    let has: Vec<_> = is.iter().filter(|line| !was.contains(line)).map(String::as_str).collect();
    ensure!(
        lacks.is_empty() && has.is_empty(),
        again(anyhow::anyhow!("it would lack [{}] and have [{}] instead", lacks.join("; "), has.join("; ")))
    );
    Ok(())
}
