//! The findings of a run, a sentence each.

use super::axis_findings;
use super::crashes;
use super::figures::Figures;
use super::steps;
use super::table::Cell;
use crate::analysis::{Standing, Standings, Verdict};
use crate::model::{Durability, Role, Run};
use crate::stats::MIN_SAMPLES;
use crate::units;

/// With more cases than this that others are held against, a sentence for each is too much.
const MOST_REFERENCES: usize = 6;

/// The findings: what crashes left, where there were some, and then of the times. In a run along an axis, what the axis
/// does; otherwise the fastest of all and the
/// fastest that survives a crash, or in a run that holds cases against several others the fastest beside
/// each of these.
pub(crate) fn headline(figures: &Figures) -> Vec<String> {
    crashes::finding(figures.samples).into_iter().chain(of_times(figures)).collect()
}

fn of_times(figures: &Figures) -> Vec<String> {
    let Figures { run, standings, curve, chain, .. } = figures;
    let ranked = standings.ranked();
    if ranked.is_empty() {
        return vec!["No sample has finished yet.".into()];
    }
    let findings = Findings { run, standings };
    if let Some(chain) = chain {
        return std::iter::once(steps::finding(chain)).chain(findings.fastest(&ranked)).collect();
    }
    if let Some(curve) = curve {
        let mut lines = axis_findings::lines(curve, standings.noise);
        if !lines.is_empty() {
            if run.plan.rounds < MIN_SAMPLES as u32 {
                lines.push(format!("Medians of {} rounds: too few samples for a claim.", run.plan.rounds));
            }
            // What lies beside the curve, such as a baseline that has no value of the axis.
            if standings.baseline().is_some_and(|baseline| !curve.has(&baseline.summary.case.id)) {
                lines.extend(findings.fastest(&ranked));
            }
            return lines;
        }
    }
    let references = references(standings);
    match references.len() {
        _ if !standings.has_references() => findings.fastest(&ranked),
        0..=MOST_REFERENCES => references.iter().filter_map(|id| findings.beside(id, &ranked)).collect(),
        _ => vec![claims(standings)],
    }
}

/// The ids that cases are held against, in the order of the plan.
fn references<'a>(standings: &Standings<'a>) -> Vec<&'a str> {
    let is_used = |id: &str| {
        let held = |s: &&Standing| s.summary.case.role == Role::Case && s.against == Some(id);
        standings.cases.iter().any(|s| held(&s))
    };
    standings.cases.iter().map(|s| s.summary.case.id.as_str()).filter(|id| is_used(id)).collect()
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

/// The sentences on the cases of a run.
struct Findings<'r, 'a> {
    run: &'r Run,
    standings: &'r Standings<'a>,
}

impl Findings<'_, '_> {
    /// Sentences on the fastest of those that can be ranked, fastest first: the fastest, and the fastest that
    /// survives a crash.
    fn fastest(&self, ranked: &[&Standing]) -> Vec<String> {
        let Some(fastest) = ranked.first() else { return Vec::new() };
        let durable = ranked.iter().find(|s| s.summary.durability == Durability::Durable);
        // Of the baseline only its distance from the next can say that.
        let rival = match fastest.verdict {
            Verdict::Baseline => ranked.get(1).unwrap_or(fastest),
            _ => fastest,
        };
        let best = match self.is_noise(rival) {
            true => "No difference beyond the noise; the best figure here",
            false => "Fastest here",
        };
        let mut lines = vec![format!("{best}: {}.", self.finding(fastest))];
        if let Some(durable) = durable.filter(|d| d.summary.case.id != fastest.summary.case.id) {
            lines.push(format!("Fastest that keeps every row after a crash: {}.", self.finding(durable)));
        }
        lines
    }

    /// The fastest of a case and those that are held against it.
    fn beside(&self, id: &str, ranked: &[&Standing]) -> Option<String> {
        let is_here = |s: &&&Standing| s.against == Some(id) || s.summary.case.id == id;
        let fastest = ranked.iter().find(is_here)?;
        Some(match fastest.summary.case.id == id || self.is_noise(fastest) {
            true => {
                let itself = ranked.iter().find(|s| s.summary.case.id == id).unwrap_or(fastest);
                format!("Nothing is faster beside {id}: {}.", self.figures(itself))
            }
            false => format!("Fastest beside {id}: {}.", self.finding(fastest)),
        })
    }

    /// Whether a case lies no further from the one it is held against than the run's noise. Where a difference is
    /// claimed, that is said already: its own scatter may be smaller than that of the run.
    fn is_noise(&self, standing: &Standing) -> bool {
        match standing.verdict {
            Verdict::WithinNoise => true,
            Verdict::Faster | Verdict::Slower | Verdict::FasterByRate | Verdict::SlowerByRate => false,
            _ => standing
                .ratio
                .zip(self.standings.noise)
                .is_some_and(|(ratio, noise)| noise.covers(ratio.point)),
        }
    }

    fn finding(&self, standing: &Standing) -> String {
        format!("{}, {}", standing.summary.case.id, self.figures(standing))
    }

    fn figures(&self, standing: &Standing) -> String {
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
            Verdict::Baseline if s.n() < MIN_SAMPLES => {
                format!(" in {} of {} rounds: too few samples for a claim", s.n(), self.run.plan.rounds)
            }
            _ if self.is_noise(standing) => format!(", within noise of {other}"),
            Verdict::TooFewSamples { .. } => format!(
                ", {ratio} the speed of {other} in {} of {} rounds: too few samples for a claim",
                s.n(),
                self.run.plan.rounds
            ),
            _ => String::new(),
        };
        // That a program keeps every row is its author's word, which a claim has to say.
        let crash = match s.after_a_crash() {
            plain if plain == Durability::Durable.words() => String::new(),
            words => format!("; {words}"),
        };
        format!("{time} for {rows} rows ({rate}){against}{crash}")
    }
}
