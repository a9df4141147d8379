//! Which cases can run on a server, and why the others cannot.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use crate::dataset::Dataset;
use crate::dataset::forms::is_form;
use crate::errors::chain;
use crate::fault::Fault;
use crate::method::{self, Catalogue, Method, Need, Start};
use crate::model::{Ability, Case, Encoding, Persistence};
use crate::pg_error::{describe, unless_refused};
use crate::runner::reset::rows_after;
use crate::server::{Server, Session};
use crate::table::Table;
use crate::units;

/// Marks the cases that cannot run on this server with this dataset and table, each with the reason; gives a
/// collation the name that the server has for it, and an external program its version.
///
/// # Errors
/// When the reason cannot be found out.
pub(crate) fn mark<'c>(
    catalogue: &Catalogue,
    cases: impl IntoIterator<Item = &'c mut Case>,
    server: &dyn Server,
    dataset: &Dataset,
    table: &Table,
) -> Result<()> {
    let mut session = server.connector().connect()?;
    let collations = server.connector().asking(|| unless_refused(collations(&mut session)))?;
    for case in cases {
        case.unavailable = server
            .connector()
            .asking(|| reason(catalogue, case, server, (dataset, table), &mut session, &collations))?;
    }
    Ok(())
}

fn reason(
    catalogue: &Catalogue,
    case: &mut Case,
    server: &dyn Server,
    (dataset, table): (&Dataset, &Table),
    session: &mut Session,
    collations: &Result<BTreeSet<String>, String>,
) -> Result<Option<String>> {
    if case.rows > dataset.rows() {
        return Ok(Some(format!(
            "it loads {} rows, and the dataset has {}",
            units::count(case.rows),
            units::count(dataset.rows())
        )));
    }
    let found = catalogue.find(&case.key.method)?;
    let method = found.info();
    let after = rows_after(method, &case.params, case.rows);
    if let Some(key) = table.surrogate().filter(|key| after.loaded * after.times > key.last) {
        return Ok(Some(format!(
            "the table would hold {} rows, and its serial key ends at {}: load fewer rows",
            units::count(after.loaded * after.times),
            units::count(key.last)
        )));
    }
    if let Some(why) = of_table(found, case, table)? {
        return Ok(Some(why));
    }
    let axes = &case.key.axes;
    if let Some(why) =
        server.refuses(&axes.settings).or_else(|| server.cannot_limit(&axes.settings, axes.limits))
    {
        return Ok(Some(why));
    }
    if let Some(why) = of_collation(case, collations) {
        return Ok(Some(why));
    }
    if let Some(loader) = found.loader() {
        if let Some(program) = &mut case.program {
            program.version = loader.presence().ok().map(str::to_owned);
        }
        let lacks = unless_refused(loader.lacks(server, &case.key.axes.settings, session))?;
        if let Some(why) = lacks.unwrap_or_else(|words| Some(refuses_to_tell(&words))) {
            return Ok(Some(why));
        }
    }
    for need in &method.needs {
        // A loader gets a file of the rows that it is to load.
        if *need == Need::ReadsFile && found.loader().is_none() && case.rows < dataset.rows() {
            return Ok(Some(format!(
                "the server reads the whole file of {} rows, not the first {}",
                units::count(dataset.rows()),
                units::count(case.rows)
            )));
        }
        let lacks = unless_refused(lacks(need, server, dataset, method.input, session))?;
        if let Some(why) = lacks.unwrap_or_else(|words| Some(refuses_to_tell(&words))) {
            return Ok(Some(why));
        }
    }
    Ok(None)
}

