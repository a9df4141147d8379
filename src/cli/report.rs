//! `bulkbench report`: a run's reports made anew from its records, or put into another file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::output::print;
use crate::model::findings::Findings;
use crate::record::{self, Document, has_findings};
use crate::report::{self, Look, SpliceMode};
use crate::visible::visible;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The run's directory
    dir: PathBuf,
    /// Put the run's table between this file's `<!-- bulkbench:... -->` marks instead
    #[arg(long, value_name = "FILE")]
    splice: Option<PathBuf>,
    /// With --splice: only these cases, as the table of results names them; several times for as many
    #[arg(long = "case", value_name = "ID", requires = "splice")]
    cases: Vec<String>,
    /// With --splice: change nothing, and fail when the file is not up to date
    #[arg(long, requires = "splice")]
    check: bool,
}

pub(crate) fn make_reports(args: &Args) -> Result<ExitCode> {
    match &args.splice {
        Some(file) => {
            splice(file, args, if args.check { SpliceMode::Check } else { SpliceMode::Write })?;
        }
        None if has_findings(&args.dir) => {
            let written = report::findings::write_all(&args.dir)?;
            print(&report::findings::terminal(&Findings::load(&args.dir)?, &args.dir, Look::of_stdout())?)?;
            list(&written)?;
        }
        None => {
            let written = report::write_all(&args.dir)?;
            let (run, samples) = record::load(&args.dir)?;
            print(&report::terminal_table(&run, &samples, Look::of_stdout())?)?;
            list(&written)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(written: &[PathBuf]) -> Result<()> {
    print("\n")?;
    written.iter().try_for_each(|path| print(&format!("wrote {}\n", visible(&path.display().to_string()))))
}

/// Puts the run's findings between the file's marks, with the command that does it again. Paths
/// in the text are relative to the file.
fn splice(file: &Path, args: &Args, mode: SpliceMode) -> Result<()> {
    let dir = &args.dir;
    let shown = dir.display().to_string();
    let shown = shown.trim_end_matches('/');
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut command = format!("bulkbench report {shown} --splice {name}");
    for case in &args.cases {
        let quoted =
            shlex::try_quote(case).with_context(|| format!("writing the case {case} for a shell"))?;
        command.push_str(&format!(" --case {quoted}"));
    }
    let excerpt = match has_findings(dir) {
        true => report::findings::excerpt(dir, shown)?,
        false => report::excerpt(dir, shown, &args.cases)?,
    };
    let text = format!("{excerpt}\n(Put here by `{command}`.)\n");
    report::splice(file, "results", &text, mode)
}
