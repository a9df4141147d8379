//! `bulkbench show`: a method by itself, with the statements that it sends.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};

use super::loader_args::LoaderArgs;
use super::output::print;
use super::server_args::{Conditions, ServerArgs};
use crate::dataset::columns::votes;
use crate::dataset::{DEFAULT_SEED, Dataset, default_cache};
use crate::experiment::{Experiment, ExperimentOrigin, ListedCase, ListedServer};
use crate::interrupt::Interrupt;
use crate::method::{Catalogue, Extent, Info, Need, Param, Start};
use crate::model::{Case, ParamValue, Statement};
use crate::probe::machine;
use crate::report::{Look, facts, terminal, winners};
use crate::runner::RunSession;
use crate::runner::plan::{self, Request, Tables};
use crate::table::Table;
use crate::{unavailable, usage};

/// Rows of the load whose statements are shown.
const ROWS: u64 = 1000;

/// The longest that this load may take.
const TIMEOUT: Duration = Duration::from_secs(300);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The method's id, as `bulkbench list` has it
    method: String,
    /// A value for one of its parameters, e.g. --param batch=100
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    params: Vec<(String, ParamValue)>,
    /// Leave out the statements, which need a server to be sent to
    #[arg(long)]
    no_statements: bool,
    #[command(flatten)]
    loaders: LoaderArgs,
    #[command(flatten)]
    place: ServerArgs,
}

fn parameter(text: &str) -> Result<(String, ParamValue), String> {
    let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.trim().is_empty()) else {
        return Err("a parameter is written name=value, for instance batch=100".into());
    };
    let value = match (value.parse(), value.parse()) {
        (Ok(number), _) => ParamValue::Int(number),
        (_, Ok(flag)) => ParamValue::Flag(flag),
        _ => ParamValue::Choice(value.to_owned()),
    };
    Ok((name.trim().to_owned(), value))
}

/// Prints what is known of the method, and what it sends in a load of few rows.
pub(super) fn show(args: &Args, interrupt: &Interrupt) -> Result<ExitCode> {
    let (catalogue, _) = args.loaders.catalogue()?;
    let info = catalogue.find(&args.method)?.info();
    let experiment = experiment(args)?;
    let request = Request {
        rounds: 1,
        rows: ROWS,
        seed: DEFAULT_SEED,
        budget: TIMEOUT,
        methods: Vec::new(),
        cores: u64::from(machine::cores()),
        any_build: false,
        crash: None,
        until: None,
    };
    plan::cases(&catalogue, &experiment, &request, &Tables::of(Table::votes(&votes()), ROWS))?;
    let look = Look::of_stdout();
    let mut text = terminal::heading(&info.id, look);
    text.push_str(&terminal::paragraph(&format!("{}.", info.summary), look));
    text.push_str(&terminal::table(&facts::table(about(info)), look));
    print(&text)?;
    if args.no_statements {
        return Ok(ExitCode::SUCCESS);
    }
    let (case, statements) = sent(args, &catalogue, &experiment, &request, interrupt)?;
    let parameters = match case.params.is_empty() {
        true => String::new(),
        false => format!(" with {}", winners::parameters(&case.params)),
    };
    let heading = format!("As it was sent for {ROWS} rows{parameters}");
    print(&format!("\n{}{}\n", terminal::heading(&heading, look), winners::script(&statements)))?;
    Ok(ExitCode::SUCCESS)
}

/// The method alone, with the parameters that were given.
fn experiment(args: &Args) -> Result<Experiment> {
    let mut case = ListedCase::new(&args.method);
    for (name, value) in &args.params {
        if case.key.params.insert(name.clone(), value.clone()).is_some() {
            return Err(usage!("--param {name} is given twice; leave one of the two out"));
        }
    }
    Ok(Experiment {
        origin: ExperimentOrigin::BuiltIn,
        id: "show".into(),
        title: args.method.clone(),
        question: String::new(),
        claims: Vec::new(),
        source: None,
        rounds: 1,
        rows: Some(ROWS),
        budget: None,
        baseline: case.id(),
        x: None,
        after: Vec::new(),
        compare: None,
        cases: vec![case],
        caveats: Vec::new(),
        crash: None,
        server: ListedServer::default(),
        disks: Vec::new(),
        data: None,
        datasets: BTreeMap::new(),
    })
}

/// The statements of the experiment's case, on a server that is made for it or named by the user.
fn sent(
    args: &Args,
    catalogue: &Catalogue,
    experiment: &Experiment,
    request: &Request,
    interrupt: &Interrupt,
) -> Result<(Case, Vec<Statement>)> {
    let wanted = args.place.wanted(&args.place.choice()?, false)?;
    let dataset = Dataset::generated(&default_cache()?, ROWS, DEFAULT_SEED, interrupt)?;
    let prepared = RunSession::prepare(catalogue, experiment, request, dataset, interrupt)?;
    let mut servers = args.place.open(wanted, &Conditions::default(), &prepared, interrupt)?;
    let outcome = (|| {
        let mut session = prepared.on(servers.all_mut(), TIMEOUT);
        let case = session.mark(experiment)?.into_iter().next().context("the experiment has a case")?;
        if let Some(why) = &case.unavailable {
            return Err(unavailable!("{} is not available here: {why}", case.id));
        }
        let statements = session.statements(&case)?;
        Ok((case, statements))
    })();
    servers.closing(outcome)
}

/// Fields and their values.
fn about(info: &Info) -> Vec<(String, String)> {
    let mut rows = vec![
        ("family", info.family.name().to_owned()),
        ("source", info.source.clone()),
        ("after a crash", info.after_a_crash()),
        ("starts from", start(info.start).to_owned()),
        ("leaves", format!("{} table", info.end.name())),
        (
            "loads",
            match info.extent {
                Extent::Full => "all rows".to_owned(),
                Extent::Budgeted => "as many rows as fit the time budget".to_owned(),
            },
        ),
        ("reads", format!("{} file", info.input.name())),
    ];
    rows.extend(info.needs.iter().map(|need| ("needs", need_words(need))));
    let params = info.params.iter().map(|param| (format!("--param {}", param.name), parameter_words(param)));
    rows.into_iter().map(|(field, value)| (field.to_owned(), value)).chain(params).collect()
}

fn parameter_words(param: &Param) -> String {
    format!("{}; {}, {} where nothing is given", param.help, param.allowed(), param.default_words())
}

fn start(start: Start) -> &'static str {
    match start {
        Start::Empty(_) => "an empty table without its indexes",
        Start::Absent => "no table: making it is timed",
        Start::Indexed => "an empty table with its indexes",
        Start::Holding => "a table that holds the rows already, and gets them once more",
        Start::Present { stale: true } => "a table that holds the rows with another value in one column",
        Start::Present { stale: false } => "a table that holds the rows, or a part of them",
    }
}

fn need_words(need: &Need) -> String {
    match need {
        Need::ReadsFile => "a server that can read the client's file".into(),
        Need::Extension(name) => format!("the extension {name}"),
        Need::Version(major) => format!("PostgreSQL {major} or newer"),
    }
}
