//! The flags of `bulkbench run`, and what they ask for.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::claimed::DEFAULT_EXPERIMENT;
use super::limit_args::LimitArgs;
use super::loader_args::LoaderArgs;
use super::own_table::OwnTableArgs;
use super::row_count;
use super::server_args::{Conditions, ServerArgs};
use super::until_args::UntilArgs;
use crate::dataset::{DEFAULT_ROWS, DEFAULT_SEED};
use crate::experiment::{Experiment, ExperimentOrigin};
use crate::model::{Asked, CrashKind, Limits, Making, Word};
use crate::record::LONGEST_SAMPLE_SECONDS;
use crate::runner::plan::Request;
use crate::server::{Choice, Settings, why_not_limited};
use crate::session;

/// The values that `--quick` stands for: rows, rounds, seconds of budget.
const QUICK: (u64, u32, u64) = (100_000, 2, 2);

/// Seconds that a sample of a slow method takes at most, unless the user says otherwise.
const BUDGET: u64 = 15;

/// Seconds after which a sample is given up, unless the user says otherwise.
const TIMEOUT: u64 = 1800;

/// Rows of a load that crashes, unless the user or the experiment says otherwise.
const CRASH_ROWS: u64 = 100_000;

/// The arguments of `bulkbench run`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// A built-in experiment (`bulkbench list`), or the path of a .toml file
    #[arg(default_value = DEFAULT_EXPERIMENT)]
    pub experiment: String,
    /// Rows of the generated dataset, as 7500000, 7.5M or 100k [default: the experiment's, or 7500000]
    #[arg(long, value_parser = row_count::parse, conflicts_with = "dataset")]
    pub rows: Option<u64>,
    /// Rounds: each runs every case once [default: the experiment's]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: Option<u32>,
    #[command(flatten)]
    pub until: UntilArgs,
    /// Only the experiment's cases of these methods, with the baseline and what they are held against; a method that
    /// the experiment does not have joins it as one case, with its default parameters
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub methods: Vec<String>,
    /// Only what tests this claim (`bulkbench claims`), in the experiment that is named, or else in the first that tests it
    #[arg(long, value_name = "ID", conflicts_with_all = ["methods", "caveats"])]
    pub claim: Option<String>,
    /// Load this dataset instead of a generated one: a name that `bulkbench dataset info` lists
    #[arg(long, value_name = "NAME")]
    pub dataset: Option<String>,
    /// Of an experiment that tries caveats, only this one: an id (`bulkbench list caveats`), or the path of a
    /// .toml file of your own (docs/add-a-caveat.md); several times for as many
    #[arg(long = "caveat", value_name = "NAME")]
    pub caveats: Vec<String>,
    /// Have Citus distribute the table by this column whenever it is made, before the clock starts
    #[arg(long, value_name = "COLUMN")]
    pub distribute: Option<String>,
    #[command(flatten)]
    pub loaders: LoaderArgs,
    #[command(flatten)]
    pub place: ServerArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
    /// A server setting for the whole run, e.g. --set maintenance_work_mem=64MB
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub settings: Vec<(String, String)>,
    /// Seed of the dataset and of the order [default: 1]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Compare servers although their builds have different origins (another packager or platform)
    #[arg(long)]
    pub any_build: bool,
    /// Two rounds, 100 000 rows (of --dataset all): to see that everything works, not to publish
    #[arg(long)]
    pub quick: bool,
    /// Seconds that a sample of a slow method should take; it loads fewer rows to fit [default: the experiment's, or 15]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub budget: Option<u64>,
    /// Seconds after which a sample is given up [default: 1800]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=LONGEST_SAMPLE_SECONDS))]
    pub timeout: Option<u64>,
    /// After the rounds load once more for each moment (after the end, in the middle, with half confirmed), have the
    /// server crash then, and count what is left; KIND is kill: all its processes at once; or power: that of its emulated
    /// disk (--disk), with what was not flushed. Not of a server of yours
    #[arg(long, value_name = "KIND", num_args = 0..=1, require_equals = true, default_missing_value = "kill", value_parser = crash_kind)]
    pub crash: Option<CrashKind>,
    /// Rows of the loads that crash; those of the case where it has fewer [default: the experiment's, or 100000]
    #[arg(long, value_name = "ROWS", value_parser = row_count::parse)]
    pub crash_rows: Option<u64>,
    /// A word for this run, in its directory's name and reports
    #[arg(long, default_value = "", hide_default_value = true, value_parser = label)]
    pub label: String,
    /// The directory in which the run gets one of its own
    #[arg(long, default_value = "results", value_name = "DIR")]
    pub out: PathBuf,
    /// Print the plan and start nothing: cases, rows, rounds, the time to expect, the disk needed, the server
    #[arg(long)]
    pub dry_run: bool,
    /// Go on with an interrupted run: take the samples it lacks (one that failed is a result too);
    /// everything but the server's place comes from its records
    #[arg(long, value_name = "DIR", conflicts_with_all = ["experiment", "disk", "rows", "rounds", "until", "until_cases", "max_rounds", "max_time", "methods", "claim", "caveats", "dataset", "csv", "data", "distribute", "settings", "cpus", "memory", "client_cpus", "seed", "any_build", "quick", "budget", "crash", "crash_rows", "label", "out", "dry_run"])]
    pub resume: Option<PathBuf>,
    // Last, as its headings hold for all that follows.
    #[command(flatten)]
    pub own: OwnTableArgs,
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

