//! The order of a run's steps, what becomes of failures, and going on after an interruption:
//! proved with a stage that only writes down what it was asked to do.

mod support;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use anyhow::{Result, anyhow};
use bulkbench::analysis::{Verdict, judge, summarize};
use bulkbench::dataset::columns::votes;
use bulkbench::experiment::Experiment;
use bulkbench::fault::Fault;
use bulkbench::method::Catalogue;
use bulkbench::model::{
    Case, Content, Crash, CrashKind, CrashPlan, EndState, Moment, Outcome, Persistence, Phase, Plan,
    Readings, Sample, Slot, Until,
};
use bulkbench::runner::journal::{Journal, Outlook};
use bulkbench::runner::plan::{self, Request, Tables};
use bulkbench::runner::progress::Progress;
use bulkbench::runner::sample::{Applied, Course, Crashed, Loaded, Measured, Ready, Stage};
use bulkbench::runner::{budget, execute};
use bulkbench::table::Table;

/// A failure, and the load (counted from 1) in which it comes.
enum Trouble {
    None,
    LoadFails(usize),
    LoadTimesOut(usize),
    WrongContent(usize),
    InterruptedDuring(usize),
    StoppedDuringVerify(usize),
    ServerGone(usize),
}

struct FakeStage {
    steps: Vec<String>,
    /// Each of them takes a second by its clock.
    loads: usize,
    trouble: Trouble,
    gone: bool,
    /// Confirmed rows that a crash takes.
    lost: u64,
}

impl FakeStage {
    fn new(trouble: Trouble) -> Self {
        Self { steps: Vec::new(), loads: 0, trouble, gone: false, lost: 0 }
    }

    fn note(&mut self, step: &str, case: &Case) {
        self.steps.push(format!("{step} {}", case.id));
    }
}

/// A step of a sample on it.
struct FakeStep<'s> {
    stage: &'s mut FakeStage,
    case: &'s Case,
    rows: u64,
}

impl Stage for FakeStage {
    type Applied<'s> = FakeStep<'s>;

    fn apply<'s>(&'s mut self, case: &'s Case) -> Result<FakeStep<'s>> {
        self.note("apply", case);
        Ok(FakeStep { stage: self, case, rows: 0 })
    }

    fn crash(&mut self, case: &Case, course: Course) -> Result<Crashed> {
        let Course { rows, moment, middle, .. } = course;
        self.steps.push(format!("crash {} {} {rows} {}", case.id, moment.name(), middle.as_nanos()));
        let crash = Crash {
            phase: None,
            confirmed: rows,
            confirmed_there: rows - self.lost,
            others_there: 0,
            foreign: Some(0),
            lost_ns: None,
            hung: false,
            damage: None,
            recovery_ns: 1,
        };
        Ok(Crashed { phases: BTreeMap::from([(Phase::Load, rows * 200)]), session: None, crash })
    }

    fn recover(&mut self) -> Result<()> {
        self.steps.push("recover".into());
        if self.gone { Err(anyhow!("connection refused")) } else { Ok(()) }
    }

    fn check(&self) -> Result<()> {
        match self.trouble {
            Trouble::StoppedDuringVerify(n) if n == self.loads => Err(Fault::Interrupted(2).into()),
            _ => Ok(()),
        }
    }

    fn now(&self) -> String {
        "2025-01-01T00:00:00Z".into()
    }

    fn clock(&self) -> Duration {
        Duration::from_secs(self.loads as u64)
    }
}

impl Applied for FakeStep<'_> {
    type Ready = Self;

    fn reset(self, rows: u64) -> Result<Self> {
        self.stage.note("reset", self.case);
        Ok(Self { rows, ..self })
    }
}

impl Ready for FakeStep<'_> {
    type Loaded = Self;

    fn load(self) -> Result<(Self, Measured)> {
        let stage = &mut *self.stage;
        stage.note("load", self.case);
        stage.loads += 1;
        match stage.trouble {
            Trouble::LoadFails(n) if n == stage.loads => Err(anyhow!("disk full")),
            Trouble::LoadTimesOut(n) if n == stage.loads => {
                Err(Fault::Timeout(Duration::from_secs(9)).into())
            }
            Trouble::InterruptedDuring(n) if n == stage.loads => Err(Fault::Interrupted(2).into()),
            Trouble::ServerGone(n) if n == stage.loads => {
                stage.gone = true;
                Err(anyhow!("connection closed"))
            }
            _ => {
                let measured = Measured {
                    phases: BTreeMap::from([(Phase::Load, self.rows * 100), (Phase::Indexes, 7)]),
                    readings: Readings::default(),
                    session: None,
                };
                Ok((self, measured))
            }
        }
    }
}

