//! The verdict on each case: how it stands against its baseline, or against the case that the experiment
//! named for it, and when a difference may be claimed.
//!
//! Ratios are taken within rounds. A difference is claimed only where there are rounds enough that both sides have
//! finished, and where its p, adjusted for all verdicts of the run, is small enough. What is not claimed is still
//! shown.

use std::cmp::Ordering;

use super::blocks::Blocks;
use super::comparability;
use super::noise::Noise;
use super::references::{against, is_reference, other, place};
use super::summary::Summary;
use crate::model::{Case, Persistence, Role};
use crate::stats::{self, Estimate, MIN_SAMPLES, Within};
use crate::units;

/// The largest p with which a difference is claimed.
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
    /// The difference is not certain: noise alone could make it.
    WithinNoise,
    /// Fewer than [`MIN_SAMPLES`] rounds that both sides finished.
    TooFewSamples {
        /// So many.
        rounds: usize,
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
            Verdict::TooFewSamples { rounds } => Some(format!(
                "both sides finished {rounds} round{} together; a claim needs {MIN_SAMPLES}",
                if *rounds == 1 { "" } else { "s" }
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
    /// The two-sided p of there being no difference, adjusted for all verdicts of the run (Holm); `None` where
    /// nothing is tested.
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
    /// The run's noise; `None` where no case has two rounds in common with another.
    pub noise: Option<Noise>,
    /// Ratios that verdicts were sought for, and p adjusted.
    pub tested: usize,
    /// The cases round by round.
    pub(crate) blocks: Blocks,
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

    /// The speed of a case relative to another one of the run, by their ids, taken within rounds; `None` where there
    /// is no round that both have finished.
    pub(crate) fn within(&self, case: &str, other: &str) -> Option<Within> {
        let place = |id: &str| self.cases.iter().position(|s| s.summary.case.id == id);
        self.blocks.hold(place(case)?, place(other)?)
    }
}

/// Holds each case against the run's baseline, or against the case that the plan names for it.
pub fn judge<'a>(summaries: Vec<Summary<'a>>) -> Standings<'a> {
    let all = &summaries[..];
    let blocks = Blocks::by_time(all);
    let mut held: Vec<Held> =
        (0..all.len()).map(|case| Held::of(case, other(all[case].case, all), all, &blocks)).collect();
    // Published are ratios to the baseline, whatever the case is held against.
    let baseline = place(all, Role::Baseline);
    let mut to_baseline: Vec<Option<Held>> = (0..all.len())
        .map(|case| {
            let is_another = published_ratio(case, baseline, all).is_some() && held[case].other != baseline;
            is_another.then(|| Held::of(case, baseline, all, &blocks))
        })
        .collect();
    let tested = adjust(held.iter_mut().chain(to_baseline.iter_mut().flatten()));
    let standing = |case: usize| {
        let own = &held[case];
        let published = published_ratio(case, baseline, all);
        let as_published = to_baseline[case].as_ref().unwrap_or(own);
        Standing {
            against: against(all[case].case, all),
            ratio: own.ratio(),
            basis: own.basis,
            p: own.p,
            verdict: own_verdict(&all[case], all).unwrap_or_else(|| own.verdict(case, all)),
            notes: notes(&all[case], own.other.map(|place| &all[place])),
            published: published.map(|ratio| as_published.beside(ratio, case, all)),
            summary: all[case].clone(),
        }
    };
    let cases = (0..all.len()).map(standing).collect();
    Standings { cases, noise: Noise::of(all, &blocks), tested, blocks }
}

/// The comparison of one case with another.
#[derive(Debug, Clone)]
struct Held {
    /// The place of the other.
    other: Option<usize>,
    basis: Basis,
    within: Option<Within>,
    /// Why its ratio decides nothing.
    obstacle: Option<Verdict>,
    /// The p of there being no difference, adjusted for all that is tested with it; `None` where nothing is tested.
    p: Option<f64>,
}

