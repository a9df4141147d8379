//! Servers and directories for the tests that need real ones.
#![allow(dead_code)] // Each test program uses its part.

use std::os::unix::fs::PermissionsExt;

use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use bulkbench::server::{self, Choice, Options, Server};

/// A temporary directory that a server under another user can read.
pub fn world_readable_tempdir() -> tempfile::TempDir {
    let dir = tempfile::Builder::new().prefix("bulkbench-test-").tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn options(dataset: &Dataset) -> Options {
    Options { id: server::new_id(), expose: vec![dataset.dir().to_path_buf()], ..Options::default() }
}

/// A throwaway local server. Without PostgreSQL's binaries there is nothing to prove: that is a
/// failure (`scripts/setup` gets them), not a reason to skip.
pub fn local(dataset: &Dataset) -> Box<dyn Server> {
    server::open(&Choice::Local, &options(dataset), &Interrupt::new()).unwrap()
}

/// A throwaway container, or nothing (said out loud) where no engine or image is.
pub fn container(dataset: &Dataset) -> Option<Box<dyn Server>> {
    match server::open(&Choice::Container, &options(dataset), &Interrupt::new()) {
        Ok(server) => Some(server),
        Err(error) if std::env::var_os("BULKBENCH_REQUIRE_CONTAINER").is_none() => {
            eprintln!("SKIPPED: no container here: {error:#}");
            None
        }
        Err(error) => panic!("a container was required: {error:#}"),
    }
}

/// The address of a local server's socket as a user would give it for a server of their own.
pub fn url(server: &dyn Server) -> String {
    use tokio_postgres::config::Host;
    let config = server.connector().config();
    let Some(Host::Unix(socket)) = config.get_hosts().first() else { panic!("no socket in {config:?}") };
    format!(
        "postgres://{}@/{}?host={}&port={}",
        config.get_user().unwrap(),
        config.get_dbname().unwrap_or("postgres"),
        socket.display(),
        config.get_ports().first().unwrap_or(&5432)
    )
}
