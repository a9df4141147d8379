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
use bulkbench::runner::RunSession;
use bulkbench::runner::plan::{self, Request};
use bulkbench::server::{self, Choice, Options};
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
    let dataset = Dataset::generated(&default_cache_dir()?.join("datasets"), rows, DEFAULT_SEED, &interrupt)?;
    let request = Request {
        rounds: 1,
        rows,
        seed: DEFAULT_SEED,
        budget: Duration::from_secs(1),
        methods: Vec::new(),
        cores: u64::from(bulkbench::probe::machine::cores()),
        any_build: false,
    };
    let (catalogue, experiment) = (Catalogue::built_in(), Experiment::find("votes")?);
    let expose = vec![dataset.dir().to_path_buf()];
    let prepared = RunSession::prepare(&catalogue, &experiment, &request, dataset, &interrupt)?;
    let options = Options { id: server::new_id(), expose, ..Options::default() };
    let mut server = server::open(&Choice::Auto, &options, &interrupt)?;
    let mut session = prepared.on(vec![(String::new(), &mut *server)], Duration::from_secs(600));

    let mut group = criterion.benchmark_group("loads");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_millis(500));
    for mut case in session.mark(&experiment)?.into_iter().filter(|c| c.role != Role::Control) {
        if let Some(reason) = &case.unavailable {
            eprintln!("{}: not available here: {reason}", case.id);
            continue;
        }
        if plan::is_budgeted(&catalogue, &case)? {
            case.rows = (case.rows / 10).max(1);
        }
        group.throughput(Throughput::Elements(case.rows));
        group.bench_function(BenchmarkId::from_parameter(&case.id), |bencher| {
            bencher.iter_custom(|iterations| {
                // criterion's closures cannot return an error: this is where one ends.
                (0..iterations).map(|_| one(&mut session, &case).expect("a verified load")).sum()
            });
        });
    }
    group.finish();
    drop(session);
    server.stop()
}

/// One verified load: only its phases count.
fn one(session: &mut RunSession<'_>, case: &Case) -> Result<Duration> {
    let sample = session.take(case)?;
    let total_ns = sample.total_ns.with_context(|| sample.error.unwrap_or_default())?;
    Ok(Duration::from_nanos(total_ns))
}
