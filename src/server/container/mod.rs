//! A throwaway container, made through the container engine's API.
//!
//! The client is the one testcontainers configures (DOCKER_HOST, TLS, the usual sockets). Its
//! runner is not used: it speaks the newest version of the API only, which engines in use do not
//! know; it leaves a container behind that was made and did not start; it publishes ports to the
//! whole network unless told otherwise; and it cannot be interrupted.
//!
//! Settings are `-c` arguments. Other settings need another command line, and a container keeps
//! the one it was made with: [`Server::apply`] shuts the server down and makes a fresh container on
//! the same volume. The data lies on a named volume, never on the overlay of the image's layers.

mod engine;
mod image;
mod owner;
mod spec;

use std::cell::Cell;
use std::future::Future;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use testcontainers::bollard::models::{ContainerInspectResponse, VolumeCreateRequest};
use testcontainers::bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, KillContainerOptionsBuilder, LogsOptionsBuilder,
    StartContainerOptions, StatsOptionsBuilder,
};

use engine::no_permission;
pub use engine::{EngineStatus, engine_status};
pub use image::{BUILT_IMAGE, DEFAULT_IMAGE, usable};

use super::child::tail;
use super::connector::{Connector, Readiness};
use super::settings::{self, Catalog};
use super::{Checksums, Home, Options, Server, Settings, host};
use crate::errors::chain;
use crate::interrupt::Interrupt;
use crate::model::{ServerFacts, Source};
use crate::pg_error::describe;
use crate::probe::{disk, machine};
use crate::{unavailable, usage};
use engine::Engine;
use spec::{Spec, addresses};

const ANSWER_LIMIT: Duration = Duration::from_secs(60);
const READY_LIMIT: Duration = Duration::from_secs(600);
/// How long a server may take for the checkpoint of its shutdown.
const FAST_LIMIT: Duration = Duration::from_secs(120);
/// What max_wal_size is bounded by where the engine's disk cannot be seen.
const ASSUMED_FREE_BYTES: u64 = 40 << 30;

/// A throwaway container, running.
pub struct Container {
    engine: Engine,
    interrupt: Interrupt,
    run: String,
    spec: Spec,
    /// The container that runs now; each `apply` makes the next.
    name: Option<String>,
    made: u32,
    volume: Option<String>,
    given: Settings,
    running: Settings,
    /// How to connect to it as it was launched, and with a case's own settings.
    base: Connector,
    connector: Connector,
    /// The schema of its one database that everything is made in.
    home: Arc<Home>,
    catalog: Catalog,
    facts: ServerFacts,
    warnings: Vec<String>,
    cpu_before: Duration,
    cpu_most: Cell<Duration>,
    /// Where the engine keeps its data, if this user may write (and so measure the disk) there.
    data_dir: Option<PathBuf>,
}

/// An engine that answers, and an image it has: what `auto` wants to know before it decides.
pub struct Ready {
    engine: Engine,
    image: String,
    reason: String,
}

impl Ready {
    /// Why a container can be had, in words.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// Why there can be no container, as records have it: an engine's own words may hold addresses of this
/// machine's network and names of registries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// No engine answers.
    Engine,
    /// This user may not use the engine.
    Permission,
    /// The engine has no image to use and cannot pull one.
    Image,
}

impl Lack {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Lack::Engine => "no container engine answers",
            Lack::Permission => "this user may not use the container engine",
            Lack::Image => "the container engine has no image to use and cannot pull one",
        }
    }

    fn of_engine() -> Self {
        if no_permission().is_some() { Lack::Permission } else { Lack::Engine }
    }
}

/// Finds an engine, and an image to use, pulled if need be; or says what is lacking, with the reason and
/// the next step in the error, which is [`crate::fault::Fault::Unavailable`] unless work has to stop.
pub fn find(options: &Options, interrupt: &Interrupt) -> Result<Ready, (Lack, anyhow::Error)> {
    let engine = Engine::connect(interrupt).map_err(|error| (Lack::of_engine(), error))?;
    let present = engine.images().map_err(|error| (Lack::Engine, error))?;
    let (image, reason) = image::choose(&engine, &present, options.image.as_deref(), interrupt)
        .map_err(|error| (Lack::Image, error))?;
    let reason = format!("a container engine answers (version {}), and {reason}", engine.version);
    Ok(Ready { engine, image, reason })
}

impl Container {
    /// Makes a container and starts it.
    ///
    /// # Errors
    /// No engine, no permission, no image, too little space, settings the server does not take, or
    /// work has to stop.
    pub fn start(options: &Options, interrupt: &Interrupt) -> Result<Self> {
        settings::check_reserved(&options.settings)?;
        let ready = find(options, interrupt).map_err(|(_, error)| error)?;
        let reason = format!("asked for; {}", ready.reason);
        Self::start_prepared(ready, Some(&reason), options, interrupt)
    }

