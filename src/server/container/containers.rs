//! The containers that a server runs in, one after the other.

use std::future::Future;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use testcontainers::bollard::models::{ContainerInspectResponse, VolumeCreateRequest};
use testcontainers::bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, KillContainerOptionsBuilder, LogsOptionsBuilder,
    StartContainerOptions, StatsOptionsBuilder,
};

use super::control_group;
use super::engine::Engine;
use super::owner;
use super::spec::{ContainerSpec, addresses};
use crate::errors::chain;
use crate::interrupt::Interrupt;
use crate::model::{CrashKind, Limits};
use crate::pg_error::describe;
use crate::server::child::tail;
use crate::server::connector::{Connector, Readiness};
use crate::server::throwaway::Instance;
use crate::server::{Killer, Settings, limits};
use crate::unavailable;

const ANSWER_LIMIT: Duration = Duration::from_secs(60);
const READY_LIMIT: Duration = Duration::from_secs(600);
/// How long a server may take for the checkpoint of its shutdown.
const FAST_LIMIT: Duration = Duration::from_secs(120);
/// The containers of a run, one after the other on the same volume.
pub(crate) struct Containers {
    engine: Engine,
    interrupt: Interrupt,
    run: String,
    spec: ContainerSpec,
    /// The container that was made last, until it is removed.
    name: Option<String>,
    made: u32,
    volume: Option<String>,
    /// The engine's data directory, if this user may write (and so measure the disk) there.
    data_dir: Option<PathBuf>,
}

impl Containers {
    /// No container and no volume yet, for the run of this id.
    pub(crate) fn new(
        engine: Engine,
        run: &str,
        spec: ContainerSpec,
        data_dir: Option<PathBuf>,
        interrupt: &Interrupt,
    ) -> Self {
        let (interrupt, run) = (interrupt.clone(), run.to_owned());
        Self { engine, interrupt, run, spec, name: None, made: 0, volume: None, data_dir }
    }

    /// Waits for the answer to a request that makes something, also when work has to stop: the
    /// engine would go on with it after what it makes was to be removed, and it would stay.
    fn make<T>(&self, answer: impl Future<Output = T>) -> Result<T> {
        self.interrupt.check()?;
        self.engine.wait(ANSWER_LIMIT, &Interrupt::new(), answer)
    }

    fn inspect(&self, name: &str, interrupt: &Interrupt) -> Result<ContainerInspectResponse> {
        self.engine
            .wait(
                ANSWER_LIMIT,
                interrupt,
                self.engine.docker().inspect_container(name, None::<InspectContainerOptions>),
            )?
            .with_context(|| format!("asking the container engine about {name}"))
    }

    /// Connects by TCP: the official image's temporary server, which runs while the cluster is
    /// made, listens on a socket inside the container only.
    fn wait_ready(&self, name: &str) -> Result<Connector> {
        let end = Instant::now() + READY_LIMIT;
        loop {
            self.interrupt.check()?;
            let seen = self.inspect(name, &self.interrupt)?;
            if let Some(why) = self.ended(name, &seen) {
                return Err(unavailable!("the server did not start: {why}"));
            }
            for address in addresses(&seen, self.engine.is_local()) {
                // Before the driver does: through the engine's proxy a connection is always taken,
                // and to a network that cannot be reached it takes minutes to fail.
                if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
                    continue;
                }
                let connector = Connector::new(self.spec.config(address), self.interrupt.clone());
                match connector.readiness().context("connecting to the container that was started")? {
                    Readiness::Ready => return Ok(connector),
                    Readiness::NotYet(_) => {}
                }
            }
            if Instant::now() >= end {
                return Err(unavailable!(
                    "the container does not take connections within {} s; the end of its log: {}",
                    READY_LIMIT.as_secs(),
                    tail(&self.log_of(name))
                ));
            }
            self.interrupt.sleep(Duration::from_millis(50))?;
        }
    }

    fn start(&self, name: &str) -> Result<()> {
        let started = self.engine.docker().start_container(name, None::<StartContainerOptions>);
        self.make(started)?.map_err(|error| {
            unavailable!("the container engine does not start the container {name}: {}", chain(&error))
        })
    }

    fn is_running(&self, name: &str) -> Result<bool> {
        let state = self.inspect(name, &self.interrupt)?.state;
        Ok(state.is_some_and(|state| state.running == Some(true)))
    }

    /// The last lines that the container printed.
    fn log_of(&self, name: &str) -> String {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail("200").build();
        let lines = self.engine.collect(
            ANSWER_LIMIT,
            &Interrupt::new(),
            self.engine.docker().logs(name, Some(options)),
        );
        match lines {
            Ok(lines) => lines.into_iter().filter_map(|line| Some(line.ok()?.to_string())).collect(),
            Err(error) => format!("(the log of {name} cannot be read: {error:#})"),
        }
    }

    fn ended(&self, name: &str, seen: &ContainerInspectResponse) -> Option<String> {
        let state = seen.state.as_ref()?;
        if state.running == Some(true) {
            return None;
        }
        let code = state.exit_code.unwrap_or_default();
        let memory = if state.oom_killed == Some(true) { ", killed for want of memory" } else { "" };
        Some(format!(
            "the container has ended (exit code {code}{memory}); the end of its log: {}",
            tail(&self.log_of(name))
        ))
    }
}

