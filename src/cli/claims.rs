//! `bulkbench claims`: what sources have published, held against runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::output::print;
use crate::analysis::claims::ledger;
use crate::claim;
use crate::report::{self, Look, SpliceMode, claims};
use crate::visible::visible;

/// Where runs lie unless others are named.
const RESULTS: &str = "results";

/// Where the pages of the sources lie, beside the file that their summary is put into.
const PAGES: &str = "docs/claims";

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
    /// Put what became of the claims, by source, between this file's `<!-- bulkbench:claims -->` marks instead; it links to
    /// the pages of the sources in docs/claims beside the file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "out", "sources"])]
    splice: Option<PathBuf>,
    /// With --splice: change nothing, and fail when the file is not up to date
    #[arg(long, requires = "splice")]
    check: bool,
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
    if let Some(file) = &args.splice {
        let mode = if args.check { SpliceMode::Check } else { SpliceMode::Write };
        let summary = claims::as_summary(&sources, &records, PAGES);
        let text = format!("{summary}\n(Put here by `{}`.)\n", splice_command(&args.dirs, file)?);
        report::splice(file, "claims", &text, mode)?;
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

/// The command that puts the summary of these records into this file.
fn splice_command(dirs: &[PathBuf], file: &Path) -> Result<String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let dirs = dirs.iter().map(|dir| dir.display().to_string());
    let words =
        ["bulkbench", "claims"].map(String::from).into_iter().chain(dirs).chain(["--splice".into(), name]);
    let words: Vec<String> = words.collect();
    shlex::try_join(words.iter().map(String::as_str)).context("writing the command for a shell")
}
