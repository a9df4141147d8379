//! The ranks of a comparison's cases, where two of them change places, and what they were bound by there.

use crate::analysis::Comparison;
use crate::analysis::comparison::ComparedCase;
use crate::analysis::ranks::{Ranks, Swap};
use crate::report::notes::Note;
use crate::report::table::{Cell, Column, Table, Tone};
use crate::units;

/// The most groups of pairs that are told, those of the largest differences first.
const TOLD: usize = 8;

/// Case by run: the rank in each. Of a case that changes places with another, better and worse ranks than in the first
/// run are marked.
pub(crate) fn table(comparison: &Comparison, ranks: &Ranks, headings: &[String]) -> Table {
    let mut columns = vec![Column::words("case", "")];
    let rank = |heading: &String| {
        Column::numbers(heading, &format!("The rank by rows a second in {heading}; 1 is the fastest."))
    };
    columns.extend(headings.iter().map(rank));
    let rows = ranks.cases.iter().map(|ranked| {
        let first = ranked.ranks[0];
        let cell = |rank: &usize| match rank.cmp(&first) {
            std::cmp::Ordering::Less if ranks.changes(ranked.case) => {
                Cell::Toned(rank.to_string(), Tone::Good)
            }
            std::cmp::Ordering::Greater if ranks.changes(ranked.case) => {
                Cell::Toned(rank.to_string(), Tone::Bad)
            }
            _ => Cell::Count(*rank as u64),
        };
        let id = Cell::Code(comparison.cases[ranked.case].id.clone());
        std::iter::once(id).chain(ranked.ranks.iter().map(cell)).collect()
    });
    Table { columns, rows: rows.collect() }
}

/// What is ranked.
pub(crate) fn explanation(comparison: &Comparison, ranks: &Ranks) -> String {
    let left_out = comparison.cases.len() - ranks.cases.len();
    let others = match left_out {
        0 => String::new(),
        1 => "; one other did not, or does other work".into(),
        n => format!("; {n} others did not, or do other work"),
    };
    format!("By rows a second, of the {} cases that finished in every run{others}.", ranks.cases.len())
}

/// The pairs that change places, a sentence each; or that none does.
pub(crate) fn notes(comparison: &Comparison, ranks: &Ranks, headings: &[String]) -> Vec<Note> {
    if ranks.swaps.is_empty() {
        let words = match ranks.differ() {
            true => {
                "no two cases change places: where ranks differ, the difference may not be claimed in both runs"
            }
            false => "the order is the same in every run",
        };
        return vec![Note::Remark(words.into())];
    }
    let groups = groups(&ranks.swaps);
    let told = groups.iter().take(TOLD).map(|group| sentence(comparison, group, headings));
    let more: usize = groups.iter().skip(TOLD).map(Vec::len).sum();
    let more = (more > 0).then(|| format!("and {more} more pairs of smaller differences change places"));
    told.chain(more).map(Note::Remark).collect()
}

/// Pairs that change places in the same runs with the same case on one side.
fn groups(swaps: &[Swap]) -> Vec<Vec<&Swap>> {
    let runs = |swap: &Swap| {
        let of = |runs: &[(usize, f64)]| runs.iter().map(|(run, _)| *run).collect::<Vec<_>>();
        (of(&swap.faster), of(&swap.slower))
    };
    let mut left: Vec<&Swap> = swaps.iter().collect();
    let mut groups = Vec::new();
    while let Some(&first) = left.first() {
        let like = |is_like: &dyn Fn(&Swap) -> bool| -> Vec<&Swap> {
            left.iter().copied().filter(|swap| runs(swap) == runs(first) && is_like(swap)).collect()
        };
        let ahead = like(&|swap| swap.cases.0 == first.cases.0);
        let behind = like(&|swap| swap.cases.1 == first.cases.1);
        let group = if ahead.len() >= behind.len() { ahead } else { behind };
        left.retain(|swap| !group.contains(swap));
        groups.push(group);
    }
    groups
}

