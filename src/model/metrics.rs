//! The one list of metrics: what each is, how it is read, and when it is absent.

mod machine;
mod server;
mod usual;

use super::metric::{About, Aggregate, Better, Metric, Unit, Within};
use super::phase::Phase;
use usual::{CPU, NEVER, USUAL, WAL_COUNT};

const LOOKS: &str = "pg_stat_activity, looked at 20 times a second over a connection of its own: each backend of this \
                     role in this database that runs a statement counts once a look; where none does, it is the client's turn.";
const FEW: &str =
    "Nobody looked: the server has no pg_stat_activity, or the phases were over before the first look.";

/// Looks at backends.
const WAITS: About = About {
    unit: Unit::Count,
    within: Within::Each,
    better: Better::Neither,
    source: LOOKS,
    absent: FEW,
    ..USUAL
};

/// CPU time of one of the writers.
const WRITER: About = About { absent: "As of the CPU of writers; or the server has no such process.", ..CPU };

/// The metrics and what they are, in their order.
const LISTS: [&[(Metric, About)]; 3] = [&FIRST, &server::LIST, &machine::LIST];

/// Those of any load.
const FIRST: [(Metric, About); Metric::MemoryTraffic as usize + 1] = [
    (
        Metric::Wal,
        About {
            within: Within::Each,
            title: "WAL",
            help: "Write-ahead log written by the whole server during the phases.",
            source: "pg_current_wal_insert_lsn() at both ends.",
            column: Some(0),
            in_all_files: true,
            ..USUAL
        },
    ),
    (
        Metric::Table,
        About {
            better: Better::Neither,
            title: "table",
            help: "Size of the table without its indexes, in the end.",
            source: "pg_table_size(), over all partitions, once the checkpoint after the load is done.",
            column: Some(1),
            in_all_files: true,
            ..USUAL
        },
    ),
    (
        Metric::Indexes,
        About {
            better: Better::Neither,
            title: "indexes",
            help: "Size of all its indexes, in the end.",
            source: "pg_indexes_size(), over all partitions, once the checkpoint after the load is done.",
            column: Some(2),
            in_all_files: true,
            ..USUAL
        },
    ),
    (
        Metric::ClientCpu,
        About {
            unit: Unit::Nanoseconds,
            within: Within::Only(Phase::Load),
            title: "client CPU",
            help: "CPU time of bulkbench itself during the phases.",
            source: "clock_gettime(CLOCK_PROCESS_CPUTIME_ID); of a program that loads, what it and its children used.",
            absent: NEVER,
            column: Some(4),
            in_all_files: true,
            ..USUAL
        },
    ),
    (
        Metric::ClientMemory,
        About {
            title: "client memory",
            help: "Peak resident memory of bulkbench.",
            source: "VmHWM of /proc/self/status, forgotten before the load by /proc/self/clear_refs.",
            absent: "The kernel cannot forget the peak so far.",
            column: Some(5),
            in_all_files: true,
            ..USUAL
        },
    ),
    (
        Metric::ServerCpu,
        About {
            within: Within::Each,
            title: "server CPU",
            help: "CPU time of the server's processes during the phases.",
            source: "/proc/PID/stat of the server's processes; of a container its control group, read through \
                     the server, or else the engine's statistics.",
            absent: "The server is on another machine; of a phase also where it is in a container that does not show its \
                     control group.",
            column: Some(3),
            in_all_files: true,
            ..CPU
        },
    ),
    (
        Metric::Checkpoints,
        About {
            unit: Unit::Count,
            aggregate: Aggregate::Sum,
            title: "checkpoints",
            help: "Those of the server that had a part in a sample: they slow it.",
            source: "pg_stat_bgwriter, from 17 on pg_stat_checkpointer, and pg_control_checkpoint() at both ends.",
            column: Some(6),
            ..USUAL
        },
    ),
    (
        Metric::BackendCpu,
        About {
            title: "CPU of backends",
            help: "CPU time of the server's backends, and of what else is neither a worker nor a writer.",
            ..CPU
        },
    ),
    (
        Metric::WorkerCpu,
        About {
            title: "CPU of parallel workers",
            help: "CPU time of parallel workers, as of the last look at each: 20 in a second.",
            ..CPU
        },
    ),
    (
        Metric::WriterCpu,
        About {
            title: "CPU of writers",
            help: "CPU time of the background writer, the WAL writer, the checkpointer and I/O workers.",
            ..CPU
        },
    ),
    (
        Metric::BgwriterCpu,
        About {
            title: "CPU of the background writer",
            help: "Of the CPU time of writers that of the background writer.",
            ..WRITER
        },
    ),
    (
        Metric::WalwriterCpu,
        About {
            title: "CPU of the WAL writer",
            help: "Of the CPU time of writers that of the WAL writer.",
            ..WRITER
        },
    ),
    (
        Metric::CheckpointerCpu,
        About {
            title: "CPU of the checkpointer",
            help: "Of the CPU time of writers that of the checkpointer. What is of none of the three is that of I/O \
                   workers (18 and later).",
            ..WRITER
        },
    ),
    (
        Metric::DeviceWrites,
        About {
            title: "to the device",
            help: "Bytes that the device beneath the server's data was given to write, data and WAL together, by \
                   whomever. What the kernel still holds in memory is not among them.",
            source: "Sectors written in /sys/dev/block/MAJOR:MINOR/stat.",
            absent: "The server's data lies elsewhere, or on no single block device.",
            ..USUAL
        },
    ),
    (
        Metric::WalRecords,
        About { title: "WAL records", help: "Records put into the WAL by the whole server.", ..WAL_COUNT },
    ),
    (
        Metric::WalFullPages,
        About {
            title: "full pages",
            help: "Pages that were put into the WAL whole, as they were changed for the first time since a checkpoint.",
            ..WAL_COUNT
        },
    ),
    (
        Metric::WalBuffersFull,
        About {
            title: "WAL buffers full",
            help: "Times that a backend had to write WAL because its buffers were full.",
            ..WAL_COUNT
        },
    ),
    (
        Metric::WalWrites,
        About {
            title: "WAL writes",
            help: "Times that WAL was handed to the kernel.",
            source: "As of WAL records; from 18 on pg_stat_io (object wal, context normal).",
            ..WAL_COUNT
        },
    ),
    (
        Metric::WalSyncs,
        About {
            title: "WAL flushes",
            help: "Times that WAL was flushed to the device.",
            source: "As of WAL records; from 18 on pg_stat_io (object wal, context normal).",
            ..WAL_COUNT
        },
    ),
    (Metric::AtWork, About { title: "CPU", help: "Looks at which a backend waited for nothing.", ..WAITS }),
    (
        Metric::WaitsWalWrite,
        About {
            title: "WAL write",
            help: "Looks at which one waited for WAL to be written or flushed (IO: WAL..., LWLock: WALWrite).",
            ..WAITS
        },
    ),
    (
        Metric::WaitsWalInsert,
        About {
            title: "WAL insert",
            help: "Looks at which one waited for its turn at the WAL buffers (LWLock: WALInsert, WALBufMapping).",
            ..WAITS
        },
    ),
    (
        Metric::WaitsExtension,
        About {
            title: "extension",
            help: "Looks at which a relation was made longer (IO: DataFileExtend, Lock: extend).",
            ..WAITS
        },
    ),
    (
        Metric::WaitsDataFile,
        About {
            title: "data files",
            help: "Looks at which one waited for a data file (IO: DataFile...).",
            ..WAITS
        },
    ),
    (
        Metric::WaitsTempFile,
        About {
            title: "temporary files",
            help: "Looks at which one waited for a temporary file (IO: BufFile...).",
            ..WAITS
        },
    ),
    (
        Metric::WaitsClient,
        About {
            title: "client",
            help: "Looks at which the server waited for the client (Client), or no statement ran.",
            ..WAITS
        },
    ),
    (
        Metric::WaitsLock,
        About {
            title: "locks",
            help: "Looks at which one waited for a lock of SQL (Lock, but for extend).",
            ..WAITS
        },
    ),
    (
        Metric::WaitsPage,
        About {
            title: "pages",
            help: "Looks at which one waited for the lock of a page that another one changed (LWLock: BufferContent); \
                   among other waits in records from before 2026-12.",
            ..WAITS
        },
    ),
    (
        Metric::WaitsWorkers,
        About {
            title: "workers",
            help: "Looks at which one waited for its parallel workers, or a worker for the others (IPC).",
            ..WAITS
        },
    ),
    (
        Metric::WaitsOther,
        About { title: "other waits", help: "Looks at which one waited for anything else.", ..WAITS },
    ),
    (
        Metric::FirstScan,
        About {
            unit: Unit::Nanoseconds,
            title: "first scan",
            help: "A count of the rows right after the load, which is the first to look at each: it sets hint bits.",
            source: "SELECT count(*) by one process, once all else was read.",
            absent: "The server refuses the statements for it.",
            ..USUAL
        },
    ),
    (
        Metric::Checkpoint,
        About {
            unit: Unit::Nanoseconds,
            title: "checkpoint after",
            help: "A CHECKPOINT after that, which writes out what the load left in memory: the time to durable data files.",
            source: "The time of CHECKPOINT.",
            absent: "The server has none, or this role may not ask for one.",
            ..USUAL
        },
    ),
    (
        Metric::Arithmetic,
        About {
            unit: Unit::Nanoseconds,
            title: "arithmetic",
            help: "A fixed piece of arithmetic on every processor at once, mean of one before and one after the load: \
                   slower than in the other samples, the machine was.",
            source: "Timed by the client, on its own machine.",
            absent: NEVER,
            ..USUAL
        },
    ),
    (
        Metric::MemoryTraffic,
        About {
            unit: Unit::Nanoseconds,
            title: "memory traffic",
            help: "A fixed piece of memory traffic on every processor at once, likewise.",
            source: "Timed by the client, on its own machine.",
            absent: NEVER,
            ..USUAL
        },
    ),
];

