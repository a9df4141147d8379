//! Two or more runs side by side: what differs between them, then case by case.
//!
//! Runs share no rounds: their figures are held against each other as two independent samples, by the bootstrap of the
//! ratio of medians and the rank-sum test. The servers of one run do, and are held against each other within these. Within
//! a run, a speed is taken within rounds, as everywhere.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use anyhow::Result;

use super::alternated::Alternated;
use super::cross_speed::{Held, Speed};
use super::differences::{RunDifference, differences};
use super::summary::{CaseReadings, Summary, summarize};
use super::verdict::{Claim, Standing, Standings, claim, judge};
use super::waits::waits_for_disk;
use super::{bound, comparability, run_axes, run_names};
use crate::model::{Axis, Case, CaseKey, EndState, ParamValue, Params, Phase, Role, Run, Sample, Work};
use crate::stats::{Estimate, MIN_SAMPLES};
use crate::{units, usage};

/// The factor up to which a speed is called the same, where its whole interval lies within: a tenth, as along a
/// curve. A speed that may lie beyond, and of which nothing can be claimed, is undecided.
const SAME: f64 = 1.1;

/// Two or more runs of one dataset.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The runs, the first being what the others are held against.
    pub runs: Vec<RunFacts<'a>>,
    /// Whether these are the servers of one run, whose loads alternated.
    pub is_one_run: bool,
    /// Differences between the runs besides their results.
    pub differences: Vec<RunDifference>,
    /// The cases that two runs or more have, in the order of the runs' plans; without the controls, which say how
    /// far each run can be trusted.
    pub cases: Vec<ComparedCase>,
}

/// A run within a comparison.
#[derive(Debug)]
pub struct RunFacts<'a> {
    /// Its name in sentences, tables and charts.
    pub name: String,
    /// Its record.
    pub run: &'a Run,
    /// Its samples.
    pub samples: &'a [Sample],
    /// Its cases, each against its own baseline.
    pub standings: Standings<'a>,
    /// The ids of its cases that no other run has.
    pub alone: Vec<&'a str>,
}

impl RunFacts<'_> {
    /// How far its control and its baseline lie apart, as a factor; `None` where that is unknown.
    pub(crate) fn noise_floor(&self) -> Option<f64> {
        self.standings.noise.and_then(|noise| noise.floor())
    }
}

/// A case in each of the runs.
#[derive(Debug)]
pub struct ComparedCase {
    /// Its id.
    pub id: String,
    /// Its method.
    pub method: String,
    /// Its effect on the table.
    pub work: Work,
    /// Whether it waits for the disk, in any of the runs.
    pub waits_for_disk: bool,
    /// Its figures in each run, in the order of the runs.
    pub cells: Vec<CaseInRun>,
}

/// A case in one of the runs.
#[derive(Debug)]
pub struct CaseInRun {
    /// Finished samples.
    pub n: usize,
    /// Rows it loaded.
    pub rows: u64,
    /// The median total in nanoseconds.
    pub total_ns: Option<Estimate>,
    /// Rows a second.
    pub rows_per_second: Option<Estimate>,
    /// Its id there; `None` where the run lacks it.
    pub id: Option<String>,
    /// What its loads were bound by, in words; `None` where its samples do not say.
    pub bound: Option<String>,
    /// The median of each phase in nanoseconds.
    pub phases_ns: BTreeMap<Phase, f64>,
    /// Its costs.
    pub readings: CaseReadings,
    /// Speed relative to the first run: the first's time / this run's time, by the row where they loaded
    /// different numbers of rows. `None` in the first run and where the two cannot be compared.
    pub to_first: Option<Estimate>,
    /// Its part in its own run; `None` where that lacks it.
    pub role: Option<Role>,
    /// Speed relative to the baseline of its own run, by the row; `None` where the two did not do the same.
    pub to_own_baseline: Option<Estimate>,
    /// The verdict on this run against the first.
    pub verdict: CrossVerdict,
    /// Differences of the case itself between the runs, in words.
    pub notes: Vec<String>,
}

/// The verdict on a case in a run against the same case in the first run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrossVerdict {
    /// This is the first run itself.
    First,
    /// Faster than in the first run.
    Faster,
    /// Slower than in the first run.
    Slower,
    /// Less time a row although it loaded more rows, which is against it.
    FasterByRate,
    /// More time a row although it loaded fewer rows, which favours it.
    SlowerByRate,
    /// No difference can be claimed, and none is larger than a tenth.
    WithinNoise,
    /// No difference can be claimed, and noise or interval are too wide to rule one out.
    Undecided,
    /// Fewer than [`MIN_SAMPLES`] samples in one of the two.
    TooFewSamples,
    /// Not the same load; why, in words.
    NotComparable(String),
    /// One of the two runs does not have the case; which, in words.
    Absent(&'static str),
}

