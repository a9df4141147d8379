//! A comparison in each form: its conclusion first, then what differs, then case by run.

mod files;
mod gate;
mod notes;
mod ranks;
mod tables;

use anyhow::Result;

use super::chart::{self, Format, rates};
use super::section::{Code, Page, Picture, Section};
use super::terminal::{self, Look};
use super::{html, markdown};
use crate::analysis::gate::Gate;
use crate::analysis::ranks::Ranks;
use crate::analysis::{Comparison, conclusion};
use crate::units;

const DIFFERS: &str = "What differs";
const RESULTS: &str = "Case by run";
const RANKS: &str = "Ranks";
const BOUND: &str = "What each case is bound by";
const NOTES: &str = "Notes";
const BASELINES: &str = "To the own baseline, beside to the first run";
const PHASES: &str = "Phases side by side";
const COSTS: &str = "WAL, CPU and memory side by side";

/// The most runs that a page shows side by side: of more, each case has a row a run.
const MOST_COLUMNS: usize = 3;

/// Of the columns that a narrow terminal or window has no room for, those that leave first.
const SPARED_FIRST: u8 = 5;

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

/// A comparison with what is made of it once for all formats.
#[derive(Debug)]
pub(crate) struct View<'c> {
    /// Its figures.
    pub comparison: &'c Comparison<'c>,
    /// The ranks of its cases, where there are two or more.
    pub ranks: Option<Ranks>,
    /// The limit that it is held against, where one was asked for.
    pub gate: Option<Gate>,
}

impl<'c> View<'c> {
    /// Of these figures, held against a limit in per cent of the first run's time.
    pub(crate) fn of(comparison: &'c Comparison<'c>, limit: Option<f64>) -> Self {
        let gate = limit.map(|percent| Gate::of(comparison, percent));
        Self { comparison, ranks: Ranks::of(comparison), gate }
    }

    /// The answer to whether anything is too slow, a line each.
    pub(crate) fn gate_lines(&self) -> Vec<String> {
        let names: Vec<String> = self.comparison.runs.iter().map(|run| run.name.clone()).collect();
        let notes = self.gate.as_ref().map(|gate| gate::notes(self.comparison, gate, &names));
        notes.into_iter().flatten().map(|note| note.line()).collect()
    }

    /// The comparison for a terminal.
    pub(crate) fn terminal(&self, look: Look) -> String {
        let comparison = self.comparison;
        let headings = headings_for(comparison, look);
        let mut out = terminal::headline(&conclusion::of_comparison(comparison), look);
        out.extend(legend(comparison, &headings).map(|legend| terminal::paragraph(&legend, look)));
        out.push_str(&terminal::paragraph(&origin(comparison), look));
        let mut section = |title: &str, content: &str| {
            out.push_str(&format!("\n{}{content}", terminal::heading(title, look)));
        };
        if let Some(gate) = &self.gate {
            let notes = terminal::notes(&gate::notes(comparison, gate, &headings), look);
            section(&gate::title(gate), &notes);
        }
        self.parts(&headings, look).iter().for_each(|(title, content)| section(title, content));
        out
    }

    /// Its parts by their titles.
    fn parts(&self, headings: &[String], look: Look) -> Vec<(&'static str, String)> {
        let comparison = self.comparison;
        let differs = match comparison.differences.is_empty() {
            true => terminal::paragraph(on_differences(comparison), look),
            false => terminal::table(&tables::differences(comparison, headings), look),
        };
        let mut parts = vec![(DIFFERS, differs)];
        let notes = (NOTES, terminal::notes(&notes::notes(comparison, headings), look));
        if comparison.cases.is_empty() {
            parts.push(notes);
            return parts;
        }
        let matrix = tables::matrix(comparison, headings, SPARED_FIRST);
        // With the intervals, or else with a row a run.
        let results = match terminal::fits(&matrix, 1, look) {
            true => terminal::table(&matrix, look),
            false => terminal::grouped(&tables::stacked(comparison, headings), 1, look),
        };
        parts.push((RESULTS, results));
        if let Some(ranks) = &self.ranks {
            // Where they are the same a sentence says all of them.
            let table =
                ranks.differ().then(|| terminal::table(&ranks::table(comparison, ranks, headings), look));
            let ranked = terminal::paragraph(&ranks::explanation(comparison, ranks), look)
                + &table.unwrap_or_default()
                + &terminal::notes(&ranks::notes(comparison, ranks, headings), look);
            parts.push((RANKS, ranked));
        }
        let bound = ranks::bound_table(comparison, headings);
        parts.extend(bound.map(|table| (BOUND, terminal::grouped(&table, 0, look))));
        parts.push(notes);
        let baselines = terminal::paragraph(&on_baselines(comparison, headings), look)
            + &terminal::grouped(&tables::own_baselines(comparison, headings), 0, look);
        parts.push((BASELINES, baselines));
        parts.push((PHASES, terminal::grouped(&tables::phases(comparison, headings), 0, look)));
        parts.push((COSTS, terminal::grouped(&tables::costs(comparison, headings), 0, look)));
        parts
    }

