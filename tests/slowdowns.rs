//! A slowdown that was planted into a real run, and what the run says of it. The run is one of `results/`: what a
//! machine does while it is shared with other tests says nothing.

mod common;

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
