//! A comparison in each form: its conclusion first, then what differs, then case by run.

mod notes;
mod tables;

use super::section::{Code, Page, Picture, Section};
use super::terminal::{self, Look};
use crate::analysis::{Comparison, conclusion};
use crate::units;

const DIFFERS: &str = "What differs";
const RESULTS: &str = "Case by run";
const NOTES: &str = "Notes";
const BASELINES: &str = "To the own baseline, beside to the first run";
const PHASES: &str = "Phases side by side";
const COSTS: &str = "WAL, CPU and memory side by side";

/// The name of each run behind its letter, where letters head the columns.
fn legend(comparison: &Comparison, headings: &[String]) -> Option<String> {
    let lines: Vec<String> = comparison
        .runs
        .iter()
        .zip(headings)
        .filter(|(run, heading)| run.name != **heading)
        .map(|(run, heading)| format!("{heading}: {}", run.name))
        .collect();
    (!lines.is_empty()).then(|| format!("{}.", lines.join("; ")))
}

/// What was loaded, and how often.
fn origin(comparison: &Comparison) -> String {
    let rows = units::count(comparison.runs[0].run.dataset.rows);
    let rounds: Vec<u32> = comparison.runs.iter().map(|run| run.run.plan.rounds).collect();
    let rounds = match rounds.iter().all(|n| *n == rounds[0]) {
        true => format!("{} each", rounds[0]),
        false => rounds.iter().map(ToString::to_string).collect::<Vec<_>>().join(" against "),
    };
    format!("{rows} rows of the same dataset in every run; rounds: {rounds}.")
}

/// What the section on the differences says beside its table.
fn on_differences(comparison: &Comparison) -> &'static str {
    match comparison.differences.is_empty() {
        true => "Nothing that the records have of servers, machines and plans.",
        false => "Everything that is not the same in all runs. What is not listed is the same.",
    }
}

/// The baselines that the runs have.
fn on_baselines(comparison: &Comparison, headings: &[String]) -> String {
    let baseline = |run: &crate::analysis::comparison::RunFacts| {
        run.standings.baseline().map_or("none", |s| s.summary.case.id.as_str()).to_string()
    };
    let all: Vec<String> = comparison.runs.iter().map(baseline).collect();
    match all.iter().all(|id| *id == all[0]) {
        true => format!("The baseline of every run is {}.", all[0]),
        false => {
            let each: Vec<String> = headings.iter().zip(&all).map(|(h, id)| format!("{id} in {h}")).collect();
            format!("The baseline is {}.", each.join(", "))
        }
    }
}

/// The headings of the runs' columns: letters also where their names would leave no room for the intervals.
fn headings_for(comparison: &Comparison, look: Look) -> Vec<String> {
    let headings = tables::headings(&comparison.runs);
    match terminal::fits_grouped(&tables::stacked(comparison, &headings), 1, look) {
        true => headings,
        false => tables::letters(&comparison.runs),
    }
}

/// The comparison for a terminal.
pub(crate) fn terminal(comparison: &Comparison, look: Look) -> String {
    let headings = headings_for(comparison, look);
    let mut out = terminal::headline(&conclusion::of_comparison(comparison), look);
    out.extend(legend(comparison, &headings).map(|legend| terminal::paragraph(&legend, look)));
    out.push_str(&terminal::paragraph(&origin(comparison), look));
    let mut section = |title: &str, content: String| {
        out.push_str(&format!("\n{}{content}", terminal::heading(title, look)));
    };
    let differs = match comparison.differences.is_empty() {
        true => terminal::paragraph(on_differences(comparison), look),
        false => terminal::table(&tables::differences(comparison, &headings), look),
    };
    section(DIFFERS, differs);
    let notes = terminal::notes(&notes::notes(comparison, &headings), look);
    if comparison.cases.is_empty() {
        section(NOTES, notes);
        return out;
    }
    let matrix = tables::matrix(comparison, &headings);
    section(
        RESULTS,
        // With the intervals, or else with a row a run.
        match terminal::fits(&matrix, 1, look) {
            true => terminal::table(&matrix, look),
            false => terminal::grouped(&tables::stacked(comparison, &headings), 1, look),
        },
    );
    section(NOTES, notes);
    let baselines = terminal::paragraph(&on_baselines(comparison, &headings), look)
        + &terminal::grouped(&tables::own_baselines(comparison, &headings), 0, look);
    section(BASELINES, baselines);
    section(PHASES, terminal::grouped(&tables::phases(comparison, &headings), 0, look));
    section(COSTS, terminal::grouped(&tables::costs(comparison, &headings), 0, look));
    out
}

/// The comparison as a page. Its title is what it comes to.
pub(crate) fn page(comparison: &Comparison) -> Page {
    let headings = tables::headings(&comparison.runs);
    let titled = |title: &str| Section { title: title.into(), ..Section::default() };
    let chart = Picture {
        name: "comparison".into(),
        alt: "Rows a second by case and run, on a logarithmic scale".into(),
    };
    let commands =
        comparison.runs.iter().map(|run| run.run.provenance.command.as_str()).collect::<Vec<_>>().join("\n");
    let differs = (!comparison.differences.is_empty()).then(|| tables::differences(comparison, &headings));
    let mut sections =
        vec![Section { text: vec![on_differences(comparison).into()], table: differs, ..titled(DIFFERS) }];
    let noted = Section { notes: notes::notes(comparison, &headings), ..titled(NOTES) };
    if comparison.cases.is_empty() {
        sections.push(noted);
    } else {
        let matrix = Some(tables::matrix(comparison, &headings));
        sections.push(Section { table: matrix, charts: vec![chart], ..titled(RESULTS) });
        sections.push(noted);
        sections.push(Section {
            text: vec![on_baselines(comparison, &headings)],
            table: Some(tables::own_baselines(comparison, &headings)),
            ..titled(BASELINES)
        });
        let medians = "Medians of the total and of each phase; these need not add up to that.";
        sections.push(Section {
            text: vec![medians.into()],
            table: Some(tables::phases(comparison, &headings)),
            ..titled(PHASES)
        });
        let same = "Sizes of table and indexes only where they differ, checkpoints only where there was one.";
        sections.push(Section {
            text: vec![same.into()],
            table: Some(tables::costs(comparison, &headings)),
            ..titled(COSTS)
        });
    }
    sections.push(Section { code: vec![Code::shell(commands)], ..titled("Repeat it") });
    Page {
        title: conclusion::of_comparison(comparison),
        question: legend(comparison, &headings).unwrap_or_default(),
        origin: origin(comparison),
        headline: Vec::new(),
        sections,
    }
}
