//! The DDLs of a run's tables, laid on its servers one at a time, and the rows of the tables that they refer to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::dataset::{Asked, Dataset, RowsFile};
use crate::method::copy::copy_from_stdin;
use crate::model::{Ability, Encoding};
use crate::runner::refusal::Offered;
use crate::runner::reset::copy_first;
use crate::server::{Server, Session, Sweep};
use crate::sql::{Exec, quote};
use crate::table::foundation::{self, Ddl, Foundation};
use crate::table::surroundings::Stays;
use crate::table::{Table, introspect, rows};
use crate::usage;
use crate::visible::visible_lines;

/// Rows for a table that the loaded one refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// The table, bare.
    pub table: String,
    /// Their file, which may be all that the file of the loaded table's rows may be.
    pub file: PathBuf,
}

/// The rows of the tables that the loaded one refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parents {
    /// The tables, in the order in which they are loaded.
    pub tables: Vec<Parent>,
    /// The cache of datasets, in which their rows are kept once they are read.
    pub cache: PathBuf,
}

/// The SQL that makes a table and what it needs, and the rows of its parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The SQL.
    pub ddl: Ddl,
    /// The rows of its parents.
    pub parents: Parents,
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

/// Lays a DDL on a server, whose run's schema is emptied for it, and loads its parents one after the other, by
/// way of the cache of datasets.
///
/// # Errors
/// As [`foundation::lay`] and [`Dataset::imported_table`]; [`crate::fault::Fault::Usage`] when a parent is no
/// table of the DDL; and [`crate::fault::Fault::Data`] when the server refuses its rows.
pub fn lay(server: &dyn Server, told: &Told) -> Result<Arc<Foundation>> {
    let Told { ddl, parents } = told;
    let (connector, absent) = (server.connector(), &server.facts().absent);
    connector.asking(|| {
        let mut session = connector.connect()?;
        server.run_schema().sweep(&mut session, Sweep::All).context("emptying the run's schema")?;
        let laid = foundation::lay(&mut session, ddl, absent)?;
        for parent in &parents.tables {
            connector.interrupt().check()?;
            load(server, &mut session, &laid, (parent, &parents.cache))
                .with_context(|| format!("in --parent {}={}", parent.table, parent.file.display()))?;
        }
        Ok(Arc::new(laid))
    })
}

fn load(
    server: &dyn Server,
    session: &mut Session,
    laid: &Foundation,
    (Parent { table, file }, cache): (&Parent, &Path),
) -> Result<()> {
    if !laid.stays.tables.contains(table) {
        return Err(usage!(
            "the DDL makes no table {table} beside the loaded one; it makes {}",
            if laid.stays.tables.is_empty() { "none".into() } else { laid.stays.tables.join(", ") }
        ));
    }
    let (connector, absent) = (server.connector(), &server.facts().absent);
    let definition = introspect::read(&mut **session, &quote(table))?;
    let columns = rows::columns(&definition);
    let file = RowsFile { path: file, asked: &Asked::default(), table, columns: &columns };
    let (dataset, said) = Dataset::imported_table(cache, &file, connector.interrupt())?;
    crate::say!("{table}: {}", visible_lines(&said.to_string()));
    let alone = Foundation { definition, stays: Stays::default(), lost: Vec::new() };
    let schema = Some(server.run_schema().name.clone());
    let parent = Table { schema, ..Table::told(&Arc::new(alone), dataset.columns())?.on(absent) };
    let offered = Offered { table, dataset: &dataset, file: Some(&file) };
    copy_first(connector, &copy_from_stdin(&parent, Encoding::Csv), &dataset, dataset.rows())
        .map_err(|error| offered.told(error))?;
    match absent.has(Ability::Vacuum) {
        true => session.run(&format!("VACUUM (ANALYZE) {}", quote(table))),
        false => Ok(()),
    }
}
