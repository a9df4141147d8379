//! The journal of a run: each sample is on the disk before the next begins, and each round is planned there before it does.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::analysis::{judge, rounds, summarize};
use crate::model::{Run, Sample};
use crate::record::Store;
use crate::redact::Redactor;
use crate::report;
use crate::runner::Journal;
use crate::runner::journal::Outlook;

/// A run as its records have it.
pub(crate) struct RunJournal<'a> {
    /// Where they are.
    pub store: Store,
    /// The run.
    pub run: Run,
    /// Its samples so far.
    pub samples: Vec<Sample>,
    redactor: &'a Redactor,
    /// The orders of the rounds that may follow those of the plan.
    further: VecDeque<Vec<usize>>,
    /// What rounds had taken before these samples, in nanoseconds.
    spent_before_ns: u64,
}

impl<'a> RunJournal<'a> {
    /// The journal of a run that has these samples, and may go on in these rounds.
    pub(crate) fn new(
        store: Store,
        run: Run,
        samples: Vec<Sample>,
        redactor: &'a Redactor,
        further: Vec<Vec<usize>>,
    ) -> Self {
        let spent_before_ns = run.plan.until.as_ref().map_or(0, |until| until.spent_ns);
        Self { store, run, samples, redactor, further: further.into(), spent_before_ns }
    }
}

