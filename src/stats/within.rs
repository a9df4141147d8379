//! Ratios within rounds. A round runs every case once, so that what slows the machine for a while falls on both sides
//! of a ratio and out of it: what is left is what the ratio of one round scatters by.
//!
//! Of five rounds alone that scatter is badly known, and a t-test pays for it. All cases of a run scatter alike, though
//! not equally: the variance of each is drawn towards what all of them have together, by as much as they resemble each
//! other (the moderated t of Smyth, Linear models and empirical Bayes methods for assessing differential expression in
//! microarray experiments, Statistical Applications in Genetics and Molecular Biology 3 (1), article 3, 2004).

use std::collections::{BTreeMap, BTreeSet};

use super::estimate::{CONFIDENCE, Estimate, Interval, MIN_SAMPLES};
use super::gamma::{digamma, trigamma, trigamma_inverse};
use super::quantile::median;
use super::student::{two_sided_p, two_sided_t};

/// A logarithm for each round.
pub type Rounds = BTreeMap<u32, f64>;

/// A variance below this share of the median one counts as it: rounded times can be equal by chance.
const LEAST_VARIANCE: f64 = 1e-5;

/// The variance of the point (Hodges and Lehmann's) as a factor of that of the mean, where values are normal.
const OF_POINT: f64 = std::f64::consts::FRAC_PI_3;

/// The share that counts of the degrees of freedom that other cases add to a case's own. How much cases resemble each
/// other is itself learnt from few, and they are no draws from one distribution: with all of it, too many verdicts
/// were false where cases scatter unequally (`cargo bench --bench statistics`).
const OF_OTHERS: f64 = 0.5;

/// The mean of the series of one side in each round that any of them has.
pub(crate) fn mean(side: &[usize], series: &[Rounds]) -> Rounds {
    let rounds: BTreeSet<u32> = side.iter().flat_map(|&one| series[one].keys().copied()).collect();
    let of = |round: u32| {
        let there: Vec<f64> = side.iter().filter_map(|&one| series[one].get(&round).copied()).collect();
        (round, there.iter().sum::<f64>() / there.len() as f64)
    };
    rounds.into_iter().map(of).collect()
}

/// One side less the other, in each round that both have.
pub(crate) fn difference(above: &Rounds, below: &Rounds) -> Rounds {
    above.iter().filter_map(|(round, log)| Some((*round, log - below.get(round)?))).collect()
}

/// Series held against others within rounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// The weight of each series in the difference.
    weights: BTreeMap<usize, f64>,
    /// The difference in each round that both sides finished.
    pub rounds: Rounds,
}

impl Contrast {
    /// The mean of the logarithms of the series `above` less that of those `below`, in each round in which both sides
    /// have one; a series that lacks a round is left out of its mean there.
    pub fn between(above: &[usize], below: &[usize], series: &[Rounds]) -> Self {
        let mut weights = BTreeMap::new();
        for (side, sign) in [(above, 1.0), (below, -1.0)] {
            side.iter().for_each(|&one| *weights.entry(one).or_insert(0.0) += sign / side.len() as f64);
        }
        Self { weights, rounds: difference(&mean(above, series), &mean(below, series)) }
    }

    /// A contrast of these differences, which shares no series with any other.
    pub fn alone(rounds: Rounds) -> Self {
        Self { weights: BTreeMap::new(), rounds }
    }

    /// Its variance between rounds, and the degrees of freedom of that; `None` of fewer than two rounds.
    fn variance(&self) -> Option<(f64, f64)> {
        let df = (self.rounds.len() as f64) - 1.0;
        let mean = self.rounds.values().sum::<f64>() / self.rounds.len() as f64;
        let squares: f64 = self.rounds.values().map(|d| (d - mean) * (d - mean)).sum();
        (df > 0.0).then(|| (squares / df, df))
    }

    /// How much two contrasts have in common by the series that they share, if all series scatter alike: the square of
    /// the correlation.
    fn shared(&self, other: &Self) -> f64 {
        let product: f64 = self.weights.iter().filter_map(|(one, w)| Some(w * other.weights.get(one)?)).sum();
        let size = |one: &Self| one.weights.values().map(|w| w * w).sum::<f64>();
        match size(self) * size(other) {
            both if both > 0.0 => product * product / both,
            _ => 0.0,
        }
    }

