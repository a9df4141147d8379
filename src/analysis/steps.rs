//! The cases of a run that go step by step: each changes one thing of the case before it.

use super::summary::Summary;
use super::verdict::{Standing, Standings, Verdict};
use crate::stats::Estimate;

/// Fewest cases, the first one included, that make a chain.
const FEWEST: usize = 3;

/// A chain of cases from the run's baseline on.
#[derive(Debug)]
pub struct Chain<'s, 'a> {
    /// The case that it begins with.
    pub first: &'s Summary<'a>,
    /// The steps, in their order.
    pub steps: Vec<Step<'s, 'a>>,
    /// The speed of the last case relative to the first.
    pub whole: Estimate,
}

/// A case that changes one thing of the case before it.
#[derive(Debug)]
pub struct Step<'s, 'a> {
    /// The change, as the experiment has it.
    pub name: &'a str,
    /// The case and its figures; they refer to the case before it.
    pub standing: &'s Standing<'a>,
    /// The median total of the case before it, in nanoseconds.
    pub from_ns: f64,
    /// Its own median total, in nanoseconds.
    pub to_ns: f64,
}

impl Step<'_, '_> {
    /// Nanoseconds that the step saves; below zero where it takes longer.
    pub fn saved_ns(&self) -> f64 {
        self.from_ns - self.to_ns
    }

    /// Whether the difference may be claimed.
    pub(crate) fn is_claimed(&self) -> bool {
        matches!(self.standing.verdict, Verdict::Faster | Verdict::Slower)
    }
}

impl<'s, 'a> Chain<'s, 'a> {
    /// The chain of a run; `None` where its plan has none, or where fewer than three of its cases in
    /// a row have a finished sample of the same rows.
    pub fn of_run(standings: &'s Standings<'a>) -> Option<Self> {
        let first = &standings.baseline()?.summary;
        let mut steps: Vec<Step> = Vec::new();
        let mut before = first;
        // A plan cannot hold cases against each other in a circle without a limit here.
        while steps.len() < standings.cases.len() {
            let next = standings.cases.iter().find_map(|standing| {
                let case = standing.summary.case;
                let name = case.step.as_deref()?;
                (standing.against == Some(&before.case.id)).then_some((name, standing))
            });
            let Some((name, standing)) = next else { break };
            let totals = before.total_ns.zip(standing.summary.total_ns);
            let Some((from, to)) = totals.filter(|_| standing.summary.rows == before.rows) else { break };
            steps.push(Step { name, standing, from_ns: from.point, to_ns: to.point });
            before = &standing.summary;
        }
        let whole = standings.within(&before.case.id, &first.case.id)?.ratio();
        (steps.len() + 1 >= FEWEST).then_some(Self { first, steps, whole })
    }

    /// The case that it ends with.
    pub(crate) fn last(&self) -> &'s Summary<'a> {
        self.steps.last().map_or(self.first, |step| &step.standing.summary)
    }

    /// Nanoseconds that all steps save together.
    pub fn saved_ns(&self) -> f64 {
        self.steps.iter().map(Step::saved_ns).sum()
    }
}
