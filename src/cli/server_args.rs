//! The flags that say which server, shared by the verbs that need one.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::dataset::Dataset;
use crate::interrupt::Interrupt;
use crate::record::Encoding;
use crate::server::{self, Choice, Server, Settings};

#[derive(Debug, Clone, clap::Args)]
pub struct ServerArgs {
    /// Where to load into: auto, local, container, or postgres://user@host/database
    // Parsed after the command line: a parser's complaint about a URL shows its password.
    #[arg(long, default_value = "auto", value_name = "SERVER")]
    pub server: String,
    /// The directory of the server's binaries (initdb, postgres), for a local server
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,
    /// The image of a container [default: postgres:18]
    #[arg(long, value_name = "NAME")]
    pub image: Option<String>,
    /// Where a local server keeps its data: a real disk with room [default: in the cache]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

impl ServerArgs {
    /// Which server was chosen.
    pub fn choice(&self) -> Result<Choice> {
        self.server.parse()
    }

    /// Opens the server with these settings of the run, to load this dataset into, and says on
    /// standard error which it is and why.
    pub fn open(
        &self,
        choice: &Choice,
        settings: Settings,
        dataset: &Dataset,
        interrupt: &Interrupt,
    ) -> Result<Box<dyn Server>> {
        let csv_bytes = dataset.facts().files.get(&Encoding::Csv).map_or(0, |file| file.bytes);
        let options = server::Options {
            pg_bin: self.pg_bin.clone(),
            image: self.image.clone(),
            data_dir: self.data_dir.clone(),
            need_bytes: need_bytes(csv_bytes),
            settings,
            expose: vec![dataset.dir().to_path_buf()],
            id: server::new_id(),
            ..server::Options::default()
        };
        let server = server::open(choice, &options, interrupt).context("getting a server")?;
        let facts = server.facts();
        anstream::eprintln!("server: {} ({})", facts.version, facts.reason);
        if !facts.given.is_empty() {
            let given: Vec<String> =
                facts.given.iter().map(|(name, value)| format!("{name}={value}")).collect();
            anstream::eprintln!("settings: {}", given.join(" "));
        }
        for warning in server.warnings() {
            anstream::eprintln!("warning: {warning}");
        }
        Ok(server)
    }
}

/// Bytes of disk that loading a csv of this size takes at most. A votes table with its indexes is
/// about six times its csv; it may be rewritten (SET LOGGED) and sorted while it is still there,
/// and WAL of as much comes on top.
pub fn need_bytes(csv_bytes: u64) -> u64 {
    csv_bytes * 20 + (1 << 30)
}

/// Stops the server whatever came before; an error of the work itself is the one to return.
pub fn closing<T>(outcome: Result<T>, server: Box<dyn Server>) -> Result<T> {
    let stopped = server.stop().context("stopping the server");
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
