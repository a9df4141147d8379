//! How a case stands against its baseline, and when that may be claimed.
//!
//! A difference is claimed only when three things agree: there are samples enough on both sides,
//! the interval of the ratio lies wholly beyond the run's own noise, and the rank test finds the
//! two sides apart. What is not claimed is still shown.

use super::summary::Summary;
use crate::record::{Durability, Role};
use crate::stats::{self, Estimate, MIN_SAMPLES};
use crate::units;

/// The largest p of the rank test with which a difference is claimed.
pub const SIGNIFICANCE: f64 = 0.05;

/// What may be said of a case against its baseline.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It is what others are compared with.
    Baseline,
    /// It is the baseline again: its distance is the noise.
    Control,
    /// It takes less time.
    Faster,
    /// It takes more time.
    Slower,
    /// It takes more time a row although it loads fewer rows, which favours it.
    SlowerByRate,
    /// The difference is not larger than the noise, or not certain.
    WithinNoise,
    /// Fewer than [`MIN_SAMPLES`] finished samples on one side.
    TooFewSamples {
        /// The case's.
        case: usize,
        /// The baseline's.
        baseline: usize,
    },
    /// The two are not alike; the reason in words.
    NotComparable(String),
    /// No sample of it finished; the first error.
    Failed(String),
    /// It could not run here; the reason in words.
    Unavailable(String),
    /// None of its samples has been run yet.
    NotRun,
}

impl Verdict {
    /// In a word or two, as a table cell shows it.
    pub fn words(&self) -> &'static str {
        match self {
            Verdict::Baseline => "baseline",
            Verdict::Control => "control",
            Verdict::Faster => "faster",
            Verdict::Slower => "slower",
            Verdict::SlowerByRate => "slower (by rate, on fewer rows)",
            Verdict::WithinNoise => "within noise",
            Verdict::TooFewSamples { .. } => "too few samples",
            Verdict::NotComparable(_) => "not comparable",
            Verdict::Failed(_) => "failed",
            Verdict::Unavailable(_) => "not available here",
            Verdict::NotRun => "not run",
        }
    }

    /// Why, where the words alone do not say it.
    pub fn reason(&self) -> Option<String> {
        match self {
            Verdict::TooFewSamples { case, baseline } => Some(format!(
                "{case} finished against the baseline's {baseline}; a claim needs {MIN_SAMPLES} on each side"
            )),
            Verdict::NotComparable(why) | Verdict::Failed(why) | Verdict::Unavailable(why) => {
                Some(why.clone())
            }
            _ => None,
        }
    }
}

/// What a ratio is a ratio of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Times for the same rows.
    Time,
    /// Times a row, since the case loads another number of rows than the baseline.
    TimePerRow,
}

/// How far a run's results scatter by themselves.
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
    pub fn words(self) -> &'static str {
        match self {
            Agreement::Agrees => "same direction",
            Agreement::Reversed => "reversed",
            Agreement::NoDifference => "no difference found",
            Agreement::Undecided => "undecided",
        }
    }
}

/// A case, summed up and held against the baseline.
#[derive(Debug, Clone)]
pub struct Standing<'a> {
    /// The case and its figures.
    pub summary: Summary<'a>,
    /// Speed relative to the baseline: baseline time / case time, 1.98 meaning 1.98 times as fast.
    pub ratio: Option<Estimate>,
    /// What the ratio is of.
    pub basis: Basis,
    /// The two-sided p of the rank test against the baseline.
    pub p: Option<f64>,
    /// What may be said.
    pub verdict: Verdict,
    /// What a reader has to know to read the figure rightly.
    pub notes: Vec<String>,
    /// The published ratio, where there is one.
    pub published: Option<Published>,
}

/// All cases of a run against its baseline, in the order of the plan.
#[derive(Debug, Clone)]
pub struct Standings<'a> {
    /// One a case.
    pub cases: Vec<Standing<'a>>,
    /// The run's noise; `None` without a control and a baseline that both finished a sample.
    pub noise: Option<Noise>,
}

