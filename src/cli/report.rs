//! `bulkbench report`: a run's reports made anew from its records, or put into another file.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use super::print;
use crate::record::store;
use crate::report;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run's directory
    dir: PathBuf,
    /// Put the run's table between this file's `<!-- bulkbench:... -->` marks instead
    #[arg(long, value_name = "FILE")]
    splice: Option<PathBuf>,
    /// With --splice: change nothing, and fail when the file is not up to date
    #[arg(long, requires = "splice")]
    check: bool,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    match &args.splice {
        Some(file) => report::splice_run(file, &args.dir, args.check)?,
        None => {
            let written = report::write_all(&args.dir)?;
            let (run, samples) = store::load(&args.dir)?;
            print(&report::terminal(&run, &samples)?)?;
            print("\n")?;
            for path in written {
                print(&format!("wrote {}\n", path.display()))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
