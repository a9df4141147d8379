//! `bulkbench schema`: a table to start from.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::csv_args::CsvArgs;
use super::output::print;
use crate::dataset::infer::infer;
use crate::interrupt::Interrupt;
use crate::table::proposal::propose;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print CREATE TABLE for a file's rows, with the reason for each type
    Infer {
        /// The file: csv of any dialect, packed by gzip or zstd or not, or Parquet
        file: PathBuf,
        /// The table's name [default: the file's]
        #[arg(long, value_name = "NAME")]
        table: Option<String>,
        #[command(flatten)]
        csv: CsvArgs,
    },
}

pub(crate) fn schema(args: &Args, interrupt: &Interrupt) -> Result<ExitCode> {
    let Action::Infer { file, table, csv } = &args.action;
    let inferred = infer(file, &csv.asked()?, interrupt)?;
    let table = match table.as_deref() {
        Some("") => return Err(crate::usage!("--table: give the table a name")),
        Some(name) => name.to_owned(),
        // `votes` of `votes.csv.gz`.
        None => {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            name.split('.').find(|part| !part.is_empty()).unwrap_or("rows").to_owned()
        }
    };
    print(&propose(&inferred, &table, file))?;
    Ok(ExitCode::SUCCESS)
}
