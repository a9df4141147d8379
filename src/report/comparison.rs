//! The tables of a comparison.

use super::notes::Note;
use super::section::{Code, Page, Picture, Section};
use super::table::{Cell, Column, Table, Tone};
use crate::analysis::Comparison;
use crate::analysis::comparison::{CaseInRun, CrossVerdict};
use crate::units;

/// The differences between the runs, before any result.
pub(crate) fn differences(comparison: &Comparison) -> Table {
    let mut columns = vec![Column::words("differs", "")];
    columns.extend(comparison.runs.iter().map(|run| Column::words(&run.name, "")));
    let rows = comparison.differences.iter().map(|difference| {
        let field = std::iter::once(Cell::Code(difference.field.clone()));
        field.chain(difference.values.iter().cloned().map(Cell::Text)).collect()
    });
    Table { columns, rows: rows.collect() }
}

/// Case by case, run by run.
pub(crate) fn cases(comparison: &Comparison) -> Table {
    let first = &comparison.runs[0].name;
    // Where cases differ in rows, no figure stands without them.
    let all = comparison.runs[0].run.plan.rows;
    let same_rows = comparison.cases.iter().flat_map(|c| &c.cells).all(|c| c.n == 0 || c.rows == all);
    let columns = vec![
        Column::words("case", ""),
        Column::words("run", ""),
        Column::numbers("rows", "Rows each sample loaded.").spare(if same_rows { 3 } else { 0 }),
        Column::numbers("n", "Samples that finished and were verified.").spare(4),
        Column::numbers("median", "The median of the samples' totals."),
        Column::numbers("rows/s", "Rows a second, from the median.").spare(2),
        Column::numbers(
            "speed to first",
            &format!("The case's time in {first} divided by its time in this run."),
        ),
        Column::numbers("95 %", "Where the true ratio lies, by a bootstrap of both sides.").spare(1),
        Column::words("verdict", "Against the first run, beyond the noise of both."),
        Column::numbers(
            "to own baseline",
            "The case's speed relative to the baseline of its own run, or to the case it is held against there.",
        )
        .spare(5),
    ];
    let rows = comparison.cases.iter().flat_map(|case| {
        case.cells.iter().enumerate().map(|(index, cell)| {
            // A case's name once, at its first run.
            let name = if index == 0 { Cell::Code(case.id.clone()) } else { Cell::None };
            [name, Cell::Text(comparison.runs[index].name.clone())].into_iter().chain(figures(cell)).collect()
        })
    });
    Table { columns, rows: rows.collect() }
}

fn figures(cell: &CaseInRun) -> Vec<Cell> {
    let words = cell.verdict.words().to_string();
    let verdict = match cell.verdict {
        CrossVerdict::Faster => Cell::Toned(words, Tone::Good),
        CrossVerdict::Slower => Cell::Toned(words, Tone::Bad),
        _ => Cell::Toned(words, Tone::Muted),
    };
    vec![
        if cell.n == 0 { Cell::None } else { Cell::Count(cell.rows) },
        Cell::Count(cell.n as u64),
        Cell::optional(cell.total_ns, |e| Cell::Time(e.point)),
        Cell::optional(cell.rows_per_second, |e| Cell::Rate(e.point)),
        Cell::optional(cell.to_first, |r| Cell::Ratio(r.point)),
        Cell::optional(cell.to_first.and_then(|r| r.interval), Cell::RatioRange),
        verdict,
        Cell::optional(cell.to_own_baseline, |r| Cell::Ratio(r.point)),
    ]
}

/// The noise of each run, what cannot be compared and why, what differs in a case itself.
pub(crate) fn notes(comparison: &Comparison) -> Vec<Note> {
    let mut notes: Vec<Note> = comparison
        .runs
        .iter()
        .map(|run| match run.noise_floor {
            Some(floor) => Note::Remark(format!(
                "{}: baseline and control differ by {}",
                run.name,
                units::percent(floor - 1.0)
            )),
            None => {
                Note::Warning(format!("{}: its noise is unknown, as it has no finished control", run.name))
            }
        })
        .collect();
    for case in &comparison.cases {
        for (cell, run) in case.cells.iter().zip(&comparison.runs) {
            if let CrossVerdict::NotComparable(why) = &cell.verdict {
                notes.push(Note::Remark(format!("{} in {}: {why}", case.id, run.name)));
            }
            if !cell.notes.is_empty() {
                notes.push(Note::Remark(format!("{} in {}: {}", case.id, run.name, cell.notes.join("; "))));
            }
        }
    }
    notes.sort_by_key(|note| matches!(note, Note::Remark(_)));
    notes
}

/// The comparison as a page.
pub(crate) fn page(comparison: &Comparison) -> Page {
    let names: Vec<&str> = comparison.runs.iter().map(|run| run.name.as_str()).collect();
    let rows = units::count(comparison.runs[0].run.dataset.rows);
    let titled = |title: &str| Section { title: title.into(), ..Section::default() };
    let text =
        vec!["Everything that is not the same in all runs. What is not listed is the same.".to_string()];
    let table = (!comparison.differences.is_empty()).then(|| differences(comparison));
    let commands =
        comparison.runs.iter().map(|run| run.run.provenance.command.as_str()).collect::<Vec<_>>().join("\n");
    Page {
        title: format!("{} compared", names.join(", ")),
        question: String::new(),
        origin: format!("{rows} rows of the same dataset in every run."),
        headline: Vec::new(),
        sections: vec![
            Section { text, table, ..titled("What differs") },
            Section {
                table: Some(cases(comparison)),
                charts: vec![Picture {
                    name: "comparison".into(),
                    alt: "Rows a second by case and run, on a logarithmic scale".into(),
                }],
                ..titled("Results")
            },
            Section { notes: notes(comparison), ..titled("Notes") },
            Section { code: vec![Code::shell(commands)], ..titled("Repeat it") },
        ],
    }
}
