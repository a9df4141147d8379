//! `bulkbench list`: the methods and experiments, and which can run here.

mod programs;

use std::process::ExitCode;

use anyhow::Result;
use comfy_table::{Attribute, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::loader_args::LoaderArgs;
use super::output::print;
use crate::experiment::{ALL_METHODS, Experiment};
use crate::fault::nearest_then;
use crate::method::{Catalogue, Family, Info, Need};
use crate::model::{Axis, Source};
use crate::report::{Colour, Look, terminal};
use crate::server::container::{EngineStatus, engine_status, usable};
use crate::server::local::installations;
use crate::usage;
use programs::Programs;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Say more of each method: its parameters, and what a sample loads
    #[arg(long, short)]
    verbose: bool,
    /// Only the methods of this family, e.g. copy
    #[arg(long, value_name = "NAME")]
    family: Option<String>,
    #[command(flatten)]
    loaders: LoaderArgs,
}

pub fn list(args: &Args) -> Result<ExitCode> {
    let (catalogue, _) = args.loaders.catalogue()?;
    let look = Look::of_stdout();
    let all: Vec<&Info> = catalogue.iter().map(|m| m.info()).collect();
    let chosen = match &args.family {
        Some(family) => of_family(&all, family)?,
        None => all,
    };
    let servers = servers()?;
    let mut sources = Sources::default();
    let asked: Vec<_> =
        catalogue.iter().filter(|m| chosen.iter().any(|info| info.id == m.info().id)).collect();
    let programs = Programs::look_for(&asked);
    let newest = servers.iter().map(|server| server.major).max();
    let mut text = methods(&chosen, args.verbose, Here { newest, programs: &programs }, &mut sources, look);
    // Who asks for a family wants to know of methods.
    if args.family.is_none() {
        text.push('\n');
        let all = Experiment::built_in()?;
        text.push_str(&experiments(&catalogue, &all, &servers, &mut sources, look));
        if let Some(why) = cannot_compare(&all, &servers) {
            text.push('\n');
            text.push_str(&terminal::paragraph(&why, look));
        }
    }
    text.push('\n');
    text.push_str(&sources.text(look));
    text.push('\n');
    if chosen.iter().any(|info| here(info, Here { newest, programs: &programs }) == RunsHere::WithFile) {
        text.push_str(&terminal::paragraph(
            "* On a server of yours only if it can read the file, and has the extension where one is used.",
            look,
        ));
    }
    let servers = match servers.is_empty() {
        true => "No throwaway server can run here yet, so nothing is available but on a server of yours: \
                 `bulkbench doctor` says what to do."
            .into(),
        false => {
            let words: Vec<&str> = servers.iter().map(|server| server.words.as_str()).collect();
            format!("Throwaway servers here: {}.", words.join("; "))
        }
    };
    text.push_str(&programs.text(look));
    text.push_str(&terminal::paragraph(&servers, look));
    text.push_str("A server of yours: --server postgres://user@host/database\n");
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The methods of this family.
fn of_family<'i>(all: &[&'i Info], family: &str) -> Result<Vec<&'i Info>> {
    let chosen: Vec<&Info> = all.iter().copied().filter(|info| info.family.name() == family).collect();
    if chosen.is_empty() {
        let known = families(all);
        let hint = nearest_then(family, known.iter().copied());
        return Err(usage!("there is no family `{family}`{hint} they are: {}", known.join(", ")));
    }
    Ok(chosen)
}

/// The families, in the order of the catalogue.
fn families(infos: &[&Info]) -> Vec<&'static str> {
    let mut families = Vec::new();
    for info in infos {
        if !families.contains(&info.family.name()) {
            families.push(info.family.name());
        }
    }
    families
}

/// A throwaway server that can run here.
struct Throwaway {
    source: Source,
    major: u32,
    words: String,
}

