//! Going on after an interruption: what is left is taken, and nothing twice.

use std::collections::VecDeque;

use bulkbench::fault::Fault;
use bulkbench::model::Plan;
use bulkbench::runner::{execute, plan};

use crate::fake::{FakeStage, Silent, Trouble, run};
use crate::further::Scripted;
use crate::plans::{crashing_plan, open_plan, small_plan};

#[test]
fn an_interruption_keeps_what_is_finished_and_resume_takes_only_the_rest() {
    let plan = small_plan(2);
    let (ended, kept) = run(&plan, &[], &mut FakeStage::new(Trouble::InterruptedDuring(4)));
    assert!(matches!(Fault::find(&ended.unwrap_err()), Some(Fault::Interrupted(2))));
    assert_eq!(kept.len(), 3, "the sample that was interrupted is no sample");

    let mut stage = FakeStage::new(Trouble::None);
    let (ended, rest) = run(&plan, &kept, &mut stage);
    assert_eq!(ended.unwrap().taken, 4);
    assert_eq!(stage.loads, 5, "the fresh server is warmed up, and that is not kept a second time");
    let all: Vec<(u32, u32)> = kept.iter().chain(&rest).map(|s| (s.slot.round(), s.position)).collect();
    assert_eq!(all, [(0, 0), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]);
}

#[test]
fn a_run_that_is_complete_has_nothing_left_to_do() {
    let plan = small_plan(1);
    let (_, all) = run(&plan, &[], &mut FakeStage::new(Trouble::None));
    let mut stage = FakeStage::new(Trouble::None);
    let (ended, rest) = run(&plan, &all, &mut stage);
    assert_eq!((ended.unwrap().taken, rest.len(), stage.loads), (0, 0, 0));
}

#[test]
fn a_run_goes_on_with_the_crashes_it_lacks() {
    let plan = crashing_plan();
    let (_, mut kept) = run(&plan, &[], &mut FakeStage::new(Trouble::None));
    kept.pop();
    let mut stage = FakeStage::new(Trouble::None);
    let (ended, _) = run(&plan, &kept, &mut stage);
    assert_eq!(ended.unwrap().taken, 1);
    assert_eq!(stage.steps.last().unwrap(), "crash copy-csv middle 4 400");
}

#[test]
fn a_run_that_goes_on_asks_before_it_warms_up() {
    let plan = open_plan();
    let (_, all) = run(&plan, &[], &mut FakeStage::new(Trouble::None));
    let mut stage = FakeStage::new(Trouble::None);
    let mut journal = Scripted::default();
    let ended = execute(&plan, &all, &mut stage, &mut journal, &mut Silent).unwrap();
    assert_eq!((ended.taken, stage.loads, journal.asked_after), (0, 0, vec![0]), "nothing follows");

    // Interrupted in the sixth round, which the record has: what it lacks comes first, and then the question.
    let mut further = VecDeque::from(plan::further_rounds(&plan, Clone::clone));
    let order = plan.order.iter().cloned().chain(further.pop_front()).collect();
    let longer = Plan { rounds: 6, order, ..plan };
    let (_, mut six) = run(&longer, &[], &mut FakeStage::new(Trouble::None));
    six.truncate(1 + 5 * 3 + 1);
    let mut journal = Scripted { next: further, ..Scripted::default() };
    journal.next.truncate(1);
    let ended = execute(&longer, &six, &mut stage, &mut journal, &mut Silent).unwrap();
    assert_eq!((ended.taken, stage.loads), (2 + 3, 1 + 2 + 3), "the fresh server is warmed up once");
    assert_eq!(journal.asked_after, [3, 6]);
    let places: Vec<(u32, u32)> = journal.kept.iter().map(|s| (s.slot.round(), s.position)).collect();
    assert_eq!(places, [(6, 1), (6, 2), (7, 0), (7, 1), (7, 2)]);
}