/// Why the server has not the case's collation; else the case gets the name that the server has for it.
fn of_collation(case: &mut Case, collations: &Result<BTreeSet<String>, String>) -> Option<String> {
    let collation = case.key.axes.collation.as_ref()?;
    let collations = match collations {
        Ok(collations) => collations,
        Err(words) => return Some(format!("the server does not tell its collations: {words}")),
    };
    // Servers name the same locale C.UTF-8 or C.utf8, after what their system calls it.
    let Some(known) = collations.iter().find(|known| collation_key(known) == collation_key(collation)) else {
        return Some(format!("the server has no collation {collation}"));
    };
    case.key.axes.collation = Some(known.clone());
    None
}

/// The words for a need that the server does not say anything of.
fn refuses_to_tell(words: &str) -> String {
    format!("the server does not tell whether it has what the method needs: {words}")
}

/// Why a case cannot load this table.
fn of_table(method: &dyn Method, case: &Case, table: &Table) -> Result<Option<String>> {
    if !table.after.is_empty() && method.info().start == Start::Absent {
        return Ok(Some(
            "it makes the table itself while the clock runs, and what is asked for once the table is made comes before"
                .into(),
        ));
    }
    let info = method.info();
    let unlogged = info.end == Persistence::Unlogged || info.start == Start::Empty(Persistence::Unlogged);
    if let Some(words) = table.absent.why(Ability::Unlogged).filter(|_| unlogged) {
        return Ok(Some(format!("the server has no UNLOGGED tables: {words}")));
    }
    if table.foundation.is_none() {
        return Ok(method::lacks(method, &case.params, table));
    }
    if case.key.axes.collation.is_some() {
        return Ok(Some("the collations of the table are those of its DDL".into()));
    }
    if let Some(form) = case.key.axes.dataset.as_ref().filter(|name| is_form(name)) {
        return Ok(Some(format!(
            "the form {form} is one of the votes; the table of a DDL takes its own rows"
        )));
    }
    if let Some(why) = method::lacks(method, &case.params, table) {
        return Ok(Some(why));
    }
    match method.check(&case.params, table) {
        Ok(()) => Ok(None),
        Err(error) => match Fault::find(&error) {
            Some(Fault::Usage(why)) => Ok(Some(why.clone())),
            _ => Err(error),
        },
    }
}

fn lacks(
    need: &Need,
    server: &dyn Server,
    dataset: &Dataset,
    input: Encoding,
    session: &mut Session,
) -> Result<Option<String>> {
    match need {
        Need::ReadsFile => match server.visible_path(&dataset.file(input)) {
            Ok(_) => Ok(None),
            Err(error) => match Fault::find(&error) {
                Some(Fault::Unavailable(_)) => Ok(Some(chain(error.as_ref()))),
                _ => Err(error),
            },
        },
        Need::Version(major) => {
            let facts = server.facts();
            if !facts.absent.has(Ability::VersionNumber) {
                return Ok(None);
            }
            let old = facts.version_num < major * 10_000;
            Ok(old
                .then(|| format!("it needs PostgreSQL {major}, and this is {}", facts.version_num / 10_000)))
        }
        Need::Extension(name) => {
            let row = session
                .query_one(
                    "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = $1), \
                     (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)",
                    &[name],
                )
                .map_err(describe)
                .context("asking the server for its extensions")?;
            let (there, superuser): (bool, bool) = (row.get(0), row.get(1));
            Ok(match (there, superuser) {
                (false, _) => Some(format!(
                    "the server has no extension {name}; it is one of PostgreSQL's contrib modules"
                )),
                (true, false) => Some(format!("only a superuser can use {name} on the server's files")),
                (true, true) => None,
            })
        }
    }
}

/// The names of the collations that fit the database.
fn collations(session: &mut Session) -> Result<BTreeSet<String>> {
    let rows = session
        .query(
            "SELECT collname::text FROM pg_collation WHERE collencoding IN \
             (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))",
            &[],
        )
        .map_err(describe)
        .context("asking the server for its collations")?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The part of a collation's name that all servers spell the same.
fn collation_key(collation: &str) -> String {
    collation.to_lowercase().replace("utf-8", "utf8")
}
