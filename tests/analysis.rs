//! Verdicts on made-up runs, one rule a test.

mod support;

use bulkbench::analysis::curve::{Point, Series};
use bulkbench::analysis::trend::{Course, crossings, trends};
use bulkbench::analysis::verdict::Agreement;
use bulkbench::analysis::{Chain, Curve, Standings, Verdict, judge, summarize};
use bulkbench::model::*;
use support::{case, run, sample};

const BASE: [f64; 5] = [10.0, 10.1, 9.9, 10.05, 9.95];

/// The same times in other rounds.
const AGAIN: [f64; 5] = [9.95, 10.0, 10.1, 9.9, 10.05];

/// A run of a baseline, a control that differs from it by noise, and a case with these seconds and rows.
fn one(seconds: &[f64], rows: u64, change: impl Fn(&mut Case, &mut Sample)) -> (Run, Vec<Sample>) {
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
        samples.push(sample(&cases[1], round as u32 + 1, &[(Phase::Load, AGAIN[round])]));
    }
    for (round, seconds) in seconds.iter().enumerate() {
        let mut made = sample(&cases[2], round as u32 + 1, &[(Phase::Load, *seconds)]);
        change(&mut cases[2], &mut made);
        samples.push(made);
    }
    (run(cases, 5), samples)
}

fn verdict(seconds: &[f64], rows: u64, change: impl Fn(&mut Case, &mut Sample)) -> (Verdict, Agreement) {
    let (run, samples) = one(seconds, rows, change);
    let standings: Standings = judge(summarize(&run, &samples));
    let it = &standings.cases[2];
    (it.verdict.clone(), it.published.unwrap().agreement)
}

fn same(_: &mut Case, _: &mut Sample) {}

#[test]
fn a_difference_is_claimed_only_beyond_the_noise() {
    let times = |factor: f64| BASE.map(|s| s * factor);
    assert_eq!(verdict(&times(0.5), 1000, same), (Verdict::Faster, Agreement::Agrees));
    assert_eq!(verdict(&times(1.5), 1000, same), (Verdict::Slower, Agreement::Reversed));
    assert_eq!(verdict(&times(0.996), 1000, same), (Verdict::WithinNoise, Agreement::NoDifference));
    let few = Verdict::TooFewSamples { rounds: 4 };
    assert_eq!(verdict(&times(0.5)[..4], 1000, same), (few, Agreement::Undecided));
}

#[test]
fn a_case_that_is_ahead_in_every_round_is_faster_however_the_rounds_differ() {
    // The machine becomes half as fast, and fast again: of all times together, the ranges are the same.
    let machine = [1.0, 1.4, 2.0, 1.6, 1.1];
    let ahead = std::array::from_fn::<f64, 5, _>(|round| BASE[round] * machine[round] * 0.93);
    let (run, mut samples) = one(&ahead, 1000, same);
    for sample in samples.iter_mut().filter(|sample| sample.case != "it") {
        let factor = machine[sample.slot.round() as usize - 1];
        sample.total_ns = sample.total_ns.map(|ns| (ns as f64 * factor) as u64);
    }
    let standings = judge(summarize(&run, &samples));
    assert_eq!(standings.cases[2].verdict, Verdict::Faster);
    let ratio = standings.cases[2].ratio.unwrap();
    assert!((ratio.point - 1.0 / 0.93).abs() < 0.01, "{ratio:?}");
    let interval = ratio.interval.unwrap();
    assert!(interval.low > 1.05 && interval.high < 1.1, "{interval:?}");
    let noise = standings.noise.unwrap();
    assert_eq!(noise.rounds, 5);
    assert!(noise.scatter < 0.03 && noise.resolution < 1.03, "{noise:?}");
    // A tenth of a per cent, by the control.
    assert!(noise.floor().unwrap() < 1.005, "{noise:?}");
}

