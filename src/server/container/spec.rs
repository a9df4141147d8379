//! The specification of a container: image, command line, mounts, published port; and where it can be reached
//! then.

use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use testcontainers::bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, HostConfig, Mount, MountType, PortBinding,
};

use super::engine::{Engine, engine_is_local};
use super::owner;
use crate::interrupt::Interrupt;
use crate::model::Limits;
use crate::probe::cores;
use crate::server::limits::first_processors;
use crate::server::{Checksums, Options, Settings};

/// The mount point that both layouts of the official image lie in (from 18 on in a directory by
/// version, before in `data`).
const VOLUME_DIR: &str = "/var/lib/postgresql";
/// The cluster, said explicitly: the same with every image.
const PGDATA: &str = "/var/lib/postgresql/bulkbench";
const PORT: &str = "5432/tcp";
/// Room for the shared memory of parallel index builds; the engine's default of 64 MB is too
/// little. A limit, not a reservation.
const SHM_BYTES: i64 = 1 << 30;
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// The specification that all containers of one run share.
pub(crate) struct ContainerSpec {
    /// The image.
    pub image: String,
    /// Directories of this machine with their mount points in the container.
    pub exposed: Vec<(PathBuf, PathBuf)>,
    /// What it may use of the engine's machine.
    pub limits: Limits,
    password: String,
    initdb_args: String,
}

impl ContainerSpec {
    /// # Errors
    /// When the engine does not answer, or there are no random bytes for a password.
    pub(crate) fn new(
        engine: &Engine,
        image: String,
        options: &Options,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let exposed = options.expose.iter().filter_map(|dir| std::fs::canonicalize(dir).ok()).enumerate();
        Ok(Self {
            exposed: exposed.map(|(i, dir)| (dir, PathBuf::from(format!("/bulkbench/{i}")))).collect(),
            limits: options.limits,
            password: random_password()?,
            initdb_args: initdb_args(engine, &image, options.checksums, interrupt)?,
            image,
        })
    }

    /// A container of `run` on this volume, with these settings.
    ///
    /// # Errors
    /// When /proc does not say who this process is.
    pub(crate) fn body(
        &self,
        run: &str,
        volume: Option<&str>,
        settings: &Settings,
    ) -> Result<ContainerCreateBody> {
        let mut command = vec!["postgres".to_owned()];
        for (name, value) in settings {
            command.extend(["-c".to_owned(), format!("{name}={value}")]);
        }
        let mut mounts = vec![Mount {
            typ: Some(MountType::VOLUME),
            source: volume.map(str::to_owned),
            target: Some(VOLUME_DIR.into()),
            ..Default::default()
        }];
        mounts.extend(self.exposed.iter().map(|(dir, inside)| Mount {
            typ: Some(MountType::BIND),
            source: Some(dir.display().to_string()),
            target: Some(inside.display().to_string()),
            read_only: Some(true),
            ..Default::default()
        }));
        let memory = self.limits.memory_bytes.and_then(|bytes| i64::try_from(bytes).ok());
        // To this machine alone, at a port that is free.
        let binding = PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(String::new()) };
        Ok(ContainerCreateBody {
            image: Some(self.image.clone()),
            cmd: Some(command),
            env: Some(vec![
                "POSTGRES_USER=postgres".into(),
                format!("POSTGRES_PASSWORD={}", self.password),
                format!("POSTGRES_INITDB_ARGS={}", self.initdb_args),
                format!("PGDATA={PGDATA}"),
            ]),
            labels: Some(owner::labels(run)?),
            exposed_ports: Some(vec![PORT.into()]),
            host_config: Some(HostConfig {
                mounts: Some(mounts),
                shm_size: Some(SHM_BYTES),
                // Whole processors, as a machine has them, and no swap, which a limit of memory alone would leave.
                cpuset_cpus: self.limits.cpus.map(|cpus| processors(cpus, engine_is_local())),
                memory,
                memory_swap: memory,
                port_bindings: Some([(PORT.to_owned(), Some(vec![binding]))].into()),
                ..Default::default()
            }),
            // A fast shutdown, whatever the image says.
            stop_signal: Some("SIGINT".into()),
            ..Default::default()
        })
    }

    /// The configuration of connections to a container at this address.
    pub(crate) fn config(&self, address: SocketAddr) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config
            .host(address.ip().to_string())
            .port(address.port())
            .user("postgres")
            .dbname("postgres")
            .password(&self.password)
            .connect_timeout(Duration::from_secs(10))
            .application_name("bulkbench");
        config
    }
}

