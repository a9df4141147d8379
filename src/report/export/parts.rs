//! What several formats say in the same way.

use std::collections::BTreeMap;

use crate::analysis::Summary;
use crate::disk;
use crate::model::{Axis, Case, ServerFacts, Slot};

/// What a case was set to: its parameters with their defaults filled in, its values on the other axes, and the disk that
/// was emulated beneath its server.
pub(super) fn parameters(case: &Case, server: Option<&ServerFacts>) -> BTreeMap<String, String> {
    let axes = &case.key.axes;
    let of_axes = [
        (Axis::Rows, axes.rows.map(|rows| rows.to_string())),
        (Axis::Dataset, axes.dataset.clone()),
        (Axis::Collation, axes.collation.clone()),
        (Axis::Latency, axes.latency_ms.map(|ms| ms.to_string())),
        (Axis::Server, case.key.server.clone()),
    ];
    let of_axes = of_axes.into_iter().filter_map(|(axis, value)| Some((axis.name().to_owned(), value?)));
    let limits = axes.limit_words().map(|(axis, value)| (axis.name().to_owned(), value));
    let disk = server.and_then(emulated_disk).map(|disk| ("emulated_disk".to_owned(), disk));
    let of_method = case.params.iter().map(|(name, value)| (name.clone(), value.to_string()));
    of_method.chain(axes.settings.clone()).chain(of_axes).chain(limits).chain(disk).collect()
}

/// The name of a case where that is all that is kept of it: what was measured on an emulated disk says so in it.
pub(super) fn name(summary: &Summary) -> String {
    let id = &summary.case.id;
    match summary.server.and_then(emulated_disk) {
        Some(disk) => format!("{id} (emulated disk: {disk})"),
        None => id.clone(),
    }
}

/// The disk that was emulated beneath a server's data, as it is spelt; `None` for a real one.
pub(super) fn emulated_disk(server: &ServerFacts) -> Option<String> {
    server.disk.as_ref().map(disk::spelling)
}

/// The kind of slot; the round is a column of its own.
pub(super) fn slot(slot: Slot) -> &'static str {
    match slot {
        Slot::WarmUp => "warm-up",
        Slot::Round(_) => "round",
        Slot::Crash(_) => "crash",
    }
}

/// Nanoseconds as seconds.
pub(super) fn seconds(ns: f64) -> f64 {
    ns / 1e9
}