/// The throwaway servers that can run here; of those from binaries first the one that a run takes.
fn servers() -> Result<Vec<Throwaway>> {
    let usable_here = installations(None)?.into_iter().filter(|one| one.problem.is_none());
    let local = usable_here.map(|one| Throwaway {
        source: Source::Local,
        major: one.version_num / 10_000,
        words: format!("local {}", one.version_text),
    });
    let container = match engine_status() {
        EngineStatus::Answers { version, images } => images
            .iter()
            .filter_map(|image| {
                Some(Throwaway {
                    source: Source::Container,
                    major: usable(image)?,
                    words: format!("container {image} (engine {version})"),
                })
            })
            .collect(),
        EngineStatus::Absent(_) | EngineStatus::NoPermission(_) => Vec::new(),
    };
    Ok(local.chain(container).collect())
}

/// Sources, each named once and referred to by its number.
#[derive(Debug, Default)]
struct Sources {
    named: Vec<String>,
}

impl Sources {
    /// The number of a source, from 1.
    fn number(&mut self, source: &str) -> usize {
        if let Some(index) = self.named.iter().position(|s| s == source) {
            return index + 1;
        }
        self.named.push(source.to_string());
        self.named.len()
    }

    /// The list that the numbers refer to.
    fn text(&self, look: Look) -> String {
        let line = |(index, source): (usize, &String)| {
            terminal::paragraph(&format!("[{}] {source}", index + 1), look)
        };
        let list: String = self.named.iter().enumerate().map(line).collect();
        terminal::heading("Sources", look) + &list
    }
}

/// A method as it is listed.
struct Entry<'i> {
    info: &'i Info,
    what: String,
    source: String,
    here: RunsHere,
}

/// The methods, family by family: as a table, or one below the other where a table would leave
/// too little room for what they do.
fn methods(infos: &[&Info], verbose: bool, at: Here<'_>, sources: &mut Sources, look: Look) -> String {
    let families: Vec<(String, Vec<Entry>)> = families(infos)
        .into_iter()
        .map(|family| {
            let of_family = infos.iter().filter(|info| info.family.name() == family);
            let entries: Vec<Entry> = of_family.map(|info| entry(info, verbose, at, &mut *sources)).collect();
            (format!("{family} ({})", entries.len()), entries)
        })
        .collect();
    let longest = infos.iter().map(|info| info.id.len()).max().unwrap_or(0) + INDENT.len();
    let beside: usize = METHODS[2..].iter().map(|title| title.len() + PADDING).sum();
    if longest + PADDING + beside + PADDING + WORDS > usize::from(look.room()) {
        return families.iter().map(|(heading, entries)| listed(heading, entries, look)).collect();
    }
    let mut table = table(METHODS, look, longest);
    for (heading, entries) in &families {
        table.add_row([comfy_table::Cell::new(heading).add_attribute(Attribute::Bold)]);
        for entry in entries {
            table.add_row([
                &format!("{INDENT}{}", entry.info.id),
                &entry.what,
                &after_a_crash(entry.info),
                &entry.source,
                entry.here.words(),
            ]);
        }
    }
    trimmed(&table)
}

const METHODS: [&str; 5] = ["method", "what it does", "after a crash", "source", "here"];
/// How far the methods stand in below their family.
const INDENT: &str = "  ";
/// A blank on each side of a cell.
const PADDING: usize = 2;
/// Characters for what a method does, below which its lines no longer read well.
const WORDS: usize = 28;

/// Whether something can run on the throwaway servers here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RunsHere {
    Yes,
    /// It can, and the server itself reads the input, which an external server may not be able to.
    WithFile,
    No,
}

impl RunsHere {
    /// As it is listed.
    fn words(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::WithFile => "yes *",
            Self::No => "no",
        }
    }
}

/// The programs and the newest server that are here.
#[derive(Debug, Clone, Copy)]
struct Here<'p> {
    /// The major version of the newest throwaway server.
    newest: Option<u32>,
    programs: &'p Programs<'p>,
}

/// Whether a method can run on the throwaway servers here.
fn here(info: &Info, Here { newest, programs }: Here<'_>) -> RunsHere {
    let too_old =
        |newest: u32| info.needs.iter().any(|need| matches!(need, Need::Version(major) if *major > newest));
    match newest {
        _ if programs.lacks(&info.id) => RunsHere::No,
        None => RunsHere::No,
        Some(newest) if too_old(newest) => RunsHere::No,
        Some(_) if info.needs.contains(&Need::ReadsFile) => RunsHere::WithFile,
        Some(_) => RunsHere::Yes,
    }
}

