//! The progress of a run: a bar on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::glimpse::Glimpse;
use super::journal::Outlook;
use super::seen_errors::SeenErrors;
use crate::model::{Case, Outcome, Plan, Sample, Slot};
use crate::units;
use crate::visible::visible;

/// Watches a run.
pub trait Progress {
    /// A sample of an earlier session of this run is there already.
    fn skip(&mut self, case: &Case, slot: Slot);
    /// A sample begins; round 0 is the warm-up.
    fn begin(&mut self, case: &Case, slot: Slot);
    /// A sample ended, after so much time in all.
    fn end(&mut self, sample: &Sample, wall: Duration);
    /// It was looked whether another round follows.
    fn looked(&mut self, outlook: &Outlook);
    /// Where it shows how far the sample at hand is; `None` where nobody looks.
    fn glimpse(&self) -> Option<Glimpse> {
        None
    }
}

/// The progress of a run on standard error.
pub(crate) struct Terminal {
    bar: Option<ProgressBar>,
    glimpse: Glimpse,
    /// The ids of the plan's cases.
    ids: Vec<String>,
    /// Their number, in words.
    rounds: String,
    /// Whether further rounds may follow those that are planned.
    may_go_on: bool,
    left: Vec<(String, bool)>,
    /// The last wall time of each case, in rounds and in crashes: what the next of it is expected to take.
    walls: BTreeMap<(String, bool), Duration>,
    seen: SeenErrors,
}

impl Terminal {
    /// The progress of this plan: a bar when standard error is a terminal.
    pub(crate) fn new(plan: &Plan) -> Self {
        let crashes = plan.crash.iter().flat_map(|crash| &crash.order).map(|(index, _)| (index, false));
        let all = plan.order.iter().flatten().map(|index| (index, true)).chain(crashes);
        let mut left: Vec<_> = all.map(|(index, round)| (plan.cases[*index].id.clone(), round)).collect();
        left.reverse();
        let glimpse = Glimpse::default();
        let shown = glimpse.clone();
        // In a line of its own, which is not there while there is nothing to say.
        let within = move |_: &ProgressState, line: &mut dyn std::fmt::Write| {
            // A line that is not taken is drawn again with the next tick.
            let _ = shown.get().map(|seen| write!(line, "  {}", visible(&seen.to_string())));
        };
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {elapsed} gone, {msg}\n{within}")
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .with_key("within", within);
            let bar = ProgressBar::new(left.len() as u64 + 1).with_style(style);
            bar.enable_steady_tick(Duration::from_millis(500));
            bar
        });
        let (rounds, may_go_on) = match &plan.until {
            Some(until) => {
                (format!("{} to {}", until.fewest_rounds, until.most_rounds), until.ended.is_none())
            }
            None => (plan.rounds.to_string(), false),
        };
        let ids = plan.cases.iter().map(|case| case.id.clone()).collect();
        let (walls, seen) = (BTreeMap::new(), SeenErrors::default());
        Self { bar, glimpse, ids, rounds, may_go_on, left, walls, seen }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| crate::say!("{text}")),
            None => crate::say!("{text}"),
        }
    }

    /// Time left by the last time of each case still to come; cases not seen yet count as the
    /// mean of those seen.
    fn left(&self) -> Option<Duration> {
        if self.walls.is_empty() {
            return None;
        }
        let mean = self.walls.values().sum::<Duration>() / self.walls.len() as u32;
        Some(self.left.iter().map(|case| self.walls.get(case).copied().unwrap_or(mean)).sum())
    }

    /// Why the sample failed; in full the first time.
    fn error(&mut self, sample: &Sample) -> String {
        let error = sample.error.as_deref().unwrap_or("for no known reason");
        self.seen.text(&format!("{} in {}", sample.case, sample.slot), error)
    }

    fn left_words(&self) -> String {
        let about = if self.may_go_on { "at least about" } else { "about" };
        match self.left() {
            Some(left) if left.as_secs() >= 90 => format!("{about} {} min left", left.as_secs().div_ceil(60)),
            Some(left) => format!("{about} {} s left", left.as_secs()),
            None => "time left unknown yet".into(),
        }
    }
}