impl Loaded for FakeStep<'_> {
    fn verify(&mut self) -> Result<EndState> {
        self.stage.note("verify", self.case);
        if matches!(self.stage.trouble, Trouble::StoppedDuringVerify(n) if n == self.stage.loads) {
            return Err(anyhow!("canceling statement due to user request"));
        }
        if matches!(self.stage.trouble, Trouble::WrongContent(n) if n == self.stage.loads) {
            return Err(Fault::Data("the rows' content sums to 1 instead of 2".into()).into());
        }
        Ok(EndState {
            rows: self.rows,
            content: Content::of_hashes(2),
            persistence: Persistence::Permanent,
            structure: vec![],
        })
    }
}

struct Silent;

impl Progress for Silent {
    fn skip(&mut self, _: &Case, _: Slot) {}
    fn begin(&mut self, _: &Case, _: Slot) {}
    fn end(&mut self, _: &Sample, _: Duration) {}
    fn looked(&mut self, _: &Outlook) {}
}

/// Two cases and the control, over so many rounds.
fn small_plan(rounds: u32) -> Plan {
    plan_of("copy-csv", "copy-text", rounds, |_| {})
}

/// A baseline with its control and one case more, whatever is done to them before they are planned.
fn plan_of(baseline: &str, other: &str, rounds: u32, prepare: impl FnOnce(&mut [Case])) -> Plan {
    let experiment = Experiment::parse(
        &format!(
            "id = 'small'\ntitle = 't'\nquestion = 'q'\nrounds = 2\nbaseline = '{baseline}'\n\
             [[case]]\nmethod = '{baseline}'\n[[case]]\nmethod = '{other}'\n"
        ),
        "small.toml",
    )
    .unwrap();
    let request = Request {
        rounds,
        rows: 10,
        seed: 3,
        budget: Duration::from_secs(1),
        methods: vec![],
        cores: 2,
        any_build: false,
        crash: None,
        until: None,
    };
    let tables = Tables::of(Table::votes(&votes()), request.rows);
    let mut cases = plan::cases(&Catalogue::built_in(), &experiment, &request, &tables).unwrap();
    prepare(&mut cases);
    plan::plan(&experiment, &request, cases, Clone::clone)
}

fn run(
    plan: &Plan,
    done: &[Sample],
    stage: &mut FakeStage,
) -> (Result<bulkbench::runner::RunEnd>, Vec<Sample>) {
    let mut kept = Vec::new();
    let ended = execute(
        plan,
        done,
        stage,
        &mut |sample: &Sample| {
            kept.push(sample.clone());
            Ok(())
        },
        &mut Silent,
    );
    (ended, kept)
}

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
fn a_run_that_is_complete_has_nothing_left_to_do() {
    let plan = small_plan(1);
    let (_, all) = run(&plan, &[], &mut FakeStage::new(Trouble::None));
    let mut stage = FakeStage::new(Trouble::None);
    let (ended, rest) = run(&plan, &all, &mut stage);
    assert_eq!((ended.unwrap().taken, rest.len(), stage.loads), (0, 0, 0));
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

/// Two cases and the control over one round, and behind it a crash of the first case after its end and in its middle.
fn crashing_plan() -> Plan {
    let plan = small_plan(1);
    let order = vec![(0, Moment::End), (0, Moment::Middle)];
    Plan { crash: Some(CrashPlan { kind: CrashKind::Kill, rows: 4, order }), ..plan }
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
    let mut stage = FakeStage { lost: 1, ..FakeStage::new(Trouble::None) };
    let (ended, kept) = run(&crashing_plan(), &[], &mut stage);
    assert_eq!(ended.unwrap().failed, 2);
    let last = kept.last().unwrap();
    assert_eq!(last.outcome, Outcome::Failed);
    assert!(last.error.as_deref().unwrap().contains("1 of 4 rows are gone"), "{last:?}");
    assert!(last.crash.is_some());
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

/// Two cases and the control, over five rounds and up to eight.
fn open_plan() -> Plan {
    let until = Until {
        percent: 2.0,
        cases: vec![],
        fewest_rounds: 5,
        most_rounds: 8,
        most_ns: u64::MAX,
        spent_ns: 0,
        wider: BTreeMap::new(),
        ended: None,
    };
    Plan { until: Some(until), ..small_plan(5) }
}

/// Keeps samples, lets these rounds follow, and writes down how long samples had been taken when it was asked.
#[derive(Default)]
struct Scripted {
    kept: Vec<Sample>,
    next: VecDeque<Vec<usize>>,
    asked_after: Vec<u64>,
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
