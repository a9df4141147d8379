//! Experiments: TOML files that list cases. The built-in ones lie in `experiments/` and are
//! compiled in; a user's own is given by path.

mod built_in;
mod case;
mod check;
mod choice;
mod grid;
mod listed_data;
mod listed_server;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::fault::{nearest, nearest_then, unknown_field};
use crate::model::{Axis, CaseKey, CrashKind};
use crate::spelling::Named;
use crate::units::PUBLISHED_SECONDS;
use crate::{session, usage};
use case::varies_in_none;
pub(crate) use case::{ALL_METHODS, ListedCase};
use grid::{Grid, Values};
pub use listed_data::ListedData;
pub use listed_server::ListedServer;

/// The most milliseconds that a case may add: beyond it, connecting alone takes longer than anyone waits.
const MOST_LATENCY_MS: u64 = 10_000;

/// A list of cases that together answer a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Built in, or a file of the user's.
    pub origin: ExperimentOrigin,
    /// Its name: what `run` takes, and part of the result directory's name.
    pub id: String,
    /// The heading of its reports.
    pub title: String,
    /// The question that it answers.
    pub question: String,
    /// The source of the question or the published figures.
    pub source: Option<String>,
    /// The ids of the published claims that its cases or caveats test.
    pub claims: Vec<String>,
    /// Rounds unless the user says otherwise: each runs every case once.
    pub rounds: u32,
    /// Rows of the dataset unless the user says otherwise; the program's default where it names none.
    pub rows: Option<u64>,
    /// Seconds that a sample of a slow method should take unless the user says otherwise; likewise.
    pub budget: Option<u64>,
    /// The id of the case that the others are compared with.
    pub baseline: String,
    /// The axis of numbers that the cases vary. Reports draw a curve over it.
    pub x: Option<Axis>,
    /// The axis that is compared: cases that differ in nothing else are held against the first of them,
    /// and not against the baseline.
    pub compare: Option<Axis>,
    /// Statements that are run once the table is made, before the clock starts, with `{schema}` and `{table}` for its
    /// names, quoted: they distribute it over servers, or do else what its DDL cannot say.
    pub after: Vec<String>,
    /// The cases, in the order that tables list them.
    pub cases: Vec<ListedCase>,
    /// The caveats that it tries, in place of cases, by id or by the path of a user's .toml file: such an experiment finds out what
    /// happens to rows and takes no times.
    pub caveats: Vec<String>,
    /// The rows and table of cases that name no dataset; votes where it names none.
    pub data: Option<ListedData>,
    /// The disks that are emulated beneath its server's data, unless the user names others, as `--disk` has them: a
    /// server on each of them.
    pub disks: Vec<String>,
    /// What all its servers are given, unless the user says otherwise.
    pub server: ListedServer,
    /// How its server crashes behind the rounds; `None` where it does not.
    pub crash: Option<ListedCrash>,
    /// Further rows and tables, by the names that cases give them. Those of a built-in table go by its name
    /// without being listed.
    pub datasets: BTreeMap<String, ListedData>,
}

/// The origin of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExperimentOrigin {
    /// In this program.
    BuiltIn,
    /// In a file of the user's.
    File,
}

/// An experiment as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExperimentFile {
    id: String,
    title: String,
    question: String,
    source: Option<String>,
    #[serde(default)]
    claims: Vec<String>,
    rounds: Option<u32>,
    rows: Option<u64>,
    budget: Option<u64>,
    baseline: Option<String>,
    x: Option<String>,
    compare: Option<String>,
    table: Option<TableFile>,
    #[serde(default, rename = "case")]
    grids: Vec<Grid>,
    #[serde(default)]
    caveats: Vec<String>,
    data: Option<ListedData>,
    #[serde(default)]
    datasets: BTreeMap<String, ListedData>,
    crash: Option<ListedCrash>,
    #[serde(default)]
    disks: Vec<String>,
    #[serde(default)]
    server: ListedServer,
}

/// What an experiment says of the crashes behind its rounds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedCrash {
    /// How the server crashes.
    pub kind: Named<CrashKind>,
    /// Rows of each load that crashes; the program's default where it says none.
    pub rows: Option<u64>,
}

