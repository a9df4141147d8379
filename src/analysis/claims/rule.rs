//! The one rule by which a measured figure is held against a published one.
//!
//! Ratios are taken within rounds and turned so that the source says more than 1. A direction is measured where the
//! interval lies clear of 1. A claim is one question that was asked before the run, so that its p is not adjusted for
//! those of other claims, as that of a table of cases is ([`super::super::verdict`]). That there is no difference
//! is measured where the interval leaves no room for one. Its size counts
//! as published where the figure is at least half of what the source has above 1 (1.98x: 1.49x), or, where the source
//! has no size, [`LEAST`]. What the samples leave open is undecided, and no verdict.

use crate::analysis::verdict::{self, Claim as Difference};
use crate::claim::{Bound, Direction, Expected};
use crate::stats::{Estimate, Interval, MIN_SAMPLES};
use crate::units;

/// The ratio from which on a difference counts where no size was published.
const LEAST: f64 = 1.05;

/// The share of a published level that counts as it.
pub const NEARLY: f64 = 0.9;

/// The share of a published level from which on it is there, and weaker.
pub const HALF: f64 = 0.5;

/// The factor from which on a difference counts as published: half of what the published ratio, which is above 1, has
/// beyond that.
pub fn counts_from(ratio: Option<f64>) -> f64 {
    ratio.map_or(LEAST, |ratio| 1.0 + (ratio - 1.0) / 2.0)
}

/// What becomes of a published claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimVerdict {
    /// It is as published.
    Reproduced,
    /// The direction is as published, the size less than half.
    Weaker,
    /// What was published is not there.
    NotReproduced,
    /// It is the other way round.
    Reversed,
    /// It cannot be tested here; why, in words.
    NotTestable(String),
    /// The samples do not decide it, which is no verdict; why, in words.
    Undecided(String),
}

impl ClaimVerdict {
    /// In a word or two.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::Weaker => "weaker",
            Self::NotReproduced => "not reproduced",
            Self::Reversed => "reversed",
            Self::NotTestable(_) => "not testable here",
            Self::Undecided(_) => "undecided",
        }
    }

    /// Why, where the words alone do not say it.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::NotTestable(why) | Self::Undecided(why) => Some(why),
            _ => None,
        }
    }

    /// Whether samples or findings have decided it.
    pub fn is_decided(&self) -> bool {
        self.reason().is_none()
    }
}

/// A measured ratio, held against the published one: what the case is held against divided by the case, with the p
/// of there being no difference.
pub fn of_ratio(expected: &Expected, ratio: Estimate, p: Option<f64>) -> ClaimVerdict {
    let Some(interval) = ratio.interval else { return too_few() };
    decide(expected, (ratio.point, interval), verdict::claim(ratio, p, 1.0))
}

/// An exact ratio, held against the published one.
pub fn of_exact(expected: &Expected, ratio: f64) -> ClaimVerdict {
    let difference = match ratio {
        more if more > 1.0 => Some(Difference::Faster),
        less if less < 1.0 => Some(Difference::Slower),
        _ => None,
    };
    decide(expected, (ratio, Interval { low: ratio, high: ratio }), difference)
}

/// A measured figure, held against the bound that was published: both ends of its interval have to say the same.
pub fn of_level(bound: Bound, measured: Estimate) -> ClaimVerdict {
    let Some(interval) = measured.interval else { return too_few() };
    let of = |figure: f64| match bound {
        Bound::AtLeast(least) if figure >= NEARLY * least => ClaimVerdict::Reproduced,
        Bound::AtLeast(least) if figure >= HALF * least => ClaimVerdict::Weaker,
        Bound::AtMost(most) if figure <= most / NEARLY => ClaimVerdict::Reproduced,
        Bound::AtLeast(_) | Bound::AtMost(_) => ClaimVerdict::NotReproduced,
    };
    match (of(interval.low), of(interval.high)) {
        (low, high) if low == high => low,
        (low, high) => ClaimVerdict::Undecided(format!(
            "by one end of the interval {}, by the other {}",
            low.words(),
            high.words()
        )),
    }
}

fn too_few() -> ClaimVerdict {
    ClaimVerdict::Undecided(format!("too few rounds: a verdict needs {MIN_SAMPLES}"))
}

fn decide(
    expected: &Expected,
    (point, interval): (f64, Interval),
    difference: Option<Difference>,
) -> ClaimVerdict {
    let band = 1.0 + expected.within;
    let is_within = interval.high <= band;
    let is_there = |wanted| difference == Some(wanted);
    match expected.direction {
        Direction::Faster => {
            apart(expected.ratio, (point, interval), is_there(Difference::Faster), difference)
        }
        Direction::Slower => {
            let turned = Interval { low: 1.0 / interval.high, high: 1.0 / interval.low };
            let ratio = expected.ratio.map(|ratio| 1.0 / ratio);
            apart(ratio, (1.0 / point, turned), is_there(Difference::Slower), difference)
        }
        Direction::Same if is_within && interval.low >= 1.0 / band => ClaimVerdict::Reproduced,
        Direction::Same if difference.is_some() && (interval.low > band || interval.high < 1.0 / band) => {
            ClaimVerdict::NotReproduced
        }
        Direction::NotFaster if is_within => ClaimVerdict::Reproduced,
        Direction::NotFaster if is_there(Difference::Faster) && interval.low > band => ClaimVerdict::Reversed,
        Direction::Same | Direction::NotFaster => wide(interval, band),
    }
}

