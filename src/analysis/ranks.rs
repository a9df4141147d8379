//! The cases of a comparison by their speed in each run, and where two of them change places.
//!
//! A rank says which median is the smaller and no more: neighbours within noise change places by chance. Two cases
//! change places only where each may be called the faster one in some run, by the rules of a verdict.

use super::comparison::Comparison;
use super::verdict::{Claim, claim};
use crate::stats::{self, Estimate};

/// The ranks of cases in each run.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranks {
    /// The ranked cases, the fastest in the first run first.
    pub cases: Vec<Ranked>,
    /// The pairs that change places, those of the largest differences first.
    pub swaps: Vec<Swap>,
}

/// A case that finished in every run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// Its place among the comparison's cases.
    pub case: usize,
    /// Its rank in each run, from 1 for the fastest.
    pub ranks: Vec<usize>,
}

/// Two cases of which one is the faster in some runs, and the other in others.
#[derive(Debug, Clone, PartialEq)]
pub struct Swap {
    /// The places of both among the comparison's cases: the first is the faster in the first of those runs.
    pub cases: (usize, usize),
    /// The runs in which the first may be called faster, each with its speed relative to the second.
    pub faster: Vec<(usize, f64)>,
    /// The runs in which it may be called slower, likewise.
    pub slower: Vec<(usize, f64)>,
}

impl Swap {
    /// How much the speed of the one relative to the other changes at most, in millionths: further digits
    /// are those of logarithms, and put nothing in order.
    fn size(&self) -> f64 {
        let most = self.faster.iter().map(|(_, speed)| *speed).fold(1.0, f64::max);
        let least = self.slower.iter().map(|(_, speed)| *speed).fold(1.0, f64::min);
        (most / least * 1e6).round()
    }
}

impl Ranks {
    /// Those of a comparison; `None` where fewer than two cases did the same work and finished in every run.
    pub fn of(comparison: &Comparison) -> Option<Self> {
        let finished: Vec<usize> = (0..comparison.cases.len())
            .filter(|&case| comparison.cases[case].cells.iter().all(|cell| cell.rows_per_second.is_some()))
            .collect();
        // Exports and updates are in no contest with loads.
        let work = comparison.cases[*finished.first()?].work;
        let alike: Vec<usize> =
            finished.into_iter().filter(|&case| comparison.cases[case].work == work).collect();
        if alike.len() < 2 {
            return None;
        }
        let by_run: Vec<Vec<usize>> =
            (0..comparison.runs.len()).map(|run| fastest_first(comparison, &alike, run)).collect();
        let rank = |run: &Vec<usize>, case: usize| 1 + run.iter().take_while(|other| **other != case).count();
        let ranked =
            |&case: &usize| Ranked { case, ranks: by_run.iter().map(|run| rank(run, case)).collect() };
        let cases: Vec<Ranked> = by_run[0].iter().map(ranked).collect();
        let mut swaps = swaps(comparison, &pairs(&cases).collect::<Vec<_>>());
        swaps.sort_by(|a, b| b.size().total_cmp(&a.size()));
        Some(Self { cases, swaps })
    }

    /// Whether any case has another rank in one run than in another, be it by noise.
    pub(crate) fn differ(&self) -> bool {
        self.cases.iter().any(|case| case.ranks.iter().any(|rank| *rank != case.ranks[0]))
    }

    /// Whether a case changes places with any other.
    pub fn changes(&self, case: usize) -> bool {
        self.swaps.iter().any(|swap| swap.cases.0 == case || swap.cases.1 == case)
    }
}

fn fastest_first(comparison: &Comparison, cases: &[usize], run: usize) -> Vec<usize> {
    let rate = |case: usize| comparison.cases[case].cells[run].rows_per_second.map_or(0.0, |rate| rate.point);
    let mut sorted = cases.to_vec();
    sorted.sort_by(|a, b| rate(*b).total_cmp(&rate(*a)));
    sorted
}

/// The pairs whose order is not the same in all runs.
fn pairs(cases: &[Ranked]) -> impl Iterator<Item = (usize, usize)> {
    cases.iter().enumerate().flat_map(|(index, a)| {
        let turned = move |b: &&Ranked| a.ranks.iter().zip(&b.ranks).any(|(a, b)| a > b);
        cases[index + 1..].iter().filter(turned).map(move |b| (a.case, b.case))
    })
}

/// The speed of the one of two cases relative to the other in a run, with its p.
struct Tried {
    run: usize,
    speed: Estimate,
    p: f64,
}

/// Those of the pairs that change places. The p of all of them, in every run, are adjusted for each other.
fn swaps(comparison: &Comparison, pairs: &[(usize, usize)]) -> Vec<Swap> {
    let runs = 0..comparison.runs.len();
    let in_runs =
        |&(a, b): &(usize, usize)| runs.clone().filter_map(|run| tried(comparison, run, a, b)).collect();
    let mut by_pair: Vec<Vec<Tried>> = pairs.iter().map(in_runs).collect();
    let all = stats::holm(&by_pair.iter().flatten().map(|tried| tried.p).collect::<Vec<_>>());
    by_pair.iter_mut().flatten().zip(all).for_each(|(tried, p)| tried.p = p);
    pairs.iter().zip(&by_pair).filter_map(|(pair, tried)| swap(comparison, *pair, tried)).collect()
}

fn tried(comparison: &Comparison, run: usize, a: usize, b: usize) -> Option<Tried> {
    let id = |case: usize| comparison.cases[case].cells[run].id.as_deref();
    let within = comparison.runs[run].standings.within(id(a)?, id(b)?)?;
    Some(Tried { run, speed: within.ratio(), p: within.p()? })
}

fn swap(comparison: &Comparison, (a, b): (usize, usize), tried: &[Tried]) -> Option<Swap> {
    let (mut faster, mut slower) = (Vec::new(), Vec::new());
    for Tried { run, speed, p } in tried {
        let rows = |case: usize| comparison.cases[case].cells[*run].rows;
        // One that loaded fewer rows is favoured by that, and not called faster.
        match claim(*speed, Some(*p), 1.0) {
            Some(Claim::Faster) if rows(a) >= rows(b) => faster.push((*run, speed.point)),
            Some(Claim::Slower) if rows(a) <= rows(b) => slower.push((*run, speed.point)),
            Some(_) | None => {}
        }
    }
    let (first, other) = (faster.first()?.0, slower.first()?.0);
    Some(match first < other {
        true => Swap { cases: (a, b), faster, slower },
        false => {
            let turned = |runs: Vec<(usize, f64)>| runs.into_iter().map(|(run, s)| (run, 1.0 / s)).collect();
            Swap { cases: (b, a), faster: turned(slower), slower: turned(faster) }
        }
    })
}
