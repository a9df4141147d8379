//! The flags that say what to load: a csv and a DDL of the user's, or a table that the program brings along.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::csv_args::CsvArgs;
use super::server_args::{Conditions, ServerArgs};
use super::wanted_data::{self, RowSource, WantedData};
use crate::dataset::{Asked, BuiltIn, Dataset, RowsFile, default_cache};
use crate::interrupt::Interrupt;
use crate::runner::foundation::{self, Parent, Parents, Told};
use crate::table::foundation::Ddl;
use crate::table::rows;
use crate::usage;
use crate::visible::visible_lines;

/// The flags that say what to load.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Your own rows and table")]
pub(crate) struct OwnTableArgs {
    /// Load the rows of this file (csv of any dialect, packed by gzip or zstd or not, or Parquet) into the table
    /// of --ddl
    #[arg(long, value_name = "FILE", requires = "ddl", conflicts_with_all = ["dataset", "rows", "seed"])]
    csv: Option<PathBuf>,
    /// The SQL that makes the table and what it needs: PostgreSQL runs it in the run's own schema. Its rows are those
    /// of --csv, or of a --dataset that `bulkbench dataset import --ddl` took
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rows", "seed"])]
    ddl: Option<PathBuf>,
    /// The table to load, where the DDL makes several
    #[arg(long, value_name = "NAME", requires = "ddl")]
    table: Option<String>,
    /// Rows for a table that the loaded one refers to, in a file as that of --csv; several times for as many, in
    /// the order in which they are loaded
    #[arg(long = "parent", value_name = "TABLE=FILE", requires = "ddl", value_parser = parent)]
    parents: Vec<Parent>,
    /// Load invented rows of this table instead of votes: events (ten columns of many types), readings (numbers), or
    /// one of a single type, as type_uuid
    #[arg(long, value_name = "TABLE", value_parser = built_in, conflicts_with_all = ["csv", "ddl", "dataset"])]
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
        let known: Vec<&str> = BuiltIn::all().map(BuiltIn::name).collect();
        format!("there is no such table; there are {}", known.join(", "))
    })
}

impl OwnTableArgs {
    /// What is asked for, with the rows of this dataset where one is named; `None` for what the experiment loads.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when a file cannot be read, a DDL has no rows, or it is said how a csv is written
    /// that is not named.
    pub(crate) fn wanted(&self, dataset: Option<&str>) -> Result<Option<WantedData>> {
        let Some(path) = &self.ddl else {
            if let Some(flag) = self.dialect.given().keys().next() {
                return Err(usage!(
                    "--{flag}: it says how the file of --csv is written, and there is none; name one by --csv with its table's --ddl, or leave --{flag} out"
                ));
            }
            return Ok(self.data.map(|table| WantedData::invented("", table, None)));
        };
        let asked = self.dialect.asked()?;
        let rows = match (&self.csv, dataset) {
            (Some(csv), _) => RowSource::File(csv.clone(), asked),
            (None, Some(_)) if !asked.is_empty() => {
                return Err(usage!(
                    "the flags for csv say how a file is read, and a --dataset has been read already; leave them out"
                ));
            }
            (None, Some(name)) => RowSource::Cached(name.to_owned()),
            (None, None) => {
                return Err(usage!(
                    "--ddl {}: it has no rows; give their file by --csv, or a --dataset that `bulkbench dataset import --ddl` took",
                    path.display()
                ));
            }
        };
        let told = Told {
            ddl: ddl(path, self.table.as_deref())?,
            parents: wanted_data::parents(self.parents.clone())?,
        };
        Ok(Some(WantedData {
            name: String::new(),
            told: Some(told),
            csv: self.dialect.given(),
            rows,
            listed: false,
        }))
    }
}

/// A DDL in a file.
fn ddl(path: &Path, table: Option<&str>) -> Result<Ddl> {
    let text = crate::fs::read_text(path)
        .map_err(|error| usage!("--ddl {}: {error}; check the path", path.display()))?;
    Ok(Ddl { origin: format!("--ddl {}", path.display()), text, table: table.map(str::to_owned) })
}

/// Takes a file as the rows of the table of a DDL, which is made on a server for it and goes away again.
///
/// # Errors
/// As [`foundation::lay`] and [`Dataset::imported_table`].
pub(crate) fn import(
    (file, asked): (&Path, &Asked),
    (path, table): (&Path, Option<&str>),
    place: &ServerArgs,
    interrupt: &Interrupt,
) -> Result<Dataset> {
    let told = Told { ddl: ddl(path, table)?, parents: Parents::default() };
    let wanted = place.wanted(&place.choice()?, false)?;
    if wanted.len() > 1 {
        return Err(usage!("{} servers are named, and one reads the DDL; name one", wanted.len()));
    }
    let cache = default_cache()?;
    std::fs::create_dir_all(&cache).with_context(|| format!("making {}", cache.display()))?;
    let servers =
        place.open_for(wanted, &Conditions::default(), std::slice::from_ref(&cache), 0, interrupt)?;
    let outcome = foundation::lay(servers.main(), &told).and_then(|laid| {
        let columns = rows::columns(&laid.definition);
        let file = RowsFile { path: file, asked, table: &laid.definition.name, columns: &columns };
        let (dataset, said) = Dataset::imported_table(&cache, &file, interrupt)?;
        crate::say!("{}", visible_lines(&said.to_string()));
        Ok(dataset)
    });
    servers.closing(outcome)
}
