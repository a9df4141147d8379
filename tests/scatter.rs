//! What a report says of noise, drift, changes and outliers, and of the speed of the machine.

mod support;

use bulkbench::model::{Case, Metric, Phase, Role, Run, Sample};
use bulkbench::report::{self, Colour, Look};
use support::{case, run, sample};

/// A small noise of its own for each case and round.
fn noise(case: usize, round: u32) -> f64 {
    1.0 + 0.001 * ((case * 7 + round as usize * 11) % 13) as f64
}

/// A run of eight rounds with a baseline, a control and three cases, which take 10 s each, by this factor.
fn made(factor: impl Fn(usize, u32) -> f64) -> (Run, Vec<Sample>) {
    let roles = [Role::Baseline, Role::Control, Role::Case, Role::Case, Role::Case];
    let of = |(n, role): (usize, &Role)| {
        // The control is the baseline by all but its id.
        match role {
            Role::Control => Case { id: "case0 (control)".into(), ..case("case0", *role, 1000) },
            Role::Baseline | Role::Case => case(&format!("case{n}"), *role, 1000),
        }
    };
    let cases: Vec<Case> = roles.iter().enumerate().map(of).collect();
    let mut samples = Vec::new();
    for round in 1..=8 {
        for (n, of) in cases.iter().enumerate() {
            let seconds = 10.0 * noise(n, round) * factor(n, round);
            samples.push(Sample { position: n as u32, ..sample(of, round, &[(Phase::Load, seconds)]) });
        }
    }
    (run(cases, 8), samples)
}

fn notes((run, samples): &(Run, Vec<Sample>)) -> String {
    let look = Look { width: 120, colour: Colour::Off };
    let text = report::terminal_table(run, samples, look).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_quiet_run_says_what_it_scatters_by_and_what_to_expect_of_its_verdicts() {
    let text = notes(&made(|_, _| 1.0));
    for part in [
        "Noise: a ratio scatters by 0.",
        "(standard deviation, by 4 cases), so that in 8 rounds a difference of less than 0.",
        "The baseline case0 ran twice a round, the second time in 1.00x the time of the first (95 %:",
        "Verdicts: 3 ratios were tested, and in 95 of 100 such runs no difference is claimed that is none",
        "of the 3 intervals, each of which is by itself, about 0.",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    for part in ["Drift:", "Change:", "Outliers:"] {
        assert!(!text.contains(part), "{text}");
    }
}

#[test]
fn drift_is_told_with_what_it_does_to_the_baseline() {
    let text = notes(&made(|_, round| 1.0 + 0.02 * f64::from(round)));
    assert!(text.contains("Drift: the baseline case0 took 13."), "{text}");
    assert!(text.contains("longer from the first round to the last (slope of Theil and Sen;"), "{text}");
}

#[test]
fn a_change_of_level_is_told_with_its_round() {
    let text = notes(&made(|_, round| if round < 5 { 1.0 } else { 0.8 }));
    let part = "Change: from round 5 on (case0 there) loads took 20.";
    assert!(text.contains(part), "{part:?} is not in {text}");
    assert!(text.contains("% less than before (Pettitt's test: p = less than 0.0001)"), "{text}");
}

/// A run's report as Markdown and as a page.
fn page(name: &str, (run, samples): &(Run, Vec<Sample>)) -> [String; 2] {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    let mut store = bulkbench::record::Store::create(&dir, run).unwrap();
    samples.iter().for_each(|one| store.append(one).unwrap());
    report::write_all(&dir).unwrap();
    ["report.md", "report.html"].map(|file| std::fs::read_to_string(dir.join(file)).unwrap())
}

#[test]
fn what_lies_far_out_is_named_marked_and_counts() {
    let run = made(|n, round| if (n, round) == (3, 4) { 1.5 } else { 1.0 });
    let text = notes(&run);
    let part = "Outliers: 1 of 40 samples lies far from what case and round would have them take (modified z beyond 3.5); \
                all count: case3 in round 4 (1.49x)";
    assert!(text.contains(part), "{part:?} is not in {text}");
    assert!(text.contains("Verdicts: 3 ratios"), "{text}");
    let of_samples = |html: &str| html.rsplit_once("All samples").unwrap().1.to_owned();
    let [_, html] = page("scatter-far-out", &run);
    assert_eq!(of_samples(&html).matches("1.49x").count(), 1, "the sample is marked");
    let [_, html] = page("scatter-quiet", &made(|_, _| 1.0));
    assert!(!of_samples(&html).contains("far out"), "no column without an outlier");
}

#[test]
fn the_speed_of_the_machine_is_shown_and_explains_what_it_explains() {
    // Slow around some samples, which take that much longer.
    let slow = |n: usize, round: u32| [1.0, 1.0, 1.3, 1.0, 1.1][(n * 3 + round as usize * 4) % 5];
    let with_speed = |follows: bool| {
        let (run, mut samples) = made(|n, round| if follows { slow(n, round) } else { 1.0 });
        for sample in &mut samples {
            let factor = slow(sample.position as usize, sample.slot.round());
            let work = [Metric::Arithmetic, Metric::MemoryTraffic];
            sample.readings = work.map(|metric| (metric.into(), (1e8 * factor) as u64)).into_iter().collect();
        }
        (run, samples)
    };
    let [text, html] = page("scatter-follows", &with_speed(true));
    for part in ["at an even speed of the machine", "the load took 1.00 % longer", "speed, even machine"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(html.contains("1.30x"), "the samples' own factors");
    let [text, _] = page("scatter-does-not", &with_speed(false));
    assert!(!text.contains("even speed"), "{text}");
}
