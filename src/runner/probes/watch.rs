//! The probes of one sample, running.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Error, Result};

use super::probe::{Place, Probe};
use crate::interrupt::Interrupt;
use crate::method::Edges;
use crate::model::{Phase, Readings};
use crate::server::Session;

/// Between two looks: 20 in a second.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// The probes of one sample, running. Dropped, they stop without readings.
pub(crate) struct Probes {
    running: Arc<Running>,
    /// Dropped, it ends the looks.
    stop: Option<Sender<()>>,
    looks: Option<JoinHandle<()>>,
}

/// What hears the edges, and what looks in between.
struct Running(Mutex<State>);

struct State {
    probes: Vec<Box<dyn Probe>>,
    /// Of the edges and looks.
    session: Session,
    phase: Option<Phase>,
    /// The first error, after which nothing is read any more.
    failed: Option<Error>,
}

impl Probes {
    pub(super) fn start(
        mut probes: Vec<Box<dyn Probe>>,
        mut at: Place<'_>,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        interrupt.check()?;
        let session = at.server.connector().connect()?;
        probes.iter_mut().try_for_each(|probe| probe.start(&mut at))?;
        let state = State { probes, session, phase: None, failed: None };
        let running = Arc::new(Running(Mutex::new(state)));
        let (stop, stopped) = channel();
        let looking = running.clone();
        let looks = std::thread::Builder::new()
            .name("probes".into())
            .spawn(move || look(&looking, &stopped))
            .context("starting the thread of the probes")?;
        Ok(Self { running, stop: Some(stop), looks: Some(looks) })
    }

    /// What has to hear the edges of the phases.
    pub(crate) fn edges(&self) -> Arc<dyn Edges> {
        self.running.clone()
    }

    /// Stops them: the first thing after the last phase.
    ///
    /// # Errors
    /// When a probe that works here failed.
    pub(crate) fn stop(mut self, mut at: Place<'_>) -> Result<Readings> {
        self.end_looks();
        let mut state = self.running.lock();
        if let Some(error) = state.failed.take() {
            return Err(error);
        }
        let mut readings = Readings::default();
        state.probes.iter_mut().rev().try_for_each(|probe| probe.stop(&mut at, &mut readings))?;
        Ok(readings)
    }

    fn end_looks(&mut self) {
        self.stop = None;
        // A panic in it has been told by the panic's own message.
        let _ = self.looks.take().map(JoinHandle::join);
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        self.end_looks();
    }
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Edges for Running {
    fn enter(&self, phase: Option<Phase>) {
        let mut state = self.lock();
        state.each(|probe, session| probe.edge(phase, session));
        state.phase = phase;
    }
}

impl State {
    fn each(&mut self, mut reads: impl FnMut(&mut dyn Probe, &mut Session) -> Result<()>) {
        let Self { probes, session, failed, .. } = self;
        if failed.is_none() {
            *failed = probes.iter_mut().try_for_each(|probe| reads(&mut **probe, session)).err();
        }
    }
}

fn look(running: &Running, stopped: &Receiver<()>) {
    while stopped.recv_timeout(BETWEEN_LOOKS) == Err(RecvTimeoutError::Timeout) {
        let mut state = running.lock();
        let phase = state.phase;
        state.each(|probe, session| probe.look(phase, session));
    }
}
