//! The flags that say what to load: a csv and a DDL of the user's, or a table that the program brings along.

use std::path::PathBuf;

use anyhow::Result;

use super::csv_args::CsvArgs;
use super::wanted_data::{RowSource, WantedData};
use crate::dataset::BuiltIn;
use crate::runner::foundation::{Parent, Told};
use crate::table::foundation::Ddl;
use crate::usage;

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
    /// Load invented rows of this table instead of votes: events (ten columns of many types), readings (numbers), or
    /// one of a single type, as type_uuid
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
        let known: Vec<&str> = BuiltIn::all().map(BuiltIn::name).collect();
        format!("there is no such table; there are {}", known.join(", "))
    })
}

impl OwnTableArgs {
    /// What is asked for; `None` for what the experiment loads.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when a file cannot be read.
    pub(crate) fn wanted(&self) -> Result<Option<WantedData>> {
        match (&self.csv, &self.ddl, self.data) {
            (Some(csv), Some(path), _) => {
                let text = crate::fs::read_text(path)
                    .map_err(|error| usage!("--ddl {}: {error}; check the path", path.display()))?;
                let ddl =
                    Ddl { origin: format!("--ddl {}", path.display()), text, table: self.table.clone() };
                Ok(Some(WantedData {
                    name: String::new(),
                    told: Some(Told { ddl, parents: self.parents.clone() }),
                    csv: self.dialect.given(),
                    rows: RowSource::File(csv.clone(), self.dialect.asked()?),
                    listed: false,
                }))
            }
            (_, _, Some(table)) => Ok(Some(WantedData::invented("", table, None))),
            _ => Ok(None),
        }
    }
}
