//! What the report of one run is made from.

use crate::analysis::{Chain, Curve, Standings};
use crate::model::{Run, Sample};

/// A run's records, and what was made of them.
pub(crate) struct Figures<'r> {
    /// The run.
    pub run: &'r Run,
    /// Its samples.
    pub samples: &'r [Sample],
    /// Its cases with their verdicts.
    pub standings: &'r Standings<'r>,
    /// Its curve, where the plan varies an axis.
    pub curve: Option<Curve<'r, 'r>>,
    /// Its steps, where each case changes one thing of another.
    pub chain: Option<Chain<'r, 'r>>,
}

impl<'r> Figures<'r> {
    /// The figures of a run.
    pub(crate) fn of(run: &'r Run, samples: &'r [Sample], standings: &'r Standings<'r>) -> Self {
        let curve = Curve::of_run(&run.plan, standings);
        Self { run, samples, standings, curve, chain: Chain::of_run(standings) }
    }
}