    /// As [`Container::start`], with what [`find`] found; the record gives its reason, or another.
    ///
    /// # Errors
    /// As [`Container::start`].
    pub fn start_prepared(
        ready: Ready,
        reason: Option<&str>,
        options: &Options,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        settings::check_reserved(&options.settings)?;
        let Ready { engine, image, reason: found } = ready;
        let mut warnings = owner::sweep(&engine, interrupt)?;
        if options.data_dir.is_some() {
            warnings.push(
                "--data-dir is for a local server; the container's data lies on a volume of the engine"
                    .into(),
            );
        }
        let mut free_bytes = ASSUMED_FREE_BYTES;
        let data_dir = engine.data_dir(interrupt);
        match &data_dir {
            Some(dir) => {
                host::check_free(dir, options.need_bytes)?;
                free_bytes = disk::free_bytes(dir)?;
                if disk::in_memory(&disk::filesystem(dir)?) {
                    warnings.push(format!("the engine keeps its data in memory ({} is a tmpfs): these times say nothing of a server on a disk", dir.display()));
                }
            }
            None => warnings.push("whether the engine's disk has room could not be checked from here".into()),
        }
        let given = settings::merge(&settings::tuned(machine::memory_bytes(), free_bytes), &options.settings);
        warnings.extend(settings::checkpoint_warning(free_bytes, options.need_bytes));
        let facts = ServerFacts {
            source: Source::Container,
            reason: reason.unwrap_or(&found).into(),
            version_num: 0,
            version: String::new(),
            image: Some(image.clone()),
            transport: String::new(),
            given: given.clone(),
            settings: Settings::new(),
        };
        let spec = Spec::new(&engine, image, options, interrupt)?;
        // From here on a failure drops `container`, which removes what there is.
        let mut container = Self {
            engine,
            interrupt: interrupt.clone(),
            run: options.id.clone(),
            spec,
            name: None,
            made: 0,
            volume: None,
            given: given.clone(),
            running: Settings::new(),
            base: Connector::new(tokio_postgres::Config::new(), interrupt.clone()),
            connector: Connector::new(tokio_postgres::Config::new(), interrupt.clone()),
            home: Arc::default(),
            catalog: Catalog::default(),
            facts,
            warnings,
            cpu_before: Duration::ZERO,
            cpu_most: Cell::default(),
            data_dir: data_dir.filter(|dir| tempfile::tempfile_in(dir).is_ok()),
        };
        container.make_volume()?;
        if let Err(error) = container.launch(&given) {
            return Err(container.why_not(error, &options.settings));
        }
        container.learn()?;
        let checksums = container.facts.settings.get("data_checksums").map(String::as_str);
        if (checksums == Some("on")) != (options.checksums == Checksums::On) {
            return Err(unavailable!(
                "the image {} does not take POSTGRES_INITDB_ARGS: its data_checksums are {}; use an image with the contract of the official one",
                container.spec.image,
                checksums.unwrap_or("unknown")
            ));
        }
        Ok(container)
    }

