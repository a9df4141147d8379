//! A load whose server crashes in it or right after it.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::interrupt::{Deadline, Interrupt};
use crate::method::tools::confirmed::{Confirmed, Part};
use crate::method::{Edges, Load, PhaseClock};
use crate::model::{Ability, Moment, Phase};
use crate::runner::crash_left::Killed;
use crate::runner::readback;
use crate::runner::sample::Course;
use crate::runner::steps::Ready;
use crate::server::Killer;

/// Loads the rows, directly whatever latency the case adds, and crashes the server at this moment; in the middle means
/// so long after the load phase has begun. What confirms no part of itself crashes after its end, where half was to
/// be confirmed.
///
/// # Errors
/// When the load fails before the server is killed, or it cannot be killed; when work has to stop.
pub(super) fn load(ready: Ready<'_>, course: Course) -> Result<Killed> {
    let Ready { parts, control, scratch, rows, before } = ready;
    let Course { kind, moment, middle, .. } = course;
    let has_settings = parts.table.absent.has(Ability::Settings);
    // After the crash it may be too late to ask.
    let settings = has_settings.then(|| readback::settings(control)).transpose()?;
    parts.server.brace(kind)?;
    let after = (moment == Moment::Middle).then_some(middle);
    let killing = Arc::new(Killing::new(parts.server.killer(kind)?, after, parts.interrupt.clone()));
    let half = rows.div_ceil(2);
    let hears = killing.clone();
    let confirmed = Confirmed::heard_by(move |confirmed| {
        if moment == Moment::Half && confirmed >= half {
            hears.kill();
        }
    });
    let load = Load {
        server: parts.server,
        connector: parts.server.connector(),
        dataset: parts.dataset.1,
        table: &parts.table,
        rows,
        params: &parts.case.params,
        scratch: scratch.path(),
        confirmed: Some(&confirmed),
    };
    let mut clock = PhaseClock::heard_by(vec![killing.clone()]);
    let deadline = parts.interrupt.deadline(parts.timeout)?;
    let loaded = parts.method.load(&load, &mut clock);
    killing.stop_waiting();
    let ended = Instant::now();
    let whole = loaded.is_ok();
    if whole {
        killing.kill();
    }
    let killed = killing.killed()?;
    parts.interrupt.check()?;
    drop(deadline);
    let KilledIn { phase, at, hung } = match (killed, loaded) {
        (Some(killed), _) => killed,
        (None, Err(error)) => return Err(error),
        (None, Ok(())) => bail!("the load has ended, and its server was not killed"),
    };
    let mut confirmed = confirmed.parts();
    if whole {
        confirmed.extend(rest(&confirmed, rows, ended));
    }
    Ok(Killed { phase, at, hung, confirmed, phases: clock.phases().clone(), before, settings })
}

/// The rows among so many that are in none of the parts, confirmed together in the end.
fn rest(parts: &[Part], rows: u64, at: Instant) -> Vec<Part> {
    let mut ranges: Vec<_> = parts.iter().map(|part| part.rows.clone()).collect();
    ranges.sort_by_key(|range| *range.start());
    ranges.push(rows + 1..=rows + 1);
    let mut next = 1;
    let mut rest = Vec::new();
    for range in ranges {
        if next < *range.start() {
            rest.push(Part { rows: next..=range.start() - 1, at });
        }
        next = next.max(range.end() + 1);
    }
    rest
}

/// What kills the server, once.
struct Killing {
    server: Arc<Mutex<State>>,
    /// How long after the beginning of the load phase; `None` at another moment.
    after: Option<Duration>,
    /// What waits for that; it ends when its sender is dropped.
    timer: Mutex<Option<(Sender<()>, JoinHandle<()>)>>,
}

struct State {
    killer: Killer,
    interrupt: Interrupt,
    phase: Option<Phase>,
    killed: Option<Result<(Option<Phase>, Instant, Deadline)>>,
}

