//! The plan of a run: the experiment's cases with everything filled in, what cannot run here, and the order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::claim;
use crate::dataset::forms::check_form;
use crate::experiment::{ALL_METHODS, Experiment, ExperimentOrigin, ListedCase};
use crate::fault::nearest_then;
use crate::method::{Catalogue, Extent, Loader, Method, resolve_params};
use crate::model::{Axis, Case, CaseKey, CrashKind, Encoding, Plan, Role, Until};
use crate::runner::schedule;
use crate::server::Settings;
use crate::table::Table;
use crate::usage;

/// The user's request beyond the experiment itself.
#[derive(Debug, Clone)]
pub struct Request {
    /// Rounds, the fewest where they go on.
    pub rounds: u32,
    /// Rows of the dataset.
    pub rows: u64,
    /// The seed of the order.
    pub seed: u64,
    /// The longest that a sample of a budgeted method should take.
    pub budget: Duration,
    /// Only cases of these methods (and the baseline); all when empty. A method that the
    /// experiment does not have joins it with its defaults.
    pub methods: Vec<String>,
    /// Processors of this machine, for parameters that follow them.
    pub cores: u64,
    /// Whether servers of builds of any origin are compared.
    pub any_build: bool,
    /// How the server crashes behind the rounds, and rows of each load then; `None` where it does not.
    pub crash: Option<(CrashKind, u64)>,
    /// The rule by which the rounds go on beyond these; `None` where they are all.
    pub until: Option<Until>,
}

/// The tables that an experiment's cases load, and how many rows there are for each, by the datasets that they
/// name; by an empty name that of cases which name none, or a form of its rows.
#[derive(Debug, Clone, Default)]
pub struct Tables(BTreeMap<String, (Table, u64)>);

impl Tables {
    /// The table of cases that name no dataset, or a form of it, and its rows.
    pub fn of(unnamed: Table, rows: u64) -> Self {
        Self::default().with("", unnamed, rows)
    }

    /// With the table of the cases that name this dataset, and its rows.
    #[must_use]
    pub fn with(mut self, dataset: &str, table: Table, rows: u64) -> Self {
        self.0.insert(dataset.into(), (table, rows));
        self
    }

    fn get(&self, dataset: Option<&str>) -> Result<&(Table, u64)> {
        let name = dataset.unwrap_or_default();
        if let Some(table) = self.0.get(name) {
            return Ok(table);
        }
        if !name.is_empty() {
            check_form(name)?;
        }
        self.0.get("").context("there are no rows for cases that name no dataset")
    }
}

/// The cases of an experiment with defaults filled in, the control behind the baseline. Needs
/// no server: whatever is wrong with names and parameters is found before anything starts.
///
/// # Errors
/// An unknown method, dataset or parameter (with the nearest), or a value out of range.
pub fn cases(
    catalogue: &Catalogue,
    experiment: &Experiment,
    request: &Request,
    tables: &Tables,
) -> Result<Vec<Case>> {
    let mut chosen = Vec::new();
    let selected = select(catalogue, experiment, &request.methods)?;
    let published = match experiment.origin {
        ExperimentOrigin::BuiltIn => {
            claim::published_seconds(claim::sources(), &experiment.id, &experiment.baseline)
        }
        ExperimentOrigin::File => BTreeMap::new(),
    };
    for listed in &selected {
        let key = &listed.key;
        let method = catalogue
            .find(&key.method)
            .with_context(|| format!("in the case `{key}` of {}", experiment.id))?;
        let info = method.info();
        let (table, rows) = tables
            .get(key.axes.dataset.as_deref())
            .with_context(|| format!("in the case `{key}` of {}", experiment.id))?;
        let cores = key.axes.limits.cpus.map_or(request.cores, u64::from);
        let params = resolve_params(method, &key.params, (cores, key.axes.rows.unwrap_or(*rows)), table)?;
        let id = listed.id();
        let published_seconds = listed.published_seconds.or(published.get(&id).copied());
        let role = if id == experiment.baseline { Role::Baseline } else { Role::Case };
        let case = Case {
            against: listed.against.clone().or_else(|| against(listed, &selected, experiment)),
            id,
            key: key.clone(),
            family: info.family.name().into(),
            summary: info.summary.clone(),
            program: method.loader().map(Loader::facts),
            work: info.work(),
            role,
            durability: info.durability_under(&key.axes.settings),
            params,
            rows: key.axes.rows.unwrap_or(*rows),
            rows_reason: None,
            unavailable: None,
            failed_trial: None,
            step: listed.step.clone(),
            published_seconds,
        };
        if role == Role::Baseline {
            let control = Case {
                id: key.id(Role::Control),
                role: Role::Control,
                published_seconds: None,
                ..case.clone()
            };
            chosen.extend([case, control]);
        } else {
            chosen.push(case);
        }
    }
    match request.until.as_ref().and_then(|until| until.unknown(&chosen)) {
        Some(name) => Err(no_such_case(name, &chosen, experiment)),
        None => Ok(chosen),
    }
}

