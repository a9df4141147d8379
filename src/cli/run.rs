//! `bulkbench run`: from an experiment to its results.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use super::loader_args::{self, LoaderArgs};
use super::result_dir::{new_directory, writable};
use super::server_args::{ServerArgs, Servers};
use super::{datasets_dir, print};
use crate::dataset::{DEFAULT_ROWS, DEFAULT_SEED, Dataset, columns};
use crate::experiment::Experiment;
use crate::fault::Fault;
use crate::interrupt::Interrupt;
use crate::method::catalogue;
use crate::probe::machine;
use crate::record::store::Store;
use crate::record::{CaseFacts, Role, Run, SCHEMA_VERSION, Sample, Source, Tool};
use crate::report::{self, Look};
use crate::runner::plan::{self, Request};
use crate::runner::progress::Terminal;
use crate::runner::reset::rows_after;
use crate::runner::sample::Stage;
use crate::runner::stage::ServerStage;
use crate::runner::{availability, budget, execute};
use crate::server::Settings;
use crate::table::Table;
use crate::{session, units};

/// What `--quick` stands for: rows, rounds, seconds of budget.
const QUICK: (u64, u32, u64) = (100_000, 2, 2);

/// Seconds that a sample of a slow method takes at most, unless told otherwise.
const BUDGET: u64 = 15;

/// Seconds after which a sample is given up, unless told otherwise.
const TIMEOUT: u64 = 1800;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A built-in experiment (`bulkbench list`), or the path of a .toml file
    #[arg(default_value = "votes")]
    pub(super) experiment: String,
    /// Rows of the generated dataset [default: the experiment's, or 7500000]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=2_000_000_000), conflicts_with = "dataset")]
    pub(super) rows: Option<u64>,
    /// Rounds: each runs every case once [default: the experiment's]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) rounds: Option<u32>,
    /// Only these methods, and the baseline
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(super) methods: Vec<String>,
    /// Load this dataset instead of a generated one: a name that `bulkbench dataset info` lists
    #[arg(long, value_name = "NAME")]
    pub(super) dataset: Option<String>,
    #[command(flatten)]
    pub(super) loaders: LoaderArgs,
    #[command(flatten)]
    pub(super) place: ServerArgs,
    /// A server setting for the whole run, e.g. --set maintenance_work_mem=64MB
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub(super) settings: Vec<(String, String)>,
    /// Seed of the dataset and of the order [default: 1]
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Compare servers although their builds have different origins (another packager or platform)
    #[arg(long)]
    pub(super) any_build: bool,
    /// Two rounds, 100 000 rows (of --dataset all): to see that everything works, not to publish
    #[arg(long)]
    pub(super) quick: bool,
    /// Seconds that a sample of a slow method should take; it loads fewer rows to fit [default: the experiment's, or 15]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) budget: Option<u64>,
    /// Seconds after which a sample is given up
    #[arg(long, value_name = "SECONDS", default_value_t = TIMEOUT, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub(super) timeout: u64,
    /// A word for this run, in its directory's name and reports
    #[arg(long, default_value = "", hide_default_value = true, value_parser = label)]
    pub(super) label: String,
    /// The directory in which the run gets one of its own
    #[arg(long, default_value = "results", value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Go on with an interrupted run: take the samples it lacks (one that failed is a result too);
    /// everything but the server's place comes from its records
    #[arg(long, value_name = "DIR", conflicts_with_all = ["experiment", "rows", "rounds", "methods", "dataset", "settings", "seed", "any_build", "quick", "budget", "label", "out"])]
    resume: Option<PathBuf>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            let (name, value) = (name.trim().to_owned(), value.trim().into());
            session::check([&name], "--set").map_err(|moving| moving.to_string())?;
            Ok((name, value))
        }
        _ => Err("a setting is written name=value, for instance work_mem=64MB".into()),
    }
}

fn label(text: &str) -> Result<String, String> {
    if text.chars().count() <= 60 && text.chars().all(|c| c.is_alphanumeric() || " .,_-+()".contains(c)) {
        return Ok(text.into());
    }
    Err("a label has at most 60 letters, digits, spaces and . , _ - + ( )".into())
}

/// Executes an experiment, or goes on with one.
pub fn run(args: &Args, interrupt: &Interrupt) -> Result<ExitCode> {
    if cfg!(debug_assertions) {
        anstream::eprintln!("warning: this is a debug build; the client may be slower than the server");
    }
    let done = match &args.resume {
        Some(dir) => super::resume::resume(args, dir, interrupt),
        None => start(args, interrupt),
    };
    done.map_err(|error| match Fault::find(&error) {
        Some(Fault::Interrupted(_)) if !error.to_string().contains("--resume") => {
            error.context("nothing was measured yet, and nothing is left behind; start the run again")
        }
        _ => error,
    })
}