    fn make_volume(&mut self) -> Result<()> {
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

    /// Waits for the answer to a request that makes something, also when work has to stop: the
    /// engine would go on with it after what it makes was to be removed, and it would stay.
    fn make<T>(&self, answer: impl Future<Output = T>) -> Result<T> {
        self.interrupt.check()?;
        self.engine.wait(ANSWER_LIMIT, &Interrupt::new(), answer)
    }

    /// Makes a container with these settings, starts it, and waits until it takes connections;
    /// none may be running.
    fn launch(&mut self, settings: &Settings) -> Result<()> {
        self.made += 1;
        let name = format!("bulkbench-{}-{}", self.run, self.made);
        self.running = settings.clone();
        self.name = Some(name.clone());
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        let docker = self.engine.docker();
        let body = self.spec.body(&self.run, self.volume.as_deref(), settings)?;
        self.make(docker.create_container(Some(options), body))?.map_err(|error| {
            let image = &self.spec.image;
            unavailable!("the container engine does not make a container of {image}: {}", chain(&error))
        })?;
        self.make(docker.start_container(&name, None::<StartContainerOptions>))?.map_err(|error| {
            unavailable!("the container engine does not start the container {name}: {}", chain(&error))
        })?;
        self.base = self.wait_ready(&name)?;
        self.connector = self.base.clone();
        Ok(())
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
                    tail(&self.log(name))
                ));
            }
            self.interrupt.sleep(Duration::from_millis(50))?;
        }
    }

    fn learn(&mut self) -> Result<()> {
        let plain = self.base.clone();
        let mut session = plain.connect()?;
        plain.asking(|| {
            self.home = Arc::new(Home::of(&mut session)?);
            (self.facts.version_num, self.facts.version) = settings::read_version(&mut session)?;
            self.facts.settings = settings::read_facts(&mut session)?;
            self.catalog = Catalog::read(&mut session)?;
            Ok(())
        })?;
        self.connector = plain.at_home(&self.home);
        self.facts.transport = match self.connector.config().get_ports() {
            [5432] => "tcp, container network".into(),
            _ => "tcp 127.0.0.1".into(),
        };
        Ok(())
    }

    /// What the container has printed last.
    fn log(&self, name: &str) -> String {
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
            tail(&self.log(name))
        ))
    }

    /// Puts the user's error first where a setting of theirs kept the server from starting.
    fn why_not(&mut self, error: anyhow::Error, set: &Settings) -> anyhow::Error {
        let log = self.name.as_ref().map(|name| self.log(name)).unwrap_or_default();
        let Some(words) = settings::complaint(&log, set) else { return error };
        let unasked =
            words.contains("unrecognized configuration parameter") && self.catalog.value("fsync").is_none();
        if unasked {
            // The cluster may be half made: a server without those settings on a fresh volume
            // knows the names; a failure here leaves the first error.
            let again = self
                .remove()
                .and_then(|()| self.make_volume())
                .and_then(|()| self.launch(&Settings::new()))
                .and_then(|()| self.learn());
            if again.is_err() {
                return error;
            }
        }
        match self.catalog.value("fsync").map(|_| self.catalog.check(set)) {
            Some(Err(unknown)) => unknown,
            _ => usage!("the server does not take a setting it was given: {words}"),
        }
    }

    /// Shuts the server down so that its files can be used again, and removes the container.
    fn retire(&mut self) -> Result<()> {
        let Some(name) = self.name.clone() else { return Ok(()) };
        self.cpu_before = match self.usage(&name) {
            Ok(time) => self.cpu_before + time,
            Err(_) => self.cpu_most.get(),
        };
        let options = KillContainerOptionsBuilder::new().signal("SIGINT").build();
        let killed = self.engine.wait(
            ANSWER_LIMIT,
            &self.interrupt,
            self.engine.docker().kill_container(&name, Some(options)),
        )?;
        // One that has died cannot be signalled; it will recover from its files.
        let end = Instant::now() + FAST_LIMIT;
        while killed.is_ok() && Instant::now() < end {
            if self.inspect(&name, &self.interrupt)?.state.is_none_or(|state| state.running != Some(true)) {
                break;
            }
            self.interrupt.sleep(Duration::from_millis(50))?;
        }
        owner::remove_container(&self.engine, &name)?;
        self.name = None;
        Ok(())
    }

    /// CPU time of the running container's control group, as the kernel counts it.
    fn usage(&self, name: &str) -> Result<Duration> {
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

impl Server for Container {
    fn facts(&self) -> &ServerFacts {
        &self.facts
    }

    fn data_dir(&self) -> Option<&Path> {
        self.data_dir.as_deref()
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn connector(&self) -> &Connector {
        &self.connector
    }

    fn home(&self) -> &Home {
        &self.home
    }

    fn refuses(&self, settings: &Settings) -> Option<String> {
        let known = settings::check_reserved(settings).and_then(|()| self.catalog.check(settings));
        known.err().map(|error| error.to_string())
    }

    fn restarts_for(&self, settings: &Settings) -> Settings {
        settings::needing_restart(&self.catalog, &self.given, settings)
    }

    fn apply(&mut self, settings: &Settings) -> Result<()> {
        settings::check_reserved(settings)?;
        self.catalog.check(settings)?;
        let (lasting, of_session) = self.catalog.divide(settings);
        let wanted = settings::merge(&self.given, &lasting);
        if wanted != self.running || self.died().is_some() {
            self.retire()?;
            if let Err(error) = self.launch(&wanted) {
                let error = self.why_not(error, settings);
                // Not a server that is half there: the next `apply` makes a fresh one.
                self.retire()?;
                return Err(error).context("restarting the server with a case's settings");
            }
        }
        self.connector = self.base.with_settings(&of_session).at_home(&self.home);
        Ok(())
    }

    fn died(&self) -> Option<String> {
        let Some(name) = &self.name else {
            return Some("it did not start with the settings it was given last".into());
        };
        match self.inspect(name, &Interrupt::new()) {
            Ok(seen) => self.ended(name, &seen),
            Err(error) => Some(format!("its container cannot be seen: {error:#}")),
        }
    }

    fn cpu_time(&self) -> Result<Option<Duration>> {
        let name = self.name.as_ref().ok_or_else(|| unavailable!("the server does not run: no CPU time"))?;
        let most = (self.cpu_before + self.usage(name)?).max(self.cpu_most.get());
        self.cpu_most.set(most);
        Ok(Some(most))
    }

    fn visible_path(&self, file: &Path) -> Result<PathBuf> {
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
        self.connector
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

    fn stop(mut self: Box<Self>) -> Result<()> {
        self.remove()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            crate::say!("bulkbench: the container is not quite gone: {error:#}");
        }
    }
}
