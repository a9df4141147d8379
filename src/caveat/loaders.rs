//! External loaders on dirty data.

use anyhow::{Context, Result};

use super::definition::Caveat;
use super::outcome::{Attempt, NoOutcome};
use super::printed::{self, Printed, Said};
use super::site::{Site, TABLE};
use super::{built_in, input};
use crate::method::external::{InputFormat, LoadTarget, Loader, Meaning};
use crate::method::{Catalogue, Method, Need, resolve_params};
use crate::model::Params;
use crate::model::findings::LoadError;
use crate::server::Settings;
use crate::sql::quote;
use crate::table::Table;
use crate::unavailable;

/// Runs the loader of this id on the caveat's csv.
///
/// # Errors
/// Where there is no outcome, as [`NoOutcome::from_error`] has it.
pub(crate) fn attempt(site: &Site<'_>, caveat: &Caveat, id: &str) -> Result<Attempt> {
    let loader = find(site.catalogue, id)?;
    // A file whose rows begin with their key is keyed.
    if !matches!(loader.input(), InputFormat::Csv | InputFormat::KeyedCsv) {
        return Err(unavailable!("it does not read csv, and this file is csv"));
    }
    let mut session = site.connector.connect()?;
    if let Some(why) = loader.lacks(site.server, &Settings::new(), &mut session)? {
        return Err(unavailable!("{why}"));
    }
    let _extensions = loader.extensions(site.server.connector(), &mut session)?;
    drop(session);
    // Without a file it does all by scripts of its own.
    let (file, data, lines) = match &caveat.csv {
        Some(name) => (site.file(caveat, name)?, caveat.file(name)?, lines(caveat, name)?),
        None => (site.dir().to_path_buf(), [].as_slice(), Vec::new()),
    };
    let file = match loader.info().needs.contains(&Need::ReadsFile) {
        true => site.server.visible_path(&file)?,
        false => file,
    };
    let columns: Vec<String> = caveat.columns.iter().map(|column| quote(&column.name)).collect();
    let ended = loader.execute(&LoadTarget {
        connector: site.connector,
        schema: &site.server.run_schema().name,
        table: TABLE,
        columns: &columns.join(", "),
        key: &caveat.columns.first().context("a table without columns")?.name,
        file: &file,
        rows: lines.len() as u64,
        params: &resolve_params(loader, &Params::new(), (1, 1), &Table::votes(&[]))?,
        scratch: site.dir(),
    })?;
    // Whole, as the first error is what a reader looks for: what has ended keeps but its last lines.
    let text = Loader::printed(site.connector, site.dir())?;
    let failed = ended.meaning == Meaning::Failure;
    if ended.meaning == Meaning::NotFed {
        return Err(NoOutcome::NotFed(not_fed(&text)).into());
    }
    let printed = Printed { text: &text, columns: &caveat.column_names() };
    let placed = |said| placed(said, data, &lines);
    let error = failed.then(|| placed(printed.failure(ended.exit)));
    let met = printed.error().map(placed);
    for said in error.iter().chain(&met) {
        if failed && printed::is_no_connection(said) {
            let why = format!("it cannot connect: {}", said.message);
            return Err(NoOutcome::NotTried { sqlstate: said.sqlstate.clone(), why }.into());
        }
        let state = said.sqlstate.as_ref();
        if let Some(state) = state.and_then(|state| NoOutcome::of_state(state, &said.message)) {
            return Err(state.into());
        }
    }
    let version = loader.presence().map_err(|why| unavailable!("{why}"))?;
    Ok(Attempt {
        what: Some(format!("{} ({version})", loader.command())),
        error,
        met,
        rejected: ended.rejected,
        ..Attempt::default()
    })
}

/// Why a script could not make values of the rows (docs/add-a-loader.md).
fn not_fed(printed: &str) -> String {
    let mut lines = printed.lines().map(str::trim).filter(|line| !line.is_empty()).rev();
    let reason = lines.clone().find_map(|line| line.strip_prefix("not fed: "));
    reason.or_else(|| lines.next()).unwrap_or("the script gives no reason").to_owned()
}

/// The line at which each record of a csv begins; nothing where it is no csv.
fn lines(caveat: &Caveat, name: &str) -> Result<Vec<u64>> {
    Ok(input::records(caveat, name)?.iter().map(|record| record.line).collect())
}

/// An error of a program's with its line only where that is one of the file. A program that reads the csv
/// itself sends rows of its own making, and the server counts those.
fn placed(said: Said, data: &[u8], lines: &[u64]) -> LoadError {
    let is_of_the_file = |line: u64| {
        let rows_are_lines = lines.iter().zip(1..=line).all(|(begins, row)| *begins == row);
        let quoted = said.quoted.as_deref().unwrap_or_default();
        rows_are_lines || (!quoted.is_empty() && is_in_line(data, line, quoted.as_bytes()))
    };
    let line = said.error.line.filter(|line| is_of_the_file(*line));
    LoadError { line, ..said.error }
}

/// Whether this line of a file, counted from 1, holds these bytes.
fn is_in_line(data: &[u8], line: u64, bytes: &[u8]) -> bool {
    let at = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
    let found = at.and_then(|at| data.split(|byte| *byte == b'\n').nth(at));
    found.is_some_and(|text| memchr::memmem::find(text, bytes).is_some())
}

/// The caveats' own loader of this id, else one of the catalogue's.
fn find<'c>(catalogue: &'c Catalogue, id: &str) -> Result<&'c Loader> {
    let own = built_in::loaders().iter().find(|loader| loader.info().id == id);
    own.map_or_else(
        || catalogue.find(id)?.loader().with_context(|| format!("the method {id} is no loader")),
        Ok,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_named_where_it_is_one_of_the_file() {
        let data = b"1,\"two\nlines\"\n2,x\n3,y\n";
        let line = |line, quoted: Option<&str>, lines: &[u64]| {
            let error = LoadError { line: Some(line), ..LoadError::default() };
            placed(Said { error, quoted: quoted.map(str::to_owned) }, data, lines).line
        };
        assert_eq!(line(3, None, &[1, 2, 3]), Some(3));
        assert_eq!(line(1, None, &[1, 3, 4]), Some(1), "before the row of two lines");
        assert_eq!(line(2, None, &[1, 3, 4]), None, "the second row, or the second line");
        assert_eq!(line(2, Some("x"), &[1, 3, 4]), None, "the second line has no x");
        assert_eq!(line(3, Some("x"), &[1, 3, 4]), Some(3), "the third line has");
        assert_eq!(line(9, Some("x"), &[1, 3, 4]), None);
    }
}