/// What an experiment says of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    after: Values<String>,
}

impl Experiment {
    /// The built-in experiment of this name, or the one in the file of this path.
    ///
    /// # Errors
    /// An unknown name (with the nearest), a file that cannot be read, or one that is not an
    /// experiment (with line and key).
    pub fn find(name: &str) -> Result<Self> {
        Self::find_for(name, cores()?)
    }

    /// As [`Experiment::find`], for a server that may use so many processors.
    ///
    /// # Errors
    /// As [`Experiment::find`].
    pub fn find_for(name: &str, cores: u64) -> Result<Self> {
        if let Some(text) = built_in::text(name) {
            let found = Self::parse_for(text, &format!("the built-in experiment {name}"), cores)?;
            return Ok(Self { origin: ExperimentOrigin::BuiltIn, ..found });
        }
        let path = Path::new(name);
        if path.extension().is_none_or(|e| e != "toml") {
            let known = built_in::IDS;
            return Err(usage!(
                "there is no experiment `{name}`{} `bulkbench list` shows them; one of your own is given by the path of its .toml file",
                nearest_then(name, known.iter().copied())
            ));
        }
        let text = crate::fs::read_text(path)
            .map_err(|e| usage!("cannot read the experiment {}: {e}; check the path", path.display()))?;
        let mut found = Self::parse_for(&text, name, cores)?;
        // Files of the user's are named as seen from the experiment.
        let dir = path.parent().unwrap_or(Path::new(""));
        for caveat in found.caveats.iter_mut().filter(|caveat| caveat.ends_with(".toml")) {
            *caveat = dir
                .join(&*caveat)
                .into_os_string()
                .into_string()
                .map_err(|path| usage!("the path {} is not UTF-8; rename it", path.display()))?;
        }
        found.data = found.data.map(|data| data.seen_from(dir));
        found.datasets = found.datasets.into_iter().map(|(name, data)| (name, data.seen_from(dir))).collect();
        Ok(found)
    }

    /// All built-in experiments.
    ///
    /// # Errors
    /// When one of them is not well formed, which a test rules out.
    pub fn built_in() -> Result<Vec<Self>> {
        built_in::IDS.into_iter().map(Self::find).collect()
    }

