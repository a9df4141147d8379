//! The claims that a run says something of, in its own report.

use super::words::{interval, measured, published, says, verdict};
use crate::analysis::claims::{Content, Entry, Record, TestResult, ledger};
use crate::claim;
use crate::model::{Run, Sample};
use crate::report::section::Section;
use crate::report::table::{Cell, Column, Table};

/// What a run makes of published claims, and which it leaves open; `None` where it decides none.
pub(crate) fn section(run: &Run, samples: &[Sample]) -> Option<Section> {
    let content = Content::Run(Box::new(run.clone()), samples.to_vec());
    let records = [Record { name: String::new(), content }];
    let ledger = ledger(claim::sources(), &records);
    let rows: Vec<Vec<Cell>> = ledger.entries.iter().flat_map(decided).collect();
    if rows.is_empty() {
        return None;
    }
    let columns = vec![
        Column::words("claim", "Its number in the ledger."),
        Column::words("what it says", "In this project's words."),
        Column::numbers("published", "The source's ratio, or what it says happens."),
        Column::numbers("here", "The same, measured or found by this run."),
        Column::numbers("95 %", "Where the true figure lies."),
        Column::words("verdict", "What this run makes of the claim."),
        Column::words("on", "The server that it is of, where the run has several."),
    ];
    let mut tried: Vec<&Entry> = ledger.entries.iter().filter(|entry| !entry.results.is_empty()).collect();
    let mut pages: Vec<String> =
        tried.iter().map(|entry| format!("docs/claims/{}.md", entry.source.id.to_lowercase())).collect();
    pages.dedup();
    // One server of a run may leave open what another decides.
    tried.retain(|entry| entry.results.iter().any(|result| !result.verdict.is_decided()));
    let mut open: Vec<&str> = tried.iter().map(|entry| entry.claim.id.as_str()).collect();
    open.dedup();
    let mut text = vec![format!(
        "bulkbench claims --source, with the number of a claim, says where it was published, what tests it, and why it comes out \
         so. What became of these in the project's own runs: {}.",
        pages.join(", ")
    )];
    if !open.is_empty() {
        text.push(format!("Left open by this run, in whole or in part: {}.", open.join(", ")));
    }
    let table = Some(Table { columns, rows }.without_empty_columns());
    Some(Section { title: "What was published elsewhere".into(), text, table, ..Section::default() })
}

/// A line for each verdict on a claim's test.
fn decided(entry: &Entry) -> Vec<Vec<Cell>> {
    let Some(test) = entry.test else { return Vec::new() };
    let decided = entry.results.iter().filter(|result| result.verdict.is_decided());
    let line = |result: &TestResult| {
        vec![
            Cell::Code(entry.claim.id.clone()),
            Cell::Text(says(entry)),
            published(test),
            measured(test, result),
            interval(test, result),
            verdict(&result.verdict),
            Cell::optional(result.server_name(), |name| Cell::Text(name.to_owned())),
        ]
    };
    decided.map(line).collect()
}
