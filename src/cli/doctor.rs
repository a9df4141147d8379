//! `bulkbench doctor`: what works here, what does not, and what to do about it.

use std::process::ExitCode;

use anyhow::Result;

use super::server_args::ServerArgs;
use crate::interrupt::Interrupt;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: ServerArgs,
}

pub fn run(_args: &Args, _interrupt: &Interrupt) -> Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
