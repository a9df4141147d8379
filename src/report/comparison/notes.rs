//! The notes of a comparison: what makes a run's figures worth less, what cannot be compared, what differs in a case.

use crate::analysis::Comparison;
use crate::analysis::comparison::CrossVerdict;
use crate::analysis::verdict::SIGNIFICANCE;
use crate::report::notes::{self, Note};
use crate::units;

/// The notes, warnings first.
pub(crate) fn notes(comparison: &Comparison, headings: &[String]) -> Vec<Note> {
    let mut notes = Vec::new();
    let [mut warnings, mut noise, mut alone] = [(); 3].map(|()| ByRun::new(headings));
    for (index, run) in comparison.runs.iter().enumerate() {
        for warning in notes::warnings(run.run, run.samples, &run.standings) {
            warnings.add(index, warning);
        }
        match run.noise_floor() {
            Some(floor) => {
                noise.add(index, format!("baseline and control differ by {}", units::percent(floor - 1.0)));
            }
            // The control is on the first server.
            None if comparison.is_one_run && index > 0 => {}
            None => warnings.add(index, "its noise is unknown, as it has no finished control".into()),
        }
        if !run.alone.is_empty() {
            alone.add(index, format!("no other run has {}", run.alone.join(", ")));
        }
    }
    notes.extend(warnings.lines().map(Note::Warning));
    notes.extend(noise.lines().map(Note::Remark));
    notes.extend(of_cases(comparison, headings).map(Note::Remark));
    let waiting: Vec<&str> =
        comparison.cases.iter().filter(|case| case.waits_for_disk).map(|case| case.id.as_str()).collect();
    if !waiting.is_empty() {
        notes.push(Note::Remark(format!(
            "what waits for the disk (no processor worked for it in a quarter of its time or more): {}",
            waiting.join(", ")
        )));
    }
    notes.extend(alone.lines().map(Note::Remark));
    notes.extend(by_chance(comparison).map(Note::Remark));
    let course = match comparison.is_one_run {
        true => {
            "these are the servers of one run, whose loads alternated in each round: they are held against each other \
             within rounds, and what else changed on the machine meanwhile came to all of them"
        }
        false => {
            "the runs were made one after the other: what else changed on the machine meanwhile is in no interval; to \
             be sure of a small difference, run both again in the other order"
        }
    };
    notes.push(Note::Remark(course.into()));
    notes
}

/// How many differences that are none are to be expected, where several are sought.
fn by_chance(comparison: &Comparison) -> Option<String> {
    let cells = comparison.cases.iter().flat_map(|case| &case.cells);
    let tested = cells.filter(|cell| cell.verdict.is_tested()).count();
    (tested > 1).then(|| {
        format!(
            "{tested} speeds are tested, each by itself: where nothing differs, at most {:.1} of them are to be expected to \
             be called faster or slower",
            tested as f64 * SIGNIFICANCE
        )
    })
}

/// What is to be said of cases, each once for all cases that it holds for.
fn of_cases(comparison: &Comparison, headings: &[String]) -> impl Iterator<Item = String> {
    let mut said: Vec<(String, Vec<&str>)> = Vec::new();
    for case in &comparison.cases {
        let mut of_case = ByRun::new(headings);
        for (index, cell) in case.cells.iter().enumerate() {
            if let CrossVerdict::NotComparable(why) = &cell.verdict {
                of_case.add(index, why.clone());
            }
            if !cell.notes.is_empty() {
                of_case.add(index, cell.notes.join("; "));
            }
        }
        for line in of_case.lines() {
            match said.iter_mut().find(|(known, _)| *known == line) {
                Some((_, ids)) => ids.push(&case.id),
                None => said.push((line, vec![&case.id])),
            }
        }
    }
    said.into_iter().map(|(line, ids)| format!("{} in {line}", ids.join(", ")))
}

/// Lines on runs, each said once for all runs that it holds for.
struct ByRun<'h> {
    headings: &'h [String],
    lines: Vec<(String, Vec<usize>)>,
}

impl<'h> ByRun<'h> {
    fn new(headings: &'h [String]) -> Self {
        Self { headings, lines: Vec::new() }
    }

    fn add(&mut self, run: usize, line: String) {
        match self.lines.iter_mut().find(|(known, _)| *known == line) {
            Some((_, runs)) => runs.push(run),
            None => self.lines.push((line, vec![run])),
        }
    }

    /// Each line behind the runs' names.
    fn lines(self) -> impl Iterator<Item = String> {
        self.lines.into_iter().map(move |(line, runs)| {
            let names: Vec<&str> = runs.iter().map(|&run| self.headings[run].as_str()).collect();
            match names.len() == self.headings.len() {
                true => format!("every run: {line}"),
                false => format!("{}: {line}", names.join(", ")),
            }
        })
    }
}
