//! The rounds of a run that went on until its intervals were narrow: by which rule, and what ended them.

use std::time::Duration;

use super::worst::worst;
use crate::analysis::rounds::Look;
use crate::model::{Plan, RoundsEnd, Until};
use crate::stats::MIN_SAMPLES;
use crate::units::{span, three_digits};

/// The rule, in words.
pub(crate) fn rule(until: &Until) -> String {
    let whose = match until.cases.is_empty() {
        true => "of every case".to_owned(),
        false => format!("of {}, and of the control,", until.cases.join(", ")),
    };
    format!(
        "rounds go on until the interval {whose} is within {} of its figure (the speed, or the median of a case that is held \
         against none), from {} to {} rounds, and beyond the fewest none that would end after {}",
        within(until),
        until.fewest_rounds,
        until.most_rounds,
        time(until.most_ns)
    )
}

/// By which rule the rounds went on and what ended them, a sentence each; none where their number was set.
pub(crate) fn method(plan: &Plan) -> Vec<String> {
    let Some(until) = &plan.until else { return Vec::new() };
    let rule = rule(until);
    vec![
        format!("The rule of --until: {rule}. It looks at widths alone, and not at what is faster."),
        end(plan, until),
    ]
}

/// What ended the rounds, where not all intervals came to be as narrow as the rule has it.
pub(crate) fn remark(plan: &Plan) -> Option<String> {
    let until = plan.until.as_ref()?;
    (until.ended != Some(RoundsEnd::Narrow)).then(|| end(plan, until))
}

/// What ended the rounds, in a sentence.
fn end(plan: &Plan, until: &Until) -> String {
    let rounds = plan.rounds;
    let why = match until.ended {
        Some(RoundsEnd::Narrow) => {
            format!("The rounds ended after {rounds}, when all intervals were within {}", within(until))
        }
        Some(RoundsEnd::Rounds) => format!("The rounds ended after {rounds}, the most (--max-rounds)"),
        Some(RoundsEnd::Time) => format!(
            "The rounds ended after {rounds} in {}, as with one more they would have taken longer than {} (--max-time)",
            time(until.spent_ns),
            time(until.most_ns)
        ),
        Some(RoundsEnd::NoFigures) => {
            format!("The rounds ended after {rounds}, as no case that they waited for has a figure")
        }
        None => format!(
            "The run was interrupted in round {rounds}, before its rule ended it (--resume goes on by it)"
        ),
    };
    match until.wider.is_empty() {
        true => format!("{why}."),
        false => format!("{why}; wider than {} at the last look: {}.", within(until), list(until)),
    }
}

/// Where a run stands after a round, in a line; empty where the number of rounds was set.
pub(crate) fn standing(plan: &Plan, look: &Look) -> String {
    let Some(until) = &plan.until else { return String::new() };
    let next = match look.ended {
        None => "another round follows",
        Some(RoundsEnd::Narrow) => "no further round",
        Some(RoundsEnd::Rounds) => "no further round, as these are the most (--max-rounds)",
        Some(RoundsEnd::Time) => "no further round, as it would take too long (--max-time)",
        Some(RoundsEnd::NoFigures) => "no further round, as no case has a figure",
    };
    let wider = match look.wider.is_empty() {
        true => String::new(),
        false => format!(", wider {}", list(until)),
    };
    format!(
        "after {} rounds: {} of {} intervals within {}{wider}; {next}",
        plan.rounds,
        look.intervals - look.wider.len(),
        look.intervals,
        within(until)
    )
}

fn within(until: &Until) -> String {
    format!("±{} %", until.percent)
}

/// The intervals that were wider at the last look, the widest first.
fn list(until: &Until) -> String {
    let mut wider: Vec<(&String, f64)> =
        until.wider.iter().map(|(case, half)| (case, half.unwrap_or(f64::INFINITY))).collect();
    wider.sort_by(|a, b| b.1.total_cmp(&a.1));
    worst(wider.into_iter().map(|(case, half)| match half.is_finite() {
        true => format!("{case} (±{} %)", three_digits(half)),
        false => format!("{case} (fewer than {MIN_SAMPLES} samples)"),
    }))
}

fn time(ns: u64) -> String {
    span(Duration::from_nanos(ns))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::Run;
    use crate::record::Document;

    fn plan(ended: Option<RoundsEnd>, wider: &[(&str, Option<f64>)]) -> Plan {
        let run = Run::read(include_bytes!("../../tests/fixtures/schema-2/run.json")).unwrap();
        let wider = wider.iter().map(|(case, half)| ((*case).to_owned(), *half));
        let until = Until {
            percent: 2.0,
            cases: vec![],
            fewest_rounds: 5,
            most_rounds: 30,
            most_ns: 2 * 3600 * 1_000_000_000,
            spent_ns: 110 * 60 * 1_000_000_000,
            wider: wider.collect::<BTreeMap<_, _>>(),
            ended,
        };
        Plan { rounds: 12, until: Some(until), ..run.plan }
    }

    #[test]
    fn a_run_says_by_which_rule_it_went_on_and_what_ended_it() {
        let wide = [("copy-text", Some(2.044)), ("insert-row", None), ("copy-binary", Some(3.1))];
        let list = "wider than ±2 % at the last look: insert-row (fewer than 5 samples), copy-binary (±3.10 %), \
                    copy-text (±2.04 %)";
        for (ended, wide, words) in [
            (
                Some(RoundsEnd::Narrow),
                &wide[..0],
                "The rounds ended after 12, when all intervals were within ±2 %.",
            ),
            (Some(RoundsEnd::Rounds), &wide[..], "The rounds ended after 12, the most (--max-rounds); LIST."),
            (
                Some(RoundsEnd::Time),
                &wide[..],
                "The rounds ended after 12 in 1.8 h, as with one more they would have taken longer than 2.0 h \
                 (--max-time); LIST.",
            ),
            (
                None,
                &wide[..0],
                "The run was interrupted in round 12, before its rule ended it (--resume goes on by it).",
            ),
        ] {
            let plan = plan(ended, wide);
            let words = words.replace("LIST", list);
            assert_eq!(method(&plan)[1], words);
            assert_eq!(remark(&plan), (ended != Some(RoundsEnd::Narrow)).then_some(words));
        }
        let rule = &method(&plan(None, &[]))[0];
        assert!(rule.contains("the interval of every case is within ±2 % of its figure"), "{rule}");
        assert!(
            rule.contains("from 5 to 30 rounds, and beyond the fewest none that would end after 2.0 h"),
            "{rule}"
        );
        assert_eq!(method(&Plan { until: None, ..plan(None, &[]) }), Vec::<String>::new());
    }

    #[test]
    fn where_a_run_stands_is_a_line() {
        let wider = [("a", 9.0), ("b", 8.0), ("c", 7.0), ("d", 6.0), ("e", 5.0), ("f", 4.0), ("g", 3.0)];
        let wider = wider.map(|(case, half)| (case, Some(half)));
        let plan = plan(None, &wider);
        let look = Look { intervals: 9, wider: plan.until.as_ref().unwrap().wider.clone(), ended: None };
        assert_eq!(
            standing(&plan, &look),
            "after 12 rounds: 2 of 9 intervals within ±2 %, wider a (±9.00 %), b (±8.00 %), c (±7.00 %), d (±6.00 %), \
             e (±5.00 %), and others less; another round follows"
        );
    }
}