/// How long a client may take to notice that its server is gone: one that was sent no end of its connection waits for ever.
const NOTICE_LIMIT: Duration = Duration::from_secs(30);

/// The phase and the time in which a server was killed, and whether its client did not notice.
struct KilledIn {
    phase: Option<Phase>,
    at: Instant,
    hung: bool,
}

impl Killing {
    fn new(killer: Killer, after: Option<Duration>, interrupt: Interrupt) -> Self {
        let server = Arc::new(Mutex::new(State { killer, interrupt, phase: None, killed: None }));
        Self { server, after, timer: Mutex::default() }
    }

    fn kill(&self) {
        kill(&self.server);
    }

    /// How the server was killed; `None` when it was not. The client is not ended any more for that it has not noticed.
    fn killed(&self) -> Result<Option<KilledIn>> {
        let killed = locked(&self.server).killed.take().transpose()?;
        Ok(killed.map(|(phase, at, noticing)| KilledIn { phase, at, hung: noticing.has_passed() }))
    }

    fn stop_waiting(&self) {
        if let Some((stop, waiting)) = locked(&self.timer).take() {
            drop(stop);
            // A panic in it has been told by the panic's own message.
            let _ = waiting.join();
        }
    }
}

impl Edges for Killing {
    fn enter(&self, phase: Option<Phase>) {
        locked(&self.server).phase = phase;
        let mut timer = locked(&self.timer);
        let Some(after) = self.after.filter(|_| phase == Some(Phase::Load) && timer.is_none()) else {
            return;
        };
        let (stop, stopped) = channel::<()>();
        let server = self.server.clone();
        let waiting = std::thread::spawn(move || {
            if stopped.recv_timeout(after) == Err(RecvTimeoutError::Timeout) {
                kill(&server);
            }
        });
        *timer = Some((stop, waiting));
    }
}

fn kill(server: &Mutex<State>) {
    let mut state = locked(server);
    if state.killed.is_none() {
        let (phase, at) = (state.phase, Instant::now());
        // On a thread of its own, as one that drives a connection may not wait for a container engine.
        let killed = std::thread::scope(|scope| scope.spawn(|| (state.killer)()).join());
        let killed = killed.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let noticing =
            || state.interrupt.deadline(NOTICE_LIMIT).context("giving the client a while to notice");
        state.killed = Some(killed.and_then(|()| Ok((phase, at, noticing()?))));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_confirmed_in_the_end_is_what_was_not_before() {
        let at = Instant::now();
        let rest = |parts: &[std::ops::RangeInclusive<u64>]| {
            let parts: Vec<Part> = parts.iter().map(|rows| Part { rows: rows.clone(), at }).collect();
            super::rest(&parts, 10, at).into_iter().map(|part| part.rows).collect::<Vec<_>>()
        };
        assert_eq!(rest(&[]), [1..=10]);
        assert_eq!(rest(&[1..=4, 5..=10]), []);
        assert_eq!(rest(&[7..=8, 1..=2]), [3..=6, 9..=10]);
    }

    #[test]
    fn a_server_is_killed_once_and_in_the_phase_it_was_in() {
        let killed = Arc::new(Mutex::new(0));
        let counts = killed.clone();
        let killer = move || {
            *counts.lock().unwrap() += 1;
            Ok(())
        };
        let killing = Killing::new(Box::new(killer), Some(Duration::ZERO), Interrupt::new());
        killing.enter(Some(Phase::Prepare));
        assert!(killing.killed().unwrap().is_none());
        killing.enter(Some(Phase::Load));
        while *killed.lock().unwrap() == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        killing.kill();
        killing.stop_waiting();
        assert_eq!(
            killing.killed().unwrap().map(|killed| (killed.phase, killed.hung)),
            Some((Some(Phase::Load), false))
        );
        assert_eq!(*killed.lock().unwrap(), 1);
    }
}