impl CrossVerdict {
    /// As a table cell shows it.
    pub(crate) fn words(&self) -> &'static str {
        match self {
            CrossVerdict::First => "first run",
            CrossVerdict::Faster => "faster",
            CrossVerdict::Slower => "slower",
            CrossVerdict::FasterByRate => "faster (by rate)",
            CrossVerdict::SlowerByRate => "slower (by rate)",
            CrossVerdict::WithinNoise => "within noise",
            CrossVerdict::Undecided => "undecided",
            CrossVerdict::TooFewSamples => "too few samples",
            CrossVerdict::NotComparable(_) => "not comparable",
            CrossVerdict::Absent(why) => why,
        }
    }

    /// Whether it comes of a test.
    pub(crate) fn is_tested(&self) -> bool {
        use CrossVerdict::{Faster, FasterByRate, Slower, SlowerByRate, Undecided, WithinNoise};
        matches!(self, Faster | Slower | FasterByRate | SlowerByRate | WithinNoise | Undecided)
    }

    /// As what stands in place of a missing figure: the reason without its details.
    pub(crate) fn in_place_of_figure(&self) -> &str {
        match self {
            CrossVerdict::NotComparable(why) => why.split(':').next().unwrap_or(why),
            other => other.words(),
        }
    }
}

/// Checks that runs can be set side by side: there are two or more, of the same rows. `runs` are names of
/// directories with records.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for fewer than two runs, and for runs of another number of rows
/// or other content, with the field and both values.
pub(crate) fn check(runs: &[(String, Run, Vec<Sample>)]) -> Result<()> {
    if runs.len() < 2 {
        return Err(usage!(
            "a comparison needs two runs or more, or one on several servers, and not {}: name their directories",
            runs.len()
        ));
    }
    let (first_name, first, _) = &runs[0];
    for (name, run, _) in &runs[1..] {
        let (here, there) = (&first.dataset, &run.dataset);
        for (field, same, here, there) in [
            ("dataset.rows", here.rows == there.rows, here.rows.to_string(), there.rows.to_string()),
            ("dataset.content", here.has_rows_of(there), here.content.to_string(), there.content.to_string()),
        ] {
            if !same {
                return Err(usage!(
                    "{field} is {here} in {first_name} and {there} in {name}: their times cannot be compared; \
                     compare runs of the same dataset (--rows and --seed)"
                ));
            }
        }
    }
    Ok(())
}

/// Sets runs side by side. `runs` are names of directories with records, or of the servers of one run.
///
/// # Errors
/// As [`check`].
pub(crate) fn compare<'a>(
    runs: &'a [(String, Run, Vec<Sample>)],
    is_one_run: bool,
) -> Result<Comparison<'a>> {
    check(runs)?;
    let records: Vec<&Run> = runs.iter().map(|(_, run, _)| run).collect();
    let varied: Vec<Axis> = run_axes::varied(&records).into_iter().map(|(axis, _)| axis).collect();
    let identity = |case: &Case| Identity::of(case, &varied);
    let differences = differences(&records);
    let named: Vec<(&str, &Run)> = runs.iter().map(|(name, run, _)| (name.as_str(), run)).collect();
    let names = run_names::names(&named, &differences);

    let mut all: Vec<(Identity, &Case)> = Vec::new();
    for case in records.iter().flat_map(|run| &run.plan.cases).filter(|case| case.role != Role::Control) {
        if !all.iter().any(|(known, _)| *known == identity(case)) {
            all.push((identity(case), case));
        }
    }
    let in_run = |run: &'a Run, it: &Identity| run.plan.cases.iter().find(|case| identity(case) == *it);
    let (shared, alone): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|(identity, _)| records.iter().filter(|run| in_run(run, identity).is_some()).count() > 1);
    let facts = |(name, (_, run, samples)): (String, &'a (String, Run, Vec<Sample>))| RunFacts {
        name,
        run,
        samples,
        standings: judge(summarize(run, samples)),
        alone: alone.iter().filter_map(|(it, _)| Some(in_run(run, it)?.id.as_str())).collect(),
    };
    let runs: Vec<RunFacts> = names.into_iter().zip(runs).map(facts).collect();
    let standings: Vec<&Standings> = runs.iter().map(|run| &run.standings).collect();
    let alternated = is_one_run.then(|| Alternated::of(&standings));
    let cases = shared.into_iter().map(|(identity, case)| {
        let of_run = |run: &RunFacts<'a>| in_run(run.run, &identity).map(|case| case.id.as_str());
        let id = if varied.is_empty() { case.id.clone() } else { identity.key.id(case.role) };
        compare_case(id, case, &runs, alternated.as_ref(), of_run)
    });
    let cases = cases.collect();
    Ok(Comparison { runs, is_one_run, differences, cases })
}