    /// Reads an experiment; `origin` names it in messages.
    ///
    /// # Errors
    /// A key that is unknown (with the nearest), missing, or of another type; no cases, no
    /// rounds, a case twice, a baseline that is none of the cases.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        Self::parse_for(text, origin, cores()?)
    }

    fn parse_for(text: &str, origin: &str, cores: u64) -> Result<Self> {
        let file: ExperimentFile = toml::from_str(text)
            .map_err(|e| usage!("{origin}: {}{}", e.to_string().trim_end(), unknown_field(e.message())))?;
        file.experiment(cores).with_context(|| format!("in {origin}"))
    }

    /// The case by which a method joins that the experiment does not have: with its defaults, and the rows of the
    /// baseline, which it is held against.
    pub(crate) fn joined_by(&self, method: &str) -> ListedCase {
        let mut joined = ListedCase::new(method);
        let baseline = self.cases.iter().find(|case| case.id() == self.baseline);
        joined.key.axes.dataset = baseline.and_then(|case| case.key.axes.dataset.clone());
        joined
    }

    fn check(&self) -> Result<()> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || !self.id.chars().all(plain) {
            return Err(usage!(
                "id = \"{}\": an id is made of small letters, digits and hyphens; it names the result directory",
                self.id
            ));
        }
        if !self.caveats.is_empty() {
            return Ok(());
        }
        self.check_data()?;
        session::check(self.server.settings.keys(), "settings of [server]")?;
        if self.rounds == 0 {
            return Err(usage!("rounds = 0: at least one round is needed, five for a verdict"));
        }
        let of_crash = self.crash.as_ref().and_then(|crash| crash.rows);
        for (name, value) in [("rows", self.rows), ("budget", self.budget), ("rows of [crash]", of_crash)] {
            if value == Some(0) {
                return Err(usage!("{name} = 0: it has to be above 0; leave it out for the default"));
            }
        }
        if let Some(x) = self.x.as_ref().filter(|x| !x.has_numbers()) {
            return Err(usage!(
                "x = \"{x}\": a curve needs numbers; name rows, latency_ms, cpus, memory, flush, a parameter or a setting, or leave it out"
            ));
        }
        self.check_compare()?;
        let mut seen = std::collections::BTreeSet::new();
        for case in &self.cases {
            if !seen.insert(case.id()) {
                return Err(usage!("the case `{}` is listed twice; remove one", case.id()));
            }
            if let Some(seconds) = case.published_seconds.filter(|s| !PUBLISHED_SECONDS.contains(s)) {
                return Err(usage!(
                    "published_seconds = {seconds} of `{}` must be from {} to {}; leave it out where nothing was published",
                    case.id(),
                    PUBLISHED_SECONDS.start(),
                    PUBLISHED_SECONDS.end()
                ));
            }
        }
        for case in &self.cases {
            session::check(case.key.axes.settings.keys(), &format!("settings of `{}`", case.id()))?;
            if case.key.axes.rows == Some(0) {
                return Err(usage!("rows = 0 of `{}`: a load has at least one row", case.id()));
            }
            if let Some(latency) = case.key.axes.latency_ms.filter(|ms| *ms > MOST_LATENCY_MS) {
                return Err(usage!(
                    "latency_ms = {latency} of `{}` is out of range: 0 to {MOST_LATENCY_MS}",
                    case.id()
                ));
            }
            if let Some(against) = case.against.as_ref().filter(|id| !seen.contains(*id)) {
                return Err(usage!(
                    "against = \"{against}\" of `{}` is none of the cases{}",
                    case.id(),
                    nearest(against, seen.iter().map(String::as_str))
                ));
            }
        }
        if self.cases.iter().any(|case| case.key.method == ALL_METHODS) {
            return Ok(());
        }
        if !seen.contains(&self.baseline) {
            return Err(usage!(
                "baseline = \"{}\" is none of the cases{}",
                self.baseline,
                nearest(&self.baseline, seen.iter().map(String::as_str))
            ));
        }
        Ok(())
    }

    fn check_after(&self) -> Result<()> {
        for sql in &self.after {
            if let Some(moving) = session::moved_in(sql) {
                return Err(usage!(
                    "after of [table]: `{moving}` takes the session out of the run's own schema, or lets it act for another role; leave it out, and name the table {{schema}}.{{table}}"
                ));
            }
        }
        Ok(())
    }
}

impl ExperimentFile {
    fn experiment(self, cores: u64) -> Result<Experiment> {
        self.check_kind()?;
        let mut cases = Vec::new();
        for grid in &self.grids {
            cases.extend(grid.cases(cores)?);
        }
        let axis = |name: Option<String>| {
            let find = |name: String| {
                let keys = cases.iter().map(|case| &case.key);
                CaseKey::axis(&name, keys).ok_or_else(|| varies_in_none(&name))
            };
            name.map(find).transpose()
        };
        let experiment = Experiment {
            origin: ExperimentOrigin::File,
            id: self.id,
            title: self.title,
            question: self.question,
            source: self.source,
            claims: self.claims,
            rounds: self.rounds.unwrap_or_default(),
            rows: self.rows,
            budget: self.budget,
            baseline: self.baseline.unwrap_or_default(),
            x: axis(self.x)?,
            compare: axis(self.compare)?,
            after: self.table.map(|table| table.after.0).unwrap_or_default(),
            cases,
            caveats: self.caveats,
            crash: self.crash,
            disks: self.disks,
            server: self.server,
            data: self.data,
            datasets: self.datasets,
        };
        experiment.check_after()?;
        experiment.check()?;
        Ok(experiment)
    }

