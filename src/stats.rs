//! The statistics that figures and verdicts rest on. Pure: it knows nothing of records.
//!
//! Load times are few (5 to 30 a case), skewed to the right and cannot be assumed normal, so
//! everything here is built on medians, resampling and ranks. Random numbers are seeded: the
//! same samples give the same report, to the last digit, on every machine.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};

/// Fewest samples that an interval is made of. The range of five samples, the widest interval
/// a resampling of them can give, covers the median they were drawn from 15 times in 16
/// (1 - 2 * 0.5^5); of four, 7 times in 8 only, which is not the 95 % that is promised.
pub(crate) const MIN_SAMPLES: usize = 5;

/// How sure an interval is meant to be.
pub(crate) const CONFIDENCE: f64 = 0.95;

const RESAMPLES: usize = 10_000;
const SEED: u64 = 0x6275_6c6b_6265_6e63;

/// A range that holds the true value with [`CONFIDENCE`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// A figure and how far it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub point: f64,
    /// Where the true value lies; `None` for fewer than [`MIN_SAMPLES`] samples (on either side).
    pub interval: Option<Interval>,
}

impl Estimate {
    /// The estimate of `scale / x` for a positive `x`: a rate from a time.
    pub(crate) fn inverse(self, scale: f64) -> Self {
        Self {
            point: scale / self.point,
            interval: self.interval.map(|i| Interval { low: scale / i.high, high: scale / i.low }),
        }
    }
}

/// The middle value, or the mean of the two middle ones; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The value below which a share `q` (0 to 1) of the values lies, interpolated linearly between
/// neighbours (type 7 of Hyndman and Fan, the default of R and NumPy); `None` of nothing.
pub(crate) fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile_of_sorted(&sorted, q)
}

fn quantile_of_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = q.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    Some(sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64))
}

/// The median with its percentile-bootstrap interval (Efron 1979); `None` of nothing.
pub(crate) fn median_estimate(values: &[f64]) -> Option<Estimate> {
    let point = median(values)?;
    let interval = (values.len() >= MIN_SAMPLES).then(|| {
        let mut random = Pcg64::seed_from_u64(SEED);
        let mut urn = Urn::new(values);
        percentile_interval(|| urn.resampled_median(&mut random))
    });
    Some(Estimate { point, interval })
}

/// The ratio of two medians, `numerator / denominator`, with its percentile-bootstrap interval;
/// the two sides are resampled independently of each other. `None` when a side is empty or the
/// denominator's median is not positive.
pub(crate) fn ratio_estimate(numerator: &[f64], denominator: &[f64]) -> Option<Estimate> {
    let (above, below) = (median(numerator)?, median(denominator)?);
    if below <= 0.0 {
        return None;
    }
    let interval = (numerator.len().min(denominator.len()) >= MIN_SAMPLES).then(|| {
        let mut random = Pcg64::seed_from_u64(SEED);
        let (mut above, mut below) = (Urn::new(numerator), Urn::new(denominator));
        percentile_interval(|| above.resampled_median(&mut random) / below.resampled_median(&mut random))
    });
    Some(Estimate { point: above / below, interval })
}

fn percentile_interval(mut resample: impl FnMut() -> f64) -> Interval {
    let mut found: Vec<f64> = (0..RESAMPLES).map(|_| resample()).collect();
    found.sort_by(f64::total_cmp);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let at = |q| quantile_of_sorted(&found, q).unwrap_or(f64::NAN);
    Interval { low: at(tail), high: at(1.0 - tail) }
}

/// The values in order, drawn from with replacement.
struct Urn {
    sorted: Vec<f64>,
    /// How often each was drawn this time.
    drawn: Vec<u32>,
}

impl Urn {
    fn new(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self { drawn: vec![0; sorted.len()], sorted }
    }

    /// The median of as many draws as there are values. Counting how often each was drawn
    /// spares sorting the draws.
    fn resampled_median(&mut self, random: &mut Pcg64) -> f64 {
        let n = self.sorted.len();
        self.drawn.fill(0);
        for _ in 0..n {
            // The high half of the product is uniform below the length, and stays the same whatever
            // a later version of the rand crate makes of its ranges.
            let index = (u128::from(random.next_u64()) * n as u128) >> 64;
            self.drawn[index as usize] += 1;
        }
        (self.at((n - 1) / 2) + self.at(n / 2)) / 2.0
    }

    /// The draw of this rank, from 0.
    fn at(&self, rank: usize) -> f64 {
        let mut before = 0;
        for (value, times) in self.sorted.iter().zip(&self.drawn) {
            before += *times as usize;
            if before > rank {
                return *value;
            }
        }
        f64::NAN
    }
}

/// How a p-value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PValue {
    /// By counting all ways to divide the ranks among the two sides, ties included.
    Exact,
    /// By the normal approximation, corrected for ties and continuity.
    Normal,
}

/// The Mann-Whitney U test (Wilcoxon's rank-sum test) of two independent samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MannWhitney {
    /// Pairs in which the first side's value is the larger; a tie counts one half.
    pub u: f64,
    /// The two-sided p-value: twice the smaller tail, 1 at most.
    pub p: f64,
    /// How `p` was found.
    pub method: PValue,
}

