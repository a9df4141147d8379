//! The content of a run's report, in order.

use super::figures::Figures;
use super::section::{Code, Page, Picture, Prominence, Section};
use super::{
    by_dataset, crashes, curve, emulated, even_speed, facts, headline, notes, own_tables, results, steps,
    why, winners,
};
use crate::stats::MIN_SAMPLES;

/// The report of one run.
pub(crate) fn of_run(figures: &Figures) -> Page {
    let Figures { run, samples, standings, .. } = figures;
    let titled = |title: &str| Section { title: title.into(), ..Section::default() };
    let picture = |name: &str, alt: &str| Picture { name: name.into(), alt: alt.into() };
    let charts = vec![
        picture("total", "Median total by case, stacked by phase"),
        picture("rate", "Rows a second by case, on a logarithmic scale"),
    ];
    let crashed = crashes::section(run, samples, standings);
    // What the experiment is about comes first: crashes, where its times are too few for a claim.
    let few = (run.plan.rounds as usize) < MIN_SAMPLES;
    let (first, behind) = if few { (crashed, None) } else { (None, crashed) };
    let mut sections = Vec::from_iter(first);
    if let Some(curve) = &figures.curve {
        let title = format!("Rows a second by {}", curve::axis_name(curve));
        let text = vec![format!("Rows a second, from the medians; {}.", curve::axis_title(curve))];
        let charts = vec![picture("curve", &format!("{title}, a line a series"))];
        sections.push(Section { text, table: Some(curve::table(curve)), charts, ..titled(&title) });
    }
    match by_dataset::table(standings) {
        // No method is the fastest over tables of different rows.
        Some(table) => sections.push(Section {
            text: vec!["Rows a second, from the medians. Where datasets have different rows, only the rates of a line are to be compared."
                .into()],
            table: Some(table),
            ..titled("Rows a second by dataset")
        }),
        None => sections.extend(winners::section(figures)),
    }
    if let Some(chain) = &figures.chain {
        let charts = vec![picture("steps", "What each step saves, as bars that hang from each other")];
        sections.push(Section { table: Some(steps::table(chain)), charts, ..titled("Step by step") });
    }
    sections.push(Section { table: Some(results::results(standings)), charts, ..titled("Results") });
    sections.extend(behind);
    sections.push(Section { notes: notes::notes(run, samples, standings), ..titled("Notes") });
    if let Some(table) = results::published(standings) {
        let source = run.plan.published.clone().unwrap_or_else(|| "its source".into());
        let text = vec![format!(
            "Published by {source}. Times of another machine and decade are not compared with those of this \
             one; only the ratios within each."
        )];
        sections.push(Section { text, table: Some(table), ..titled("Beside published figures") });
    }
    sections.extend(super::claims::section_of_run(run, samples));
    let phases = Section {
        text: vec!["Medians of each phase; they need not add up to the median of the total.".into()],
        table: Some(results::phases(standings)),
        ..titled("Phases")
    };
    sections.push(phases);
    sections.push(Section { table: Some(results::costs(standings)), ..titled("What it cost") });
    sections.extend(why::sections(run, standings));
    sections.extend(even_speed::section(standings));
    sections.push(winners::methods(run));
    sections.extend(emulated::section(run));
    sections.push(Section { table: Some(facts::machine(run)), ..titled("Machine") });
    sections.push(Section { table: Some(facts::server(run)), ..titled("Server") });
    let settings = Some(facts::settings(run));
    sections.push(Section { table: settings, prominence: Prominence::Folded, ..titled("Settings") });
    sections.extend(own_tables::section(run));
    sections.push(Section { table: Some(facts::dataset(run)), ..titled("Dataset") });
    sections.push(Section { text: facts::method(run), ..titled("How it was measured") });
    sections.push(Section { code: vec![Code::shell(run.provenance.command.clone())], ..titled("Repeat it") });
    sections.push(Section {
        table: Some(results::samples(samples, standings)),
        prominence: Prominence::PageOnly,
        ..titled("All samples")
    });
    Page {
        title: run.plan.title.clone(),
        question: run.plan.question.clone(),
        origin: facts::origin(run),
        headline: headline::headline(figures),
        sections,
    }
}