fn start(args: &Args, interrupt: &Interrupt) -> Result<ExitCode> {
    // What can be wrong with the words is found before anything is made or started.
    let loaders = args.loaders.add()?;
    let mut experiment = Experiment::find(&args.experiment)?;
    if !experiment.caveats.is_empty() {
        return super::caveats::run(args, &experiment, &loaders, interrupt);
    }
    let mut request = request(args, &experiment);
    loader_args::join(&loaders, &mut experiment, &mut request.methods);
    let compares = experiment.compare.as_deref() == Some("server");
    let wanted = args.place.wanted(&args.place.choice()?, compares)?;
    plan::cases(&experiment, &request, &Table::votes(&columns::votes()))?;
    writable(&args.out)?;

    let dataset = match &args.dataset {
        Some(name) => Dataset::open(&datasets_dir()?.join(name))?,
        None => Dataset::generated(&datasets_dir()?, request.rows, request.seed, interrupt)?,
    };
    request.rows = dataset.rows();
    let cases = plan::cases(&experiment, &request, &Table::votes(dataset.columns()))?;
    let datasets = datasets(dataset, &cases, interrupt)?;

    let settings: Settings = args.settings.iter().cloned().collect();
    let mut servers = args.place.open(wanted, &settings, &datasets, most_times(&cases)?, interrupt)?;
    let outcome = (|| {
        let machine = machine::machine(servers.main().data_dir())?;
        let mut cases = plan::on_servers(&experiment, cases, &servers.names());
        mark_unavailable(&mut cases, &servers, &datasets)?;
        fit_budgets(&mut stage(&mut servers, &datasets, args, interrupt), &mut cases, request.budget)?;
        let run = Run {
            schema: SCHEMA_VERSION,
            tool: tool(),
            started: now(),
            label: args.label.clone(),
            command: command(args, servers.main().facts().source),
            machine,
            server: servers.main().facts().clone(),
            dataset: datasets[0].1.facts(),
            servers: servers.facts(),
            datasets: datasets[1..].iter().map(|(name, dataset)| (name.clone(), dataset.facts())).collect(),
            plan: plan::plan(&experiment, &request, cases, |s| servers.main().restarts_for(s)),
        };
        let store =
            Store::create(&new_directory(&args.out, &run.label, &run.started, &run.plan.experiment)?, &run)?;
        finish(store, &run, Vec::new(), stage(&mut servers, &datasets, args, interrupt))
    })();
    servers.closing(outcome)
}

/// How many times a table of these cases holds the rows at the most.
pub(super) fn most_times(cases: &[CaseFacts]) -> Result<u64> {
    let mut most = 1;
    for case in cases {
        most = most.max(rows_after(catalogue::find(&case.method)?.info(), &case.params, 0).times);
    }
    Ok(most)
}

/// The run's dataset first, then the other forms of it that cases name, each in the encodings that
/// its cases read.
pub(super) fn datasets(
    main: Dataset,
    cases: &[CaseFacts],
    interrupt: &Interrupt,
) -> Result<Vec<(String, Dataset)>> {
    let mut datasets = vec![(String::new(), main)];
    for name in cases.iter().filter_map(|case| case.dataset.as_ref()) {
        if !datasets.iter().any(|(known, _)| known == name) {
            let form = datasets[0].1.in_form(name, interrupt)?;
            datasets.push((name.clone(), form));
        }
    }
    for (name, dataset) in &mut datasets {
        let of_it = |case: &&CaseFacts| case.dataset.as_deref().unwrap_or_default() == name;
        for encoding in plan::encodings(cases.iter().filter(of_it))? {
            dataset.ensure(encoding, interrupt)?;
        }
    }
    Ok(datasets)
}

/// Marks the cases that cannot run on the server and with the dataset that they name.
fn mark_unavailable(
    cases: &mut [CaseFacts],
    servers: &Servers,
    datasets: &[(String, Dataset)],
) -> Result<()> {
    for (place, (server_name, server)) in servers.iter().enumerate() {
        for (name, dataset) in datasets {
            let here = |case: &&mut CaseFacts| {
                let on_it = case.server.as_deref().map_or(place == 0, |named| named == server_name);
                on_it && case.dataset.as_deref().unwrap_or_default() == name
            };
            availability::mark(cases.iter_mut().filter(here), server, dataset)?;
        }
    }
    Ok(())
}