fn crash_kind(text: &str) -> Result<CrashKind, String> {
    CrashKind::named(text).ok_or_else(|| {
        let known = CrashKind::ALL.map(CrashKind::name).join(", ");
        format!("a server crashes by one of: {known}")
    })
}

fn label(text: &str) -> Result<String, String> {
    if text.chars().count() <= 60 && text.chars().all(|c| c.is_alphanumeric() || " .,_-+()".contains(c)) {
        return Ok(text.into());
    }
    Err("a label has at most 60 letters, digits, spaces and . , _ - + ( )".into())
}

impl Args {
    /// The request for this experiment, its own defaults filled in, and the program's.
    ///
    /// # Errors
    /// As [`UntilArgs::rule`].
    pub(crate) fn request(&self, experiment: &Experiment) -> Result<Request> {
        let quick = self.quick.then_some(QUICK);
        let usual_rounds = quick.map_or(experiment.rounds, |q| q.1);
        let until = self.until.rule(self.rounds, usual_rounds)?;
        Ok(Request {
            rows: self.rows.or(quick.map(|q| q.0)).or(experiment.rows).unwrap_or(DEFAULT_ROWS),
            rounds: until.as_ref().map_or(self.rounds.unwrap_or(usual_rounds), |until| until.fewest_rounds),
            budget: Duration::from_secs(
                self.budget.or(quick.map(|q| q.2)).or(experiment.budget).unwrap_or(BUDGET),
            ),
            seed: self.seed.unwrap_or(DEFAULT_SEED),
            methods: self.methods.clone(),
            cores: self.limits.cores(),
            any_build: self.any_build,
            crash: self.crash(experiment),
            until,
        })
    }

    /// How the server crashes behind the rounds, and rows of each load then; `None` where it does not.
    fn crash(&self, experiment: &Experiment) -> Option<(CrashKind, u64)> {
        let listed = experiment.crash.as_ref();
        let kind = self.crash.or(listed.map(|listed| listed.kind.0))?;
        let rows = self.crash_rows.or(listed.and_then(|listed| listed.rows)).unwrap_or(CRASH_ROWS);
        Some((kind, rows))
    }

    /// What is done to the table whenever it is made.
    pub(crate) fn making(&self, experiment: &Experiment) -> Making {
        Making { after: experiment.after.clone(), distribute: self.distribute.clone() }
    }

    /// The user's choices beside the experiment, with these loaders of the user's.
    pub(crate) fn asked(&self, experiment: &Experiment, loaders: &[String]) -> Asked {
        Asked {
            own_experiment: experiment.origin == ExperimentOrigin::File,
            loaders: loaders.to_vec(),
            caveats: Vec::new(),
            methods: self.methods.clone(),
            claim: self.claim.as_ref().map(|id| id.to_uppercase()),
            dataset: self.dataset.clone(),
            settings: self.settings(),
            client_cpus: self.limits.client_cpus,
            timeout_seconds: self.timeout.unwrap_or(TIMEOUT),
            data_dir: self.place.data_dir.is_some(),
        }
    }

    /// The time after which a sample is given up; as the record of the run that goes on has it, where
    /// there is one.
    pub(crate) fn timeout(&self, before: Option<&Asked>) -> Duration {
        let before = before.map_or(TIMEOUT, |asked| asked.timeout_seconds);
        Duration::from_secs(self.timeout.unwrap_or(before))
    }

    /// The settings of the whole run.
    pub(crate) fn settings(&self) -> Settings {
        self.settings.iter().cloned().collect()
    }

    /// The same with what the experiment gives servers of this kind where they are started for it and the user gives
    /// nothing else. Memory that they cannot be held to is left out, and that is said.
    pub(crate) fn given_by(&self, experiment: &Experiment, kind: &Choice) -> Self {
        let given = &experiment.server;
        let mut args = self.clone();
        if kind.is_of_user() {
            return args;
        }
        let is_own = |name: &str| self.settings.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let settings = given.settings.iter().filter(|(name, _)| !is_own(name));
        args.settings.extend(settings.map(|(name, value)| (name.clone(), value.clone())));
        if let (None, Some(bytes)) = (self.limits.memory, given.memory_bytes) {
            let limits = Limits { memory_bytes: Some(bytes), ..self.limits.of_server() };
            match why_not_limited(kind, limits) {
                None => args.limits.memory = Some(bytes),
                Some(why) => crate::say!(
                    "warning: {} is to have a server of {}, and goes on without that: {why}",
                    experiment.id,
                    Limits { memory_bytes: Some(bytes), cpus: None }.words()
                ),
            }
        }
        args
    }

    /// The conditions of all servers of the run.
    pub(crate) fn conditions(&self) -> Conditions {
        Conditions { settings: self.settings(), given: None, limits: self.limits.of_server() }
    }
}