impl Held {
    fn of(case: usize, other: Option<usize>, all: &[Summary], blocks: &Blocks) -> Self {
        let within = other.and_then(|other| blocks.hold(case, other));
        let basis = match other {
            Some(other) if all[other].rows != all[case].rows => Basis::TimePerRow,
            _ => Basis::Time,
        };
        let obstacle = obstacle(&all[case], other.map(|place| &all[place]), within, all)
            // The control is the baseline itself.
            .or_else(|| own_verdict(&all[case], all).filter(|_| all[case].case.role != Role::Case));
        Self { other, basis, within, obstacle, p: None }
    }

    /// By the row, so that the same path serves cases of fewer rows; with the same rows it is the time's ratio.
    fn ratio(&self) -> Option<Estimate> {
        self.within.map(|within| within.ratio())
    }

    fn verdict(&self, case: usize, all: &[Summary]) -> Verdict {
        let (None, Some(other)) = (&self.obstacle, self.other) else {
            return self.obstacle.clone().unwrap_or(Verdict::NotRun);
        };
        let (case, other) = (&all[case], &all[other]);
        let claim = self.ratio().and_then(|ratio| claim(ratio, self.p, 1.0));
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

    /// The published ratio beside this one.
    fn beside(&self, ratio: f64, case: usize, all: &[Summary]) -> Published {
        let verdict = self.verdict(case, all);
        let measured = match verdict {
            Verdict::Faster | Verdict::FasterByRate => Some(true),
            Verdict::Slower | Verdict::SlowerByRate => Some(false),
            _ => None,
        };
        let agreement = match (measured, verdict) {
            _ if self.within.is_none() => Agreement::Undecided,
            (Some(faster), _) if faster == (ratio > 1.0) => Agreement::Agrees,
            (Some(_), _) => Agreement::Reversed,
            (None, Verdict::WithinNoise) => Agreement::NoDifference,
            (None, _) => Agreement::Undecided,
        };
        Published { ratio, measured: self.ratio(), agreement }
    }
}

/// Adjusts the p of all that is tested for there being so many; returns how many.
fn adjust<'h>(held: impl Iterator<Item = &'h mut Held>) -> usize {
    let p = |held: &Held| held.within.filter(|_| held.obstacle.is_none())?.p();
    let mut tested: Vec<(f64, &mut Held)> = held.filter_map(|held| Some((p(held)?, held))).collect();
    let adjusted = stats::holm(&tested.iter().map(|(p, _)| *p).collect::<Vec<_>>());
    tested.iter_mut().zip(adjusted).for_each(|((_, held), p)| held.p = Some(p));
    tested.len()
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

/// Why a ratio decides nothing, where that is so.
fn obstacle(
    case: &Summary,
    other: Option<&Summary>,
    within: Option<Within>,
    all: &[Summary],
) -> Option<Verdict> {
    let Some(other) = other else {
        return Some(Verdict::NotComparable(match against(case.case, all) {
            Some(id) => format!("the plan has no case {id} to hold it against"),
            None => "the run has no baseline".into(),
        }));
    };
    if other.n() == 0 {
        return Some(Verdict::NotComparable(format!("no sample of {} finished", comparability::name(other))));
    }
    if let Some(why) = comparability::unlike(case, other) {
        return Some(Verdict::NotComparable(why));
    }
    let rounds = within.map_or(0, |within| within.rounds);
    (rounds < MIN_SAMPLES).then_some(Verdict::TooFewSamples { rounds })
}

/// The claim that a ratio of speeds allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The ratio lies above the noise.
    Faster,
    /// The ratio lies below the noise.
    Slower,
}

/// The claim that a speed ratio with its interval and the p of there being no difference supports, if any. Between
/// runs the interval has to lie beyond the noise of both, which is the floor; within one it is 1.
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

/// The published speed of a case relative to the published baseline, where both are there.
fn published_ratio(case: usize, baseline: Option<usize>, all: &[Summary]) -> Option<f64> {
    let case = all[case].case;
    let seconds = |case: &Case| case.published_seconds;
    (case.role == Role::Case).then(|| Some(seconds(all[baseline?].case)? / seconds(case)?))?
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
