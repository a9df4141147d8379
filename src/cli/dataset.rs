//! `bulkbench dataset`: make, take, show or write out the rows.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};

use super::csv_args::CsvArgs;
use super::output::print;
use super::server_args::ServerArgs;
use super::{own_table, row_count};
use crate::dataset::{Asked, DEFAULT_ROWS, DEFAULT_SEED, Dataset, default_cache};
use crate::fs::Destination;
use crate::interrupt::Interrupt;
use crate::model::Encoding;
use crate::units;
use crate::visible::{visible, visible_lines};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make votes from a seed: the same bytes on every machine
    Generate {
        #[command(flatten)]
        spec: Spec,
    },
    /// Take a file of rows (csv of any dialect, packed by gzip or zstd or not, or Parquet): of username,link,vote
    /// lines, or of the table of a --ddl
    Import {
        /// The file
        file: PathBuf,
        /// The SQL that makes the table, and what it needs: a server reads it, in a schema that goes away again
        #[arg(long, value_name = "FILE")]
        ddl: Option<PathBuf>,
        /// The table, where the DDL makes several
        #[arg(long, value_name = "NAME", requires = "ddl")]
        table: Option<String>,
        #[command(flatten)]
        place: Box<ServerArgs>,
        // Last, as its heading holds for all that follows.
        #[command(flatten)]
        csv: CsvArgs,
    },
    /// Download such a file, check it and take it; goes on where an earlier try stopped
    Download {
        /// Where it is (http or https)
        #[arg(long)]
        url: String,
        /// The SHA-256 that it must have, in hexadecimal
        #[arg(long)]
        sha256: String,
    },
    /// Write a dataset to a file (or - for standard output) in an encoding
    Export {
        /// The file to write, or what else can be written to; - is the standard output
        file: PathBuf,
        /// The encoding
        #[arg(long, value_enum, default_value = "csv")]
        encoding: EncodingArg,
        /// A dataset's name; without it the generated one of --rows and --seed
        #[arg(long, value_name = "NAME", conflicts_with_all = ["rows", "seed"])]
        dataset: Option<String>,
        #[command(flatten)]
        spec: Spec,
    },
    /// Show the datasets that are in the cache
    Info,
}

#[derive(Debug, clap::Args)]
struct Spec {
    /// Rows, as 7500000, 7.5M or 100k
    #[arg(long, default_value_t = DEFAULT_ROWS, value_parser = row_count::parse)]
    rows: u64,
    /// Seed
    #[arg(long, default_value_t = DEFAULT_SEED)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EncodingArg {
    Csv,
    Text,
    Binary,
}

impl From<EncodingArg> for Encoding {
    fn from(arg: EncodingArg) -> Self {
        match arg {
            EncodingArg::Csv => Encoding::Csv,
            EncodingArg::Text => Encoding::Text,
            EncodingArg::Binary => Encoding::Binary,
        }
    }
}

pub(crate) fn manage(args: &Args, interrupt: &Interrupt) -> Result<ExitCode> {
    let cache = default_cache()?;
    let start = Instant::now();
    let dataset = match &args.action {
        Action::Generate { spec } => Dataset::generated(&cache, spec.rows, spec.seed, interrupt)?,
        Action::Import { file, ddl: Some(ddl), table, csv, place } => {
            own_table::import((file, &csv.asked()?), (ddl, table.as_deref()), place, interrupt)?
        }
        Action::Import { file, csv, place, .. } => {
            if let Some(flag) = place.first_given() {
                return Err(crate::usage!(
                    "{flag}: without --ddl the rows are taken as votes, and no server is asked; name the table's SQL by --ddl, or leave {flag} out"
                ));
            }
            import(&cache, file, &csv.asked()?, interrupt)?
        }
        Action::Download { url, sha256 } => Dataset::downloaded(&cache, url, sha256, interrupt)?,
        Action::Export { file, encoding, dataset, spec } => {
            // Refused before anything is made.
            let out = Destination::open(file, interrupt)?;
            let mut dataset = match dataset {
                Some(name) => Dataset::open(&cache.join(name))?,
                None => Dataset::generated(&cache, spec.rows, spec.seed, interrupt)?,
            };
            dataset.ensure((*encoding).into(), interrupt)?;
            if let Some(said) = dataset.export((*encoding).into(), out, interrupt)? {
                crate::say!("{said}");
            }
            return Ok(ExitCode::SUCCESS);
        }
        Action::Info => return info(),
    };
    print(&describe(&dataset))?;
    crate::say!("in {:.2} s", start.elapsed().as_secs_f64());
    Ok(ExitCode::SUCCESS)
}

fn import(cache: &Path, file: &Path, asked: &Asked, interrupt: &Interrupt) -> Result<Dataset> {
    if asked.is_empty() {
        return Dataset::imported(cache, file, interrupt);
    }
    let (dataset, said) = Dataset::imported_votes(cache, file, asked, interrupt)?;
    crate::say!("{}", visible_lines(&said.to_string()));
    Ok(dataset)
}

fn info() -> Result<ExitCode> {
    let cache = default_cache()?;
    let datasets = Dataset::list(&cache)?;
    print(&format!("{} datasets in {}\n", datasets.len(), visible(&cache.display().to_string())))?;
    for dataset in datasets {
        print(&format!("\n{}", describe(&dataset)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(dataset: &Dataset) -> String {
    let facts = dataset.facts();
    let (name, origin) = (visible(&dataset.name()).into_owned(), visible(&facts.origin));
    let mut text = format!("{name}: {} rows, {origin}", units::count(facts.rows));
    if let Some(seed) = facts.seed {
        text.push_str(&format!(" from seed {seed}"));
    }
    text.push_str(&format!("\n  content sum {}\n", facts.content));
    for (encoding, file) in &facts.files {
        text.push_str(&format!(
            "  {:<6} {:>9}  sha256 {}\n",
            encoding.name(),
            units::bytes(file.bytes),
            file.sha256
        ));
    }
    text
}
