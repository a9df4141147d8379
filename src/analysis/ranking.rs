//! The cases of a run by their speed.

use super::steps::Chain;
use super::verdict::{Basis, Standing, Standings, Verdict};
use crate::model::{Durability, Role};

impl<'a> Standings<'a> {
    /// Fastest first by rows a second; then what has no figure, as planned.
    pub fn sorted(&self) -> Vec<&Standing<'a>> {
        let mut cases: Vec<&Standing> = self.cases.iter().collect();
        let speed = |s: &Standing| s.summary.rows_per_second().map_or(0.0, |e| e.point);
        cases.sort_by(|a, b| speed(b).total_cmp(&speed(a)));
        cases
    }

    /// Those that can be called the fastest of, fastest first: finished, comparable, and on no fewer rows
    /// than what they are held against.
    pub fn ranked(&self) -> Vec<&Standing<'a>> {
        self.sorted()
            .into_iter()
            .filter(|s| s.summary.case.role != Role::Control && s.summary.n() > 0)
            .filter(|s| !matches!(s.verdict, Verdict::NotComparable(_)))
            .filter(|s| s.basis == Basis::Time || !self.has_fewer_rows(s))
            .collect()
    }

    /// The cases that a reader asks for first: the fastest, the fastest that survives a crash, and of the
    /// run's chain, where it has one, the last and the first.
    pub fn winners(&self, chain: Option<&Chain>) -> Vec<&Standing<'a>> {
        let ranked = self.ranked();
        let durable = ranked.iter().find(|s| s.summary.durability == Durability::Durable);
        let ends = chain.into_iter().flat_map(|chain| [&chain.last().case.id, &chain.first.case.id]);
        let ends = ends.filter_map(|id| self.cases.iter().find(|s| s.summary.case.id == *id));
        let mut winners: Vec<&Standing> = Vec::new();
        for standing in ranked.first().into_iter().chain(durable).copied().chain(ends) {
            if !winners.iter().any(|known| known.summary.case.id == standing.summary.case.id) {
                winners.push(standing);
            }
        }
        winners
    }

    /// Whether a case loads fewer rows than the one it is held against, which favours it.
    fn has_fewer_rows(&self, standing: &Standing) -> bool {
        let other = self.cases.iter().find(|s| Some(s.summary.case.id.as_str()) == standing.against);
        other.is_some_and(|other| standing.summary.rows < other.summary.rows)
    }
}
