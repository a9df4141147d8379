//! `bulkbench export`: a run in a format that other tools read.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;

use crate::fs::{Destination, Flush};
use crate::interrupt::Interrupt;
use crate::report::export::{COMPARISON_SCHEMA, ExportFormat, SCHEMA, export};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The run's directory
    #[arg(required_unless_present = "schema")]
    dir: Option<PathBuf>,
    /// The format
    #[arg(long, value_enum, required_unless_present = "schema")]
    format: Option<FormatArg>,
    /// The file to write, or what else can be written to; - is the standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Write the JSON Schema of --format json in place of a run, or that of a comparison
    #[arg(long, value_enum, value_name = "OF", num_args = 0..=1, default_missing_value = "run", conflicts_with_all = ["dir", "format"])]
    schema: Option<SchemaArg>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SchemaArg {
    /// `bulkbench export --format json`
    Run,
    /// `bulkbench compare --format json`
    Comparison,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    /// What hyperfine writes by --export-json: seconds by case
    Hyperfine,
    /// Bencher Metric Format: median and interval in nanoseconds, and rows a second
    Bmf,
    /// For github-action-benchmark's tool customSmallerIsBetter: medians in seconds
    GithubActionBenchmark,
    /// A row for each phase of each sample, in nanoseconds
    Csv,
    /// All of it: machine, servers, cases with figures and verdicts, samples
    Json,
}

impl From<FormatArg> for ExportFormat {
    fn from(arg: FormatArg) -> Self {
        match arg {
            FormatArg::Hyperfine => ExportFormat::Hyperfine,
            FormatArg::Bmf => ExportFormat::Bmf,
            FormatArg::GithubActionBenchmark => ExportFormat::GithubAction,
            FormatArg::Csv => ExportFormat::Csv,
            FormatArg::Json => ExportFormat::Json,
        }
    }
}

pub(crate) fn export_run(args: &Args, interrupt: &Interrupt) -> Result<ExitCode> {
    let text = match (&args.dir, args.format) {
        (Some(dir), Some(format)) => {
            let exported = export(dir, format.into())?;
            exported.left_out.iter().for_each(|line| crate::say!("{line}"));
            exported.text
        }
        _ => match args.schema {
            Some(SchemaArg::Comparison) => COMPARISON_SCHEMA.to_owned(),
            Some(SchemaArg::Run) | None => SCHEMA.to_owned(),
        },
    };
    let mut out = Destination::open(&args.out, interrupt)?;
    out.write(text.as_bytes(), interrupt)?;
    if let Some(said) = out.finish(Flush::Now)? {
        crate::say!("{said}");
    }
    Ok(ExitCode::SUCCESS)
}
