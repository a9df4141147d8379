//! Results on disk: how they are written, read in every version that ever was, and checked; and what may
//! stand in them. Nobody else knows their form.
//!
//! A run's directory has `run.json` and `samples.jsonl` ([`Store`]), that of dirty data `findings.json`.

mod check;
mod document;
mod json;
mod redacted;
mod store;
mod texts;
mod wire;

use std::path::Path;

pub(crate) use check::{LONGEST_SAMPLE_SECONDS, WIDEST_PERCENT};
pub use document::Document;
pub use store::{Store, load};
pub(crate) use texts::{samples_with_texts, with_texts};

/// The file of the run: its plan, and where it ran.
const RUN_FILE: &str = "run.json";
/// The file of the samples, one JSON object a line.
const SAMPLES_FILE: &str = "samples.jsonl";
/// The file of findings, in place of the two others.
const FINDINGS_FILE: &str = "findings.json";

/// Whether a directory holds findings in place of a run.
pub fn has_findings(dir: &Path) -> bool {
    dir.join(FINDINGS_FILE).is_file()
}

/// Whether a directory holds a run or findings.
pub(crate) fn is_record(dir: &Path) -> bool {
    has_findings(dir) || dir.join(RUN_FILE).is_file()
}
