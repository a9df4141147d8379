//! The methods, family by family, and each by itself.

use comfy_table::{Attribute, Cell};

use super::sources::Sources;
use super::table::{PADDING, table, trimmed};
use crate::cli::here::{Here, here};
use crate::distinct::distinct;
use crate::method::{Extent, Family, Info};
use crate::report::{Look, terminal};

/// How far the methods stand in below their family.
const INDENT: &str = "  ";
/// Characters for what a method does, below which its lines no longer read well.
const WORDS: usize = 28;

/// The families, in the order of the catalogue.
pub(crate) fn families(infos: &[&Info]) -> Vec<Family> {
    distinct(infos.iter().map(|info| info.family))
}

/// A method as it is listed.
struct Entry<'i> {
    info: &'i Info,
    what: String,
    /// The numbers of its sources, where they are shown.
    source: Option<String>,
    here: &'static str,
}

/// The methods, family by family: as a table, or one below the other where a table would leave
/// too little room for what they do. With `sources`, their parameters and sources, too.
pub(crate) fn all(infos: &[&Info], at: Here<'_>, mut sources: Option<&mut Sources>, look: Look) -> String {
    let header: &[&str] = match sources {
        None => &["method", "what it does", "after a crash", "here"],
        Some(_) => &["method", "what it does", "after a crash", "source", "here"],
    };
    let mut listed = Vec::new();
    for family in families(infos) {
        let of_family = infos.iter().filter(|info| info.family == family);
        let entries: Vec<Entry> = of_family.map(|info| entry(info, at, sources.as_deref_mut())).collect();
        listed.push((format!("{} ({})", family.name(), entries.len()), entries));
    }
    let longest = infos.iter().map(|info| info.id.len()).max().unwrap_or(0) + INDENT.len();
    let beside: usize = header[2..].iter().map(|title| title.len() + PADDING).sum();
    if longest + PADDING + beside + PADDING + WORDS > usize::from(look.room()) {
        return listed.iter().map(|(heading, entries)| one_below_the_other(heading, entries, look)).collect();
    }
    let mut table = table(header, look, longest);
    for (heading, entries) in &listed {
        table.add_row([Cell::new(heading).add_attribute(Attribute::Bold)]);
        for entry in entries {
            let mut row =
                vec![format!("{INDENT}{}", entry.info.id), entry.what.clone(), entry.info.after_a_crash()];
            row.extend(entry.source.clone());
            row.push(entry.here.into());
            table.add_row(row);
        }
    }
    trimmed(&table)
}

fn entry<'i>(info: &'i Info, at: Here<'_>, sources: Option<&mut Sources>) -> Entry<'i> {
    let what = match sources {
        None => info.summary.clone(),
        Some(_) => [vec![info.summary.clone()], more(info)].concat().join("\n"),
    };
    let source = sources.map(|sources| sources.numbers(&info.source));
    Entry { info, what, source, here: here(info, at).words() }
}

/// A family's methods one below the other.
fn one_below_the_other(heading: &str, entries: &[Entry], look: Look) -> String {
    let mut text = terminal::heading(heading, look);
    for entry in entries {
        text.push_str(&format!("{INDENT}{}\n", entry.info.id));
        for line in entry.what.lines() {
            text.push_str(&terminal::indented(line, 2 * INDENT.len(), look));
        }
        let source = entry.source.as_ref().map_or(String::new(), |numbers| format!("; source {numbers}"));
        let rest = format!("after a crash: {}{source}; here: {}", entry.info.after_a_crash(), entry.here);
        text.push_str(&terminal::indented(&rest, 2 * INDENT.len(), look));
    }
    text
}

/// A method by itself; `verbose` with its source.
pub(crate) fn one(info: &Info, experiments: &[&str], at: Here<'_>, verbose: bool, look: Look) -> String {
    let mut text =
        terminal::heading(&format!("{}, a method of the family {}", info.id, info.family.name()), look);
    let mut lines = vec![info.summary.clone()];
    lines.extend(more(info));
    lines.push(format!("after a crash: {}; here: {}", info.after_a_crash(), here(info, at).words()));
    if !experiments.is_empty() {
        lines.push(format!("in the experiments {}", experiments.join(", ")));
    }
    if verbose {
        lines.push(format!("source: {}", info.source));
    }
    lines.iter().for_each(|line| text.push_str(&terminal::indented(line, INDENT.len(), look)));
    text.push_str(&format!("{INDENT}bulkbench run --methods {}\n", info.id));
    text
}

/// Its parameters, and what a sample loads, a line each.
fn more(info: &Info) -> Vec<String> {
    let param = |param: &crate::method::Param| {
        format!(
            "parameter {}: {}, {}, default {}",
            param.name,
            param.help,
            param.allowed(),
            param.default_words()
        )
    };
    let mut lines: Vec<String> = info.params.iter().map(param).collect();
    if info.extent == Extent::Budgeted {
        lines.push("loads as many rows as fit --budget".into());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::programs::Programs;
    use crate::method::Catalogue;
    use crate::report::Colour;

    #[test]
    fn no_line_is_too_long_and_no_method_is_broken_at_any_width() {
        let catalogue = Catalogue::built_in();
        let infos: Vec<&Info> = catalogue.iter().map(|m| m.info()).collect();
        let programs = Programs::default();
        let at = Here { newest: Some(15), programs: &programs };
        for width in [60, 80, 100, 120] {
            for verbose in [false, true] {
                let look = Look { width, colour: Colour::Off };
                let mut sources = Sources::default();
                let text = all(&infos, at, verbose.then_some(&mut sources), look);
                for line in text.lines() {
                    assert!(line.chars().count() <= width.into(), "wider than {width}: {line}");
                }
                for info in &infos {
                    let alone = |line: &str| line.split_whitespace().next() == Some(info.id.as_str());
                    assert_eq!(text.lines().filter(|l| alone(l)).count(), 1, "{}: {text}", info.id);
                }
                // One letter below the other would make it this long.
                assert!(text.lines().count() < infos.len() * 8, "{text}");
                assert_eq!(text.contains("[1"), verbose, "{text}");
            }
        }
    }
}
