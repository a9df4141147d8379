//! Tables of a user's DDL on a real server: what is read of them, that they are made again alike, and which are
//! refused.

#[path = "../common/mod.rs"]
mod common;
mod ddls;
mod keys;
mod refusals;
mod round_trips;

use std::path::Path;

use bulkbench::dataset::Dataset;
use bulkbench::interrupt::Interrupt;
use bulkbench::model::Absent;
use bulkbench::server::{Server, Session};
use bulkbench::sql::quote;
use bulkbench::table::definition::Definition;
use bulkbench::table::foundation::{Ddl, Foundation, lay};
use bulkbench::table::introspect;

fn dataset(dir: &Path) -> Dataset {
    Dataset::generated(dir, 10, 1, &Interrupt::new()).unwrap()
}

/// A server whose schema is emptied for each DDL.
pub(crate) struct Bench {
    pub(crate) server: Box<dyn Server>,
    pub(crate) session: Session,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = common::world_readable_tempdir();
        let server = common::local(&dataset(dir.path()));
        let session = server.connector().connect().unwrap();
        Self { server, session, _dir: dir }
    }

    pub(crate) fn lay(&mut self, text: &str, table: Option<&str>) -> anyhow::Result<Foundation> {
        let everything = bulkbench::server::Sweep::All;
        self.server.run_schema().sweep(&mut self.session, everything).unwrap();
        let table = table.map(str::to_owned);
        let ddl = Ddl { origin: "--ddl table.sql".into(), text: text.into(), table };
        lay(&mut self.session, &ddl, &Absent::default())
    }

    pub(crate) fn definition(&mut self, text: &str, table: Option<&str>) -> Definition {
        self.lay(text, table).unwrap_or_else(|error| panic!("{text}: {error:#}")).definition
    }

    pub(crate) fn error(&mut self, text: &str, table: Option<&str>) -> String {
        format!("{:#}", self.lay(text, table).err().unwrap_or_else(|| panic!("no error of {text}")))
    }

    pub(crate) fn run(&mut self, statements: &[String]) {
        for statement in statements {
            self.session.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        }
    }

    pub(crate) fn read(&mut self, name: &str) -> Definition {
        introspect::read(&mut *self.session, &quote(name)).unwrap()
    }

    pub(crate) fn number(&mut self, sql: &str) -> i64 {
        self.session.query_one(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
    }

    pub(crate) fn version(&self) -> u32 {
        self.server.facts().version_num / 10_000
    }

    pub(crate) fn stop(self) {
        drop(self.session);
        self.server.stop().unwrap();
    }
}