/// What makes a case of one run that of another: the key, but for the axes that the whole runs differ in. The control
/// is no other case than the baseline by its key.
#[derive(PartialEq)]
struct Identity {
    key: CaseKey,
    is_control: bool,
}

impl Identity {
    fn of(case: &Case, varied: &[Axis]) -> Self {
        let key = varied.iter().fold(case.key.clone(), |key, axis| key.without(axis));
        Self { key, is_control: case.role == Role::Control }
    }
}

/// A case whose id in each run that has it `of_run` gives; `case` is it in the first of those. Runs that are the servers of
/// one have it `alternated` over its rounds.
fn compare_case<'a>(
    id: String,
    case: &Case,
    runs: &[RunFacts<'a>],
    alternated: Option<&Alternated>,
    of_run: impl Fn(&RunFacts<'a>) -> Option<&'a str>,
) -> ComparedCase {
    let place = |run: &RunFacts<'a>| {
        let id = of_run(run)?;
        run.standings.cases.iter().position(|s| s.summary.case.id == id)
    };
    let places: Vec<Option<usize>> = runs.iter().map(place).collect();
    let found: Vec<Option<&Standing>> =
        runs.iter().zip(&places).map(|(run, place)| Some(&run.standings.cases[(*place)?])).collect();
    let floors: Vec<f64> = runs.iter().map(|run| run.noise_floor().unwrap_or(1.0)).collect();
    let held = |i: usize| match alternated {
        Some(alternated) => Held::InRounds(alternated.to_first(i, places[i], places[0])),
        None => Held::Apart { floor: floors[i].max(floors[0]) },
    };
    let cells = (0..found.len()).map(|i| CaseInRun {
        to_own_baseline: found[i].and_then(|here| to_baseline(&here.summary, &runs[i].standings)),
        ..compare_cell(found[i], (i > 0).then_some(found[0]), held(i))
    });
    ComparedCase {
        id,
        method: case.key.method.clone(),
        work: case.work,
        waits_for_disk: found.iter().flatten().any(|standing| waits_for_disk(&standing.summary)),
        cells: cells.collect(),
    }
}

/// The speed of a case relative to the baseline of its run.
fn to_baseline(case: &Summary, standings: &Standings) -> Option<Estimate> {
    let baseline = &standings.baseline()?.summary;
    let is_like = comparability::unlike(case, baseline).is_none();
    is_like.then(|| Some(standings.within(&case.case.id, &baseline.case.id)?.ratio()))?
}

/// `first` is `None` when this is the first run itself, `Some(None)` when that lacks the case.
fn compare_cell(here: Option<&Standing>, first: Option<Option<&Standing>>, held: Held) -> CaseInRun {
    let Some(here) = here else {
        return CaseInRun {
            n: 0,
            rows: 0,
            total_ns: None,
            rows_per_second: None,
            id: None,
            bound: None,
            phases_ns: BTreeMap::new(),
            readings: CaseReadings::default(),
            to_first: None,
            role: None,
            to_own_baseline: None,
            verdict: CrossVerdict::Absent("not in this run"),
            notes: Vec::new(),
        };
    };
    let case = &here.summary;
    let (to_first, verdict) = match first {
        None => (None, why_empty(here).map_or(CrossVerdict::First, CrossVerdict::NotComparable)),
        Some(None) => (None, CrossVerdict::Absent("not in the first run")),
        Some(Some(first)) => against_first(here, first, held),
    };
    let notes = match first {
        Some(Some(first)) => case_differences(case, &first.summary)
            .into_iter()
            // The verdict says it already.
            .filter(|note| !matches!(&verdict, CrossVerdict::NotComparable(why) if why == note))
            .collect(),
        _ => Vec::new(),
    };
    CaseInRun {
        n: case.n(),
        rows: case.rows,
        total_ns: case.total_ns,
        rows_per_second: case.rows_per_second(),
        id: Some(case.case.id.clone()),
        bound: bound::shortly(case),
        phases_ns: case.phases_ns.clone(),
        readings: case.readings.clone(),
        to_first,
        role: Some(case.case.role),
        to_own_baseline: None,
        verdict,
        notes,
    }
}

