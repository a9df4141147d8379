//! The flags that say which servers, shared by the verbs that need them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::disk;
use crate::experiment::Experiment;
use crate::interrupt::Interrupt;
use crate::model::{EmulatedDisk, Encoding, Limits, ServerFacts};
use crate::redact::Redactor;
use crate::runner::Prepared;
use crate::server::container::{EngineStatus, engine_status, usable};
use crate::server::local::{Installation, installations};
use crate::server::{self, Choice, Foreseen, Server, Settings};
use crate::usage;

/// What `--server` says where it leaves the choice to the program.
const ANY_SERVER: &str = "auto";

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ServerArgs {
    /// Where to load into: auto, local, container, or postgres://user@host/database
    // Parsed after the command line: a parser's complaint about a URL shows its password.
    #[arg(long, default_value = ANY_SERVER, value_name = "SERVER")]
    pub server: String,
    /// The directory of the server's binaries (initdb, postgres), for a local server; several
    /// times for as many servers, whose cases alternate
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Vec<PathBuf>,
    /// The image of a container [default: postgres:18]; several times for as many servers
    #[arg(long, value_name = "NAME")]
    pub image: Vec<String>,
    /// Where a local server keeps its data: a real disk with room [default: in the cache]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Have a local server's data lie on an emulated disk: a class (hdd-5400, hdd-7200, sata-ssd, nvme-consumer,
    /// nvme-enterprise, gp3, io2, or none for what the emulation costs), or figures such as
    /// write=120MB/s,read=120MB/s,iops=90,flush=11ms,seek=9ms; several times for as many servers, whose cases alternate
    #[arg(long, value_name = "CLASS", value_parser = disk::parse)]
    pub disk: Vec<EmulatedDisk>,
}

/// What all servers of a run are started with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    /// The user's settings.
    pub settings: Settings,
    /// All settings of the run that is gone on with.
    pub given: Option<Settings>,
    /// What each may use of its machine.
    pub limits: Limits,
}

/// One server that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    choice: Choice,
    pg_bin: Option<PathBuf>,
    image: Option<String>,
    disk: Option<EmulatedDisk>,
}

impl Wanted {
    /// Whether an emulated disk delays what it reads and writes.
    pub(crate) fn is_delayed(&self) -> bool {
        self.disk.as_ref().is_some_and(|disk| !disk.is_without_delay())
    }

    /// Which server this is going to be, as far as can be said before it is there.
    pub(crate) fn foresee(&self, data_dir: Option<&Path>) -> Result<Foreseen> {
        let foreseen =
            server::foresee(&self.choice, self.pg_bin.as_deref(), self.image.as_deref(), data_dir)?;
        Ok(match &self.disk {
            Some(disk) => foreseen.on(disk),
            None => foreseen,
        })
    }
}

/// The servers of a run, by the name that cases give them; one or more.
pub(crate) struct Servers(Vec<(String, Box<dyn Server>)>);

