//! A run in the formats that other tools read, and in a JSON of its own with a published schema.

mod bmf;
mod flat_csv;
mod github_action;
mod hyperfine;
mod json;
mod parts;

use std::path::Path;

use anyhow::Result;

use crate::analysis::{Standing, Standings, judge, summarize};
use crate::bad_data;
use crate::model::Role;

/// The JSON Schema of [`ExportFormat::Json`], as `docs/` has it.
pub const SCHEMA: &str = include_str!("../../../docs/export.schema.json");

/// The JSON Schema of a comparison's, likewise.
pub const COMPARISON_SCHEMA: &str = include_str!("../../../docs/comparison.schema.json");

/// A format that a run can be had in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// The JSON that `hyperfine --export-json` writes, in seconds.
    Hyperfine,
    /// Bencher Metric Format, in nanoseconds and rows a second.
    Bmf,
    /// What github-action-benchmark reads as `customSmallerIsBetter`, in seconds.
    GithubAction,
    /// Every phase of every sample, a row each, in nanoseconds.
    Csv,
    /// All that a run says, by [`SCHEMA`].
    Json,
}

/// A run in a format.
#[derive(Debug)]
pub struct Exported {
    /// Its text.
    pub text: String,
    /// The cases that the format has no place for as they have no time, each with the reason.
    pub left_out: Vec<String>,
}

/// The run in `dir` in this format.
///
/// # Errors
/// As [`crate::record::load`]; [`crate::fault::Fault::Data`] where the format has times alone and no sample finished.
pub fn export(dir: &Path, format: ExportFormat) -> Result<Exported> {
    let (run, samples) = super::load(dir)?;
    let standings = || judge(summarize(&run, &samples));
    let times: fn(&[&Standing]) -> Result<String> = match format {
        ExportFormat::Csv => return flat_csv::samples(&run, &samples).map(whole),
        ExportFormat::Json => return json::run(&run, &samples, &standings()).map(whole),
        ExportFormat::Hyperfine => hyperfine::results,
        ExportFormat::Bmf => bmf::metrics,
        ExportFormat::GithubAction => github_action::entries,
    };
    let standings = standings();
    let (timed, untimed): (Vec<&Standing>, Vec<&Standing>) =
        cases(&standings).partition(|standing| standing.summary.n() > 0);
    if timed.is_empty() {
        return Err(bad_data!(
            "no sample of {} finished, and this format has nothing but times; --format json and csv tell of failures",
            dir.display()
        ));
    }
    Ok(Exported { text: times(&timed)?, left_out: untimed.into_iter().map(why_left_out).collect() })
}

/// A text that leaves nothing out.
fn whole(text: String) -> Exported {
    Exported { text, left_out: Vec::new() }
}

/// All cases but the control, which is no case of its own and would be tracked as one.
fn cases<'s, 'a>(standings: &'s Standings<'a>) -> impl Iterator<Item = &'s Standing<'a>> {
    standings.cases.iter().filter(|standing| standing.summary.case.role != Role::Control)
}

fn why_left_out(standing: &Standing) -> String {
    let (id, verdict) = (&standing.summary.case.id, &standing.verdict);
    match verdict.reason() {
        Some(reason) => format!("{id} has no time: {}: {reason}", verdict.words()),
        None => format!("{id} has no time: {}", verdict.words()),
    }
}
