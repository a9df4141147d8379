//! One flat csv of what was timed: a row a phase of a sample, so that a spreadsheet or a data frame needs no unfolding.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::parts::{parameters, slot};
use crate::model::{Case, Phase, Run, Sample};

const HEADER: [&str; 10] =
    ["case", "method", "role", "parameters", "slot", "round", "outcome", "rows", "phase", "ns"];

/// All samples of a run, those outside of rounds and failures included: of these the phase and its time are empty.
///
/// # Errors
/// When a sample's case is not in the plan.
pub(super) fn samples(run: &Run, samples: &[Sample]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).context("writing the csv header")?;
    for sample in samples {
        let case = run.case(&sample.case);
        let case = case.with_context(|| format!("a sample of {:?}, which the plan lacks", sample.case))?;
        for record in records(run, case, sample) {
            writer.write_record(record).context("writing a sample as csv")?;
        }
    }
    let bytes = writer.into_inner().context("finishing the csv")?;
    String::from_utf8(bytes).context("the csv is not UTF-8")
}

/// A row for each phase in the order that all have; one without a time where there is none.
fn records(run: &Run, case: &Case, sample: &Sample) -> Vec<[String; HEADER.len()]> {
    let parameters = pairs(&parameters(case, run.server_of(case)));
    let record = |phase: &str, ns: String| {
        [
            case.id.clone(),
            case.key.method.clone(),
            case.role.name().into(),
            parameters.clone(),
            slot(sample.slot).into(),
            sample.slot.round().to_string(),
            sample.outcome.name().into(),
            sample.rows.to_string(),
            phase.into(),
            ns,
        ]
    };
    let timed = |phase: Phase| Some(record(phase.name(), sample.phases.get(&phase)?.to_string()));
    let records: Vec<_> = Phase::ALL.into_iter().filter_map(timed).collect();
    if records.is_empty() { vec![record("", String::new())] } else { records }
}

fn pairs(parameters: &BTreeMap<String, String>) -> String {
    parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}
