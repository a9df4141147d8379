//! A loader as a method: the file that it reads, its program on the clock, what the end of that means,
//! and the indexes.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::execute::LoadTarget;
use super::loader::Loader;
use super::options::{InputFormat, InputReader};
use super::table_needs::unknown_type;
use super::{input, program};
use crate::method::{Info, Load, Method, PhaseClock, Start, build_indexes, lacks};
use crate::model::{Params, Phase};
use crate::sql::{Exec, qualified};
use crate::table::Table;
use crate::table::verify::Keys;

impl Method for Loader {
    fn info(&self) -> &Info {
        &self.info
    }

    fn loader(&self) -> Option<&Loader> {
        Some(self)
    }

    fn keys(&self) -> Keys {
        match self.input {
            InputFormat::KeyedCsv => Keys::Counted,
            _ => Keys::Unique,
        }
    }

    fn lacks(&self, _params: &Params, table: &Table) -> Option<String> {
        // Keys that the server gives in another order stand in no file.
        let counts = self.input == InputFormat::KeyedCsv && table.surrogate().is_some();
        let counted = counts.then(|| lacks::counted_key(table)).flatten();
        let named = || self.names_key().then(|| lacks::key(table)).flatten();
        let needs = || self.table.iter().find_map(|need| need.lacks(table));
        counted.or_else(named).or_else(needs).or_else(|| unknown_type(&self.types, table))
    }

    fn load(&self, load: &Load<'_>, clock: &mut PhaseClock) -> Result<()> {
        let mut session = load.connector.connect()?;
        let run_schema = load.server.run_schema();
        let _extensions = self.extensions(load.server.connector(), &mut session)?;
        let keyed = self.input == InputFormat::KeyedCsv && load.table.counted_key().is_some();
        let columns = match keyed {
            true => load.table.with_key_column().column_list(),
            false => load.table.column_list(),
        };
        let key: Vec<String> = load.table.key_columns().into_iter().map(|column| column.name).collect();
        let table = qualified(&run_schema.name, &load.table.name);
        let mut file = input::file(self.input, load, &table, clock)?;
        if self.reader == InputReader::Server {
            file = seen_by_server(&file, load)?;
        }
        let target = LoadTarget {
            connector: load.connector,
            schema: &run_schema.name,
            table: &load.table.name,
            columns: &columns,
            key: &key.join(", "),
            file: &file,
            rows: load.rows,
            params: load.params,
            scratch: load.scratch,
        };
        let command = self.prepare(&target)?;

        let exit = clock
            .time(Phase::Load, || program::run_to_end(command, load.scratch, load.connector.interrupt()))?;
        clock.add_program(exit.cpu, exit.peak_memory);
        self.ended(&exit, &target)?.check()?;
        if keyed {
            clock.time(Phase::Load, || session.run(&load.table.advance_key()))?;
        }
        match self.info.start {
            Start::Empty(_) => build_indexes(load, clock, &mut *session),
            _ => Ok(()),
        }
    }
}

/// The path under which the server reads the file; one of the sample's own is opened to it.
fn seen_by_server(file: &Path, load: &Load<'_>) -> Result<PathBuf> {
    if file.starts_with(load.scratch) {
        let opening = || format!("opening {} to the server", file.display());
        std::fs::set_permissions(load.scratch, Permissions::from_mode(0o711)).with_context(opening)?;
        std::fs::set_permissions(file, Permissions::from_mode(0o644)).with_context(opening)?;
    }
    load.server.visible_path(file)
}
