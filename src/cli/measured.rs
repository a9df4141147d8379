//! The machine and the servers of a run, told from others.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Result;

use super::server_args::Servers;
use crate::model::{Machine, ServerFacts, Source};
use crate::probe::{fingerprint, machine};
use crate::server::{self, Server};

/// What a record says of where a run took place.
pub(crate) struct Measured {
    /// The machine of the client, with the file system of the first server's data.
    pub machine: Machine,
    /// The first server.
    pub server: ServerFacts,
    /// All of them by their names, where there are several.
    pub servers: BTreeMap<String, ServerFacts>,
}

/// Measures the machine, and asks each server what it tells. Takes some seconds for each file system.
pub(crate) fn measured(servers: &Servers) -> Result<Measured> {
    // That of the first server's data is the machine's.
    let mut dirs: Vec<&Path> = servers.main().data_dir().into_iter().collect();
    let mut all = Vec::new();
    for server in servers.all() {
        all.push(described(server, &dirs)?);
        dirs.extend(server.data_dir());
    }
    let machine = machine::machine(servers.main().data_dir())?;
    Ok(Measured { machine, server: all[0].clone(), servers: servers.names().into_iter().zip(all).collect() })
}

/// The facts of a server, with those that tell it from others; its file system is measured where that is another than
/// those that these directories lie on.
fn described(server: &dyn Server, others: &[&Path]) -> Result<ServerFacts> {
    let mut facts = server.facts().clone();
    facts.fingerprint = server::fingerprint(server)?;
    let device = |dir: &Path| std::fs::metadata(dir).map(|found| found.dev()).ok();
    match server.data_dir() {
        Some(dir) if !others.iter().any(|other| device(other) == device(dir)) => {
            facts.fingerprint.extend(fingerprint::of_file_system(dir)?);
        }
        Some(_) => {}
        None => facts.unmeasured = unmeasured(facts.source).map(str::to_owned),
    }
    Ok(facts)
}

/// Why nothing was measured where a server's data lies.
fn unmeasured(source: Source) -> Option<&'static str> {
    match source {
        Source::Local => None,
        Source::Container => Some("this user may not write where the container engine keeps its volumes"),
        Source::External => Some("nothing is written to where a server of the user's keeps its data"),
    }
}
