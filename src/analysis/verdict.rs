//! The verdict on each case: how it stands against its baseline, or against the case that the experiment
//! named for it, and when a difference may be claimed.
//!
//! A difference is claimed only when three things agree: there are samples enough on both sides,
//! the interval of the ratio lies wholly beyond the run's own noise, and the rank test finds the
//! two sides apart. What is not claimed is still shown.

use std::cmp::Ordering;

use super::comparability;
use super::summary::Summary;
use crate::model::{Case, Persistence, Role};
use crate::stats::{self, Estimate, MIN_SAMPLES};
use crate::units;

/// The largest p of the rank test with which a difference is claimed.
pub(crate) const SIGNIFICANCE: f64 = 0.05;

/// The verdict on a case against the one that it is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The case is the baseline, which others are compared with.
    Baseline,
    /// The case is the control, the baseline again: its distance is the noise.
    Control,
    /// The case is a reference, which some cases are compared with instead of the baseline.
    Reference,
    /// Less time.
    Faster,
    /// More time.
    Slower,
    /// Less time a row although it loads more rows, which is against it.
    FasterByRate,
    /// More time a row although it loads fewer rows, which favours it.
    SlowerByRate,
    /// The difference is not larger than the noise, or not certain.
    WithinNoise,
    /// Fewer than [`MIN_SAMPLES`] finished samples on one side.
    TooFewSamples {
        /// The case's.
        case: usize,
        /// Finished samples of the other case.
        other: usize,
    },
    /// The two did not do the same; the reason in words.
    NotComparable(String),
    /// No sample of it finished; the first error.
    Failed(String),
    /// The case could not run here; the reason in words.
    Unavailable(String),
    /// None of its samples has been run yet.
    NotRun,
}

impl Verdict {
    /// In a word or two, as a table cell shows it.
    pub(crate) fn words(&self) -> &'static str {
        match self {
            Verdict::Baseline => "baseline",
            Verdict::Control => "control",
            Verdict::Reference => "reference",
            Verdict::Faster => "faster",
            Verdict::Slower => "slower",
            Verdict::FasterByRate => "faster (by rate)",
            Verdict::SlowerByRate => "slower (by rate)",
            Verdict::WithinNoise => "within noise",
            Verdict::TooFewSamples { .. } => "too few samples",
            Verdict::NotComparable(_) => "not comparable",
            Verdict::Failed(_) => "failed",
            Verdict::Unavailable(_) => "not available here",
            Verdict::NotRun => "not run",
        }
    }

    /// Why, where the words alone do not say it.
    pub(crate) fn reason(&self) -> Option<String> {
        match self {
            Verdict::TooFewSamples { case, other } => Some(format!(
                "{case} finished against the other side's {other}; a claim needs {MIN_SAMPLES} on each side"
            )),
            Verdict::NotComparable(why) | Verdict::Failed(why) | Verdict::Unavailable(why) => {
                Some(why.clone())
            }
            _ => None,
        }
    }
}

/// The quantity that a ratio compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Times for the same rows.
    Time,
    /// Times a row, since the two load different numbers of rows.
    TimePerRow,
}

/// The noise of a run, by its control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// The control's speed relative to the baseline.
    pub control: Estimate,
    /// The control's distance from the baseline as a factor of 1 or more: a ratio between
    /// `1 / floor` and `floor` means nothing.
    pub floor: f64,
}

/// A published ratio beside the measured one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Published {
    /// The published speed relative to the published baseline.
    pub ratio: f64,
    /// The measured speed relative to the run's baseline, whatever the case is held against.
    pub measured: Option<Estimate>,
    /// Whether the measured one points the same way.
    pub agreement: Agreement,
}

/// Whether a measured ratio points where a published one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// Both faster or both slower.
    Agrees,
    /// One faster, one slower.
    Reversed,
    /// Measured, the difference is within noise.
    NoDifference,
    /// Nothing is claimed of the measured ratio.
    Undecided,
}

impl Agreement {
    /// In words, as a table cell shows it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Agreement::Agrees => "same direction",
            Agreement::Reversed => "reversed",
            Agreement::NoDifference => "no difference found",
            Agreement::Undecided => "undecided",
        }
    }
}

/// A case, summed up and held against another.
#[derive(Debug, Clone)]
pub struct Standing<'a> {
    /// The case and its figures.
    pub summary: Summary<'a>,
    /// The id of the case it is held against: the baseline, or the one that the plan names for it.
    /// `None` for these themselves, and in a run without a baseline.
    pub against: Option<&'a str>,
    /// Speed relative to that case: its time / this case's, 1.98 meaning 1.98 times as fast.
    pub ratio: Option<Estimate>,
    /// The quantity that the ratio compares.
    pub basis: Basis,
    /// The two-sided p of the rank test against that case.
    pub p: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
    /// Notes that a reader needs to read the figure rightly.
    pub notes: Vec<String>,
    /// The published ratio, where there is one.
    pub published: Option<Published>,
}

