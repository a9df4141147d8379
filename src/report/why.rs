//! Why each case takes the time that it takes: what its loads were bound by, and the readings that say so.

use super::section::{Picture, Prominence, Section};
use super::table::{Cell, Column, Table};
use crate::analysis::{Standing, Standings, bound};
use crate::model::metric::{About, Unit};
use crate::model::{Metric, Run};
use crate::report::chart::stacks;
use crate::units;

/// The evidence in columns, from the left.
const EVIDENCE: [Metric; 11] = [
    Metric::BackendCpu,
    Metric::WorkerCpu,
    Metric::WriterCpu,
    Metric::DeviceWrites,
    Metric::WalRecords,
    Metric::WalFullPages,
    Metric::WalBuffersFull,
    Metric::WalWrites,
    Metric::WalSyncs,
    Metric::FirstScan,
    Metric::Checkpoint,
];

/// A sentence a case, and behind it the readings; nothing where no sample was looked at.
pub(crate) fn sections(run: &Run, standings: &Standings) -> Vec<Section> {
    let cases: Vec<&Standing> = standings.sorted().into_iter().filter(|s| s.summary.n() > 0).collect();
    let sentence = |s: &&Standing| {
        Some(vec![Cell::Code(s.summary.case.id.clone()), Cell::Text(bound::words(&s.summary)?)])
    };
    let sentences: Vec<Vec<Cell>> = cases.iter().filter_map(sentence).collect();
    if sentences.is_empty() {
        return Vec::new();
    }
    let why = Section {
        title: "Why".into(),
        text: vec![
            "What the loads of each case were bound by, from the medians of the readings; waits are shares of the looks \
             at its backends, 20 in a second."
                .into(),
        ],
        table: Some(Table {
            columns: vec![Column::words("case", ""), Column::words("why", "")],
            rows: sentences,
        }),
        charts: charts(run, standings),
        ..Section::default()
    };
    let evidence = Section {
        title: "Evidence".into(),
        text: vec![
            "What *Why* is made from, in medians. The first scan and the checkpoint came after the clock had stopped, \
             and are in no total."
                .into(),
        ],
        table: Some(evidence(&cases)),
        prominence: Prominence::Folded,
        ..Section::default()
    };
    vec![why, evidence]
}

fn charts(run: &Run, standings: &Standings) -> Vec<Picture> {
    let picture = |name: &str, alt: &str| Picture { name: name.into(), alt: alt.into() };
    let waits = stacks::waits(run, standings)
        .map(|_| picture("waits", "What the backends of each case were seen to do, as shares"));
    let cpu =
        stacks::cpu(run, standings).map(|_| picture("cpu", "Processors kept busy by case, and by whom"));
    waits.into_iter().chain(cpu).collect()
}

fn evidence(cases: &[&Standing]) -> Table {
    let column = |metric: &Metric| {
        let About { title, help, source, absent, .. } = metric.about();
        Column::numbers(title, &format!("{help} Read from: {source} Absent when: {absent}"))
    };
    let mut columns = vec![Column::words("case", "")];
    columns.extend(EVIDENCE.iter().chain(&Metric::WAITS).map(column));
    let row = |s: &&Standing| {
        let readings = &s.summary.readings;
        let figure = |metric: &Metric| {
            Cell::optional(readings.get(*metric), |value| match metric.about().unit {
                Unit::Bytes => Cell::Bytes(value),
                Unit::Nanoseconds => Cell::Time(value),
                Unit::Count => Cell::Count(value as u64),
            })
        };
        let looks: f64 = Metric::WAITS.iter().filter_map(|metric| readings.get(*metric)).sum();
        let wait = |metric: &Metric| match readings.get(*metric) {
            Some(count) if count > 0.0 => Cell::Text(units::percent(count / looks)),
            _ => Cell::None,
        };
        let mut cells = vec![Cell::Code(s.summary.case.id.clone())];
        cells.extend(EVIDENCE.iter().map(figure));
        cells.extend(Metric::WAITS.iter().map(wait));
        cells
    };
    Table { columns, rows: cases.iter().map(row).collect() }.without_empty_columns()
}
