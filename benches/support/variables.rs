//! The variables of the environment that the benchmarks read.

use anyhow::Result;
use bulkbench::cli::row_count;
use bulkbench::errors::chain;
use bulkbench::server::Choice;
use bulkbench::usage;

use super::args::Mode;

/// Rows where each id is only run once, to see that it works.
const TEST_ROWS: u64 = 1_000;

/// The rows of `BULKBENCH_ROWS`, else `usual` ones.
///
/// # Errors
/// [`bulkbench::fault::Fault::Usage`], naming variable, value, rule and next step.
pub(crate) fn rows(mode: Mode, usual: u64) -> Result<u64> {
    let usual = if mode == Mode::Test { TEST_ROWS } else { usual };
    rows_of(
        std::env::var_os("BULKBENCH_ROWS").map(|text| text.to_string_lossy().into_owned()).as_deref(),
        usual,
    )
}

/// The server of `BULKBENCH_SERVER`, which is read as `--server` is.
///
/// # Errors
/// As [`rows`].
pub(crate) fn server() -> Result<Choice> {
    server_of(std::env::var_os("BULKBENCH_SERVER").map(|text| text.to_string_lossy().into_owned()).as_deref())
}

/// As [`rows`], of this value of the variable.
pub(crate) fn rows_of(value: Option<&str>, usual: u64) -> Result<u64> {
    let Some(text) = value else { return Ok(usual) };
    row_count::parse(text)
        .map_err(|rule| usage!("BULKBENCH_ROWS={text}: {rule}; set it to one, or unset it for {usual}"))
}

/// As [`server`], of this value of the variable.
pub(crate) fn server_of(value: Option<&str>) -> Result<Choice> {
    value.unwrap_or("auto").parse().map_err(|error: anyhow::Error| {
        // The flag's words under the variable's name.
        let words = chain(error.as_ref()).replace("--server ", "BULKBENCH_SERVER=");
        let words = words.replace("--server", "BULKBENCH_SERVER");
        usage!("{words}; set BULKBENCH_SERVER to what `bulkbench run --server` takes, or unset it for auto")
    })
}
