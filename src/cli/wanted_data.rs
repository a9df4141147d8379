//! What a run loads, from its flags, its experiment or its record, until it is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::csv_args::CsvArgs;
use super::server_args::Servers;
use crate::dataset::forms::{NUMERIC, check_form};
use crate::dataset::{Asked, BuiltIn, Dataset, default_cache, estimated_bytes};
use crate::experiment::{Experiment, ListedData};
use crate::fault::nearest_then;
use crate::interrupt::Interrupt;
use crate::model::{DatasetFacts, Encoding, OwnTable, Run};
use crate::runner::Input;
use crate::runner::foundation::{Laid, Parent, Told};
use crate::runner::plan::{Request, Tables};
use crate::table::Table;
use crate::table::foundation::Ddl;
use crate::table::rows;
use crate::visible::visible_lines;
use crate::{unavailable, usage};

/// Rows and the table that they go into, neither of which is there yet.
#[derive(Debug, Clone)]
pub(crate) struct WantedData {
    /// The name that cases give it; empty for those that give none.
    pub name: String,
    /// The table's DDL; `None` for votes.
    pub told: Option<Told>,
    /// What was said of the csv, by the names of the flags.
    pub csv: BTreeMap<String, String>,
    /// Where the rows are from.
    pub rows: RowSource,
    /// Whether the experiment's file names it.
    pub listed: bool,
}

/// Where rows are from.
#[derive(Debug, Clone)]
pub(crate) enum RowSource {
    /// Invented for a table.
    Invented(BuiltIn),
    /// In a file.
    File(PathBuf, Asked),
    /// In the cache, under this name.
    Cached(String),
}

/// What the cases of an experiment load, one for each name that they give; what the flags say takes the place of
/// what cases load that give none.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for a dataset that is not known (with the nearest), or a file that cannot be read.
pub(crate) fn all(
    experiment: &Experiment,
    flags: Option<WantedData>,
    cached: Option<&String>,
) -> Result<Vec<WantedData>> {
    let unnamed = match (flags, cached, &experiment.data) {
        (Some(flags), ..) => flags,
        (None, Some(name), _) => WantedData {
            rows: RowSource::Cached(name.clone()),
            ..WantedData::invented("", BuiltIn::Votes, None)
        },
        (None, None, Some(data)) => listed("", data)?,
        (None, None, None) => WantedData::invented("", BuiltIn::Votes, None),
    };
    let mut wanted = vec![unnamed];
    for name in experiment.cases.iter().filter_map(|case| case.key.axes.dataset.as_ref()) {
        if name == NUMERIC || wanted.iter().any(|known| known.name == *name) {
            continue;
        }
        wanted.push(match (experiment.datasets.get(name), BuiltIn::named(name)) {
            (Some(data), _) => listed(name, data)?,
            (None, Some(table)) => WantedData { listed: true, ..WantedData::invented(name, table, None) },
            (None, None) => {
                let mut known: Vec<&str> = BuiltIn::all().map(BuiltIn::name).collect();
                known.push(NUMERIC);
                known.extend(experiment.datasets.keys().map(String::as_str));
                return Err(usage!(
                    "dataset = \"{name}\" of a case of {}: there is no such dataset{} list it as [datasets.{name}]",
                    experiment.id,
                    nearest_then(name, known)
                ));
            }
        });
    }
    // Rows that no case loads are not made.
    let loads_unnamed = |case: &crate::experiment::ListedCase| {
        case.key.axes.dataset.as_deref().is_none_or(|name| name == NUMERIC)
    };
    if !experiment.cases.iter().any(loads_unnamed) {
        wanted.remove(0);
    }
    Ok(wanted)
}

/// As an experiment's file lists it.
fn listed(name: &str, data: &ListedData) -> Result<WantedData> {
    if let Some(invent) = &data.invent {
        let table = BuiltIn::named(invent).ok_or_else(|| {
            let known = BuiltIn::all().map(BuiltIn::name);
            usage!(
                "invent = \"{invent}\": there is no such built-in table{} name one of them",
                nearest_then(invent, known)
            )
        })?;
        let indexes = data.indexes.as_deref();
        return Ok(WantedData { listed: true, ..WantedData::invented(name, table, indexes) });
    }
    let (Some(csv), Some(path)) = (&data.csv, &data.ddl) else {
        return Err(usage!("a dataset of an experiment needs `invent`, or `csv` and `ddl`"));
    };
    let text = crate::fs::read_text(path)
        .map_err(|error| usage!("ddl = \"{}\": {error}; check the path", path.display()))?;
    let ddl = Ddl { origin: path.display().to_string(), text, table: data.table.clone() };
    let parent = |(table, file): (&String, &PathBuf)| Parent { table: table.clone(), file: file.clone() };
    let dialect = CsvArgs::of(&data.csv_options)?;
    Ok(WantedData {
        name: name.into(),
        told: Some(Told { ddl, parents: data.parents.iter().map(parent).collect() }),
        csv: dialect.given(),
        rows: RowSource::File(csv.clone(), dialect.asked()?),
        listed: true,
    })
}

impl WantedData {
    /// Rows invented for a table, with these indexes in place of its own where some are given.
    pub(crate) fn invented(name: &str, table: BuiltIn, indexes: Option<&str>) -> Self {
        let text = indexes.map_or_else(|| table.ddl(), |indexes| table.ddl_with(indexes));
        // Votes is the one table that this program makes by itself, for each layout that a method wants.
        let is_votes = table == BuiltIn::Votes && indexes.is_none();
        let ddl = Ddl { origin: format!("the DDL of {}", table.name()), text, table: None };
        Self {
            name: name.into(),
            told: (!is_votes).then(|| Told { ddl, parents: Vec::new() }),
            csv: BTreeMap::new(),
            rows: RowSource::Invented(table),
            listed: false,
        }
    }

