//! The common parts of the benchmarks: their command line, their variables, and how they end.
#![allow(dead_code, reason = "each target uses its part")]

pub(crate) mod args;
pub(crate) mod fit;
pub(crate) mod loads;
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
use criterion::Criterion;

use args::Args;

/// Runs a target from its command line to its exit code. The `defaults` are those that flags change.
pub(crate) fn run(
    defaults: Criterion,
    target: impl FnOnce(&mut Criterion, &Args, &Interrupt) -> Result<()>,
) -> ExitCode {
    memory::return_large_blocks();
    let mut criterion = defaults.configure_from_args();
    let args = Args::read(std::env::args().skip(1));
    // What the target has opened is closed on the way here, also after an error within criterion's closures.
    let ended = panic::catch_unwind(AssertUnwindSafe(|| {
        let interrupt = Interrupt::install()?;
        target(&mut criterion, &args, &interrupt)?;
        interrupt.check()?;
        criterion.final_summary();
        Ok(())
    }));
    match ended.unwrap_or_else(|payload| Err(thrown(payload))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = cause::explained(error);
            cli::print_error(&error);
            let code = Fault::find(&error).map_or(1, Fault::exit_code);
            ExitCode::from(u8::try_from(code).unwrap_or(1))
        }
    }
}

/// The value, or the end of the target with the error: criterion's closures cannot return one.
pub(crate) fn or_throw<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic::resume_unwind(Box::new(error)))
}

/// The error that [`or_throw`] threw; any other panic has said its words and goes on.
fn thrown(payload: Box<dyn Any + Send>) -> Error {
    *payload.downcast::<Error>().unwrap_or_else(|panic| panic::resume_unwind(panic))
}
