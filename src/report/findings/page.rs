//! The page about dirty data: first a table of one screen, then caveat by method, then everything.

use super::short;
use super::words::{advice, outcome, verdict, what_happened};
use crate::model::findings::{CaveatFacts, Finding, Findings, LoadError, Verdict};
use crate::report::facts;
use crate::report::notes::Note;
use crate::report::section::{Code, Page, Prominence, Section};
use crate::report::table::{Cell, Column, Table, Tone};

/// The report.
pub(crate) fn of_findings(findings: &Findings) -> Page {
    let titled = |title: &str| Section { title: title.into(), ..Section::default() };
    let mut sections: Vec<Section> = short::table(findings)
        .map(|table| Section {
            text: vec![short::circumstances(findings)],
            table: Some(table),
            ..titled("In short")
        })
        .into_iter()
        .collect();
    sections.extend([
        Section {
            text: vec![format!(
                "What plain ways of loading make of each file, those with the same outcome in one line; \
                 what to do is what was tried on this server, PostgreSQL {}, and helped.",
                short::version(findings)
            )],
            table: Some(summary(findings)),
            ..titled("Caveat by method")
        },
        Section { notes: notes(findings), ..titled("Notes") },
        Section { table: Some(claims(findings)), ..titled("What the sources say") },
    ]);
    for caveat in &findings.caveats {
        sections.push(Section {
            text: vec![format!("{} ({})", caveat.says, caveat.source)],
            table: Some(ways(caveat)),
            prominence: Prominence::Folded,
            ..titled(&caveat.title)
        });
    }
    let mut place = facts::one_server(&findings.server);
    let machine = &findings.provenance.machine;
    place.push(("client".into(), format!("{}, {}", machine.os, machine.kernel)));
    sections.push(Section { table: Some(facts::table(place)), ..titled("Server") });
    sections.push(Section {
        text: vec![
            "Each way loads the file into a table of its own, once. Afterwards the table's rows are held \
             against those that were meant, whatever the way said of itself: an outcome is never taken from \
             the source. Characters that cannot be seen, or are no plain \
             space, are shown by their names, as in <TAB> or <NO-BREAK SPACE U+00A0>."
                .into(),
        ],
        ..titled("How it was found out")
    });
    sections.push(Section {
        code: vec![Code::shell(findings.provenance.command.clone())],
        ..titled("Repeat it")
    });
    Page {
        title: findings.title.clone(),
        question: findings.question.clone(),
        origin: facts::made_by(
            &findings.provenance.tool,
            &findings.provenance.label,
            &findings.provenance.started,
        ),
        headline: short::headline(findings),
        sections,
    }
}

/// Caveat by method: what happens, and what to do.
pub(crate) fn summary(findings: &Findings) -> Table {
    let columns = vec![
        Column::words("caveat", "What is wrong with the file."),
        Column::words("method", "Plain ways of loading it; those that end the same way share a line."),
        Column::words(
            "outcome",
            "as meant: the table holds what was meant. good rows only: dirty ones were passed over, and \
             the loader said so. refused: an error, and nothing is loaded. a part only: a part of the rows \
             is in, none that was not meant, and the loader said so; untruthfully reported: it reported fewer than are \
             lost. silent damage: not a word of it, and the \
             table does not hold what was meant. damage: the same, with an error or with rows passed over.",
        ),
        Column::words(
            "what happens",
            "The first error with its SQLSTATE and place, or the first row that differs.",
        ),
        Column::words("what to do", "What was tried on this server and helps, and what does not."),
    ];
    let rows = findings.caveats.iter().flat_map(|caveat| {
        groups(caveat).into_iter().enumerate().map(|(index, (first, ways))| {
            let once = |text: &str| if index == 0 { Cell::Text(text.into()) } else { Cell::None };
            vec![
                once(&caveat.title),
                Cell::Text(ways.join(", ")),
                outcome(first),
                Cell::Text(what_happened(first)),
                once(&advice(caveat)),
            ]
        })
    });
    Table { columns, rows: rows.collect() }
}

/// A caveat in a few lines: how plain ways end, and what to do.
pub(crate) fn lines(caveat: &CaveatFacts) -> Vec<String> {
    let mut lines: Vec<String> = groups(caveat)
        .into_iter()
        .map(|(first, ways)| {
            let happened = what_happened(first);
            let happened = if happened.is_empty() { happened } else { format!(": {happened}") };
            format!("{} by {}{happened}", verdict(first), ways.join(", "))
        })
        .collect();
    let advice = advice(caveat);
    if !advice.is_empty() {
        lines.push(format!("what to do: {advice}"));
    }
    lines
}

/// The plain ways that could be tried, those that ended the same way together, each with the first of them.
fn groups(caveat: &CaveatFacts) -> Vec<(&Finding, Vec<&str>)> {
    let mut groups: Vec<(&Finding, Vec<&str>)> = Vec::new();
    let plain = |f: &&Finding| f.remedy.is_none() && f.verdict.is_outcome();
    for finding in caveat.findings.iter().filter(plain) {
        match groups.iter_mut().find(|(first, _)| same_end(first, finding)) {
            Some((_, ways)) => ways.push(&finding.way),
            None => groups.push((finding, vec![&finding.way])),
        }
    }
    groups
}

