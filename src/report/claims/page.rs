//! The ledger as a table, as blocks with all that is known of each claim, and as the page of a source.

use super::words::{
    command, counts, interval, measured, part, published, published_in, says, tally, tested_by, verdict,
};
use crate::analysis::claims::{Entry, Ledger, TestResult};
use crate::claim::Source;
use crate::distinct::distinct;
use crate::report::Look;
use crate::report::section::{Code, Page, Section};
use crate::report::table::{Cell, Column, Table, Tone};
use crate::report::terminal;

/// How ratios are to be read, below every table of them.
const RATIOS: &str = "Figures are ratios: what a case is held against, divided by the case; 2x is twice as fast, or half as \
    much. Times of other machines and years are not compared, only ratios within a source and within a run. A verdict \
    on one needs five rounds; half of the published difference counts as it (docs/methodology.md). Each is by itself: of a \
    hundred differences that are not there two or three would seem so in the direction that was published.";

/// How the rules of verdicts are to be read.
const VERDICTS: &str = "A direction is there where the interval at 95 % lies clear of 1, and the figure then says whether it is \
    reproduced or weaker. That two are the same takes the whole interval, and a share or a rate goes by both ends of its \
    own. Sizes, and what becomes of rows, are exact. What the samples leave open is undecided.";

/// The ledger for a terminal: a line for each result.
pub(super) fn overview(ledger: &Ledger, look: Look) -> String {
    let mut out = terminal::paragraph(&tally(&ledger.tally()), look);
    for entries in by_source(ledger) {
        out.push('\n');
        out.push_str(&terminal::heading(&heading(entries[0].source), look));
        out.push_str(&terminal::table(&table(entries), look));
    }
    out.push('\n');
    out.push_str(&terminal::paragraph(RATIOS, look));
    out.push_str(&terminal::paragraph(
        "`bulkbench run EXPERIMENT --claim CLAIM` tries one. `bulkbench claims --source A8` says where it was published, \
         what tests it, why it comes out so, and by which command exactly; A has all of its source.",
        look,
    ));
    out
}

/// The ledger for a terminal, claim by claim with all that is known.
pub(super) fn blocks(ledger: &Ledger, look: Look) -> String {
    let mut out = terminal::paragraph(&tally(&ledger.tally()), look);
    for entries in by_source(ledger) {
        let source = entries[0].source;
        out.push('\n');
        out.push_str(&terminal::heading(&heading(source), look));
        out.push_str(&terminal::paragraph(&format!("Conditions: {}.", source.conditions), look));
        for of_claim in entries.chunk_by(|a, b| a.claim.id == b.claim.id) {
            out.push('\n');
            out.push_str(&block(of_claim, look));
        }
    }
    out.push('\n');
    out.push_str(&terminal::paragraph(RATIOS, look));
    out
}

fn block(entries: &[Entry], look: Look) -> String {
    let claim = entries[0].claim;
    let mut out = terminal::headline(&format!("{}: {}", claim.id, claim.says), look);
    let mut line = |blanks, words: &str| out.push_str(&terminal::indented(words, blanks, look));
    line(2, &format!("published: {} ({})", claim.figure, published_in(&entries[0])));
    claim.conditions.iter().for_each(|conditions| line(2, &format!("conditions: {conditions}")));
    claim.untestable.iter().for_each(|why| line(2, &format!("not testable here: {why}")));
    for entry in entries {
        let Some(test) = entry.test else { continue };
        let about = test.about.as_ref().map(|about| format!("{about}: ")).unwrap_or_default();
        line(2, &format!("{about}{}; published {}", tested_by(test), published(test).text()));
        line(4, &counts(test));
        if entry.results.is_empty() {
            line(4, &format!("no record has it: {}", command(entry).unwrap_or_default()));
        }
        for result in entry.shown() {
            line(4, &sentence(entry, result));
            result.evidence.iter().for_each(|e| line(6, &format!("{}: {}", e.case, e.words)));
            line(6, &result.repeat);
        }
    }
    out
}