fn entry<'i>(info: &'i Info, verbose: bool, at: Here<'_>, sources: &mut Sources) -> Entry<'i> {
    let numbers: Vec<String> = info.source.split("; ").map(|s| sources.number(s).to_string()).collect();
    Entry {
        info,
        what: if verbose { self::verbose(info) } else { info.summary.clone() },
        source: format!("[{}]", numbers.join(", ")),
        here: here(info, at),
    }
}

/// The durability of a method's rows; of an external program by the word of whoever described it.
fn after_a_crash(info: &Info) -> String {
    let words = info.durability.words();
    match info.family {
        Family::External => format!("{words}, as its author says"),
        _ => words.into(),
    }
}

/// A family's methods one below the other.
fn listed(heading: &str, entries: &[Entry], look: Look) -> String {
    let mut text = terminal::heading(heading, look);
    for entry in entries {
        text.push_str(&format!("{INDENT}{}\n", entry.info.id));
        for line in entry.what.lines() {
            text.push_str(&terminal::indented(line, 2 * INDENT.len(), look));
        }
        let rest = format!(
            "after a crash: {}; source {}; here: {}",
            after_a_crash(entry.info),
            entry.source,
            entry.here.words()
        );
        text.push_str(&terminal::indented(&rest, 2 * INDENT.len(), look));
    }
    text
}

/// The number of servers of the kind of which there are most.
fn most_of_a_kind(servers: &[Throwaway]) -> usize {
    let of = |source| servers.iter().filter(|server| server.source == source).count();
    of(Source::Local).max(of(Source::Container))
}

/// The number of servers of a kind that the experiment needs.
fn servers_needed(experiment: &Experiment) -> usize {
    if experiment.compare == Some(Axis::Server) { 2 } else { 1 }
}

/// Why the experiments that compare servers cannot run here, and what to do about it.
fn cannot_compare(experiments: &[Experiment], servers: &[Throwaway]) -> Option<String> {
    let most = most_of_a_kind(servers);
    let ids: Vec<&str> =
        experiments.iter().filter(|e| servers_needed(e) > most.max(1)).map(|e| e.id.as_str()).collect();
    let of = |source| servers.iter().filter(|server| server.source == source).count();
    (!ids.is_empty()).then(|| {
        format!(
            "{} cannot run here: it compares servers of one kind, at least two, and there are {} from binaries and {} \
             images. `scripts/fetch-postgres 17` fetches binaries, `scripts/build-image` makes an image; --pg-bin DIR \
             and --image NAME, each given several times, name others.",
            ids.join(", "),
            of(Source::Local),
            of(Source::Container)
        )
    })
}

fn experiments(
    catalogue: &Catalogue,
    experiments: &[Experiment],
    servers: &[Throwaway],
    sources: &mut Sources,
    look: Look,
) -> String {
    let longest = experiments.iter().map(|e| e.id.len()).max().unwrap_or(0);
    let mut table =
        table(["experiment", "the question it answers", "cases", "source", "here"], look, longest);
    for experiment in experiments {
        let source = experiment.source.as_ref().map(|s| format!("[{}]", sources.number(s)));
        let enough = most_of_a_kind(servers) >= servers_needed(experiment);
        let here = if enough { RunsHere::Yes } else { RunsHere::No };
        let cases = experiment.cases.iter().map(|case| match case.key.method.as_str() {
            ALL_METHODS => catalogue.iter().len(),
            _ => 1,
        });
        table.add_row([
            experiment.id.clone(),
            experiment.question.clone(),
            (cases.sum::<usize>() + experiment.caveats.len()).to_string(),
            source.unwrap_or_default(),
            here.words().into(),
        ]);
    }
    trimmed(&table)
}

fn verbose(info: &Info) -> String {
    let mut text = info.summary.clone();
    for param in &info.params {
        text.push_str(&format!(
            "\nparameter {}: {}, {}, default {}",
            param.name,
            param.help,
            param.allowed(),
            param.default_words()
        ));
    }
    if info.extent == crate::method::Extent::Budgeted {
        text.push_str("\nloads as many rows as fit --budget");
    }
    text
}