    /// The comparison as a page. Its title is what it comes to.
    pub(crate) fn page(&self) -> Page {
        let comparison = self.comparison;
        let headings = tables::headings(&comparison.runs);
        let mut commands: Vec<&str> =
            comparison.runs.iter().map(|run| run.run.provenance.command.as_str()).collect();
        if comparison.is_one_run {
            commands.truncate(1);
        }
        let repeat = Section { code: vec![Code::shell(commands.join("\n"))], ..titled("Repeat it") };
        let gate = self.gate.as_ref().map(|gate| Section {
            notes: gate::notes(comparison, gate, &headings),
            ..titled(&gate::title(gate))
        });
        let mut sections: Vec<Section> = gate.into_iter().chain(self.sections(&headings)).collect();
        sections.push(repeat);
        Page {
            title: conclusion::of_comparison(comparison),
            question: legend(comparison, &headings).unwrap_or_default(),
            origin: origin(comparison),
            headline: Vec::new(),
            sections,
        }
    }

    fn sections(&self, headings: &[String]) -> Vec<Section> {
        let comparison = self.comparison;
        let table = (!comparison.differences.is_empty()).then(|| tables::differences(comparison, headings));
        let text = vec![on_differences(comparison).into()];
        let mut sections = vec![Section { text, table, ..titled(DIFFERS) }];
        let noted = Section { notes: notes::notes(comparison, headings), ..titled(NOTES) };
        if comparison.cases.is_empty() {
            sections.push(noted);
            return sections;
        }
        let results = match comparison.runs.len() {
            // There is room for all of it.
            2 => tables::matrix(comparison, headings, 2),
            0..=MOST_COLUMNS => tables::matrix(comparison, headings, SPARED_FIRST),
            _ => tables::stacked(comparison, headings),
        };
        let chart = picture("comparison", "Rows a second by case and run, on a logarithmic scale");
        sections.push(Section { table: Some(results), charts: vec![chart], ..titled(RESULTS) });
        sections.extend(self.ranks.as_ref().map(|ranks| Section {
            text: vec![ranks::explanation(comparison, ranks)],
            table: Some(ranks::table(comparison, ranks, headings)),
            notes: ranks::notes(comparison, ranks, headings),
            charts: vec![picture("ranks", "The rank of each case in each run, as lines that slope")],
            ..titled(RANKS)
        }));
        let bound = ranks::bound_table(comparison, headings);
        sections.extend(bound.map(|table| Section { table: Some(table), ..titled(BOUND) }));
        sections.push(noted);
        sections.extend(self.beside(headings));
        sections
    }

    /// What stands behind the results: baselines, phases, costs.
    fn beside(&self, headings: &[String]) -> [Section; 3] {
        let comparison = self.comparison;
        let medians = "Medians of the total and of each phase; these need not add up to that.";
        let same = "Sizes of table and indexes only where they differ, checkpoints only where there was one.";
        [
            (BASELINES, on_baselines(comparison, headings), tables::own_baselines(comparison, headings)),
            (PHASES, medians.into(), tables::phases(comparison, headings)),
            (COSTS, same.into(), tables::costs(comparison, headings)),
        ]
        .map(|(title, text, table)| Section {
            text: vec![text],
            table: Some(table),
            ..titled(title)
        })
    }

    /// The comparison as Markdown that needs no files beside it: without its charts.
    pub(crate) fn markdown(&self) -> String {
        let mut page = self.page();
        page.sections.iter_mut().for_each(|section| section.charts.clear());
        markdown::page(&page)
    }

    /// The comparison as one file of HTML, with its charts.
    ///
    /// # Errors
    /// When a chart cannot be drawn.
    pub(crate) fn html(&self) -> Result<String> {
        let both = self.charts(Format::Page)?.into_iter().zip(self.charts(Format::Phone)?);
        let inline = both.map(|((name, wide), (_, narrow))| html::InlineChart {
            name: name.into(),
            wide: chart::inline(&wide),
            narrow: chart::inline(&narrow),
        });
        html::page(&self.page(), &inline.collect::<Vec<_>>())
    }

    /// A row a case and run, for spreadsheets and scripts.
    ///
    /// # Errors
    /// When the text cannot be made.
    pub(crate) fn csv(&self) -> Result<String> {
        files::csv(self.comparison, self.ranks.as_ref())
    }

    /// All of it for programs, by a published schema.
    ///
    /// # Errors
    /// When the text cannot be made.
    pub(crate) fn json(&self) -> Result<String> {
        files::json(self.comparison, self.ranks.as_ref(), self.gate.as_ref())
    }

    /// Its charts by the names of their files.
    ///
    /// # Errors
    /// When one cannot be drawn.
    pub(crate) fn charts(&self, format: Format) -> Result<Vec<(&'static str, String)>> {
        let comparison = self.comparison;
        let mut charts = Vec::new();
        if !comparison.cases.is_empty() {
            charts.push(("comparison", rates::of_comparison(comparison, format)?));
        }
        if let Some(found) = &self.ranks {
            let names: Vec<String> = comparison.runs.iter().map(|run| run.name.clone()).collect();
            let letters = tables::letters(&comparison.runs);
            charts.push(("ranks", chart::ranks::draw(comparison, found, [&names, &letters], format)?));
        }
        Ok(charts)
    }
}

fn titled(title: &str) -> Section {
    Section { title: title.into(), ..Section::default() }
}

fn picture(name: &str, alt: &str) -> Picture {
    Picture { name: name.into(), alt: alt.into() }
}
