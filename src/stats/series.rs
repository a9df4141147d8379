//! What goes up or down over a series, and where it changes.

use super::quantile::median;
use super::student::complementary_error;

/// The slope of a line through points, a step of x: the median of those of all pairs (Theil 1950, Sen 1968). `None` of
/// fewer than two points of different x.
pub(crate) fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let of_pair = |(a, b): (&(f64, f64), &(f64, f64))| (a.0 != b.0).then(|| (b.1 - a.1) / (b.0 - a.0));
    median(&pairs(points).filter_map(of_pair).collect::<Vec<_>>())
}

fn pairs<T>(values: &[T]) -> impl Iterator<Item = (&T, &T)> {
    values.iter().enumerate().flat_map(|(i, a)| values[i + 1..].iter().map(move |b| (a, b)))
}

/// Up to so many values without ties, p is exact.
const EXACT_UP_TO: usize = 30;

/// The two-sided p of the Mann-Kendall test (Mann 1945, Kendall 1975) of a trend in values in their order: exact for
/// up to 30 values of which no two are equal, otherwise normal, corrected for ties and continuity. 1 of fewer than
/// three.
pub(crate) fn mann_kendall(values: &[f64]) -> f64 {
    let n = values.len();
    if n < 3 {
        return 1.0;
    }
    let rising = pairs(values).filter(|(a, b)| a < b).count();
    let falling = pairs(values).filter(|(a, b)| a > b).count();
    let all = n * (n - 1) / 2;
    if rising + falling == all && n <= EXACT_UP_TO {
        return exact_p(n, rising.min(falling));
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let weight = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let tied: f64 = sorted.chunk_by(|a, b| a == b).map(|group| weight(group.len() as f64)).sum();
    let variance = (weight(n as f64) - tied) / 18.0;
    if variance <= 0.0 {
        return 1.0;
    }
    let z = (rising.abs_diff(falling) as f64 - 1.0).max(0.0) / variance.sqrt();
    complementary_error(z / std::f64::consts::SQRT_2).min(1.0)
}

/// The share of all orders of n values that have no more inversions than this, twice.
fn exact_p(n: usize, inversions: usize) -> f64 {
    // shares[k]: of the orders of the values so far, those with k inversions; one more value adds up to as many as
    // stand before it.
    let mut shares = vec![1.0];
    for before in 1..n {
        let mut next = vec![0.0; shares.len() + before];
        for (k, share) in shares.iter().enumerate() {
            next[k..=k + before].iter_mut().for_each(|one| *one += share / (before + 1) as f64);
        }
        shares = next;
    }
    (2.0 * shares[..=inversions].iter().sum::<f64>()).min(1.0)
}

/// Where values in their order change their level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change {
    /// The place of the first value of the new level.
    pub at: usize,
    /// The median from there on less that before.
    pub by: f64,
    /// The p of there being no change, by its approximation, which is rather too large for few values.
    pub p: f64,
}

/// The most likely change of level (Pettitt, A non-parametric approach to the change-point problem, Applied Statistics
/// 28, 1979); `None` of fewer than two values.
pub(crate) fn change_point(values: &[f64]) -> Option<Change> {
    let n = values.len();
    let (mut best, mut at) = (0.0f64, 1);
    let mut sum = 0.0;
    for (t, value) in values.iter().enumerate().take(n.saturating_sub(1)) {
        // Twice the midrank of each value up to here, less what it would be in the mean.
        let below = values.iter().filter(|other| *other < value).count() as f64;
        let above = values.iter().filter(|other| *other > value).count() as f64;
        sum += below - above;
        if sum.abs() > best {
            (best, at) = (sum.abs(), t + 1);
        }
    }
    let n_f = n as f64;
    let p = (2.0 * (-6.0 * best * best / (n_f.powi(3) + n_f.powi(2))).exp()).min(1.0);
    let (before, after) = values.split_at_checked(at)?;
    Some(Change { at, by: median(after)? - median(before)?, p })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, known: f64, within: f64) {
        assert!((found - known).abs() <= within, "{found} is not {known}");
    }

    #[test]
    fn a_slope_is_the_median_of_those_of_pairs() {
        let line: Vec<(f64, f64)> = [1.0, 2.0, 3.0, 4.0, 5.0].map(|x| (x, 10.0 + 0.5 * x)).to_vec();
        assert_eq!(slope(&line), Some(0.5));
        let mut one_far = line.clone();
        one_far[2].1 = 100.0;
        close(slope(&one_far).unwrap(), 0.5, 1e-12);
        assert_eq!(slope(&line[..1]), None);
    }

    #[test]
    fn a_trend_has_the_p_of_all_orders() {
        // Of the 120 orders of five, one has no inversion and four have one.
        close(mann_kendall(&[1.0, 2.0, 3.0, 4.0, 5.0]), 2.0 / 120.0, 1e-15);
        close(mann_kendall(&[5.0, 4.0, 2.0, 3.0, 1.0]), 10.0 / 120.0, 1e-15);
        // Of the 24 orders of four, 1, 3 and 5 have none, one and two inversions.
        close(mann_kendall(&[2.0, 1.0, 4.0, 3.0]), 18.0 / 24.0, 1e-15);
        assert_eq!(mann_kendall(&[1.0, 2.0]), 1.0);
        assert_eq!(mann_kendall(&[3.0; 6]), 1.0);
        // With a tie, by hand: S = 9, variance (5 * 4 * 15 - 2 * 1 * 9) / 18 = 15.667, z = 2.0212.
        close(mann_kendall(&[1.0, 2.0, 2.0, 3.0, 3.5]), 0.043_26, 2e-5);
    }

    #[test]
    fn a_change_of_level_is_found_where_it_is() {
        // Of 1 to 10 the largest sum is 25, behind the fifth: p = 2 exp(-6 * 625 / 1100).
        let rising: Vec<f64> = (1..=10).map(f64::from).collect();
        let found = change_point(&rising).unwrap();
        assert_eq!((found.at, found.by), (5, 5.0));
        close(found.p, 2.0 * (-3750.0 / 1100.0f64).exp(), 1e-12);
        let stepped: Vec<f64> =
            (0..20).map(|n| f64::from(n * 2 % 3) + if n < 12 { 0.0 } else { 10.0 }).collect();
        let found = change_point(&stepped).unwrap();
        assert_eq!(found.at, 12);
        assert!(found.p < 0.01, "{found:?}");
        assert_eq!(change_point(&[1.0; 9]).unwrap().p, 1.0);
        assert_eq!(change_point(&[1.0]), None);
    }
}
