//! What is read beside the times of a sample, on a real server.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::model::{Metric, Outcome, Phase, Reading, Sample};
use bulkbench::runner::glimpse::{Glimpse, Seen};
use bulkbench::server::{self, Choice, Options, Server};

/// What servers before 16 do not tell apart by process.
const BY_PROCESS: [Metric; 8] = [
    Metric::ClientBackendHits,
    Metric::WorkerHits,
    Metric::ClientBackendReads,
    Metric::WorkerReads,
    Metric::ClientBackendExtends,
    Metric::WorkerExtends,
    Metric::WorkerWrites,
    Metric::CheckpointerSyncs,
];

const WAITS: [Metric; 11] = [
    Metric::AtWork,
    Metric::WaitsWalWrite,
    Metric::WaitsWalInsert,
    Metric::WaitsExtension,
    Metric::WaitsDataFile,
    Metric::WaitsTempFile,
    Metric::WaitsClient,
    Metric::WaitsLock,
    Metric::WaitsPage,
    Metric::WaitsWorkers,
    Metric::WaitsOther,
];

fn read(sample: &Sample, reading: impl Into<Reading>) -> u64 {
    let reading = reading.into();
    sample.readings.get(reading).unwrap_or_else(|| panic!("{}: {reading:?} is absent", sample.case))
}

/// What the server counts of its files is no less than what the load put there.
fn assert_blocks(server: &dyn Server, sample: &Sample) {
    let grown = if server.facts().version_num < 160_000 {
        for absent in [Metric::BlocksExtended, Metric::BackendWrites, Metric::BlocksRead] {
            assert_eq!(sample.readings.get(absent), None, "{absent:?} is counted together with another");
        }
        for absent in BY_PROCESS {
            assert_eq!(sample.readings.get(absent), None, "{absent:?} is told from 16 on");
        }
        let read_or_extended = read(sample, Metric::BlocksReadOrExtended);
        assert!(read_or_extended >= read(sample, Metric::Table) / 10 * 9, "{read_or_extended}");
        read(sample, Metric::BackendWritesOrExtended)
    } else {
        for absent in [Metric::BlocksReadOrExtended, Metric::BackendWritesOrExtended] {
            assert_eq!(sample.readings.get(absent), None, "{absent:?} is of servers before 16");
        }
        let of_each: [(Metric, &[Metric]); 5] = [
            (Metric::BlocksHit, &[Metric::ClientBackendHits, Metric::WorkerHits]),
            (Metric::BlocksRead, &[Metric::ClientBackendReads, Metric::WorkerReads]),
            (Metric::BlocksExtended, &[Metric::ClientBackendExtends, Metric::WorkerExtends]),
            (Metric::BackendWrites, &[Metric::WorkerWrites]),
            (Metric::BlockSyncs, &[Metric::CheckpointerSyncs, Metric::QueueSyncs]),
        ];
        for (whole, parts) in of_each {
            let told = parts.iter().map(|part| read(sample, *part)).sum::<u64>();
            assert!(told <= read(sample, whole), "{parts:?} are parts of {whole:?}: {told}");
        }
        assert!(read(sample, Metric::ClientBackendHits) > sample.rows, "a backend puts them there");
        for each in [Metric::BlocksRead, Metric::BackendWrites, Metric::BlockSyncs] {
            assert!(sample.readings.get(each).is_some(), "{each:?}");
        }
        read(sample, Metric::ClientBackendExtends)
    };
    // The table's maps are made otherwise.
    assert!(grown >= read(sample, Metric::Table) / 10 * 9, "{}: {grown}", sample.case);
    assert!(read(sample, Metric::BlocksHit) > sample.rows, "each row looks for its block");
}

