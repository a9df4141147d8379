//! An attempt at loading a caveat's rows by one way: its report, not yet the rows of the table.

use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};

use super::definition::{Caveat, CopyLoad, InsertLoad, InsertRows, Load};
use super::outcome::{Attempt, NoOutcome};
use super::site::{STAGING, Site, TABLE};
use super::{failure, input, loaders};
use crate::model::Source;
use crate::model::findings::LoadError;
use crate::pg_error::describe;
use crate::server::Session;
use crate::sql::{Exec, literal, quote};
use crate::unavailable;

/// Tries the way once, on a table that is ready.
///
/// # Errors
/// Where there is no outcome, as [`NoOutcome::from_error`] has it; that the server refuses the rows is one.
pub(crate) fn attempt(site: &Site<'_>, caveat: &Caveat, load: &Load) -> Result<Attempt> {
    match load {
        Load::Copy(copy) => {
            let mut made = on_connection(site, caveat, |session| self::copy(session, caveat, copy))?;
            if !input::keeps_lines(caveat, copy)? {
                made.error = made.error.map(|said| LoadError { line: None, ..said });
            }
            Ok(made)
        }
        Load::ServerFile(file) => {
            let path = site.file(caveat, file)?;
            let path = site.server.visible_path(&path)?;
            let path = path.to_str().context("SQL needs a path in UTF-8")?;
            let sql = format!("COPY {TABLE} FROM {} WITH (FORMAT csv)", literal(path));
            on_connection(site, caveat, |session| {
                session.run(&sql)?;
                Ok(Attempt::default())
            })
        }
        Load::Insert(insert) => on_connection(site, caveat, |session| self::insert(session, caveat, insert)),
        Load::Sql(statements) => {
            let file = server_file(site, statements)?;
            on_connection(site, caveat, |session| {
                for sql in statements {
                    session.run(&filled(sql).replace("{file}", &file))?;
                }
                Ok(Attempt::default())
            })
        }
        Load::Loader(id) => loaders::attempt(site, caveat, id),
    }
}

/// Does `work` on a connection of its own; what the server refuses becomes the attempt's error, and
/// its notices the attempt's notices.
fn on_connection(
    site: &Site<'_>,
    caveat: &Caveat,
    work: impl FnOnce(&mut Session) -> Result<Attempt>,
) -> Result<Attempt> {
    let notices = Arc::new(Mutex::new(Vec::new()));
    let heard = notices.clone();
    let mut session = site.connector.connect_hearing(move |notice| {
        heard.lock().unwrap_or_else(|e| e.into_inner()).push(notice.message().to_owned());
    })?;
    let mut attempt = match work(&mut session) {
        Ok(attempt) => attempt,
        Err(error) => {
            site.connector.interrupt().check()?;
            Attempt { error: Some(refusal(error, caveat)?), ..Attempt::default() }
        }
    };
    drop(session);
    attempt.notices = std::mem::take(&mut *notices.lock().unwrap_or_else(|e| e.into_inner()));
    if attempt.rejected.is_none() {
        attempt.rejected = attempt.notices.iter().rev().find_map(|notice| failure::skipped(notice));
    }
    Ok(attempt)
}

/// Runs the statement that follows the caveat's loads, if it has one; gives the server's refusal of it.
///
/// # Errors
/// As [`refusal`].
pub(crate) fn next(session: &mut Session, caveat: &Caveat) -> Result<Option<LoadError>> {
    let Some(sql) = &caveat.next else { return Ok(None) };
    match session.run(&filled(sql)) {
        Ok(()) => Ok(None),
        Err(error) => refusal(error, caveat).map(Some),
    }
}

/// The server's refusal of rows that is behind an error.
///
/// # Errors
/// The error itself where the server said nothing, or spoke of the state that it is in.
fn refusal(error: anyhow::Error, caveat: &Caveat) -> Result<LoadError> {
    let Some(said) = failure::of_server(&error, &caveat.column_names()) else { return Err(error) };
    match said.sqlstate.as_ref().and_then(|state| NoOutcome::of_state(state, &said.message)) {
        Some(state) => Err(state.into()),
        None => Ok(said),
    }
}

/// COPY in a transaction of its own, with what is before and behind it.
fn copy(session: &mut Session, caveat: &Caveat, copy: &CopyLoad) -> Result<Attempt> {
    let bytes = input::copied(caveat, copy)?;
    let mut transaction = session.transaction().map_err(describe)?;
    for sql in before(copy) {
        transaction.run(&sql)?;
    }
    let sql = copy_sql(copy);
    let context = || format!("running: {sql}");
    let mut writer = transaction.copy_in(&sql).map_err(describe).with_context(context)?;
    let sent = std::io::Write::write_all(&mut writer, &bytes).map_err(from_io);
    let copied = sent.and_then(|()| writer.finish().map_err(describe)).with_context(context)?;
    let rejected = match then(copy) {
        Some(sql) => {
            let brought = transaction.execute(&sql, &[]).map_err(describe).context(sql)?;
            Some(copied.saturating_sub(brought))
        }
        None => None,
    };
    if let Some(sql) = &copy.after {
        transaction.run(&filled(sql))?;
    }
    transaction.commit().map_err(describe)?;
    Ok(Attempt { rejected, ..Attempt::default() })
}