impl Instance for Containers {
    const NAME: &'static str = "the container";

    /// Makes the volume.
    fn prepare(&mut self) -> Result<()> {
        let name = format!("bulkbench-{}", self.run);
        let request = VolumeCreateRequest {
            name: Some(name.clone()),
            labels: Some(owner::labels(&self.run)?),
            ..Default::default()
        };
        // Named first: a request without an answer may have been carried out.
        self.volume = Some(name);
        self.make(self.engine.docker().create_volume(request))?
            .context("making a volume for the server's data")?;
        Ok(())
    }

    /// Whether the engine can is known once it has.
    fn lack(&self, wanted: Limits) -> Option<String> {
        limits::beyond(wanted).filter(|_| self.engine.is_local())
    }

    /// A container keeps what it was made with: the next has these.
    fn limit(&mut self, limits: Limits) -> Result<()> {
        self.spec.limits = limits;
        Ok(())
    }

    fn launch(&mut self, settings: &Settings) -> Result<Connector> {
        self.made += 1;
        let name = format!("bulkbench-{}-{}", self.run, self.made);
        self.name = Some(name.clone());
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        let docker = self.engine.docker();
        let body = self.spec.body(&self.run, self.volume.as_deref(), settings)?;
        self.make(docker.create_container(Some(options), body))?.map_err(|error| {
            let image = &self.spec.image;
            unavailable!("the container engine does not make a container of {image}: {}", chain(&error))
        })?;
        self.start(&name)?;
        self.wait_ready(&name)
    }

    fn launched(&self) -> bool {
        self.name.is_some()
    }

    /// The container is removed: it would keep its settings.
    fn shut_down(&mut self) -> Result<()> {
        let Some(name) = self.name.clone() else { return Ok(()) };
        let options = KillContainerOptionsBuilder::new().signal("SIGINT").build();
        let killed = self.engine.wait(
            ANSWER_LIMIT,
            &self.interrupt,
            self.engine.docker().kill_container(&name, Some(options)),
        )?;
        // One that has died cannot be signalled; it will recover from its files.
        let end = Instant::now() + FAST_LIMIT;
        while killed.is_ok() && Instant::now() < end {
            if !self.is_running(&name)? {
                break;
            }
            self.interrupt.sleep(Duration::from_millis(50))?;
        }
        owner::remove_container(&self.engine, &name)?;
        self.name = None;
        Ok(())
    }

    fn give_up(&mut self) -> Result<()> {
        self.shut_down()
    }

    /// The cluster may be half made: it gets a fresh volume.
    fn start_over(&mut self) -> Result<()> {
        self.remove()?;
        self.prepare()
    }

    fn log(&self) -> String {
        self.name.as_ref().map(|name| self.log_of(name)).unwrap_or_default()
    }

    fn died(&self) -> Option<String> {
        let name = self.name.as_ref()?;
        match self.inspect(name, &Interrupt::new()) {
            Ok(seen) => self.ended(name, &seen),
            Err(error) => Some(format!("its container cannot be seen: {error:#}")),
        }
    }

