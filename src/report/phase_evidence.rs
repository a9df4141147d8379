//! What the backends of a case did in each of its phases, as shares of the phase, and what that took.

use super::section::{Prominence, Section};
use super::table::{Cell, Column, Table};
use crate::analysis::{Standing, bound};
use crate::model::metric::About;
use crate::model::{Metric, Phase, Reading};
use crate::units;

/// The readings of a phase beside its time, from the left.
const METRICS: [Metric; 3] = [Metric::ServerCpu, Metric::Wal, Metric::BackendMemory];

/// A line a case and phase, of cases with several that lasted long enough for shares; nothing where there is none.
pub(crate) fn section(cases: &[&Standing]) -> Option<Section> {
    let rows: Vec<Vec<Cell>> = cases.iter().flat_map(|standing| of_case(standing)).collect();
    if rows.is_empty() {
        return None;
    }
    let column = |metric: &Metric| {
        let About { title, help, .. } = metric.about();
        Column::numbers(title, help)
    };
    let mut columns =
        vec![Column::words("case", ""), Column::words("phase", ""), Column::numbers("median", "")];
    columns.extend(METRICS.iter().chain(&Metric::WAITS).map(column));
    Some(Section {
        title: "Evidence: phases".into(),
        text: vec![
            "The same by phase, of cases with several that were looked at 20 times and more: time, CPU time of the server, \
             WAL and memory of the largest backend in medians, and what the backends were seen to do as shares of the phase, \
             over all samples."
                .into(),
        ],
        table: Some(Table { columns, rows }.without_empty_columns()),
        prominence: Prominence::Folded,
        ..Section::default()
    })
}

/// The lines of a case; none where one phase is all that there is to tell of, as the whole is that then.
fn of_case(standing: &Standing) -> Vec<Vec<Cell>> {
    let phases = &standing.summary.phases_ns;
    let rows: Vec<Vec<Cell>> =
        phases.iter().filter_map(|(phase, ns)| of_phase(standing, *phase, *ns)).collect();
    if rows.len() > 1 { rows } else { Vec::new() }
}

/// The line of a phase that takes so long; `None` where it was looked at too seldom.
fn of_phase(standing: &Standing, phase: Phase, ns: f64) -> Option<Vec<Cell>> {
    let summary = &standing.summary;
    let within = |metric: Metric| Reading::from(metric).within(phase);
    // A record may lack what was not seen, which a median would leave out.
    let looks = |metric: Metric| -> u64 {
        summary.samples.iter().filter_map(|sample| sample.readings.get(within(metric))).sum()
    };
    let all: u64 = Metric::WAITS.into_iter().map(looks).sum();
    if (all as f64) < bound::FEWEST_LOOKS * summary.n() as f64 {
        return None;
    }
    let figure = |metric: Metric| {
        Cell::optional(summary.readings.get(within(metric)), |value| {
            Cell::of_unit(metric.about().unit, value)
        })
    };
    let share = |metric: Metric| match looks(metric) {
        0 => Cell::None,
        seen => Cell::Text(units::percent(seen as f64 / all as f64)),
    };
    let mut cells =
        vec![Cell::Code(summary.case.id.clone()), Cell::Text(phase.words().into()), Cell::Time(ns)];
    cells.extend(METRICS.map(figure));
    cells.extend(Metric::WAITS.map(share));
    Some(cells)
}
