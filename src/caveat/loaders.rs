//! External loaders on dirty data.

use anyhow::{Context, Result};

use super::attempt::Attempt;
use super::definition::Caveat;
use super::{Site, TABLE, built_in, failure, input};
use crate::method::external::{Input, Loader, Meaning, Target, current_schema};
use crate::method::{Method, Need, Params, catalogue, resolve_params};
use crate::server::Settings;
use crate::table::Table;
use crate::table::ddl::quote;
use crate::unavailable;

/// Runs the loader of this id on the caveat's csv.
///
/// # Errors
/// [`crate::fault::Fault::Unavailable`] where it cannot be run here, with the reason; or when it
/// cannot be started.
pub fn attempt(site: &Site<'_>, caveat: &Caveat, id: &str) -> Result<Attempt> {
    let loader = find(id)?;
    // A file whose rows begin with their key is keyed.
    if !matches!(loader.input(), Input::Csv | Input::KeyedCsv) {
        return Err(unavailable!("it does not read csv, and this file is csv"));
    }
    let mut session = site.server.connector().connect()?;
    if let Some(why) = loader.lacks(site.server, &Settings::new(), &mut session)? {
        return Err(unavailable!("{why}"));
    }
    let schema = current_schema(&mut session)?;
    let _extensions = loader.extensions(site.server.connector(), &mut session)?;
    drop(session);
    // Without a file it does all by scripts of its own.
    let (file, rows) = match &caveat.csv {
        Some(name) => (site.file(name)?, input::records(name)?.len()),
        None => (site.dir().to_path_buf(), 0),
    };
    let file = match loader.info().needs.contains(&Need::ReadsFile) {
        true => site.server.visible_path(&file)?,
        false => file,
    };
    let columns: Vec<String> = caveat.columns.iter().map(|column| quote(&column.name)).collect();
    let ended = loader.execute(&Target {
        connector: site.server.connector(),
        schema: &schema,
        table: TABLE,
        columns: &columns.join(", "),
        key: &caveat.columns.first().context("a table without columns")?.name,
        file: &file,
        rows: rows as u64,
        params: &resolve_params(loader, &Params::new(), 1, &Table::votes(&[]))?,
        scratch: site.dir(),
    })?;
    // Whole, as the first error is what a reader looks for: what has ended keeps but its last lines.
    let printed = Loader::printed(site.server.connector(), site.dir())?;
    let error = matches!(ended.meaning, Meaning::Failure | Meaning::NotFed).then(|| failure::of_program(&printed, ended.exit));
    if let Some(error) = error.as_ref().filter(|error| failure::is_no_connection(error)) {
        return Err(unavailable!("it cannot connect: {}", error.message));
    }
    let version = loader.presence().map_err(|why| unavailable!("{why}"))?;
    Ok(Attempt {
        what: Some(format!("{} ({version})", loader.command())),
        error,
        met: failure::marked(&printed),
        rejected: ended.rejected,
        notices: Vec::new(),
    })
}

/// The caveats' own loader of this id, else one of the catalogue's.
fn find(id: &str) -> Result<&'static Loader> {
    let own = built_in::loaders().iter().find(|loader| loader.info().id == id);
    own.map_or_else(
        || catalogue::find(id)?.loader().with_context(|| format!("the method {id} is no loader")),
        Ok,
    )
}
