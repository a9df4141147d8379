//! The container engine: asked through its API, never longer than work may go on.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::{Stream, StreamExt};
use testcontainers::bollard::Docker;
use testcontainers::bollard::errors::Error as EngineError;
use testcontainers::bollard::query_parameters::ListImagesOptionsBuilder;
use testcontainers::core::client::docker_client_instance;

use crate::errors::chain;
use crate::fault::Fault;
use crate::interrupt::Interrupt;
use crate::unavailable;

/// How long the engine may take to say that it is there.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// How often a wait for the engine looks whether work has to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The result of looking for a container engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineStatus {
    /// There is no engine; the reason in words.
    Absent(String),
    /// There is an engine, and this user may not use it; in words, with the next step.
    NoPermission(String),
    /// The engine answers.
    Answers {
        /// Its version.
        version: String,
        /// The names of the images it has.
        images: Vec<String>,
    },
}

/// A container engine that answers.
pub(crate) struct Engine {
    runtime: tokio::runtime::Runtime,
    docker: Docker,
    /// Its version.
    pub version: String,
}

/// Looks for an engine, and at the images it has.
pub fn engine_status() -> EngineStatus {
    let found = Engine::connect(&Interrupt::new()).and_then(|engine| {
        let images = engine.images()?;
        Ok(EngineStatus::Answers { version: engine.version, images })
    });
    found.unwrap_or_else(|error| match no_permission() {
        Some(words) => EngineStatus::NoPermission(words),
        None => EngineStatus::Absent(chain(error.as_ref())),
    })
}

impl Engine {
    /// Connects to the engine that the docker command would use (DOCKER_HOST, contexts, the usual
    /// sockets), and speaks a version of the API that it knows.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when there is none, or this user may not use it.
    pub(crate) fn connect(interrupt: &Interrupt) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // One at a time: two that ask at once get one client, whose connections then hang on the
        // runtime of the first.
        static ASKING: Mutex<()> = Mutex::new(());
        let docker = {
            let _one = ASKING.lock().unwrap_or_else(|e| e.into_inner());
            runtime.block_on(docker_client_instance()).map_err(|error| {
                unavailable!("no container engine: {error}; install Docker or Podman, or use --server local")
            })?
        };
        let mut engine = Self { runtime, docker, version: String::new() };
        engine.docker = engine
            .wait(ANSWER_LIMIT, interrupt, engine.docker.clone().negotiate_version())?
            .map_err(no_engine)?;
        let version = engine.wait(ANSWER_LIMIT, interrupt, engine.docker.version())?.map_err(no_engine)?;
        engine.version = version.version.unwrap_or_else(|| "of no version".into());
        Ok(engine)
    }

    /// The client.
    pub(crate) fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Waits for an answer.
    ///
    /// # Errors
    /// When work has to stop, or there is no answer within `limit`.
    pub(crate) fn wait<T>(
        &self,
        limit: Duration,
        interrupt: &Interrupt,
        answer: impl Future<Output = T>,
    ) -> Result<T> {
        let end = Instant::now() + limit;
        self.runtime.block_on(async {
            let mut answer = pin!(answer);
            loop {
                interrupt.check()?;
                if let Ok(done) = tokio::time::timeout(LOOK_EVERY, &mut answer).await {
                    return Ok(done);
                }
                if Instant::now() >= end {
                    return Err(unavailable!(
                        "the container engine does not answer within {} s",
                        limit.as_secs()
                    ));
                }
            }
        })
    }

    /// All items of a stream, each within `limit` of the one before.
    ///
    /// # Errors
    /// As [`Engine::wait`].
    pub(crate) fn collect<T>(
        &self,
        limit: Duration,
        interrupt: &Interrupt,
        stream: impl Stream<Item = T>,
    ) -> Result<Vec<T>> {
        let mut stream = pin!(stream);
        let mut items = Vec::new();
        while let Some(item) = self.wait(limit, interrupt, stream.next())? {
            items.push(item);
        }
        Ok(items)
    }

    /// The names of all images it has.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) fn images(&self) -> Result<Vec<String>> {
        let options = ListImagesOptionsBuilder::new().build();
        let images = self
            .wait(ANSWER_LIMIT, &Interrupt::new(), self.docker.list_images(Some(options)))?
            .context("asking the container engine for its images")?;
        let mut names: Vec<String> = images.into_iter().flat_map(|image| image.repo_tags).collect();
        names.retain(|name| !name.contains("<none>"));
        names.sort();
        Ok(names)
    }

    /// Whether it runs on this machine, as far as its address tells.
    pub(crate) fn is_local(&self) -> bool {
        engine_is_local()
    }

    /// The directory the engine keeps its data in, if it is on this machine.
    pub(crate) fn data_dir(&self, interrupt: &Interrupt) -> Option<PathBuf> {
        if !self.is_local() {
            return None;
        }
        let info = self.wait(ANSWER_LIMIT, interrupt, self.docker.info()).ok()?.ok()?;
        info.docker_root_dir.map(PathBuf::from).filter(|dir| dir.exists())
    }
}

/// Whether the engine runs on this machine, as far as its address tells.
pub(crate) fn engine_is_local() -> bool {
    std::env::var("DOCKER_HOST").map_or(true, |host| host.starts_with("unix://"))
}

fn no_engine(error: EngineError) -> anyhow::Error {
    match no_permission() {
        Some(words) => anyhow::Error::new(Fault::Unavailable(words)),
        None => unavailable!(
            "no container engine answers: {}; start one (systemctl start docker), or use --server local",
            chain(&error)
        ),
    }
}

/// Advice where the engine's socket is there and closed to this user.
pub(super) fn no_permission() -> Option<String> {
    let socket = match std::env::var("DOCKER_HOST") {
        Ok(host) => host.strip_prefix("unix://")?.to_owned(),
        Err(_) => "/var/run/docker.sock".into(),
    };
    let closed = std::os::unix::net::UnixStream::connect(Path::new(&socket))
        .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
    closed.then(|| {
        format!(
            "this user may not use the container engine ({socket}: permission denied); join its group (sudo usermod -aG docker $USER, then log in again), or use --server local"
        )
    })
}
