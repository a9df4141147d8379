//! What several formats say in the same way.

use std::collections::BTreeMap;

use crate::model::{Axis, Case, Slot};

/// What a case was set to: its parameters with their defaults filled in, and its values on the other axes.
pub(super) fn parameters(case: &Case) -> BTreeMap<String, String> {
    let axes = &case.key.axes;
    let of_axes = [
        (Axis::Rows, axes.rows.map(|rows| rows.to_string())),
        (Axis::Dataset, axes.dataset.clone()),
        (Axis::Collation, axes.collation.clone()),
        (Axis::Latency, axes.latency_ms.map(|ms| ms.to_string())),
        (Axis::Server, case.key.server.clone()),
    ];
    let of_axes = of_axes.into_iter().filter_map(|(axis, value)| Some((axis.name().to_owned(), value?)));
    let of_method = case.params.iter().map(|(name, value)| (name.clone(), value.to_string()));
    of_method.chain(axes.settings.clone()).chain(of_axes).collect()
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
