//! Why each case takes the time that it takes: what its loads were bound by, and the readings that say so, in groups.

use super::phase_evidence;
use super::section::{Picture, Prominence, Section};
use super::table::{Cell, Column, Table};
use crate::analysis::{Standing, Standings, bound};
use crate::model::metric::About;
use crate::model::{Metric, Run};
use crate::report::chart::stacks;
use crate::units;

/// A table of evidence.
struct Group {
    title: &'static str,
    text: &'static str,
    /// Its columns, from the left.
    metrics: &'static [Metric],
    /// Whether what was looked at stands behind them, as shares.
    has_waits: bool,
}

/// The tables, from above.
const EVIDENCE: [Group; 6] = [
    Group {
        title: "Evidence",
        text: "What the sentences are made from, in medians: whose CPU time it was, and what the backends were seen to do. \
               Columns that are 0 or unknown throughout are left out, here and below.",
        metrics: &[
            Metric::BackendCpu,
            Metric::WorkerCpu,
            Metric::WriterCpu,
            Metric::BgwriterCpu,
            Metric::WalwriterCpu,
            Metric::CheckpointerCpu,
        ],
        has_waits: true,
    },
    Group {
        title: "Evidence: WAL",
        text: "What the server counts of its WAL, in medians.",
        metrics: &[
            Metric::Wal,
            Metric::WalRecords,
            Metric::WalFullPages,
            Metric::WalBuffersFull,
            Metric::WalWrites,
            Metric::WalWriteTime,
            Metric::WalSyncs,
            Metric::WalSyncTime,
        ],
        has_waits: false,
    },
    Group {
        title: "Evidence: blocks",
        text: "What the server counts of the blocks of its files, in medians.",
        metrics: &[
            Metric::BlocksHit,
            Metric::BlocksRead,
            Metric::BlocksReadOrExtended,
            Metric::BlocksExtended,
            Metric::BackendWrites,
            Metric::BackendWritesOrExtended,
            Metric::BgwriterWrites,
            Metric::CheckpointerWrites,
            Metric::TempFiles,
        ],
        has_waits: false,
    },
    Group {
        title: "Evidence: blocks by process",
        text: "Of the blocks hit, read, extended and written those of client backends and of parallel workers, as \
               servers from 16 on count them, in medians. What is left is of other processes, as autovacuum.",
        metrics: &[
            Metric::ClientBackendHits,
            Metric::WorkerHits,
            Metric::ClientBackendReads,
            Metric::WorkerReads,
            Metric::ClientBackendExtends,
            Metric::WorkerExtends,
            Metric::WorkerWrites,
        ],
        has_waits: false,
    },
    Group {
        title: "Evidence: disk",
        text: "What went to the disk, in medians; the times of checkpoints in the samples are sums. The first scan and the \
               checkpoint after it came after the clock had stopped, and are in no total.",
        metrics: &[
            Metric::DeviceWrites,
            Metric::ContainerWrites,
            Metric::BlockSyncs,
            Metric::CheckpointerSyncs,
            Metric::QueueSyncs,
            Metric::CheckpointWriteTime,
            Metric::CheckpointSyncTime,
            Metric::FirstScan,
            Metric::Checkpoint,
        ],
        has_waits: false,
    },
    Group {
        title: "Evidence: memory and machine",
        text: "Memory of the server, and what else the machine did, in medians.",
        metrics: &[
            Metric::BackendMemory,
            Metric::ContainerMemory,
            Metric::MemoryPressure,
            Metric::Steal,
            Metric::OtherLoad,
            Metric::Frequency,
        ],
        has_waits: false,
    },
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
    let groups = EVIDENCE.iter().filter_map(|group| group.section(&cases));
    std::iter::once(why).chain(groups).chain(phase_evidence::section(&cases)).collect()
}

fn charts(run: &Run, standings: &Standings) -> Vec<Picture> {
    let picture = |name: &str, alt: &str| Picture { name: name.into(), alt: alt.into() };
    stacks::all(run, standings).into_iter().map(|chart| picture(chart.name, chart.alt)).collect()
}

impl Group {
    /// Nothing where no case has any of it.
    fn section(&self, cases: &[&Standing]) -> Option<Section> {
        let table = self.table(cases);
        (table.columns.len() > 1).then(|| Section {
            title: self.title.into(),
            text: vec![self.text.into()],
            table: Some(table),
            prominence: Prominence::Folded,
            ..Section::default()
        })
    }

    fn table(&self, cases: &[&Standing]) -> Table {
        let of_case = |metric: Metric, s: &Standing| s.summary.readings.get(metric);
        let is_any = |metric: &&Metric| cases.iter().any(|s| of_case(**metric, s).is_some_and(|v| v > 0.0));
        let metrics: Vec<Metric> = self.metrics.iter().filter(is_any).copied().collect();
        // A kind of wait that is new is in no older record.
        let is_read = |metric: &Metric| cases.iter().any(|s| of_case(*metric, s).is_some());
        let waits: Vec<Metric> =
            Metric::WAITS.into_iter().filter(|metric| self.has_waits && is_read(metric)).collect();
        let column = |metric: &Metric| {
            let About { title, help, source, absent, .. } = metric.about();
            Column::numbers(title, &format!("{help} Read from: {source} Absent when: {absent}"))
        };
        let mut columns = vec![Column::words("case", "")];
        columns.extend(metrics.iter().chain(&waits).map(column));
        let row = |s: &&Standing| {
            let figure = |metric: &Metric| {
                Cell::optional(of_case(*metric, s), |value| Cell::of_unit(metric.about().unit, value))
            };
            let looks: f64 = waits.iter().filter_map(|metric| of_case(*metric, s)).sum();
            let share = |metric: &Metric| match of_case(*metric, s) {
                Some(count) if count > 0.0 => Cell::Text(units::percent(count / looks)),
                _ => Cell::None,
            };
            let mut cells = vec![Cell::Code(s.summary.case.id.clone())];
            cells.extend(metrics.iter().map(figure));
            cells.extend(waits.iter().map(share));
            cells
        };
        Table { columns, rows: cases.iter().map(row).collect() }.without_empty_columns()
    }
}
