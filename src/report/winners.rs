//! The cases that a reader asks for first, in words and as statements, and the methods of a run.

use super::figures::Figures;
use super::section::{Code, Prominence, Section};
use super::table::{Cell, Column, Table};
use crate::analysis::Standing;
use crate::distinct::distinct;
use crate::model::{Case, Params, Run, Statement};

/// The cases that are the fastest: what each does, what it gives up, and the statements it sends.
/// `None` while no sample has finished.
pub(crate) fn section(figures: &Figures) -> Option<Section> {
    let winners = figures.standings.winners(figures.chain.as_ref());
    if winners.is_empty() {
        return None;
    }
    let columns = vec![
        Column::words("case", ""),
        Column::words("what it does", ""),
        Column::words("after a crash", "What a crash leaves of rows whose load was reported as done."),
        Column::words("parameters", "All of them with their values, the defaults too."),
    ];
    let row = |standing: &&Standing| {
        let s = &standing.summary;
        let parameters = parameters(&s.case.params);
        vec![
            Cell::Code(s.case.id.clone()),
            Cell::Text(s.case.summary.clone()),
            Cell::Text(s.after_a_crash()),
            if parameters.is_empty() { Cell::None } else { Cell::Text(parameters) },
        ]
    };
    let table = Table { columns, rows: winners.iter().map(row).collect() }.without_empty_columns();
    let code = |standing: &&Standing| {
        let id = &standing.summary.case.id;
        let text = script(figures.run.statements.get(id)?);
        Some(Code {
            language: "sql",
            text,
            folded: Some(format!("The statements of {id}, as they were sent")),
        })
    };
    let code: Vec<Code> = winners.iter().filter_map(code).collect();
    let text = match winners.first() {
        Some(first) if code.is_empty() => vec![format!(
            "bulkbench show {} prints the statements that it sends.",
            first.summary.case.key.method
        )],
        _ => Vec::new(),
    };
    Some(Section {
        title: "What the fastest do".into(),
        text,
        table: Some(table),
        code,
        ..Section::default()
    })
}

/// The methods of a run, each once, and what they do.
pub(crate) fn methods(run: &Run) -> Section {
    let row = |case: &Case| vec![Cell::Code(case.key.method.clone()), Cell::Text(case.summary.clone())];
    let rows = distinct(run.plan.cases.iter().map(row));
    let columns = vec![Column::words("method", ""), Column::words("what it does", "")];
    let table = Some(Table { columns, rows });
    Section {
        title: "What the methods do".into(),
        table,
        prominence: Prominence::Folded,
        ..Section::default()
    }
}

/// `batch = 1000, jobs = 2`.
pub(crate) fn parameters(params: &Params) -> String {
    let each: Vec<String> = params.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    each.join(", ")
}

/// Statements as a script, phase by phase.
pub(crate) fn script(statements: &[Statement]) -> String {
    let mut out = String::new();
    let mut phase = None;
    for statement in statements {
        if phase != Some(statement.phase) {
            let words =
                statement.phase.map_or("before the clock and between the phases", |phase| phase.words());
            out.push_str(&format!("{}-- {words}\n", if out.is_empty() { "" } else { "\n" }));
            phase = Some(statement.phase);
        }
        out.push_str(statement.sql.trim_end_matches(';'));
        out.push(';');
        if statement.times > 1 {
            out.push_str(&format!("  -- {} times", statement.times));
        }
        out.push('\n');
    }
    out.trim_end().to_owned()
}
