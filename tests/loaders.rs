//! Programs of others as methods: what they are given, what becomes of each way they can end, and
//! what is left of them.

mod common;

use std::path::Path;
use std::time::Duration;

use bulkbench::dataset::Dataset;
use bulkbench::experiment::Experiment;
use bulkbench::interrupt::Interrupt;
use bulkbench::record::{Encoding, Outcome, Sample};
use bulkbench::runner::availability;
use bulkbench::runner::plan::{self, Request};
use bulkbench::runner::sample::{self, Place};
use bulkbench::runner::stage::ServerStage;
use bulkbench::server::Server;
use bulkbench::table::Table;

const ROWS: u64 = 1_000;

fn dataset(dir: &Path) -> Dataset {
    let mut dataset = Dataset::generated(dir, ROWS, 1, &Interrupt::new()).unwrap();
    for encoding in Encoding::ALL {
        dataset.ensure(encoding, &Interrupt::new()).unwrap();
    }
    dataset
}

/// A sample of each case of an experiment.
fn run(cases: &str, server: &mut dyn Server, dataset: &Dataset) -> Vec<Sample> {
    let head = "id = 'x'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nbaseline = 'psql-copy'\n[[case]]\nmethod = 'psql-copy'\n";
    let experiment = Experiment::parse(&format!("{head}{cases}"), "x.toml").unwrap();
    let request = Request {
        rounds: 1,
        rows: dataset.rows(),
        seed: 1,
        budget: Duration::from_secs(1),
        methods: vec![],
        cores: 2,
        any_build: false,
    };
    let mut cases = plan::cases(&experiment, &request, &Table::votes(dataset.columns())).unwrap();
    availability::mark(&mut cases, &*server, dataset).unwrap();
    let mut stage = ServerStage::new(server, dataset, Interrupt::new(), Duration::from_secs(60));
    cases
        .iter()
        .map(|case| {
            assert_eq!(case.unavailable, None, "{}", case.id);
            sample::take(&mut stage, case, Place { round: 1, position: 0 }).unwrap()
        })
        .collect()
}

#[test]
fn psql_copies_all_rows_or_the_first() {
    let dir = common::world_readable_tempdir();
    let dataset = dataset(dir.path());
    let mut server = common::local(&dataset);
    let samples =
        run("[[case]]\nmethod = 'psql-copy'\nrows = [1, 7]\nlatency_ms = 1", &mut *server, &dataset);
    for sample in samples {
        assert_eq!(sample.outcome, Outcome::Ok, "{:?}", sample.error);
    }
    server.stop().unwrap();
}
