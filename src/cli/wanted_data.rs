//! What a run loads, from its flags, its experiment or its record, until it is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};

use super::csv_args::CsvArgs;
use super::foreseen_rows::ForeseenRows;
use super::server_args::Servers;
use crate::dataset::forms::{NUMERIC, is_form};
use crate::dataset::{Asked, BuiltIn, Column, Dataset, RowsFile, default_cache, estimated_bytes};
use crate::experiment::{Experiment, ListedData};
use crate::fault::nearest_then;
use crate::interrupt::Interrupt;
use crate::model::{DatasetFacts, Encoding, OwnTable, Run};
use crate::runner::Input;
use crate::runner::foundation::{Laid, Parent, Parents, Told};
use crate::runner::plan::{Request, Tables};
use crate::runner::refusal::Offered;
use crate::runner::try_rows::try_rows;
use crate::server::Server;
use crate::table::Table;
use crate::table::foundation::{Ddl, Foundation};
use crate::table::rows;
use crate::visible::{visible, visible_lines};
use crate::{unavailable, units, usage};

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

impl RowSource {
    /// Its rows, where no table has to say how they are read.
    ///
    /// # Errors
    /// As [`Dataset::invented`] and [`Dataset::open`]; or when they are in a file.
    pub(crate) fn dataset(&self, cache: &Path, request: &Request, interrupt: &Interrupt) -> Result<Dataset> {
        match self {
            Self::Invented(table) => Dataset::invented(cache, *table, request.rows, request.seed, interrupt),
            Self::Cached(name) => Dataset::open(&cache.join(name)),
            Self::File(path, _) => bail!("{} cannot be read without a table", path.display()),
        }
    }
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
    let named = || experiment.cases.iter().map(|case| name_in(case.key.axes.dataset.as_deref()));
    let mut wanted = Vec::new();
    // Rows that no case loads are not made.
    if named().any(str::is_empty) {
        wanted.push(match (flags, cached, &experiment.data) {
            (Some(flags), ..) => flags,
            (None, Some(name), _) => WantedData {
                rows: RowSource::Cached(name.clone()),
                ..WantedData::invented("", BuiltIn::Votes, None)
            },
            (None, None, Some(data)) => listed("", data)?,
            (None, None, None) => WantedData::invented("", BuiltIn::Votes, None),
        });
    } else if flags.is_some() || cached.is_some() {
        return Err(usage!(
            "every case of {} names a dataset of its own, and would load none of yours; leave --csv, --ddl, --data and --dataset out, or choose another experiment",
            experiment.id
        ));
    }
    if experiment.datasets.contains_key(NUMERIC) {
        return Err(usage!(
            "[datasets.{NUMERIC}] of {}: dataset = \"{NUMERIC}\" is a form of the votes already; give it another name",
            experiment.id
        ));
    }
    for name in named().filter(|name| !name.is_empty()) {
        if wanted.iter().any(|known| known.name == name) {
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
    Ok(wanted)
}

/// The name of the rows that a case loads which names this dataset: empty for those without a name, also in a form.
pub(crate) fn name_in(dataset: Option<&str>) -> &str {
    dataset.filter(|name| !is_form(name)).unwrap_or_default()
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
        told: Some(Told { ddl, parents: parents(data.parents.iter().map(parent).collect())? }),
        csv: dialect.given(),
        rows: RowSource::File(csv.clone(), dialect.asked()?),
        listed: true,
    })
}

/// These tables, whose rows are kept in the cache.
///
/// # Errors
/// When no cache directory is known.
pub(crate) fn parents(tables: Vec<Parent>) -> Result<Parents> {
    Ok(Parents { tables, cache: default_cache()? })
}

