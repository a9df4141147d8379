//! Percentile bootstraps (Efron 1979) of medians: of the times of one case, and of the ratio of two sides that share
//! no rounds.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};

use super::estimate::{CONFIDENCE, Estimate, Interval, MIN_SAMPLES};
use super::quantile::{median, of_sorted};

const RESAMPLES: usize = 10_000;
const SEED: u64 = 0x6275_6c6b_6265_6e63;

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
    let at = |q| of_sorted(&found, q).unwrap_or(f64::NAN);
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: f64, known: f64, within: f64) {
        assert!((found - known).abs() <= within, "{found} is not {known}");
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
    }
}
