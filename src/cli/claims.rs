//! `bulkbench claims`: what sources have published, held against runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;

use super::output::print;
use crate::analysis::claims::ledger;
use crate::claim;
use crate::report::{Look, claims};
use crate::visible::visible;

/// Where runs lie unless others are named.
const RESULTS: &str = "results";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directories of runs and of findings [default: all in results/ below this directory]
    #[arg(value_name = "RUN")]
    dirs: Vec<PathBuf>,
    /// Only this source (A) or this claim (A8), with all that is known of it; several times for as many
    #[arg(long = "source", value_name = "ID")]
    sources: Vec<String>,
    /// The form of the ledger
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// Write the page of each source into this directory instead
    #[arg(long, value_name = "DIR", conflicts_with = "format")]
    out: Option<PathBuf>,
}

/// The form of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table, or paragraphs where sources or claims are named
    Terminal,
    /// Tables to paste
    Markdown,
    /// A line a result
    Csv,
    /// An object a result
    Json,
}

pub(crate) fn show(args: &Args) -> Result<ExitCode> {
    let sources = claim::chosen(claim::sources(), &args.sources)?;
    let dirs = match args.dirs.is_empty() {
        true => claims::records_in(Path::new(RESULTS))?,
        false => args.dirs.clone(),
    };
    let records = claims::load(&dirs)?;
    if let Some(out) = &args.out {
        for path in claims::write_pages(out, &sources, &records)? {
            print(&format!("wrote {}\n", visible(&path.display().to_string())))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let ledger = ledger(&sources, &records);
    print(&match args.format {
        Format::Terminal => claims::terminal(&ledger, !args.sources.is_empty(), Look::of_stdout()),
        Format::Markdown => claims::as_markdown(&ledger),
        Format::Csv => claims::as_csv(&ledger)?,
        Format::Json => claims::as_json(&ledger)?,
    })?;
    Ok(ExitCode::SUCCESS)
}