impl Metric {
    /// Its description.
    pub(crate) fn about(self) -> About {
        let mut at = self as usize;
        for list in LISTS {
            match list.get(at) {
                Some((_, about)) => return *about,
                None => at -= list.len(),
            }
        }
        USUAL
    }
}

#[cfg(test)]
mod tests {
    use super::super::metric::{Reading, Within};
    use super::*;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");

    fn unit_words(unit: Unit) -> &'static str {
        match unit {
            Unit::Bytes => "bytes",
            Unit::Nanoseconds => "nanoseconds",
            Unit::Count => "a number of events",
            Unit::PerMille => "thousandths of the whole",
            Unit::Hertz => "hertz",
        }
    }

    fn page() -> String {
        let mut page = String::from(
            "# Metrics\n\n\
             What is read around the timed phases of each sample, besides their times. `samples.jsonl` has each under\n\
             `readings`, and `results.csv` in a column, by the names below; what is no number of events has its unit as the\n\
             last word. What could not be read is absent, and never 0. Where *also by phase* stands, there is a reading for\n\
             each phase that a sample had, with the phase's name before the last word of the metric's: `load_wal_bytes`.\n\n\
             This page is made from the program's list of metrics, and a test holds it against that.\n",
        );
        for metric in Metric::ALL {
            let About { unit, title, help, source, absent, within, .. } = metric.about();
            let phases = match within {
                Within::Whole => String::new(),
                Within::Only(phase) => format!(" Also of the phase {}.", phase.words()),
                Within::Each => " Also by phase.".into(),
            };
            page += &format!(
                "\n## {title}\n\n`{}`: {help}{phases}\n\nUnit: {}.\n\nRead from: {source}\n\nAbsent when: {absent}\n",
                Reading::from(metric).name(),
                unit_words(unit)
            );
        }
        page
    }

    #[test]
    fn each_metric_stands_at_its_place() {
        let metrics: Vec<Metric> = LISTS.into_iter().flatten().map(|(metric, _)| *metric).collect();
        assert_eq!(metrics, Metric::ALL);
    }

    #[test]
    fn the_page_of_metrics_is_made_from_the_list() {
        let page = page();
        if std::env::var_os("INSTA_UPDATE").is_some_and(|how| how == "always") {
            std::fs::write(PAGE, &page).unwrap();
        }
        assert_eq!(std::fs::read_to_string(PAGE).unwrap(), page, "INSTA_UPDATE=always makes it again");
    }
}