    /// The square of the correlation that they show in the rounds that both have; `None` of fewer than three.
    fn correlation(&self, other: &Self) -> Option<f64> {
        let both: Vec<(f64, f64)> =
            self.rounds.iter().filter_map(|(round, a)| Some((*a, *other.rounds.get(round)?))).collect();
        let n = both.len() as f64;
        if both.len() < 3 {
            return None;
        }
        let (mean_a, mean_b) =
            (both.iter().map(|d| d.0).sum::<f64>() / n, both.iter().map(|d| d.1).sum::<f64>() / n);
        let sum = |of: fn(f64, f64) -> f64| both.iter().map(|(a, b)| of(a - mean_a, b - mean_b)).sum::<f64>();
        let (across, a, b) = (sum(|a, b| a * b), sum(|a, _| a * a), sum(|_, b| b * b));
        let found = if a * b > 0.0 { across * across / (a * b) } else { 1.0 };
        // Of independent ones it is 1 / (n - 1) in the mean.
        let chance = 1.0 / (n - 1.0);
        Some((found - chance) / (1.0 - chance))
    }
}

/// What all contrasts of a run say of how much one of them scatters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pool {
    /// The variance that all are drawn towards.
    variance: f64,
    /// How many degrees of freedom that is worth: 0 where the contrasts have nothing in common, infinite where all
    /// scatter by the same.
    df: f64,
    /// The most degrees of freedom that all of them have together.
    most: f64,
}

impl Pool {
    /// What these contrasts have in common; `None` where none has two rounds.
    pub fn of(contrasts: &[Contrast]) -> Option<Self> {
        let usable: Vec<&Contrast> = contrasts.iter().filter(|c| c.rounds.len() > 1).collect();
        let own: Vec<(f64, f64)> = usable.iter().filter_map(|c| c.variance()).collect();
        let all: Vec<f64> = own.iter().map(|(variance, _)| *variance).collect();
        let least = LEAST_VARIANCE * median(&all)?;
        let n = own.len() as f64;
        let mean_df = own.iter().map(|(_, df)| df).sum::<f64>() / n;
        let most = mean_df * n / (1.0 + (n - 1.0) * common(&usable));
        if own.len() == 1 || least == 0.0 {
            return Some(Self { variance: all.iter().sum::<f64>() / n, df: 0.0, most });
        }
        // The logarithm of a variance is spread by its own chance, known from its degrees of freedom; what it is
        // spread by beyond that are true differences.
        let logs = own.iter().map(|(v, df)| v.max(least).ln() - digamma(0.5 * df) + (0.5 * df).ln());
        let logs: Vec<f64> = logs.collect();
        let mean = logs.iter().sum::<f64>() / n;
        let spread = logs.iter().map(|log| (log - mean) * (log - mean)).sum::<f64>() / (n - 1.0);
        let chance = own.iter().map(|(_, df)| trigamma(0.5 * df)).sum::<f64>() / n;
        if spread <= chance {
            return Some(Self { variance: mean.exp(), df: f64::INFINITY, most });
        }
        let df = 2.0 * trigamma_inverse(spread - chance);
        let variance = (mean + digamma(0.5 * df) - (0.5 * df).ln()).exp();
        Some(Self { variance, df: OF_OTHERS * df, most })
    }

    /// A pool that knows nothing: each contrast has its own variance alone.
    pub fn nothing() -> Self {
        Self { variance: 0.0, df: 0.0, most: 0.0 }
    }

    /// What a contrast comes to; `None` of no rounds. Of one round, whose scatter is unknown, there is no p.
    ///
    /// Its variance is drawn towards the pool's, yet never below its own: of cases that scatter by more than others the
    /// intervals would be too narrow otherwise.
    pub fn hold(&self, contrast: &Contrast) -> Option<Within> {
        let log = hodges_lehmann(&contrast.rounds)?;
        let rounds = contrast.rounds.len();
        let Some((own, own_df)) = contrast.variance() else {
            return Some(Within { log, rounds, error: f64::NAN, df: 0.0 });
        };
        let variance = match self.df.is_infinite() {
            true => self.variance,
            false => (self.df * self.variance + own_df * own) / (self.df + own_df),
        };
        let df = (self.df + own_df).min(self.most.max(own_df));
        Some(Within { log, rounds, error: (OF_POINT * variance.max(own) / rounds as f64).sqrt(), df })
    }

    /// What the logarithm of a ratio scatters by in one round, as its standard deviation, in the run as a whole.
    pub fn scatter(&self) -> f64 {
        self.variance.sqrt()
    }

