//! The rank-sum test of two samples that share no rounds: of runs made one after the other.

use super::student::complementary_error;

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: f64, known: f64, within: f64) {
        assert!((found - known).abs() <= within, "{found} is not {known}");
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
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
