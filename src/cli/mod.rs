//! The command line: one verb a file.

mod caveats;
mod claimed;
mod claims;
mod compare;
mod completions;
mod csv_args;
mod dataset;
mod doctor;
mod dry_run;
mod export;
mod finish;
mod foreseen_rows;
mod here;
mod journal;
mod limit_args;
mod list;
mod loader_args;
mod machine;
mod man;
mod measured;
mod output;
mod own_table;
mod programs;
mod repeat;
mod report;
mod result_dir;
mod resume;
pub mod row_count;
mod run;
mod run_args;
mod schema;
mod serve_disk;
mod server_args;
mod show;
mod unfinished;
mod until_args;
mod wanted_data;

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

pub use output::{print_clap, print_error};

use crate::disk::{self, VERB};
use crate::interrupt::Interrupt;

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
  5    a case is slower than compare --fail-if-slower allows
  129, 130, 143   stopped by SIGHUP, Ctrl-C, SIGTERM; finished samples are kept";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Execute an experiment: load by every method, verify, record, report
    Run(Box<run_args::Args>),
    /// List the experiments, methods and caveats, and which can run here
    List(list::Args),
    /// Show one method: what it does, gives up and needs, and the statements that it sends
    Show(Box<show::Args>),
    /// Make, take, show or write out a dataset
    Dataset(dataset::Args),
    /// Print a table to start from, for the rows of a file
    Schema(schema::Args),
    /// Make the reports of a run anew from its records
    Report(report::Args),
    /// Put two or more runs side by side
    Compare(compare::Args),
    /// Write a run in a format that other tools read
    Export(export::Args),
    /// Hold published claims against runs: reproduced, weaker, not reproduced, reversed, not testable here
    Claims(claims::Args),
    /// Say what works on this machine, what does not, and what to do about it
    Doctor(doctor::Args),
    /// Measure this machine and its disk, or ask a server for its own: the fingerprint that every run records
    Machine(machine::Args),
    /// Print what a shell needs to complete this command line
    Completions(completions::Args),
    /// Print the manual page
    Man(man::Args),
    /// Serve an emulated disk: what a run starts beside itself
    #[command(name = VERB, hide = true)]
    ServeDisk(disk::Args),
}

/// Does what the command line says.
///
/// # Errors
/// Whatever went wrong; `main` prints the chain and chooses the exit code.
pub fn dispatch(cli: Cli, interrupt: &Interrupt) -> Result<ExitCode> {
    match cli.verb {
        Verb::Run(args) => run::run_experiment(&args, interrupt),
        Verb::List(args) => list::list(&args),
        Verb::Show(args) => show::show(&args, interrupt),
        Verb::Dataset(args) => dataset::manage(&args, interrupt),
        Verb::Schema(args) => schema::schema(&args, interrupt),
        Verb::Report(args) => report::make_reports(&args),
        Verb::Compare(args) => compare::compare(&args),
        Verb::Export(args) => export::export_run(&args, interrupt),
        Verb::Claims(args) => claims::show(&args),
        Verb::Doctor(args) => doctor::examine(&args),
        Verb::Machine(args) => machine::tell(&args, interrupt),
        Verb::Completions(args) => completions::completions(&args, &mut Cli::command()),
        Verb::Man(args) => man::man(&args, Cli::command()),
        Verb::ServeDisk(args) => serve_disk::serve(&args),
    }
}
