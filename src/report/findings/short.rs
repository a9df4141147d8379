//! The findings on one screen: a sentence or two, and how many files end how by each way.

use super::words::is_silent;
use crate::model::findings::{Finding, Findings, Verdict};
use crate::report::table::{Cell, Column, Table, Tone};

/// With fewer caveats than this a table of numbers says less than the caveats themselves.
const FEWEST: usize = 4;

/// The outcomes that the table counts, the worst first.
const OUTCOMES: [(&str, &str); 5] = [
    ("silent damage", "The table does not hold what was meant, and not a word of it."),
    (
        "part",
        "A part of the rows is in, and the way reported an error or rows passed over, if perhaps fewer than are \
         lost; damage that came with an error, too.",
    ),
    ("refused", "An error, and nothing is loaded."),
    ("good rows", "Dirty rows were passed over, and the way said so."),
    ("as meant", "The table holds what was meant."),
];

/// How many files end how by one way.
struct Tally<'f> {
    way: &'f str,
    counts: [u64; OUTCOMES.len()],
}

impl Tally<'_> {
    fn files(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn row(&self) -> Vec<Cell> {
        let silent = match self.counts[0] {
            0 => Cell::Count(0),
            n => Cell::Toned(n.to_string(), Tone::Alarm),
        };
        let others = self.counts[1..].iter().map(|n| Cell::Count(*n));
        [Cell::Text(self.way.to_owned()), silent].into_iter().chain(others).collect()
    }
}

/// The server's version.
pub(crate) fn version(findings: &Findings) -> &str {
    findings.server.version.split_whitespace().nth(1).unwrap_or("?")
}

/// The findings in a sentence or two.
pub(crate) fn headline(findings: &Findings) -> Vec<String> {
    let files = findings.caveats.len();
    let all = sum("", &tallies(findings));
    let cured = findings.caveats.iter().filter(|caveat| {
        let as_meant = |f: &Finding| f.verdict == Verdict::AsMeant;
        caveat.findings.iter().any(as_meant)
    });
    let cured = match cured.count() {
        n if n == files => "each".into(),
        n => n.to_string(),
    };
    let mut lines = vec![format!(
        "{} of {} plain loads of {files} dirty files into PostgreSQL {} do silent damage: no error, and the table \
         does not hold what was meant. For {cured} of the files something that was tried loads it as meant.",
        all.counts[0],
        all.files(),
        version(findings),
    )];
    lines.extend(unfinished(findings));
    lines
}

/// A sentence on the caveats that a run lacks which was stopped or killed.
fn unfinished(findings: &Findings) -> Option<String> {
    let begun = |id: &&String| findings.caveats.iter().any(|c| c.id == **id && !c.findings.is_empty());
    let named: Vec<String> = findings
        .pending
        .iter()
        .map(|id| if begun(&id) { format!("{id} (in part)") } else { id.clone() })
        .collect();
    (!named.is_empty()).then(|| {
        format!(
            "The run did not get to its end: the rest is missing, which is {}. Run it again to have all.",
            named.join(", ")
        )
    })
}

/// The table of one screen: a row a way, the one with most silent damage first. `None` for a few caveats.
pub(crate) fn table(findings: &Findings) -> Option<Table> {
    if findings.caveats.len() < FEWEST {
        return None;
    }
    let outcomes = OUTCOMES.iter().map(|(title, help)| Column::numbers(*title, help));
    let method = Column::words("method", "A plain way of loading the files; an outcome counts once a file.");
    let (single, mut several): (Vec<Tally>, Vec<Tally>) =
        tallies(findings).into_iter().partition(|tally| tally.files() == 1);
    several.sort_by_key(|tally| std::cmp::Reverse(tally.counts[0]));
    let more = format!("{} more, a file each", single.len());
    let mut rows: Vec<Vec<Cell>> = several.iter().map(Tally::row).collect();
    match single.as_slice() {
        [one] => rows.push(one.row()),
        [] => {}
        ways => rows.push(sum(&more, ways).row()),
    }
    several.extend(single);
    rows.push(sum("all", &several).row());
    Some(Table { columns: std::iter::once(method).chain(outcomes).collect(), rows })
}

/// What was run on which version, and the ways that are missing.
pub(crate) fn circumstances(findings: &Findings) -> String {
    let place = format!(
        "Files by outcome; not every way takes every file. PostgreSQL {} ({}), {}, {}.",
        version(findings),
        findings.server.source.name(),
        findings.provenance.machine.os,
        findings.provenance.started.split('T').next().unwrap_or_default()
    );
    let counted = tallies(findings);
    let mut missing: Vec<&str> = Vec::new();
    for finding in plain(findings) {
        let way = finding.way.as_str();
        if !missing.contains(&way) && counted.iter().all(|tally| tally.way != way) {
            missing.push(way);
        }
    }
    match missing.is_empty() {
        true => place,
        false => {
            format!("{place} No outcome (the notes of the report say why): {}.", missing.join(", "))
        }
    }
}

/// The findings of ways that are no remedies.
fn plain(findings: &Findings) -> impl Iterator<Item = &Finding> {
    findings.caveats.iter().flat_map(|caveat| &caveat.findings).filter(|finding| finding.remedy.is_none())
}

/// A tally for each plain way that has an outcome, in the order of the findings.
fn tallies(findings: &Findings) -> Vec<Tally<'_>> {
    let mut tallies: Vec<Tally> = Vec::new();
    for finding in plain(findings) {
        let Some(outcome) = outcome(finding) else { continue };
        let index = tallies.iter().position(|tally| tally.way == finding.way).unwrap_or_else(|| {
            tallies.push(Tally { way: &finding.way, counts: [0; OUTCOMES.len()] });
            tallies.len() - 1
        });
        tallies[index].counts[outcome] += 1;
    }
    tallies
}

/// The place of a finding among the outcomes that are counted.
fn outcome(finding: &Finding) -> Option<usize> {
    match finding.verdict {
        Verdict::Damaged if is_silent(finding) => Some(0),
        Verdict::Damaged | Verdict::Untruthful | Verdict::Partial => Some(1),
        Verdict::Refused => Some(2),
        Verdict::GoodRows => Some(3),
        Verdict::AsMeant => Some(4),
        Verdict::Unavailable | Verdict::NotTried | Verdict::NotFed | Verdict::Failed => None,
    }
}

fn sum<'f>(way: &'f str, tallies: &[Tally]) -> Tally<'f> {
    let count = |outcome: usize| tallies.iter().map(|tally| tally.counts[outcome]).sum();
    Tally { way, counts: std::array::from_fn(count) }
}
