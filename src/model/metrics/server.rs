//! What the server counts of its files, and the memory that it takes.

use super::usual::USUAL;
use crate::model::metric::{About, Aggregate, Better, Metric, Unit, Within};

/// Time in system calls for WAL, of all processes together.
const WAL_TIME: About = About {
    unit: Unit::Nanoseconds,
    source: "pg_stat_wal (14 to 17), or pg_stat_io (18 and later, object wal, context normal), along with WAL records.",
    absent: "As of WAL records; also where track_wal_io_timing is off.",
    ..USUAL
};

/// Blocks of pg_stat_io.
const IO: About = About {
    source: "pg_stat_io (16 and later) at both ends, objects relation and temp relation, all contexts: of the whole \
             server, once the backends of the load have ended, which hand over then what they have counted.",
    absent: "The server has no such statistics, or backends of this role that came during the load were still there \
             after 1.2 s.",
    ..USUAL
};

/// Of them those of client backends.
const OF_CLIENTS: About = About {
    source: "As of blocks read, of backend_type client backend: the load's, and any other's that a client has.",
    ..IO
};

/// Of them those of parallel workers.
const OF_WORKERS: About = About {
    source: "As of blocks read, of backend_type background worker: parallel workers, and any of an extension or of \
             logical replication.",
    ..IO
};

