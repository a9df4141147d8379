//! Loads into a real server, through criterion.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bulkbench::cache_dir::default_cache_dir;
use bulkbench::dataset::{DEFAULT_SEED, Dataset, columns};
use bulkbench::experiment::Experiment;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::model::{Case, Role};
use bulkbench::runner::plan::{self, Request, Tables};
use bulkbench::runner::sample::{Applied, Loaded, Measured, Ready, Stage};
use bulkbench::runner::stage::ServerStage;
use bulkbench::runner::{Input, Prepared, RunSession};
use bulkbench::server::{self, Options};
use bulkbench::table::Table;
use bulkbench::{probe, say, units};
use criterion::{Criterion, SamplingMode, Throughput};

use super::args::{Args, Mode};
use super::fit::{Fit, about, slug};
use super::{or_throw, variables};

/// The longest that a load may take.
const LONGEST: Duration = Duration::from_secs(600);

/// Bytes of disk for a server besides its tables, and for each row with its indexes, sorts and WAL.
const ROOM: (u64, u64) = (1 << 30, 500);

/// The time of a load with what belongs around it, and for each row, on a machine of two cores with a fast disk:
/// for the first word on how long a target takes.
const USUAL: (Duration, Duration) = (Duration::from_millis(250), Duration::from_micros(2));

/// Loads of a target.
pub(crate) struct Loads {
    /// The first part of their ids.
    pub group: &'static str,
    /// The cases' experiment.
    pub experiment: Experiment,
    /// The cases by the rest of their ids.
    pub cases: Vec<(String, Case)>,
    /// Rows of the dataset.
    pub rows: u64,
    /// The part of a load that counts.
    pub time: fn(&Measured) -> Duration,
    /// How each is measured.
    pub fit: Fit,
}

impl Loads {
    /// The cases of an experiment but its control, under their own names.
    ///
    /// # Errors
    /// As [`plan::cases`].
    pub(crate) fn cases(experiment: &Experiment, rows: u64) -> Result<Vec<(String, Case)>> {
        let request = Request {
            rounds: 1,
            rows,
            seed: DEFAULT_SEED,
            budget: LONGEST,
            methods: Vec::new(),
            cores: u64::from(probe::machine::cores()),
            any_build: false,
            crash: None,
            until: None,
        };
        let votes = Tables::of(Table::votes(&columns::votes()), rows);
        let cases = plan::cases(&Catalogue::built_in(), experiment, &request, &votes)?;
        let cases = cases.into_iter().filter(|case| case.role != Role::Control);
        Ok(cases.map(|case| (slug(&case.id), case)).collect())
    }

    /// Does with the cases what the command line asks for; once they are measured, what comes `after`, with
    /// those that were.
    ///
    /// # Errors
    /// When there is no server or dataset, a load fails or leaves what it should not, or work has to stop.
    pub(crate) fn run(
        self,
        criterion: &mut Criterion,
        args: &Args,
        interrupt: &Interrupt,
        after: impl FnOnce(&mut RunSession<'_>, &BTreeMap<String, Case>) -> Result<()>,
    ) -> Result<()> {
        let Self { group: name, experiment, cases, rows, time, fit } = self;
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat);
        if args.mode == Mode::List {
            for (slug, _) in &cases {
                group.bench_function(slug, |_| {});
            }
            return Ok(());
        }
        let (slugs, cases): (Vec<String>, Vec<Case>) =
            cases.into_iter().filter(|(slug, _)| args.wants(&format!("{name}/{slug}"))).unzip();
        if cases.is_empty() {
            return Ok(());
        }

        let choice = variables::server()?;
        let loads = format!("{name}: {} ids, loads of up to {} rows", cases.len(), units::count(rows));
        match args.mode {
            Mode::Measure => say!(
                "{loads}; each is loaded and verified once, then timed: about {} where the disk is fast",
                about(fit.estimate(cases.iter().map(usual)))
            ),
            Mode::Test | Mode::List => say!("{loads}; each is loaded and verified, and loaded once more"),
        }
        let catalogue = Catalogue::built_in();
        let datasets = default_cache_dir()?.join("datasets");
        let dataset = Dataset::generated(&datasets, rows, DEFAULT_SEED, interrupt)?;
        let options = Options {
            id: server::new_id(),
            expose: vec![dataset.dir().to_path_buf()],
            need_bytes: ROOM.0 + rows * ROOM.1,
            ..Options::default()
        };
        let prepared = Prepared::new(&catalogue, cases, vec![Input::votes(dataset)], interrupt)?;
        let mut server = server::open(&choice, &options, interrupt).context("getting a server")?;
        say!("{name}: {} ({})", server.facts().version, server.facts().reason);
        server.warnings().iter().for_each(|warning| say!("warning: {warning}"));
        let mut session = prepared.on(vec![(String::new(), &mut *server)], LONGEST);

        let mut verified = Vec::new();
        for (slug, case) in slugs.into_iter().zip(session.mark(&experiment)?) {
            match &case.unavailable {
                Some(reason) => say!("{name}/{slug}: not available here: {reason}"),
                None => {
                    let once = verify(&mut session, &case).with_context(|| format!("in {name}/{slug}"))?;
                    verified.push((slug, case, once));
                }
            }
        }
        if args.mode == Mode::Measure {
            let estimate = fit.estimate(verified.iter().map(|(.., once)| *once));
            say!("{name}: {} ids verified; timing them takes about {}", verified.len(), about(estimate));
        }

        let mut measured = BTreeMap::new();
        for (slug, case, once) in verified {
            if args.mode == Mode::Measure && !args.has_measurement_time {
                // The machine may be busier now than at the first load.
                let start = Instant::now();
                load(&mut session, &case)?;
                let once = once.max(start.elapsed());
                group.measurement_time(fit.measurement_time(once));
            }
            group.throughput(Throughput::Elements(case.rows));
            group.bench_function(&slug, |bencher| {
                bencher.iter_custom(|iterations| {
                    (0..iterations).map(|_| time(&or_throw(load(&mut session, &case)))).sum()
                });
            });
            measured.insert(slug, case);
        }
        group.finish();
        if args.mode == Mode::Measure {
            after(&mut session, &measured)?;
        }
        drop(session);
        server.stop().context("stopping the server")
    }
}

fn usual(case: &Case) -> Duration {
    USUAL.0 + USUAL.1 * u32::try_from(case.rows).unwrap_or(u32::MAX)
}

/// A load as each is made that is timed.
///
/// # Errors
/// When it fails, or work has to stop.
pub(crate) fn load(session: &mut RunSession<'_>, case: &Case) -> Result<Measured> {
    or_stopped(session, |stage| Ok(stage.apply(case)?.reset(case.rows)?.load()?.1))
}

/// A load that is proven to leave what it should, and its time with what comes before it, but without the proof.
fn verify(session: &mut RunSession<'_>, case: &Case) -> Result<Duration> {
    let start = Instant::now();
    or_stopped(session, |stage| {
        let (mut loaded, _) = stage.apply(case)?.reset(case.rows)?.load()?;
        let once = start.elapsed();
        loaded.verify()?;
        Ok(once)
    })
}

/// Does the steps of a sample; where they failed because work has to stop, that is the error.
fn or_stopped<'s, T>(
    session: &mut RunSession<'s>,
    steps: impl FnOnce(&mut ServerStage<'s>) -> Result<T>,
) -> Result<T> {
    let stage = session.stage();
    steps(stage).or_else(|error| stage.check().and(Err(error)))
}
