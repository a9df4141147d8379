//! The names of runs in a comparison: what differs between them where that is one thing, else their labels, else
//! their directories.

use super::differences::{LACKING, RunDifference};
use super::facts::comes_with_any_run;
use crate::model::Run;
use crate::units;

/// Names of these runs, given with their directories' names; no two are the same.
pub(crate) fn names(runs: &[(&str, &Run)], differences: &[RunDifference]) -> Vec<String> {
    let label = |(dir, run): &(&str, &Run)| match run.provenance.label.as_str() {
        "" => (*dir).to_owned(),
        label => label.to_owned(),
    };
    let is_labelled = runs.iter().any(|(_, run)| !run.provenance.label.is_empty());
    let labels = is_labelled.then(|| runs.iter().map(label).collect());
    let dirs = || trimmed(&runs.iter().map(|(dir, _)| *dir).collect::<Vec<_>>());
    let candidates = [by_difference(differences), labels, Some(dirs())];
    let found = candidates.into_iter().flatten().find(|names| tell_apart(names));
    found.unwrap_or_else(|| numbered(&runs.iter().map(|(dir, _)| *dir).collect::<Vec<_>>()))
}

/// Whether every run has a name of its own, whatever the case of the letters.
fn tell_apart(names: &[String]) -> bool {
    let lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    lower.iter().enumerate().all(|(i, name)| !name.is_empty() && !lower[..i].contains(name))
}

/// The kind of a difference, when it comes to what two runs are held against each other for. What is not here (flush
/// rates, commits, rounds) comes with any two runs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    /// A setting that the server was given, or a value that all cases have on an axis.
    Given(String),
    /// A setting as the server shows it, which may follow from another, or from its version.
    Shown(String),
    /// The version of the server.
    Version,
    /// Its image, which says no more than its version where that differs.
    Image,
    /// Its place.
    Place(String),
    /// The machine, for which only people have a name.
    Machine,
    /// The list of cases.
    Experiment,
}

fn subject(difference: &RunDifference, all: &[RunDifference]) -> Option<Subject> {
    if let Some(fact) = difference.fact {
        return (!comes_with_any_run(fact)).then_some(Subject::Machine);
    }
    let field = difference.field.as_str();
    let given = |name: &str| all.iter().any(|d| d.field == format!("server.given.{name}"));
    let asked = |name: &str| GIVEN.contains(&name) || given(name);
    Some(match field {
        "server.version" => Subject::Version,
        "server.image" => Subject::Image,
        "plan.experiment" => Subject::Experiment,
        "machine.disk.flushes_per_second" | "machine.kernel" => return None,
        // Not there in a run from before it was kept.
        _ if field.ends_with(".fingerprint") => return None,
        _ => match field.split_once('.')? {
            ("cases", name) => Subject::Given(name.into()),
            ("machine", _) => Subject::Machine,
            ("client", name) => Subject::Place(format!("client {name}")),
            ("servers", _) => Subject::Place("servers".into()),
            ("server", rest) => match rest.split_once('.') {
                Some(("given" | "limits", name)) => Subject::Given(name.into()),
                Some((_, name)) if asked(name) => Subject::Given(name.into()),
                Some((_, name)) => Subject::Shown(name.into()),
                None => Subject::Place(rest.into()),
            },
            _ => return None,
        },
    })
}

/// Settings that nothing but a user's wish changes, and the version does not either.
const GIVEN: [&str; 8] = [
    "fsync",
    "full_page_writes",
    "maintenance_work_mem",
    "max_wal_size",
    "shared_buffers",
    "synchronous_commit",
    "wal_level",
    "work_mem",
];

/// Names by the one thing that differs; `None` where it is none or more than one.
fn by_difference(differences: &[RunDifference]) -> Option<Vec<String>> {
    let mut found: Vec<(Subject, &RunDifference)> =
        differences.iter().filter_map(|d| Some((subject(d, differences)?, d))).collect();
    let has =
        |found: &[(Subject, &RunDifference)], subject: &Subject| found.iter().any(|(s, _)| s == subject);
    let causes =
        found.iter().any(|(s, _)| matches!(s, Subject::Given(_) | Subject::Version | Subject::Image));
    // What follows from them is no second thing.
    found.retain(|(s, _)| !(causes && matches!(s, Subject::Shown(_))));
    if has(&found, &Subject::Version) {
        found.retain(|(s, _)| *s != Subject::Image);
    }
    // Other cases are of weight only where nothing else is.
    if found.iter().any(|(s, _)| *s != Subject::Experiment) {
        found.retain(|(s, _)| *s != Subject::Experiment);
    }
    let (subject, difference) = found.first()?;
    let one = found.iter().all(|(other, _)| other == subject);
    let of_value = |value: &String| name(subject, value);
    one.then(|| difference.values.iter().map(of_value).collect()).filter(|_| *subject != Subject::Machine)
}