    /// About how many bytes its csv has.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when the file cannot be read.
    pub(crate) fn csv_bytes(&self, request: &Request) -> Result<u64> {
        match &self.rows {
            RowSource::Invented(table) => Ok(estimated_bytes(*table, Encoding::Csv, request.rows)),
            RowSource::File(path, _) => Ok(std::fs::metadata(path)
                .map_err(|error| usage!("--csv {}: {error}; check the path", path.display()))?
                .len()),
            RowSource::Cached(name) => {
                let encodings = Dataset::open(&default_cache()?.join(name))?.encodings();
                Ok(encodings.get(&Encoding::Csv).copied().unwrap_or(0))
            }
        }
    }

    /// Its rows, made or taken first where the cache lacks them, and its table, as it is laid on the first of the
    /// servers.
    ///
    /// # Errors
    /// As [`Laid::on`], [`Dataset::invented`] and [`Dataset::imported_table`].
    pub(crate) fn get(
        self,
        cache: &Path,
        servers: &Servers,
        laid: &Laid,
        request: &Request,
        interrupt: &Interrupt,
    ) -> Result<(Input, Table)> {
        let foundation = match &self.told {
            Some(told) => Some(laid.on((0, servers.main()), &self.name, told)?),
            None => None,
        };
        let dataset = match &self.rows {
            RowSource::Invented(table) => {
                Dataset::invented(cache, *table, request.rows, request.seed, interrupt)?
            }
            RowSource::Cached(name) => Dataset::open(&cache.join(name))?,
            RowSource::File(path, asked) => {
                let definition = &foundation.as_ref().context("a csv without a table")?.definition;
                let columns = rows::columns(definition);
                let (dataset, said) = Dataset::imported_table(cache, path, &columns, asked, interrupt)?;
                crate::say!("{}", visible_lines(&said.to_string()));
                dataset
            }
        };
        let table = match &foundation {
            Some(foundation) => Table::told(foundation, dataset.columns())?,
            None => Table::votes(dataset.columns()),
        };
        Ok((Input { name: self.name, dataset, told: self.told }, table))
    }

    /// As it is recorded; `None` for votes. `table` is its table's bare name.
    pub(crate) fn facts(&self, table: &str) -> Option<OwnTable> {
        let Told { ddl, parents } = self.told.as_ref()?;
        Some(OwnTable {
            name: table.into(),
            ddl: ddl.text.clone(),
            parents: parents.iter().map(|parent| parent.table.clone()).collect(),
            csv: self.csv.clone(),
            invented: match &self.rows {
                RowSource::Invented(table) => Some(table.name().into()),
                RowSource::File(..) | RowSource::Cached(_) => None,
            },
            listed: self.listed,
        })
    }
}

/// The tables of these, as far as they are known before a server has read a DDL: then they are taken for votes,
/// whose parameters have the same names and bounds.
pub(crate) fn unseen(wanted: &[WantedData], votes: &Table, rows: u64) -> Tables {
    let unnamed = Tables::of(votes.clone(), rows);
    wanted.iter().fold(unnamed, |tables, one| tables.with(&one.name, votes.clone(), rows))
}

/// What a recorded run loaded, from the cache or invented again.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when tables beside the loaded ones had rows, whose files no record keeps;
/// [`crate::fault::Fault::Unavailable`] when rows are not there any more.
pub(crate) fn of_record(run: &Run, interrupt: &Interrupt) -> Result<Vec<Input>> {
    let unnamed = ("", &run.dataset, run.table.as_ref());
    let loads_unnamed = run
        .plan
        .cases
        .iter()
        .any(|case| case.key.axes.dataset.as_deref().is_none_or(|name| check_form(name).is_ok()));
    let named = run.datasets.iter().filter(|(name, _)| check_form(name).is_err());
    let named = named.map(|(name, facts)| (name.as_str(), facts, run.tables.get(name)));
    loads_unnamed
        .then_some(unnamed)
        .into_iter()
        .chain(named)
        .map(|(name, facts, table)| {
            let told = table.map(told_of).transpose()?;
            Ok(Input { name: name.into(), dataset: dataset_of(facts, table, interrupt)?, told })
        })
        .collect()
}

fn told_of(table: &OwnTable) -> Result<Told> {
    let OwnTable { name, ddl, parents, .. } = table;
    if let Some(parent) = parents.first() {
        return Err(usage!(
            "cannot go on with this run: the rows of {parent}, which {name} refers to, are in no record; start a new run instead"
        ));
    }
    let ddl = Ddl { origin: "the DDL of the run".into(), text: ddl.clone(), table: Some(name.clone()) };
    Ok(Told { ddl, parents: Vec::new() })
}

fn dataset_of(facts: &DatasetFacts, table: Option<&OwnTable>, interrupt: &Interrupt) -> Result<Dataset> {
    let invented = match table {
        None => Some(BuiltIn::Votes),
        Some(table) => table.invented.as_deref().and_then(BuiltIn::named),
    };
    if let (Some(table), Some(seed)) = (invented, facts.seed) {
        return Dataset::invented(&default_cache()?, table, facts.rows, seed, interrupt);
    }
    let mut cached = Dataset::list(&default_cache()?)?.into_iter();
    // One that cannot be read is none of the run's.
    cached.find(|dataset| dataset.has_rows_of(facts).unwrap_or(false)).ok_or_else(|| {
        unavailable!(
            "the {} dataset of {} rows that this run loads is not in the cache any more; take it again by `bulkbench dataset import`",
            facts.origin,
            facts.rows
        )
    })
}
