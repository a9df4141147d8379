//! Which cases wait for the disk, as far as the samples tell: those in whose time no processor was at work for
//! a good part, though no network lay in between.

use super::summary::Summary;
use crate::model::{Metric, Sample};
use crate::stats;

/// The share of its time from which on a case is one that waits: a quarter. COPY and batches keep a processor busy
/// throughout; a loop that commits each row waits for the flush of each.
pub(crate) const WAITING: f64 = 0.25;

/// Whether a case waits for the disk. Where the CPU time of either side is not known, or the server is on another
/// host, it is not known to.
pub(crate) fn waits_for_disk(summary: &Summary) -> bool {
    let far = summary.server.is_none_or(|server| server.transport.contains("another host"));
    let delayed = summary.case.key.axes.latency_ms.is_some_and(|ms| ms > 0);
    !far && !delayed && share(summary).is_some_and(|share| share >= WAITING)
}

/// The share of a case's time for which no processor worked, by the median of its samples; below 0 where several
/// worked at once.
fn share(summary: &Summary) -> Option<f64> {
    let of_sample = |sample: &&Sample| {
        let cpu = sample.readings.get(Metric::ClientCpu)? + sample.readings.get(Metric::ServerCpu)?;
        Some(1.0 - cpu as f64 / sample.total_ns? as f64)
    };
    let shares: Option<Vec<f64>> = summary.samples.iter().map(of_sample).collect();
    stats::median(&shares?)
}
