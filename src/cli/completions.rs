//! `bulkbench completions`: what a shell needs to complete this command line.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Command;
use clap_complete::Shell;

use super::output::print;

/// How to install what is printed.
const INSTALLING: &str = "\
Where to put it, for instance:
  bash   bulkbench completions bash > ~/.local/share/bash-completion/completions/bulkbench
  zsh    bulkbench completions zsh > _bulkbench, in a directory of $fpath
  fish   bulkbench completions fish > ~/.config/fish/completions/bulkbench.fish";

#[derive(Debug, clap::Args)]
#[command(after_help = INSTALLING)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the completions of `command` for the shell.
pub(crate) fn completions(args: &Args, command: &mut Command) -> Result<ExitCode> {
    let mut text = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(args.shell, command, name, &mut text);
    print(&String::from_utf8(text).context("completions are text")?)?;
    Ok(ExitCode::SUCCESS)
}
