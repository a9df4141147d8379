//! The common parts of the benchmarks: their command line, their variables, and how they end.
#![allow(dead_code, reason = "each target uses its part")]

pub(crate) mod args;
pub(crate) mod fit;
pub(crate) mod loads;
pub(crate) mod servers;
pub(crate) mod values;
pub(crate) mod variables;

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use anyhow::{Error, Result};
use bulkbench::fault::Fault;
use bulkbench::interrupt::Interrupt;
use bulkbench::probe::memory;
use bulkbench::{cause, cli};
use clap::Parser;
use criterion::Criterion;

use args::Args;

/// The verb by which a run starts its own program once more, to serve an emulated disk.
const SERVE_DISK: &str = "serve-disk";

/// Serves an emulated disk where that is what this program was started for; `None` where it was not. A target that
/// has one asks this before all else.
pub(crate) fn serve_disk() -> Option<ExitCode> {
    let is_asked = std::env::args().nth(1).is_some_and(|word| word == SERVE_DISK);
    is_asked.then(|| {
        memory::return_large_blocks();
        ended(cli::Cli::try_parse().map_or_else(cli::print_clap, |cli| {
            let interrupt = Interrupt::install()?;
            cli::dispatch(cli, &interrupt)
        }))
    })
}

/// Runs a target from its command line to its exit code. The `defaults` are those that flags change.
pub(crate) fn run(
    defaults: Criterion,
    target: impl FnOnce(&mut Criterion, &Args, &Interrupt) -> Result<()>,
) -> ExitCode {
    memory::return_large_blocks();
    let mut criterion = defaults.configure_from_args();
    let args = Args::read(std::env::args().skip(1));
    // What the target has opened is closed on the way here, also after an error within criterion's closures.
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        let interrupt = Interrupt::install()?;
        target(&mut criterion, &args, &interrupt)?;
        interrupt.check()?;
        criterion.final_summary();
        Ok(())
    }));
    let done = outcome.unwrap_or_else(|payload| Err(thrown(payload)));
    ended(done.map(|()| ExitCode::SUCCESS))
}

/// The exit code of what has ended so; an error is said.
fn ended(done: Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        let error = cause::explained(error);
        cli::print_error(&error);
        let code = Fault::find(&error).map_or(1, Fault::exit_code);
        ExitCode::from(u8::try_from(code).unwrap_or(1))
    })
}

/// The value, or the end of the target with the error: criterion's closures cannot return one.
pub(crate) fn or_throw<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic::resume_unwind(Box::new(error)))
}

/// The error that [`or_throw`] threw; any other panic has said its words and goes on.
fn thrown(payload: Box<dyn Any + Send>) -> Error {
    *payload.downcast::<Error>().unwrap_or_else(|panic| panic::resume_unwind(panic))
}