/// The error of a name in `--until-cases` that is none of these cases'.
fn no_such_case(name: &str, cases: &[Case], experiment: &Experiment) -> anyhow::Error {
    let known = cases.iter().flat_map(|case| [case.id.as_str(), case.key.method.as_str()]);
    usage!(
        "--until-cases: no case `{name}` in {}{} it takes ids of cases or of their methods, and --dry-run lists the cases",
        experiment.id,
        nearest_then(name, known)
    )
}

/// The case that this one is held against: the first of those that differ from it in nothing but
/// what the experiment compares. `None` means the baseline, also where there is no other such case.
fn against(case: &ListedCase, cases: &[ListedCase], experiment: &Experiment) -> Option<String> {
    let axis = experiment.compare.as_ref().filter(|_| case.id() != experiment.baseline)?;
    let differs_in_it_alone = |other: &&ListedCase| other.key.without(axis) == case.key.without(axis);
    let like: Vec<String> = cases.iter().filter(differs_in_it_alone).map(ListedCase::id).collect();
    (like.len() > 1 && like[0] != experiment.baseline).then(|| like[0].clone())
}

/// The cases on each of several servers, by their names: one after the other of each case. What is
/// held against a case of the plan, the baseline included, is held against that on the same server,
/// unless it is servers that the experiment compares: then against the same case on the first of
/// them. The baseline is that on the first server, and so is the control.
pub(crate) fn on_servers(experiment: &Experiment, cases: Vec<Case>, names: &[String]) -> Vec<Case> {
    let [first, others @ ..] = names else { return cases };
    if others.is_empty() {
        return cases;
    }
    let compared = experiment.compare == Some(Axis::Server);
    let mut placed = Vec::new();
    for case in &cases {
        for name in names {
            let role = match case.role {
                Role::Control if name != first => continue,
                Role::Baseline if name != first => Role::Case,
                role => role,
            };
            let placed_on =
                |case: &Case, name: &str| CaseKey { server: Some(name.into()), ..case.key.clone() };
            let named = |id: &str| cases.iter().find(|case| case.id == id);
            let on = |case: &Case, name: &str| placed_on(case, name).id(case.role);
            let against = match &case.against {
                _ if compared => (role == Role::Case && case.role == Role::Case).then(|| on(case, first)),
                Some(id) => named(id).map(|other| on(other, name)),
                // On the first server, that is the run's baseline.
                None if name == first => None,
                None => named(&experiment.baseline).map(|baseline| on(baseline, name)),
            };
            let key = placed_on(case, name);
            placed.push(Case { id: key.id(role), key, role, against, ..case.clone() });
        }
    }
    placed
}

/// The experiment's cases of these methods and the baseline, then the methods it does not have.
fn select(catalogue: &Catalogue, experiment: &Experiment, methods: &[String]) -> Result<Vec<ListedCase>> {
    let all = experiment.cases.iter().flat_map(|case| match case.key.method.as_str() {
        ALL_METHODS => {
            let by = |method: &dyn Method| {
                let key = CaseKey { method: method.info().id.clone(), ..case.key.clone() };
                ListedCase { key, ..case.clone() }
            };
            catalogue.iter().map(by).collect()
        }
        _ => vec![case.clone()],
    });
    if methods.is_empty() {
        return Ok(all.collect());
    }
    for method in methods {
        catalogue.find(method).context("in --methods")?;
    }
    let wanted: BTreeSet<&str> = methods.iter().map(String::as_str).collect();
    let all: Vec<ListedCase> = all.collect();
    let named: BTreeSet<String> = all
        .iter()
        .filter(|c| wanted.contains(c.key.method.as_str()))
        .filter_map(|c| c.against.clone().or_else(|| against(c, &all, experiment)))
        .chain([experiment.baseline.clone()])
        .collect();
    // With the cases that the chosen ones are held against.
    let mut cases: Vec<ListedCase> = all
        .into_iter()
        .filter(|c| wanted.contains(c.key.method.as_str()) || named.contains(&c.id()))
        .collect();
    for method in methods {
        if !cases.iter().any(|c| c.key.method == *method) {
            cases.push(experiment.joined_by(method));
        }
    }
    Ok(cases)
}

/// The encodings that these cases read.
///
/// # Errors
/// When a case names a method that is not in the catalogue.
pub(crate) fn encodings<'c>(
    catalogue: &Catalogue,
    cases: impl IntoIterator<Item = &'c Case>,
) -> Result<BTreeSet<Encoding>> {
    // Row counts are cut and contents summed from the csv, whatever is loaded.
    let mut encodings = BTreeSet::from([Encoding::Csv]);
    for case in cases {
        encodings.insert(catalogue.find(&case.key.method)?.info().input);
    }
    Ok(encodings)
}

