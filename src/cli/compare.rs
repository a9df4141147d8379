//! `bulkbench compare`: two or more runs side by side.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use super::output::print;
use crate::report::{self, Look};
use crate::visible::visible;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The runs' directories; the others are held against the first
    #[arg(num_args = 2.., required = true, value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// Write comparison.md, comparison.html and charts/ into this directory as well
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn compare(args: &Args) -> Result<ExitCode> {
    let compared = report::compare(&args.dirs)?;
    print(&compared.terminal(Look::of_stdout())?)?;
    if let Some(out) = &args.out {
        for path in compared.write(out)? {
            print(&format!("wrote {}\n", visible(&path.display().to_string())))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
