//! `bulkbench serve-disk`: the process that serves an emulated disk to the run that has started it.

use std::process::ExitCode;

use anyhow::Result;

use crate::disk::{self, Args};

/// Serves it until standard input ends.
pub(crate) fn serve(args: &Args) -> Result<ExitCode> {
    disk::serve(args).map(|()| ExitCode::SUCCESS)
}
