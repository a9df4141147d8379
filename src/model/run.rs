//! A run: one dated execution of an experiment on one machine, and its plan.

use std::collections::BTreeMap;

use super::axis::Axis;
use super::case::Case;
use super::crash::CrashPlan;
use super::dataset::DatasetFacts;
use super::making::Making;
use super::own_table::OwnTable;
use super::provenance::Provenance;
use super::server::ServerFacts;
use super::statement::Statement;
use super::until::Until;
use crate::distinct::distinct;

/// One dated execution of an experiment on one machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its provenance.
    pub provenance: Provenance,
    /// The server that it loaded into.
    pub server: ServerFacts,
    /// The dataset that it loaded.
    pub dataset: DatasetFacts,
    /// The table that it loaded, where it was made by a DDL; `None` for votes.
    pub table: Option<OwnTable>,
    /// What it did to the table right after making it.
    pub making: Making,
    /// Further servers, by the name that cases give them, where it loaded into several.
    pub servers: BTreeMap<String, ServerFacts>,
    /// Further datasets, by the name that cases give them.
    pub datasets: BTreeMap<String, DatasetFacts>,
    /// The tables of these that were made by a DDL, likewise.
    pub tables: BTreeMap<String, OwnTable>,
    /// Its cases and their order.
    pub plan: Plan,
    /// The statements of cases, by their ids: of those that a reader asks for first, heard after the samples.
    pub statements: BTreeMap<String, Vec<Statement>>,
}

/// The plan of a run: cases, rounds, order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The experiment's id.
    pub experiment: String,
    /// Its title.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// The published source its `published_seconds` come from, if any.
    pub published: Option<String>,
    /// Rounds: each runs every case once.
    pub rounds: u32,
    /// Rows of the dataset.
    pub rows: u64,
    /// The seed of the order of the cases.
    pub seed: u64,
    /// The longest a sample of a budgeted method should take, in nanoseconds.
    pub budget_ns: u64,
    /// The cases, in the order of the experiment; the control is one of them.
    pub cases: Vec<Case>,
    /// For each round the indexes into `cases` in the order they run.
    pub order: Vec<Vec<usize>>,
    /// The grouping of cases within a round, in words, when settings need a restart.
    pub grouping: Option<String>,
    /// The axis that the experiment varies, which its curves are drawn over. `None` where it is a list of methods.
    pub x: Option<Axis>,
    /// Whether cases on servers whose builds have different origins are compared all the same.
    pub any_build: bool,
    /// The crashes behind the rounds; `None` where nothing crashes.
    pub crash: Option<CrashPlan>,
    /// The rule by which it goes on in rounds until its intervals are narrow, of which `rounds` and `order` have those that
    /// were begun; `None` where their number was set.
    pub until: Option<Until>,
}

impl Run {
    /// The server that a case loads into; `None` where the record does not have the one it names.
    pub(crate) fn server_of(&self, case: &Case) -> Option<&ServerFacts> {
        match &case.key.server {
            Some(name) => self.servers.get(name),
            None => Some(&self.server),
        }
    }

    /// The rows that a case loads; `None` where the record does not have the dataset it names.
    pub(crate) fn dataset_of(&self, case: &Case) -> Option<&DatasetFacts> {
        match &case.key.axes.dataset {
            Some(name) => self.datasets.get(name),
            None => Some(&self.dataset),
        }
    }

    /// The case of this id.
    pub(crate) fn case(&self, id: &str) -> Option<&Case> {
        self.plan.cases.iter().find(|case| case.id == id)
    }

    /// The names of its servers, in the order in which the cases name them; none of a run on one server.
    pub(crate) fn server_names(&self) -> Vec<&String> {
        distinct(self.plan.cases.iter().filter_map(|case| case.key.server.as_ref()))
    }

    /// The servers that it loaded into, that of the baseline first.
    pub fn servers_in_order(&self) -> Vec<&ServerFacts> {
        let names = self.server_names();
        match names.is_empty() {
            true => vec![&self.server],
            false => names.into_iter().filter_map(|name| self.servers.get(name)).collect(),
        }
    }
}