impl<'a> Standings<'a> {
    /// The baseline, if the plan has one.
    pub fn baseline(&self) -> Option<&Standing<'a>> {
        self.cases.iter().find(|s| s.summary.case.role == Role::Baseline)
    }
}

/// Holds each case against the run's baseline.
pub fn judge<'a>(summaries: Vec<Summary<'a>>) -> Standings<'a> {
    let with_role = |role| summaries.iter().find(|s| s.case.role == role).cloned();
    let (baseline, control) = (with_role(Role::Baseline), with_role(Role::Control));
    let noise = noise(baseline.as_ref(), control.as_ref());
    let cases = summaries.into_iter().map(|summary| stand(summary, baseline.as_ref(), noise)).collect();
    Standings { cases, noise }
}

fn noise(baseline: Option<&Summary>, control: Option<&Summary>) -> Option<Noise> {
    let (baseline, control) = (baseline?, control?);
    let control = stats::ratio_estimate(&baseline.ns_per_row(), &control.ns_per_row())?;
    Some(Noise { control, floor: control.point.max(1.0 / control.point) })
}

fn stand<'a>(summary: Summary<'a>, baseline: Option<&Summary<'a>>, noise: Option<Noise>) -> Standing<'a> {
    let is_baseline = summary.case.role == Role::Baseline;
    // By the row, so that the same path serves cases of fewer rows; with the same rows it is the time's ratio.
    let other = baseline.filter(|b| !is_baseline && b.n() > 0 && summary.n() > 0);
    let sides = other.map(|b| (b.ns_per_row(), summary.ns_per_row()));
    let ratio = sides.as_ref().and_then(|(b, c)| stats::ratio_estimate(b, c));
    let p = sides.as_ref().and_then(|(b, c)| stats::mann_whitney(c, b)).map(|test| test.p);
    let basis = match baseline {
        Some(b) if b.rows != summary.rows => Basis::TimePerRow,
        _ => Basis::Time,
    };
    let verdict = verdict(&summary, baseline, ratio, p, noise);
    let published = published(&summary, baseline, ratio, &verdict);
    let notes = notes(&summary, baseline);
    Standing { ratio, basis, p, verdict, notes, published, summary }
}

fn verdict(
    case: &Summary,
    baseline: Option<&Summary>,
    ratio: Option<Estimate>,
    p: Option<f64>,
    noise: Option<Noise>,
) -> Verdict {
    if let Some(why) = &case.case.unavailable {
        return Verdict::Unavailable(why.clone());
    }
    if case.n() == 0 {
        return match (case.failures, case.first_error) {
            (0, _) => Verdict::NotRun,
            (_, error) => Verdict::Failed(error.unwrap_or("no reason was recorded").to_string()),
        };
    }
    match case.case.role {
        Role::Baseline => return Verdict::Baseline,
        Role::Control => return Verdict::Control,
        Role::Case => {}
    }
    let Some(baseline) = baseline else {
        return Verdict::NotComparable("the run has no baseline".into());
    };
    if baseline.n() == 0 {
        return Verdict::NotComparable("no sample of the baseline finished".into());
    }
    if let Some(why) = unlike(case, baseline) {
        return Verdict::NotComparable(why);
    }
    if case.n() < MIN_SAMPLES || baseline.n() < MIN_SAMPLES {
        return Verdict::TooFewSamples { case: case.n(), baseline: baseline.n() };
    }
    let claim = ratio.and_then(|r| claim(r, p, noise.map_or(1.0, |n| n.floor)));
    match (claim, case.rows < baseline.rows) {
        (Some(Claim::Slower), true) => Verdict::SlowerByRate,
        (_, true) => Verdict::NotComparable(format!(
            "{} rows against the baseline's {}: a smaller table and smaller indexes favour it",
            units::count(case.rows),
            units::count(baseline.rows)
        )),
        (Some(Claim::Faster), false) => Verdict::Faster,
        (Some(Claim::Slower), false) => Verdict::Slower,
        (None, false) => Verdict::WithinNoise,
    }
}

/// What a ratio of speeds allows to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The ratio lies above the noise.
    Faster,
    /// The ratio lies below the noise.
    Slower,
}

