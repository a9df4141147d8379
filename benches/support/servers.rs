//! The servers that a target loads into.

use anyhow::{Context, Error, Result};
use bulkbench::fault::Fault;
use bulkbench::interrupt::Interrupt;
use bulkbench::model::EmulatedDisk;
use bulkbench::say;
use bulkbench::server::{self, Choice, Options, Server};

/// The class of emulated disks that delays nothing.
const NONE: &str = "none";

/// The servers that a target loads into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Servers {
    /// That of `BULKBENCH_SERVER`.
    Chosen,
    /// Two local ones: first one whose data lies on the disk as it is, then one on an emulated disk that delays
    /// nothing.
    BareAndEmulated,
}

impl Servers {
    /// How many they are.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Chosen => 1,
            Self::BareAndEmulated => 2,
        }
    }

    /// Why there are none where this server is chosen, in words and with the next step; `None` where nothing is known
    /// against it.
    pub(crate) fn lack(self, choice: &Choice) -> Option<String> {
        match (self, choice) {
            (Self::Chosen, _) | (Self::BareAndEmulated, Choice::Auto | Choice::Local) => None,
            (Self::BareAndEmulated, Choice::Container | Choice::External(_)) => Some(format!(
                "a disk is emulated beneath a local server alone, and BULKBENCH_SERVER is {choice}; set it to local, \
                 or unset it"
            )),
        }
    }

    /// Whether it is no failure of the target that they could not be opened for this reason: not everybody can have an
    /// emulated disk, or a local server.
    pub(crate) fn may_lack(self, error: &Error) -> bool {
        self == Self::BareAndEmulated && matches!(Fault::find(error), Some(Fault::Unavailable(_)))
    }

    /// Opens them, by the names that cases give them.
    ///
    /// # Errors
    /// As [`server::open()`].
    pub(crate) fn open(self, choice: &Choice, options: &Options, interrupt: &Interrupt) -> Result<Opened> {
        let open = |name: &str, choice: &Choice, disk| -> Result<(String, Box<dyn Server>)> {
            let options = Options { id: server::new_id(), disk, ..options.clone() };
            let server = server::open(choice, &options, interrupt).context("getting a server")?;
            Ok((name.to_owned(), server))
        };
        Ok(Opened(match self {
            Self::Chosen => vec![open("", choice, None)?],
            Self::BareAndEmulated => {
                let none = EmulatedDisk { class: Some(NONE.to_owned()), ..EmulatedDisk::default() };
                vec![open("bare", &Choice::Local, None)?, open(NONE, &Choice::Local, Some(none))?]
            }
        }))
    }
}

/// Servers that are open, by the names that cases give them.
pub(crate) struct Opened(Vec<(String, Box<dyn Server>)>);

impl Opened {
    /// Says which they are, for the target of this name.
    pub(crate) fn introduce(&self, target: &str) {
        for (name, server) in &self.0 {
            say!("{target}{}: {} ({})", on(name), server.facts().version, server.facts().reason);
            server.warnings().iter().for_each(|warning| say!("warning: {warning}"));
        }
    }

    /// All of them, to load into.
    pub(crate) fn all_mut(&mut self) -> Vec<(String, &mut dyn Server)> {
        let each = self.0.iter_mut().map(|(name, server)| {
            let server: &mut dyn Server = &mut **server;
            (name.clone(), server)
        });
        each.collect()
    }

    /// Stops them.
    ///
    /// # Errors
    /// That of the first that cannot be stopped; those behind it are stopped all the same.
    pub(crate) fn stop(self) -> Result<()> {
        self.0.into_iter().try_for_each(|(_, server)| server.stop().context("stopping the server"))
    }
}

/// A server of this name behind what is on it; one that needs no name goes without saying.
pub(crate) fn on(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" on {name}") }
}
