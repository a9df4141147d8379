//! The time that a run is said to take before it starts, held against what the published runs took.

use std::path::Path;
use std::time::Duration;

use bulkbench::method::Catalogue;
use bulkbench::model::{Case, Outcome, Sample, ServerFacts, Slot};
use bulkbench::record;
use bulkbench::runner::estimate::estimate;
use bulkbench::runner::rates::published;

/// Seconds of a time in a record since the day began that `first` is in.
fn seconds(time: &str, first: &str) -> f64 {
    let part = |range: std::ops::Range<usize>| time[range].parse::<f64>().unwrap();
    let days = if time[..10] == first[..10] { 0.0 } else { 1.0 };
    ((days * 24.0 + part(11..13)) * 60.0 + part(14..16)) * 60.0 + part(17..19)
}

#[test]
fn the_published_runs_took_as_long_as_would_have_been_said_and_their_methods_had_the_rates() {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    let catalogue = Catalogue::built_in();
    let infos: Vec<_> = catalogue.iter().map(|method| method.info()).collect();
    let mut seen = 0;
    for entry in std::fs::read_dir(results).unwrap() {
        let dir = entry.unwrap().path();
        if !dir.join("samples.jsonl").exists() {
            continue;
        }
        let (run, mut samples) = record::load(&dir).unwrap();
        // The rates are those of whole machines and of their own disks.
        let is_less = run.plan.cases.iter().any(|case| !case.key.axes.limits.is_empty());
        let is_other = |server: &&ServerFacts| server.disk.is_some() || !server.limits.is_empty();
        if is_less || run.servers_in_order().iter().any(is_other) {
            continue;
        }
        // Crashes come behind the rounds, and are in no estimate.
        samples.retain(|sample| !matches!(sample.slot, Slot::Crash(_)));
        let asked_for = |case: &Case| match case.rows_reason {
            // As before the trials.
            Some(_) => Case { rows: case.key.axes.rows.unwrap_or(run.plan.rows), ..case.clone() },
            None => case.clone(),
        };
        let cases: Vec<Case> = run.plan.cases.iter().filter(|case| case.runs()).map(asked_for).collect();
        let budget = Duration::from_nanos(run.plan.budget_ns);
        let [least, most] =
            estimate(&catalogue, &cases.iter().collect::<Vec<_>>(), run.plan.rounds, budget).unwrap();

        let (first, last) = (&samples[0].started, samples.last().unwrap());
        let total = last.total_ns.map_or(0.0, |ns| ns as f64 / 1e9);
        let took = seconds(&last.started, first) - seconds(first, first) + total;
        let said = least.as_secs_f64()..=most.as_secs_f64();
        assert!(said.contains(&took), "{}: {took} s, and said were {said:?}", dir.display());

        // Of fewer rows the start of a program is most of its time.
        let enough = |sample: &&Sample| sample.outcome == Outcome::Ok && sample.rows >= 200_000;
        for sample in samples.iter().filter(enough) {
            let case = run.plan.cases.iter().find(|case| case.id == sample.case).unwrap();
            // The rates are those of votes.
            if case.key.axes.dataset.as_ref().is_some_and(|name| name != "votes") {
                continue;
            }
            let info = catalogue.find(&case.key.method).unwrap().info();
            let (slowest, fastest) = published(info, &infos);
            let rate = sample.rows as f64 * 1e9 / sample.total_ns.unwrap() as f64;
            let near = slowest as f64 / 2.0..=fastest as f64 * 2.0;
            assert!(near.contains(&rate), "{}: {} had {rate} rows/s", dir.display(), case.id);
        }
        seen += 1;
    }
    assert!(seen > 5, "only {seen} published runs");
}