/// An error of the driver's that came as one of a writer.
fn from_io(error: std::io::Error) -> anyhow::Error {
    match error.downcast::<postgres::Error>() {
        Ok(driver) => describe(driver),
        Err(other) => other.into(),
    }
}

/// The statements that a COPY comes after.
fn before(copy: &CopyLoad) -> Vec<String> {
    let staging = copy
        .staging
        .iter()
        .map(|columns| format!("CREATE TEMPORARY TABLE {STAGING} ({columns}) ON COMMIT DROP"));
    copy.before.iter().map(|sql| filled(sql)).chain(staging).collect()
}

fn copy_sql(copy: &CopyLoad) -> String {
    let into = if copy.staging.is_some() { STAGING } else { TABLE };
    let columns: Vec<String> = copy.columns.iter().map(|name| quote(name)).collect();
    let columns = if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) };
    format!("COPY {into}{columns} FROM STDIN WITH ({})", copy.with)
}

fn then(copy: &CopyLoad) -> Option<String> {
    copy.then.as_ref().map(|sql| filled(sql))
}

fn filled(sql: &str) -> String {
    sql.replace("{table}", TABLE).replace("{staging}", STAGING)
}

/// Says what a way does, whether it can be tried or not.
pub(crate) fn describe_way(load: &Load) -> String {
    match load {
        Load::Copy(copy) => {
            let mut steps: Vec<String> = Vec::new();
            for (from, to) in &copy.replace {
                let to = if to.is_empty() { "nothing".into() } else { format!("{to:?}") };
                steps.push(format!("in the client: {from:?} becomes {to}"));
            }
            if !copy.keep.is_empty() {
                let numbers: Vec<String> = copy.keep.iter().map(usize::to_string).collect();
                steps.push(format!("in the client: keep the fields {}", numbers.join(", ")));
            }
            steps.extend(before(copy));
            steps.push(copy_sql(copy));
            steps.extend(then(copy));
            steps.extend(copy.after.iter().map(|sql| filled(sql)));
            steps.join("; ")
        }
        Load::ServerFile(file) => format!("COPY {TABLE} FROM '/{file}' WITH (FORMAT csv)"),
        Load::Insert(insert) => match insert.rows {
            InsertRows::Together => "one INSERT of all rows that the client reads in the csv".into(),
            InsertRows::Each => "an INSERT for each row that the client reads in the csv, each its own commit".into(),
            InsertRows::EachGoingOn => {
                "an INSERT for each row that the client reads in the csv, each its own commit, passing over those that are refused".into()
            }
        },
        Load::Sql(statements) => {
            let shown: Vec<String> = statements.iter().map(|sql| filled(sql).replace("{file}", "'/file'")).collect();
            shown.join("; ")
        }
        Load::Loader(id) => format!("the loader {id}"),
    }
}

/// INSERT statements from the records of a csv file.
fn insert(session: &mut Session, caveat: &Caveat, insert: &InsertLoad) -> Result<Attempt> {
    let records = input::records(caveat, &insert.file)?;
    ensure!(!records.is_empty(), "{} holds no rows", insert.file);
    if insert.rows == InsertRows::Together {
        let rows: Vec<String> = records.iter().map(|record| format!("({})", record.values)).collect();
        session.run(&format!("INSERT INTO {TABLE} VALUES {}", rows.join(", ")))?;
        return Ok(Attempt::default());
    }
    let mut attempt = Attempt { rejected: Some(0), ..Attempt::default() };
    for record in records {
        let Err(error) = session.run(&format!("INSERT INTO {TABLE} VALUES ({})", record.values)) else {
            continue;
        };
        let said = LoadError { line: Some(record.line), ..refusal(error, caveat)? };
        if insert.rows == InsertRows::Each {
            attempt.error = Some(said);
            return Ok(attempt);
        }
        attempt.met.get_or_insert(said);
        attempt.rejected = attempt.rejected.map(|rejected| rejected + 1);
    }
    Ok(attempt)
}

/// A file that the server can write, as a literal; in its data directory, which goes away with it.
fn server_file(site: &Site<'_>, statements: &[String]) -> Result<String> {
    if !statements.iter().any(|sql| sql.contains("{file}")) {
        return Ok(String::new());
    }
    if site.server.facts().source == Source::External {
        return Err(unavailable!("it would leave a file on a server of yours"));
    }
    let mut session = site.connector.connect()?;
    let row = session.query_one("SHOW data_directory", &[]).map_err(describe)?;
    let dir: String = row.try_get(0).map_err(describe)?;
    let name = Path::new(site.dir().file_name().context("a directory without a name")?);
    Ok(literal(&format!("{dir}/{TABLE}-{}.csv", name.display())))
}
