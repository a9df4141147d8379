//! `bulkbench machine`: the fingerprint of this machine, or of a server, as every run records it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::measured::{Measured, measured};
use super::output::print;
use super::server_args::{Conditions, ServerArgs};
use crate::cache_dir::default_cache_dir;
use crate::disk::{self, Emulation};
use crate::interrupt::Interrupt;
use crate::model::{EmulatedDisk, Fingerprint, Limits, Machine};
use crate::probe::disk::Flushing;
use crate::probe::{fingerprint, machine};
use crate::report::{self, Look, terminal};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A directory on the disk to measure: where a local server would keep its data [default: in the cache]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// A server to ask as well: local, container, or postgres://user@host/database
    // Parsed after the command line: a parser's complaint about a URL shows its password.
    #[arg(long, value_name = "SERVER")]
    server: Option<String>,
    /// Measure an emulated disk as well, by which a local server's data would lie: a class, or figures as --disk of
    /// run has them
    #[arg(long, value_name = "CLASS", value_parser = disk::parse, conflicts_with = "server")]
    disk: Option<EmulatedDisk>,
}

/// Prints it.
pub(crate) fn tell(args: &Args, interrupt: &Interrupt) -> Result<ExitCode> {
    if let Some(server) = &args.server {
        return of_server(server, args.data_dir.clone(), interrupt);
    }
    let dir = match &args.data_dir {
        Some(dir) => dir.clone(),
        None => {
            let dir = default_cache_dir()?;
            std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
            dir
        }
    };
    let look = Look::of_stdout();
    print(&told(&machine::machine(Some(&dir))?, look))?;
    if let Some(disk) = &args.disk {
        let heading = terminal::heading(&format!("Emulated disk: {}", disk::spelling(disk)), look);
        let table = terminal::table(&report::of_disk(disk, &through(disk, &dir)?), look);
        print(&format!("\n{heading}{table}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is measured through an emulated disk above this directory.
fn through(disk: &EmulatedDisk, dir: &Path) -> Result<Fingerprint> {
    let place = tempfile::Builder::new().prefix(".bulkbench-disk-").tempdir_in(dir);
    let place = place.with_context(|| format!("making a directory in {}", dir.display()))?;
    let (beneath, at) = (place.path().join("beneath"), place.path().join("disk"));
    disk::make_beneath(&beneath)?;
    let emulation = Emulation::start(disk, Limits::default(), &beneath, &at)?;
    let found = fingerprint::of_file_system(emulation.at());
    emulation.stop()?;
    found
}

/// Brings a server up, and prints what a run on it would record of it and of this machine.
fn of_server(server: &str, data_dir: Option<PathBuf>, interrupt: &Interrupt) -> Result<ExitCode> {
    let place = ServerArgs {
        server: server.to_owned(),
        pg_bin: Vec::new(),
        image: Vec::new(),
        data_dir,
        disk: Vec::new(),
    };
    let wanted = place.wanted(&place.choice()?, false)?;
    let servers = place.open_for(wanted, &Conditions::default(), &[], 0, interrupt)?;
    let outcome = (|| {
        let Measured { machine, server, .. } = measured(&servers)?;
        let look = Look::of_stdout();
        let of_server = terminal::table(&report::of_server(&server.redacted(&servers.redactor())), look);
        let (here, there) = (terminal::heading("Machine", look), terminal::heading("Server", look));
        print(&format!("{here}{}\n{there}{of_server}", told(&machine, look)))
    })();
    servers.closing(outcome)?;
    Ok(ExitCode::SUCCESS)
}

/// The facts of a machine, and what to think of them.
fn told(found: &Machine, look: Look) -> String {
    let mut text = terminal::table(&report::of_machine(found), look);
    let flushing = found.disk.as_ref().map(|disk| Flushing::judge(disk.flushes_per_second));
    if flushing == Some(Flushing::Implausible) {
        let words = "The disk confirms flushes faster than any medium could: what is confirmed may not be written yet.";
        text.push_str(&terminal::paragraph(words, look));
    }
    text
}