/// All cases of a run, each against its baseline or the case named for it, in the order of the plan.
#[derive(Debug, Clone)]
pub struct Standings<'a> {
    /// A standing for each case.
    pub cases: Vec<Standing<'a>>,
    /// The run's noise; `None` without a control and a baseline that both finished a sample.
    pub noise: Option<Noise>,
}

impl Noise {
    /// Whether a ratio of speeds lies no further from 1 than the noise.
    pub(crate) fn covers(&self, ratio: f64) -> bool {
        ratio <= self.floor && ratio >= 1.0 / self.floor
    }

    /// The noise as a share of the time: 0.02 where two series of the same case differ by 2 %.
    pub(crate) fn share(&self) -> f64 {
        self.floor - 1.0
    }
}

impl<'a> Standings<'a> {
    /// The baseline, if the plan has one.
    pub(crate) fn baseline(&self) -> Option<&Standing<'a>> {
        self.cases.iter().find(|s| s.summary.case.role == Role::Baseline)
    }

    /// Whether any case is held against another one than the baseline.
    pub fn has_references(&self) -> bool {
        let baseline = self.baseline().map(|b| b.summary.case.id.as_str());
        self.cases.iter().any(|s| s.against.is_some() && s.against != baseline)
    }
}

/// Holds each case against the run's baseline, or against the case that the plan names for it.
pub fn judge<'a>(summaries: Vec<Summary<'a>>) -> Standings<'a> {
    let noise = noise(&summaries);
    let cases = summaries.iter().map(|summary| standing(summary, &summaries, noise)).collect();
    Standings { cases, noise }
}

/// The noise of a run with these cases.
pub(super) fn noise(summaries: &[Summary]) -> Option<Noise> {
    let with_role = |role| summaries.iter().find(|s| s.case.role == role);
    let (baseline, control) = (with_role(Role::Baseline)?, with_role(Role::Control)?);
    let control = stats::ratio_estimate(&baseline.ns_per_row(), &control.ns_per_row())?;
    Some(Noise { control, floor: control.point.max(1.0 / control.point) })
}

/// The case that the plan names for this one to be held against. Naming itself, a case says that
/// it is a reference.
fn named(case: &Case) -> Option<&str> {
    case.against.as_deref().filter(|id| case.role == Role::Case && *id != case.id)
}

/// Whether a case is nothing but what others are held against.
fn is_reference(case: &Case, all: &[Summary]) -> bool {
    let is_itself = case.against.as_ref() == Some(&case.id);
    let is_named = || all.iter().any(|s| named(s.case) == Some(&case.id));
    case.role == Role::Case && named(case).is_none() && (is_itself || is_named())
}

fn standing<'a>(summary: &Summary<'a>, all: &[Summary<'a>], noise: Option<Noise>) -> Standing<'a> {
    let case = summary.case;
    let baseline = all.iter().find(|s| s.case.role == Role::Baseline);
    let against = match named(case) {
        _ if case.role == Role::Baseline || is_reference(case, all) => None,
        Some(id) => Some(id),
        None => baseline.map(|b| b.case.id.as_str()),
    };
    let other = against.and_then(|id| all.iter().find(|s| s.case.id == id));
    let mut held = contrast(summary, other, noise);
    if let (Some(id), None) = (against, other) {
        held.verdict = Verdict::NotComparable(format!("the plan has no case {id} to hold it against"));
    }
    let published = published(case, baseline, || match other {
        Some(other) if other.case.role == Role::Baseline => held.clone(),
        _ => contrast(summary, baseline, noise),
    });
    Standing {
        against,
        ratio: held.ratio,
        basis: held.basis,
        p: held.p,
        verdict: own_verdict(summary, all).unwrap_or(held.verdict),
        notes: notes(summary, other),
        published,
        summary: summary.clone(),
    }
}

/// The comparison of one case with another.
#[derive(Debug, Clone)]
struct Contrast {
    ratio: Option<Estimate>,
    basis: Basis,
    p: Option<f64>,
    verdict: Verdict,
}

fn contrast(summary: &Summary, other: Option<&Summary>, noise: Option<Noise>) -> Contrast {
    // By the row, so that the same path serves cases of fewer rows; with the same rows it is the time's ratio.
    let finished = other.filter(|o| o.n() > 0 && summary.n() > 0);
    let sides = finished.map(|o| (o.ns_per_row(), summary.ns_per_row()));
    let ratio = sides.as_ref().and_then(|(o, c)| stats::ratio_estimate(o, c));
    let p = sides.as_ref().and_then(|(o, c)| stats::mann_whitney(c, o)).map(|test| test.p);
    let basis = match other {
        Some(o) if o.rows != summary.rows => Basis::TimePerRow,
        _ => Basis::Time,
    };
    Contrast { ratio, basis, p, verdict: verdict(summary, other, ratio, p, noise) }
}

/// The verdict that a case has whatever it is compared with: unavailable, failed, or a role of its own.
fn own_verdict(case: &Summary, all: &[Summary]) -> Option<Verdict> {
    if let Some(why) = &case.case.unavailable {
        return Some(Verdict::Unavailable(why.clone()));
    }
    if let Some(error) = &case.case.failed_trial {
        return Some(Verdict::Failed(error.clone()));
    }
    if case.n() == 0 {
        return Some(match (case.failures, case.first_error) {
            (0, _) => Verdict::NotRun,
            (_, error) => Verdict::Failed(error.unwrap_or("no reason was recorded").to_string()),
        });
    }
    match case.case.role {
        Role::Baseline => Some(Verdict::Baseline),
        Role::Control => Some(Verdict::Control),
        Role::Case => is_reference(case.case, all).then_some(Verdict::Reference),
    }
}

fn verdict(
    case: &Summary,
    other: Option<&Summary>,
    ratio: Option<Estimate>,
    p: Option<f64>,
    noise: Option<Noise>,
) -> Verdict {
    let Some(other) = other else {
        return Verdict::NotComparable("the run has no baseline".into());
    };
    if other.n() == 0 {
        return Verdict::NotComparable(format!("no sample of {} finished", comparability::name(other)));
    }
    if let Some(why) = comparability::unlike(case, other) {
        return Verdict::NotComparable(why);
    }
    if case.n() < MIN_SAMPLES || other.n() < MIN_SAMPLES {
        return Verdict::TooFewSamples { case: case.n(), other: other.n() };
    }
    let claim = ratio.and_then(|r| claim(r, p, noise.map_or(1.0, |n| n.floor)));
    let rows = |favour: &str| {
        let (mine, theirs) =
            (units::count(case.rows), comparability::belonging_to(other, &units::count(other.rows)));
        Verdict::NotComparable(format!("{mine} rows against {theirs}: {favour}"))
    };
    match (claim, case.rows.cmp(&other.rows)) {
        (Some(Claim::Faster), Ordering::Equal) => Verdict::Faster,
        (Some(Claim::Slower), Ordering::Equal) => Verdict::Slower,
        (None, Ordering::Equal) => Verdict::WithinNoise,
        (Some(Claim::Slower), Ordering::Less) => Verdict::SlowerByRate,
        (_, Ordering::Less) => rows("a smaller table and smaller indexes favour it"),
        (Some(Claim::Faster), Ordering::Greater) => Verdict::FasterByRate,
        (_, Ordering::Greater) => rows("a larger table and larger indexes are against it"),
    }
}

/// The claim that a ratio of speeds allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The ratio lies above the noise.
    Faster,
    /// The ratio lies below the noise.
    Slower,
}

