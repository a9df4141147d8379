//! The knee of a curve: from where on more of a parameter buys little.

/// The share of the best rate that the knee reaches.
pub(crate) const SHARE: f64 = 0.9;

/// The smallest value at which a curve comes within [`SHARE`] of its best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Knee {
    /// The place, from 0, of the smallest value whose rate reaches that share.
    pub at: usize,
    /// The place of the best; of equally good ones the first.
    pub best: usize,
}

/// The knee of rates in ascending order of what was varied; `None` of nothing.
pub(crate) fn knee(rates: &[f64]) -> Option<Knee> {
    let most = rates.iter().copied().reduce(f64::max)?;
    let first_from = |least: f64| rates.iter().position(|rate| *rate >= least);
    Some(Knee { at: first_from(most * SHARE)?, best: first_from(most)? })
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