/// Whether the budget decides how many rows the case loads.
///
/// # Errors
/// When the case names a method that is not in the catalogue.
pub fn is_budgeted(catalogue: &Catalogue, case: &Case) -> Result<bool> {
    Ok(catalogue.find(&case.key.method)?.info().extent == Extent::Budgeted)
}

/// Puts the cases that can run here in order; `restarts_for` tells those of a case's settings that
/// its server has to be restarted for, as it has for limits.
pub fn plan(
    experiment: &Experiment,
    request: &Request,
    cases: Vec<Case>,
    restarts_for: impl Fn(&Settings) -> Settings,
) -> Plan {
    let runnable = runnable(&cases, restarts_for);
    let order = schedule::order(&runnable, request.rounds, request.seed);
    let grouping = schedule::grouping(&runnable);
    Plan {
        experiment: experiment.id.clone(),
        title: experiment.title.clone(),
        question: experiment.question.clone(),
        published: experiment.source.clone(),
        rounds: request.rounds,
        rows: request.rows,
        seed: request.seed,
        budget_ns: request.budget.as_nanos() as u64,
        order,
        grouping,
        x: experiment.x.clone(),
        any_build: request.any_build,
        // They are planned once it is known which cases run.
        crash: None,
        until: request.until.clone(),
        cases,
    }
}

/// The orders of the rounds that its rule lets follow those of the plan, as if all had been planned at once; none where
/// the rounds of the plan are all.
pub fn further_rounds(plan: &Plan, restarts_for: impl Fn(&Settings) -> Settings) -> Vec<Vec<usize>> {
    let Some(until) = &plan.until else { return Vec::new() };
    let all = schedule::order(&runnable(&plan.cases, restarts_for), until.most_rounds, plan.seed);
    all.into_iter().skip(plan.order.len()).collect()
}

