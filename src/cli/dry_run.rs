//! `bulkbench run --dry-run`: what a run would do, said without doing any of it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};

use super::foreseen_rows::ForeseenRows;
use super::here::{Here, RunsHere, here};
use super::limit_args::LimitArgs;
use super::output::print;
use super::programs::Programs;
use super::run_args::Args;
use super::server_args::{Wanted, need_bytes};
use super::wanted_data;
use crate::caveat::Caveat;
use crate::dataset::default_cache;
use crate::experiment::Experiment;
use crate::method::{Catalogue, Method};
use crate::model::{Case, Limits, Role, Until};
use crate::probe::disk::free_bytes;
use crate::report::table::{Cell, Column};
use crate::report::{self, Look, terminal};
use crate::runner::estimate::estimate;
use crate::runner::plan::{self, Request};
use crate::runner::rates;
use crate::runner::reset::rows_after;
use crate::server::Foreseen;
use crate::units::{bytes, count, span};

/// A plan as it is printed: lines that each begin with what they are about.
struct Lines {
    text: String,
    look: Look,
}

impl Lines {
    fn new(experiment: &Experiment, look: Look) -> Self {
        let title = format!("Plan of {}: {}", experiment.id, experiment.title);
        Self { text: terminal::heading(&title, look), look }
    }

    fn add(&mut self, about: &str, words: &str) {
        self.text.push_str(&terminal::indented(&format!("{about}: {words}"), 2, self.look));
    }

    fn servers(&mut self, servers: &[Foreseen]) {
        servers.iter().for_each(|server| self.add("server", &server.words));
    }

    /// The samples of these cases on so many servers.
    fn samples(&mut self, request: &Request, servers: usize, cases: usize) {
        let warm_up = if servers == 1 { "a warm-up" } else { "a warm-up on each server" };
        let of = |rounds: u32| servers + cases * rounds as usize;
        let (samples, rounds) = match &request.until {
            Some(until) => {
                let (fewest, most) = (until.fewest_rounds, until.most_rounds);
                (format!("{} to {}", of(fewest), of(most)), format!("{fewest} to {most}"))
            }
            None => (of(request.rounds).to_string(), request.rounds.to_string()),
        };
        self.add(
            "samples",
            &format!("{samples}: {warm_up}, then {rounds} rounds of {cases} cases, each round in an order of its own"),
        );
        if let Some(until) = &request.until {
            self.add("until", &report::rule_of_rounds(until));
        }
    }

    /// The time to expect, which was found on real disks.
    fn time(&mut self, wanted: &[Wanted], words: &str) {
        let more = match wanted.iter().any(Wanted::is_delayed) {
            true => "; by as much longer as an emulated disk is slower than theirs",
            false => "",
        };
        self.add("time", &format!("{words}{more}"));
    }

    fn limits(&mut self, limits: &LimitArgs) {
        let server = limits.of_server();
        if !server.is_empty() {
            self.add("limits", &format!("the server may use {}", server.words()));
        }
        if let Some(cpus) = limits.client_cpus {
            self.add(
                "limits",
                &format!("the client may use {}", Limits { cpus: Some(cpus), memory_bytes: None }.words()),
            );
        }
    }