/// The claim that a speed ratio with its interval and rank test supports beyond a noise floor, if any.
pub(crate) fn claim(ratio: Estimate, p: Option<f64>, floor: f64) -> Option<Claim> {
    let interval = ratio.interval?;
    if p.is_none_or(|p| p > SIGNIFICANCE) {
        return None;
    }
    match () {
        () if interval.low > floor => Some(Claim::Faster),
        () if interval.high < 1.0 / floor => Some(Claim::Slower),
        () => None,
    }
}

fn published(case: &Case, baseline: Option<&Summary>, held: impl FnOnce() -> Contrast) -> Option<Published> {
    if case.role != Role::Case {
        return None;
    }
    let ratio = baseline?.case.published_seconds? / case.published_seconds?;
    let held = held();
    let measured = match held.verdict {
        Verdict::Faster | Verdict::FasterByRate => Some(true),
        Verdict::Slower | Verdict::SlowerByRate => Some(false),
        _ => None,
    };
    let agreement = match (measured, held.verdict) {
        _ if held.ratio.is_none() => Agreement::Undecided,
        (Some(faster), _) if faster == (ratio > 1.0) => Agreement::Agrees,
        (Some(_), _) => Agreement::Reversed,
        (None, Verdict::WithinNoise) => Agreement::NoDifference,
        (None, _) => Agreement::Undecided,
    };
    Some(Published { ratio, measured: held.ratio, agreement })
}

fn notes(summary: &Summary, other: Option<&Summary>) -> Vec<String> {
    let mut notes = Vec::new();
    // What never ran has its reason, and nothing else is to be known of it.
    if summary.n() == 0 {
        return notes;
    }
    let case = summary.case;
    let all_rows = other.is_none_or(|o| summary.rows >= o.rows);
    if !all_rows {
        let reason = case.rows_reason.as_deref().map(|r| format!(" ({r})")).unwrap_or_default();
        notes.push(format!("on {} rows{reason}", units::count(summary.rows)));
    }
    if let (Some(mine), Some(theirs)) = (summary.end_state, other.and_then(|o| o.end_state))
        && mine.persistence != theirs.persistence
    {
        let article = match mine.persistence {
            Persistence::Permanent => "a",
            Persistence::Unlogged => "an",
        };
        notes.push(format!("leaves {article} {} table", mine.persistence.name()));
    }
    if summary.failures > 0 {
        notes.push(format!(
            "{} of {} samples did not finish: {}",
            summary.failures,
            summary.failures + summary.n(),
            summary.first_error.unwrap_or("no reason was recorded")
        ));
    }
    notes
}
