//! A throwaway container, made through the container engine's API.
//!
//! The client is the one testcontainers configures (DOCKER_HOST, TLS, the usual sockets). Its
//! runner is not used: it speaks the newest version of the API only, which engines in use do not
//! know; it leaves a container behind that was made and did not start; it publishes ports to the
//! whole network unless told otherwise; and it cannot be interrupted.
//!
//! Settings are `-c` arguments. Other settings need another command line, and a container keeps
//! the one it was made with: [`super::Server::apply`] shuts the server down and makes a fresh container on
//! the same volume. The data lies on a named volume, never on the overlay of the image's layers.

mod containers;
pub(crate) mod control_group;
mod engine;
mod image;
mod owner;
mod spec;

use anyhow::Result;

pub(crate) use engine::engine_is_local;
use engine::no_permission;
pub use engine::{EngineStatus, engine_status};
pub use image::{BUILT_IMAGE, DEFAULT_IMAGE};
pub(crate) use image::{of_present, usable};

use super::throwaway::{Throwaway, tuned};
use super::{Checksums, Options, Server, Settings, free_space, settings};
use crate::interrupt::Interrupt;
use crate::model::{Absent, Fingerprint, ServerFacts, Source};
use crate::probe::disk;
use crate::unavailable;
use containers::Containers;
use engine::Engine;
use spec::ContainerSpec;

/// The bound of max_wal_size where the engine's disk cannot be seen.
const ASSUMED_FREE_BYTES: u64 = 40 << 30;

/// A throwaway container, running.
pub(crate) type Container = Throwaway<Containers>;

/// An engine that answers, and an image it has: what `auto` wants to know before it decides.
pub(crate) struct Ready {
    engine: Engine,
    image: String,
    reason: String,
}

impl Ready {
    /// Why a container can be had, in words.
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }
}

/// Why there can be no container, as records have it: an engine's own words may hold addresses of this
/// machine's network and names of registries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// No engine answers.
    Engine,
    /// This user may not use the engine.
    Permission,
    /// The engine has no image to use and cannot pull one.
    Image,
}

impl Lack {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Lack::Engine => "no container engine answers",
            Lack::Permission => "this user may not use the container engine",
            Lack::Image => "the container engine has no image to use and cannot pull one",
        }
    }

    /// That of an engine that does not answer.
    pub(crate) fn of_engine() -> Self {
        if no_permission().is_some() { Lack::Permission } else { Lack::Engine }
    }
}

/// Finds an engine, and an image to use, pulled if need be; or says what is lacking, with the reason and
/// the next step in the error, which is [`crate::fault::Fault::Unavailable`] unless work has to stop.
pub(crate) fn find(options: &Options, interrupt: &Interrupt) -> Result<Ready, (Lack, anyhow::Error)> {
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
    pub(crate) fn start(options: &Options, interrupt: &Interrupt) -> Result<Self> {
        settings::check_reserved(&options.settings)?;
        let ready = find(options, interrupt).map_err(|(_, error)| error)?;
        let reason = format!("asked for; {}", ready.reason);
        Self::start_prepared(ready, Some(&reason), options, interrupt)
    }

    /// As [`Container::start`], with what [`find`] found; the record gives its reason, or another.
    ///
    /// # Errors
    /// As [`Container::start`].
    pub(crate) fn start_prepared(
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
                free_space::check_free(dir, options.need_bytes)?;
                free_bytes = disk::free_bytes(dir)?;
                if disk::in_memory(&disk::filesystem(dir)?) {
                    warnings.push(format!("the engine keeps its data in memory ({} is a tmpfs): these times say nothing of a server on a disk", dir.display()));
                }
            }
            None => warnings.push("whether the engine's disk has room could not be checked from here".into()),
        }
        let facts = ServerFacts {
            source: Source::Container,
            reason: reason.unwrap_or(&found).into(),
            version_num: 0,
            version: String::new(),
            image: Some(image.clone()),
            transport: String::new(),
            limits: options.limits,
            given: tuned(options, free_bytes, &mut warnings),
            settings: Settings::new(),
            absent: Absent::default(),
            fingerprint: Fingerprint::default(),
            unmeasured: None,
            disk: None,
        };
        let spec = ContainerSpec::new(&engine, image.clone(), options, interrupt)?;
        // Where this user may write, disks can be measured.
        let data_dir = data_dir.filter(|dir| tempfile::tempfile_in(dir).is_ok());
        let containers = Containers::new(engine, &options.id, spec, data_dir, interrupt);
        let container = Throwaway::bring_up(containers, facts, warnings, &options.settings)?;
        let checksums = container.facts().settings.get("data_checksums").map(String::as_str);
        if (checksums == Some("on")) != (options.checksums == Checksums::On) {
            return Err(unavailable!(
                "the image {image} does not take POSTGRES_INITDB_ARGS: its data_checksums are {}; use an image with the contract of the official one",
                checksums.unwrap_or("unknown")
            ));
        }
        Ok(container)
    }
}
