//! Rounds that follow those of the plan while a rule asks for more.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Result, anyhow};
use bulkbench::model::{CrashKind, CrashPlan, Moment, Plan, Sample, Slot};
use bulkbench::runner::journal::{Journal, Outlook};
use bulkbench::runner::{execute, plan};

use crate::fake::{FakeStage, Silent, Trouble};
use crate::plans::{open_plan, small_plan};

/// Keeps samples, lets these rounds follow, and writes down how long samples had been taken when it was asked.
#[derive(Default)]
pub(crate) struct Scripted {
    pub(crate) kept: Vec<Sample>,
    pub(crate) next: VecDeque<Vec<usize>>,
    pub(crate) asked_after: Vec<u64>,
}

impl Journal for Scripted {
    fn keep(&mut self, sample: &Sample) -> Result<()> {
        self.kept.push(sample.clone());
        Ok(())
    }

    fn look(&mut self, spent: Duration) -> Result<Option<Outlook>> {
        self.asked_after.push(spent.as_secs());
        Ok(Some(Outlook { words: String::new(), next: self.next.pop_front() }))
    }
}

#[test]
fn rounds_that_may_follow_are_those_of_a_longer_plan() {
    let further = plan::further_rounds(&open_plan(), Clone::clone);
    assert_eq!(further, small_plan(8).order[5..]);
    assert_eq!(small_plan(8).order[..5], open_plan().order);
    assert_eq!(plan::further_rounds(&small_plan(5), Clone::clone), Vec::<Vec<usize>>::new());
}

#[test]
fn a_round_follows_while_the_journal_says_so_and_crashes_come_behind_the_last() {
    let crash = CrashPlan { kind: CrashKind::Kill, rows: 4, order: vec![(0, Moment::End)] };
    let plan = Plan { crash: Some(crash), ..open_plan() };
    let further = plan::further_rounds(&plan, Clone::clone);
    let mut journal = Scripted { next: further[..2].to_vec().into(), ..Scripted::default() };
    let mut stage = FakeStage::new(Trouble::None);
    let ended = execute(&plan, &[], &mut stage, &mut journal, &mut Silent).unwrap();
    assert_eq!(
        (ended.taken, stage.loads),
        (1 + 7 * 3 + 1, 1 + 7 * 3),
        "one warm-up, and the crash is no load"
    );
    // Each load takes a second: the warm-up and five rounds, and then a round more each time.
    assert_eq!(journal.asked_after, [16, 19, 22]);
    let ran: Vec<(Slot, &str)> = journal.kept.iter().map(|s| (s.slot, s.case.as_str())).collect();
    let mut planned = vec![(Slot::WarmUp, "copy-csv")];
    for (round, order) in (1..).zip(plan.order.iter().chain(&further[..2])) {
        planned.extend(order.iter().map(|index| (Slot::Round(round), plan.cases[*index].id.as_str())));
    }
    planned.push((Slot::Crash(Moment::End), "copy-csv"));
    assert_eq!(ran, planned);
}

#[test]
fn a_look_that_cannot_be_kept_ends_the_run_with_its_samples_kept() {
    struct Full(usize);
    impl Journal for Full {
        fn keep(&mut self, _: &Sample) -> Result<()> {
            self.0 += 1;
            Ok(())
        }
        fn look(&mut self, _: Duration) -> Result<Option<Outlook>> {
            Err(anyhow!("no space left"))
        }
    }
    let mut journal = Full(0);
    let ended = execute(&open_plan(), &[], &mut FakeStage::new(Trouble::None), &mut journal, &mut Silent);
    assert_eq!(ended.unwrap_err().to_string(), "no space left");
    assert_eq!(journal.0, 1 + 5 * 3);
}