/// Whether two ways ended the same way.
fn same_end(a: &Finding, b: &Finding) -> bool {
    let same_errors = match (&a.error, &b.error) {
        (Some(a), Some(b)) => same_error(a, b),
        (None, None) => true,
        _ => false,
    };
    verdict(a) == verdict(b) && a.rows_found == b.rows_found && a.difference == b.difference && same_errors
}

/// Whether two ways met the same error: each words it in its own way, and not all of them know the line.
fn same_error(a: &LoadError, b: &LoadError) -> bool {
    match (&a.sqlstate, &b.sqlstate) {
        (Some(one), Some(other)) => {
            one == other && (a.line.is_none() || b.line.is_none() || a.line == b.line)
        }
        _ => a.message == b.message,
    }
}

/// The ways without an outcome, each kind with its reasons, each reason once.
pub(crate) fn notes(findings: &Findings) -> Vec<Note> {
    let mut reasons: Vec<((Verdict, &str), Vec<&str>)> = Vec::new();
    for finding in findings.caveats.iter().flat_map(|caveat| &caveat.findings) {
        let Some(why) = finding.unavailable.as_deref() else { continue };
        let why = (finding.verdict, why);
        let what = finding.remedy.as_deref().unwrap_or(&finding.way);
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, ways)) if ways.contains(&what) => {}
            Some((_, ways)) => ways.push(what),
            None => reasons.push((why, vec![what])),
        }
    }
    let note = |((verdict, why), ways): ((Verdict, &str), Vec<&str>)| {
        let kind = match verdict {
            Verdict::NotTried => "Not tried",
            Verdict::NotFed => "Not fed",
            Verdict::Failed => "Error",
            _ => "No outcome",
        };
        Note::Remark(format!("{kind} ({why}): {}", ways.join("; ")))
    };
    reasons.into_iter().map(note).collect()
}

/// The sources' predictions for a way, beside what was found.
fn claims(findings: &Findings) -> Table {
    let columns = vec![
        Column::words("caveat", ""),
        Column::words("the source says", ""),
        Column::words("method", "The ways that it says it of."),
        Column::words("expected", "The outcome that it expects of them."),
        Column::words("found", ""),
        Column::words("held", "Whether the source is right about this version."),
    ];
    let mut rows = Vec::new();
    for caveat in &findings.caveats {
        let mut expected: Vec<(Verdict, &Finding, Vec<&str>)> = Vec::new();
        for finding in &caveat.findings {
            let Some(wanted) = finding.expected else { continue };
            let same = |(e, f): (Verdict, &Finding)| e == wanted && verdict(f) == verdict(finding);
            match expected.iter_mut().find(|(e, f, _)| same((*e, *f))) {
                Some((.., ways)) => ways.push(&finding.way),
                None => expected.push((wanted, finding, vec![&finding.way])),
            }
        }
        for (index, (expected, found, ways)) in expected.into_iter().enumerate() {
            let once = |text: &str| if index == 0 { Cell::Text(text.into()) } else { Cell::None };
            rows.push(vec![
                once(&caveat.title),
                once(&format!("{} ({})", caveat.says, caveat.source)),
                Cell::Text(ways.join(", ")),
                Cell::Text(expected.words().into()),
                Cell::Text(verdict(found).into()),
                held(expected, found.verdict),
            ]);
        }
    }
    Table { columns, rows }
}

fn held(expected: Verdict, found: Verdict) -> Cell {
    match found {
        found if !found.is_outcome() => Cell::Toned("not testable here".into(), Tone::Muted),
        found if found == expected => Cell::Toned("yes".into(), Tone::Good),
        _ => Cell::Toned("no".into(), Tone::Bad),
    }
}

/// Every way of a caveat.
fn ways(caveat: &CaveatFacts) -> Table {
    let columns = vec![
        Column::words("method", ""),
        Column::words("what it does", ""),
        Column::words("outcome", ""),
        Column::numbers("rows", "Rows in the table in the end, of those that were meant to be."),
        Column::numbers("passed over", "Rows that the way says it passed over."),
        Column::words("what happens", ""),
    ];
    let row = |finding: &Finding| {
        let rows = finding.rows_found.map(|found| format!("{found} of {}", finding.rows_meant));
        vec![
            Cell::Text(finding.way.clone()),
            Cell::Text(match &finding.remedy {
                Some(advice) => format!("{advice}: {}", finding.what),
                None => finding.what.clone(),
            }),
            outcome(finding),
            Cell::optional(rows, Cell::Text),
            Cell::optional(finding.rejected, Cell::Count),
            Cell::Text(what_happened(finding)),
        ]
    };
    Table { columns, rows: caveat.findings.iter().map(row).collect() }
}
