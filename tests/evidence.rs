//! The tables of evidence in a report, of records with the parts of a reading and of older ones without them.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use bulkbench::model::{Fact, FactValue, Metric, Reading};
use bulkbench::record::Store;
use bulkbench::report;

/// Readings of any record that has evidence.
const WHOLE: [(Metric, u64); 9] = [
    (Metric::AtWork, 40),
    (Metric::BackendCpu, 4_000_000_000),
    (Metric::WorkerCpu, 0),
    (Metric::WriterCpu, 500_000_000),
    (Metric::BlocksHit, 900),
    (Metric::BlocksRead, 7 << 20),
    (Metric::BlocksExtended, 5 << 20),
    (Metric::BackendWrites, 4 << 20),
    (Metric::BlockSyncs, 12),
];

/// Parts of them.
const PARTS: [(Metric, u64); 11] = [
    (Metric::BgwriterCpu, 0),
    (Metric::WalwriterCpu, 200_000_000),
    (Metric::CheckpointerCpu, 300_000_000),
    (Metric::ClientBackendHits, 700),
    (Metric::WorkerHits, 200),
    (Metric::ClientBackendReads, 3 << 20),
    (Metric::WorkerReads, 4 << 20),
    (Metric::ClientBackendExtends, 5 << 20),
    (Metric::WorkerExtends, 0),
    (Metric::WorkerWrites, 1 << 20),
    (Metric::CheckpointerSyncs, 11),
];

/// The report of a run of a server of version 16, whose samples have these readings.
fn report_of(name: &str, readings: &[(Metric, u64)]) -> String {
    let (mut run, mut samples) = support::votes(2, 1.0);
    run.server.version_num = 160_010;
    // It was asked what it lets be seen, so that the report says what is missing.
    run.server.fingerprint = [(Fact::WalBlock, FactValue::Number(8192))].into_iter().collect();
    for sample in samples.iter_mut().filter(|sample| sample.total_ns.is_some()) {
        sample.readings = readings.iter().map(|(metric, value)| (Reading::from(*metric), *value)).collect();
    }
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    let mut store = Store::create(&dir, &run).unwrap();
    samples.iter().for_each(|sample| store.append(sample).unwrap());
    drop(store);
    report::write_all(&dir).unwrap();
    std::fs::read_to_string(dir.join("report.md")).unwrap()
}

/// The cells of copy-text in the table of this title, by their columns.
fn cells(report: &str, title: &str) -> BTreeMap<String, String> {
    let start = format!("<summary>{title}</summary>");
    let (_, section) = report.split_once(&start).unwrap_or_else(|| panic!("no {title}: {report}"));
    let section = section.split("</details>").next().unwrap();
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let mut lines = section.lines().filter(|line| line.starts_with('|'));
    let columns = cells(lines.next().unwrap());
    let line = lines.find(|line| line.contains("`copy-text`")).unwrap_or_else(|| panic!("{section}"));
    columns.into_iter().zip(cells(line)).collect()
}

#[test]
fn who_used_processors_and_moved_blocks_is_told_where_it_was_read() {
    let report = report_of("evidence-parts", &[&WHOLE[..], &PARTS[..]].concat());
    for (title, column, expected) in [
        ("Evidence", "CPU of writers", "500 ms"),
        ("Evidence", "CPU of the WAL writer", "200 ms"),
        ("Evidence", "CPU of the checkpointer", "300 ms"),
        ("Evidence: blocks", "blocks hit", "900"),
        ("Evidence: blocks", "written by backends", "4.00 MiB"),
        ("Evidence: blocks by process", "hit by client backends", "700"),
        ("Evidence: blocks by process", "hit by workers", "200"),
        ("Evidence: blocks by process", "read by client backends", "3.00 MiB"),
        ("Evidence: blocks by process", "read by workers", "4.00 MiB"),
        ("Evidence: blocks by process", "extended by client backends", "5.00 MiB"),
        ("Evidence: blocks by process", "written by workers", "1.00 MiB"),
        ("Evidence: disk", "flushes of data files", "12"),
        ("Evidence: disk", "flushes by the checkpointer", "11"),
    ] {
        let cells = cells(&report, title);
        assert_eq!(cells.get(column).map(String::as_str), Some(expected), "{title}, {column}: {cells:?}");
    }
    // What nobody did has no column.
    assert!(!cells(&report, "Evidence").contains_key("CPU of the background writer"));
    assert!(!cells(&report, "Evidence: blocks by process").contains_key("extended by workers"));
}

#[test]
fn a_record_from_before_the_parts_were_read_has_its_report_as_it_was() {
    let older = report_of("evidence-older", &WHOLE);
    assert_eq!(cells(&older, "Evidence")["CPU of writers"], "500 ms");
    let none = report_of("evidence-none", &[]);
    for (report, has_writers) in [(&older, false), (&none, true)] {
        let missing = report.lines().find(|line| line.contains("they could not be read")).unwrap();
        assert!(missing.contains("WAL records"), "{missing}");
        assert_eq!(missing.contains("CPU of writers"), has_writers, "{missing}");
        for part in ["CPU of the ", "by client backends", "by workers", "flushes by the", "by process"] {
            assert!(!report.contains(part), "{part}: {report}");
        }
    }
}
