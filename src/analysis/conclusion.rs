//! The conclusion of a comparison, in one sentence: what may be said of each run against the first, and nothing
//! that lies within noise or rests on too few samples.

use super::comparison::{Comparison, CrossVerdict};
use crate::stats::MIN_SAMPLES;
use crate::units::{number_in_words, ratio_in_words};

/// The most cases that are named, where few of many stand out.
const NAMED: usize = 2;

/// A run against the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Side<'a> {
    /// The run's name.
    pub name: &'a str,
    /// The cases that both have.
    pub cases: Vec<HeldCase<'a>>,
}

/// A case of a run against the same case of the first.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldCase<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its method.
    pub method: &'a str,
    /// Whether it waits for the disk.
    pub waits_for_disk: bool,
    /// The verdict.
    pub verdict: &'a CrossVerdict,
    /// Its speed relative to the first run.
    pub ratio: Option<f64>,
    /// Finished samples in the first run, and in this one.
    pub samples: (usize, usize),
}

/// The conclusion of a comparison: the runs after the first, each against it.
pub fn of_comparison(comparison: &Comparison) -> String {
    let others = comparison.runs.iter().enumerate().skip(1);
    let side = |(index, run): (usize, &'_ super::comparison::RunFacts<'_>)| {
        let held = comparison.cases.iter().map(|case| {
            let (first, here) = (&case.cells[0], &case.cells[index]);
            HeldCase {
                id: &case.id,
                method: &case.method,
                waits_for_disk: case.waits_for_disk,
                verdict: &here.verdict,
                ratio: here.to_first.map(|r| r.point),
                samples: (first.n, here.n),
            }
        });
        // Of what ran in neither there is nothing to say.
        let is_held =
            |case: &HeldCase| case.samples != (0, 0) && !matches!(case.verdict, CrossVerdict::Absent(_));
        (run.name.clone(), held.filter(is_held).collect())
    };
    let held: Vec<(String, Vec<HeldCase>)> = others.map(side).collect();
    let sides: Vec<Side> = held.iter().map(|(name, cases)| Side { name, cases: cases.clone() }).collect();
    conclude(&comparison.runs[0].name, &sides)
}

/// The conclusion on these runs against the first, in one sentence.
pub fn conclude(first: &str, sides: &[Side]) -> String {
    // What holds for several runs in the same words is said once.
    let mut said: Vec<(Finding, Vec<&str>)> = Vec::new();
    for side in sides {
        let finding = finding(first, side);
        match said.iter_mut().find(|(known, _)| *known == finding) {
            Some((_, names)) => names.push(side.name),
            None => said.push((finding, vec![side.name])),
        }
    }
    let clauses = said.iter().map(|(finding, names)| match finding {
        Finding::Is(words) if names.len() > 1 => format!("{} are {words}", list(names)),
        Finding::Is(words) => format!("{} is {words}", list(names)),
        Finding::Found(words) => format!("{first} against {}: {words}", list(names)),
    });
    clauses.collect::<Vec<_>>().join("; ")
}

/// What is said of a run.
#[derive(Debug, PartialEq)]
enum Finding {
    /// That it is so much of the first.
    Is(String),
    /// What the two show together.
    Found(String),
}

/// What may be said of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Faster,
    Slower,
    Same,
    Undecided,
}

fn course(case: &HeldCase) -> Option<Course> {
    match case.verdict {
        CrossVerdict::Faster | CrossVerdict::FasterByRate => Some(Course::Faster),
        CrossVerdict::Slower | CrossVerdict::SlowerByRate => Some(Course::Slower),
        CrossVerdict::WithinNoise => Some(Course::Same),
        CrossVerdict::Undecided => Some(Course::Undecided),
        CrossVerdict::First
        | CrossVerdict::TooFewSamples
        | CrossVerdict::NotComparable(_)
        | CrossVerdict::Absent(_) => None,
    }
}

/// Cases with one course or several.
type Cases<'c> = Vec<&'c HeldCase<'c>>;