fn against_first(here: &Standing, first: &Standing, held: Held) -> (Option<Estimate>, CrossVerdict) {
    if let Some(why) = unlike(here, first) {
        return (None, CrossVerdict::NotComparable(why));
    }
    let Speed { ratio, p, floor, samples } = held.speed(&here.summary, &first.summary);
    if samples < MIN_SAMPLES {
        return (ratio, CrossVerdict::TooFewSamples);
    }
    let (rows, first_rows) = (here.summary.rows, first.summary.rows);
    let other_rows = |favour: &str| {
        let (rows, first_rows) = (units::count(rows), units::count(first_rows));
        (None, CrossVerdict::NotComparable(format!("{rows} rows against {first_rows}: {favour}")))
    };
    let verdict = match (ratio.and_then(|r| claim(r, p, floor)), rows.cmp(&first_rows)) {
        (Some(Claim::Faster), Ordering::Equal) => CrossVerdict::Faster,
        (Some(Claim::Slower), Ordering::Equal) => CrossVerdict::Slower,
        (None, Ordering::Equal) if is_same_speed(ratio) => CrossVerdict::WithinNoise,
        (None, Ordering::Equal) => CrossVerdict::Undecided,
        (Some(Claim::Slower), Ordering::Less) => CrossVerdict::SlowerByRate,
        (_, Ordering::Less) => return other_rows("a smaller table and smaller indexes favour it"),
        (Some(Claim::Faster), Ordering::Greater) => CrossVerdict::FasterByRate,
        (_, Ordering::Greater) => return other_rows("a larger table and larger indexes are against it"),
    };
    (ratio, verdict)
}

/// Whether the whole interval of a ratio lies within a tenth of 1.
fn is_same_speed(ratio: Option<Estimate>) -> bool {
    ratio.and_then(|r| r.interval).is_some_and(|i| i.low >= 1.0 / SAME && i.high <= SAME)
}

fn why_empty(standing: &Standing) -> Option<String> {
    (standing.summary.n() == 0).then(|| match standing.verdict.reason() {
        Some(reason) => format!("{}: {reason}", standing.verdict.words()),
        None => standing.verdict.words().to_string(),
    })
}

fn unlike(here: &Standing, first: &Standing) -> Option<String> {
    if let Some(why) = why_empty(here) {
        return Some(why);
    }
    if let Some(why) = why_empty(first) {
        return Some(format!("in the first run {why}"));
    }
    let (a, b) = (&here.summary, &first.summary);
    if let Some(why) = a.mixed.as_ref().or(b.mixed.as_ref()) {
        return Some(why.clone());
    }
    if a.durability != b.durability {
        return Some(format!("{} against {}", a.durability.words(), b.durability.words()));
    }
    let (off, first_off) = (a.switched_off(), b.switched_off());
    if off != first_off && [a, b].iter().all(|s| s.samples.iter().any(|sample| sample.session.is_some())) {
        let words = |off: &[String]| if off.is_empty() { "nothing".into() } else { off.join(", ") };
        return Some(format!("switched off: {} against {}", words(&off), words(&first_off)));
    }
    let (mine, theirs) = (a.end_state?, b.end_state?);
    // Of different rows no content can agree; their dataset is the same.
    let theirs = match a.rows == b.rows {
        true => theirs.clone(),
        false => EndState { rows: mine.rows, content: mine.content, ..theirs.clone() },
    };
    Some(format!("its tables differ in {}", mine.differs_in(&theirs)?))
}

fn case_differences(here: &Summary, first: &Summary) -> Vec<String> {
    let (a, b) = (here.case, first.case);
    let mut notes = Vec::new();
    for key in keys(&[a.params.keys(), b.params.keys()]) {
        let value = |params: &Params| params.get(key).map_or("-".to_string(), ParamValue::to_string);
        let (mine, theirs) = (value(&a.params), value(&b.params));
        if mine != theirs {
            notes.push(format!("{key} {mine} against {theirs}"));
        }
    }
    for key in keys(&[a.key.axes.settings.keys(), b.key.axes.settings.keys()]) {
        let (mine, theirs) = (a.key.axes.settings.get(key), b.key.axes.settings.get(key));
        if mine != theirs {
            let or_dash = |v: Option<&String>| v.map_or("-".to_string(), Clone::clone);
            notes.push(format!("{key} {} against {}", or_dash(mine), or_dash(theirs)));
        }
    }
    if here.durability != first.durability {
        notes.push(format!("{} against {}", here.durability.words(), first.durability.words()));
    }
    if let (Some(mine), Some(theirs)) = (a.program_version(), b.program_version())
        && mine != theirs
    {
        notes.push(format!("{mine} against {theirs}"));
    }
    if a.key.axes.collation != b.key.axes.collation {
        let or_own = |c: &Option<String>| c.clone().unwrap_or_else(|| "the database's".into());
        notes.push(format!(
            "collation {} against {}",
            or_own(&a.key.axes.collation),
            or_own(&b.key.axes.collation)
        ));
    }
    notes
}

fn keys<'k, V: 'k>(
    maps: &[std::collections::btree_map::Keys<'k, String, V>],
) -> std::collections::BTreeSet<&'k String> {
    maps.iter().flat_map(|keys| keys.clone()).collect()
}
