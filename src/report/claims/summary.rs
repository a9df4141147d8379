//! The ledger in short, for a file of the project: what became of the claims, by source.

use crate::analysis::claims::{ClaimVerdict, Ledger, Tally};
use crate::claim::Source;
use crate::report::markdown;
use crate::report::table::{Cell, Column, Table};

use super::words::tally;

/// The verdicts that have a column.
static DECIDED: [ClaimVerdict; 4] =
    [ClaimVerdict::Reproduced, ClaimVerdict::Weaker, ClaimVerdict::NotReproduced, ClaimVerdict::Reversed];

/// The ledger of these sources in short, as Markdown, with links to the pages of the sources in this directory.
pub(super) fn summary(ledger: &Ledger, sources: &[Source], pages: &str) -> String {
    let mut columns = vec![Column::words("source", ""), Column::numbers("claims", "")];
    let further = ["more than one of these", "undecided", "not testable here"];
    let titles = DECIDED.iter().map(ClaimVerdict::words).chain(further);
    columns.extend(titles.map(|title| Column::numbers(title, "")));
    let of_source = |source: &Source| {
        row(&format!("{}: {}", source.id, source.title), &ledger.of_source(&source.id).tally())
    };
    let mut rows: Vec<Vec<Cell>> = sources.iter().map(of_source).collect();
    let all = ledger.tally();
    rows.push(row("all", &all));
    let table = markdown::table(&Table { columns, rows });
    let link = |source: &Source| format!("[{}]({pages}/{}.md)", source.id, source.id.to_lowercase());
    let links: Vec<String> = sources.iter().map(link).collect();
    format!("{}\n\n{table}\nClaim by claim: {}.\n", markdown::escape(&tally(&all)), links.join(", "))
}

/// What became of so many claims; those of which the tests, or the places, have more than one verdict apart.
fn row(title: &str, tally: &Tally) -> Vec<Cell> {
    let decided = DECIDED.iter().map(|verdict| tally.alike.get(verdict.words()).copied().unwrap_or_default());
    let numbers =
        [tally.claims].into_iter().chain(decided).chain([tally.mixed, tally.open, tally.untestable]);
    std::iter::once(Cell::Text(title.to_owned())).chain(numbers.map(|n| Cell::Count(n as u64))).collect()
}
