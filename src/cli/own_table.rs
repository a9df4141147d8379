//! Rows and a table other than votes: a csv and a DDL of the user's, or a table that the program brings along.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;

use super::csv_args::CsvArgs;
use super::server_args::Servers;
use crate::dataset::{Asked, BuiltIn, Dataset, estimated_bytes};
use crate::interrupt::Interrupt;
use crate::model::{Encoding, OwnTable, Run};
use crate::runner::foundation::{self, Parent};
use crate::runner::plan::Request;
use crate::table::foundation::{Ddl, Foundation};
use crate::table::rows;
use crate::usage;
use crate::visible::visible_lines;

/// The flags that say what to load.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Your own rows and table")]
pub(crate) struct OwnTableArgs {
    /// Load the rows of this file (csv of any dialect, packed by gzip or zstd or not) into the table of --ddl
    #[arg(long, value_name = "FILE", requires = "ddl", conflicts_with_all = ["dataset", "rows", "seed"])]
    csv: Option<PathBuf>,
    /// The SQL that makes the table and what it needs: PostgreSQL runs it in the run's own schema
    #[arg(long, value_name = "FILE", requires = "csv")]
    ddl: Option<PathBuf>,
    /// The table to load, where the DDL makes several
    #[arg(long, value_name = "NAME", requires = "ddl")]
    table: Option<String>,
    /// Rows for a table that the loaded one refers to: a csv whose first line may name its columns; several times
    /// for as many, in the order in which they are loaded
    #[arg(long = "parent", value_name = "TABLE=FILE", requires = "ddl", value_parser = parent)]
    parents: Vec<Parent>,
    /// Load invented rows of this table instead of votes: events (ten columns of many types) or readings (numbers)
    #[arg(long, value_name = "TABLE", value_parser = built_in, conflicts_with_all = ["csv", "dataset"])]
    data: Option<BuiltIn>,
    #[command(flatten)]
    dialect: CsvArgs,
}

fn parent(text: &str) -> Result<Parent, String> {
    match text.split_once('=') {
        Some((table, file)) if !table.is_empty() && !file.is_empty() => {
            Ok(Parent { table: table.into(), file: file.into() })
        }
        _ => Err("give a table and its csv, as customers=customers.csv".into()),
    }
}

fn built_in(text: &str) -> Result<BuiltIn, String> {
    BuiltIn::named(text).ok_or_else(|| {
        let known = BuiltIn::ALL.map(BuiltIn::name).join(", ");
        format!("there is no such table; there are {known}")
    })
}

/// A table to load other than votes, and where its rows are from.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    ddl: Ddl,
    parents: Vec<Parent>,
    csv: BTreeMap<String, String>,
    rows: Rows,
}

/// Where rows are from.
#[derive(Debug, Clone)]
enum Rows {
    /// Invented for a table.
    Invented(BuiltIn),
    /// In a file.
    File(PathBuf, Asked),
}

impl OwnTableArgs {
    /// What is asked for; `None` for votes.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when a file cannot be read.
    pub(crate) fn wanted(&self) -> Result<Option<Wanted>> {
        let parents = self.parents.clone();
        match (&self.csv, &self.ddl, self.data) {
            (Some(csv), Some(path), _) => {
                let text = crate::fs::read_text(path)
                    .map_err(|error| usage!("--ddl {}: {error}; check the path", path.display()))?;
                let origin = format!("--ddl {}", path.display());
                let ddl = Ddl { origin, text, table: self.table.clone() };
                let rows = Rows::File(csv.clone(), self.dialect.asked()?);
                Ok(Some(Wanted { ddl, parents, csv: self.dialect.given(), rows }))
            }
            (_, _, Some(table)) if table != BuiltIn::Votes => {
                let origin = format!("the DDL of {}", table.name());
                let ddl = Ddl { origin, text: table.ddl().into(), table: None };
                Ok(Some(Wanted { ddl, parents, csv: BTreeMap::new(), rows: Rows::Invented(table) }))
            }
            _ => Ok(None),
        }
    }
}

impl Wanted {
    /// About how many bytes its csv has.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when the file cannot be read.
    pub(crate) fn csv_bytes(&self, request: &Request) -> Result<u64> {
        match &self.rows {
            Rows::Invented(table) => Ok(estimated_bytes(*table, Encoding::Csv, request.rows)),
            Rows::File(path, _) => Ok(std::fs::metadata(path)
                .map_err(|error| usage!("--csv {}: {error}; check the path", path.display()))?
                .len()),
        }
    }

    /// Makes the table on each of the servers.
    ///
    /// # Errors
    /// As [`lay`].
    pub(crate) fn lay(&self, servers: &mut Servers) -> Result<Vec<Arc<Foundation>>> {
        lay(servers, &self.ddl, &self.parents)
    }

    /// The rows, made or taken first where the cache lacks them.
    ///
    /// # Errors
    /// As [`Dataset::invented`] and [`Dataset::imported_table`].
    pub(crate) fn dataset(
        &self,
        cache: &Path,
        laid: &Foundation,
        request: &Request,
        interrupt: &Interrupt,
    ) -> Result<Dataset> {
        match &self.rows {
            Rows::Invented(table) => Dataset::invented(cache, *table, request.rows, request.seed, interrupt),
            Rows::File(path, asked) => {
                let columns = rows::columns(&laid.definition);
                let (dataset, said) = Dataset::imported_table(cache, path, &columns, asked, interrupt)?;
                crate::say!("{}", visible_lines(&said.to_string()));
                Ok(dataset)
            }
        }
    }

    /// As it is recorded.
    pub(crate) fn facts(&self, laid: &Foundation) -> OwnTable {
        OwnTable {
            name: laid.definition.name.clone(),
            ddl: self.ddl.text.clone(),
            parents: self.parents.iter().map(|parent| parent.table.clone()).collect(),
            csv: self.csv.clone(),
        }
    }
}

/// The DDL of the table that a recorded run loaded; `None` for votes.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when other tables had rows, whose files no record keeps.
pub(crate) fn ddl_of(run: &Run) -> Result<Option<Ddl>> {
    let Some(OwnTable { name, ddl, parents, .. }) = &run.table else { return Ok(None) };
    if let Some(parent) = parents.first() {
        return Err(usage!(
            "cannot go on with this run: the rows of {parent}, which {name} refers to, are in no record; start a new run instead"
        ));
    }
    let origin = "the DDL of the run".into();
    Ok(Some(Ddl { origin, text: ddl.clone(), table: Some(name.clone()) }))
}

/// Makes the table of a DDL on each of the servers, and fills those that it refers to.
///
/// # Errors
/// As [`foundation::lay`].
pub(crate) fn lay(servers: &mut Servers, ddl: &Ddl, parents: &[Parent]) -> Result<Vec<Arc<Foundation>>> {
    servers.all_mut().iter().map(|(_, server)| foundation::lay(&**server, ddl, parents)).collect()
}

/// The table that a run's rows were invented for, and their seed, where they were.
pub(crate) fn invented_for(run: &Run) -> Option<(BuiltIn, u64)> {
    let table = match &run.table {
        None => BuiltIn::Votes,
        Some(table) => BuiltIn::ALL.into_iter().find(|known| known.ddl() == table.ddl)?,
    };
    Some((table, run.dataset.seed?))
}
