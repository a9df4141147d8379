//! `bulkbench doctor`: what works here, what does not, and what to do about it.

use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::Result;

use super::output::print;
use super::server_args::need_bytes;
use crate::cache_dir::default_cache_dir;
use crate::dataset::DEFAULT_ROWS;
use crate::doctor::{Check, CheckState, Environment, checks};
use crate::server::container::{EngineStatus, engine_status, usable};
use crate::server::local::installations;
use crate::visible::visible_lines;

/// Bytes a row of a generated csv, about: to say what a full run needs before there is a file.
const CSV_BYTES_A_ROW: u64 = 22;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory of the server's binaries to look at
    #[arg(long, value_name = "DIR")]
    pg_bin: Option<PathBuf>,
    /// Where a local server would keep its data [default: in the cache]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(crate) fn examine(args: &Args) -> Result<ExitCode> {
    let cache = default_cache_dir()?;
    let data_dir = args.data_dir.clone().unwrap_or_else(|| cache.join("clusters"));
    let postgres: Vec<(PathBuf, String)> = installations(args.pg_bin.as_deref())?
        .into_iter()
        .map(|installation| (installation.bin, installation.version_text))
        .collect();
    let checks = checks(&Environment {
        engine: engine(engine_status()),
        postgres: &postgres,
        cache_dir: &cache,
        data_dir: &data_dir,
        needed_bytes: need_bytes(DEFAULT_ROWS * CSV_BYTES_A_ROW),
    });
    print(&checks.iter().map(line).collect::<String>())?;
    let missing = checks.iter().any(|check| check.state == CheckState::Missing);
    Ok(if missing { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

/// An engine without an image of PostgreSQL helps only where a registry can be reached.
fn engine(status: EngineStatus) -> Result<String, String> {
    match status {
        EngineStatus::Absent(why) | EngineStatus::NoPermission(why) => Err(why),
        EngineStatus::Answers { version, images } => {
            let postgres: Vec<&str> =
                images.iter().map(String::as_str).filter(|image| usable(image).is_some()).collect();
            match postgres.is_empty() {
                true => Err(format!(
                    "version {version} answers, but it has neither postgres:18 nor bulkbench-postgres (scripts/build-image makes that)"
                )),
                false => Ok(format!("version {version} answers, with {}", postgres.join(", "))),
            }
        }
    }
}

fn line(check: &Check) -> String {
    let (word, colour) = match check.state {
        CheckState::Ok => ("ok", AnsiColor::Green),
        CheckState::Warning => ("look", AnsiColor::Yellow),
        CheckState::Missing => ("MISSING", AnsiColor::Red),
    };
    let style = Style::new().fg_color(Some(colour.into()));
    let mut text = format!("{style}{word:>7}{style:#}  {}: {}\n", check.name, visible_lines(&check.found));
    if let Some(next) = &check.next_step {
        text.push_str(&format!("         {next}\n"));
    }
    text
}
