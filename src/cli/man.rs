//! `bulkbench man`: the manual pages, in the format of man(7).

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Command;
use clap_mangen::Man;

use super::output::print;
use crate::fault::nearest_then;
use crate::usage;

/// How to read and install what is printed.
const READING: &str = "\
  bulkbench man | man -l -                               reads it
  bulkbench man run | man -l -                           that of a verb
  bulkbench man > ~/.local/share/man/man1/bulkbench.1    installs it";

#[derive(Debug, clap::Args)]
#[command(after_help = READING)]
pub(crate) struct Args {
    /// A verb, for the page of its flags, e.g. `dataset import` [default: the page of the whole]
    verb: Vec<String>,
}

/// Prints the manual page of `command`, or of one of its verbs.
pub(crate) fn man(args: &Args, mut command: Command) -> Result<ExitCode> {
    // Gives each verb the name that it has on the command line.
    command.build();
    let page = args.verb.iter().try_fold(&command, |command, verb| verb_of(command, verb))?;
    let mut text = Vec::new();
    Man::new(page.clone()).render(&mut text).context("writing the manual page")?;
    print(&String::from_utf8(text).context("a manual page is text")?)?;
    Ok(ExitCode::SUCCESS)
}

/// The verb of this name.
fn verb_of<'c>(command: &'c Command, verb: &str) -> Result<&'c Command> {
    command.find_subcommand(verb).ok_or_else(|| {
        let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set());
        let known: Vec<&str> = shown.map(Command::get_name).collect();
        let whole = command.get_bin_name().unwrap_or_default();
        match known.is_empty() {
            true => usage!("`{whole}` has no verbs; leave `{verb}` out"),
            false => usage!(
                "`{whole}` has no verb `{verb}`{} they are: {}",
                nearest_then(verb, known.iter().copied()),
                known.join(", ")
            ),
        }
    })
}
