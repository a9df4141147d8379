//! The DDLs of a run's tables, laid on its servers one at a time, and the rows of the tables that they refer to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::model::{Ability, Absent};
use crate::pg_error::words;
use crate::server::{Server, Session, Sweep};
use crate::sql::{Exec, quote};
use crate::table::foundation::{self, Ddl, Foundation};
use crate::table::surroundings::columns_of;
use crate::usage;

/// Rows for a table that the loaded one refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// The table, bare.
    pub table: String,
    /// Its csv. A first line that names columns says which they are.
    pub file: PathBuf,
}

/// The SQL that makes a table and what it needs, and the rows of its parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The SQL.
    pub ddl: Ddl,
    /// The tables that have rows, in the order in which they are loaded.
    pub parents: Vec<Parent>,
}

/// Which DDL lies on each of a run's servers: in the run's schema there is one at a time, as the tables of two may
/// have one name.
#[derive(Debug, Default)]
pub struct Laid(RefCell<BTreeMap<usize, (String, Arc<Foundation>)>>);

impl Laid {
    /// What the DDL of this dataset is on the server of this number: as it lies there, or laid now.
    ///
    /// # Errors
    /// As [`lay`].
    pub fn on(
        &self,
        (at, server): (usize, &dyn Server),
        dataset: &str,
        told: &Told,
    ) -> Result<Arc<Foundation>> {
        if let Some((there, foundation)) = self.0.borrow().get(&at)
            && there == dataset
        {
            return Ok(foundation.clone());
        }
        self.none_on(at);
        let laid = lay(server, told)?;
        self.0.borrow_mut().insert(at, (dataset.into(), laid.clone()));
        Ok(laid)
    }

    /// Nothing lies on the server of this number any more: a table of another kind takes its place.
    pub(crate) fn none_on(&self, at: usize) {
        self.0.borrow_mut().remove(&at);
    }
}

/// Lays a DDL on a server, whose run's schema is emptied for it, and loads its parents one after the other.
///
/// # Errors
/// As [`foundation::lay`]; and [`crate::fault::Fault::Usage`] when a parent is no table of the DDL, or the server
/// refuses its rows.
pub fn lay(server: &dyn Server, told: &Told) -> Result<Arc<Foundation>> {
    let Told { ddl, parents } = told;
    let (connector, absent) = (server.connector(), &server.facts().absent);
    connector.asking(|| {
        let mut session = connector.connect()?;
        server.run_schema().sweep(&mut session, Sweep::All).context("emptying the run's schema")?;
        let laid = foundation::lay(&mut session, ddl, absent)?;
        for parent in parents {
            connector.interrupt().check()?;
            load(&mut session, &laid, parent, absent)
                .with_context(|| format!("loading {}", parent.file.display()))?;
        }
        Ok(Arc::new(laid))
    })
}

fn load(session: &mut Session, laid: &Foundation, parent: &Parent, absent: &Absent) -> Result<()> {
    let Parent { table, file } = parent;
    if !laid.stays.tables.contains(table) {
        return Err(usage!(
            "--parent {table}: the DDL makes no such table beside the loaded one; it makes {}",
            if laid.stays.tables.is_empty() { "none".into() } else { laid.stays.tables.join(", ") }
        ));
    }
    let known = columns_of(&mut **session, table)?;
    let header = header(file)?.filter(|names| names.iter().all(|name| known.contains(name)));
    let (columns, option) = match &header {
        Some(names) => {
            let names: Vec<String> = names.iter().map(|name| quote(name)).collect();
            (format!(" ({})", names.join(", ")), ", HEADER")
        }
        None => (String::new(), ""),
    };
    let sql = format!("COPY {}{columns} FROM STDIN WITH (FORMAT csv{option})", quote(table));
    let refused =
        |error: &postgres::Error| usage!("the table {table} does not take these rows: {}", words(error));
    let mut input = File::open(file).context("opening it")?;
    let mut writer = session.copy_in(&sql).map_err(|error| refused(&error))?;
    if let Err(error) = std::io::copy(&mut input, &mut writer) {
        let of_driver = error.get_ref().and_then(|inner| inner.downcast_ref::<postgres::Error>());
        return Err(of_driver.map_or_else(|| anyhow::anyhow!("sending its rows: {error}"), refused));
    }
    writer.finish().map_err(|error| refused(&error))?;
    match absent.has(Ability::Vacuum) {
        true => session.run(&format!("VACUUM (ANALYZE) {}", quote(table))),
        false => Ok(()),
    }
}

/// The fields of the first line of a csv; `None` where there is none.
fn header(file: &PathBuf) -> Result<Option<Vec<String>>> {
    let opened = File::open(file).map_err(|error| usage!("cannot read it: {error}; check the path"))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(opened);
    let first =
        reader.records().next().transpose().map_err(|error| usage!("its first line is no csv: {error}"))?;
    Ok(first.map(|record| record.iter().map(str::to_owned).collect()))
}
