//! External loaders on dirty data.

use anyhow::{Context, Result};

use super::attempt::Attempt;
use super::definition::Caveat;
use super::{Site, TABLE, built_in, failure};
use crate::method::external::{Loader, Meaning, Target};
use crate::method::{Method, Need, Params, catalogue, resolve_params};
use crate::pg_error::describe;
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
    let mut session = site.server.connector().connect()?;
    if let Some(why) = loader.lacks(site.server, &Settings::new(), &mut session)? {
        return Err(unavailable!("{why}"));
    }
    let schema: String =
        session.query_one("SELECT current_schema()::text", &[]).map_err(describe)?.get(0);
    let _extensions = loader.extensions(site.server.connector(), &mut session)?;
    drop(session);
    let file = match &caveat.csv {
        Some(name) => site.file(name)?,
        None => site.dir().to_path_buf(),
    };
    let file = match loader.info().needs.contains(&Need::ReadsFile) {
        true => site.server.visible_path(&file)?,
        false => file,
    };
    let columns: Vec<String> = caveat.columns.iter().map(|column| quote(&column.name)).collect();
    let rows = caveat.good()?.len() + caveat.dirty()?.len();
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
    let printed = format!("{}\n{}", ended.stderr_tail, ended.stdout_tail);
    let said = || failure::of_program(&printed, ended.exit);
    let version = loader.presence().map_err(|why| unavailable!("{why}"))?;
    Ok(Attempt {
        what: Some(format!("{} ({version})", loader.command())),
        error: (ended.meaning == Meaning::Failure).then(said),
        met: (ended.rejected.unwrap_or(0) > 0 || ended.meaning == Meaning::Partial).then(said),
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
