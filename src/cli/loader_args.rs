//! The flag that names loaders of the user's own, shared by the verbs that know methods.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::experiment::{ALL_METHODS, Experiment};
use crate::method::{Catalogue, Loader, Method};
use crate::model::{ProgramFacts, Run};
use crate::usage;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct LoaderArgs {
    /// A loader of your own, a program described by a .toml file (docs/add-a-loader.md): one more
    /// method; several times for as many
    #[arg(long = "loader", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl LoaderArgs {
    /// The built-in methods and these loaders, with the loaders' ids.
    pub(crate) fn catalogue(&self) -> Result<(Catalogue, Vec<String>)> {
        let (mut catalogue, mut ids) = (Catalogue::built_in(), Vec::new());
        for file in &self.files {
            let loader = Loader::read(file)?;
            ids.push(loader.info().id.clone());
            catalogue.add(loader).with_context(|| format!("in the loader {}", file.display()))?;
        }
        Ok((catalogue, ids))
    }
}

/// Lets methods take part in an experiment that does not have them, with their defaults, also where
/// it is only to have a `choice` of its methods.
pub(crate) fn join(methods: &[String], experiment: &mut Experiment, choice: &mut Vec<String>) {
    for method in methods {
        if !experiment.cases.iter().any(|case| case.key.method == *method || case.key.method == ALL_METHODS) {
            experiment.cases.push(experiment.joined_by(method));
        }
    }
    if !choice.is_empty() {
        choice.extend_from_slice(methods);
    }
}

/// Refuses to go on with a run whose programs are not what they were.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for a loader that was not given again, is another now, or has
/// another version.
pub(crate) fn check_same(catalogue: &Catalogue, run: &Run, dir: &Path) -> Result<()> {
    for case in run.plan.cases.iter().filter(|case| case.unavailable.is_none()) {
        let Some(before) = &case.program else { continue };
        let method = catalogue.find(&case.key.method).map_err(|_| {
            usage!(
                "this run loads by `{}`, a loader of yours, whose file is not kept: name it again, `bulkbench run --resume {} --loader FILE`",
                case.key.method,
                dir.display()
            )
        })?;
        let Some(loader) = method.loader() else { continue };
        let mut now = ProgramFacts {
            version: Some(
                loader.presence().map_err(|why| usage!("cannot go on with this run: {why}"))?.to_owned(),
            ),
            ..loader.facts()
        };
        if before.definition.is_none() {
            // A record from before definitions were distinguished.
            now.definition = None;
        }
        if *before != now {
            let words = |facts: &ProgramFacts| {
                format!("`{}` ({})", facts.command, facts.version.as_deref().unwrap_or("no version"))
            };
            if (&before.command, &before.version) == (&now.command, &now.version) {
                return Err(usage!(
                    "cannot go on with this run: the definition of {}, or a file that it names, has changed since; \
                     put it back, or start a new run",
                    case.id
                ));
            }
            return Err(usage!(
                "cannot go on with this run: the program of {} was {} and is {} now; start a new run instead",
                case.id,
                words(before),
                words(&now)
            ));
        }
    }
    Ok(())
}
