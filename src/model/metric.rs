//! The costs of a load besides time: the one list of metrics, from which tables, files and medians are made.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use super::phase::Phase;
use super::word::words;

words! {
    /// A cost or product of a load that is read around the timed phases of a sample, or a fact of the machine then.
    pub enum Metric {
        /// WAL of the whole server.
        Wal = "wal",
        /// The table without its indexes.
        Table = "table",
        /// All its indexes.
        Indexes = "index",
        /// CPU time of the client.
        ClientCpu = "client_cpu",
        /// Memory of the client.
        ClientMemory = "client_peak",
        /// CPU time of the server.
        ServerCpu = "server_cpu",
        /// Checkpoints of the server.
        Checkpoints = "checkpoints",
        /// Of the server's CPU time that of the backends.
        BackendCpu = "backend_cpu",
        /// Of it that of parallel workers.
        WorkerCpu = "worker_cpu",
        /// Of it that of the processes that write in the background.
        WriterCpu = "writer_cpu",
        /// Of that the background writer's.
        BgwriterCpu = "bgwriter_cpu",
        /// Of that the WAL writer's.
        WalwriterCpu = "walwriter_cpu",
        /// Of that the checkpointer's.
        CheckpointerCpu = "checkpointer_cpu",
        /// Bytes written to the device beneath the server's data.
        DeviceWrites = "device_write",
        /// Records in the WAL.
        WalRecords = "wal_records",
        /// Full pages in the WAL.
        WalFullPages = "wal_full-pages",
        /// Writes because the WAL buffers were full.
        WalBuffersFull = "wal_buffers-full",
        /// Writes of WAL.
        WalWrites = "wal_writes",
        /// Flushes of WAL.
        WalSyncs = "wal_syncs",
        /// Looks at which a backend was at work.
        AtWork = "waits_cpu",
        /// Looks at which one waited for the WAL to be written or flushed.
        WaitsWalWrite = "waits_wal-write",
        /// Looks at which one waited for its turn to put something into the WAL.
        WaitsWalInsert = "waits_wal-insert",
        /// Looks at which one waited for a file to become longer.
        WaitsExtension = "waits_extension",
        /// Looks at which one waited for a data file.
        WaitsDataFile = "waits_data-file",
        /// Looks at which one waited for a temporary file.
        WaitsTempFile = "waits_temp-file",
        /// Looks at which it waited for the client.
        WaitsClient = "waits_client",
        /// Looks at which one waited for a lock.
        WaitsLock = "waits_lock",
        /// Looks at which one waited for the lock of a page.
        WaitsPage = "waits_page",
        /// Looks at which one waited for its parallel workers.
        WaitsWorkers = "waits_workers",
        /// Looks at which one waited for something else.
        WaitsOther = "waits_other",
        /// A first pass over the rows after the load.
        FirstScan = "first_scan",
        /// A checkpoint after the load.
        Checkpoint = "checkpoint_after",
        /// A fixed piece of arithmetic on the client's machine.
        Arithmetic = "machine_arithmetic",
        /// A fixed piece of memory traffic there.
        MemoryTraffic = "machine_memory",
        /// Time in writes of WAL.
        WalWriteTime = "wal_write-time",
        /// Time in flushes of WAL.
        WalSyncTime = "wal_sync-time",
        /// Blocks found in the shared buffers.
        BlocksHit = "blocks_hit",
        /// Of those the ones that client backends found.
        ClientBackendHits = "blocks_client-backends-hit",
        /// Of those the ones that parallel workers found.
        WorkerHits = "blocks_workers-hit",
        /// Blocks read from files.
        BlocksRead = "blocks_read",
        /// Of those the ones that client backends read.
        ClientBackendReads = "blocks_client-backends-read",
        /// Of those the ones that parallel workers read.
        WorkerReads = "blocks_workers-read",
        /// Blocks that files were made longer by.
        BlocksExtended = "blocks_extended",
        /// Of those the ones that client backends made them longer by.
        ClientBackendExtends = "blocks_client-backends-extended",
        /// Of those the ones that parallel workers made them longer by.
        WorkerExtends = "blocks_workers-extended",
        /// Blocks that backends wrote themselves.
        BackendWrites = "blocks_backends-wrote",
        /// Of those the ones that parallel workers wrote.
        WorkerWrites = "blocks_workers-wrote",
        /// Blocks that the background writer wrote.
        BgwriterWrites = "blocks_bgwriter-wrote",
        /// Blocks that the checkpointer wrote.
        CheckpointerWrites = "blocks_checkpointer-wrote",
        /// Flushes of data files.
        BlockSyncs = "blocks_syncs",
        /// Of those the checkpointer's.
        CheckpointerSyncs = "blocks_checkpointer-syncs",
        /// Blocks read from files or new in them, where the server does not tell these apart.
        BlocksReadOrExtended = "blocks_read-or-extended",
        /// Blocks that backends wrote or made files longer by, likewise.
        BackendWritesOrExtended = "blocks_backends-wrote-or-extended",
        /// Flushes of data files that backends had to do as the checkpointer's queue was full.
        QueueSyncs = "blocks_full-queue-syncs",
        /// Temporary files.
        TempFiles = "temporary-files",
        /// Writing of checkpoints.
        CheckpointWriteTime = "checkpoints_write-time",
        /// Flushing of checkpoints.
        CheckpointSyncTime = "checkpoints_sync-time",
        /// Memory of the largest backend.
        BackendMemory = "backend_peak",
        /// Memory of the server's container.
        ContainerMemory = "container_peak",
        /// Bytes written by the server's container.
        ContainerWrites = "container_write",
        /// Processor time that the machine was not given.
        Steal = "machine_steal",
        /// Processor time of what has no part in the load.
        OtherLoad = "machine_other-load",
        /// Time in which something waited for memory.
        MemoryPressure = "machine_memory-pressure",
        /// Frequency of the processors.
        Frequency = "machine_frequency",
    }
}

