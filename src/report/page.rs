//! The content of a report, in order, before it is Markdown or HTML.

use super::notes::Note;
use super::table::Table;
use super::{curve, facts, headline, notes, results, steps};
use crate::analysis::{Chain, Curve, Standings};
use crate::model::{Run, Sample};

/// A report.
#[derive(Debug)]
pub(crate) struct Page {
    /// Its title.
    pub title: String,
    /// The question it answers; empty where it answers none.
    pub question: String,
    /// Who made it and when, in a line.
    pub origin: String,
    /// The findings, a sentence each.
    pub headline: Vec<String>,
    /// Its parts.
    pub sections: Vec<Section>,
}

/// A part of a report.
#[derive(Debug, Default)]
pub(crate) struct Section {
    /// Its heading.
    pub title: String,
    /// Paragraphs before all else.
    pub text: Vec<String>,
    /// A table.
    pub table: Option<Table>,
    /// Charts, by the name of their files.
    pub charts: Vec<Picture>,
    /// Notes.
    pub notes: Vec<Note>,
    /// A command to copy.
    pub command: Option<String>,
    /// Whether a reader wants it at first sight.
    pub prominence: Prominence,
}

/// How much of a section shows at first sight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Prominence {
    /// All of it.
    #[default]
    Open,
    /// Its heading, where the format can fold.
    Folded,
    /// All of it on a page; nothing where space is dear.
    PageOnly,
}

/// A chart in a report.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    /// The name of its files, without the ending.
    pub name: String,
    /// A description, for those who cannot see it.
    pub alt: String,
}

/// The report of one run.
pub(crate) fn of_run(run: &Run, samples: &[Sample], standings: &Standings) -> Page {
    let titled = |title: &str| Section { title: title.into(), ..Section::default() };
    let picture = |name: &str, alt: &str| Picture { name: name.into(), alt: alt.into() };
    let curve = Curve::of_run(&run.plan, standings);
    let charts = vec![
        picture("total", "Median total by case, stacked by phase"),
        picture("rate", "Rows a second by case, on a logarithmic scale"),
    ];
    let mut sections = Vec::new();
    if let Some(curve) = &curve {
        // What the experiment is about comes first.
        let title = format!("Rows a second by {}", curve::axis_name(curve));
        let text = vec![format!("Rows a second, from the medians; {}.", curve::axis_title(curve))];
        let charts = vec![picture("curve", &format!("{title}, a line a series"))];
        sections.push(Section { text, table: Some(curve::table(curve)), charts, ..titled(&title) });
    }
    if let Some(chain) = Chain::of_run(standings) {
        let charts = vec![picture("steps", "What each step saves, as bars that hang from each other")];
        sections.push(Section { table: Some(steps::table(&chain)), charts, ..titled("Step by step") });
    }
    sections.push(Section { table: Some(results::results(standings)), charts, ..titled("Results") });
    sections.push(Section { notes: notes::notes(run, samples, standings), ..titled("Notes") });
    if let Some(table) = results::published(standings) {
        let source = run.plan.published.clone().unwrap_or_else(|| "its source".into());
        let text = vec![format!(
            "Published by {source}. Times of another machine and decade are not compared with those of this \
             one; only the ratios within each."
        )];
        sections.push(Section { text, table: Some(table), ..titled("Beside published figures") });
    }
    let phases = Section {
        text: vec!["Medians of each phase; they need not add up to the median of the total.".into()],
        table: Some(results::phases(standings)),
        ..titled("Phases")
    };
    sections.push(phases);
    sections.push(Section { table: Some(results::costs(standings)), ..titled("What it cost") });
    sections.push(Section { table: Some(facts::machine(run)), ..titled("Machine") });
    sections.push(Section { table: Some(facts::server(run)), ..titled("Server") });
    let settings = Some(facts::settings(run));
    sections.push(Section { table: settings, prominence: Prominence::Folded, ..titled("Settings") });
    sections.push(Section { table: Some(facts::dataset(run)), ..titled("Dataset") });
    sections.push(Section { text: facts::method(run), ..titled("How it was measured") });
    sections.push(Section { command: Some(run.provenance.command.clone()), ..titled("Repeat it") });
    sections.push(Section {
        table: Some(results::samples(samples)),
        prominence: Prominence::PageOnly,
        ..titled("All samples")
    });
    Page {
        title: run.plan.title.clone(),
        question: run.plan.question.clone(),
        origin: facts::origin(run),
        headline: headline::headline(run, standings),
        sections,
    }
}
