//! What the loads of a case were bound by: a sentence made from their readings, by fixed rules.

use super::summary::{CaseReadings, Summary};
use crate::model::{Metric, Phase};
use crate::units;

/// The fewest looks at backends that shares are taken of: of fewer each is a guess.
pub(crate) const FEWEST_LOOKS: f64 = 20.0;

/// The share of the looks from which on a wait is what a load is bound by.
const BOUND: f64 = 0.4;

/// The share from which on a wait is told at all.
const TOLD: f64 = 0.1;

/// The share of the time from which on one processor is held to be busy all the time: what is left goes into waking
/// and waiting that is too short to be seen.
const BUSY: f64 = 0.85;

/// The share of the time from which on the client's processor is what its server waits for most.
const HALF: f64 = 0.5;

/// Processors above which more than one backend has to be at work.
const ALONE: f64 = 1.1;

/// The share of the total from which on a phase is the one to look at.
const LONG: f64 = 0.6;

/// Bytes of blocks or temporary files from which on they are told.
const MANY_BYTES: f64 = 16_777_216.0;

/// What a load is bound by, and the readings that say so. Nothing of it is known where nothing was looked at, as in
/// records from before that was done.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    /// The median total in nanoseconds.
    total: f64,
    /// The longest phase, and its share of the total.
    longest: Option<(Phase, f64)>,
    /// Processors that the client kept busy, on average; likewise the backends and their workers, and the server.
    client: f64,
    backends: Option<f64>,
    workers: Option<f64>,
    server: Option<f64>,
    /// Processors that the server may use, where it is held to some.
    cpus: Option<u32>,
    /// Shares of the looks, as in [`Metric::WAITS`]; `None` where there are too few.
    waits: Option<[f64; Metric::WAITS.len()]>,
    /// WAL and bytes to the device.
    wal: Option<f64>,
    device: Option<f64>,
    /// The time that WAL took to be flushed, by all processes together, as a share of the total.
    wal_syncs: Option<f64>,
    /// The share of the blocks that were written, which the backends wrote themselves.
    by_backends: Option<f64>,
    /// Bytes of temporary files.
    temporary: Option<f64>,
}

/// What a load is bound by.
#[derive(Debug, Clone, PartialEq)]
struct Bound {
    /// In short.
    by: &'static str,
    /// The reading that says so, where it is not among the facts beside it.
    reading: Option<String>,
}

impl Bound {
    fn new(by: &'static str, reading: String) -> Self {
        Self { by, reading: Some(reading) }
    }

    fn words(&self) -> String {
        match &self.reading {
            Some(reading) => format!("{}: {reading}", self.by),
            None => self.by.to_owned(),
        }
    }
}

/// The sentences on a case; `None` where its samples do not say.
pub(crate) fn words(summary: &Summary) -> Option<String> {
    seen(summary).map(|seen| seen.words())
}

/// What the loads were bound by, without the reading that says so. `None` where too little was looked at to say.
pub(crate) fn shortly(summary: &Summary) -> Option<String> {
    Some(seen(summary)?.bound()?.by.to_owned())
}

fn seen(summary: &Summary) -> Option<Seen> {
    let readings = &summary.readings;
    let total = summary.total_ns?.point;
    let of_total = |metric: Metric| readings.get(metric).map(|ns| ns / total);
    let counts = readings.waits();
    let looks: f64 = counts.iter().flatten().sum();
    let phases = summary.phases_of_median_ns();
    let all: f64 = phases.values().sum();
    let longest = phases.iter().max_by(|a, b| a.1.total_cmp(b.1)).map(|(phase, ns)| (*phase, ns / all));
    counts.map(|counts| Seen {
        total,
        longest,
        client: of_total(Metric::ClientCpu).unwrap_or(0.0),
        backends: of_total(Metric::BackendCpu),
        workers: of_total(Metric::WorkerCpu),
        server: of_total(Metric::ServerCpu),
        cpus: summary.limits().cpus,
        waits: (looks >= FEWEST_LOOKS).then(|| counts.map(|count| count / looks)),
        wal: readings.get(Metric::Wal),
        device: readings.device_writes(),
        wal_syncs: of_total(Metric::WalSyncTime),
        by_backends: by_backends(readings),
        temporary: readings.get(Metric::TempFiles),
    })
}

/// Where the server tells written blocks from new ones, and so many were written that it matters.
fn by_backends(readings: &CaseReadings) -> Option<f64> {
    let [backends, bgwriter, checkpointer] =
        [Metric::BackendWrites, Metric::BgwriterWrites, Metric::CheckpointerWrites]
            .map(|metric| readings.get(metric));
    let all = backends? + bgwriter? + checkpointer?;
    (all >= MANY_BYTES).then(|| backends.unwrap_or_default() / all)
}

