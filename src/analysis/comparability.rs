//! Whether two cases did the same work, so that their times can be held against each other.

use super::origin;
use super::summary::Summary;
use crate::model::Role;

/// The name in sentences of the case that another is compared with.
pub(crate) fn name<'a>(other: &Summary<'a>) -> &'a str {
    match other.case.role {
        Role::Baseline => "the baseline",
        Role::Control | Role::Case => &other.case.id,
    }
}

/// A phrase for something that belongs to that case: `the baseline's 1 000`, `1 000 of copy-text`.
pub(crate) fn belonging_to(other: &Summary, thing: &str) -> String {
    match other.case.role {
        Role::Baseline => format!("the baseline's {thing}"),
        Role::Control | Role::Case => format!("{thing} of {}", other.case.id),
    }
}

/// Why the two loads did different work, in words; `None` where they can be compared. Other row counts are
/// let through here: the one of fewer rows can still be the slower one.
pub(crate) fn unlike(case: &Summary, other: &Summary) -> Option<String> {
    if let Some(why) = &case.mixed {
        return Some(why.clone());
    }
    if let Some(why) = &other.mixed {
        return Some(format!("{}: {why}", name(other)));
    }
    if case.case.work != other.case.work {
        return Some(format!(
            "{}, where {} is {}",
            case.case.work.words(),
            name(other),
            other.case.work.words()
        ));
    }
    if let Some(why) = other_build(case, other) {
        return Some(why);
    }
    let (mine, theirs) = (case.end_state?, other.end_state?);
    if mine.structure != theirs.structure {
        return Some(format!(
            "another table in the end: {}",
            structure_difference(&mine.structure, &theirs.structure)
        ));
    }
    if case.rows != other.rows {
        // Of different rows no content can agree: then it has to be the same dataset, cut.
        return (case.case.key.axes.dataset != other.case.key.axes.dataset)
            .then(|| format!("another dataset and other rows than {}", name(other)));
    }
    (mine.content != theirs.content).then(|| match other.case.role {
        Role::Baseline => "other content in the table than the baseline's".to_string(),
        Role::Control | Role::Case => format!("other content in the table than that of {}", other.case.id),
    })
}

/// Servers of builds of different origins differ in more than their version; see [`origin::build_origin`].
fn other_build(case: &Summary, other: &Summary) -> Option<String> {
    if case.case.key.server == other.case.key.server || case.any_build {
        return None;
    }
    let unknown = |s: &Summary| {
        let server = s.case.key.server.as_deref().unwrap_or_default();
        format!("the record says nothing of the server {server} of {}", s.case.id)
    };
    if case.server.is_none() || other.server.is_none() {
        return Some(unknown(if case.server.is_none() { case } else { other }));
    }
    let builds = builds_apart(case, other)?;
    Some(format!("builds of different origin: {builds} (--any-build compares them all the same)"))
}

/// The origins of the builds of their servers, where these are known and differ.
pub(crate) fn builds_apart(case: &Summary, other: &Summary) -> Option<String> {
    let build = |summary: &Summary| Some(origin::build_origin(&summary.server?.version));
    let (mine, theirs) = (build(case)?, build(other)?);
    (mine != theirs).then(|| format!("{mine} and {theirs}"))
}

fn structure_difference(mine: &[String], theirs: &[String]) -> String {
    let lacking: Vec<&str> = theirs.iter().filter(|d| !mine.contains(d)).map(String::as_str).collect();
    let added: Vec<&str> = mine.iter().filter(|d| !theirs.contains(d)).map(String::as_str).collect();
    let part = |word: &str, list: &[&str]| {
        (!list.is_empty()).then(|| format!("{word} {}", list.join(", "))).into_iter().collect::<String>()
    };
    let parts = [part("without", &lacking), part("with", &added)];
    parts.iter().filter(|p| !p.is_empty()).map(String::as_str).collect::<Vec<_>>().join("; ")
}
