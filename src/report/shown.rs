//! Records as reports show them: with a name for each character that cannot be seen, wherever it stands.

use anyhow::Result;

use super::emulated_label;
use crate::model::findings::Findings;
use crate::model::{Run, Sample};
use crate::record;
use crate::visible::{visible, visible_lines};

/// Findings, whose rows are such that the ends of lines within them have names as well.
///
/// # Errors
/// When they cannot be made anew.
pub(super) fn findings(findings: &Findings) -> Result<Findings> {
    record::with_texts(findings, |text| visible(text).into_owned())
}

/// A run; the ends of lines stay, as in messages of several lines. Its title says where its disk is emulated.
///
/// # Errors
/// When it cannot be made anew.
pub(super) fn shown_run(run: &Run) -> Result<Run> {
    let mut shown = record::with_texts(run, visible_lines)?;
    shown.plan.title = emulated_label::title(&shown);
    Ok(shown)
}

/// Its samples, likewise.
///
/// # Errors
/// When they cannot be made anew.
pub(super) fn shown_samples(samples: &[Sample]) -> Result<Vec<Sample>> {
    record::samples_with_texts(samples, visible_lines)
}
