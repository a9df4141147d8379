//! What is read beside the times of a sample, on a real server.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::model::{Metric, Outcome, Phase, Reading, Sample};
use bulkbench::runner::glimpse::{Glimpse, Seen};
use bulkbench::server::{self, Choice, Options};

const WAITS: [Metric; 10] = [
    Metric::AtWork,
    Metric::WaitsWalWrite,
    Metric::WaitsWalInsert,
    Metric::WaitsExtension,
    Metric::WaitsDataFile,
    Metric::WaitsTempFile,
    Metric::WaitsClient,
    Metric::WaitsLock,
    Metric::WaitsWorkers,
    Metric::WaitsOther,
];

fn read(sample: &Sample, reading: impl Into<Reading>) -> u64 {
    let reading = reading.into();
    sample.readings.get(reading).unwrap_or_else(|| panic!("{}: {reading:?} is absent", sample.case))
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
        }
        for metric in [Metric::FirstScan, Metric::Checkpoint, Metric::Arithmetic, Metric::MemoryTraffic] {
            assert!(read(sample, metric) > 0, "{metric:?}");
        }
        // A checkpoint that is asked for after the clock is none of the sample's.
        assert_eq!(read(sample, Metric::Checkpoints), 0);
        assert!(read(sample, Metric::WalRecords) > 0);
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
    for absent in [Metric::Checkpoint, Metric::ServerCpu, Metric::BackendCpu, Metric::DeviceWrites] {
        assert_eq!(sample.readings.get(absent), None, "{absent:?} is absent, not 0");
    }
    assert!(read(sample, Metric::Wal) > 0 && read(sample, Metric::FirstScan) > 0);
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