    /// Half of the width of the interval of a logarithm that scatters as the run as a whole, in so many rounds.
    pub fn half_width(&self, rounds: usize) -> f64 {
        let own_df = (rounds as f64 - 1.0).max(1.0);
        let df = (self.df + own_df).min(self.most.max(own_df));
        two_sided_t(1.0 - CONFIDENCE, df) * (OF_POINT / rounds as f64).sqrt() * self.scatter()
    }
}

/// The mean of the squared correlations between contrasts: by the series that they share, or as it shows in the rounds
/// where that is more. Contrasts with one reference share its scatter, so that many of them know it no better than few.
fn common(contrasts: &[&Contrast]) -> f64 {
    let pairs =
        || contrasts.iter().enumerate().flat_map(|(i, a)| contrasts[i + 1..].iter().map(move |b| (a, b)));
    let mean = |sum: f64, n: usize| if n == 0 { 0.0 } else { sum / n as f64 };
    let by_design = mean(pairs().map(|(a, b)| a.shared(b)).sum(), pairs().count());
    let shown: Vec<f64> = pairs().filter_map(|(a, b)| a.correlation(b)).collect();
    by_design.max(mean(shown.iter().sum(), shown.len())).min(1.0)
}

/// A ratio taken within rounds, as a logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Within {
    /// The logarithm of the ratio.
    pub log: f64,
    /// Rounds that it was taken in.
    pub rounds: usize,
    /// The standard error of the logarithm; NaN of one round.
    pub error: f64,
    /// The degrees of freedom that the error is known with.
    pub df: f64,
}

impl Within {
    /// The two-sided p of the ratio's being 1; `None` of one round.
    pub fn p(&self) -> Option<f64> {
        match self.error {
            error if error > 0.0 => Some(two_sided_p(self.log / error, self.df)),
            // Without any scatter, any difference is certain.
            0.0 => Some(if self.log == 0.0 { 1.0 } else { 0.0 }),
            _ => None,
        }
    }

    /// The ratio; its interval is there from [`MIN_SAMPLES`] rounds on.
    pub fn ratio(&self) -> Estimate {
        let interval = (self.rounds >= MIN_SAMPLES).then(|| {
            let half = match self.error > 0.0 {
                true => two_sided_t(1.0 - CONFIDENCE, self.df) * self.error,
                false => 0.0,
            };
            Interval { low: (self.log - half).exp(), high: (self.log + half).exp() }
        });
        Estimate { point: self.log.exp(), interval }
    }
}