impl Progress for Terminal {
    fn skip(&mut self, _case: &Case, slot: Slot) {
        // The warm-up is not among those still to come.
        if slot != Slot::WarmUp {
            self.left.pop();
        }
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    fn begin(&mut self, case: &Case, slot: Slot) {
        let now = match slot {
            Slot::WarmUp => format!("warm-up: {}", case.id),
            Slot::Round(round) => format!("round {round} of {}: {}", self.rounds, case.id),
            Slot::Crash(moment) => format!("{}, to crash {}", case.id, moment.words()),
        };
        if let Some(bar) = &self.bar {
            bar.set_message(visible(&format!("{}, {now}", self.left_words())).into_owned());
        }
    }

    fn end(&mut self, sample: &Sample, wall: Duration) {
        self.walls.insert((sample.case.clone(), sample.slot.counts()), wall);
        if sample.slot != Slot::WarmUp {
            self.left.pop();
        }
        let place = match sample.slot {
            Slot::WarmUp => "warm-up  ".to_string(),
            Slot::Round(round) => format!("round {round:<2} "),
            Slot::Crash(_) => "crash    ".to_string(),
        };
        let text = match (sample.outcome, sample.total_ns) {
            (Outcome::Ok, None) => format!("{place} {:<42} {}", sample.case, crash_words(sample)),
            (Outcome::Ok, Some(total)) => {
                let phases: Vec<String> = sample
                    .phases
                    .iter()
                    .map(|(phase, ns)| format!("{} {}", phase.words(), units::seconds(*ns)))
                    .collect();
                format!(
                    "{place} {:<42} {:>9}  {:>12}  ({})",
                    sample.case,
                    units::seconds(total),
                    units::rate(sample.rows, total),
                    phases.join(", ")
                )
            }
            (Outcome::Timeout, _) => format!("{place} {:<42} TIMEOUT  {}", sample.case, self.error(sample)),
            _ => format!("{place} {:<42} FAILED  {}", sample.case, self.error(sample)),
        };
        self.line(&text);
        match &self.bar {
            Some(bar) => bar.inc(1),
            None if sample.slot.counts() && sample.position == 0 => {
                self.line(&format!("         {}", self.left_words()));
            }
            None => {}
        }
    }

    fn looked(&mut self, outlook: &Outlook) {
        self.line(&format!("         {}", outlook.words));
        let Some(order) = &outlook.next else {
            self.may_go_on = false;
            return;
        };
        // What comes next stands last.
        let round = order.iter().rev().map(|index| (self.ids[*index].clone(), true));
        self.left.extend(round);
        if let Some(bar) = &self.bar {
            bar.inc_length(order.len() as u64);
        }
    }

    fn glimpse(&self) -> Option<Glimpse> {
        self.bar.as_ref().map(|_| self.glimpse.clone())
    }
}

/// What a crash left, in words: `crashed after its end: 10 of 10 confirmed rows are there, and 0 others; up again in 0.2 s`.
fn crash_words(sample: &Sample) -> String {
    let (Slot::Crash(moment), Some(crash)) = (sample.slot, &sample.crash) else { return "ok".into() };
    if let Some(damage) = &crash.damage {
        let first = damage.lines().next().unwrap_or_default();
        return format!("crashed {}, and the database is damaged: {first}", moment.words());
    }
    format!(
        "crashed {}: {} of {} confirmed rows are there, and {} others; up again in {}",
        moment.words(),
        units::count(crash.confirmed_there),
        units::count(crash.confirmed),
        units::count(crash.others_there),
        units::seconds(crash.recovery_ns)
    )
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
