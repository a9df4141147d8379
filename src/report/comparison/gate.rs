//! A comparison held against a limit, in words: what is too slow, what may be, and what nobody can say.

use crate::analysis::Comparison;
use crate::analysis::gate::{Gate, GateVerdict, GatedCase};
use crate::report::notes::Note;
use crate::report::table::ratio_range;
use crate::units;

/// The heading: the question.
pub(crate) fn title(gate: &Gate) -> String {
    format!("Slower by more than {} %", gate.percent)
}

/// The answer, what is too slow first.
pub(crate) fn notes(comparison: &Comparison, gate: &Gate, headings: &[String]) -> Vec<Note> {
    let place = |case: &GatedCase| format!("{} in {}", comparison.cases[case.case].id, headings[case.run]);
    let too_slow = gate
        .with(&GateVerdict::TooSlow)
        .map(|case| Note::Warning(format!("{} takes {} of {}", place(case), time(case), headings[0])));
    let mut notes: Vec<Note> = too_slow.collect();
    if notes.is_empty() {
        notes.push(Note::Remark("nothing is, as far as that is certain".into()));
    }
    let within = gate.with(&GateVerdict::Within).count();
    if within > 0 {
        notes.push(Note::Remark(format!("certainly not: {}", counted(within))));
    }
    let open: Vec<String> =
        gate.with(&GateVerdict::Open).map(|case| format!("{}, {}", place(case), time(case))).collect();
    if !open.is_empty() {
        notes.push(Note::Remark(format!("perhaps, which more rounds would tell: {}", open.join("; "))));
    }
    let unjudged = gate.cases.iter().filter_map(|case| match &case.verdict {
        // The details are in the notes of the comparison.
        GateVerdict::Unjudged(why) => {
            Some(format!("{}: {}", place(case), why.split(':').next().unwrap_or_default()))
        }
        GateVerdict::TooSlow | GateVerdict::Within | GateVerdict::Open => None,
    });
    let unjudged: Vec<String> = unjudged.collect();
    if !unjudged.is_empty() {
        notes.push(Note::Remark(format!("not judged: {}", unjudged.join("; "))));
    }
    notes
}

fn counted(cases: usize) -> String {
    if cases == 1 { "1 case".into() } else { format!("{cases} cases") }
}

/// The time as a factor of the first run's, with its interval.
fn time(case: &GatedCase) -> String {
    let Some(time) = case.time else { return "a time that is not known".into() };
    let interval = time.interval.map(|i| format!(" ({}, 95 %)", ratio_range(i))).unwrap_or_default();
    format!("{}{interval} the time", units::factor(time.point))
}