#[test]
fn a_round_that_one_side_did_not_finish_is_left_out() {
    let (run, mut samples) = one(&BASE.map(|s| s * 0.5), 1000, same);
    let failed = |case: &str, round: u32, samples: &mut Vec<Sample>| {
        let case = run.plan.cases.iter().find(|known| known.id == case).unwrap();
        samples.retain(|s| s.case != case.id || s.slot != Slot::Round(round));
        samples.push(support::failed(case, round, Outcome::Failed, "no"));
    };
    // Of the two times of the baseline one is enough.
    failed("base", 2, &mut samples);
    assert_eq!(judge(summarize(&run, &samples)).cases[2].verdict, Verdict::Faster);
    failed("base again", 2, &mut samples);
    let verdict = &judge(summarize(&run, &samples)).cases[2].verdict;
    assert_eq!(*verdict, Verdict::TooFewSamples { rounds: 4 });
}

#[test]
fn of_many_verdicts_each_has_to_be_surer_than_one_alone() {
    // A hundredth slower, nearly in every round.
    let little = [1.014, 1.006, 1.011, 1.009, 1.01];
    let p = |cases: usize| {
        let seconds = std::array::from_fn::<f64, 5, _>(|round| BASE[round] * little[round]);
        let (mut run, mut samples) = one(&seconds, 1000, same);
        for n in 1..cases {
            let facts = case(&format!("other{n}"), Role::Case, 1000);
            let times = if n % 2 == 0 { AGAIN } else { BASE };
            samples.extend((0..5).map(|round| {
                let seconds = times[round] * little[(round + n) % 5];
                sample(&facts, round as u32 + 1, &[(Phase::Load, seconds)])
            }));
            run.plan.cases.push(facts);
        }
        let standings = judge(summarize(&run, &samples));
        assert_eq!(standings.tested, cases);
        let it = &standings.cases[2];
        assert_eq!(it.verdict == Verdict::Slower, it.p.unwrap() <= 0.05);
        it.p.unwrap()
    };
    assert!(p(1) < p(20), "{} {}", p(1), p(20));
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
fn more_rows_can_only_be_faster() {
    // 10 000 rows: ten times the time is the same rate.
    let rate = |factor: f64| BASE.map(|s| s * factor * 10.0);
    assert_eq!(verdict(&rate(0.5), 10_000, same), (Verdict::FasterByRate, Agreement::Agrees));
    let (slower, _) = verdict(&rate(3.0), 10_000, same);
    assert_eq!(
        slower,
        Verdict::NotComparable(
            "10 000 rows against the baseline's 1 000: a larger table and larger indexes are against it"
                .into()
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
    let (other, _) =
        verdict(&half, 1000, |_, s| s.end_state.as_mut().unwrap().content = Content::of_hashes(1));
    assert_eq!(other, Verdict::NotComparable("other content in the table than the baseline's".into()));
}

#[test]
fn another_durability_is_noted_and_compared() {
    let (run, samples) = one(&BASE.map(|s| s / 2.0), 1000, |case, s| {
        case.durability = Durability::LostOnCrash;
        s.end_state.as_mut().unwrap().persistence = Persistence::Unlogged;
    });
    let standings = judge(summarize(&run, &samples));
    assert_eq!(standings.cases[2].verdict, Verdict::Faster);
    assert_eq!(standings.cases[2].notes, ["leaves an unlogged table"]);
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
    assert_eq!((logged.n(), logged.failures), (4, 1));
    assert_eq!(logged.first_error, Some("gave up after 300 s, the longest a sample may take"));
}

/// The run of [`one`] with two more cases, the reference three times as slow as the baseline and a
/// case held against it with these seconds.
fn referred(seconds: &[f64], change: impl Fn(&mut Case, &mut Case)) -> (Run, Vec<Sample>) {
    let (mut run, mut samples) = one(&BASE.map(|s| s * 0.5), 1000, same);
    let (mut reference, mut held) = (case("far", Role::Case, 1000), case("far it", Role::Case, 1000));
    held.against = Some("far".into());
    held.published_seconds = Some(34.2);
    change(&mut reference, &mut held);
    for round in 0..seconds.len() {
        samples.push(sample(&reference, round as u32 + 1, &[(Phase::Load, BASE[round] * 3.0)]));
        samples.push(sample(&held, round as u32 + 1, &[(Phase::Load, seconds[round])]));
    }
    run.plan.cases.extend([reference, held]);
    (run, samples)
}

#[test]
fn a_case_is_held_against_the_one_that_is_named_for_it() {
    let (run, samples) = referred(&BASE.map(|s| s * 2.0), |_, _| {});
    let standings = judge(summarize(&run, &samples));
    let [reference, held] = &standings.cases[3..] else { panic!("{standings:?}") };
    assert_eq!((&reference.verdict, reference.against, reference.ratio), (&Verdict::Reference, None, None));
    assert_eq!((&held.verdict, held.against), (&Verdict::Faster, Some("far")));
    assert!((held.ratio.unwrap().point - 1.5).abs() < 1e-9);
    // What was published is a ratio to the baseline, and so is what stands beside it.
    let published = held.published.unwrap();
    assert!((published.measured.unwrap().point - 0.5).abs() < 0.003);
    assert_eq!(published.agreement, Agreement::Reversed);
    // Those that name nothing are held against the baseline, as is the control.
    assert_eq!([1, 2].map(|i| standings.cases[i].against), [Some("base"); 2]);
    assert!(standings.noise.unwrap().floor().unwrap() < 1.005);
    assert!(standings.has_references());
}

#[test]
fn a_case_that_names_itself_is_a_reference_and_one_that_names_the_baseline_is_not() {
    let (run, samples) = referred(&BASE, |reference, held| {
        reference.against = Some("far".into());
        held.against = Some("base".into());
    });
    let standings = judge(summarize(&run, &samples));
    assert_eq!(standings.cases[0].verdict, Verdict::Baseline);
    assert_eq!(standings.cases[3].verdict, Verdict::Reference);
    assert_eq!(
        (&standings.cases[4].verdict, standings.cases[4].against),
        (&Verdict::WithinNoise, Some("base"))
    );
    assert!(!standings.has_references());
}

#[test]
fn what_has_nothing_to_be_held_against_says_so() {
    let (mut run, mut samples) = referred(&BASE, |_, _| {});
    samples.retain(|s| s.case != "far");
    let verdict = |run: &Run, samples: &[Sample]| judge(summarize(run, samples)).cases[4].verdict.clone();
    let why = "no sample of far finished";
    assert_eq!(verdict(&run, &samples), Verdict::NotComparable(why.into()));
    run.plan.cases[4].against = Some("nowhere".into());
    let why = "the plan has no case nowhere to hold it against";
    assert_eq!(verdict(&run, &samples), Verdict::NotComparable(why.into()));
}

#[test]
fn servers_of_another_origin_are_not_compared() {
    let on = |version: &str| {
        let (mut run, samples) = referred(&BASE, |_, held| held.key.server = Some("new".into()));
        let facts = ServerFacts { version: version.into(), ..run.server.clone() };
        run.servers.insert("new".into(), facts);
        let standings = judge(summarize(&run, &samples));
        standings.cases[4].verdict.clone()
    };
    let newer = "PostgreSQL 17.1 on x86_64-pc-linux-gnu, compiled by gcc 12.2.0, 64-bit";
    assert_eq!(on(newer), Verdict::Faster);
    let musl = "PostgreSQL 15.18 on x86_64-pc-linux-musl, compiled by gcc 12.2.0, 64-bit";
    let why = "builds of different origin: no packager named, x86_64-pc-linux-musl, compiled by gcc \
               12.2.0 and no packager named, x86_64-pc-linux-gnu, compiled by gcc 12.2.0 \
               (--any-build compares them all the same)";
    assert_eq!(on(musl), Verdict::NotComparable(why.into()));
    let (run, samples) = referred(&BASE, |_, held| held.key.server = Some("lost".into()));
    let why = "the record says nothing of the server lost of far it";
    assert_eq!(judge(summarize(&run, &samples)).cases[4].verdict, Verdict::NotComparable(why.into()));
}

#[test]
fn other_rows_of_another_dataset_are_not_compared() {
    let (run, samples) = referred(&BASE, |_, held| {
        (held.key.axes.dataset, held.rows) = (Some("wide".into()), 100);
    });
    let why = "another dataset and other rows than far";
    assert_eq!(judge(summarize(&run, &samples)).cases[4].verdict, Verdict::NotComparable(why.into()));
}

/// The series of a run's curve: name, and each value with its rate.
fn series(run: &Run, samples: &[Sample]) -> Vec<(String, Vec<(f64, f64)>)> {
    let standings = judge(summarize(run, samples));
    let curve = Curve::of_run(&run.plan, &standings).unwrap();
    let rate = |p: &Point| p.summary.rows_per_second().unwrap().point.round();
    let points = |s: &Series| s.points.iter().map(|p| (p.x, rate(p))).collect();
    curve.series.iter().map(|s| (s.name.clone(), points(s))).collect()
}

#[test]
fn a_curve_has_a_line_for_cases_that_agree_in_all_but_the_axis() {
    let (mut run, samples) = support::latencies();
    let found = series(&run, &samples);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["copy-csv", "insert-row", "insert-multirow batch=1000"]);
    let xs: Vec<f64> = found[0].1.iter().map(|(x, _)| *x).collect();
    assert_eq!(xs, [0.0, 1.0, 5.0, 20.0, 50.0]);
    assert_eq!(found[0].1[0].1, (20_000.0f64 / 0.15).round());

    // An axis that no case has a value on, and none at all.
    for x in [Some(Axis::Param("jobs".into())), None] {
        run.plan.x = x;
        assert!(Curve::of_run(&run.plan, &judge(summarize(&run, &samples))).is_none());
    }
    run.plan.x = Some(Axis::Rows);
    assert!(series(&run, &samples).iter().flat_map(|(_, points)| points).all(|(x, _)| *x == 20_000.0));
}

#[test]
fn a_default_that_no_id_names_and_a_setting_lie_on_a_curve() {
    let (mut run, mut samples) = support::along(
        "batch",
        1000,
        &[(10, &[("insert-multirow", 1.0)]), (100, &[("insert-multirow", 0.5)])],
    );
    run.plan.cases.remove(1);
    run.plan.cases[1].id = "insert-multirow".into();
    run.plan.cases[1].key.params.clear();
    samples.iter_mut().filter(|s| s.case.ends_with("100")).for_each(|s| s.case = "insert-multirow".into());
    // 0.1 s of each sample are its other phase.
    assert_eq!(series(&run, &samples), [("insert-multirow".into(), vec![(10.0, 909.0), (100.0, 1667.0)])]);

    run.plan.x = Some(Axis::Setting("work_mem".into()));
    for (case, value) in run.plan.cases.iter_mut().zip(["64MB", "1GB"]) {
        case.params.clear();
        case.key.params.clear();
        case.key.axes.settings.insert("work_mem".into(), value.into());
    }
    let expected = vec![(64.0 * 1048576.0, 909.0), (1073741824.0, 1667.0)];
    assert_eq!(series(&run, &samples), [("insert-multirow".into(), expected)]);
}

#[test]
fn a_curve_goes_over_the_flushes_of_emulated_disks() {
    let (mut run, samples) = support::along(
        "batch",
        1000,
        &[(10, &[("insert-multirow", 1.0)]), (100, &[("insert-multirow", 0.5)])],
    );
    run.plan.cases.remove(1);
    run.plan.x = Some(Axis::Flush);
    for (case, (name, flush_ns)) in run.plan.cases.iter_mut().zip([("slow", 11_100_000), ("none", 0)]) {
        case.params.clear();
        case.key.params.clear();
        case.key.server = Some(name.into());
        let disk = Some(EmulatedDisk { flush_ns, ..EmulatedDisk::default() });
        run.servers.insert(name.into(), ServerFacts { disk, ..run.server.clone() });
    }
    // A disk without any delay has no place on it.
    assert_eq!(series(&run, &samples), [("insert-multirow".into(), vec![(11.1, 909.0)])]);
}

/// The curve's trends, each with its course, its best value and its knee.
fn courses(run: &Run, samples: &[Sample], floor: f64) -> Vec<(String, Course, String, String)> {
    let standings = judge(summarize(run, samples));
    let found = trends(&Curve::of_run(&run.plan, &standings).unwrap(), floor);
    found.into_iter().map(|t| (t.series, t.course, t.best.at, t.knee.at)).collect()
}

#[test]
fn the_trend_of_a_series_is_told_beyond_the_noise() {
    let (run, samples) = support::batches();
    let course =
        |series: &str, course, best: &str, knee: &str| (series.into(), course, best.into(), knee.into());
    let expected = [
        course("insert-multirow", Course::Rises, "3000", "100"),
        course("insert-unnest", Course::Rises, "3000", "1000"),
        course("insert-pipelined", Course::Rises, "1000", "10"),
    ];
    assert_eq!(courses(&run, &samples, 1.0), expected);
    // A noise of 70 % hides what one of them gains.
    assert_eq!(courses(&run, &samples, 1.7)[2], course("insert-pipelined", Course::Flat, "1000", "10"));

    let (run, samples) = support::along(
        "jobs",
        1000,
        &[(1, &[("copy-parallel", 1.0)]), (2, &[("copy-parallel", 0.5)]), (4, &[("copy-parallel", 0.9)])],
    );
    assert_eq!(courses(&run, &samples, 1.0), [course("copy-parallel", Course::Peaks, "2", "2")]);
    let (run, samples) = support::latencies();
    assert!(
        courses(&run, &samples, 1.0)
            .iter()
            .all(|(_, course, best, _)| { (*course, best.as_str()) == (Course::Falls, "0") })
    );
}

#[test]
fn one_series_passes_another_where_it_stays_ahead_beyond_the_noise() {
    let crossed = |values: &[support::Along], floor| {
        let (run, samples) = support::along("batch", 1000, values);
        let standings = judge(summarize(&run, &samples));
        let found = crossings(&Curve::of_run(&run.plan, &standings).unwrap(), floor);
        found.into_iter().map(|c| (c.ahead, c.behind, c.from, c.until)).collect::<Vec<_>>()
    };
    // 0.1 s of each sample are its other phase.
    let passes: &[support::Along] =
        &[(1, &[("a", 0.9), ("b", 1.9)]), (10, &[("a", 0.9), ("b", 0.9)]), (100, &[("a", 0.9), ("b", 0.4)])];
    let of = |until: Option<&str>| ("b".into(), "a".into(), "100".into(), until.map(Into::into));
    assert_eq!(crossed(passes, 1.0), [of(Some("1"))]);
    assert_eq!(crossed(&passes[1..], 1.0), [of(None)]);
    // Where the end is no further apart than the noise, or the order is always the same, nothing crosses.
    assert_eq!(crossed(passes, 2.1), []);
    assert_eq!(crossed(&passes[2..], 1.0), []);
    assert_eq!(crossed(&[(1, &[("a", 0.9), ("b", 0.4)]), (10, &[("a", 0.9), ("b", 0.3)])], 1.0), []);
}

#[test]
fn a_chain_follows_its_steps_from_the_baseline() {
    let seconds = [10.0, 6.0, 6.2, 5.0];
    let ids = ["base", "one", "two", "three"];
    let mut cases: Vec<Case> = ids.iter().map(|id| case(id, Role::Case, 1000)).collect();
    cases[0].role = Role::Baseline;
    for (index, name) in [(1, "first"), (2, "second"), (3, "third")] {
        cases[index].against = Some(ids[index - 1].into());
        cases[index].step = Some(name.into());
    }
    let samples: Vec<Sample> = (0..5)
        .flat_map(|round| {
            let of = |(case, seconds): (&Case, &f64)| {
                sample(case, round as u32 + 1, &[(Phase::Load, seconds * BASE[round] / 10.0)])
            };
            cases.iter().zip(&seconds).map(of).collect::<Vec<_>>()
        })
        .collect();
    // One that is held against the last without being a step is no part of it.
    cases.push(Case { against: Some("three".into()), ..case("beside", Role::Case, 1000) });
    let chain_of = |run: &Run, samples: &[Sample]| {
        let standings = judge(summarize(run, samples));
        Chain::of_run(&standings).map(|chain| {
            let steps =
                chain.steps.iter().map(|s| (s.name.to_owned(), (s.saved_ns() / 1e9 * 10.0).round() / 10.0));
            (steps.collect::<Vec<_>>(), (chain.saved_ns() / 1e9).round(), (chain.whole.point * 100.0).round())
        })
    };
    let expected = [("first".into(), 4.0), ("second".into(), -0.2), ("third".into(), 1.2)];
    assert_eq!(chain_of(&run(cases.clone(), 5), &samples), Some((expected.to_vec(), 5.0, 200.0)));
    // Without samples of the second it would be too short.
    let fewer: Vec<Sample> = samples.iter().filter(|s| s.case != "two").cloned().collect();
    assert_eq!(chain_of(&run(cases.clone(), 5), &fewer), None);
    cases[1].step = None;
    assert_eq!(chain_of(&run(cases, 5), &samples), None);
}