impl ServerArgs {
    /// The first of these flags that says something of a server.
    pub(crate) fn first_given(&self) -> Option<&'static str> {
        [
            ("--server", self.server != ANY_SERVER),
            ("--pg-bin", !self.pg_bin.is_empty()),
            ("--image", !self.image.is_empty()),
            ("--data-dir", self.data_dir.is_some()),
            ("--disk", !self.disk.is_empty()),
        ]
        .into_iter()
        .find_map(|(flag, given)| given.then_some(flag))
    }

    /// The same, on the disks that an experiment names where the user names none.
    ///
    /// # Errors
    /// When what the experiment names is no disk.
    pub(crate) fn on_disks_of(&self, experiment: &Experiment) -> Result<Self> {
        let mut place = self.clone();
        if place.disk.is_empty() {
            let disks = experiment.disks.iter().map(|disk| disk::parse(disk)).collect::<Result<_>>();
            place.disk = disks.with_context(|| format!("disks of the experiment {}", experiment.id))?;
        }
        Ok(place)
    }

    /// Which server was chosen.
    pub(crate) fn choice(&self) -> Result<Choice> {
        self.server.parse()
    }

    /// The kind of server that a choice comes to: figures of a disk are as good as one, as nothing but a local server
    /// can lie on it.
    pub(crate) fn kind<'c>(&self, choice: &'c Choice) -> &'c Choice {
        if self.disk.is_empty() { choice } else { &Choice::Local }
    }

    /// Opens the servers under these conditions of the run, to load what is prepared into, and says on
    /// standard error which they are and why.
    pub(crate) fn open(
        &self,
        all: Vec<Wanted>,
        conditions: &Conditions,
        prepared: &Prepared<'_>,
        interrupt: &Interrupt,
    ) -> Result<Servers> {
        let datasets = || prepared.inputs().iter().map(|input| &input.dataset);
        let csv_bytes =
            datasets().filter_map(|d| d.facts().files.get(&Encoding::Csv).map(|file| file.bytes)).max();
        let dirs: Vec<PathBuf> = datasets().map(|d| d.dir().to_path_buf()).collect();
        self.open_for(all, conditions, &dirs, csv_bytes.unwrap_or(0) * prepared.most_times(), interrupt)
    }

    /// As [`ServerArgs::open`], to load files in these directories, the largest being a csv of so many bytes.
    pub(crate) fn open_for(
        &self,
        all: Vec<Wanted>,
        conditions: &Conditions,
        dirs: &[PathBuf],
        csv_bytes: u64,
        interrupt: &Interrupt,
    ) -> Result<Servers> {
        let mut servers: Vec<Box<dyn Server>> = Vec::new();
        // They share the disk.
        let need_bytes = need_bytes(csv_bytes) * all.len() as u64;
        for wanted in all {
            let options = server::Options {
                pg_bin: wanted.pg_bin,
                image: wanted.image,
                data_dir: self.data_dir.clone(),
                disk: wanted.disk,
                need_bytes,
                settings: conditions.settings.clone(),
                given: conditions.given.clone(),
                limits: conditions.limits,
                expose: dirs.to_vec(),
                id: server::new_id(),
                ..server::Options::default()
            };
            servers.push(server::open(&wanted.choice, &options, interrupt).context("getting a server")?);
            introduce(&**servers.last().context("the server that was just opened")?);
        }
        Ok(Servers(names(&servers).into_iter().zip(servers).collect()))
    }

    /// The servers that the flags name. Where the run `compares` servers and the flags name but a kind,
    /// all of that kind that are here; where they name disks, one on each of them.
    pub(crate) fn wanted(&self, choice: &Choice, compares: bool) -> Result<Vec<Wanted>> {
        let named = |pg_bin: Option<&PathBuf>, image: Option<&String>, choice: &Choice| Wanted {
            choice: choice.clone(),
            pg_bin: pg_bin.cloned(),
            image: image.cloned(),
            disk: None,
        };
        self.check_disk(choice)?;
        let choice = self.kind(choice);
        let refused = match choice {
            Choice::Local if !self.image.is_empty() => Some("--image is for a container"),
            Choice::Container if !self.pg_bin.is_empty() => Some("--pg-bin is for a local server"),
            Choice::External(_) if !self.pg_bin.is_empty() || !self.image.is_empty() => {
                Some("--pg-bin and --image are for throwaway servers")
            }
            _ => None,
        };
        if let Some(why) = refused {
            return Err(usage!("--server {choice}: {why}; leave one of the two out"));
        }
        let mut wanted: Vec<Wanted> = match (self.pg_bin.len(), self.image.len()) {
            (0, 0) => vec![named(None, None, choice)],
            (1, 0) | (0, 1) => vec![named(self.pg_bin.first(), self.image.first(), choice)],
            // Each names its own kind.
            _ => {
                let local = self.pg_bin.iter().map(|dir| named(Some(dir), None, &Choice::Local));
                let container = self.image.iter().map(|image| named(None, Some(image), &Choice::Container));
                local.chain(container).collect()
            }
        };
        if compares && self.pg_bin.is_empty() && self.image.is_empty() && self.disk.len() < 2 {
            wanted = all_that_run_here(choice)?;
        }
        if !self.disk.is_empty() {
            let on_each = |disk: &EmulatedDisk| {
                let disk = Some(disk.clone());
                wanted.iter().map(move |one| Wanted { disk: disk.clone(), ..one.clone() }).collect::<Vec<_>>()
            };
            wanted = self.disk.iter().flat_map(on_each).collect();
        }
        if compares && wanted.len() < 2 {
            return Err(usage!(
                "this experiment compares servers, and there is but one of this kind: name several by --pg-bin DIR or --image NAME, each given as often as needed (scripts/fetch-postgres 17 fetches binaries, scripts/build-image makes an image), or several disks by --disk CLASS"
            ));
        }
        Ok(wanted)
    }

    /// A disk can be emulated for a local server alone.
    fn check_disk(&self, choice: &Choice) -> Result<()> {
        let Some(disk) = self.disk.first() else { return Ok(()) };
        let why = match choice {
            Choice::Container => {
                "the container engine keeps the data of its containers, on a disk of its own"
            }
            Choice::External(_) => "a server of yours keeps its data where it is",
            Choice::Auto | Choice::Local if !self.image.is_empty() => {
                "--image is for a container, whose engine keeps its data on a disk of its own"
            }
            Choice::Auto | Choice::Local => return Ok(()),
        };
        Err(usage!(
            "--disk {}: {why}; a disk is emulated for a local server, by --server local",
            disk::spelling(disk)
        ))
    }
}

/// All servers of a kind that can run here, oldest first (images by their names).
fn all_that_run_here(choice: &Choice) -> Result<Vec<Wanted>> {
    let found = match choice {
        Choice::Auto | Choice::Local => local_by_age()?
            .into_iter()
            .map(|one| Wanted { choice: Choice::Local, pg_bin: Some(one.bin), image: None, disk: None })
            .collect(),
        Choice::Container => match engine_status() {
            EngineStatus::Answers { images, .. } => images
                .into_iter()
                .filter(|image| usable(image).is_some())
                .map(|image| Wanted {
                    choice: Choice::Container,
                    pg_bin: None,
                    image: Some(image),
                    disk: None,
                })
                .collect(),
            EngineStatus::Absent(_) | EngineStatus::NoPermission(_) => Vec::new(),
        },
        Choice::External(_) => Vec::new(),
    };
    Ok(found)
}

