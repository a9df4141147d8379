//! All methods. Adding one is a file (or a value in one) and a line here; a program of somebody
//! else's is a file in `loaders/`.

use std::sync::RwLock;

use anyhow::Result;

use crate::fault::nearest_then;
use crate::method::{Loader, Method, backfill, copy, external, fastest, insert, keys, parallel, staging};
use crate::usage;

/// Our own, in the order that lists show them.
static METHODS: &[&dyn Method] = &[
    &insert::INSERT_ROW,
    &insert::INSERT_ROW_TOKIO,
    &insert::INSERT_ROW_UNPREPARED,
    &insert::INSERT_ROW_SIMPLE,
    &insert::INSERT_ROW_ASYNC_COMMIT,
    &insert::INSERT_ROW_BATCHED_COMMITS,
    &insert::INSERT_ROW_TRANSACTION,
    &insert::INSERT_ROW_PIPELINED,
    &insert::INSERT_MULTIROW,
    &insert::INSERT_MULTIROW_PREPARED,
    &insert::INSERT_UNNEST,
    &insert::INSERT_JSON,
    &staging::select::INSERT_SELECT_STAGING,
    &staging::select::INSERT_SELECT_TEMP,
    &staging::fdw::INSERT_SELECT_FDW,
    &staging::conflict::INSERT_ON_CONFLICT_NOTHING,
    &staging::conflict::INSERT_ON_CONFLICT_UPDATE,
    &copy::stdin::COPY_CSV,
    &copy::stdin::COPY_TEXT,
    &copy::stdin::COPY_BINARY,
    &copy::server_file::COPY_CSV_SERVER_FILE,
    &copy::stdin::COPY_UNLOGGED_THEN_LOGGED,
    &copy::stdin::COPY_UNLOGGED,
    &copy::transaction::COPY_ONE_TRANSACTION,
    &copy::transaction::COPY_TRUNCATE,
    &copy::transaction::COPY_FREEZE,
    &copy::stdin::COPY_ANALYZE,
    &copy::placed::COPY_INDEXED,
    &copy::placed::COPY_APPEND,
    &copy::placed::COPY_APPEND_REBUILD,
    &copy::chunks::COPY_CHUNKS,
    &copy::encoded::COPY_CSV_ENCODED,
    &copy::encoded::COPY_TEXT_ENCODED,
    &copy::encoded::COPY_BINARY_ENCODED,
    &copy::writer::COPY_BINARY_WRITER,
    &copy::blocking::COPY_BINARY_WRITER_BLOCKING,
    &copy::blocking::COPY_CSV_BLOCKING,
    &copy::presorted::COPY_PRESORTED,
    &parallel::shared_table::COPY_PARALLEL,
    &parallel::shared_table::COPY_UNLOGGED_PARALLEL,
    &parallel::partitioned::COPY_PARTITIONED,
    &fastest::FASTEST_DURABLE,
    &fastest::FASTEST_UNLOGGED,
    &keys::COPY_FK_IN_PLACE,
    &keys::COPY_FK_DROPPED,
    &backfill::rows::UPDATE_ROW,
    &backfill::rows::UPDATE_ROW_TRANSACTION,
    &backfill::values::UPDATE_BATCH_VALUES,
    &backfill::staged::UPDATE_STAGED,
    &backfill::staged::UPDATE_MERGE,
    &backfill::copy_out::COPY_OUT,
];

/// The loaders of users'.
static ADDED: RwLock<Vec<&'static dyn Method>> = RwLock::new(Vec::new());

/// Every method, in the order that lists show them: ours, the loaders that are compiled in, and
/// those that were added.
pub fn all() -> Vec<&'static dyn Method> {
    let loaders = external::built_in().iter().map(|loader| loader as &dyn Method);
    let added = ADDED.read().unwrap_or_else(|e| e.into_inner());
    METHODS.iter().copied().chain(loaders).chain(added.iter().copied()).collect()
}

/// Adds a loader of a user's, for as long as the program runs.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when its id is taken.
pub fn add(loader: Loader) -> Result<()> {
    let id = loader.info().id;
    if all().iter().any(|method| method.info().id == id) {
        return Err(usage!(
            "id = \"{id}\": there is a method of this id already; give the loader another (`bulkbench list` shows those that are taken)"
        ));
    }
    ADDED.write().unwrap_or_else(|e| e.into_inner()).push(Box::leak(Box::new(loader)));
    Ok(())
}

/// The method of this id.
///
/// # Errors
/// An unknown id, with the nearest known one.
pub fn find(id: &str) -> Result<&'static dyn Method> {
    let all = all();
    all.iter().find(|m| m.info().id == id).copied().ok_or_else(|| {
        let hint = nearest_then(id, all.iter().map(|m| m.info().id));
        usage!(
            "there is no method `{id}`{hint} `bulkbench list` shows them all; a loader of your own is named by --loader FILE"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{ALL_METHODS, Experiment};

    #[test]
    fn ids_are_unique_and_every_built_in_case_has_a_method() {
        let ids: std::collections::BTreeSet<_> = all().iter().map(|m| m.info().id).collect();
        assert_eq!(ids.len(), all().len());
        for experiment in Experiment::built_in().unwrap() {
            for case in experiment.cases.iter().filter(|case| case.method != ALL_METHODS) {
                find(&case.method).unwrap();
            }
        }
    }

    #[test]
    fn an_unknown_method_gets_the_nearest_name() {
        let text = find("copy-cvs").err().unwrap().to_string();
        assert!(text.contains("did you mean `copy-csv`?"), "{text}");
    }
}