/// A table as wide as the terminal at most, whose first column is never broken.
fn table<const N: usize>(header: [&str; N], look: Look, first: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(look.room());
    match look.colour {
        Colour::On => table.enforce_styling(),
        Colour::Off => table.force_no_tty(),
    };
    table.set_header(header.map(|title| comfy_table::Cell::new(title).add_attribute(Attribute::Bold)));
    let first = first.max(header[0].len()) + PADDING;
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(first as u16)));
    }
    for (index, title) in header.iter().enumerate().skip(2) {
        // Beside what it does stand short words only, none longer than the heading.
        if let Some(column) = table.column_mut(index) {
            let least = Width::Fixed((title.len() + PADDING) as u16);
            column.set_constraint(ColumnConstraint::LowerBoundary(least));
        }
    }
    table
}

fn trimmed(table: &Table) -> String {
    table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    fn infos(catalogue: &Catalogue) -> Vec<&Info> {
        catalogue.iter().map(|m| m.info()).collect()
    }

    #[test]
    fn no_line_is_too_long_and_no_method_is_broken_at_any_width() {
        let catalogue = Catalogue::built_in();
        for width in [60, 80, 100, 120] {
            for verbose in [false, true] {
                let look = Look { width, colour: Colour::Off };
                let mut sources = Sources::default();
                let programs = Programs::default();
                let at = Here { newest: Some(15), programs: &programs };
                let text = methods(&infos(&catalogue), verbose, at, &mut sources, look);
                for line in text.lines() {
                    assert!(line.chars().count() <= width.into(), "wider than {width}: {line}");
                }
                for info in infos(&catalogue) {
                    let alone = |line: &str| line.split_whitespace().next() == Some(info.id.as_str());
                    assert_eq!(text.lines().filter(|l| alone(l)).count(), 1, "{}: {text}", info.id);
                }
                // One letter below the other would make it this long.
                assert!(text.lines().count() < infos(&catalogue).len() * 8, "{text}");
            }
        }
    }

    #[test]
    fn a_source_is_named_once() {
        let catalogue = Catalogue::built_in();
        let mut sources = Sources::default();
        let at = Here { newest: Some(15), programs: &Programs::default() };
        methods(&infos(&catalogue), false, at, &mut sources, Look { width: 100, colour: Colour::Off });
        let unique: std::collections::BTreeSet<&String> = sources.named.iter().collect();
        assert_eq!(unique.len(), sources.named.len());
        let next = unique.len() + 1;
        assert_eq!((sources.number("a new one"), sources.number("a new one")), (next, next));
    }

    #[test]
    fn what_compares_servers_says_why_it_cannot_run() {
        let server = |source, major| Throwaway { source, major, words: String::new() };
        let all = Experiment::built_in().unwrap();
        let local = [server(Source::Local, 15), server(Source::Container, 18)];
        let why = cannot_compare(&all, &local).unwrap();
        assert!(
            why.starts_with("versions cannot run here: ") && why.contains("1 from binaries and 1 images"),
            "{why}"
        );
        assert!(why.contains("scripts/fetch-postgres") && why.contains("scripts/build-image"), "{why}");
        let two = [server(Source::Local, 15), server(Source::Local, 18)];
        assert_eq!(cannot_compare(&all, &two), None);
    }

    #[test]
    fn an_unknown_family_gets_the_nearest() {
        let catalogue = Catalogue::built_in();
        assert!(
            of_family(&infos(&catalogue), "copy").unwrap().iter().all(|info| info.family.name() == "copy")
        );
        let error = of_family(&infos(&catalogue), "cpy").unwrap_err();
        assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2));
        assert!(error.to_string().contains("did you mean `copy`? they are: insert"), "{error}");
    }

    #[test]
    fn a_method_for_newer_servers_is_not_available() {
        let catalogue = Catalogue::built_in();
        let merge = catalogue.find("update-merge").unwrap().info();
        let programs = Programs::default();
        let at = |newest| here(merge, Here { newest, programs: &programs });
        assert_eq!([at(None), at(Some(14)), at(Some(15))], [RunsHere::No, RunsHere::No, RunsHere::Yes]);
    }
}
