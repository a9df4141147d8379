//! What a run's figures scatter by, in sentences: its noise, how many verdicts were sought, what drifted, changed or
//! lies far out.

use super::worst::{named, worst};
use crate::analysis::residuals::{Residual, outliers, residuals};
use crate::analysis::{Noise, Standings, Summary, drift};
use crate::model::Role;
use crate::units;

/// The sentences, in this order.
pub(crate) fn notes(standings: &Standings) -> Vec<String> {
    let summaries: Vec<Summary> = standings.cases.iter().map(|standing| standing.summary.clone()).collect();
    let residuals = residuals(&summaries);
    let (noise, verdicts) = (noise(standings), verdicts(standings));
    let (trend, change) = (trend(standings), change(&residuals));
    [noise, verdicts, trend, change, far_out(&residuals)].into_iter().flatten().collect()
}

fn noise(standings: &Standings) -> Option<String> {
    let baseline = &standings.baseline()?.summary.case.id;
    let planned = standings.cases.iter().any(|s| s.summary.case.role == Role::Control);
    let Some(noise) = standings.noise else {
        return Some("Noise: unknown, since no two cases have two rounds in common.".into());
    };
    let control = match (noise.control, planned) {
        (Some(control), _) => {
            let range = control.interval.map(|i| {
                format!(" (95 %: {} to {})", units::factor(1.0 / i.high), units::factor(1.0 / i.low))
            });
            format!(
                "The baseline {baseline} ran twice a round, the second time in {} the time of the first{}.",
                units::factor(1.0 / control.point),
                range.unwrap_or_default()
            )
        }
        (None, true) => "The control has no finished sample.".into(),
        (None, false) => "The run has no control.".into(),
    };
    Some(format!("Noise: {} {control}", resolution(standings, noise)))
}

fn resolution(standings: &Standings, noise: Noise) -> String {
    let held = standings.cases.iter().filter(|s| s.ratio.is_some()).count();
    let cases = if held == 1 { "one case".into() } else { format!("{held} cases") };
    format!(
        "a ratio scatters by {} from round to round (standard deviation, by {cases}), so that in {} rounds a difference \
         of less than {} is not told from none as a rule.",
        units::percent(noise.scatter),
        noise.rounds,
        units::percent(noise.resolution - 1.0)
    )
}

/// What is to be expected of so many verdicts.
fn verdicts(standings: &Standings) -> Option<String> {
    let tested = standings.tested;
    (tested > 0).then(|| {
        let intervals = match tested {
            1 => "its interval misses the true ratio in one of twenty such runs".to_owned(),
            n => format!(
                "of the {n} intervals, each of which is by itself, about {:.1} are to be expected to miss the true ratio",
                n as f64 * 0.05
            ),
        };
        let ratios = if tested == 1 { "one ratio was".into() } else { format!("{tested} ratios were") };
        format!(
            "Verdicts: {ratios} tested, and in 95 of 100 such runs no difference is claimed that is none (p adjusted by \
             Holm); {intervals}."
        )
    })
}

fn trend(standings: &Standings) -> Option<String> {
    let found = drift::trend(standings)?;
    let baseline = &standings.baseline()?.summary.case.id;
    Some(format!(
        "Drift: the baseline {baseline} took {} from the first round to the last (slope of Theil and Sen; Mann-Kendall \
         test: p = {}). Ratios are taken within rounds and spared that; medians and rates are not.",
        longer(found.factor),
        units::probability(found.p)
    ))
}

fn change(residuals: &[Residual]) -> Option<String> {
    let found = drift::change(residuals)?;
    Some(format!(
        "Change: from {} on ({} there) loads took {} than before (Pettitt's test: p = {}).",
        found.from.slot,
        found.from.case,
        longer(found.factor),
        units::probability(found.p)
    ))
}

/// `5.0 % longer`.
fn longer(factor: f64) -> String {
    match factor >= 1.0 {
        true => format!("{} longer", units::percent(factor - 1.0)),
        false => format!("{} less", units::percent(1.0 - factor)),
    }
}

fn far_out(residuals: &[Residual]) -> Option<String> {
    let mut found = outliers(residuals);
    found.sort_by(|a, b| b.factor.ln().abs().total_cmp(&a.factor.ln().abs()));
    let lie = if found.len() == 1 { "lies" } else { "lie" };
    let words = found.iter().map(|outlier| named(outlier.sample, &units::factor(outlier.factor)));
    (!found.is_empty()).then(|| {
        format!(
            "Outliers: {} of {} samples {lie} far from what case and round would have them take (modified z beyond 3.5); \
             all count: {}",
            found.len(),
            residuals.len(),
            worst(words)
        )
    })
}
