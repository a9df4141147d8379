//! The findings of a run, a sentence each.

use super::results::sorted;
use super::table::Cell;
use crate::analysis::knee::{SHARE, knees};
use crate::analysis::{Basis, Curve, Standing, Standings, Verdict};
use crate::model::{Durability, Role, Run};
use crate::units;

/// With more cases than this that others are held against, a sentence for each is too much.
const MOST_REFERENCES: usize = 6;

/// The findings: the fastest of all and the fastest that survives a crash; in a run that holds
/// cases against several others, the fastest beside each of these; the knees of its curve.
pub fn headline(run: &Run, standings: &Standings) -> Vec<String> {
    let ranked: Vec<&Standing> = sorted(standings)
        .into_iter()
        .filter(|s| s.summary.case.role != Role::Control && s.summary.n() > 0)
        .filter(|s| !matches!(s.verdict, Verdict::NotComparable(_)))
        .filter(|s| s.basis == Basis::Time || !has_fewer_rows(standings, s))
        .collect();
    if ranked.is_empty() {
        return vec!["No sample has finished yet.".into()];
    }
    let references = references(standings);
    let mut lines = match references.len() {
        _ if !standings.has_references() => fastest(run, &ranked),
        0..=MOST_REFERENCES => references.iter().filter_map(|id| beside(run, id, &ranked)).collect(),
        _ => vec![claims(standings)],
    };
    if let Some(curve) = Curve::of_run(&run.plan, standings) {
        lines.extend(knee_lines(&curve));
    }
    lines
}

/// Whether a case loads fewer rows than the one it is held against, which favours it.
fn has_fewer_rows(standings: &Standings, standing: &Standing) -> bool {
    let other = standings.cases.iter().find(|s| Some(s.summary.case.id.as_str()) == standing.against);
    other.is_some_and(|other| standing.summary.rows < other.summary.rows)
}

/// The ids that cases are held against, in the order of the plan.
fn references<'a>(standings: &Standings<'a>) -> Vec<&'a str> {
    let is_used = |id: &str| {
        let held = |s: &&Standing| s.summary.case.role == Role::Case && s.against == Some(id);
        standings.cases.iter().any(|s| held(&s))
    };
    standings.cases.iter().map(|s| s.summary.case.id.as_str()).filter(|id| is_used(id)).collect()
}

/// Sentences on the fastest of those that can be ranked, fastest first: the fastest, and the fastest that
/// survives a crash.
fn fastest(run: &Run, ranked: &[&Standing]) -> Vec<String> {
    let Some(fastest) = ranked.first() else { return Vec::new() };
    let durable = ranked.iter().find(|s| s.summary.durability == Durability::Durable);
    let mut lines = vec![format!("Fastest here: {}.", finding(run, fastest))];
    if let Some(durable) = durable.filter(|d| d.summary.case.id != fastest.summary.case.id) {
        lines.push(format!("Fastest that keeps every row after a crash: {}.", finding(run, durable)));
    }
    lines
}

/// The fastest of a case and those that are held against it.
fn beside(run: &Run, id: &str, ranked: &[&Standing]) -> Option<String> {
    let is_here = |s: &&&Standing| s.against == Some(id) || s.summary.case.id == id;
    let fastest = ranked.iter().find(is_here)?;
    Some(match fastest.summary.case.id == id {
        true => format!("Nothing is faster beside {id}: {}.", figures(run, fastest)),
        false => format!("Fastest beside {id}: {}.", finding(run, fastest)),
    })
}

/// The numbers of cases held against another that are faster, slower, or neither.
fn claims(standings: &Standings) -> String {
    let held = || standings.cases.iter().filter(|s| s.summary.case.role == Role::Case && s.against.is_some());
    let count = |verdicts: &[Verdict]| held().filter(|s| verdicts.contains(&s.verdict)).count();
    format!(
        "Of {} cases, each held against the one it names, {} are faster, {} slower and {} within noise.",
        held().count(),
        count(&[Verdict::Faster, Verdict::FasterByRate]),
        count(&[Verdict::Slower, Verdict::SlowerByRate]),
        count(&[Verdict::WithinNoise])
    )
}

fn knee_lines(curve: &Curve) -> Vec<String> {
    let line = |knee: crate::analysis::knee::SeriesKnee| {
        format!(
            "Knee of {}: {} = {}, the smallest that reaches {:.0} % of its best rate (at {}).",
            knee.series,
            curve.axis,
            knee.at,
            SHARE * 100.0,
            knee.best
        )
    };
    knees(curve).into_iter().map(line).collect()
}

fn finding(run: &Run, standing: &Standing) -> String {
    format!("{}, {}", standing.summary.case.id, figures(run, standing))
}

fn figures(run: &Run, standing: &Standing) -> String {
    let s = &standing.summary;
    let time = Cell::optional(s.total_ns, |e| Cell::Time(e.point)).text();
    let rate = Cell::optional(s.rows_per_second(), |e| Cell::Rate(e.point)).text();
    let rows = units::count(s.rows);
    let other = standing.against.unwrap_or("the baseline");
    let ratio = Cell::optional(standing.ratio, |r| Cell::Ratio(r.point)).text();
    let range = Cell::optional(standing.ratio.and_then(|r| r.interval), Cell::RatioRange).text();
    let against = match &standing.verdict {
        Verdict::Faster | Verdict::Slower => format!(", {ratio} the speed of {other} (95 %: {range})"),
        Verdict::FasterByRate => {
            format!(", {ratio} the rate of {other}, on more rows (95 %: {range})")
        }
        Verdict::WithinNoise => format!(", within noise of {other}"),
        Verdict::TooFewSamples { .. } => format!(
            ", {ratio} the speed of {other} in {} of {} rounds: too few samples for a claim",
            s.n(),
            run.plan.rounds
        ),
        _ => String::new(),
    };
    let crash = match s.durability {
        Durability::Durable => String::new(),
        other => format!("; {}", other.words()),
    };
    format!("{time} for {rows} rows ({rate}){against}{crash}")
}
