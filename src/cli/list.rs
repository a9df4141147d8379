//! `bulkbench list`: the experiments, methods and caveats, and which can run here.

mod caveats;
mod entries;
mod experiments;
mod methods;
mod overview;
mod search;
mod sources;
mod table;
mod throwaways;

use std::process::ExitCode;

use anyhow::Result;

use super::here::{Here, RunsHere, here};
use super::loader_args::LoaderArgs;
use super::output::print;
use super::programs::Programs;
use crate::caveat::{self, Caveat};
use crate::experiment::Experiment;
use crate::fault::nearest_then;
use crate::method::{Catalogue, Info};
use crate::report::{Look, terminal};
use crate::usage;
use entries::{Everything, of_family};
use search::Item;
use sources::Sources;
use throwaways::Throwaway;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// `experiments`, `methods` or `caveats` for all of a kind; or a family, method, loader, experiment or
    /// caveat for the entry of that one
    name: Option<String>,
    /// Whatever has this word in its id, title, summary or source
    #[arg(long, value_name = "WORD", conflicts_with_all = ["name", "family"])]
    search: Option<String>,
    /// Say more: parameters, what a sample loads, and sources
    #[arg(long, short)]
    verbose: bool,
    /// Only the methods of this family, e.g. copy
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    family: Option<String>,
    #[command(flatten)]
    loaders: LoaderArgs,
}

pub(crate) fn list(args: &Args) -> Result<ExitCode> {
    let (catalogue, _) = args.loaders.catalogue()?;
    let look = Look::of_stdout();
    let infos: Vec<&Info> = catalogue.iter().map(|m| m.info()).collect();
    let all = Experiment::built_in()?;
    let mut sources = Sources::default();
    let wanted = args.verbose.then_some(&mut sources);
    let mut text = match (&args.search, &args.family, args.name.as_deref()) {
        (Some(word), ..) => {
            let items = all.iter().map(Item::experiment).chain(infos.iter().map(|info| Item::method(info)));
            let items: Vec<Item> = items.chain(all_caveats()?.iter().map(Item::caveat)).collect();
            search::search(&items, word, args.verbose, look)?
        }
        (None, Some(family), _) => {
            methods_here(&catalogue, &members(&infos, family)?, &throwaways::servers()?, wanted, look)
        }
        (None, None, Some("methods")) => {
            methods_here(&catalogue, &infos, &throwaways::servers()?, wanted, look)
        }
        (None, None, Some("experiments")) => {
            let servers = throwaways::servers()?;
            let text = experiments::all(&all, infos.len(), &servers, wanted, look);
            text + &servers_here(&all, &servers, look)
        }
        (None, None, Some(name)) => {
            let caveats = all_caveats()?;
            let everything = Everything { infos: &infos, experiments: &all, caveats: &caveats };
            let servers = throwaways::servers()?;
            let named: Vec<_> =
                catalogue.iter().filter(|m| m.info().id == name || m.info().family.name() == name).collect();
            let programs = Programs::look_for(&named);
            let at = Here { newest: throwaways::newest(&servers), programs: &programs };
            // That is both a kind of things and the experiment that tries them all.
            let kind = match name {
                "caveats" => caveats::all(&caveats, wanted, look) + "\n",
                _ => String::new(),
            };
            kind + &everything.named(name, at, &servers, args.verbose, look)? + &programs.text(look)
        }
        (None, None, None) => {
            let servers = throwaways::servers()?;
            let text = overview::overview(&all, &infos, caveat::ids().count(), &servers, look);
            format!("{text}\n{}", throwaways::text(&servers, look))
        }
    };
    if sources.any() {
        text.push('\n');
        text.push_str(&sources.text(look));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The methods, and what of them can run here.
fn methods_here(
    catalogue: &Catalogue,
    chosen: &[&Info],
    servers: &[Throwaway],
    sources: Option<&mut Sources>,
    look: Look,
) -> String {
    let asked: Vec<_> =
        catalogue.iter().filter(|m| chosen.iter().any(|info| info.id == m.info().id)).collect();
    let programs = Programs::look_for(&asked);
    let at = Here { newest: throwaways::newest(servers), programs: &programs };
    let mut text = methods::all(chosen, at, sources, look);
    text.push('\n');
    if chosen.iter().any(|info| here(info, at) == RunsHere::WithFile) {
        text.push_str(&terminal::paragraph(
            "* On a server of yours only if it can read the file, and has the extension where one is used.",
            look,
        ));
    }
    text.push_str(&programs.text(look));
    text.push_str(&throwaways::text(servers, look));
    text
}

/// Which servers are here, and which experiments cannot run on them.
fn servers_here(experiments: &[Experiment], servers: &[Throwaway], look: Look) -> String {
    let why = throwaways::cannot_compare(experiments, servers);
    let why = why.map_or(String::new(), |why| terminal::paragraph(&why, look));
    format!("\n{why}{}", throwaways::text(servers, look))
}

/// The methods of this family.
fn members<'i>(infos: &[&'i Info], family: &str) -> Result<Vec<&'i Info>> {
    let chosen = of_family(infos, family);
    if chosen.is_empty() {
        let known: Vec<&str> = methods::families(infos).into_iter().map(|family| family.name()).collect();
        let hint = nearest_then(family, known.iter().copied());
        return Err(usage!("there is no family `{family}`{hint} they are: {}", known.join(", ")));
    }
    Ok(chosen)
}

/// The built-in caveats.
fn all_caveats() -> Result<Vec<Caveat>> {
    caveat::ids().map(caveat::find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    #[test]
    fn an_unknown_family_gets_the_nearest() {
        let catalogue = Catalogue::built_in();
        let infos: Vec<&Info> = catalogue.iter().map(|m| m.info()).collect();
        assert!(members(&infos, "copy").unwrap().iter().all(|info| info.family.name() == "copy"));
        let error = members(&infos, "cpy").unwrap_err();
        assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2));
        assert!(error.to_string().contains("did you mean `copy`? they are: insert"), "{error}");
    }
}
