//! The experiments, and each by itself.

use super::sources::Sources;
use super::table::{table, trimmed};
use super::throwaways::{Throwaway, enough};
use crate::experiment::{ALL_METHODS, Experiment};
use crate::report::{Look, terminal};

/// The number of an experiment's cases where there are so many methods, or of its caveats.
pub(crate) fn cases(experiment: &Experiment, methods: usize) -> usize {
    let cases = experiment.cases.iter().map(|case| match case.key.method.as_str() {
        ALL_METHODS => methods,
        _ => 1,
    });
    cases.sum::<usize>() + experiment.caveats.len()
}

/// Whether the servers that it needs are here.
pub(crate) fn here(experiment: &Experiment, servers: &[Throwaway]) -> &'static str {
    if enough(experiment, servers) { "yes" } else { "no" }
}

/// The experiments with their questions; with `sources`, those, too.
pub(crate) fn all(
    experiments: &[Experiment],
    methods: usize,
    servers: &[Throwaway],
    mut sources: Option<&mut Sources>,
    look: Look,
) -> String {
    let longest = experiments.iter().map(|e| e.id.len()).max().unwrap_or(0);
    let header: &[&str] = match sources {
        None => &["experiment", "the question it answers", "cases", "here"],
        Some(_) => &["experiment", "the question it answers", "cases", "source", "here"],
    };
    let mut table = table(header, look, longest);
    for experiment in experiments {
        let mut row =
            vec![experiment.id.clone(), experiment.question.clone(), cases(experiment, methods).to_string()];
        if let Some(sources) = sources.as_deref_mut() {
            row.push(experiment.source.as_ref().map_or(String::new(), |source| sources.numbers(source)));
        }
        row.push(here(experiment, servers).into());
        table.add_row(row);
    }
    trimmed(&table)
}

/// An experiment by itself; `verbose` with its source.
pub(crate) fn one(experiment: &Experiment, servers: &[Throwaway], verbose: bool, look: Look) -> String {
    let mut text = terminal::heading(&format!("{}, an experiment", experiment.id), look);
    let mut lines = vec![format!("{}: {}", experiment.title, experiment.question)];
    if experiment.caveats.is_empty() {
        let rows = experiment.rows.map_or(String::new(), |rows| format!("{rows} rows, "));
        let held = match &experiment.compare {
            Some(axis) => format!("; compares by {axis}"),
            None => String::new(),
        };
        let here = here(experiment, servers);
        lines.push(format!(
            "{rows}{} rounds; baseline {}{held}; here: {here}",
            experiment.rounds, experiment.baseline
        ));
    }
    if let Some(source) = experiment.source.as_ref().filter(|_| verbose) {
        lines.push(format!("source: {source}"));
    }
    if !experiment.claims.is_empty() {
        lines.push(format!("tests the claims {}", experiment.claims.join(", ")));
    }
    match experiment.caveats.is_empty() {
        true => lines.extend(by_method(experiment)),
        false => lines.push(format!("caveats: {}", experiment.caveats.join(", "))),
    }
    lines.iter().for_each(|line| text.push_str(&terminal::indented(line, 2, look)));
    text.push_str(&format!("  bulkbench run {}\n", experiment.id));
    text
}

/// The cases, a line for each method: what tells those of the same method apart follows it.
fn by_method(experiment: &Experiment) -> Vec<String> {
    let mut methods: Vec<(&str, Vec<String>)> = Vec::new();
    for case in &experiment.cases {
        let method = case.key.method.as_str();
        let id = case.id();
        let rest = id.strip_prefix(method).unwrap_or(&id).trim_start().to_owned();
        match methods.last_mut().filter(|(last, _)| *last == method) {
            Some((_, rests)) => rests.push(rest),
            None => methods.push((method, vec![rest])),
        }
    }
    let line = |(method, rests): (&str, Vec<String>)| {
        let name = if method == ALL_METHODS { "every method" } else { method };
        let rests: Vec<&str> =
            rests.iter().map(|rest| if rest.is_empty() { "as it is" } else { rest }).collect();
        match rests[..] {
            ["as it is"] => format!("case {name}"),
            _ => format!("case {name}: {}", rests.join("; ")),
        }
    };
    methods.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_of_a_method_stand_together() {
        let experiment = Experiment::parse(
            "id = 'x'\ntitle = 't'\nquestion = 'q'\nrounds = 1\nbaseline = 'copy-csv'\n\
             [[case]]\nmethod = 'copy-csv'\n[[case]]\nmethod = 'insert-multirow'\n\
             [[case]]\nmethod = 'insert-multirow'\nparams = { batch = [10, 20] }\nlatency_ms = 5\n",
            "x.toml",
        )
        .unwrap();
        assert_eq!(
            by_method(&experiment),
            ["case copy-csv", "case insert-multirow: as it is; batch=10 latency_ms=5; batch=20 latency_ms=5"]
        );
    }
}
