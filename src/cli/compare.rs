//! `bulkbench compare`: two or more runs side by side, or the servers of one.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;

use super::output::print;
use crate::bad_data;
use crate::report::{self, Look, View};
use crate::usage;
use crate::visible::visible;

/// The exit code where something is slower than the user allows.
const TOO_SLOW: u8 = 5;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The runs' directories; the others are held against the first. Of a single run on several servers or disks, these
    #[arg(num_args = 1.., required = true, value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// The format in which it is printed
    #[arg(long, value_enum, default_value = "terminal")]
    format: FormatArg,
    /// Set runs on emulated disks beside runs on real ones
    #[arg(long)]
    emulated: bool,
    /// Write comparison.md, .csv, .json, .html and charts/ into this directory as well
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// End with exit code 5 where a case is slower than in the first run by more than this, beyond noise
    #[arg(long, value_name = "PERCENT", value_parser = percent, allow_negative_numbers = true)]
    fail_if_slower: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    /// As wide as the terminal is
    Terminal,
    /// To paste, without charts
    Markdown,
    /// One file that needs nothing else
    Html,
    /// A row a case and run
    Csv,
    /// By docs/comparison.schema.json
    Json,
}

fn percent(text: &str) -> Result<f64, String> {
    let rule = "give a number of per cent from 0 to 10000, such as 5";
    let number: f64 = text.trim_end_matches('%').trim_end().parse().map_err(|_| rule.to_owned())?;
    if (0.0..=10_000.0).contains(&number) { Ok(number) } else { Err(rule.to_owned()) }
}

pub(crate) fn compare(args: &Args) -> Result<ExitCode> {
    let compared = report::compare(&args.dirs)?.held_to(args.fail_if_slower);
    if let Some((emulated, real)) = compared.mixed_disks().filter(|_| !args.emulated) {
        return Err(usage!(
            "the disk of {emulated} is emulated and that of {real} is real: the one shows what a machine would do with \
             such a disk, the other what a machine does; add --emulated to compare them all the same"
        ));
    }
    compared.made(|view| {
        print(&printed(view, args.format)?)?;
        if let Some(out) = &args.out {
            for path in report::write_comparison(view, out)? {
                let line = format!("wrote {}", visible(&path.display().to_string()));
                // Another format on standard output is all that is to be there.
                match args.format {
                    FormatArg::Terminal => print(&format!("{line}\n"))?,
                    _ => crate::say!("{line}"),
                }
            }
        }
        judged(view, args.format)
    })
}

fn printed(view: &View, format: FormatArg) -> Result<String> {
    match format {
        FormatArg::Terminal => Ok(view.terminal(Look::of_stdout())),
        FormatArg::Markdown => Ok(view.markdown()),
        FormatArg::Html => view.html(),
        FormatArg::Csv => view.csv(),
        FormatArg::Json => view.json(),
    }
}

/// The exit code by the limit, where there is one. What it comes to is said where nobody reads it on the output.
fn judged(view: &View, format: FormatArg) -> Result<ExitCode> {
    let Some(gate) = &view.gate else { return Ok(ExitCode::SUCCESS) };
    if format != FormatArg::Terminal {
        view.gate_lines().iter().for_each(|line| crate::say!("{line}"));
    }
    if !gate.judges() {
        return Err(bad_data!(
            "--fail-if-slower {}: not one case can be judged, so that nothing could ever fail; run the same cases on both \
             sides, with --rounds 5 or more",
            gate.percent
        ));
    }
    Ok(if gate.fails() { ExitCode::from(TOO_SLOW) } else { ExitCode::SUCCESS })
}