#[test]
fn a_sort_without_memory_makes_files_and_a_little_room_for_wal_checkpoints() {
    let dir = common::world_readable_tempdir();
    let dataset = Dataset::generated(dir.path(), 600_000, 1, &Interrupt::new()).unwrap();
    let mut server = common::local(&dataset);
    let lines = "[[case]]\nmethod = 'copy-csv'\nsettings = { maintenance_work_mem = '1MB', max_wal_size = '32MB', \
                 shared_buffers = '1MB' }\n\
                 [[case]]\nmethod = 'copy-csv'\nsettings = { track_wal_io_timing = 'off' }\n";
    let samples = common::samples(&Catalogue::built_in(), lines, &mut *server, &dataset);
    let [cramped, untimed] = &samples[..] else { panic!("{samples:?}") };
    for sample in &samples {
        assert_eq!(sample.outcome, Outcome::Ok, "{:?}", sample.error);
        assert_blocks(&*server, sample);
    }
    assert!(read(cramped, Metric::TempFiles) > 1 << 20);
    assert!(read(cramped, Metric::Checkpoints) > 0 && read(cramped, Metric::CheckpointWriteTime) > 0);
    assert!(read(cramped, Metric::CheckpointerWrites) > 0);
    let all_to_files = [Metric::BackendWritesOrExtended, Metric::BackendWrites, Metric::BlocksExtended];
    let of = |sample: &Sample| all_to_files.iter().filter_map(|m| sample.readings.get(*m)).sum::<u64>();
    assert!(of(cramped) > of(untimed), "blocks that have no room are written by whoever needs it");
    assert!(read(untimed, Metric::WalSyncs) > 0);
    for absent in [Metric::WalSyncTime, Metric::WalWriteTime] {
        assert_eq!(untimed.readings.get(absent), None, "not timed is not 0: {absent:?}");
    }
    server.stop().unwrap();
}

#[test]
fn a_container_tells_of_its_control_group() {
    let dir = common::world_readable_tempdir();
    let dataset = Dataset::generated(dir.path(), 50_000, 1, &Interrupt::new()).unwrap();
    let Some(mut server) = common::container(&dataset) else { return };
    let (samples, _) = common::once(&common::experiment("").unwrap(), &mut *server, &dataset);
    let sample = &samples[0];
    assert_eq!(sample.outcome, Outcome::Ok, "{:?}", sample.error);
    let memory = read(sample, Metric::ContainerMemory);
    assert!((1 << 20..1 << 30).contains(&memory), "{memory}");
    assert!(read(sample, Metric::WalSyncTime) > 0 && read(sample, Metric::OtherLoad) <= 1000);
    // Who may read its memory may read its CPU time, at each edge.
    let cpu = Reading::from(Metric::ServerCpu);
    let in_phases: u64 = sample.phases.keys().map(|phase| read(sample, cpu.within(*phase))).sum();
    assert!(0 < in_phases && in_phases <= read(sample, cpu), "{in_phases}");
    assert_eq!(sample.readings.get(Metric::BackendMemory), None, "its processes cannot be seen from here");
    assert_blocks(&*server, sample);
    server.stop().unwrap();
}