/// The median of the means of all pairs of values, each with itself too (Hodges and Lehmann 1963): as good as the mean
/// where values are normal, and hardly moved by one that lies far out. `None` of nothing.
fn hodges_lehmann(rounds: &Rounds) -> Option<f64> {
    let values: Vec<f64> = rounds.values().copied().collect();
    let means = values.iter().enumerate().flat_map(|(i, a)| values[i..].iter().map(move |b| 0.5 * (a + b)));
    median(&means.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(values: &[f64]) -> Rounds {
        (1..).zip(values.iter().copied()).collect()
    }

    fn close(found: f64, known: f64, within: f64) {
        assert!((found - known).abs() <= within, "{found} is not {known}");
    }

    #[test]
    fn a_contrast_is_the_difference_of_means_in_rounds_that_both_sides_have() {
        let mut series = vec![rounds(&[1.0, 2.0, 3.0]), rounds(&[3.0, 2.0, 5.0]), rounds(&[1.0, 1.0, 1.0])];
        series[1].remove(&2);
        series[2].remove(&3);
        let contrast = Contrast::between(&[0, 1], &[2], &series);
        assert_eq!(contrast.rounds, rounds(&[1.0, 1.0]));
        assert_eq!(Contrast::between(&[2], &[], &series).rounds, Rounds::new());
    }

    #[test]
    fn contrasts_have_their_references_in_common() {
        let series = vec![rounds(&[0.0]); 5];
        let [a, b] = [2, 3].map(|case| Contrast::between(&[0], &[case], &series));
        close(a.shared(&b), 0.25, 1e-15);
        let [a, b] = [2, 3].map(|case| Contrast::between(&[0, 1], &[case], &series));
        close(a.shared(&b), 1.0 / 9.0, 1e-15);
        let control = Contrast::between(&[0], &[1], &series);
        assert_eq!(control.shared(&a), 0.0);
        assert_eq!(Contrast::between(&[4], &[3], &series).shared(&a), 0.0);
        assert_eq!(Contrast::alone(rounds(&[1.0])).shared(&a), 0.0);
    }

    #[test]
    fn the_point_is_the_median_of_the_means_of_pairs() {
        // 1, 1.5, 2, 3, 3.5, 5 are the means of 1, 2, 5.
        assert_eq!(hodges_lehmann(&rounds(&[5.0, 1.0, 2.0])), Some(2.5));
        assert_eq!(hodges_lehmann(&rounds(&[1.0, 2.0, 3.0, 4.0, 1000.0])), Some(3.0));
        assert_eq!(hodges_lehmann(&Rounds::new()), None);
    }

    #[test]
    fn alone_it_is_the_t_test_of_one_sample() {
        // Student's own data of the hours of sleep that a drug adds (R's `sleep`, 1 less 2): mean -1.58, sd 1.229995.
        let hours = [-1.2, -2.4, -1.3, -1.3, 0.0, -1.0, -1.8, -0.8, -4.6, -1.4];
        let contrast = Contrast::alone(rounds(&hours));
        let found = Pool::nothing().hold(&contrast).unwrap();
        assert_eq!((found.rounds, found.df), (10, 9.0));
        let of_mean = 1.229_995_483_1 / 10f64.sqrt();
        close(found.error, of_mean * OF_POINT.sqrt(), 1e-9);
        // About the point -1.3 of Hodges and Lehmann, where the mean would give t = -4.0621 and p = 0.002833.
        close(found.log, -1.3, 1e-9);
        let at_mean = Within { log: -1.58, error: of_mean, ..found };
        close(at_mean.p().unwrap(), 0.002_832_890_2, 1e-8);
        let interval = at_mean.ratio().interval.unwrap();
        close(interval.low.ln(), -2.459_885_8, 1e-6);
        close(interval.high.ln(), -0.700_114_2, 1e-6);
        let pool = Pool::of(std::slice::from_ref(&contrast)).unwrap();
        assert_eq!(pool.hold(&contrast), Some(found));
    }

    #[test]
    fn what_all_have_in_common_is_worth_as_much_as_they_resemble_each_other() {
        let of = |spreads: &[f64]| {
            let contrast = |s: &f64| Contrast::alone(rounds(&[-s, *s, 0.0, -s, *s]));
            let contrasts: Vec<Contrast> = spreads.iter().map(contrast).collect();
            (Pool::of(&contrasts).unwrap(), contrasts)
        };
        // All alike: one variance, and no more degrees of freedom than one of them, as their rounds go together.
        let (pool, contrasts) = of(&[1.0; 8]);
        assert!(pool.df.is_infinite());
        close(pool.most, 4.0, 1e-9);
        // Bias of the logarithm: ln 1 - digamma(2) + ln 2 = 0.2704.
        close(pool.variance.ln(), 0.270_362_845, 1e-8);
        assert_eq!(pool.hold(&contrasts[0]).unwrap().df, 4.0);
        // By orders of magnitude apart: nearly nothing is learnt from the others.
        let (pool, contrasts) = of(&[0.01, 0.1, 1.0, 10.0, 100.0]);
        assert!(pool.df < 0.5, "{pool:?}");
        let (first, last) = (pool.hold(&contrasts[0]).unwrap(), pool.hold(&contrasts[4]).unwrap());
        assert!(first.error < 0.1 && last.error > 30.0, "{first:?} {last:?}");
    }

    #[test]
    fn without_any_scatter_a_difference_is_certain() {
        let contrast = |value: f64| Contrast::alone(rounds(&[value; 5]));
        let contrasts = [contrast(0.5), contrast(0.0)];
        let pool = Pool::of(&contrasts).unwrap();
        let [half, none] = contrasts.each_ref().map(|one| pool.hold(one).unwrap());
        assert_eq!((half.p(), none.p()), (Some(0.0), Some(1.0)));
        let ratio = half.ratio();
        assert_eq!(ratio.interval, Some(Interval { low: ratio.point, high: ratio.point }));
    }

    #[test]
    fn few_rounds_have_a_point_and_no_interval() {
        let one = Pool::nothing().hold(&Contrast::alone(rounds(&[0.7]))).unwrap();
        assert_eq!((one.p(), one.ratio().interval), (None, None));
        let four = Pool::nothing().hold(&Contrast::alone(rounds(&[0.7, 0.6, 0.8, 0.7]))).unwrap();
        assert_eq!(four.ratio().interval, None);
        close(four.ratio().point, 0.7f64.exp(), 1e-12);
        assert_eq!(Pool::nothing().hold(&Contrast::alone(Rounds::new())), None);
        assert_eq!(Pool::of(&[Contrast::alone(rounds(&[0.7]))]), None);
    }
}
