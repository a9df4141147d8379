//! The command line: one verb a file.

mod caveats;
mod compare;
mod dataset;
mod doctor;
mod finish;
mod list;
mod loader_args;
mod repeat;
mod report;
mod result_dir;
mod resume;
mod run;
mod run_args;
mod server_args;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::cache_dir::default_cache_dir;
use crate::errors::links;
use crate::interrupt::Interrupt;
use crate::visible::visible_lines;

/// Measures every way of getting rows into PostgreSQL, and what each way costs.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    all is well
  1    something failed: a sample, a server, a file
  2    something on the command line or in a file given on it is wrong
  3    something needed is not here: a server, a tool, a privilege, disk space
  4    data is not what it should be: a checksum, a row, a record
  129, 130, 143   stopped by SIGHUP, Ctrl-C, SIGTERM; finished samples are kept";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Execute an experiment: load by every method, verify, record, report
    Run(Box<run_args::Args>),
    /// List the methods and experiments, and which can run here
    List(list::Args),
    /// Make, take, show or write out a dataset
    Dataset(dataset::Args),
    /// Make the reports of a run anew from its records
    Report(report::Args),
    /// Put two or more runs side by side
    Compare(compare::Args),
    /// Say what works on this machine, what does not, and what to do about it
    Doctor(doctor::Args),
}

/// Does what the command line says.
///
/// # Errors
/// Whatever went wrong; `main` prints the chain and chooses the exit code.
pub fn dispatch(cli: Cli, interrupt: &Interrupt) -> Result<ExitCode> {
    match cli.verb {
        Verb::Run(args) => run::run(&args, interrupt),
        Verb::List(args) => list::run(&args),
        Verb::Dataset(args) => dataset::run(&args, interrupt),
        Verb::Report(args) => report::run(&args),
        Verb::Compare(args) => compare::run(&args),
        Verb::Doctor(args) => doctor::run(&args),
    }
}

/// What the parser has to say in place of a command line: help, the version, or what is wrong.
///
/// # Errors
/// When it cannot be written.
pub fn told_by_clap(said: clap::Error) -> Result<ExitCode> {
    match said.print() {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(1))),
    }
}

/// Prints an error with its causes, outermost first, on standard error.
pub fn print_error(error: &anyhow::Error) {
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let mut stderr = anstream::stderr().lock();
    // An error may quote what is in a file.
    let links: Vec<String> = links(error.as_ref()).iter().map(|link| visible_lines(link)).collect();
    let (first, causes) = links.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    // Nothing can be said when standard error itself is gone.
    let _ = writeln!(stderr, "{red}error:{red:#} {first}");
    for cause in causes {
        let _ = writeln!(stderr, "  because: {cause}");
    }
}

/// Writes to standard output; a reader that has gone away (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

/// Where datasets are kept.
fn datasets_dir() -> Result<PathBuf> {
    Ok(default_cache_dir()?.join("datasets"))
}
