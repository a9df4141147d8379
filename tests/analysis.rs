//! Verdicts on made-up runs, one rule a test.

mod support;

use bulkbench::analysis::verdict::Agreement;
use bulkbench::analysis::{Standings, Verdict, judge, summarize};
use bulkbench::record::*;
use support::{case, run, sample};

const BASE: [f64; 5] = [10.0, 10.1, 9.9, 10.05, 9.95];

/// A run of a baseline, a control a twentieth slower, and a case with these seconds and rows.
fn one(seconds: &[f64], rows: u64, change: impl Fn(&mut CaseFacts, &mut Sample)) -> (Run, Vec<Sample>) {
    let mut cases = vec![
        case("base", Role::Baseline, 1000),
        case("base again", Role::Control, 1000),
        case("it", Role::Case, rows),
    ];
    cases[0].published_seconds = Some(67.8);
    cases[2].published_seconds = Some(34.2);
    let mut samples = Vec::new();
    for (round, seconds) in BASE.iter().enumerate() {
        samples.push(sample(&cases[0], round as u32 + 1, &[(Phase::Load, *seconds)]));
        samples.push(sample(&cases[1], round as u32 + 1, &[(Phase::Load, seconds * 1.05)]));
    }
    for (round, seconds) in seconds.iter().enumerate() {
        let mut made = sample(&cases[2], round as u32 + 1, &[(Phase::Load, *seconds)]);
        change(&mut cases[2], &mut made);
        samples.push(made);
    }
    (run(cases, 5), samples)
}

fn verdict(seconds: &[f64], rows: u64, change: impl Fn(&mut CaseFacts, &mut Sample)) -> (Verdict, Agreement) {
    let (run, samples) = one(seconds, rows, change);
    let standings: Standings = judge(summarize(&run, &samples));
    assert!((standings.noise.unwrap().floor - 1.05).abs() < 1e-9);
    let it = &standings.cases[2];
    (it.verdict.clone(), it.published.unwrap().agreement)
}

fn same(_: &mut CaseFacts, _: &mut Sample) {}

#[test]
fn a_difference_is_claimed_only_beyond_the_noise() {
    let times = |factor: f64| BASE.map(|s| s * factor);
    assert_eq!(verdict(&times(0.5), 1000, same), (Verdict::Faster, Agreement::Agrees));
    assert_eq!(verdict(&times(1.5), 1000, same), (Verdict::Slower, Agreement::Reversed));
    // Certain (p = 0.008), but no larger than the distance of baseline and control.
    assert_eq!(verdict(&times(0.96), 1000, same), (Verdict::WithinNoise, Agreement::NoDifference));
    let few = Verdict::TooFewSamples { case: 4, other: 5 };
    assert_eq!(verdict(&times(0.5)[..4], 1000, same), (few, Agreement::Undecided));
}

#[test]
fn fewer_rows_can_only_be_slower() {
    // 100 rows: a tenth of the time is the same rate.
    let rate = |factor: f64| BASE.map(|s| s * factor / 10.0);
    assert_eq!(verdict(&rate(3.0), 100, same), (Verdict::SlowerByRate, Agreement::Reversed));
    let (faster, _) = verdict(&rate(0.5), 100, same);
    assert_eq!(
        faster,
        Verdict::NotComparable(
            "100 rows against the baseline's 1 000: a smaller table and smaller indexes favour it".into()
        )
    );
}

#[test]
fn another_table_in_the_end_is_not_compared() {
    let half = BASE.map(|s| s / 2.0);
    let (lacking, _) = verdict(&half, 1000, |_, s| {
        s.end_state.as_mut().unwrap().structure.remove(0);
    });
    assert_eq!(lacking, Verdict::NotComparable("another table in the end: without btree (link)".into()));
    let (other, _) = verdict(&half, 1000, |_, s| s.end_state.as_mut().unwrap().content = "1".into());
    assert_eq!(other, Verdict::NotComparable("other content in the table than the baseline's".into()));
}

#[test]
fn another_durability_is_noted_and_compared() {
    let (run, samples) = one(&BASE.map(|s| s / 2.0), 1000, |case, s| {
        case.durability = Durability::LostOnCrash;
        s.end_state.as_mut().unwrap().persistence = "unlogged".into();
    });
    let standings = judge(summarize(&run, &samples));
    assert_eq!(standings.cases[2].verdict, Verdict::Faster);
    assert_eq!(standings.cases[2].notes, ["lost on crash", "leaves an unlogged table"]);
}

#[test]
fn a_summary_leaves_out_the_warm_up_and_counts_failures() {
    let (run, samples) = support::votes(5, 1.0);
    let summaries = summarize(&run, &samples);
    let first = &summaries[0];
    assert_eq!((first.n(), first.failures), (5, 0));
    // The middle of the scatter is its second smallest but one: 1.0.
    assert!((first.total_ns.unwrap().point - 10.72e9).abs() < 2.0);
    assert!((first.rows_per_second().unwrap().point - 7.5e6 / 10.72).abs() < 1.0);
    assert!((first.phases_ns[&Phase::Indexes] - 5.1e9).abs() < 2.0);
    let sum: f64 = first.phases_of_median_ns().values().sum();
    assert!((sum - first.total_ns.unwrap().point).abs() < 2.0);
    let logged = &summaries[5];
    assert_eq!((logged.n(), logged.failures), (5, 1));
    assert_eq!(logged.first_error, Some("gave up after 300 s, the longest a sample may take"));
}
