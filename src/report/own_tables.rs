//! The tables of a run that were made by a DDL.

use super::facts;
use super::section::{Code, Section};
use crate::model::{OwnTable, Run};

/// The tables, their DDL and what was done to them once they were made; `None` where all rows went into votes as it is.
pub(crate) fn section(run: &Run) -> Option<Section> {
    let unnamed = run.table.iter().filter(|table| run.tables.values().all(|other| other != *table));
    let unnamed: Vec<&OwnTable> = unnamed.collect();
    let mut text = Vec::new();
    text.extend(unnamed.iter().map(|table| format!("The rows went into the table {}.", table.name)));
    text.extend((!run.tables.is_empty()).then(|| {
        let each = |(dataset, table): (&String, &OwnTable)| match dataset == &table.name {
            true => dataset.clone(),
            false => format!("{dataset} (into {})", table.name),
        };
        let all: Vec<String> = run.tables.iter().map(each).collect();
        format!("Datasets with a table of their own: {}.", all.join(", "))
    }));
    let code = |title: String, table: &OwnTable| Code {
        language: "sql",
        text: table.ddl.trim().into(),
        folded: Some(title),
    };
    let notes = unnamed.iter().copied().chain(run.tables.values()).flat_map(|table| &table.notes);
    text.extend(notes.map(|note| format!("{note}.")));
    let of_unnamed = unnamed.into_iter().map(|table| code("Its DDL".into(), table));
    let of_named = run.tables.iter().map(|(name, table)| code(format!("The DDL of {name}"), table));
    let mut code: Vec<Code> = of_unnamed.chain(of_named).collect();
    let title = if code.len() > 1 { "Tables" } else { "Table" };
    text.extend(facts::making(&run.making));
    if !run.making.after.is_empty() {
        code.push(Code { language: "sql", text: run.making.after.join(";\n"), folded: None });
    }
    (!code.is_empty() || !text.is_empty()).then(|| Section {
        title: title.into(),
        text,
        code,
        ..Section::default()
    })
}
