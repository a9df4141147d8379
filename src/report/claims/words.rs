//! The figures of claims as tables show them.

use crate::analysis::claims::{ClaimVerdict, Entry, HALF, NEARLY, Tally, TestResult, counts_from};
use crate::claim::{Bound, Direction, Expected, Left, Level, Test, Tested};
use crate::report::table::{Cell, Tone, rate, ratio_range};
use crate::stats::Interval;
use crate::units;

/// What a source says of a test, as a figure where it has one.
pub(super) fn published(test: &Test) -> Cell {
    match &test.tested {
        Tested::Contrast(contrast) => of_expected(&contrast.expected),
        Tested::Sizes(sizes) => of_expected(&sizes.expected),
        Tested::Level(level) => Cell::Text(match level.bound {
            Bound::AtLeast(least) => format!("{} up", of_level(level, least)),
            Bound::AtMost(most) => format!("{} at most", of_level(level, most)),
        }),
        Tested::Finding { outcome, .. } => Cell::Text(outcome.words().into()),
        Tested::Crash { left: Left::Nothing, .. } => Cell::Text("no row".into()),
        Tested::Crash { left: Left::All, .. } => Cell::Text("every row".into()),
    }
}

fn of_expected(expected: &Expected) -> Cell {
    let words = match expected.direction {
        Direction::Faster => "more than 1x",
        Direction::Slower => "less than 1x",
        Direction::Same => "1x",
        Direction::NotFaster => "1x or less",
    };
    expected.ratio.map_or_else(|| Cell::Text(words.into()), Cell::Ratio)
}

/// A share in percent, or rows a second.
fn of_level(level: &Level, value: f64) -> String {
    match level.share {
        Some(_) => units::percent(value),
        None => rate(value),
    }
}

/// What was measured or found.
pub(super) fn measured(test: &Test, result: &TestResult) -> Cell {
    let figure = |point: f64| match &test.tested {
        Tested::Level(level) => Cell::Text(of_level(level, point)),
        _ => Cell::Ratio(point),
    };
    let found = result.found.clone().map_or(Cell::None, Cell::Text);
    result.measured.map_or(found, |estimate| figure(estimate.point))
}

/// Where the true figure lies.
pub(super) fn interval(test: &Test, result: &TestResult) -> Cell {
    let words = |interval: Interval| match &test.tested {
        Tested::Level(level) => {
            format!("{} to {}", of_level(level, interval.low), of_level(level, interval.high))
        }
        _ => ratio_range(interval),
    };
    let interval = result.measured.and_then(|estimate| estimate.interval);
    interval.map_or(Cell::None, |interval| Cell::Text(words(interval)))
}

/// A verdict with its colour.
pub(super) fn verdict(verdict: &ClaimVerdict) -> Cell {
    let tone = match verdict {
        ClaimVerdict::Reproduced => Tone::Good,
        ClaimVerdict::Weaker | ClaimVerdict::NotReproduced | ClaimVerdict::Reversed => Tone::Bad,
        ClaimVerdict::NotTestable(_) | ClaimVerdict::Undecided(_) => Tone::Muted,
    };
    Cell::Toned(verdict.words().into(), tone)
}

/// The part of a claim that a test is of, or the claim.
pub(super) fn part(entry: &Entry) -> String {
    let about = entry.test.and_then(|test| test.about.as_ref());
    about.map_or_else(|| entry.claim.says.clone(), |about| format!("... {about}"))
}

/// What a test is of: the claim, and the part of it where there are several.
pub(super) fn says(entry: &Entry) -> String {
    let about = entry.test.and_then(|test| test.about.as_ref());
    about.map_or_else(|| entry.claim.says.clone(), |about| format!("{} ({about})", entry.claim.says))
}

/// Who published a claim, and where in it.
pub(super) fn published_in(entry: &Entry) -> String {
    match &entry.claim.source {
        Some(source) => format!("{source}, {}", entry.claim.place),
        None => entry.claim.place.clone(),
    }
}

/// What is held against what, in a sentence.
pub(super) fn tested_by(test: &Test) -> String {
    let Test { experiment, tested, .. } = test;
    match tested {
        Tested::Contrast(contrast) if contrast.case == contrast.against => match contrast.versions {
            Some((mine, theirs)) => {
                format!("{experiment}: {} on PostgreSQL {mine} against {theirs}", contrast.case)
            }
            None => format!("{experiment}: phases of {}", contrast.case),
        },
        Tested::Contrast(contrast) => format!("{experiment}: {} against {}", contrast.case, contrast.against),
        Tested::Level(level) => format!("{experiment}: {}", level.case),
        Tested::Sizes(sizes) => {
            format!("{experiment}: the {} file against the {}", sizes.encoding.name(), sizes.against.name())
        }
        Tested::Finding { caveat, way, .. } => format!("{experiment}: {caveat} by {way}"),
        Tested::Crash { case, .. } => format!("{experiment}: what a crash leaves of {case}"),
    }
}

/// What counts as which verdict of a test.
pub(super) fn counts(test: &Test) -> String {
    match &test.tested {
        Tested::Contrast(contrast) => ratio_counts(&contrast.expected),
        Tested::Sizes(sizes) => ratio_counts(&sizes.expected),
        Tested::Level(level) => match level.bound {
            Bound::AtLeast(least) => format!(
                "reproduced from {} on, weaker from {} on, below not reproduced",
                of_level(level, NEARLY * least),
                of_level(level, HALF * least)
            ),
            Bound::AtMost(most) => {
                format!("reproduced up to {}, above not reproduced", of_level(level, most / NEARLY))
            }
        },
        Tested::Finding { .. } | Tested::Crash { .. } => {
            "reproduced where it is as published, else not reproduced".into()
        }
    }
}

fn ratio_counts(expected: &Expected) -> String {
    let factor = units::factor;
    let band = 1.0 + expected.within;
    match expected.direction {
        Direction::Faster => {
            let half = factor(counts_from(expected.ratio));
            format!(
                "reproduced from {half} on, weaker above 1x, reversed below; not reproduced where neither is shown and \
                 {half} is out of reach"
            )
        }
        Direction::Slower => {
            let half = factor(1.0 / counts_from(expected.ratio.map(|ratio| 1.0 / ratio)));
            format!(
                "reproduced up to {half}, weaker below 1x, reversed above; not reproduced where neither is shown and \
                 {half} is out of reach"
            )
        }
        Direction::Same => {
            format!("reproduced within {} to {}, not reproduced beyond", factor(1.0 / band), factor(band))
        }
        Direction::NotFaster => format!("reproduced up to {}, reversed above", factor(band)),
    }
}

/// The shortest command that tries a test.
pub(super) fn command(entry: &Entry) -> Option<String> {
    let test = entry.test?;
    Some(format!("bulkbench run {} --claim {}", test.experiment, entry.claim.id))
}

/// How many claims there are and what became of them, in a sentence.
pub(super) fn tally(tally: &Tally) -> String {
    let mut parts: Vec<String> = tally.alike.iter().map(|(words, n)| format!("{n} {words}")).collect();
    let rest = [
        (tally.mixed, "with more than one verdict, by part or by place"),
        (tally.untestable, "not testable here"),
        (tally.open, "without a verdict"),
    ];
    parts.extend(rest.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")));
    let claims = if tally.claims == 1 { "claim" } else { "claims" };
    let mut words = format!("{} {claims}: {}.", tally.claims, parts.join(", "));
    if tally.in_part > 0 {
        words.push_str(&format!(" Of those with one verdict {} have a part that has none.", tally.in_part));
    }
    words
}