/// A claim of a difference, turned so that it is above 1.
fn apart(
    ratio: Option<f64>,
    (point, interval): (f64, Interval),
    is_there: bool,
    difference: Option<Difference>,
) -> ClaimVerdict {
    let half = counts_from(ratio);
    match (is_there, difference) {
        (true, _) if point >= half => ClaimVerdict::Reproduced,
        (true, _) => ClaimVerdict::Weaker,
        (false, Some(_)) => ClaimVerdict::Reversed,
        (false, None) if interval.high < half => ClaimVerdict::NotReproduced,
        (false, None) => wide(interval, half),
    }
}

fn wide(interval: Interval, at: f64) -> ClaimVerdict {
    let factor = units::factor;
    ClaimVerdict::Undecided(format!(
        "{} to {}, where {} decides",
        factor(interval.low),
        factor(interval.high),
        factor(at)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ClaimVerdict::{NotReproduced, Reproduced, Reversed, Weaker};

    fn expected(ratio: Option<f64>, direction: Direction) -> Expected {
        Expected { ratio, direction, within: 0.05 }
    }

    fn of(expected: &Expected, low: f64, high: f64, p: f64) -> ClaimVerdict {
        let ratio = Estimate { point: (low * high).sqrt(), interval: Some(Interval { low, high }) };
        of_ratio(expected, ratio, Some(p))
    }

    #[test]
    fn a_published_difference_is_held_against_the_interval_and_half_its_size() {
        use Direction::{Faster, Slower};
        for (ratio, direction, low, high, p, verdict) in [
            // UNLOGGED: 1.98x was published.
            (Some(1.98), Faster, 1.8, 2.1, 0.01, Some(Reproduced)),
            (Some(1.98), Faster, 1.05, 1.2, 0.01, Some(Weaker)),
            (Some(1.98), Faster, 0.98, 1.01, 0.5, Some(NotReproduced)),
            (Some(1.98), Faster, 0.9, 1.6, 0.5, None),
            (Some(1.98), Faster, 0.7, 0.8, 0.01, Some(Reversed)),
            (Some(1.04), Faster, 1.01, 1.015, 0.01, Some(Weaker)),
            (Some(1.04), Faster, 0.99, 1.03, 0.2, None),
            (Some(0.77), Slower, 0.75, 0.8, 0.01, Some(Reproduced)),
            (Some(0.77), Slower, 0.9, 0.95, 0.01, Some(Weaker)),
            (Some(0.77), Slower, 1.1, 1.2, 0.01, Some(Reversed)),
            (None, Faster, 1.03, 1.2, 0.01, Some(Reproduced)),
            (None, Faster, 1.025, 1.04, 0.01, Some(Weaker)),
            // The interval reaches half of it, the figure does not.
            (Some(1.31), Faster, 1.07, 1.18, 0.01, Some(Weaker)),
            // The test does not find them apart.
            (None, Faster, 1.03, 1.2, 0.2, None),
        ] {
            let found = of(&expected(ratio, direction), low, high, p);
            match verdict {
                Some(verdict) => assert_eq!(found, verdict, "{ratio:?} {low} {high}"),
                None => {
                    assert!(matches!(found, ClaimVerdict::Undecided(_)), "{ratio:?} {low} {high}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn that_there_is_no_difference_has_to_be_shown_as_well() {
        use Direction::{NotFaster, Same};
        for (direction, low, high, p, verdict) in [
            (Same, 0.97, 1.04, 0.5, Some(Reproduced)),
            (Same, 0.9, 1.04, 0.5, None),
            (Same, 1.1, 1.3, 0.01, Some(NotReproduced)),
            (NotFaster, 0.5, 1.01, 0.01, Some(Reproduced)),
            (NotFaster, 0.97, 1.2, 0.5, None),
            (NotFaster, 1.14, 1.26, 0.01, Some(Reversed)),
        ] {
            let found = of(&expected(None, direction), low, high, p);
            match verdict {
                Some(verdict) => assert_eq!(found, verdict, "{direction:?} {low} {high}"),
                None => assert!(matches!(found, ClaimVerdict::Undecided(_)), "{direction:?} {low} {high}"),
            }
        }
    }

    #[test]
    fn too_few_rounds_are_no_verdict() {
        let few = Estimate { point: 2.0, interval: None };
        let words = of_ratio(&expected(Some(2.0), Direction::Faster), few, Some(0.01));
        assert!(words.reason().unwrap().contains("too few rounds"), "{words:?}");
        assert!(!of_level(Bound::AtMost(20.0), few).is_decided());
    }

    #[test]
    fn sizes_are_exact_and_levels_nearly_so() {
        let larger = expected(Some(0.667), Direction::Slower);
        assert_eq!(of_exact(&larger, 0.62), Reproduced);
        assert_eq!(of_exact(&larger, 0.9), Weaker);
        assert_eq!(of_exact(&larger, 1.1), Reversed);
        assert_eq!(of_exact(&larger, 1.0), NotReproduced);
        let level = |low, high| Estimate { point: high, interval: Some(Interval { low, high }) };
        assert_eq!(of_level(Bound::AtLeast(1.0), level(0.91, 0.95)), Reproduced);
        let open = of_level(Bound::AtLeast(1.0), level(0.85, 0.95));
        assert_eq!(open.reason(), Some("by one end of the interval weaker, by the other reproduced"));
        assert_eq!(of_level(Bound::AtLeast(1.0), level(0.6, 0.7)), Weaker);
        assert_eq!(of_level(Bound::AtLeast(1.0), level(0.1, 0.2)), NotReproduced);
        assert_eq!(of_level(Bound::AtMost(20.0), level(19.5, 19.9)), Reproduced);
        assert_eq!(of_level(Bound::AtMost(20.0), level(30.0, 31.0)), NotReproduced);
        assert!(!of_level(Bound::AtMost(20.0), level(21.0, 25.0)).is_decided());
    }
}