fn sentence(comparison: &Comparison, group: &[&Swap], headings: &[String]) -> String {
    let first = group[0];
    // The others are on the side where they are not all the same.
    let same_ahead = group.iter().all(|swap| swap.cases.0 == first.cases.0);
    let sides = match same_ahead {
        true => (vec![first.cases.0], group.iter().map(|swap| swap.cases.1).collect()),
        false => (group.iter().map(|swap| swap.cases.0).collect(), vec![first.cases.1]),
    };
    let ids = |cases: &[usize]| {
        list(&cases.iter().map(|&case| comparison.cases[case].id.as_str()).collect::<Vec<_>>())
    };
    let speeds = |of: fn(&Swap) -> &Vec<(usize, f64)>| {
        let run = |index: usize| {
            let speeds = group.iter().map(|swap| of(swap)[index].1);
            let (low, high) = speeds.fold((f64::MAX, 0.0_f64), |(low, high), s| (low.min(s), high.max(s)));
            let (low, high) = (units::factor(low), units::factor(high));
            let speeds = if low == high { low } else { format!("{low} to {high}") };
            format!("{} ({speeds})", headings[of(first)[index].0])
        };
        (0..of(first).len()).map(run).collect::<Vec<_>>().join(", ")
    };
    let (faster, slower) = (speeds(|swap| &swap.faster), speeds(|swap| &swap.slower));
    let at: Vec<usize> = first.faster.iter().chain(&first.slower).map(|(run, _)| *run).collect();
    // Of many on one side the table of what cases are bound by has the reasons.
    let single = [&sides.0, &sides.1].into_iter().filter(|side| side.len() == 1).map(|side| side[0]);
    let reasons = single.filter_map(|case| reason(&comparison.cases[case], &at, headings));
    let reasons: String = reasons.map(|reason| format!("; {reason}")).collect();
    let verb = if sides.0.len() == 1 { "is" } else { "are" };
    format!("{} {verb} faster than {} in {faster}, slower in {slower}{reasons}", ids(&sides.0), ids(&sides.1))
}

/// `a`, `a and b`, `a, b and c`.
fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// What a case was bound by in these runs, where that is not the same in all of them.
fn reason(case: &ComparedCase, runs: &[usize], headings: &[String]) -> Option<String> {
    let groups = bounds(case, runs);
    let part = |(words, runs): &(&str, Vec<usize>)| format!("{words} in {}", names(runs, headings));
    (groups.len() > 1)
        .then(|| format!("{}: {}", case.id, groups.iter().map(part).collect::<Vec<_>>().join(", ")))
}

/// What a case was bound by in these runs, each with the runs in which it was; nothing of runs that do not say.
fn bounds<'c>(case: &'c ComparedCase, runs: &[usize]) -> Vec<(&'c str, Vec<usize>)> {
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    for &run in runs {
        let Some(words) = case.cells[run].bound.as_deref() else { continue };
        match groups.iter_mut().find(|(known, _)| *known == words) {
            Some((_, runs)) => runs.push(run),
            None => groups.push((words, vec![run])),
        }
    }
    groups
}

fn names(runs: &[usize], headings: &[String]) -> String {
    runs.iter().map(|run| headings[*run].as_str()).collect::<Vec<_>>().join(", ")
}

/// What each case was bound by, a row for each answer that runs give; `None` where no run says.
pub(crate) fn bound_table(comparison: &Comparison, headings: &[String]) -> Option<Table> {
    let columns = vec![
        Column::words("case", ""),
        Column::words("run", ""),
        Column::words(
            "bound by",
            "What its loads waited for or kept busy most, by the medians of their readings.",
        ),
    ];
    let all: Vec<usize> = (0..headings.len()).collect();
    let mut rows = Vec::new();
    for case in &comparison.cases {
        for (index, (words, runs)) in bounds(case, &all).into_iter().enumerate() {
            let name = if index == 0 { Cell::Code(case.id.clone()) } else { Cell::None };
            let runs = if runs.len() == all.len() { "every run".into() } else { names(&runs, headings) };
            let words = words.strip_prefix("bound by ").unwrap_or(words);
            rows.push(vec![name, Cell::Text(runs), Cell::Text(words.into())]);
        }
    }
    (!rows.is_empty()).then_some(Table { columns, rows })
}