/// The cases that can run here, each with what a server has to be restarted for.
fn runnable(cases: &[Case], restarts_for: impl Fn(&Settings) -> Settings) -> Vec<(usize, Settings)> {
    let group = |case: &Case| {
        let mut group = restarts_for(&case.key.axes.settings);
        group.extend(case.key.axes.limit_words().map(|(axis, value)| (axis.name().to_owned(), value)));
        group
    };
    let able = cases.iter().enumerate().filter(|(_, case)| case.runs());
    able.map(|(index, case)| (index, group(case))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::columns::votes;
    use crate::model::{Durability, ParamValue};

    fn request(methods: &[&str]) -> Request {
        Request {
            rounds: 2,
            rows: 1000,
            seed: 1,
            budget: Duration::from_secs(1),
            methods: methods.iter().map(|m| m.to_string()).collect(),
            cores: 2,
            any_build: false,
            crash: None,
            until: None,
        }
    }

    fn ids(methods: &[&str]) -> Vec<String> {
        let votes_experiment = Experiment::find("votes").unwrap();
        let table = Tables::of(Table::votes(&votes()), 1000);
        cases(&Catalogue::built_in(), &votes_experiment, &request(methods), &table)
            .unwrap()
            .into_iter()
            .map(|c| c.id)
            .collect()
    }

    #[test]
    fn a_choice_of_methods_keeps_the_baseline_and_its_control() {
        assert_eq!(
            ids(&["insert-multirow"]),
            ["insert-multirow", "insert-multirow batch=1000", "copy-csv", "copy-csv (control)"]
        );
    }

    #[test]
    fn a_star_is_every_method() {
        let experiment = Experiment::find("all").unwrap();
        let cases = cases(
            &Catalogue::built_in(),
            &experiment,
            &request(&[]),
            &Tables::of(Table::votes(&votes()), 1000),
        )
        .unwrap();
        assert_eq!(cases.len(), Catalogue::built_in().iter().len() + 1, "and the control");
        assert_eq!(cases.iter().filter(|c| c.role == Role::Baseline).count(), 1);
    }

    #[test]
    fn a_method_that_joins_loads_what_the_baseline_does() {
        let text = "id = 'x'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nbaseline = 'copy-csv dataset=events'\n\
                    [[case]]\nmethod = 'copy-csv'\ndataset = 'events'\n";
        let experiment = Experiment::parse(text, "x.toml").unwrap();
        let tables = Tables::default().with("events", Table::votes(&votes()), 7);
        let cases = cases(&Catalogue::built_in(), &experiment, &request(&["copy-text"]), &tables).unwrap();
        let joined = cases.iter().find(|case| case.key.method == "copy-text").unwrap();
        assert_eq!(joined.key.axes.dataset.as_deref(), Some("events"));
        assert_eq!((joined.rows, joined.id.as_str()), (7, "copy-text dataset=events"));
    }

    #[test]
    fn a_choice_of_methods_keeps_what_they_are_held_against() {
        let experiment = Experiment::find("scale").unwrap();
        let cases = cases(
            &Catalogue::built_in(),
            &experiment,
            &request(&["copy-csv"]),
            &Tables::of(Table::votes(&votes()), 1000),
        )
        .unwrap();
        for against in cases.iter().filter_map(|c| c.against.as_ref()) {
            assert!(cases.iter().any(|c| c.id == *against), "{against}");
        }
        assert!(cases.iter().any(|c| c.against.is_some()));
    }

    #[test]
    fn an_unknown_method_is_refused_with_the_nearest() {
        let experiment = Experiment::find("votes").unwrap();
        let error = cases(
            &Catalogue::built_in(),
            &experiment,
            &request(&["copy-tex"]),
            &Tables::of(Table::votes(&votes()), 1000),
        )
        .unwrap_err();
        assert!(format!("{error:#}").contains("did you mean `copy-text`?"), "{error:#}");
    }

    #[test]
    fn jobs_follow_the_cores() {
        let experiment = Experiment::find("votes").unwrap();
        let cases = cases(
            &Catalogue::built_in(),
            &experiment,
            &request(&["copy-parallel"]),
            &Tables::of(Table::votes(&votes()), 1000),
        )
        .unwrap();
        assert_eq!(cases.last().unwrap().params["jobs"], ParamValue::Int(2));
    }

    fn plan_of(text: &str) -> Vec<Case> {
        let head = "id = 'x'\ntitle = 't'\nquestion = 'q'\nrounds = 1\n";
        let experiment = Experiment::parse(&format!("{head}{text}"), "x.toml").unwrap();
        let cases = cases(
            &Catalogue::built_in(),
            &experiment,
            &request(&[]),
            &Tables::of(Table::votes(&votes()), 1000),
        )
        .unwrap();
        on_servers(&experiment, cases, &["15.18".into(), "16.10".into()])
    }

    #[test]
    fn a_case_is_held_against_the_first_that_differs_in_what_is_compared() {
        let experiment = Experiment::parse(
            "id = 'x'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nbaseline = 'copy-csv'\ncompare = 'collation'\n\
             [[case]]\nmethod = 'copy-csv'\n[[case]]\nmethod = ['copy-text', 'copy-binary']\ncollation = ['C', 'en-x-icu']\n",
            "x.toml",
        )
        .unwrap();
        let cases = cases(
            &Catalogue::built_in(),
            &experiment,
            &request(&[]),
            &Tables::of(Table::votes(&votes()), 1000),
        )
        .unwrap();
        let against: Vec<(&str, Option<&str>)> =
            cases.iter().map(|c| (c.id.as_str(), c.against.as_deref())).collect();
        assert_eq!(
            against,
            [
                ("copy-csv", None),
                ("copy-csv (control)", None),
                ("copy-text collation=C", Some("copy-text collation=C")),
                ("copy-text collation=en-x-icu", Some("copy-text collation=C")),
                ("copy-binary collation=C", Some("copy-binary collation=C")),
                ("copy-binary collation=en-x-icu", Some("copy-binary collation=C")),
            ]
        );
    }

    #[test]
    fn each_case_runs_on_each_server_and_the_control_on_the_first() {
        let placed = plan_of(
            "baseline = 'copy-csv'\ncompare = 'server'\n[[case]]\nmethod = ['copy-csv', 'copy-text']\n",
        );
        let found: Vec<(&str, Role, Option<&str>)> =
            placed.iter().map(|c| (c.id.as_str(), c.role, c.against.as_deref())).collect();
        assert_eq!(
            found,
            [
                ("copy-csv on 15.18", Role::Baseline, None),
                ("copy-csv on 16.10", Role::Case, None),
                ("copy-csv (control) on 15.18", Role::Control, None),
                ("copy-text on 15.18", Role::Case, Some("copy-text on 15.18")),
                ("copy-text on 16.10", Role::Case, Some("copy-text on 15.18")),
            ]
        );
    }

    #[test]
    fn settings_that_give_up_durability_say_so() {
        let durability = |setting: &str| {
            plan_of(&format!(
                "baseline = 'copy-csv'\n[[case]]\nmethod = 'copy-csv'\nsettings = {{ {setting} = 'off' }}\n[[case]]\nmethod = 'copy-csv'\n"
            ))[0]
            .durability
        };
        assert_eq!(durability("synchronous_commit"), Durability::MayLoseLastCommits);
        assert_eq!(durability("full_page_writes"), Durability::MayBeDamaged);
        assert_eq!(durability("jit"), Durability::Durable);
    }
}
