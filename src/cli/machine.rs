//! `bulkbench machine`: the fingerprint of this machine, as every run records it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::output::print;
use crate::cache_dir::default_cache_dir;
use crate::probe::disk::Flushing;
use crate::probe::machine;
use crate::report::{self, Look, terminal};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A directory on the disk to measure: where a local server would keep its data [default: in the cache]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Prints it.
pub(crate) fn tell(args: &Args) -> Result<ExitCode> {
    let dir = match &args.data_dir {
        Some(dir) => dir.clone(),
        None => {
            let dir = default_cache_dir()?;
            std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
            dir
        }
    };
    let found = machine::machine(Some(&dir))?;
    let look = Look::of_stdout();
    let mut text = terminal::table(&report::of_machine(&found), look);
    let flushing = found.disk.as_ref().map(|disk| Flushing::judge(disk.flushes_per_second));
    if flushing == Some(Flushing::Implausible) {
        let words = "The disk confirms flushes faster than any medium could: what is confirmed may not be written yet.";
        text.push_str(&terminal::paragraph(words, look));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}
