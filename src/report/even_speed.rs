//! The ratios at an even speed of the machine, beside those that were measured: where its speed explains what is left of
//! the samples' times.

use super::section::{Prominence, Section};
use super::table::{Cell, Column, Table};
use crate::analysis::even_speed::{EvenSpeed, even_speed};
use crate::analysis::{Standing, Standings};
use crate::units;

/// The section; nothing where the machine's speed explains nothing.
pub(crate) fn section(standings: &Standings) -> Option<Section> {
    let found = even_speed(standings)?;
    let text = format!(
        "What a fixed piece of work took around each sample explains {} of what is left of the samples' times when case \
         and round are taken out (p = {}): where that took 1 % longer, the load took {:.2} % longer. The second estimate \
         is what the speeds would be if the machine had been equally fast around all samples. It is no verdict; the \
         results stand as they were measured.",
        units::percent(found.explained),
        units::probability(found.p),
        found.slope
    );
    Some(Section {
        title: "Evidence: at an even speed of the machine".into(),
        text: vec![text],
        table: Some(table(standings, &found)),
        prominence: Prominence::Folded,
        ..Section::default()
    })
}

fn table(standings: &Standings, found: &EvenSpeed) -> Table {
    let columns = vec![
        Column::words("case", ""),
        Column::words("held against", "The case that the speeds refer to."),
        Column::numbers("speed", "As measured."),
        Column::numbers("95 %", "Where the true relative speed lies.").spare(1),
        Column::numbers("speed, even machine", "At an even speed of the machine."),
        Column::numbers("even machine, 95 %", "Where it lies then.").spare(1),
    ];
    let row = |standing: &&Standing| {
        let even = *found.speeds.get(&standing.summary.case.id)?;
        let mut cells = vec![
            Cell::Code(standing.summary.case.id.clone()),
            Cell::optional(standing.against, |id| Cell::Code(id.into())),
        ];
        for estimate in [standing.ratio?, even] {
            cells.push(Cell::Ratio(estimate.point));
            cells.push(Cell::optional(estimate.interval, Cell::RatioRange));
        }
        Some(cells)
    };
    let rows = standings.sorted().iter().filter_map(row).collect();
    Table { columns, rows }.without_empty_columns()
}