/// The processors of a server that may use so many, as the engine lists them: the first that this program was given, where
/// they are of its machine.
fn processors(cpus: u32, is_local: bool) -> String {
    if is_local { cores::list(first_processors(cpus)) } else { format!("0-{}", cpus.saturating_sub(1)) }
}

/// The addresses at which the server may be reached, best first: in the container's own network, where this
/// machine is part of it, because the way through the published port leads through a proxy process of the
/// engine, which copies every byte; else at that port.
pub(crate) fn addresses(seen: &ContainerInspectResponse, local: bool) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    let Some(network) = &seen.network_settings else { return found };
    if local {
        let inside = network.networks.iter().flatten();
        let inside = inside.filter_map(|(_, end)| end.ip_address.as_ref()?.parse().ok());
        found.extend(inside.map(|ip: IpAddr| SocketAddr::new(ip, 5432)));
    }
    let published = network.ports.iter().flatten().filter(|(port, _)| port.as_str() == PORT);
    for binding in published.flat_map(|(_, bindings)| bindings.iter().flatten()) {
        let ip = binding.host_ip.as_deref().and_then(|ip| ip.parse().ok());
        let port = binding.host_port.as_deref().and_then(|port| port.parse().ok());
        found.extend(ip.zip(port).map(|(ip, port)| SocketAddr::new(ip, port)));
    }
    found
}

fn initdb_args(engine: &Engine, image: &str, checksums: Checksums, interrupt: &Interrupt) -> Result<String> {
    let mut args = "--encoding=UTF8 --locale=C".to_owned();
    match checksums {
        Checksums::On => args.push_str(" --data-checksums"),
        // On by default from 18 on; before, there is no such option.
        Checksums::Off => {
            let seen = engine
                .wait(ANSWER_LIMIT, interrupt, engine.docker().inspect_image(image))?
                .with_context(|| format!("asking the container engine about {image}"))?;
            let env = seen.config.and_then(|config| config.env).unwrap_or_default();
            let major = env.iter().find_map(|one| one.strip_prefix("PG_MAJOR=")?.parse::<u32>().ok());
            if major.is_some_and(|major| major >= 18) {
                args.push_str(" --no-data-checksums");
            }
        }
    }
    Ok(args)
}

fn random_password() -> Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("reading /dev/urandom for a password")?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(limits: Limits) -> HostConfig {
        let spec = ContainerSpec {
            image: "postgres:18".into(),
            exposed: Vec::new(),
            limits,
            password: String::new(),
            initdb_args: String::new(),
        };
        spec.body("run", Some("volume"), &Settings::new()).unwrap().host_config.unwrap()
    }

    #[test]
    fn the_engine_is_told_the_limits_and_only_those_that_there_are() {
        let all = limited(Limits::default());
        assert_eq!((all.cpuset_cpus, all.memory, all.memory_swap), (None, None, None));
        let some = limited(Limits { cpus: Some(1), memory_bytes: Some(512 << 20) });
        assert_eq!((some.memory, some.memory_swap), (Some(536_870_912), Some(536_870_912)));
        assert!(some.cpuset_cpus.is_some());
        assert_eq!(processors(3, false), "0-2");
        assert_eq!(processors(1, true), cores::processors()[0].to_string());
    }
}
