//! A second estimate of each ratio, as if the machine had been equally fast around all samples: where what a fixed piece
//! of work took around a sample explains what is left of its time. It stands beside the ratio, and never in its place.

use std::collections::BTreeMap;

use super::blocks::Blocks;
use super::machine_speed::log_of_work;
use super::references::other;
use super::summary::Summary;
use super::verdict::Standings;
use crate::model::Sample;
use crate::stats::{self, Estimate, Rounds};

/// The largest p with which the machine's speed is said to explain anything.
const SURE: f64 = 0.01;

/// The smallest share of the variance of the residuals that is an explanation.
const NOTABLE: f64 = 0.1;

/// Fewest degrees of freedom that are left to the residuals.
const FEWEST: usize = 10;

/// How often the means of cases and rounds are taken out in turn: with rounds that lack a case they are not
/// independent, and one turn is not enough.
const TURNS: usize = 30;

/// What the machine's speed explains, and the ratios without it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EvenSpeed {
    /// By how much of a share a load takes longer where the fixed work takes one share longer: 1 where it slows down
    /// as that does.
    pub slope: f64,
    /// The share of the residuals' variance that it explains.
    pub explained: f64,
    /// The p of its explaining nothing.
    pub p: f64,
    /// The ids of cases with their speeds at an even speed of the machine.
    pub speeds: BTreeMap<String, Estimate>,
}

/// A sample's case and round, with the logarithms of its time a row and of the fixed work's.
struct Cell {
    case: usize,
    round: u32,
    time: f64,
    work: f64,
}

/// What the speed of the machine explains of a run; `None` where that is nothing to speak of.
pub(crate) fn even_speed(standings: &Standings) -> Option<EvenSpeed> {
    let all: Vec<Summary> = standings.cases.iter().map(|standing| standing.summary.clone()).collect();
    let cells: Vec<Cell> = all
        .iter()
        .enumerate()
        .flat_map(|(case, summary)| summary.samples.iter().filter_map(move |sample| cell(case, sample)))
        .collect();
    let (slope, explained, p) = explained(&cells)?;
    if p > SURE || explained < NOTABLE || slope <= 0.0 {
        return None;
    }
    let mut series = vec![Rounds::new(); all.len()];
    for cell in &cells {
        series[cell.case].insert(cell.round, cell.time - slope * cell.work);
    }
    let blocks = Blocks::of_logs(&all, series);
    let speeds = all.iter().enumerate().filter_map(|(case, summary)| {
        let within = blocks.hold(case, other(summary.case, &all)?)?;
        Some((summary.case.id.clone(), within.ratio()))
    });
    Some(EvenSpeed { slope, explained, p, speeds: speeds.collect() })
}

fn cell(case: usize, sample: &Sample) -> Option<Cell> {
    let (time, work) = (sample.log_ns_per_row()?, log_of_work(sample)?);
    Some(Cell { case, round: sample.slot.round(), time, work })
}

/// The slope of time over work when the means of cases and rounds are taken out of both, the share of the variance that
/// it explains, and the p of a slope of 0.
fn explained(cells: &[Cell]) -> Option<(f64, f64, f64)> {
    let count = |keys: Vec<u32>| keys.into_iter().collect::<std::collections::BTreeSet<u32>>().len();
    let cases = count(cells.iter().map(|cell| cell.case as u32).collect());
    let rounds = count(cells.iter().map(|cell| cell.round).collect());
    let df = (cells.len() + 1).checked_sub(cases + rounds + 1).filter(|df| *df >= FEWEST)?;
    let (time, work) = (centred(cells, |cell| cell.time), centred(cells, |cell| cell.work));
    let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (both, of_work, of_time) = (sum(&time, &work), sum(&work, &work), sum(&time, &time));
    if of_work <= 0.0 || of_time <= 0.0 {
        return None;
    }
    let slope = both / of_work;
    let rest = (of_time - slope * both).max(0.0);
    let t = slope / (rest / df as f64 / of_work).sqrt();
    Some((slope, slope * both / of_time, stats::student::two_sided_p(t, df as f64)))
}

/// What is left of a value when the means of its case and of its round are taken out.
fn centred(cells: &[Cell], value: impl Fn(&Cell) -> f64) -> Vec<f64> {
    let mut left: Vec<f64> = cells.iter().map(value).collect();
    for _ in 0..TURNS {
        take_means_out(&mut left, cells, |cell| cell.case);
        take_means_out(&mut left, cells, |cell| cell.round as usize);
    }
    left
}

fn take_means_out(left: &mut [f64], cells: &[Cell], group: impl Fn(&Cell) -> usize) {
    let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (value, cell) in left.iter().zip(cells) {
        let (sum, n) = sums.entry(group(cell)).or_default();
        (*sum, *n) = (*sum + value, *n + 1.0);
    }
    for (value, cell) in left.iter_mut().zip(cells) {
        let (sum, n) = sums[&group(cell)];
        *value -= sum / n;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times of three cases in seven rounds that follow the work by this slope, with a little of something else.
    fn cells(slope: f64, else_: f64) -> Vec<Cell> {
        let of = |n: usize| {
            let (case, round) = (n % 3, n / 3);
            let work = [0.0, 0.3, 0.1, 0.0, 0.2, 0.05, 0.4][n * 5 % 7];
            let other = else_ * [1.0, -1.0, 0.5, -0.5, 0.0][n * 3 % 5];
            let time = case as f64 + 0.1 * round as f64 + slope * work + other;
            Cell { case, round: round as u32, time, work }
        };
        (0..21).map(of).collect()
    }

    #[test]
    fn a_slope_is_found_beside_cases_and_rounds() {
        let (slope, share, p) = explained(&cells(0.8, 1e-6)).unwrap();
        assert!((slope - 0.8).abs() < 1e-4 && share > 0.999 && p < 1e-9, "{slope} {share} {p}");
        let (_, share, p) = explained(&cells(0.0, 0.1)).unwrap();
        assert!(share < 0.5 && p > SURE, "{share} {p}");
        assert_eq!(explained(&cells(0.8, 0.1)[..9]), None);
    }
}