/// Up to so many values on both sides together, p is exact: all counts fit a u64.
const EXACT_UP_TO: usize = 60;

/// Tests whether the values of one side tend to be larger than those of the other.
/// `None` when a side is empty.
///
/// Source: Mann and Whitney 1947; with ties, the permutation distribution of the midranks
/// (Lehmann, Nonparametrics, 1.4).
pub(crate) fn mann_whitney(a: &[f64], b: &[f64]) -> Option<MannWhitney> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (doubled_ranks, ties) = doubled_midranks(a, b);
    let doubled_sum: usize = doubled_ranks[..a.len()].iter().sum();
    let u = (doubled_sum as f64 - (a.len() * (a.len() + 1)) as f64) / 2.0;
    let (p, method) = if doubled_ranks.len() <= EXACT_UP_TO {
        (exact_p(&doubled_ranks, a.len(), doubled_sum), PValue::Exact)
    } else {
        (normal_p(u, a.len() as f64, b.len() as f64, &ties), PValue::Normal)
    };
    Some(MannWhitney { u, p, method })
}

/// Twice the rank of each value (a's first, then b's), a whole number even where ties share the
/// mean of their ranks; and the sizes of the groups of equal values.
fn doubled_midranks(a: &[f64], b: &[f64]) -> (Vec<usize>, Vec<f64>) {
    let values: Vec<f64> = a.iter().chain(b).copied().collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let (mut ranks, mut ties) = (vec![0; values.len()], Vec::new());
    for group in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let before: usize = ties.iter().map(|&t: &f64| t as usize).sum();
        for &i in group {
            ranks[i] = 2 * before + group.len() + 1;
        }
        ties.push(group.len() as f64);
    }
    (ranks, ties)
}

/// Counts, for each number of values chosen and each sum of their doubled ranks, the ways to choose them.
fn exact_p(doubled_ranks: &[usize], chosen: usize, observed: usize) -> f64 {
    let largest: usize = doubled_ranks.iter().sum();
    let mut ways = vec![vec![0u64; largest + 1]; chosen + 1];
    ways[0][0] = 1;
    for &rank in doubled_ranks {
        for k in (1..=chosen).rev() {
            for sum in (rank..=largest).rev() {
                ways[k][sum] += ways[k - 1][sum - rank];
            }
        }
    }
    let counts = &ways[chosen];
    let all: u64 = counts.iter().sum();
    let low: u64 = counts[..=observed].iter().sum();
    let high: u64 = counts[observed..].iter().sum();
    (2.0 * low.min(high) as f64 / all as f64).min(1.0)
}

