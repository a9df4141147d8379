//! Every method of the main experiment on a real server, through criterion.
//!
//! `BULKBENCH_ROWS` (default 100 000) sets the rows; the slow methods load a tenth of them.
//! criterion wants ten samples or more of each, so this serves to watch a change on one machine;
//! figures to publish come from `bulkbench run`, whose samples are interleaved and recorded.

use std::time::Duration;

use anyhow::{Context, Result};
use bulkbench::cache_dir::default_cache_dir;
use bulkbench::dataset::{DEFAULT_SEED, Dataset};
use bulkbench::experiment::Experiment;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::model::{Case, Role};
use bulkbench::runner::availability;
use bulkbench::runner::plan::{self, Request};
use bulkbench::runner::sample::Stage;
use bulkbench::runner::stage::ServerStage;
use bulkbench::server::{self, Choice, Options};
use bulkbench::table::Table;
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};

fn main() -> Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    loads(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

fn loads(criterion: &mut Criterion) -> Result<()> {
    let rows = match std::env::var("BULKBENCH_ROWS") {
        Ok(text) => {
            text.parse().with_context(|| format!("BULKBENCH_ROWS is `{text}`, not a number of rows"))?
        }
        Err(_) => 100_000,
    };
    let interrupt = Interrupt::install()?;
    let mut dataset =
        Dataset::generated(&default_cache_dir()?.join("datasets"), rows, DEFAULT_SEED, &interrupt)?;
    let table = Table::votes(dataset.columns());
    let request = Request {
        rounds: 1,
        rows,
        seed: DEFAULT_SEED,
        budget: Duration::from_secs(1),
        methods: Vec::new(),
        cores: u64::from(bulkbench::probe::machine::cores()),
        any_build: false,
    };
    let catalogue = Catalogue::built_in();
    let mut cases = plan::cases(&catalogue, &Experiment::find("votes")?, &request, &table)?;
    for encoding in plan::encodings(&catalogue, &cases)? {
        dataset.ensure(encoding, &interrupt)?;
    }
    let options =
        Options { id: server::new_id(), expose: vec![dataset.dir().to_path_buf()], ..Options::default() };
    let mut server = server::open(&Choice::Auto, &options, &interrupt)?;
    availability::mark(&catalogue, &mut cases, &*server, &dataset)?;

    let mut stage =
        ServerStage::new(&catalogue, &mut *server, &dataset, interrupt.clone(), Duration::from_secs(600));
    let mut group = criterion.benchmark_group("loads");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_millis(500));
    for case in cases.iter().filter(|c| c.role != Role::Control) {
        if let Some(reason) = &case.unavailable {
            eprintln!("{}: not available here: {reason}", case.id);
            continue;
        }
        let rows = if plan::is_budgeted(&catalogue, case)? { (case.rows / 10).max(1) } else { case.rows };
        group.throughput(Throughput::Elements(rows));
        group.bench_function(BenchmarkId::from_parameter(&case.id), |bencher| {
            bencher.iter_custom(|iterations| {
                // criterion's closures cannot return an error: this is where one ends.
                (0..iterations).map(|_| one(&mut stage, case, rows).expect("a verified load")).sum()
            });
        });
    }
    group.finish();
    drop(stage);
    server.stop()
}

/// One verified load: only its phases count.
fn one(stage: &mut dyn Stage, case: &Case, rows: u64) -> Result<Duration> {
    stage.apply(case)?;
    stage.reset(case, rows)?;
    let measured = stage.load(case, rows)?;
    stage.verify(case, rows)?;
    Ok(Duration::from_nanos(measured.phases.values().sum()))
}
