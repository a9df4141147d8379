//! Whether a run that goes on in rounds until its intervals are narrow has come to its end.
//!
//! Nothing of an interval is looked at but its width: not where it lies, and not what the verdict on its case would be. A
//! rule that stopped at the first interval beyond the noise would find differences where there are none, as an interval
//! that is looked at again and again lies beyond it once by chance (Robbins 1952).
//!
//! What width alone can do is to end a run when its rounds agree by chance, with an interval that is too good: looked at
//! after each round, that of a single case holds the truth in 92.5 % of the runs only, at some noises (the fault is that of
//! fixed-width intervals: Starr, The performance of a sequential procedure for the fixed-width interval estimation of the
//! mean, Annals of Mathematical Statistics 37, 1966). So the control is always asked about as well, which scatters as the
//! cases do and by itself: rarely do both agree by chance, and the intervals hold the truth as often as those of a set number
//! of rounds. `tests/until.rs` holds the rule against cases that do not differ.

use std::collections::BTreeMap;

use super::verdict::{Standing, Standings};
use crate::model::{Case, Plan, Role, RoundsEnd, Until};
use crate::stats::Estimate;

/// What came of looking at the intervals of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Intervals that the rule asks about.
    pub intervals: usize,
    /// Those of them that are wider than it allows, by their cases: half of each in per cent of its figure; `None` where
    /// samples are too few for an interval.
    pub wider: BTreeMap<String, Option<f64>>,
    /// What ends the rounds; `None` where they go on.
    pub ended: Option<RoundsEnd>,
}

/// Looks at the intervals of a run all of whose rounds so far have ended: those of the cases that its rule names, and that
/// of the control. `None` where no rule says when rounds end.
///
/// A case's interval is that of its speed relative to the case that it is held against, or of its median total where it is
/// held against none, as the baseline. A case without a figure, since it or the other has never finished a sample, is not
/// waited for.
pub fn look(plan: &Plan, standings: &Standings) -> Option<Look> {
    let until = plan.until.as_ref()?;
    let is_named = |case: &Case| until.asks_about(case, &plan.cases);
    let asked = standings.cases.iter().filter_map(|standing| {
        let case = standing.summary.case;
        (is_named(case) || case.role == Role::Control).then_some((case, half_percent(figure(standing)?)))
    });
    let asked: Vec<(&Case, Option<f64>)> = asked.collect();
    let is_wider = |half: Option<f64>| half.is_none_or(|half| half > until.percent);
    let wider = asked.iter().filter(|(_, half)| is_wider(*half));
    let wider: BTreeMap<String, Option<f64>> = wider.map(|(case, half)| (case.id.clone(), *half)).collect();
    let ended = match () {
        () if !asked.iter().any(|(case, _)| is_named(case)) => Some(RoundsEnd::NoFigures),
        () if wider.is_empty() => Some(RoundsEnd::Narrow),
        () => exhausted(plan, until),
    };
    Some(Look { intervals: asked.len(), wider, ended })
}

/// Half of an interval in per cent of its figure.
fn half_percent(estimate: Estimate) -> Option<f64> {
    let interval = estimate.interval?;
    Some((interval.high - interval.low) / 2.0 / estimate.point * 100.0)
}

/// The figure whose interval counts; `None` where there is none.
fn figure(standing: &Standing) -> Option<Estimate> {
    match standing.against {
        Some(_) => standing.ratio,
        None => standing.summary.total_ns,
    }
}

/// What allows no further round, whatever the intervals are.
fn exhausted(plan: &Plan, until: &Until) -> Option<RoundsEnd> {
    let a_round_ns = until.spent_ns / u64::from(plan.rounds.max(1));
    match () {
        () if plan.rounds >= until.most_rounds => Some(RoundsEnd::Rounds),
        () if until.spent_ns.saturating_add(a_round_ns) > until.most_ns => Some(RoundsEnd::Time),
        () => None,
    }
}
