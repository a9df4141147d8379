//! The chain of a run, whose cases go step by step: its finding and its table.

use super::table::{Cell, Column, Table, whole};
use crate::analysis::{Chain, Step, Summary};
use crate::units;

/// The finding: what the first case becomes, and what each step saves, the largest first.
pub(crate) fn finding(chain: &Chain) -> String {
    let time = |summary: &Summary| Cell::optional(summary.total_ns, |e| Cell::Time(e.point)).text();
    let (first, last) = (chain.first, chain.last());
    let mut steps: Vec<&Step> = chain.steps.iter().filter(|step| step.is_claimed()).collect();
    steps.sort_by(|a, b| b.saved_ns().total_cmp(&a.saved_ns()));
    let changes: Vec<String> =
        steps.iter().map(|step| format!("{} {}", step.name, change(step.saved_ns()))).collect();
    let unclaimed = chain.steps.len() - steps.len();
    let changes = match (changes.is_empty(), unclaimed) {
        (true, _) => "; no single step stands out from the noise".into(),
        (false, 0) => format!(": {}", changes.join(", ")),
        (false, 1) => format!(": {}; one step does not stand out from the noise", changes.join(", ")),
        (false, n) => format!(": {}; {n} steps do not stand out from the noise", changes.join(", ")),
    };
    format!(
        "Step by step from {} ({}) to {} ({}), {} its speed{changes}.",
        first.case.id,
        time(first),
        last.case.id,
        time(last),
        Cell::Ratio(chain.whole.point).text()
    )
}

fn change(saved_ns: f64) -> String {
    let time = units::seconds(whole(saved_ns.abs()));
    if saved_ns < 0.0 { format!("costs {time}") } else { format!("saves {time}") }
}

/// A row a step: what it changes, what that saves, and the case that has all steps so far.
pub(crate) fn table(chain: &Chain) -> Table {
    let columns = vec![
        Column::words("step", "What changes; each step keeps what those before it changed."),
        Column::numbers(
            "saves",
            "The medians' difference to the case before; with a minus where it takes longer.",
        ),
        Column::numbers("of all", "Its share of what all steps together save."),
        Column::numbers("speed", "Relative to the case before."),
        Column::numbers("speed, 95 %", "Where the true relative speed lies.").spare(2),
        Column::words("verdict", "Against the case before, by the rules of the table of results."),
        Column::numbers("median", "The median of the samples' totals with this step and all before it."),
        Column::words("case", "As the table of results names it.").spare(3),
    ];
    let first = vec![
        Cell::Text("to begin with".into()),
        Cell::None,
        Cell::None,
        Cell::None,
        Cell::None,
        Cell::None,
        Cell::optional(chain.first.total_ns, |e| Cell::Time(e.point)),
        Cell::Code(chain.first.case.id.clone()),
    ];
    let row = |step: &Step| {
        let saved = step.saved_ns();
        let sign = if saved < 0.0 { "-" } else { "" };
        vec![
            Cell::Text(step.name.into()),
            Cell::Text(format!("{sign}{}", units::seconds(whole(saved.abs())))),
            Cell::Text(format!("{:.0} %", 100.0 * saved / chain.saved_ns())),
            Cell::optional(step.standing.ratio, |r| Cell::Ratio(r.point)),
            Cell::optional(step.standing.ratio.and_then(|r| r.interval), Cell::RatioRange),
            super::results::verdict_cell(&step.standing.verdict),
            Cell::Time(step.to_ns),
            Cell::Code(step.standing.summary.case.id.clone()),
        ]
    };
    let rows = std::iter::once(first).chain(chain.steps.iter().map(row)).collect();
    Table { columns, rows }.without_empty_columns()
}
