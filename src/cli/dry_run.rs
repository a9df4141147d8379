//! `bulkbench run --dry-run`: what a run would do, said without doing any of it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};

use super::here::{Here, RunsHere, here};
use super::output::print;
use super::programs::Programs;
use super::run_args::Args;
use super::server_args::{Wanted, need_bytes};
use super::wanted_data::{self, WantedData};
use crate::caveat::Caveat;
use crate::dataset::columns::votes;
use crate::dataset::{BuiltIn, Dataset, default_cache, estimated_bytes};
use crate::experiment::Experiment;
use crate::method::{Catalogue, Method};
use crate::model::{Case, Encoding, Role};
use crate::probe::disk::free_bytes;
use crate::report::table::{Cell, Column};
use crate::report::{self, Look, terminal};
use crate::runner::estimate::estimate;
use crate::runner::plan::{self, Request};
use crate::runner::rates;
use crate::runner::reset::rows_after;
use crate::server::Foreseen;
use crate::table::Table;
use crate::units::{bytes, count};

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

    fn print(mut self) -> Result<ExitCode> {
        self.text.push_str("Nothing was started. Without --dry-run this runs.\n");
        print(&self.text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints the plan of an experiment that takes times.
pub(crate) fn print_plan(
    args: &Args,
    catalogue: &Catalogue,
    experiment: &Experiment,
    mut request: Request,
    (data, wanted): (&[WantedData], &[Wanted]),
) -> Result<ExitCode> {
    let look = Look::of_stdout();
    let servers = foreseen(args, wanted)?;
    let dataset = dataset(args, &request)?;
    if let Some(dataset) = &dataset {
        request.rows = dataset.rows();
    }
    let columns = dataset.as_ref().map_or_else(votes, |dataset| dataset.columns().to_vec());
    let tables = wanted_data::unseen(data, &Table::votes(&columns), request.rows);
    let cases = plan::cases(catalogue, experiment, &request, &tables)?;
    let names: Vec<String> = servers.iter().map(|server| server.name.clone()).collect();
    let placed = plan::on_servers(experiment, cases.clone(), &names);

    let methods: Vec<&dyn Method> =
        cases.iter().map(|case| catalogue.find(&case.key.method)).collect::<Result<_>>()?;
    let programs = Programs::look_for(&methods);
    let lacks = |case: &Case| lacks(catalogue, case, &servers, &programs, request.rows);
    let reasons: Vec<Option<&str>> = placed.iter().map(lacks).collect::<Result<_>>()?;
    let able: Vec<&Case> =
        placed.iter().zip(&reasons).filter(|(_, why)| why.is_none()).map(|(case, _)| case).collect();

    let mut lines = Lines::new(experiment, look);
    lines.servers(&servers);
    let encodings = plan::encodings(catalogue, &cases)?;
    let made = dataset.as_ref().map(Dataset::encodings).unwrap_or_default();
    let lacking: Vec<Encoding> = encodings.into_iter().filter(|one| !made.contains_key(one)).collect();
    let to_make: u64 =
        lacking.iter().map(|encoding| estimated_bytes(BuiltIn::Votes, *encoding, request.rows)).sum();
    lines.add("dataset", &dataset_words(dataset.as_ref(), &request, to_make));
    let names: Vec<&str> = data.iter().map(|one| one.name.as_str()).filter(|name| !name.is_empty()).collect();
    if !names.is_empty() {
        lines.add("tables", &names.join(", "));
    }
    let warm_up = if servers.len() == 1 { "a warm-up" } else { "a warm-up on each server" };
    let samples = servers.len() + able.len() * request.rounds as usize;
    lines.add(
        "samples",
        &format!(
            "{samples}: {warm_up}, then {} rounds of {} cases, each round in an order of its own",
            request.rounds,
            able.len()
        ),
    );
    if able.iter().any(|case| plan::is_budgeted(catalogue, case).is_ok_and(|budgeted| budgeted)) {
        let seconds = request.budget.as_secs();
        lines.add(
            "rows",
            &format!("a slow method loads as many as take {seconds} s (--budget), as trials tell"),
        );
    }
    lines.add("time", &time_words(estimate(catalogue, &able, request.rounds, request.budget)?));
    let mut csv = made.get(&Encoding::Csv).copied().unwrap_or(0);
    for one in data {
        csv = csv.max(one.csv_bytes(&request)?);
    }
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

/// The dataset, where it is in the cache.
fn dataset(args: &Args, request: &Request) -> Result<Option<Dataset>> {
    let cache = default_cache()?;
    match &args.dataset {
        Some(name) => Dataset::open(&cache.join(name)).map(Some),
        None => Dataset::find_invented(&cache, BuiltIn::Votes, request.rows, request.seed),
    }
}

fn dataset_words(dataset: Option<&Dataset>, request: &Request, to_make: u64) -> String {
    let rows = format!("{} rows", count(request.rows));
    let rows = match dataset {
        Some(dataset) => format!("{}, {rows}", dataset.name()),
        None => format!("{rows}, generated from the seed {}", request.seed),
    };
    match to_make {
        0 => format!("{rows}, in the cache"),
        bytes_to_make => {
            format!("{rows}; about {} of it are to be made in the cache first", bytes(bytes_to_make))
        }
    }
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

/// A time as people say it who wait for it.
fn span(time: Duration) -> String {
    let minutes = time.as_secs_f64() / 60.0;
    match time.as_secs() {
        0..=90 => format!("{} s", time.as_secs().max(1)),
        91..=5400 => format!("{minutes:.0} min"),
        _ => format!("{:.1} h", minutes / 60.0),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_as_people_say_it() {
        let of = |seconds| span(Duration::from_secs_f64(seconds));
        assert_eq!([of(0.2), of(90.0), of(600.0), of(9000.0)], ["1 s", "90 s", "10 min", "2.5 h"]);
    }
}