impl Seen {
    fn words(&self) -> String {
        let too_short = || format!("too short to look at ({:.0} ms)", self.total / 1e6);
        let mut facts = vec![self.bound().map_or_else(too_short, |bound| bound.words())];
        if let Some(waits) = self.waits {
            let told = Metric::WAITS.iter().zip(waits).skip(1).filter(|(_, share)| *share >= TOLD);
            facts.extend(told.map(|(metric, share)| format!("{} {}", waiting(*metric), percent(share))));
        }
        if let Some((phase, share)) = self.longest.filter(|(_, share)| (LONG..0.995).contains(share)) {
            facts.push(format!("{} of the time is its phase {}", percent(share), phase.words()));
        }
        if let Some(workers) = self.workers.filter(|busy| *busy >= TOLD) {
            facts.push(format!("parallel workers kept {workers:.1} processors busy"));
        }
        if let Some(share) = self.wal_syncs.filter(|share| *share >= TOLD) {
            let (took, total) = (self.total * share, self.total);
            let seconds = |ns: f64| units::seconds(ns as u64);
            facts.push(format!("flushing WAL took {} of {}", seconds(took), seconds(total)));
        }
        if let Some(share) = self.by_backends.filter(|share| *share >= TOLD) {
            facts.push(format!("backends wrote {} of the written blocks themselves", percent(share)));
        }
        if let Some(bytes) = self.temporary.filter(|bytes| *bytes >= MANY_BYTES) {
            facts.push(format!("{} of temporary files", units::bytes(bytes as u64)));
        }
        if let Some(wal) = self.wal {
            facts.push(format!("WAL {}", units::bytes(wal as u64)));
        }
        if let Some(device) = self.device {
            facts.push(format!("{} to the device", units::bytes(device as u64)));
        }
        if self.client < 1.0 {
            facts.push(format!("the client was idle {}", percent(1.0 - self.client)));
        }
        facts.join("; ")
    }

    /// What the load is bound by; `None` where it was too short to look at.
    fn bound(&self) -> Option<Bound> {
        let waits = self.waits?;
        let share = |metric: Metric| {
            let at = Metric::WAITS.iter().position(|known| *known == metric);
            at.map_or(0.0, |at| waits[at])
        };
        let client = share(Metric::WaitsClient);
        if client >= BOUND {
            let of_the_time = |busy: f64| format!("{} of the time", percent(busy.min(1.0)));
            return Some(match self.client {
                busy if busy >= BUSY => Bound::new("bound by the client's CPU", of_the_time(busy)),
                busy if busy >= HALF => Bound::new("mostly the client's CPU", of_the_time(busy)),
                _ => Bound::new("bound by the way between client and server", "neither is busy".into()),
            });
        }
        let waits = Metric::WAITS.iter().zip(waits).skip(1);
        let (most, most_share) =
            waits.max_by(|a, b| a.1.total_cmp(&b.1)).map_or((Metric::AtWork, 0.0), |m| (*m.0, m.1));
        if most_share >= BOUND {
            return Some(Bound { by: by_waits(most), reading: None });
        }
        let used = self.server.or(self.backends).unwrap_or(0.0);
        if let Some(cpus) = self.cpus.filter(|cpus| used >= BUSY * f64::from(*cpus)) {
            return Some(Bound::new("bound by the server's processors", format!("{used:.1} of {cpus} busy")));
        }
        let processors = |busy: f64| format!("{busy:.1} processors busy");
        Some(match (self.backends, self.server) {
            (Some(busy), _) if busy > ALONE => {
                Bound::new("bound by the CPU of its backends", processors(busy))
            }
            (Some(busy), _) if busy >= BUSY => {
                Bound::new("bound by one backend's CPU", format!("{} of the time", percent(busy.min(1.0))))
            }
            (None, Some(busy)) if busy >= BUSY => Bound::new("bound by the server's CPU", processors(busy)),
            _ if share(Metric::AtWork) >= 1.0 - BOUND => {
                let looks = percent(share(Metric::AtWork));
                Bound::new("mostly the server's CPU", format!("{looks} of the looks"))
            }
            _ => Bound { by: "bound by no one thing", reading: None },
        })
    }
}

/// What a load is bound by that waits for this most.
fn by_waits(metric: Metric) -> &'static str {
    match metric {
        Metric::WaitsWalWrite => "bound by the writing and flushing of WAL",
        Metric::WaitsWalInsert => "bound by turns at the WAL buffers",
        Metric::WaitsExtension => "bound by the extension of relations",
        Metric::WaitsDataFile => "bound by data files",
        Metric::WaitsTempFile => "bound by temporary files",
        Metric::WaitsLock => "bound by locks",
        Metric::WaitsPage => "bound by the locks of pages",
        Metric::WaitsWorkers => "bound by parallel workers",
        _ => "bound by waits of other kinds",
    }
}