impl Journal for RunJournal<'_> {
    fn keep(&mut self, sample: &Sample) -> Result<()> {
        let sample = sample.clone().redacted(self.redactor);
        self.store.append(&sample)?;
        self.samples.push(sample);
        Ok(())
    }

    fn look(&mut self, spent: Duration) -> Result<Option<Outlook>> {
        let Some(until) = self.run.plan.until.as_mut().filter(|until| until.ended.is_none()) else {
            return Ok(None);
        };
        until.spent_ns = self.spent_before_ns.saturating_add(spent.as_nanos() as u64);
        let standings = judge(summarize(&self.run, &self.samples));
        let look = rounds::look(&self.run.plan, &standings).context("a rule that looks at nothing")?;
        let plan = &mut self.run.plan;
        if let Some(until) = &mut plan.until {
            (until.wider, until.ended) = (look.wider.clone(), look.ended);
        }
        let words = report::standing_after_round(plan, &look);
        let next = match look.ended {
            Some(_) => None,
            None => Some(self.further.pop_front().context("a rule that allows more rounds than it has")?),
        };
        if let Some(order) = &next {
            plan.order.push(order.clone());
            plan.rounds += 1;
        }
        self.store.describe(&self.run)?;
        Ok(Some(Outlook { words, next }))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::model::{Phase, RoundsEnd, Slot, Until};
    use crate::record::load;

    const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/schema-2");

    /// The run of the fixture, in five rounds and up to eight, for so long, of which so much is spent.
    fn open_run([most_s, spent_s]: [u64; 2]) -> Run {
        let (mut run, _) = load(Path::new(FIXTURE)).unwrap();
        run.plan.until = Some(Until {
            percent: 2.0,
            cases: vec![],
            fewest_rounds: 5,
            most_rounds: 8,
            most_ns: most_s * 1_000_000_000,
            spent_ns: spent_s * 1_000_000_000,
            wider: Default::default(),
            ended: None,
        });
        run.plan.rounds = 5;
        run.plan.order = vec![vec![0, 1]; 5];
        run
    }

    /// Keeps a sample of both cases for each of these rounds, in which the second takes so many milliseconds.
    fn keep(journal: &mut RunJournal<'_>, rounds: &[(u32, u64)]) {
        let (_, templates) = load(Path::new(FIXTURE)).unwrap();
        for (round, ms) in rounds {
            let order = journal.run.plan.order[*round as usize - 1].clone();
            for (position, index) in (0..).zip(order) {
                let ns = if index == 0 { 900_000_000 } else { ms * 1_000_000 };
                let sample = Sample {
                    slot: Slot::Round(*round),
                    position,
                    total_ns: Some(ns),
                    phases: [(Phase::Load, ns)].into(),
                    ..templates[index].clone()
                };
                journal.keep(&sample).unwrap();
            }
        }
    }

    fn ended(run: &Run) -> (u32, Option<RoundsEnd>, u64) {
        let until = run.plan.until.as_ref().unwrap();
        (run.plan.rounds, until.ended, until.spent_ns / 1_000_000_000)
    }

    #[test]
    fn rounds_go_on_on_the_disk_before_they_begin_until_the_rule_ends_them() {
        let dir = tempfile::tempdir().unwrap();
        let run = open_run([1000, 0]);
        let further = vec![vec![1, 0], vec![0, 1], vec![1, 0]];
        let redactor = Redactor::default();
        let store = Store::create(dir.path(), &run).unwrap();
        let mut journal = RunJournal::new(store, run, vec![], &redactor, further.clone());
        keep(&mut journal, &[(1, 500), (2, 800), (3, 510), (4, 790), (5, 650)]);
        for (round, order) in (5..).zip(&further) {
            let outlook = journal.look(Duration::from_secs(10 * u64::from(round))).unwrap().unwrap();
            let words = format!(
                "after {round} rounds: 1 of 2 intervals within ±2 %, wider copy-unlogged-parallel (±"
            );
            assert!(outlook.words.starts_with(&words), "{}", outlook.words);
            assert_eq!(outlook.next.as_ref(), Some(order));
            let (kept, samples) = load(dir.path()).unwrap();
            assert_eq!((&kept.plan.order, &samples), (&journal.run.plan.order, &journal.samples));
            assert_eq!(ended(&kept), (round + 1, None, 10 * u64::from(round)));
            assert_eq!(kept.plan.order.last(), Some(order));
            let wider = &kept.plan.until.as_ref().unwrap().wider;
            assert_eq!(wider.keys().collect::<Vec<_>>(), ["copy-unlogged-parallel"]);
            assert!(wider["copy-unlogged-parallel"].unwrap() > 2.0, "{wider:?}");
            keep(&mut journal, &[(round + 1, 700)]);
        }
        let outlook = journal.look(Duration::from_secs(80)).unwrap().unwrap();
        assert!(
            outlook.words.ends_with("no further round, as these are the most (--max-rounds)"),
            "{outlook:?}"
        );
        assert_eq!(outlook.next, None);
        let (kept, _) = load(dir.path()).unwrap();
        assert_eq!(ended(&kept), (8, Some(RoundsEnd::Rounds), 80));
        assert_eq!(journal.look(Duration::from_secs(90)).unwrap(), None, "it has ended");
    }

    #[test]
    fn intervals_that_are_narrow_end_the_rounds_and_so_does_the_time_of_all_sessions() {
        for (run, second, spent, end) in [
            (open_run([1000, 0]), [500, 501, 499, 500, 502], 10, (5, Some(RoundsEnd::Narrow), 10)),
            // 20 s a round: a sixth would end after 120 s.
            (open_run([119, 90]), [500, 800, 510, 790, 650], 10, (5, Some(RoundsEnd::Time), 100)),
            (open_run([120, 90]), [500, 800, 510, 790, 650], 10, (6, None, 100)),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let redactor = Redactor::default();
            let store = Store::create(dir.path(), &run).unwrap();
            let mut journal = RunJournal::new(store, run, vec![], &redactor, vec![vec![0, 1]; 3]);
            keep(&mut journal, &(1..).zip(second).collect::<Vec<_>>());
            let outlook = journal.look(Duration::from_secs(spent)).unwrap().unwrap();
            assert_eq!(ended(&journal.run), end);
            assert_eq!(outlook.next.is_some(), end.1.is_none());
            assert_eq!(ended(&load(dir.path()).unwrap().0), end);
        }
    }

    #[test]
    fn a_run_of_so_many_rounds_is_not_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let (run, samples) = load(Path::new(FIXTURE)).unwrap();
        let redactor = Redactor::default();
        let store = Store::create(dir.path(), &run).unwrap();
        let mut journal = RunJournal::new(store, run, samples, &redactor, vec![]);
        assert_eq!(journal.look(Duration::ZERO).unwrap(), None);
    }
}