    fn first_process(&self) -> Option<i32> {
        None
    }

    /// CPU time of the container's control group, as the kernel counts it: read by its own server where that may, as
    /// the engine waits for a second reading before it answers.
    fn cpu_time(&self, connector: &Connector) -> Result<Duration> {
        if let Some(time) = control_group::cpu_time(connector)? {
            return Ok(time);
        }
        let name = self.name.as_deref().context("no container was made")?;
        let options = StatsOptionsBuilder::new().stream(false).one_shot(true).build();
        let stats = self.engine.collect(
            ANSWER_LIMIT,
            &Interrupt::new(),
            self.engine.docker().stats(name, Some(options)),
        )?;
        let stats = stats.into_iter().next().context("the container engine gives no statistics")??;
        let used = stats.cpu_stats.and_then(|cpu| cpu.cpu_usage).and_then(|usage| usage.total_usage);
        // A container that has ended is shown as one that has used nothing.
        match used {
            Some(ns) if ns > 0 => Ok(Duration::from_nanos(ns)),
            _ => Err(unavailable!("the container engine counts no CPU time for {name}; has it ended?")),
        }
    }

    /// By an engine client of its own, as it may be another thread that kills.
    fn killer(&self, _: CrashKind) -> Result<Killer> {
        let name = self.name.clone().context("no container was made")?;
        let engine = Engine::connect(&self.interrupt)?;
        Ok(Box::new(move || {
            let options = KillContainerOptionsBuilder::new().signal("SIGKILL").build();
            // Also when work has to stop: what it began is to end.
            let killed = engine.wait(
                ANSWER_LIMIT,
                &Interrupt::new(),
                engine.docker().kill_container(&name, Some(options)),
            )?;
            killed.with_context(|| format!("killing the container {name}"))
        }))
    }

    /// The same container, whose settings are those that it was made with.
    fn revive(&mut self, _: CrashKind, _seed: u64, _: &Settings) -> Result<Connector> {
        let name = self.name.clone().context("no container was made")?;
        let end = Instant::now() + ANSWER_LIMIT;
        while self.is_running(&name)? {
            if Instant::now() >= end {
                return Err(unavailable!("the container {name} was killed, and has not ended"));
            }
            self.interrupt.sleep(Duration::from_millis(10))?;
        }
        self.start(&name)?;
        self.wait_ready(&name)
    }

    fn transport(&self, connector: &Connector) -> &'static str {
        match connector.config().get_ports() {
            [5432] => "tcp, container network",
            _ => "tcp 127.0.0.1",
        }
    }

    fn data_dir(&self) -> Option<&Path> {
        self.data_dir.as_deref()
    }

    fn visible_path(&self, file: &Path, connector: &Connector) -> Result<PathBuf> {
        let path = std::fs::canonicalize(file)
            .map_err(|error| unavailable!("the server cannot read {}: {error}", file.display()))?;
        let inside = self
            .spec
            .exposed
            .iter()
            .find_map(|(dir, mount)| Some(mount.join(path.strip_prefix(dir).ok()?)))
            .ok_or_else(|| {
                unavailable!("{} lies in no directory that the container was given", path.display())
            })?;
        let name =
            inside.to_str().ok_or_else(|| unavailable!("{path:?} is not UTF-8, and COPY needs it to be"))?;
        connector
            .connect()?
            .query_one("SELECT pg_read_binary_file($1, 0, 1) IS NOT NULL", &[&name])
            .map_err(|error| {
                unavailable!(
                    "the container's server cannot read {}: {:#}; open the file and its directory to others (chmod o+rX)",
                    path.display(),
                    describe(error)
                )
            })?;
        Ok(inside)
    }

    fn remove(&mut self) -> Result<()> {
        let container = match self.name.take() {
            Some(name) => owner::remove_container(&self.engine, &name),
            None => Ok(()),
        };
        let volume = match self.volume.take() {
            Some(name) => owner::remove_volume(&self.engine, &name),
            None => Ok(()),
        };
        container.and(volume)
    }
}