    /// An experiment takes times of its cases, or tries caveats: each has keys of its own.
    fn check_kind(&self) -> Result<()> {
        let times = [
            ("rounds", self.rounds.is_some()),
            ("baseline", self.baseline.is_some()),
            ("[[case]]", !self.grids.is_empty()),
        ];
        if self.caveats.is_empty() {
            return match times.iter().find(|(_, there)| !there) {
                Some((key, _)) => Err(usage!("`{key}` is missing; an experiment that takes times needs it")),
                None => Ok(()),
            };
        }
        let more = [
            ("rows", self.rows.is_some()),
            ("budget", self.budget.is_some()),
            ("x", self.x.is_some()),
            ("compare", self.compare.is_some()),
            ("[data]", self.data.is_some()),
            ("[datasets]", !self.datasets.is_empty()),
            ("[table]", self.table.is_some()),
            ("[crash]", self.crash.is_some()),
            ("disks", !self.disks.is_empty()),
            ("[server]", self.server != ListedServer::default()),
        ];
        match times.iter().chain(&more).find(|(_, there)| *there) {
            Some((key, _)) => Err(usage!(
                "`{key}` is for experiments that take times, and `caveats` for others; leave one out"
            )),
            None => Ok(()),
        }
    }
}

/// The processors of this machine that this program may use.
fn cores() -> Result<u64> {
    Ok(std::thread::available_parallelism().context("counting the processors")?.get() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        id = "small"
        title = "t"
        question = "q"
        rounds = 2
        baseline = "copy-csv"
        [[case]]
        method = "copy-csv"
        [[case]]
        method = "insert-multirow"
        params = { batch = 1000 }
        settings = { wal_level = "minimal" }
    "#;

    fn error(text: &str) -> String {
        format!("{:#}", Experiment::parse(text, "x.toml").unwrap_err())
    }

    #[test]
    fn a_case_is_named_by_what_differs_from_the_defaults() {
        let experiment = Experiment::parse(SMALL, "x.toml").unwrap();
        let ids: Vec<String> = experiment.cases.iter().map(ListedCase::id).collect();
        assert_eq!(ids, ["copy-csv", "insert-multirow batch=1000 wal_level=minimal"]);
    }

    #[test]
    fn every_built_in_experiment_is_well_formed_and_named_as_it_is_listed() {
        for (id, experiment) in built_in::IDS.into_iter().zip(Experiment::built_in().unwrap()) {
            assert_eq!(*id, experiment.id);
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_key() {
        let text = error(&SMALL.replace("rounds = 2", "round = 2"));
        assert!(text.contains("line 5"), "{text}");
        assert!(text.contains("did you mean `rounds`?"), "{text}");
    }

    #[test]
    fn malformed_toml_is_named_with_its_line() {
        let text = error(&SMALL.replace("rounds = 2", "rounds = "));
        assert!(text.contains("x.toml") && text.contains("line 5"), "{text}");
    }

    #[test]
    fn a_setting_that_moves_a_session_is_refused_with_its_case() {
        for name in ["search_path", "ROLE", "session_authorization"] {
            let text = error(&SMALL.replace("wal_level =", &format!("{name} =")));
            assert!(
                text.contains("x.toml") && text.contains("settings of `insert-multirow batch=1000"),
                "{text}"
            );
            assert!(text.contains(&format!("the setting `{name}`")), "{text}");
        }
    }

    #[test]
    fn a_baseline_that_is_no_case_is_refused() {
        let text = error(&SMALL.replace("baseline = \"copy-csv\"", "baseline = \"copy-cvs\""));
        assert!(text.contains("did you mean `copy-csv`?"), "{text}");
    }

    #[test]
    fn times_and_caveats_do_not_mix_and_each_has_its_keys() {
        let caveats = "id = 'c'\ntitle = 't'\nquestion = 'q'\ncaveats = ['backslashes']\n";
        assert_eq!(Experiment::parse(caveats, "x.toml").unwrap().caveats, ["backslashes"]);
        assert!(
            error(&format!("{caveats}rounds = 2")).contains("`rounds` is for experiments that take times")
        );
        assert!(error(&SMALL.replace("rounds = 2", "")).contains("`rounds` is missing"));
    }

    #[test]
    fn an_unknown_experiment_gets_the_nearest_name() {
        let text = format!("{:#}", Experiment::find("vote").unwrap_err());
        assert!(text.contains("did you mean `votes`?"), "{text}");
    }
}