/// Rows that are there, the table that they go into, and how that is recorded; `None` for votes.
#[derive(Debug)]
pub(crate) struct Found {
    pub input: Input,
    pub table: Table,
    pub record: Option<OwnTable>,
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
            told: (!is_votes).then(|| Told { ddl, parents: Parents::default() }),
            csv: BTreeMap::new(),
            rows: RowSource::Invented(table),
            listed: false,
        }
    }

    /// Its rows before there is a server that could read a DDL.
    ///
    /// # Errors
    /// When a file or the cache cannot be read.
    pub(crate) fn foreseen(&self, request: &Request, interrupt: &Interrupt) -> Result<ForeseenRows> {
        let mut rows = match &self.rows {
            RowSource::Invented(table) => ForeseenRows::invented(*table, request),
            RowSource::File(path, asked) => ForeseenRows::in_file(path, asked, interrupt),
            RowSource::Cached(name) => ForeseenRows::cached(name),
        }?;
        rows.of_ddl = self.told.is_some();
        Ok(rows)
    }

    /// About how many bytes its csv has.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when the file cannot be read, or there is no such dataset.
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

    /// Its rows, made or taken first where the cache lacks them; those of the user's are tried on the table, as it is
    /// laid on the first of the servers.
    ///
    /// # Errors
    /// As [`Laid::on`], [`Dataset::invented`], [`Dataset::imported_table`], [`Dataset::open`] and [`try_rows`].
    pub(crate) fn find(
        self,
        cache: &Path,
        servers: &Servers,
        laid: &Laid,
        request: &Request,
        interrupt: &Interrupt,
    ) -> Result<Found> {
        let Some(told) = &self.told else {
            let dataset = self.rows.dataset(cache, request, interrupt)?;
            let table = Table::votes(dataset.columns());
            return Ok(Found { input: Input { name: self.name, dataset, told: None }, table, record: None });
        };
        let foundation = laid.on((0, servers.main()), &self.name, told)?;
        let dataset = self.dataset(cache, (servers.main(), &foundation), request, interrupt)?;
        let table = Table::told(&foundation, dataset.columns())?;
        let record = OwnTable {
            name: table.name.clone(),
            ddl: told.ddl.text.clone(),
            parents: told.parents.tables.iter().map(|parent| parent.table.clone()).collect(),
            csv: self.csv,
            invented: match &self.rows {
                RowSource::Invented(table) => Some(table.name().into()),
                RowSource::File(..) | RowSource::Cached(_) => None,
            },
            listed: self.listed,
            notes: foundation.notes(dataset.columns()),
        };
        record.notes.iter().for_each(|note| crate::say!("note: {}", visible(note)));
        let input = Input { name: self.name, dataset, told: self.told };
        Ok(Found { input, table, record: Some(record) })
    }

    /// Its rows for the table of a DDL.
    fn dataset(
        &self,
        cache: &Path,
        (server, laid): (&dyn Server, &Arc<Foundation>),
        request: &Request,
        interrupt: &Interrupt,
    ) -> Result<Dataset> {
        let (table, columns) = (&laid.definition.name, rows::columns(&laid.definition));
        let (dataset, file) = match &self.rows {
            RowSource::Invented(_) => return self.rows.dataset(cache, request, interrupt),
            RowSource::File(path, asked) => {
                let file = RowsFile { path, asked, table, columns: &columns };
                let (dataset, said) = Dataset::imported_table(cache, &file, interrupt)?;
                crate::say!("{}", visible_lines(&said.to_string()));
                (dataset, Some(file))
            }
            RowSource::Cached(_) => (self.rows.dataset(cache, request, interrupt)?, None),
        };
        crate::say!("trying {} rows on the table {table}", units::count(dataset.rows()));
        try_rows(server, laid, &Offered { table, dataset: &dataset, file: file.as_ref() })?;
        Ok(dataset)
    }
}

/// The tables of datasets of these names, columns and rows, as far as they are known before a server has read a DDL:
/// they are taken for votes, whose parameters have the same names and bounds.
pub(crate) fn unseen<'d>(datasets: impl IntoIterator<Item = (&'d str, &'d [Column], u64)>) -> Tables {
    let table = |tables: Tables, (name, columns, rows)| tables.with(name, Table::votes(columns), rows);
    datasets.into_iter().fold(Tables::default(), table)
}

/// What a recorded run loaded, from the cache or invented again.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when tables beside the loaded ones had rows, whose files no record keeps;
/// [`crate::fault::Fault::Unavailable`] when rows are not there any more.
pub(crate) fn of_record(run: &Run, interrupt: &Interrupt) -> Result<Vec<Input>> {
    let unnamed = ("", &run.dataset, run.table.as_ref());
    let named = run.datasets.iter().filter(|(name, _)| !is_form(name));
    let named = named.map(|(name, facts)| (name.as_str(), facts, run.tables.get(name)));
    let loads_unnamed =
        run.plan.cases.iter().any(|case| name_in(case.key.axes.dataset.as_deref()).is_empty());
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
    Ok(Told { ddl, parents: Parents::default() })
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
