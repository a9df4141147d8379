//! Loads into a real server, through criterion.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bulkbench::cache_dir::default_cache_dir;
use bulkbench::dataset::{DEFAULT_SEED, Dataset, columns};
use bulkbench::errors::chain;
use bulkbench::experiment::Experiment;
use bulkbench::interrupt::Interrupt;
use bulkbench::method::Catalogue;
use bulkbench::model::{Case, Role};
use bulkbench::runner::plan::{self, Request, Tables};
use bulkbench::runner::sample::{Applied, Loaded, Measured, Ready, Stage};
use bulkbench::runner::stage::ServerStage;
use bulkbench::runner::{Input, Prepared, RunSession};
use bulkbench::server::Options;
use bulkbench::table::Table;
use bulkbench::{probe, say, units};
use criterion::{Criterion, SamplingMode, Throughput};

use super::args::{Args, Mode};
use super::fit::{Timing, about, slug};
use super::servers::{Servers, on};
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
    /// The servers that they go to.
    pub servers: Servers,
    /// How they are timed.
    pub timing: Timing,
}

/// An id whose loads are proven.
struct Verified {
    slug: String,
    /// Its case on each of the servers.
    cases: Vec<Case>,
    /// The time of a load into each of them in all, with what comes before it.
    once: Duration,
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

    /// Does with the cases what the command line asks for; then, where that is to measure, what comes `after`, with
    /// those that could be loaded, each on all of the servers in their order.
    ///
    /// # Errors
    /// When there is no server or dataset, a load fails or leaves what it should not, or work has to stop.
    pub(crate) fn run(
        self,
        criterion: &mut Criterion,
        args: &Args,
        interrupt: &Interrupt,
        after: impl FnOnce(&mut RunSession<'_>, &BTreeMap<String, Vec<Case>>) -> Result<()>,
    ) -> Result<()> {
        let Self { group: name, experiment, cases, rows, time, servers, timing } = self;
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
        if let Some(why) = servers.lack(&choice) {
            return left_out(name, &why);
        }
        let loads = format!("{name}: {} ids, loads of up to {} rows", cases.len(), units::count(rows));
        match args.mode {
            Mode::Measure => say!(
                "{loads}; each is loaded and verified once, then timed: about {} where the disk is fast",
                about(timing.estimate(cases.iter().map(|case| usual(case) * servers.number())))
            ),
            Mode::Test | Mode::List => say!("{loads}; each is loaded and verified, and loaded once more"),
        }
        let catalogue = Catalogue::built_in();
        let datasets = default_cache_dir()?.join("datasets");
        let dataset = Dataset::generated(&datasets, rows, DEFAULT_SEED, interrupt)?;
        let options = Options {
            expose: vec![dataset.dir().to_path_buf()],
            // They share the disk.
            need_bytes: (ROOM.0 + rows * ROOM.1) * u64::from(servers.number()),
            ..Options::default()
        };
        let prepared = Prepared::new(&catalogue, cases, vec![Input::votes(dataset)], interrupt)?;
        let mut opened = match servers.open(&choice, &options, interrupt) {
            Err(error) if servers.may_lack(&error) => return left_out(name, &chain(error.as_ref())),
            opened => opened?,
        };
        opened.introduce(name);
        let mut session = prepared.on(opened.all_mut(), LONGEST);

        let verified = verified(&mut session, name, &experiment, slugs)?;
        if args.mode == Mode::Measure {
            let estimate = timing.estimate(verified.iter().map(|one| one.once));
            say!("{name}: {} ids verified; timing them takes about {}", verified.len(), about(estimate));
        }
        for one in &verified {
            if args.mode == Mode::Measure {
                match timing {
                    Timing::Samples(_) if args.has_measurement_time => {}
                    Timing::Samples(fit) => {
                        // The machine may be busier now than at the first load.
                        let start = Instant::now();
                        one.cases.iter().try_for_each(|case| load(&mut session, case).map(drop))?;
                        group.measurement_time(fit.measurement_time(one.once.max(start.elapsed())));
                    }
                    Timing::Rounds(_) => continue,
                }
            }
            group.throughput(Throughput::Elements(one.cases.iter().map(|case| case.rows).sum()));
            group.bench_function(&one.slug, |bencher| {
                bencher.iter_custom(|iterations| {
                    let loads = (0..iterations).flat_map(|_| &one.cases);
                    loads.map(|case| time(&or_throw(load(&mut session, case)))).sum()
                });
            });
        }
        group.finish();
        if args.mode == Mode::Measure {
            after(&mut session, &verified.into_iter().map(|one| (one.slug, one.cases)).collect())?;
        }
        drop(session);
        opened.stop()
    }
}

/// The time of all phases of a load.
pub(crate) fn total(load: &Measured) -> Duration {
    Duration::from_nanos(load.phases.values().sum())
}

/// Says that a target is left out here, and why; also where `scripts/test` collects what it has skipped.
fn left_out(name: &str, why: &str) -> Result<()> {
    say!("{name} is left out: {why}");
    if let Some(path) = std::env::var_os("BULKBENCH_TEST_SKIPS") {
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        writeln!(file, "benchmark {name}: {why}")?;
    }
    Ok(())
}

/// The ids that can be loaded on all of the servers, each loaded there once and proven.
fn verified(
    session: &mut RunSession<'_>,
    name: &str,
    experiment: &Experiment,
    slugs: Vec<String>,
) -> Result<Vec<Verified>> {
    let placed = session.mark(experiment)?;
    let servers = placed.len() / slugs.len();
    let mut verified = Vec::new();
    for (slug, cases) in slugs.into_iter().zip(placed.chunks(servers)) {
        if let Some(reason) = cases.iter().find_map(|case| case.unavailable.as_ref()) {
            say!("{name}/{slug}: not available here: {reason}");
            continue;
        }
        let mut once = Duration::ZERO;
        for case in cases {
            let place = case.key.server.as_deref().unwrap_or_default();
            once += verify(session, case).with_context(|| format!("in {name}/{slug}{}", on(place)))?;
        }
        verified.push(Verified { slug, cases: cases.to_vec(), once });
    }
    Ok(verified)
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