fn finding(first: &str, side: &Side) -> Finding {
    let (decided, rest): (Cases, Cases) = side.cases.iter().partition(|case| course(case).is_some());
    let (few, unlike): (Cases, Cases) =
        rest.into_iter().partition(|case| *case.verdict == CrossVerdict::TooFewSamples);
    if decided.is_empty() {
        return Finding::Found(match (&few[..], &unlike[..]) {
            ([], []) => "no case in common".into(),
            ([], unlike) => format!("nothing can be compared{}", shared_reason(unlike)),
            (few, unlike) => format!("no verdict: {}{}", rounds(few), also(&[], unlike)),
        });
    }
    let with = |wanted: Course| -> Cases {
        decided.iter().copied().filter(|case| course(case) == Some(wanted)).collect()
    };
    let [faster, slower, same, undecided] =
        [Course::Faster, Course::Slower, Course::Same, Course::Undecided].map(with);
    let also = also(&few, &unlike);
    if faster.is_empty() && slower.is_empty() {
        let words = match (same.len(), undecided.len()) {
            (_, 0) => format!("no difference in {}", of_all(&same, &decided)),
            (0, _) => {
                format!("undecided in {}: noise or intervals are too wide", of_all(&undecided, &decided))
            }
            (_, n) => format!("no difference in {}, undecided in {n}", of_all(&same, &decided)),
        };
        return Finding::Found(format!("{words}{also}"));
    }
    if let Some(words) = by_disk(first, &decided) {
        return Finding::Is(format!("{words}{also}"));
    }
    let (lead, other) = if faster.len() >= slower.len() { (faster, slower) } else { (slower, faster) };
    let mut words = format!("{} as fast as {first} in {}", range(&lead), of_all(&lead, &decided));
    if lead.len() <= NAMED && lead.len() < decided.len() {
        words.push_str(&format!(" ({})", ids(&lead)));
    }
    let parts = [(range(&other), &other), ("equal".into(), &same), ("undecided".into(), &undecided)];
    for (part, cases) in parts.iter().filter(|(_, cases)| !cases.is_empty()) {
        words.push_str(&format!(", {part} in {}", cases.len()));
    }
    Finding::Is(format!("{words}{also}"))
}

/// The sentence where what waits for the disk goes one way, and all the rest another.
fn by_disk(first: &str, decided: &Cases) -> Option<String> {
    let (waiting, rest): (Cases, Cases) = decided.iter().copied().partition(|case| case.waits_for_disk);
    let uniform = |cases: &Cases| {
        let one = course(cases.first()?)?;
        cases.iter().all(|case| course(case) == Some(one)).then_some(one)
    };
    let (disk, other) = (uniform(&waiting)?, uniform(&rest)?);
    let so_fast = |cases: &Cases| format!("{} as fast as {first}", range(cases));
    Some(match (disk, other) {
        (Course::Undecided, _) | (_, Course::Undecided) => return None,
        (disk, other) if disk == other => return None,
        (Course::Same, _) => {
            format!("{} for what does not wait for the disk, equal for what does", so_fast(&rest))
        }
        (_, Course::Same) => {
            format!("{} for what waits for the disk, equal for the rest", so_fast(&waiting))
        }
        _ => format!("{} for what waits for the disk, {} for the rest", so_fast(&waiting), range(&rest)),
    })
}

/// The speeds of these cases, from and to.
fn range(cases: &Cases) -> String {
    let ratios = || cases.iter().filter_map(|case| case.ratio);
    let (low, high) = (ratios().fold(f64::MAX, f64::min), ratios().fold(0.0, f64::max));
    match (ratio_in_words(low), ratio_in_words(high)) {
        (low, high) if low == high => low,
        (low, high) => format!("{low} to {high}"),
    }
}

/// `6 of 9 methods`, or cases where a method has several.
fn of_all(cases: &Cases, all: &Cases) -> String {
    let mut methods: Vec<&str> = all.iter().map(|case| case.method).collect();
    methods.sort_unstable();
    methods.dedup();
    let noun = match (methods.len() == all.len(), all.len()) {
        (true, 1) => "method",
        (true, _) => "methods",
        (false, _) => "cases",
    };
    format!("{} of {} {noun}", cases.len(), all.len())
}

/// What is said of no difference, behind the rest.
fn also(few: &[&HeldCase], unlike: &[&HeldCase]) -> String {
    let part = |cases: &[&HeldCase], words: &str| match cases.len() {
        0 => String::new(),
        1..=NAMED => format!("; {words}: {}", ids(cases)),
        n => format!("; {words}: {n} more"),
    };
    part(few, "too few samples for a verdict") + &part(unlike, "not comparable")
}

/// `three rounds each, five are needed`, by the most samples that a case has.
fn rounds(few: &[&HeldCase]) -> String {
    let most = |of: fn(&HeldCase) -> usize| few.iter().map(|case| of(case)).max().unwrap_or(0);
    let noun = |n: usize| if n == 1 { "round" } else { "rounds" };
    let (first, here) = (most(|case| case.samples.0), most(|case| case.samples.1));
    let had = match first == here {
        true => format!("{} {} each", number_in_words(first), noun(first)),
        false => format!("{} {} against {}", number_in_words(first), noun(first), number_in_words(here)),
    };
    format!("{had}, {} are needed", number_in_words(MIN_SAMPLES))
}

/// The reason why these cannot be compared, where it is the same for all.
fn shared_reason(unlike: &[&HeldCase]) -> String {
    let reason = |case: &HeldCase| match case.verdict {
        CrossVerdict::NotComparable(why) => Some(why.clone()),
        _ => None,
    };
    let shared = unlike.first().and_then(|first| reason(first));
    match shared.filter(|why| unlike.iter().all(|case| reason(case).as_ref() == Some(why))) {
        Some(why) => format!(": {why}"),
        None => String::new(),
    }
}

fn ids(cases: &[&HeldCase]) -> String {
    list(&cases.iter().map(|case| case.id).collect::<Vec<_>>())
}

/// `a`, `a and b`, `a, b and c`.
fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}
