//! The knee of a curve: from where on more of a parameter buys little.

use super::curve::{Curve, Point};
use crate::model::Axis;

/// The share of the best rate that the knee reaches.
pub const SHARE: f64 = 0.9;

/// Fewest values of an axis other than `batch` that make a knee worth telling.
const FEWEST: usize = 4;

/// The smallest value at which a curve comes within [`SHARE`] of its best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Knee {
    /// The place, from 0, of the smallest value whose rate reaches that share.
    pub at: usize,
    /// The place of the best; of equally good ones the first.
    pub best: usize,
}

/// The knee of rates in ascending order of what was varied; `None` of nothing.
pub fn knee(rates: &[f64]) -> Option<Knee> {
    let most = rates.iter().copied().reduce(f64::max)?;
    let first_from = |least: f64| rates.iter().position(|rate| *rate >= least);
    Some(Knee { at: first_from(most * SHARE)?, best: first_from(most)? })
}

/// The knee of a series, with its values as people write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesKnee {
    /// The series' name.
    pub series: String,
    /// The smallest value that reaches [`SHARE`] of the best rate.
    pub at: String,
    /// The value with the best rate.
    pub best: String,
}

/// The knees of a curve over a parameter: for `batch` of every series with two values or more, for
/// others where there are four or more and the smallest is not the best.
pub fn knees(curve: &Curve) -> Vec<SeriesKnee> {
    let Axis::Param(parameter) = curve.axis else { return Vec::new() };
    let of_series = |name: &String, points: &[Point]| {
        let found: Vec<(f64, &str)> = points
            .iter()
            .filter_map(|p| Some((p.summary.rows_per_second()?.point, p.label.as_str())))
            .collect();
        let rates: Vec<f64> = found.iter().map(|(rate, _)| *rate).collect();
        let knee = knee(&rates)?;
        let telling = match parameter.as_str() {
            "batch" => found.len() >= 2,
            _ => found.len() >= FEWEST && knee.best > 0,
        };
        let value = |place: usize| found[place].1.to_string();
        telling.then(|| SeriesKnee { series: name.clone(), at: value(knee.at), best: value(knee.best) })
    };
    curve.series.iter().filter_map(|s| of_series(&s.name, &s.points)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_knee_is_the_smallest_within_a_tenth_of_the_best() {
        for (rates, at, best) in [
            (&[10.0, 60.0, 90.0, 99.0, 100.0][..], 2, 4),
            // Just below the share does not reach it, and what comes after the best does not count.
            (&[89.9, 100.0, 95.0], 1, 1),
            (&[100.0, 50.0], 0, 0),
            (&[50.0, 50.0], 0, 0),
        ] {
            assert_eq!(knee(rates), Some(Knee { at, best }), "{rates:?}");
        }
        assert_eq!(knee(&[]), None);
    }
}