#[test]
fn a_sample_says_where_its_time_went_and_who_paid() {
    let dir = common::world_readable_tempdir();
    let dataset = Dataset::generated(dir.path(), 300_000, 1, &Interrupt::new()).unwrap();
    let mut server = common::local(&dataset);
    let experiment = common::experiment(
        "[[case]]\nmethod = 'copy-unlogged'\n[[case]]\nmethod = 'insert-row-transaction'\nrows = 20_000\n",
    )
    .unwrap();
    let (samples, _) = common::once(&experiment, &mut *server, &dataset);
    for sample in &samples {
        assert_eq!(sample.outcome, Outcome::Ok, "{:?}", sample.error);
        // By phase no more than over all of them.
        for metric in [Metric::Wal, Metric::ServerCpu] {
            let each = Phase::ALL.map(|phase| sample.readings.get(Reading::from(metric).within(phase)));
            let phases: Vec<Phase> = Phase::ALL
                .into_iter()
                .zip(each)
                .filter(|(_, value)| value.is_some())
                .map(|(p, _)| p)
                .collect();
            assert_eq!(phases, sample.phases.keys().copied().collect::<Vec<_>>(), "{metric:?}");
            assert!(each.iter().flatten().sum::<u64>() <= read(sample, metric), "{metric:?}");
        }
        let looks: u64 = WAITS.iter().map(|wait| read(sample, *wait)).sum();
        let in_load = WAITS.map(|wait| sample.readings.get(Reading::from(wait).within(Phase::Load)));
        assert!(looks > 0 && in_load.iter().flatten().sum::<u64>() <= looks);
        let parts = [Metric::BackendCpu, Metric::WriterCpu].map(|part| sample.readings.get(part));
        if let [Some(backends), Some(writers)] = parts {
            assert!(backends > 0 && backends + writers <= read(sample, Metric::ServerCpu));
            let each = [Metric::BgwriterCpu, Metric::WalwriterCpu, Metric::CheckpointerCpu];
            let three = each.iter().map(|part| read(sample, *part)).sum::<u64>();
            // From 18 on there are I/O workers as well.
            let are_all = server.facts().version_num < 180_000;
            assert!(if are_all { three == writers } else { three <= writers }, "{three} of {writers}");
        }
        for metric in [Metric::FirstScan, Metric::Checkpoint, Metric::Arithmetic, Metric::MemoryTraffic] {
            assert!(read(sample, metric) > 0, "{metric:?}");
        }
        // A checkpoint that is asked for after the clock is none of the sample's.
        assert_eq!(read(sample, Metric::Checkpoints), 0);
        assert!(read(sample, Metric::WalRecords) > 0);
        for times in [Metric::CheckpointWriteTime, Metric::CheckpointSyncTime] {
            assert_eq!(read(sample, times), 0, "no checkpoint, no time: {times:?}");
        }
        assert!(read(sample, Metric::WalSyncTime) > 0 && read(sample, Metric::WalWriteTime) > 0);
        assert_blocks(&*server, sample);
        let largest = read(sample, Metric::BackendMemory);
        // Less than the shared buffers, which every backend maps.
        assert!((1 << 20..1 << 30).contains(&largest), "{largest}");
        let in_load = sample.readings.get(Reading::from(Metric::BackendMemory).within(Phase::Load));
        assert!(in_load.is_some_and(|bytes| bytes <= largest), "{in_load:?}");
        assert!(read(sample, Metric::OtherLoad) <= 1000 && read(sample, Metric::Steal) <= 1000);
        assert_eq!(sample.readings.get(Metric::ContainerMemory), None);
    }
    let by = |id: &str| samples.iter().find(|sample| sample.case == id).unwrap();
    let (logged, unlogged) = (by("copy-csv"), by("copy-unlogged"));
    assert!(read(logged, Metric::WalRecords) > read(unlogged, Metric::WalRecords) / 2);
    let load = Reading::from(Metric::Wal).within(Phase::Load);
    assert!(read(logged, load) > 10 * read(unlogged, load), "what is not logged is in no WAL");
    // One statement after the other: the client's turn again and again.
    let rows = by("insert-row-transaction rows=20000");
    assert!(read(rows, Metric::WaitsClient) > 0);
    server.stop().unwrap();
}