/// Metrics of the server.
pub(super) const LIST: [(Metric, About); 26] = [
    (
        Metric::WalWriteTime,
        About {
            title: "time in WAL writes",
            help: "Time in handing WAL to the kernel, of all the server's processes together.",
            ..WAL_TIME
        },
    ),
    (
        Metric::WalSyncTime,
        About {
            title: "time in WAL flushes",
            help: "Time in flushing WAL to the device, of all the server's processes together.",
            ..WAL_TIME
        },
    ),
    (
        Metric::BlocksHit,
        About {
            unit: Unit::Count,
            better: Better::Neither,
            title: "blocks hit",
            help: "Times that a block (8 KiB unless the server was built otherwise) was found in the shared buffers.",
            source: "As of blocks read; before 16 pg_stat_database, of this database alone.",
            ..IO
        },
    ),
    (
        Metric::ClientBackendHits,
        About {
            unit: Unit::Count,
            better: Better::Neither,
            title: "hit by client backends",
            help: "Of the blocks hit those that client backends found.",
            ..OF_CLIENTS
        },
    ),
    (
        Metric::WorkerHits,
        About {
            unit: Unit::Count,
            better: Better::Neither,
            title: "hit by workers",
            help: "Of the blocks hit those that parallel workers found.",
            ..OF_WORKERS
        },
    ),
    (Metric::BlocksRead, About { title: "blocks read", help: "Bytes of blocks read from data files.", ..IO }),
    (
        Metric::ClientBackendReads,
        About {
            title: "read by client backends",
            help: "Of the blocks read those that client backends read.",
            ..OF_CLIENTS
        },
    ),
    (
        Metric::WorkerReads,
        About {
            title: "read by workers",
            help: "Of the blocks read those that parallel workers read.",
            ..OF_WORKERS
        },
    ),
    (
        Metric::BlocksExtended,
        About { title: "extended", help: "Bytes of new blocks that data files were made longer by.", ..IO },
    ),
    (
        Metric::ClientBackendExtends,
        About {
            title: "extended by client backends",
            help: "Of the new blocks those that client backends made data files longer by.",
            ..OF_CLIENTS
        },
    ),
    (
        Metric::WorkerExtends,
        About {
            title: "extended by workers",
            help: "Of the new blocks those that parallel workers made data files longer by.",
            ..OF_WORKERS
        },
    ),
    (
        Metric::BackendWrites,
        About {
            title: "written by backends",
            help: "Bytes of blocks that backends and parallel workers had to write themselves, to have room in the \
                   shared buffers. What goes past these, as the blocks of an index that is built, no server counts.",
            ..IO
        },
    ),
    (
        Metric::WorkerWrites,
        About {
            title: "written by workers",
            help: "Of the blocks written by backends those that parallel workers wrote.",
            ..OF_WORKERS
        },
    ),
    (
        Metric::BgwriterWrites,
        About {
            title: "written by the background writer",
            help: "Bytes of blocks that the background writer wrote.",
            source: "As of blocks read; before 16 buffers_clean of pg_stat_bgwriter.",
            ..IO
        },
    ),
    (
        Metric::CheckpointerWrites,
        About {
            title: "written by the checkpointer",
            help: "Bytes of blocks that the checkpointer wrote.",
            source: "As of blocks read; before 16 buffers_checkpoint of pg_stat_bgwriter.",
            ..IO
        },
    ),
    (
        Metric::BlockSyncs,
        About {
            unit: Unit::Count,
            title: "flushes of data files",
            help: "Times that a data file was flushed to the device, by any process.",
            ..IO
        },
    ),
    (
        Metric::CheckpointerSyncs,
        About {
            unit: Unit::Count,
            title: "flushes by the checkpointer",
            help: "Of the flushes of data files those that the checkpointer did.",
            source: "As of blocks read, of backend_type checkpointer.",
            ..IO
        },
    ),
    (
        Metric::BlocksReadOrExtended,
        About {
            title: "read or extended",
            help: "Bytes of blocks read from data files or new in them: the server counts them as one.",
            source: "blks_read of pg_stat_database (before 16) at both ends, as of blocks read.",
            absent: "As of blocks read; and from 16 on.",
            ..IO
        },
    ),
    (
        Metric::BackendWritesOrExtended,
        About {
            title: "written or extended by backends",
            help: "Bytes of blocks that backends wrote themselves, or made data files longer by: the server counts \
                   them as one.",
            source: "pg_stat_bgwriter (before 16) at both ends, once the checkpointer was woken (by reloading the \
                     configuration of a server of the run's own), which hands over then what backends have told it.",
            absent: "As of blocks read; also on a server that is not the run's own, whose checkpointer may sleep on; \
                     and from 16 on.",
            ..IO
        },
    ),
    (
        Metric::QueueSyncs,
        About {
            unit: Unit::Count,
            title: "flushes as a queue was full",
            help: "Flushes of data files that backends had to do themselves, as the checkpointer's queue of them was full.",
            source: "As of blocks read, of backends and parallel workers; before 16 buffers_backend_fsync, as of \
                     written or extended by backends.",
            absent: "As of blocks read; before 16 as of written or extended by backends.",
            ..IO
        },
    ),
    (
        Metric::TempFiles,
        About {
            title: "in temporary files",
            help: "Bytes of temporary files, as of sorts that are larger than their memory.",
            source: "temp_bytes of pg_stat_database at both ends, of this database, as of blocks read.",
            ..IO
        },
    ),
    (
        Metric::CheckpointWriteTime,
        About {
            unit: Unit::Nanoseconds,
            aggregate: Aggregate::Sum,
            title: "writing of checkpoints",
            help: "Time that checkpoints spent writing, of those that ended in a sample.",
            source: "pg_stat_bgwriter, from 17 on pg_stat_checkpointer, at both ends.",
            absent: "The server does not tell, or not this role; or not yet of one that has ended.",
            ..USUAL
        },
    ),
    (
        Metric::CheckpointSyncTime,
        About {
            unit: Unit::Nanoseconds,
            aggregate: Aggregate::Sum,
            title: "flushing of checkpoints",
            help: "Time that they spent flushing data files.",
            source: "As of their writing.",
            absent: "As of their writing.",
            ..USUAL
        },
    ),
    (
        Metric::BackendMemory,
        About {
            within: Within::Each,
            title: "memory of the largest backend",
            help: "The most memory that any one backend or parallel worker had for itself at any look: without shared \
                   buffers, and without what the workers of a query share.",
            source: "Resident less shared pages of /proc/PID/statm (proc(5)) at the looks, 20 in a second. Not the \
                     proportional set size of smaps_rollup: for that the kernel goes through all pages of the shared \
                     buffers, which was measured to take 1.2 ms of a backend with 1 GB of them, where this takes 0.02 ms.",
            absent: "The server's processes cannot be seen from here, or the phases were over before the first look.",
            ..USUAL
        },
    ),
    (
        Metric::ContainerMemory,
        About {
            title: "memory of the container",
            help: "The most memory that the server's processes had for themselves together: without shared buffers and \
                   without files that the kernel keeps.",
            source: "The control group's memory.stat (version 2: anon; version 1: total_rss), read through the server \
                     by pg_read_file() at the edges of phases and at every tenth look, two in a second.",
            absent: "The server is in no container of the run's own, or does not show its control group.",
            ..USUAL
        },
    ),
    (
        Metric::ContainerWrites,
        About {
            title: "to the device by the container",
            help: "Bytes that the container's processes wrote to the device that they wrote most to. In version 1 of control \
                   groups what the kernel writes for them later is not among them.",
            source: "The control group's io.stat (version 1: blkio.throttle.io_service_bytes), as of its memory, at both ends.",
            absent: "As of its memory; or nothing was ever written.",
            ..USUAL
        },
    ),
];
