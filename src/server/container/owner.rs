//! Whose container it is: labels by which a later run finds what a killed one left.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result};
use testcontainers::bollard::query_parameters::{
    ListContainersOptionsBuilder, ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveVolumeOptionsBuilder,
};

use super::engine::Engine;
use crate::interrupt::Interrupt;
use crate::server::processes;

/// The label with the run's id.
const RUN: &str = "bulkbench.run";
/// The label with the process that owns it.
const OWNER: &str = "bulkbench.owner";
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// The identity of a process, which differs also from that of a later one of the same pid.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owner {
    /// /proc/sys/kernel/random/boot_id: a new one with each start of the machine.
    boot: String,
    /// The namespace the pid counts in.
    namespace: String,
    pid: i32,
    /// In clock ticks since boot.
    started: u64,
}

impl Owner {
    fn current() -> Result<Self> {
        let pid = std::process::id() as i32;
        let boot =
            std::fs::read_to_string("/proc/sys/kernel/random/boot_id").context("reading the boot id")?;
        let namespace = std::fs::read_link("/proc/self/ns/pid").context("reading the pid namespace")?;
        let started = processes::stat(pid).context("reading /proc/self/stat")?.started;
        Ok(Self { boot: boot.trim().into(), namespace: namespace.display().to_string(), pid, started })
    }

    fn label(&self) -> String {
        format!("{} {} {} {}", self.boot, self.namespace, self.pid, self.started)
    }

    fn parse(label: &str) -> Option<Self> {
        let [boot, namespace, pid, started] = label.split(' ').collect::<Vec<_>>()[..] else { return None };
        Some(Self {
            boot: boot.into(),
            namespace: namespace.into(),
            pid: pid.parse().ok()?,
            started: started.parse().ok()?,
        })
    }

    /// Whether it has ended for certain, seen from a process that `here` describes: before this
    /// machine was started, or in sight. Another namespace's processes cannot be seen.
    fn is_dead(&self, here: &Owner, lives: impl Fn(i32, u64) -> bool) -> bool {
        self.boot != here.boot || self.namespace == here.namespace && !lives(self.pid, self.started)
    }
}

/// The labels of a container or volume of this process.
///
/// # Errors
/// When /proc does not say who this process is.
pub(crate) fn labels(run: &str) -> Result<HashMap<String, String>> {
    Ok([(RUN.into(), run.into()), (OWNER.into(), Owner::current()?.label())].into())
}

/// Removes the containers and volumes of processes that have ended without removing them. Gives
/// what could not be removed. An engine on another machine is left as it is: whose process lives
/// cannot be seen there.
///
/// # Errors
/// When the engine does not answer.
pub(crate) fn sweep(engine: &Engine, interrupt: &Interrupt) -> Result<Vec<String>> {
    if !engine.is_local() {
        return Ok(Vec::new());
    }
    let here = Owner::current()?;
    let lives = |pid, started| processes::stat(pid).is_some_and(|now| now.started == started && !now.ended);
    let dead = |labels: &HashMap<String, String>| {
        labels
            .get(OWNER)
            .and_then(|label| Owner::parse(label))
            .is_some_and(|owner| owner.is_dead(&here, lives))
    };
    let filters: HashMap<String, Vec<String>> = [("label".into(), vec![OWNER.into()])].into();
    let mut left = Vec::new();

    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let containers =
        engine.wait(ANSWER_LIMIT, interrupt, engine.docker().list_containers(Some(options)))??;
    for container in containers.iter().filter(|one| one.labels.as_ref().is_some_and(dead)) {
        let id = container.id.as_deref().unwrap_or_default();
        if let Err(error) = remove_container(engine, id) {
            left.push(format!("container {id} of an earlier run cannot be removed: {error:#}"));
        }
    }
    let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let volumes = engine.wait(ANSWER_LIMIT, interrupt, engine.docker().list_volumes(Some(options)))??;
    for volume in volumes.volumes.unwrap_or_default().iter().filter(|one| dead(&one.labels)) {
        if let Err(error) = remove_volume(engine, &volume.name) {
            left.push(format!("volume {} of an earlier run cannot be removed: {error:#}", volume.name));
        }
    }
    Ok(left)
}

/// Removes a container, running or not, with its anonymous volumes; one that is gone is removed.
///
/// # Errors
/// When the engine does not.
pub(crate) fn remove_container(engine: &Engine, name: &str) -> Result<()> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    // With an interrupt of its own: it is what a stop has to do.
    let removed = engine.wait(
        ANSWER_LIMIT,
        &Interrupt::new(),
        engine.docker().remove_container(name, Some(options)),
    )?;
    unless_gone(removed).with_context(|| format!("removing container {name}; try: docker rm -fv {name}"))
}

/// Removes a volume; one that is gone is removed.
///
/// # Errors
/// When the engine does not.
pub(crate) fn remove_volume(engine: &Engine, name: &str) -> Result<()> {
    let options = RemoveVolumeOptionsBuilder::new().force(true).build();
    let removed =
        engine.wait(ANSWER_LIMIT, &Interrupt::new(), engine.docker().remove_volume(name, Some(options)))?;
    unless_gone(removed).with_context(|| format!("removing volume {name}; try: docker volume rm {name}"))
}

fn unless_gone(removed: Result<(), testcontainers::bollard::errors::Error>) -> Result<()> {
    use testcontainers::bollard::errors::Error::DockerResponseServerError;
    match removed {
        Err(DockerResponseServerError { status_code: 404, .. }) => Ok(()),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_read_back_from_its_label() {
        let me = Owner::current().unwrap();
        assert_eq!(Owner::parse(&me.label()), Some(me));
        assert_eq!(Owner::parse("nonsense"), None);
    }

    #[test]
    fn only_what_can_be_seen_to_be_dead_is_dead() {
        let me = Owner::current().unwrap();
        assert!(me.is_dead(&me, |_, _| false));
        assert!(!me.is_dead(&me, |_, _| true));
        let earlier = Owner { boot: "another".into(), ..me.clone() };
        assert!(earlier.is_dead(&me, |_, _| true), "the pid is of another process by now");
        let unseen = Owner { namespace: "pid:[1]".into(), ..me.clone() };
        assert!(!unseen.is_dead(&me, |_, _| false));
    }
}