/// The binaries here that can be used, oldest first.
pub(crate) fn local_by_age() -> Result<Vec<Installation>> {
    let mut found = installations(None)?;
    found.retain(|one| one.problem.is_none());
    found.sort_by_key(|one| one.version_num);
    Ok(found)
}

/// Says which server it is.
fn introduce(server: &dyn Server) {
    let facts = server.facts();
    crate::say!("server: {} ({})", facts.version, facts.reason);
    if !facts.limits.is_empty() {
        crate::say!("limits: it may use {}", facts.limits.words());
    }
    if let Some(disk) = &facts.disk {
        crate::say!("disk: emulated, {} ({})", disk::spelling(disk), disk::figures_of(disk));
    }
    if !facts.given.is_empty() {
        let given: Vec<String> = facts.given.iter().map(|(name, value)| format!("{name}={value}")).collect();
        crate::say!("settings: {}", given.join(" "));
    }
    for warning in server.warnings() {
        crate::say!("warning: {warning}");
    }
}

/// A short name for each: its version, or its disk where they have one version and several disks, or both; with a
/// number behind where several have the same.
fn names(servers: &[Box<dyn Server>]) -> Vec<String> {
    let versions: Vec<String> = servers
        .iter()
        .map(|server| server.facts().version.split_whitespace().nth(1).unwrap_or("?").to_owned())
        .collect();
    let disks: Vec<String> = servers
        .iter()
        .map(|server| server.facts().disk.as_ref().map(disk::spelling).unwrap_or_default())
        .collect();
    let all_same = |words: &[String]| words.iter().all(|word| *word == words[0]);
    let (one_version, one_disk) = (all_same(&versions), all_same(&disks));
    let mut names: Vec<String> = Vec::new();
    for (version, disk) in versions.into_iter().zip(disks) {
        let name = match (one_version, one_disk) {
            (_, true) => version,
            (true, false) => disk,
            (false, false) => format!("{version} {disk}"),
        };
        let same = names.iter().filter(|other| other.split('#').next() == Some(name.as_str())).count();
        names.push(if same == 0 { name } else { format!("{name}#{}", same + 1) });
    }
    names
}

impl Servers {
    /// The first one: that of cases that name none.
    pub(crate) fn main(&self) -> &dyn Server {
        &*self.0[0].1
    }

    /// All of them, in their order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &dyn Server> {
        self.0.iter().map(|(_, server)| &**server as &dyn Server)
    }

    /// Their names; empty where there is but one, which needs no name.
    pub(crate) fn names(&self) -> Vec<String> {
        match &self.0[..] {
            [_] => Vec::new(),
            several => several.iter().map(|(name, _)| name.clone()).collect(),
        }
    }

    /// The records' entries of those beyond the first, by name; of the first, too, where there are
    /// others.
    pub(crate) fn facts(&self) -> std::collections::BTreeMap<String, ServerFacts> {
        self.names().into_iter().zip(self.0.iter().map(|(_, server)| server.facts().clone())).collect()
    }

    /// A redactor of what no record may hold: names of this machine, and where the servers are and as
    /// which user.
    pub(crate) fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::of_machine();
        for (_, server) in &self.0 {
            redactor.hide_connection(server.connector().config());
            if let Some(dir) = server.data_dir() {
                redactor.hide_path("{data}", dir);
            }
            // What else the run has lies beside an emulated disk.
            if let Some(dir) =
                server.data_dir().filter(|_| server.facts().disk.is_some()).and_then(Path::parent)
            {
                redactor.hide_path("{data}", dir);
            }
        }
        redactor
    }

    /// All of them, to load into.
    pub(crate) fn all_mut(&mut self) -> Vec<(String, &mut dyn Server)> {
        self.0
            .iter_mut()
            .map(|(name, server)| {
                let server: &mut dyn Server = &mut **server;
                (name.clone(), server)
            })
            .collect()
    }

    /// Stops them whatever came before; an error of the work itself is the one to return.
    pub(crate) fn closing<T>(self, outcome: Result<T>) -> Result<T> {
        let mut stopped = Ok(());
        for (_, server) in self.0 {
            if let Err(error) = server.stop().context("stopping the server") {
                // The first is returned; none is kept quiet.
                match stopped {
                    Ok(()) => stopped = Err(error),
                    Err(_) => super::print_error(&error),
                }
            }
        }
        match (outcome, stopped) {
            (Ok(done), stopped) => stopped.map(|()| done),
            (Err(error), stopped) => {
                if let Err(stopping) = stopped {
                    super::print_error(&stopping);
                }
                Err(error)
            }
        }
    }
}

/// Bytes of disk that loading a csv of this size takes, with room to spare. A votes table with its indexes is
/// about six times its csv; it may be rewritten (SET LOGGED) and sorted while it is still there,
/// and WAL of as much comes on top.
pub(crate) fn need_bytes(csv_bytes: u64) -> u64 {
    csv_bytes * 20 + (1 << 30)
}
