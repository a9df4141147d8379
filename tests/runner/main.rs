//! The order of a run's steps, what becomes of failures, and going on after an interruption:
//! proved with a stage that only writes down what it was asked to do.

mod fake;
mod further;
mod plans;
mod resumed;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use anyhow::anyhow;
use bulkbench::analysis::{Verdict, judge, summarize};
use bulkbench::fault::Fault;
use bulkbench::method::Catalogue;
use bulkbench::model::{Moment, Outcome, Sample, Slot};
use bulkbench::runner::{budget, execute};
use fake::{FakeStage, Silent, Trouble, run};
use plans::{crashing_plan, plan_of, small_plan};

#[test]
fn a_sample_is_settings_reset_load_verify_and_the_warm_up_comes_first() {
    let plan = small_plan(1);
    let mut stage = FakeStage::new(Trouble::None);
    let (ended, kept) = run(&plan, &[], &mut stage);
    assert_eq!(ended.unwrap().taken, 4, "a warm-up, two cases and the control");
    assert_eq!(stage.steps[..4], ["apply copy-csv", "reset copy-csv", "load copy-csv", "verify copy-csv"]);
    assert_eq!((kept[0].slot, kept[0].case.as_str()), (Slot::WarmUp, "copy-csv"));
    let planned: Vec<&str> = plan.order[0].iter().map(|i| plan.cases[*i].id.as_str()).collect();
    let ran: Vec<&str> = kept[1..].iter().map(|s| s.case.as_str()).collect();
    assert_eq!(ran, planned);
    assert_eq!(kept[1].total_ns, Some(1007), "the total is the sum of the phases");
}

#[test]
fn a_failed_load_is_a_row_and_the_run_goes_on() {
    let plan = small_plan(2);
    let mut stage = FakeStage::new(Trouble::LoadFails(3));
    let (ended, kept) = run(&plan, &[], &mut stage);
    assert_eq!(ended.unwrap().failed, 1);
    assert_eq!(kept.len(), 7);
    assert_eq!(kept[2].outcome, Outcome::Failed);
    assert_eq!(kept[2].total_ns, None);
    assert!(kept[2].error.as_deref().unwrap().contains("disk full"));
    assert!(stage.steps.contains(&"recover".to_string()));
}

#[test]
fn a_wrong_load_has_no_time() {
    let (ended, kept) = run(&small_plan(1), &[], &mut FakeStage::new(Trouble::WrongContent(2)));
    assert_eq!(ended.unwrap().failed, 1);
    assert_eq!((kept[1].outcome, kept[1].total_ns), (Outcome::Failed, None));
    assert!(kept[1].phases.is_empty());
}

#[test]
fn a_timeout_is_a_row_of_its_own_kind() {
    let (ended, kept) = run(&small_plan(1), &[], &mut FakeStage::new(Trouble::LoadTimesOut(2)));
    assert_eq!(ended.unwrap().failed, 1);
    assert_eq!(kept[1].outcome, Outcome::Timeout);
    assert!(kept[1].error.as_deref().unwrap().contains("gave up after 9 s"));
}

#[test]
fn trials_grow_until_they_say_something_of_the_rate() {
    let mut stage = FakeStage::new(Trouble::None);
    let mut case = small_plan(1).cases[0].clone();
    case.rows = 1_000_000;
    // 100 ns a row: 200 rows are a fiftieth of the budget, 2 000 a fifth.
    budget::fit(&mut stage, &mut case, Duration::from_millis(1)).unwrap();
    assert_eq!((case.rows, stage.loads), (5_000, 2), "a little less than 10 000 fit, down to 1, 2 or 5");
    assert!(case.rows_reason.take().unwrap().contains("a trial of 2 000 rows"));

    case.rows = 1_000;
    budget::fit(&mut stage, &mut case, Duration::from_millis(1)).unwrap();
    assert_eq!(case.rows, 1_000, "all of them fit");
}

#[test]
fn a_case_whose_trial_fails_has_no_samples_and_is_a_failed_row() {
    let mut stage = FakeStage::new(Trouble::LoadFails(1));
    let plan = plan_of("copy-csv", "insert-row", 2, |cases| {
        budget::calibrate(&Catalogue::built_in(), &mut stage, cases, Duration::from_secs(1)).unwrap();
    });
    assert_eq!(stage.steps, ["apply insert-row", "reset insert-row", "load insert-row", "recover"]);
    let case = &plan.cases[2];
    assert_eq!(case.failed_trial.as_deref(), Some("in a trial of 10 rows: disk full"));
    assert_eq!((case.rows, &case.rows_reason), (10, &None), "no row count is made up");
    assert_eq!(plan.order, [[1, 0], [1, 0]].map(|order| order.to_vec()));

    let mut stage = FakeStage::new(Trouble::None);
    let (ended, kept) = run(&plan, &[], &mut stage);
    assert_eq!(ended.unwrap().failed, 1, "the run fails as for a sample that failed");
    assert!(kept.iter().all(|sample| sample.case != case.id));
    let (ended, _) = run(&plan, &kept, &mut FakeStage::new(Trouble::None));
    assert_eq!(ended.unwrap().failed, 1, "also where nothing was left to do");

    let record = support::run(plan.cases.clone(), 2);
    let standings = judge(summarize(&record, &kept));
    assert_eq!(standings.cases[2].verdict, Verdict::Failed("in a trial of 10 rows: disk full".into()));
}