fn normal_p(u: f64, m: f64, n: f64, ties: &[f64]) -> f64 {
    let all = m + n;
    let tied: f64 = ties.iter().map(|t| t * t * t - t).sum();
    let variance = m * n / 12.0 * ((all + 1.0) - tied / (all * (all - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let z = ((u - m * n / 2.0).abs() - 0.5).max(0.0) / variance.sqrt();
    complementary_error(z / std::f64::consts::SQRT_2).min(1.0)
}

/// erfc(x) for x >= 0: near zero by the series of erf without alternating signs (DLMF 7.6.2),
/// far out by the continued fraction (DLMF 7.9.1), where 1 - erf would lose its digits.
fn complementary_error(x: f64) -> f64 {
    let scale = (-x * x).exp() / std::f64::consts::PI.sqrt();
    if x < 3.0 {
        let (mut term, mut sum) = (x, x);
        for n in 1..100 {
            term *= 2.0 * x * x / f64::from(2 * n + 1);
            sum += term;
        }
        return 1.0 - 2.0 * scale * sum;
    }
    let fraction = (1..=60).rev().fold(x, |tail, n| x + f64::from(n) / 2.0 / tail);
    scale / fraction
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: f64, known: f64, within: f64) {
        assert!((found - known).abs() <= within, "{found} is not {known}");
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        let values = [7.0, 1.0, 3.0, 10.0, 4.0];
        for (q, known) in [(0.0, 1.0), (0.025, 1.2), (0.25, 3.0), (0.5, 4.0), (0.9, 8.8), (1.0, 10.0)] {
            close(quantile(&values, q).unwrap(), known, 1e-12);
        }
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn exact_p_is_that_of_r_and_scipy() {
        // R's own example of wilcox.test (Hollander and Wolfe, permeability): W = 35, p = 0.2544.
        let x = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let y = [1.15, 0.88, 0.90, 0.74, 1.21];
        let test = mann_whitney(&x, &y).unwrap();
        assert_eq!((test.u, test.method), (35.0, PValue::Exact));
        close(test.p, 0.2544122544122544, 1e-12);
        // The smaller sample first.
        let test = mann_whitney(&[1.1, 2.2], &[0.5, 3.3, 4.4, 5.5, 6.6, 7.7]).unwrap();
        assert_eq!(test.u, 2.0);
        close(test.p, 0.2857142857142857, 1e-12);
        let test = mann_whitney(&[1.0, 2.0, 3.0, 4.0, 5.0], &[6.0, 7.0, 8.0, 9.0, 10.0]).unwrap();
        close(test.p, 0.007936507936507936, 1e-12);
    }

    #[test]
    fn exact_p_with_ties_is_that_of_all_permutations() {
        // scipy.stats.mannwhitneyu(..., method=PermutationMethod(n_resamples=10**7)).
        let test = mann_whitney(&[1.0, 2.0, 2.0, 3.0, 5.0], &[2.0, 4.0, 5.0, 5.0, 6.0, 7.0]).unwrap();
        assert_eq!(test.u, 5.0);
        close(test.p, 0.08225108225108226, 1e-12);
        close(mann_whitney(&[3.0, 3.0, 4.0], &[4.0, 4.0, 5.0, 6.0]).unwrap().p, 0.17142857142857143, 1e-12);
        assert_eq!(mann_whitney(&[1.0; 3], &[1.0; 3]).unwrap().p, 1.0);
    }

    #[test]
    fn many_values_are_tested_by_the_normal_approximation() {
        let b: Vec<f64> = (0..45).map(|x| f64::from(x) + 6.0).collect();
        for (offset, u, p) in [(0.0, 578.0, 0.004638531634449662), (0.5, 595.0, 0.007340843646466321)] {
            let a: Vec<f64> = (0..40).map(|x| f64::from(x) + offset).collect();
            let test = mann_whitney(&a, &b).unwrap();
            assert_eq!((test.u, test.method), (u, PValue::Normal));
            close(test.p, p, 1e-12);
        }
        assert_eq!(mann_whitney(&[1.0; 40], &[1.0; 40]).unwrap().p, 1.0);
    }

    #[test]
    fn an_interval_of_five_is_their_range() {
        // A resampled median is the smallest of five with probability 5.8 %, more than the 2.5 % tail.
        let found = median_estimate(&[5.61, 5.58, 5.66, 5.70, 5.59]).unwrap();
        assert_eq!(found.point, 5.61);
        assert_eq!(found.interval, Some(Interval { low: 5.58, high: 5.70 }));
    }

    #[test]
    fn few_samples_have_no_interval() {
        assert_eq!(median_estimate(&[1.0, 2.0, 3.0, 4.0]).unwrap().interval, None);
        assert_eq!(ratio_estimate(&[1.0; 9], &[2.0; 4]), Some(Estimate { point: 0.5, interval: None }));
        assert_eq!(ratio_estimate(&[1.0], &[0.0]), None);
    }

    #[test]
    fn the_bootstrap_agrees_with_its_exact_distribution() {
        // Of 1..=101 the resampled median's quantiles follow from the binomial distribution
        // (P(median <= k) = P(Bin(101, k/101) >= 51)): 41 and 61 are its 2.5 % and 97.5 % points.
        let values: Vec<f64> = (1..=101).map(f64::from).collect();
        let interval = median_estimate(&values).unwrap().interval.unwrap();
        close(interval.low, 41.0, 1.0);
        close(interval.high, 61.0, 1.0);
    }

    #[test]
    fn a_rate_turns_the_interval_round() {
        let time = Estimate { point: 2.0, interval: Some(Interval { low: 1.0, high: 4.0 }) };
        let rate = time.inverse(8.0);
        assert_eq!(rate, Estimate { point: 4.0, interval: Some(Interval { low: 2.0, high: 8.0 }) });
    }

    #[test]
    fn the_complementary_error_function_has_its_known_values() {
        // scipy.special.erfc; the last two lie on either side of the change of method.
        close(complementary_error(0.0), 1.0, 1e-15);
        close(complementary_error(0.5), 0.479_500_122_186_953_5, 1e-14);
        close(complementary_error(2.9) / 4.109_787_809_945_884e-5, 1.0, 1e-11);
        close(complementary_error(3.1) / 1.164_865_736_719_958_4e-5, 1.0, 1e-11);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn an_interval_holds_its_point_and_is_reproducible(
            a in proptest::collection::vec(0.1f64..100.0, 5..12),
            b in proptest::collection::vec(0.1f64..100.0, 5..12),
        ) {
            let found = ratio_estimate(&a, &b).unwrap();
            let interval = found.interval.unwrap();
            prop_assert!(interval.low <= found.point && found.point <= interval.high);
            prop_assert_eq!(ratio_estimate(&a, &b).unwrap(), found);
        }

        #[test]
        fn the_test_is_the_same_from_either_side(
            a in proptest::collection::vec(0u8..20, 1..12),
            b in proptest::collection::vec(0u8..20, 1..12),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) =
                (a.into_iter().map(f64::from).collect(), b.into_iter().map(f64::from).collect());
            let (one, other) = (mann_whitney(&a, &b).unwrap(), mann_whitney(&b, &a).unwrap());
            prop_assert!((one.p - other.p).abs() < 1e-12);
            prop_assert_eq!(one.u + other.u, (a.len() * b.len()) as f64);
        }
    }
}