/// The name of a run that has this value of the one thing that differs.
fn name(subject: &Subject, value: &str) -> String {
    match subject {
        Subject::Given(name) | Subject::Shown(name) => match (name.as_str(), value) {
            (name, LACKING) => format!("no {name}"),
            ("latency_ms", ms) => format!("{ms} ms"),
            ("rows", rows) => {
                rows.parse().map_or_else(|_| rows.into(), |n| format!("{} rows", units::count(n)))
            }
            (name, value) => units::size_of_setting(value).unwrap_or_else(|| format!("{name}={value}")),
        },
        // "PostgreSQL 15.18 (Debian ...) on x86_64 ..."
        Subject::Version => {
            value.split(" on ").next().unwrap_or(value).split(" (").next().unwrap_or(value).into()
        }
        _ => value.into(),
    }
}

/// Names without the words, between hyphens, that all of them begin or end with.
fn trimmed(names: &[&str]) -> Vec<String> {
    let words: Vec<Vec<&str>> = names.iter().map(|name| name.split('-').collect()).collect();
    let shortest = words.iter().map(Vec::len).min().unwrap_or(0);
    let same = |at: &dyn Fn(&Vec<&str>) -> usize| {
        words.iter().all(|w| w[at(w)].eq_ignore_ascii_case(words[0][at(&words[0])]))
    };
    let start = (0..shortest).take_while(|&i| same(&|_| i)).count();
    let end = (0..shortest).take_while(|&i| same(&|w| w.len() - 1 - i)).count();
    let kept = |end: usize| -> Vec<String> {
        let kept = |w: &Vec<&str>| w.get(start..w.len().saturating_sub(end)).unwrap_or_default().join("-");
        words.iter().map(kept).collect()
    };
    let whole = || names.iter().map(ToString::to_string).collect();
    [kept(end), kept(0)].into_iter().find(|names| tell_apart(names)).unwrap_or_else(whole)
}

/// Names with a number behind each that came before.
fn numbered(names: &[&str]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for name in names {
        let mut candidates = std::iter::once(name.to_string()).chain((2..).map(|n| format!("{name} ({n})")));
        out.extend(candidates.find(|candidate| !out.contains(candidate)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(field: &str, values: [&str; 2]) -> RunDifference {
        RunDifference { field: field.into(), values: values.map(String::from).to_vec(), fact: None }
    }

    #[test]
    fn one_thing_that_differs_names_the_runs() {
        let circumstances = [
            difference("machine.disk.flushes_per_second", ["7 022", "10 797"]),
            difference("plan.rounds", ["5", "3"]),
            difference("tool.commit", ["dc6e1256dfa9", "c57f57a1cac8"]),
        ];
        let named = |fields: &[(&str, [&str; 2])]| {
            let own = fields.iter().map(|(field, values)| difference(field, *values));
            by_difference(&own.chain(circumstances.iter().cloned()).collect::<Vec<_>>())
        };
        let names = |a: &str, b: &str| Some(vec![a.to_owned(), b.to_owned()]);
        let memory = ("server.settings.shared_buffers", ["128MB", "1GB"]);
        // The server sizes its buffers of WAL by the others.
        assert_eq!(
            named(&[memory, ("server.settings.wal_buffers", ["4MB", "16MB"])]),
            names("128 MB", "1 GB")
        );
        assert_eq!(
            named(&[("server.settings.synchronous_commit", ["on", "off"])]),
            names("synchronous_commit=on", "synchronous_commit=off")
        );
        let versions = [
            "PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc",
            "PostgreSQL 18.6 on x86_64-pc-linux-gnu, compiled by gcc",
        ];
        let newer = [("server.version", versions), ("server.settings.io_method", ["-", "worker"])];
        assert_eq!(named(&newer), names("PostgreSQL 15.18", "PostgreSQL 18.6"));
        assert_eq!(named(&[("cases.latency_ms", ["-", "5"])]), names("no latency_ms", "5 ms"));
        assert_eq!(named(&[("server.limits.cpus", ["1", "all"])]), names("cpus=1", "cpus=all"));
        assert_eq!(named(&[("server.limits.memory", ["512MB", "2GB"])]), names("512 MB", "2 GB"));
        assert_eq!(named(&[("cases.rows", ["1000", "100000"])]), names("1 000 rows", "100 000 rows"));
        assert_eq!(named(&[("plan.experiment", ["votes", "loaders"])]), names("votes", "loaders"));
        assert_eq!(named(&[memory, ("plan.experiment", ["votes", "mine"])]), names("128 MB", "1 GB"));

        assert_eq!(named(&[memory, newer[0]]), None);
        assert_eq!(named(&[("machine.cores", ["2", "8"])]), None);
        assert_eq!(named(&[]), None);
    }

    #[test]
    fn directories_are_named_by_the_words_that_differ() {
        let names = ["2026-11-21-2-core-cloud-vm-votes", "2026-11-21-2-core-cloud-VM-batch-size"];
        assert_eq!(trimmed(&names), ["votes", "batch-size"]);
        assert_eq!(trimmed(&["a-votes", "a-big-votes"]), ["votes", "big-votes"]);
        assert_eq!(trimmed(&["a-votes", "a-votes-2"]), ["a-votes", "a-votes-2"]);
        assert_eq!(numbered(&["x", "x", "x"]), ["x", "x (2)", "x (3)"]);
        assert!(!tell_apart(&["2-core cloud VM".into(), "2-core cloud vm".into()]));
    }
}