/// The unit of a metric's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Bytes.
    Bytes,
    /// Nanoseconds, of CPU time those of one processor.
    Nanoseconds,
    /// Events.
    Count,
    /// Thousandths of a whole, which is the time of all processors.
    PerMille,
    /// Turns of a clock in a second.
    Hertz,
}

/// The phases that a metric is also read of, each alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// None.
    Whole,
    /// This one.
    Only(Phase),
    /// Each that a sample has.
    Each,
}

/// When a number is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    /// The smaller it is.
    Less,
    /// Neither: the load made it, and it is neither good nor bad.
    Neither,
}

/// The statistic that stands for the samples of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    /// By their median.
    Median,
    /// By their sum, as most samples have none.
    Sum,
}

/// The description of a metric.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    /// The unit of its numbers.
    pub unit: Unit,
    /// The phases that it is also read of, beside all of them together.
    pub within: Within,
    /// When a number is the better one.
    pub better: Better,
    /// The statistic that stands for several samples.
    pub aggregate: Aggregate,
    /// The heading of its column.
    pub title: &'static str,
    /// A sentence on what that column shows.
    pub help: &'static str,
    /// How it is read, with the source of what that says.
    pub source: &'static str,
    /// When it is absent.
    pub absent: &'static str,
    /// Its place in the table of costs, from the left; `None` where it is not in it.
    pub column: Option<u8>,
    /// Whether files of figures have it also where no sample does, as those of the first version had.
    pub in_all_files: bool,
}

impl Metric {
    /// The looks at what backends do, by what that is.
    pub(crate) const WAITS: [Self; 11] = [
        Self::AtWork,
        Self::WaitsWalWrite,
        Self::WaitsWalInsert,
        Self::WaitsExtension,
        Self::WaitsDataFile,
        Self::WaitsTempFile,
        Self::WaitsClient,
        Self::WaitsLock,
        Self::WaitsPage,
        Self::WaitsWorkers,
        Self::WaitsOther,
    ];
}

/// A metric over all phases together, or in one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reading {
    /// The metric.
    pub metric: Metric,
    /// The phase; `None` for all of them together.
    pub phase: Option<Phase>,
}