    fn print(mut self) -> Result<ExitCode> {
        self.text.push_str("Nothing was started. Without --dry-run this runs.\n");
        print(&self.text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What nobody knows of the table of a DDL before a server has read it.
const OF_DDL: &str = "only a server can read its DDL, and none was started: whether the rows fit it, and which methods \
                      cannot load it and why, says a run, before its first sample; --rounds 1 is the shortest";

/// Prints the plan of an experiment that takes times, and loads these rows, by the names that cases give them.
pub(crate) fn print_plan(
    args: &Args,
    catalogue: &Catalogue,
    experiment: &Experiment,
    request: Request,
    (data, wanted): (&[(String, ForeseenRows)], &[Wanted]),
) -> Result<ExitCode> {
    let look = Look::of_stdout();
    let servers = foreseen(args, wanted)?;
    let tables = data.iter().map(|(name, rows)| (name.as_str(), &rows.columns[..], rows.rows));
    let cases = plan::cases(catalogue, experiment, &request, &wanted_data::unseen(tables))?;
    let names: Vec<String> = servers.iter().map(|server| server.name.clone()).collect();
    let placed = plan::on_servers(experiment, cases.clone(), &names);

    let methods: Vec<&dyn Method> =
        cases.iter().map(|case| catalogue.find(&case.key.method)).collect::<Result<_>>()?;
    let programs = Programs::look_for(&methods);
    let rows_of = |case: &Case| {
        let name = wanted_data::name_in(case.key.axes.dataset.as_deref());
        data.iter().find(|(known, _)| known == name).map_or(0, |(_, rows)| rows.rows)
    };
    let lacks = |case: &Case| lacks(catalogue, case, &servers, &programs, rows_of(case));
    let reasons: Vec<Option<&str>> = placed.iter().map(lacks).collect::<Result<_>>()?;
    let able: Vec<&Case> =
        placed.iter().zip(&reasons).filter(|(_, why)| why.is_none()).map(|(case, _)| case).collect();

    let mut lines = Lines::new(experiment, look);
    lines.servers(&servers);
    lines.limits(&args.limits);
    let (mut to_make, mut csv) = (0, 0);
    for (name, rows) in data {
        let of_it = |case: &&Case| wanted_data::name_in(case.key.axes.dataset.as_deref()) == name;
        let encodings = plan::encodings(catalogue, cases.iter().filter(of_it))?;
        to_make += rows.to_make(&encodings);
        csv = csv.max(rows.csv_bytes());
        let about = if name.is_empty() { "dataset".into() } else { format!("dataset {name}") };
        lines.add(&about, &rows.words(&encodings));
    }
    if data.iter().any(|(_, rows)| rows.of_ddl) {
        lines.add("table", OF_DDL);
    }
    lines.samples(&request, servers.len(), able.len());
    if let Some((_, rows)) = request.crash {
        let loads = format!(
            "each case loads up to {} rows for every moment at which its server crashes",
            count(rows)
        );
        lines.add("crashes", &format!("behind the rounds {loads}; their time is not in the one below"));
    }
    if able.iter().any(|case| plan::is_budgeted(catalogue, case).is_ok_and(|budgeted| budgeted)) {
        let seconds = request.budget.as_secs();
        lines.add(
            "rows",
            &format!("a slow method loads as many as take {seconds} s (--budget), as trials tell"),
        );
    }
    let time_of = |rounds| estimate(catalogue, &able, rounds, request.budget);
    lines.time(
        wanted,
        &match &request.until {
            Some(until) => going_on_words(time_of(until.fewest_rounds)?, time_of(until.most_rounds)?, until),
            None => time_words(time_of(request.rounds)?),
        },
    );
    let mut times = 1;
    for case in &able {
        times = times.max(rows_after(catalogue.find(&case.key.method)?.info(), &case.params, 0).times);
    }
    let server_bytes = need_bytes(csv * times) * servers.len() as u64;
    lines.add("disk", &disk_words(server_bytes, to_make, &servers)?);
    lines.add("results", &format!("a directory of its own in {}", args.out.display()));
    lines.text.push('\n');
    lines.text.push_str(&case_table(catalogue, &placed, &reasons, look)?);
    lines.print()
}

/// Prints the plan of an experiment that tries caveats.
pub(crate) fn print_caveats(
    args: &Args,
    experiment: &Experiment,
    caveats: &[Caveat],
    loaders: &[String],
    wanted: &[Wanted],
) -> Result<ExitCode> {
    let mut lines = Lines::new(experiment, Look::of_stdout());
    let servers = foreseen(args, wanted)?;
    lines.servers(&servers);
    let of = |caveat: &Caveat| caveat.all_ways().len() + if caveat.csv.is_some() { loaders.len() } else { 0 };
    let ways: usize = caveats.iter().map(of).sum();
    lines.add(
        "loads",
        &format!("{ways}, each of a few rows and once: {} caveats by every way that applies", caveats.len()),
    );
    lines.add(
        "time",
        &format!(
            "no times are taken; a load lasts a second at most as a rule, and is given up after {} s",
            args.timeout(None).as_secs()
        ),
    );
    lines.add("disk", &disk_words(need_bytes(0), 0, &servers)?);
    lines.add("results", &format!("a directory of its own in {}", args.out.display()));
    let ids: Vec<&str> = caveats.iter().map(|caveat| caveat.id.as_str()).collect();
    lines.add("caveats", &ids.join(", "));
    lines.print()
}

fn foreseen(args: &Args, wanted: &[Wanted]) -> Result<Vec<Foreseen>> {
    wanted.iter().map(|one| one.foresee(args.place.data_dir.as_deref())).collect()
}

/// Why a case cannot run, as far as is known before; `None` when nothing speaks against it.
fn lacks(
    catalogue: &Catalogue,
    case: &Case,
    servers: &[Foreseen],
    programs: &Programs<'_>,
    rows: u64,
) -> Result<Option<&'static str>> {
    let info = catalogue.find(&case.key.method)?.info();
    let server =
        servers.iter().find(|server| case.key.server.as_ref().is_none_or(|name| *name == server.name));
    let major = server.and_then(|server| server.major);
    Ok(match () {
        _ if case.rows > rows => Some("no: more rows than the dataset has"),
        _ if programs.lacks(&info.id) => Some("no: its program is not here"),
        _ if here(info, Here { newest: major.or(Some(u32::MAX)), programs }) == RunsHere::No => {
            Some("no: it needs a newer PostgreSQL")
        }
        _ => None,
    })
}

fn time_words([least, most]: [Duration; 2]) -> String {
    format!("{} to {}, by {}, and the budget of slow methods", span(least), span(most), rates::ORIGIN)
}

/// The time of a run that goes on in rounds, by that of the fewest and of the most.
fn going_on_words(fewest: [Duration; 2], most: [Duration; 2], until: &Until) -> String {
    let limit = Duration::from_nanos(until.most_ns);
    format!(
        "at least {} ({} rounds), at most {} ({} rounds, or --max-time {}), by {}, and the budget of slow methods",
        span(fewest[0]),
        until.fewest_rounds,
        span(most[1].min(limit.max(fewest[1]))),
        until.most_rounds,
        span(limit),
        rates::ORIGIN
    )
}

fn disk_words(server: u64, dataset: u64, servers: &[Foreseen]) -> Result<String> {
    let cache = default_cache()?;
    let mut words = format!("{} for the server at most", bytes(server));
    if dataset > 0 {
        words.push_str(&format!(", {} for the dataset in the cache", bytes(dataset)));
    }
    let local: Option<&Path> = servers.iter().find_map(|server| server.data.as_deref());
    match local {
        None => words.push_str("; how much its disk has free cannot be seen from here"),
        Some(dir) => {
            let free =
                free_bytes(dir).with_context(|| format!("looking at the disk of {}", dir.display()))?;
            let enough = if free < server { ", which is not enough" } else { "" };
            words.push_str(&format!("; {} has {} free{enough}", dir.display(), bytes(free)));
        }
    }
    if dataset > 0 && local.is_none_or(|dir| !cache.starts_with(dir)) {
        words.push_str(&format!(", and the cache {}", bytes(free_bytes(&cache)?)));
    }
    Ok(words)
}

/// The cases, with what they are to the others or why they cannot run.
fn case_table(catalogue: &Catalogue, cases: &[Case], reasons: &[Option<&str>], look: Look) -> Result<String> {
    let columns = vec![Column::words("case", ""), Column::numbers("rows", ""), Column::words("", "")];
    let mut rows = Vec::new();
    for (case, why) in cases.iter().zip(reasons) {
        let number = match plan::is_budgeted(catalogue, case)? {
            true => Cell::Text(format!("up to {}", count(case.rows))),
            false => Cell::Count(case.rows),
        };
        let role = match case.role {
            Role::Baseline => "baseline",
            Role::Control => "the baseline again, for the noise",
            Role::Case => "",
        };
        rows.push(vec![Cell::Code(case.id.clone()), number, Cell::Text(why.unwrap_or(role).into())]);
    }
    Ok(terminal::table(&report::table::Table { columns, rows }, look))
}
