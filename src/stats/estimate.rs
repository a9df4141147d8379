//! A figure and how far it can be trusted.

/// Fewest samples that an interval is made of. The range of five samples, the widest interval
/// a resampling of them can give, covers the median they were drawn from 15 times in 16
/// (1 - 2 * 0.5^5); of four, 7 times in 8 only, which is not the 95 % that is promised.
pub const MIN_SAMPLES: usize = 5;

/// How sure an interval is meant to be.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// A range that holds the true value with a probability of 95 %.
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
    /// Where the true value lies; `None` for fewer than [`MIN_SAMPLES`] samples (on either side), or rounds.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_turns_the_interval_round() {
        let time = Estimate { point: 2.0, interval: Some(Interval { low: 1.0, high: 4.0 }) };
        let rate = time.inverse(8.0);
        assert_eq!(rate, Estimate { point: 4.0, interval: Some(Interval { low: 2.0, high: 8.0 }) });
    }
}