/// What became of a test, in a sentence.
fn sentence(entry: &Entry, result: &TestResult) -> String {
    let Some(test) = entry.test else { return String::new() };
    let mut words = result.verdict.words().to_owned();
    let figure = measured(test, result);
    if figure != Cell::None {
        words.push_str(&format!(", {}", figure.text()));
    }
    let range = interval(test, result);
    if range != Cell::None {
        words.push_str(&format!(" (95 %: {})", range.text()));
    }
    result.verdict.reason().iter().for_each(|why| words.push_str(&format!(": {why}")));
    format!("{words}; on {} ({})", result.place, result.record)
}

/// A line for each result; for each test without one, a line that says so.
fn table(entries: &[Entry]) -> Table {
    let columns = vec![
        Column::words("claim", "Its number in the ledger."),
        Column::words("what it says", "In this project's words."),
        Column::numbers("published", "The source's ratio, or what it says happens."),
        Column::numbers("measured", "The same, measured or found here."),
        Column::numbers("measured, 95 %", "Where the true figure lies."),
        Column::words("verdict", "What became of the claim."),
        Column::words("experiment", "The experiment that tested it, or that would."),
        Column::words("where", "Machine, version and disk.").spare(1),
    ];
    let mut rows = Vec::new();
    let mut before = "";
    for entry in entries {
        let claim = entry.claim.id.as_str();
        // Of several tests of a claim the first says what it is about.
        let mut says = if before == claim { part(entry) } else { says(entry) };
        before = claim;
        let mut row = |cells: [Cell; 3], experiment: Cell, place: Cell| {
            let head = [
                Cell::Code(claim.into()),
                Cell::Text(std::mem::take(&mut says)),
                entry.test.map_or(Cell::None, published),
            ];
            rows.push(head.into_iter().chain(cells).chain([experiment, place]).collect());
        };
        let without = |words: &str| [Cell::None, Cell::None, Cell::Toned(words.into(), Tone::Muted)];
        let Some(test) = entry.test else {
            row(without("not testable here"), Cell::None, Cell::None);
            continue;
        };
        let shown = entry.shown();
        if shown.is_empty() {
            row(without("not run"), Cell::Code(test.experiment.clone()), Cell::None);
        }
        for result in shown {
            let cells = [measured(test, result), interval(test, result), verdict(&result.verdict)];
            row(cells, Cell::Code(result.experiment.clone()), Cell::Text(result.place.clone()));
        }
    }
    Table { rows, columns }.without_empty_columns()
}

/// The page of these sources.
pub(super) fn page(ledger: &Ledger) -> Page {
    let sections = by_source(ledger).into_iter().flat_map(|entries| {
        let source = entries[0].source;
        let ledger = Section {
            title: heading(source),
            text: vec![format!("Conditions: {}.", source.conditions)],
            table: Some(table(entries)),
            ..Section::default()
        };
        let places = Section {
            title: format!("{}: what was published, and where", source.id),
            table: Some(origins(entries)),
            ..Section::default()
        };
        let repeat = Section {
            title: format!("{}: by which command", source.id),
            text: vec!["A verdict is repeated by the command behind it.".into()],
            code: commands(entries),
            ..Section::default()
        };
        let rules = Section {
            title: format!("{}: what counts as which verdict", source.id),
            text: vec![VERDICTS.into()],
            table: rules(entries),
            ..Section::default()
        };
        let untestable = Section {
            title: format!("{}: why a claim has no verdict", source.id),
            text: reasons(entries),
            ..Section::default()
        };
        let why = Section {
            title: format!("{}: why it comes out so", source.id),
            text: vec!["What the loads were bound by, or the error that ended them.".into()],
            table: evidence(entries),
            ..Section::default()
        };
        [
            Some(ledger),
            Some(places),
            why.table.is_some().then_some(why),
            (!untestable.text.is_empty()).then_some(untestable),
            rules.table.is_some().then_some(rules),
            (!repeat.code.is_empty()).then_some(repeat),
        ]
        .into_iter()
        .flatten()
    });
    Page {
        title: "Published claims, held against runs".into(),
        question: "Does what was published hold here?".into(),
        origin: "Made by `bulkbench claims` from the records in results/.".into(),
        headline: vec![tally(&ledger.tally()), RATIOS.into()],
        sections: sections.collect(),
    }
}