/// The same as a fact beside others.
fn waiting(metric: Metric) -> &'static str {
    match metric {
        Metric::WaitsClient => "waits for the client",
        Metric::WaitsWalWrite => "waits for WAL being written or flushed",
        Metric::WaitsWalInsert => "waits for turns at the WAL buffers",
        Metric::WaitsExtension => "waits for relation extension",
        Metric::WaitsDataFile => "waits for data files",
        Metric::WaitsTempFile => "waits for temporary files",
        Metric::WaitsLock => "waits for locks",
        Metric::WaitsPage => "waits for the locks of pages",
        Metric::WaitsWorkers => "waits for parallel workers",
        _ => "waits for something else",
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that keeps a backend busy and waits for nothing.
    const BUSY_BACKEND: Seen = Seen {
        total: 5e9,
        longest: Some((Phase::Load, 0.999)),
        client: 0.07,
        backends: Some(0.99),
        workers: Some(0.0),
        server: Some(1.02),
        cpus: None,
        waits: Some([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        wal: Some(959_447_040.0),
        device: None,
        wal_syncs: Some(0.05),
        by_backends: None,
        temporary: Some(0.0),
    };

    fn with(waits: &[(Metric, f64)]) -> Option<[f64; Metric::WAITS.len()]> {
        let of = |metric: Metric| {
            waits.iter().find(|(known, _)| *known == metric).map_or(0.0, |(_, share)| *share)
        };
        Some(Metric::WAITS.map(of))
    }

    #[test]
    fn a_sentence_says_what_bounds_a_load_and_by_which_reading() {
        assert_eq!(
            BUSY_BACKEND.words(),
            "bound by one backend's CPU: 99 % of the time; WAL 915 MiB; the client was idle 93 %"
        );
        for (seen, expected) in [
            (
                Seen {
                    waits: with(&[(Metric::AtWork, 0.78), (Metric::WaitsExtension, 0.22)]),
                    backends: Some(1.6),
                    longest: Some((Phase::Load, 0.7)),
                    ..BUSY_BACKEND
                },
                "bound by the CPU of its backends: 1.6 processors busy; waits for relation extension 22 %; \
                 70 % of the time is its phase load; WAL 915 MiB; the client was idle 93 %",
            ),
            (
                Seen {
                    waits: with(&[(Metric::AtWork, 0.2), (Metric::WaitsWalWrite, 0.8)]),
                    backends: Some(0.2),
                    device: Some(1_048_576.0),
                    ..BUSY_BACKEND
                },
                "bound by the writing and flushing of WAL; waits for WAL being written or flushed 80 %; \
                 WAL 915 MiB; 1.00 MiB to the device; the client was idle 93 %",
            ),
            (
                Seen {
                    wal_syncs: Some(0.62),
                    by_backends: Some(0.375),
                    temporary: Some(33_554_432.0),
                    ..BUSY_BACKEND
                },
                "bound by one backend's CPU: 99 % of the time; flushing WAL took 3.10 s of 5.00 s; \
                 backends wrote 38 % of the written blocks themselves; 32.0 MiB of temporary files; WAL 915 MiB; \
                 the client was idle 93 %",
            ),
            (
                Seen {
                    waits: with(&[(Metric::AtWork, 0.3), (Metric::WaitsClient, 0.7)]),
                    client: 0.97,
                    wal: None,
                    ..BUSY_BACKEND
                },
                "bound by the client's CPU: 97 % of the time; waits for the client 70 %; the client was idle 3 %",
            ),
            (
                Seen { waits: with(&[(Metric::WaitsClient, 0.9)]), client: 0.7, wal: None, ..BUSY_BACKEND },
                "mostly the client's CPU: 70 % of the time; waits for the client 90 %; the client was idle 30 %",
            ),
            (
                Seen { waits: with(&[(Metric::WaitsClient, 0.9)]), client: 0.2, wal: None, ..BUSY_BACKEND },
                "bound by the way between client and server: neither is busy; waits for the client 90 %; \
                 the client was idle 80 %",
            ),
            (
                Seen { backends: Some(0.93), server: Some(0.97), cpus: Some(1), wal: None, ..BUSY_BACKEND },
                "bound by the server's processors: 1.0 of 1 busy; the client was idle 93 %",
            ),
            (
                Seen { cpus: Some(2), wal: None, ..BUSY_BACKEND },
                "bound by one backend's CPU: 99 % of the time; the client was idle 93 %",
            ),
            (
                Seen { waits: None, total: 12e6, wal: None, client: 1.4, ..BUSY_BACKEND },
                "too short to look at (12 ms)",
            ),
        ] {
            assert_eq!(seen.words(), expected);
        }
    }

    #[test]
    fn the_short_form_is_what_bounds_it_without_the_reading() {
        let by = |seen: Seen| seen.bound().map(|bound| bound.by);
        assert_eq!(by(BUSY_BACKEND), Some("bound by one backend's CPU"));
        for (metric, words) in
            [(Metric::WaitsLock, "bound by locks"), (Metric::WaitsPage, "bound by the locks of pages")]
        {
            let waits = with(&[(metric, 0.9)]);
            assert_eq!(by(Seen { waits, ..BUSY_BACKEND }), Some(words));
        }
        assert_eq!(by(Seen { waits: None, ..BUSY_BACKEND }), None);
    }
}
