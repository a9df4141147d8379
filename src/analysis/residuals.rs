//! What is left of each sample's time when its case and its round are taken out of it, and what lies far out.

use std::collections::BTreeMap;

use super::summary::Summary;
use crate::model::Sample;
use crate::stats::{self, MIN_SAMPLES, OUTLYING};

/// Fewest cases in a round that say what is common to the round.
const FEWEST_CASES: usize = 3;

/// A sample, and how far it lies from what was to be expected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Residual<'s> {
    /// The sample.
    pub sample: &'s Sample,
    /// The logarithm of its time a row, less the median of its case.
    pub of_case: f64,
    /// The same, less the median of its round.
    pub rest: f64,
}

/// The residuals of all cases with samples enough, in the order that the samples ran.
pub(crate) fn residuals<'s>(all: &[Summary<'s>]) -> Vec<Residual<'s>> {
    let mut found: Vec<Residual> = Vec::new();
    for summary in all.iter().filter(|summary| summary.n() >= MIN_SAMPLES) {
        let log = |sample: &&'s Sample| Some((*sample, sample.log_ns_per_row()?));
        let logs: Vec<(&Sample, f64)> = summary.samples.iter().filter_map(log).collect();
        let middle = stats::median(&logs.iter().map(|(_, log)| *log).collect::<Vec<_>>()).unwrap_or(0.0);
        let residual = |(sample, log): (&'s Sample, f64)| {
            let of_case = log - middle;
            Residual { sample, of_case, rest: of_case }
        };
        found.extend(logs.into_iter().map(residual));
    }
    let mut rounds: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for residual in &found {
        rounds.entry(residual.sample.slot.round()).or_default().push(residual.of_case);
    }
    for residual in &mut found {
        let round = &rounds[&residual.sample.slot.round()];
        let common = stats::median(round).filter(|_| round.len() >= FEWEST_CASES).unwrap_or(0.0);
        residual.rest -= common;
    }
    found.sort_by_key(|residual| (residual.sample.slot, residual.sample.position));
    found
}

/// A sample far from what its case and its round would have it take. It counts as every other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outlier<'s> {
    /// The sample.
    pub sample: &'s Sample,
    /// Its time as a factor of what was to be expected.
    pub factor: f64,
}

/// The samples whose modified z is beyond 3.5. What residuals are usual is taken from the run and from the case,
/// whichever scatters more: a few samples can lie close together by chance.
pub(crate) fn outliers<'s>(residuals: &[Residual<'s>]) -> Vec<Outlier<'s>> {
    let usual = |of: &[&Residual]| {
        stats::deviation(&of.iter().map(|residual| residual.rest).collect::<Vec<_>>()).unwrap_or(0.0)
    };
    let of_run = usual(&residuals.iter().collect::<Vec<_>>());
    let mut cases: BTreeMap<&str, Vec<&Residual>> = BTreeMap::new();
    for residual in residuals {
        cases.entry(&residual.sample.case).or_default().push(residual);
    }
    let of_case: BTreeMap<&str, f64> = cases.iter().map(|(case, all)| (*case, usual(all))).collect();
    let is_far = |residual: &&Residual| {
        let deviation = of_run.max(of_case[&*residual.sample.case]);
        stats::modified_z(residual.rest, deviation).is_some_and(|z| z.abs() > OUTLYING)
    };
    let far = residuals.iter().filter(is_far);
    far.map(|residual| Outlier { sample: residual.sample, factor: residual.rest.exp() }).collect()
}