#[test]
fn a_role_that_may_little_gets_what_it_may() {
    let dir = common::world_readable_tempdir();
    let dataset = Dataset::generated(dir.path(), 50_000, 1, &Interrupt::new()).unwrap();
    let server = common::local(&dataset);
    let mut admin = server.connector().connect().unwrap();
    for sql in ["CREATE ROLE little LOGIN", "CREATE DATABASE of_little OWNER little"] {
        admin.batch_execute(sql).unwrap();
    }
    let place = common::url(&*server);
    let place = place.split_once('?').map(|(_, place)| place).unwrap();
    let url = Choice::External(format!("postgres://little@/of_little?{place}"));
    let options = Options { id: server::new_id(), ..Options::default() };
    let mut external = server::open(&url, &options, &Interrupt::new()).unwrap();
    let (samples, _) = common::once(&common::experiment("").unwrap(), &mut *external, &dataset);
    let sample = &samples[0];
    assert_eq!(sample.outcome, Outcome::Ok, "{:?}", sample.error);
    // Not a superuser, and the server's processes are none that it was told of.
    for absent in [
        Metric::Checkpoint,
        Metric::ServerCpu,
        Metric::BackendCpu,
        Metric::DeviceWrites,
        Metric::BackendMemory,
        Metric::ContainerMemory,
        Metric::ContainerWrites,
        Metric::OtherLoad,
        // Its checkpointer may not be woken.
        Metric::BackendWritesOrExtended,
    ] {
        assert_eq!(sample.readings.get(absent), None, "{absent:?} is absent, not 0");
    }
    let is_told = external.facts().version_num >= 160_000;
    assert_eq!(sample.readings.get(Metric::QueueSyncs).is_some(), is_told, "by the checkpointer before 16");
    assert!(read(sample, Metric::Wal) > 0 && read(sample, Metric::FirstScan) > 0);
    assert!(read(sample, Metric::BlocksHit) > sample.rows && read(sample, Metric::WalSyncTime) > 0);
    assert!(sample.readings.get(Metric::Steal).is_some(), "the client's machine is no secret");
    external.stop().unwrap();
    server.stop().unwrap();
}

#[test]
fn it_is_shown_how_far_a_copy_and_a_build_are() {
    const ROWS: u64 = 1_000_000;
    let dir = common::world_readable_tempdir();
    let dataset = Dataset::generated(dir.path(), ROWS, 1, &Interrupt::new()).unwrap();
    let mut server = common::local(&dataset);
    let catalogue = Catalogue::built_in();
    let experiment = common::experiment("[[case]]\nmethod = 'copy-one-transaction'\n").unwrap();
    let prepared = common::prepared(&catalogue, &experiment, &dataset);
    let mut session = common::on(&prepared, &mut *server);
    // The table of the second is none that another session sees while its rows come.
    for id in ["copy-csv", "copy-one-transaction"] {
        let glimpse = Glimpse::default();
        session.stage().show_in(Some(glimpse.clone()));
        let done = AtomicBool::new(false);
        let seen = std::thread::scope(|scope| {
            let looking = scope.spawn(|| {
                let mut seen: Vec<Seen> = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    seen.extend(glimpse.get().filter(|now| seen.last() != Some(now)));
                    std::thread::sleep(Duration::from_millis(10));
                }
                seen
            });
            let sample = session.take(common::case(&prepared, id)).unwrap();
            done.store(true, Ordering::Relaxed);
            assert_eq!(sample.outcome, Outcome::Ok, "{:?}", sample.error);
            looking.join().unwrap()
        });
        let rows = seen.iter().filter_map(|seen| match seen {
            Seen::Rows(rows) => Some(rows),
            Seen::Builds(_) => None,
        });
        let rows: Vec<_> = rows.collect();
        assert!(rows.iter().any(|seen| 0 < seen.rows && seen.rows < ROWS), "{id}: {seen:?}");
        assert!(rows.iter().all(|seen| seen.of == ROWS && !seen.at_least && seen.bytes >= seen.rows));
        assert!(rows.windows(2).all(|pair| pair[0].rows <= pair[1].rows), "{id}: {seen:?}");
        assert!(seen.iter().any(|seen| matches!(seen, Seen::Builds(_))), "{id}: {seen:?}");
        assert_eq!(glimpse.get(), None, "nothing is left of it");
    }
    drop(session);
    server.stop().unwrap();
}