/// Takes the samples that are missing, and writes the reports, also after an interruption.
pub(super) fn finish(
    mut store: Store,
    run: &Run,
    done: Vec<Sample>,
    mut stage: ServerStage<'_>,
) -> Result<ExitCode> {
    let dir = store.dir().to_path_buf();
    let mut samples = done.clone();
    let mut progress = Terminal::new(&run.plan);
    let executed = execute(
        &run.plan,
        &done,
        &mut stage,
        &mut |sample| {
            store.append(sample)?;
            samples.push(sample.clone());
            Ok(())
        },
        &mut progress,
    );
    drop(progress);
    drop(stage);
    let reported = report::write_all(&dir);
    let ended = executed.map_err(|error| {
        error.context(format!(
            "the run did not get to its end; {} samples are kept: go on with `bulkbench run --resume {}`",
            samples.len(),
            dir.display()
        ))
    })?;
    reported?;
    print(&report::terminal_table(run, &samples, Look::of_stdout()))?;
    print(&format!("\nEverything is in {}; report.html is the page to read first.\n", dir.display()))?;
    if ended.failed > 0 {
        anstream::eprintln!("{} samples failed; the reports say which and why", ended.failed);
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A stage for the votes on these servers.
pub(super) fn stage<'a>(
    servers: &'a mut Servers,
    datasets: &'a [(String, Dataset)],
    args: &Args,
    interrupt: &Interrupt,
) -> ServerStage<'a> {
    ServerStage::over(
        servers.all_mut(),
        datasets.iter().map(|(name, dataset)| (name.clone(), dataset)).collect(),
        interrupt.clone(),
        Duration::from_secs(args.timeout),
    )
}

/// Finds the row counts of the slow cases; the control's is the baseline's, whose twin it is.
fn fit_budgets(stage: &mut dyn Stage, cases: &mut [CaseFacts], budget: Duration) -> Result<()> {
    for case in cases.iter_mut().filter(|case| case.unavailable.is_none() && case.role != Role::Control) {
        if !plan::is_budgeted(case)? {
            continue;
        }
        match budget::fit(stage, case, budget) {
            Ok(()) => {}
            Err(error) if matches!(Fault::find(&error), Some(Fault::Interrupted(_))) => return Err(error),
            Err(error) => {
                anstream::eprintln!("warning: {}: {error:#}; its samples will show it", case.id);
                stage.recover()?;
                case.rows = budget::FIRST_TRIAL_ROWS.min(case.rows);
                case.rows_reason = Some("a trial of its rate failed".into());
            }
        }
        if let Some(reason) = &case.rows_reason {
            anstream::eprintln!("{}: {} rows, as {reason}", case.id, units::count(case.rows));
        }
    }
    budget::level(cases);
    Ok(())
}

fn request(args: &Args, experiment: &Experiment) -> Request {
    let quick = args.quick.then_some(QUICK);
    Request {
        rows: args.rows.or(quick.map(|q| q.0)).or(experiment.rows).unwrap_or(DEFAULT_ROWS),
        rounds: args.rounds.or(quick.map(|q| q.1)).unwrap_or(experiment.rounds),
        budget: Duration::from_secs(
            args.budget.or(quick.map(|q| q.2)).or(experiment.budget).unwrap_or(BUDGET),
        ),
        seed: args.seed.unwrap_or(DEFAULT_SEED),
        methods: args.methods.clone(),
        cores: u64::from(machine::cores()),
        any_build: args.any_build,
    }
}

/// The time as records have it.
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What records say of this program.
pub(super) fn tool() -> Tool {
    Tool {
        name: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
        commit: option_env!("BULKBENCH_COMMIT").map(String::from),
        profile: if cfg!(debug_assertions) { "debug" } else { "release" }.into(),
    }
}

/// The command that repeats the run elsewhere, on a server of the same kind. This machine's paths
/// and the address of the server are left out of it.
pub(super) fn command(args: &Args, source: Source) -> String {
    let experiment = match Path::new(&args.experiment).file_name() {
        Some(file) => file.to_string_lossy().into_owned(),
        None => args.experiment.clone(),
    };
    let server = match source {
        Source::Local => "local",
        Source::Container => "container",
        Source::External => "postgres://...",
    };
    let flags = [
        ("rows", args.rows.map(|v| v.to_string())),
        ("rounds", args.rounds.map(|v| v.to_string())),
        ("methods", (!args.methods.is_empty()).then(|| args.methods.join(","))),
        ("dataset", args.dataset.clone()),
        ("server", Some(server.into())),
        ("seed", args.seed.map(|v| v.to_string())),
        ("budget", args.budget.map(|v| v.to_string())),
        ("timeout", (args.timeout != TIMEOUT).then(|| args.timeout.to_string())),
    ];
    let mut command = format!("bulkbench run {experiment}");
    for (name, value) in flags {
        if let Some(value) = value {
            command.push_str(&format!(" --{name} {value}"));
        }
    }
    command.push_str(&args.loaders.command());
    args.place.image.iter().for_each(|image| command.push_str(&format!(" --image {image}")));
    for (name, value) in &args.settings {
        // A value such as '1 GB' or 'a, b' is one word to a shell only in quotes.
        match value.chars().all(|c| c.is_ascii_alphanumeric() || "._-%".contains(c)) {
            true => command.push_str(&format!(" --set {name}={value}")),
            false => command.push_str(&format!(" --set '{name}={}'", value.replace('\'', r"'\''"))),
        }
    }
    if args.any_build {
        command.push_str(" --any-build");
    }
    if args.quick {
        command.push_str(" --quick");
    }
    command
}
