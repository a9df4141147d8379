//! The command line: parse, do, and say how it ended.

use std::process::ExitCode;

use bulkbench::cause;
use bulkbench::cli::{self, Cli};
use bulkbench::fault::Fault;
use bulkbench::interrupt::Interrupt;
use bulkbench::probe::memory;
use clap::Parser;

fn main() -> ExitCode {
    memory::return_large_blocks();
    let done = Cli::try_parse().map_or_else(cli::print_clap, |cli| {
        let interrupt = Interrupt::install()?;
        cli::dispatch(cli, &interrupt)
    });
    match done {
        Ok(code) => code,
        Err(error) => {
            let error = cause::explained(error);
            cli::print_error(&error);
            let code = Fault::find(&error).map_or(1, Fault::exit_code);
            ExitCode::from(u8::try_from(code).unwrap_or(1))
        }
    }
}
