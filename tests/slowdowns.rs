//! A slowdown that was planted into a real run, and what the run says of it.

mod common;

use assert_cmd::Command;
use bulkbench::analysis::{Verdict, judge, summarize};
use bulkbench::model::Sample;
use bulkbench::record;

const EXPERIMENT: &str = r#"
id = "slowdown"
title = "One index more"
question = "Is it found?"
rounds = 5
baseline = "copy-csv dataset=plain"

[[case]]
method = "copy-csv"
dataset = ["plain", "one-more"]

[datasets.plain]
invent = "events"
indexes = ""

[datasets.one-more]
invent = "events"
indexes = "CREATE INDEX ON events USING gin (properties);"
"#;

#[test]
fn a_load_that_has_one_index_more_is_found_slower() {
    let place = common::world_readable_tempdir();
    let dir = place.path();
    std::fs::write(dir.join("slowdown.toml"), EXPERIMENT).unwrap();
    let run = ["run", "slowdown.toml", "--rows", "10000", "--server", "local", "--out", "results"];
    let mut command = Command::cargo_bin("bulkbench").unwrap();
    command.current_dir(dir).env("BULKBENCH_CACHE", dir.join("cache")).args(run).assert().success();
    let found = std::fs::read_dir(dir.join("results")).unwrap().next().unwrap().unwrap().path();
    let (run, mut samples) = record::load(&found).unwrap();
    // Tables that differ are not compared, rightly; here the difference is what was planted.
    let is_plain = |case: &str| case.contains("dataset=plain");
    let plain = samples.iter().find(|s| is_plain(&s.case)).unwrap().end_state.clone().unwrap();
    let differs = |sample: &Sample| sample.end_state.as_ref().unwrap().structure != plain.structure;
    assert!(samples.iter().all(|sample| differs(sample) != is_plain(&sample.case)));
    for sample in &mut samples {
        sample.end_state.as_mut().unwrap().structure.clone_from(&plain.structure);
    }
    let standings = judge(summarize(&run, &samples));
    let slower = standings.cases.iter().find(|s| !is_plain(&s.summary.case.id)).unwrap();
    assert_eq!(slower.verdict, Verdict::Slower, "{:?} {:?}", slower.ratio, standings.noise);
}