impl Reading {
    /// All possible readings, in the order of the list, each metric's phase behind the whole.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Metric::ALL.into_iter().flat_map(|metric| {
            let whole = Self { metric, phase: None };
            let phases = match metric.about().within {
                Within::Whole => Vec::new(),
                Within::Only(phase) => vec![phase],
                Within::Each => Phase::ALL.to_vec(),
            };
            std::iter::once(whole).chain(phases.into_iter().map(move |phase| whole.within(phase)))
        })
    }

    /// The same metric in one phase.
    #[must_use]
    pub fn within(self, phase: Phase) -> Self {
        Self { phase: Some(phase), ..self }
    }

    /// Its name in files, with the unit: `wal_bytes`, `client_cpu_ns`; a phase stands before the last word
    /// of the metric's name: `client_load_cpu_ns`.
    pub(crate) fn name(self) -> String {
        let mut words: Vec<&str> = self.metric.name().split('_').collect();
        if let Some(phase) = self.phase {
            words.insert(words.len() - 1, phase.name());
        }
        words.extend(match self.metric.about().unit {
            Unit::Bytes => Some("bytes"),
            Unit::Nanoseconds => Some("ns"),
            Unit::Count => None,
            Unit::PerMille => Some("permille"),
            Unit::Hertz => Some("hz"),
        });
        words.join("_")
    }

    /// The reading of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        // A record has thousands of names.
        static BY_NAME: LazyLock<HashMap<String, Reading>> =
            LazyLock::new(|| Reading::all().map(|reading| (reading.name(), reading)).collect());
        BY_NAME.get(name).copied()
    }
}

impl From<Metric> for Reading {
    fn from(metric: Metric) -> Self {
        Self { metric, phase: None }
    }
}

/// The readings of a sample, each in its metric's unit. What could not be read is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readings(BTreeMap<Reading, u64>);

impl Readings {
    /// A reading; `None` where there is none.
    pub fn get(&self, reading: impl Into<Reading>) -> Option<u64> {
        self.0.get(&reading.into()).copied()
    }

    /// Keeps a reading, in place of any of the same; or takes it out, where it is none.
    pub(crate) fn set(&mut self, reading: impl Into<Reading>, value: impl Into<Option<u64>>) {
        let reading = reading.into();
        match value.into() {
            Some(value) => self.0.insert(reading, value),
            None => self.0.remove(&reading),
        };
    }

    /// All of them, in the order of the list.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Reading, u64)> {
        self.0.iter().map(|(reading, value)| (*reading, *value))
    }
}

impl FromIterator<(Reading, u64)> for Readings {
    fn from_iter<I: IntoIterator<Item = (Reading, u64)>>(readings: I) -> Self {
        Self(readings.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_unit_and_phase_and_are_found_again() {
        let names: Vec<String> = Reading::all().map(Reading::name).collect();
        let whole: Vec<String> = Metric::ALL.map(|metric| Reading::from(metric).name()).to_vec();
        assert_eq!(
            whole[..7],
            [
                "wal_bytes",
                "table_bytes",
                "index_bytes",
                "client_cpu_ns",
                "client_peak_bytes",
                "server_cpu_ns",
                "checkpoints"
            ]
        );
        let of_client: Vec<&String> = names.iter().filter(|name| name.starts_with("client_")).collect();
        assert_eq!(of_client, ["client_cpu_ns", "client_load_cpu_ns", "client_peak_bytes"]);
        for (metric, phase, name) in [
            (Metric::Wal, Phase::Load, "load_wal_bytes"),
            (Metric::ServerCpu, Phase::Indexes, "server_indexes_cpu_ns"),
            (Metric::WaitsWalWrite, Phase::SetLogged, "waits_set-logged_wal-write"),
        ] {
            assert_eq!(Reading::from(metric).within(phase).name(), name);
        }
        for (name, reading) in names.iter().zip(Reading::all()) {
            assert_eq!(Reading::named(name), Some(reading));
        }
    }

    #[test]
    fn each_metric_is_described_and_each_column_is_of_one() {
        let mut columns: Vec<u8> = Metric::ALL.iter().filter_map(|metric| metric.about().column).collect();
        columns.sort_unstable();
        assert_eq!(columns, (0..columns.len() as u8).collect::<Vec<_>>());
        for about in Metric::ALL.map(Metric::about) {
            let sentences = [about.help, about.source, about.absent];
            assert!(!about.title.is_empty() && sentences.iter().all(|text| text.ends_with('.')), "{about:?}");
        }
    }

    #[test]
    fn what_was_not_read_is_absent() {
        let mut readings = Readings::default();
        readings.set(Metric::Wal, 0);
        readings.set(Metric::ServerCpu, None);
        assert_eq!((readings.get(Metric::Wal), readings.get(Metric::ServerCpu)), (Some(0), None));
        readings.set(Metric::Wal, None);
        assert_eq!(readings.iter().count(), 0);
    }
}