/// The claim that a speed ratio with its interval and rank test supports beyond a noise floor, if any.
pub fn claim(ratio: Estimate, p: Option<f64>, floor: f64) -> Option<Claim> {
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

/// What makes the two loads different things, in words. Fewer rows than the baseline's are let
/// through here: they can still be slower.
fn unlike(case: &Summary, baseline: &Summary) -> Option<String> {
    if let Some(why) = &case.mixed {
        return Some(why.clone());
    }
    if let Some(why) = &baseline.mixed {
        return Some(format!("the baseline: {why}"));
    }
    if case.rows > baseline.rows {
        return Some(format!(
            "{} rows against the baseline's {}",
            units::count(case.rows),
            units::count(baseline.rows)
        ));
    }
    let (mine, theirs) = (case.end_state?, baseline.end_state?);
    if mine.structure != theirs.structure {
        return Some(format!(
            "another table in the end: {}",
            structure_difference(&mine.structure, &theirs.structure)
        ));
    }
    (case.rows == baseline.rows && mine.content != theirs.content)
        .then(|| "other content in the table than the baseline's".to_string())
}

fn structure_difference(mine: &[String], theirs: &[String]) -> String {
    let lacking: Vec<&str> = theirs.iter().filter(|d| !mine.contains(d)).map(String::as_str).collect();
    let added: Vec<&str> = mine.iter().filter(|d| !theirs.contains(d)).map(String::as_str).collect();
    let part = |word: &str, list: &[&str]| {
        (!list.is_empty()).then(|| format!("{word} {}", list.join(", "))).into_iter().collect::<String>()
    };
    let parts = [part("without", &lacking), part("with", &added)];
    parts.iter().filter(|p| !p.is_empty()).map(String::as_str).collect::<Vec<_>>().join("; ")
}

fn published(
    summary: &Summary,
    baseline: Option<&Summary>,
    ratio: Option<Estimate>,
    verdict: &Verdict,
) -> Option<Published> {
    if summary.case.role != Role::Case {
        return None;
    }
    let published = baseline?.case.published_seconds? / summary.case.published_seconds?;
    let measured = match verdict {
        Verdict::Faster => Some(true),
        Verdict::Slower | Verdict::SlowerByRate => Some(false),
        _ => None,
    };
    let agreement = match (measured, verdict) {
        _ if ratio.is_none() => Agreement::Undecided,
        (Some(faster), _) if faster == (published > 1.0) => Agreement::Agrees,
        (Some(_), _) => Agreement::Reversed,
        (None, Verdict::WithinNoise) => Agreement::NoDifference,
        (None, _) => Agreement::Undecided,
    };
    Some(Published { ratio: published, agreement })
}

fn notes(summary: &Summary, baseline: Option<&Summary>) -> Vec<String> {
    let mut notes = Vec::new();
    let case = summary.case;
    let all_rows = baseline.is_none_or(|b| summary.rows >= b.rows);
    if !all_rows {
        let reason = case.rows_reason.as_deref().map(|r| format!(" ({r})")).unwrap_or_default();
        notes.push(format!("on {} rows{reason}", units::count(summary.rows)));
    }
    if case.durability != Durability::Durable {
        notes.push(case.durability.words().to_string());
    }
    if let (Some(mine), Some(theirs)) = (summary.end_state, baseline.and_then(|b| b.end_state))
        && mine.persistence != theirs.persistence
    {
        let article = if mine.persistence.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        notes.push(format!("leaves {article} {} table", mine.persistence));
    }
    if !case.settings.is_empty() {
        let settings: Vec<String> = case.settings.iter().map(|(k, v)| format!("{k} = {v}")).collect();
        notes.push(format!("with {}", settings.join(", ")));
    }
    if summary.failures > 0 && summary.n() > 0 {
        notes.push(format!(
            "{} of {} samples did not finish: {}",
            summary.failures,
            summary.failures + summary.n(),
            summary.first_error.unwrap_or("no reason was recorded")
        ));
    }
    notes
}