#[test]
fn a_failed_trial_of_the_baseline_is_one_of_its_control_too() {
    let mut stage = FakeStage::new(Trouble::LoadTimesOut(1));
    let plan = plan_of("insert-row", "copy-csv", 1, |cases| {
        budget::calibrate(&Catalogue::built_in(), &mut stage, cases, Duration::from_secs(1)).unwrap();
    });
    assert!(plan.cases[0].failed_trial.as_deref().unwrap().contains("gave up after 9 s"));
    assert_eq!(plan.cases[1].failed_trial, plan.cases[0].failed_trial);
    assert_eq!(plan.order, [[2]].map(|order| order.to_vec()));
}

#[test]
fn a_trial_that_a_stop_cancelled_or_that_the_server_does_not_survive_ends_the_run() {
    for (trouble, words) in [
        (Trouble::InterruptedDuring(1), "stopped by"),
        (
            Trouble::ServerGone(1),
            "did not recover after a trial of insert-row failed: in a trial of 10 rows: connection closed",
        ),
    ] {
        let mut cases = plan_of("copy-csv", "insert-row", 1, |_| {}).cases;
        let mut stage = FakeStage::new(trouble);
        let error = budget::calibrate(&Catalogue::built_in(), &mut stage, &mut cases, Duration::from_secs(1))
            .unwrap_err();
        assert!(format!("{error:#}").contains(words), "{error:#}");
    }
}

#[test]
fn a_step_that_a_stop_cancelled_leaves_no_failed_sample() {
    let (ended, kept) = run(&small_plan(1), &[], &mut FakeStage::new(Trouble::StoppedDuringVerify(3)));
    assert!(matches!(Fault::find(&ended.unwrap_err()), Some(Fault::Interrupted(2))));
    assert_eq!(kept.len(), 2);
}

#[test]
fn a_server_that_does_not_come_back_ends_the_run_with_its_samples_kept() {
    let (ended, kept) = run(&small_plan(2), &[], &mut FakeStage::new(Trouble::ServerGone(3)));
    let error = format!("{:#}", ended.unwrap_err());
    assert!(error.contains("did not recover") && error.contains("connection closed"), "{error}");
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[2].outcome, Outcome::Failed);
}

#[test]
fn a_sample_that_cannot_be_kept_ends_the_run() {
    let plan = small_plan(1);
    let mut stage = FakeStage::new(Trouble::None);
    let mut full = |_: &Sample| Err(anyhow!("no space left"));
    let ended = execute(&plan, &[], &mut stage, &mut full, &mut Silent);
    assert!(format!("{:#}", ended.unwrap_err()).contains("keeping the sample: no space left"));
    assert_eq!(stage.loads, 1);
}

#[test]
fn crashes_come_behind_the_rounds_and_the_middle_is_half_of_the_load_that_ended() {
    let mut stage = FakeStage::new(Trouble::None);
    let (ended, kept) = run(&crashing_plan(), &[], &mut stage);
    assert_eq!(ended.unwrap().taken, 6);
    let crashes: Vec<&String> = stage.steps.iter().filter(|step| step.starts_with("crash")).collect();
    // The rounds took 100 ns a row; the load before the first crash takes 200, and so does half of that.
    assert_eq!(crashes, ["crash copy-csv end 4 200", "crash copy-csv middle 4 400"]);
    let last = kept.last().unwrap();
    assert_eq!((last.slot, last.rows, last.total_ns), (Slot::Crash(Moment::Middle), 4, None));
    assert_eq!(last.crash.as_ref().unwrap().confirmed_there, 4);
}

#[test]
fn a_crash_that_takes_more_than_was_promised_is_a_failure_with_what_it_left() {
    let mut stage = FakeStage::new(Trouble::None).losing(1);
    let (ended, kept) = run(&crashing_plan(), &[], &mut stage);
    assert_eq!(ended.unwrap().failed, 2);
    let last = kept.last().unwrap();
    assert_eq!(last.outcome, Outcome::Failed);
    assert!(last.error.as_deref().unwrap().contains("1 of 4 rows are gone"), "{last:?}");
    assert!(last.crash.is_some());
}
