//! Slowdowns that were planted into real runs, and what the runs say of them. The runs are recorded, as what a machine
//! does while other tests share it says nothing: one of `results/`, and one in `tests/planted`.

mod common;

use std::path::Path;

use bulkbench::analysis::{Verdict, judge, summarize};
use bulkbench::record;

/// Loads whose table has one index more than that of the baseline, of each kind.
const WITH_ONE_MORE: [&str; 3] = ["btree-random", "unique", "gin"];

#[test]
fn a_load_that_has_one_index_more_is_found_slower() {
    let (mut run, samples) = record::load(&common::published("indexes-kinds")).unwrap();
    // The run itself holds each load into a table with its indexes against the one before they are built.
    for case in &mut run.plan.cases {
        case.against = None;
    }
    let of = |name: &str| format!("copy-csv dataset={name}");
    let plain = samples.iter().find(|s| s.case == of("none")).unwrap().end_state.clone().unwrap();
    for planted in WITH_ONE_MORE.map(of) {
        let mut samples = samples.clone();
        // Tables that differ are not compared, rightly; here the difference is what was planted.
        for sample in samples.iter_mut().filter(|sample| sample.case == planted) {
            let end = sample.end_state.as_mut().unwrap();
            assert_ne!(end.structure, plain.structure);
            end.structure.clone_from(&plain.structure);
        }
        let standings = judge(summarize(&run, &samples));
        let found = standings.cases.iter().find(|s| s.summary.case.id == planted).unwrap();
        assert_eq!(found.verdict, Verdict::Slower, "{planted} {:?} {:?}", found.ratio, standings.noise);
    }
}

#[test]
fn a_server_that_is_stopped_for_a_twentieth_of_its_time_is_found_slower() {
    let (run, samples) = record::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/planted")).unwrap();
    let standings = judge(summarize(&run, &samples));
    let limited: Vec<_> =
        standings.cases.iter().filter(|s| s.summary.case.key.server.as_deref() == Some("15.18#2")).collect();
    assert_eq!(limited.len(), 2, "copy-csv and copy-binary");
    for found in limited {
        let ratio = found.ratio.unwrap();
        assert_eq!(
            found.verdict,
            Verdict::Slower,
            "{} {ratio:?} {:?}",
            found.summary.case.id,
            standings.noise
        );
        assert!((0.85..0.98).contains(&ratio.point), "{} {ratio:?}", found.summary.case.id);
    }
}