/// Where each claim was published, what the source has, and what holds for it alone; a line a claim.
fn origins(entries: &[Entry]) -> Table {
    let columns = vec![
        Column::words("claim", ""),
        Column::words("where", ""),
        Column::words("what the source has", ""),
        Column::words("conditions, and what is other here", ""),
    ];
    let row = |of_claim: &[Entry]| {
        let claim = of_claim[0].claim;
        vec![
            Cell::Code(claim.id.clone()),
            Cell::Text(published_in(&of_claim[0])),
            Cell::Text(claim.figure.clone()),
            Cell::optional(claim.conditions.clone(), Cell::Text),
        ]
    };
    let rows = entries.chunk_by(|a, b| a.claim.id == b.claim.id).map(row).collect();
    Table { columns, rows }.without_empty_columns()
}

/// The reasons of a source's claims that have no verdict, a paragraph each.
fn reasons(entries: &[Entry]) -> Vec<String> {
    let untested = |entry: &Entry| {
        entry.claim.untestable.as_ref().map(|why| format!("{}: not testable here: {why}.", entry.claim.id))
    };
    let undecided = |entry: &Entry| -> Vec<String> {
        let results = entry.shown();
        let reason = |result: &&TestResult| {
            let why = result.verdict.reason()?;
            Some(format!("{} by {}: {}: {why}.", entry.claim.id, result.record, result.verdict.words()))
        };
        results.iter().filter_map(reason).collect()
    };
    let mut reasons: Vec<String> =
        entries.iter().flat_map(|entry| untested(entry).into_iter().chain(undecided(entry))).collect();
    // Of several tests of a claim some have the same.
    reasons.dedup();
    reasons
}

/// The evidence of verdicts that are not as published, and of levels.
fn evidence(entries: &[Entry]) -> Option<Table> {
    let columns = vec![
        Column::words("claim", ""),
        Column::words("verdict", ""),
        Column::words("experiment", ""),
        Column::words("case", ""),
        Column::words("why", ""),
    ];
    let rows = entries.iter().flat_map(|entry| {
        let decided = entry.shown().into_iter().filter(|result| result.verdict.is_decided());
        decided.flat_map(move |result| {
            result.evidence.iter().map(move |evidence| {
                vec![
                    Cell::Code(entry.claim.id.clone()),
                    verdict(&result.verdict),
                    Cell::Code(result.experiment.clone()),
                    Cell::Code(evidence.case.clone()),
                    Cell::Text(evidence.words.clone()),
                ]
            })
        })
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    (!rows.is_empty()).then_some(Table { columns, rows })
}

/// What is held against what, and what counts as which verdict of it.
fn rules(entries: &[Entry]) -> Option<Table> {
    let columns = vec![
        Column::words("claim", ""),
        Column::words("what is held against what", ""),
        Column::numbers("published", ""),
        Column::words("verdict", ""),
    ];
    let row = |entry: &Entry| {
        let test = entry.test?;
        Some(vec![
            Cell::Code(entry.claim.id.clone()),
            Cell::Text(tested_by(test)),
            published(test),
            Cell::Text(counts(test)),
        ])
    };
    let rows: Vec<Vec<Cell>> = entries.iter().filter_map(row).collect();
    (!rows.is_empty()).then_some(Table { columns, rows })
}

fn commands(entries: &[Entry]) -> Vec<Code> {
    let of_entry = |entry: &Entry| {
        let repeats: Vec<String> = entry.shown().into_iter().map(|result| result.repeat.clone()).collect();
        if repeats.is_empty() { command(entry).into_iter().collect() } else { repeats }
    };
    let lines = distinct(entries.iter().flat_map(of_entry));
    if lines.is_empty() { Vec::new() } else { vec![Code::shell(lines.join("\n"))] }
}

fn heading(source: &Source) -> String {
    format!("{}: {}", source.id, source.title)
}

fn by_source<'r>(ledger: &'r Ledger) -> Vec<&'r [Entry<'r>]> {
    ledger.entries.chunk_by(|a, b| a.source.id == b.source.id).collect()
}
