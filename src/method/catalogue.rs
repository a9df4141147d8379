//! All methods. Adding one is a file (or a function in one) and a line here; an external
//! program is a file in `loaders/`.

use anyhow::Result;

use super::external::{self, Loader};
use super::method_trait::Method;
use super::{backfill, copy, fastest, insert, keys, parallel, staging};
use crate::fault::nearest_then;
use crate::usage;

/// The methods that a run can choose from, in the order that lists show them: ours, the loaders that
/// are compiled in, and those of the user's that were added.
pub struct Catalogue {
    methods: Vec<Box<dyn Method>>,
}

/// Ours, in the order that lists show them.
fn own() -> Vec<Box<dyn Method>> {
    vec![
        Box::new(insert::row::insert_row()),
        Box::new(insert::asynchronous::insert_row_tokio()),
        Box::new(insert::row::insert_row_unprepared()),
        Box::new(insert::literals::insert_row_simple()),
        Box::new(insert::row::insert_row_async_commit()),
        Box::new(insert::row::insert_row_batched_commits()),
        Box::new(insert::transaction::insert_row_transaction()),
        Box::new(insert::asynchronous::insert_row_pipelined()),
        Box::new(insert::multirow::insert_multirow()),
        Box::new(insert::multirow::insert_multirow_prepared()),
        Box::new(insert::arrays::insert_unnest()),
        Box::new(insert::arrays::insert_json()),
        Box::new(staging::select::insert_select_staging()),
        Box::new(staging::select::insert_select_temp()),
        Box::new(staging::fdw::insert_select_fdw()),
        Box::new(staging::conflict::insert_on_conflict_nothing()),
        Box::new(staging::conflict::insert_on_conflict_update()),
        Box::new(copy::stdin::copy_csv()),
        Box::new(copy::stdin::copy_csv_key_after()),
        Box::new(copy::stdin::copy_text()),
        Box::new(copy::stdin::copy_binary()),
        Box::new(copy::server_file::copy_csv_server_file()),
        Box::new(copy::stdin::copy_unlogged_then_logged()),
        Box::new(copy::stdin::copy_unlogged()),
        Box::new(copy::transaction::copy_one_transaction()),
        Box::new(copy::transaction::copy_truncate()),
        Box::new(copy::transaction::copy_freeze()),
        Box::new(copy::stdin::copy_analyze()),
        Box::new(copy::existing_table::copy_indexed()),
        Box::new(copy::existing_table::copy_append()),
        Box::new(copy::existing_table::copy_append_rebuild()),
        Box::new(copy::chunks::copy_chunks()),
        Box::new(copy::encoded::copy_csv_encoded()),
        Box::new(copy::encoded::copy_text_encoded()),
        Box::new(copy::encoded::copy_binary_encoded()),
        Box::new(copy::writer::copy_binary_writer()),
        Box::new(copy::blocking::copy_binary_writer_blocking()),
        Box::new(copy::blocking::copy_csv_blocking()),
        Box::new(copy::presorted::copy_presorted()),
        Box::new(parallel::shared_table::copy_parallel()),
        Box::new(parallel::shared_table::copy_unlogged_parallel()),
        Box::new(parallel::partitioned::copy_partitioned()),
        Box::new(fastest::fastest_durable()),
        Box::new(fastest::fastest_unlogged()),
        Box::new(keys::copy_fk_in_place()),
        Box::new(keys::copy_fk_dropped()),
        Box::new(backfill::rows::update_row()),
        Box::new(backfill::rows::update_row_transaction()),
        Box::new(backfill::values::update_batch_values()),
        Box::new(backfill::staged::update_staged()),
        Box::new(backfill::staged::update_merge()),
        Box::new(backfill::copy_out::copy_out()),
    ]
}

impl Catalogue {
    /// The methods that come with the program.
    pub fn built_in() -> Self {
        let loaders = external::built_in().into_iter().map(|loader| Box::new(loader) as Box<dyn Method>);
        Self { methods: own().into_iter().chain(loaders).collect() }
    }

    /// Adds a loader of a user's.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] when its id is taken.
    pub fn add(&mut self, loader: Loader) -> Result<()> {
        let id = &loader.info().id;
        if self.iter().any(|method| method.info().id == *id) {
            return Err(usage!(
                "id = \"{id}\": there is a method of this id already; give the loader another (`bulkbench list methods` shows those that are taken)"
            ));
        }
        self.methods.push(Box::new(loader));
        Ok(())
    }

    /// Every method.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &dyn Method> {
        self.methods.iter().map(|method| &**method)
    }

    /// The method of this id.
    ///
    /// # Errors
    /// An unknown id, with the nearest known one.
    pub fn find(&self, id: &str) -> Result<&dyn Method> {
        self.iter().find(|method| method.info().id == id).ok_or_else(|| {
            let hint = nearest_then(id, self.iter().map(|method| method.info().id.as_str()));
            usage!(
                "there is no method `{id}`{hint} `bulkbench list methods` shows them all; a loader of your own is named by --loader FILE"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{ALL_METHODS, Experiment};

    #[test]
    fn ids_are_unique_and_every_built_in_case_has_a_method() {
        let catalogue = Catalogue::built_in();
        let ids: std::collections::BTreeSet<_> = catalogue.iter().map(|m| &m.info().id).collect();
        assert_eq!(ids.len(), catalogue.iter().len());
        for experiment in Experiment::built_in().unwrap() {
            for case in experiment.cases.iter().filter(|case| case.key.method != ALL_METHODS) {
                catalogue.find(&case.key.method).unwrap();
            }
        }
    }

    #[test]
    fn an_unknown_method_gets_the_nearest_name() {
        let text = Catalogue::built_in().find("copy-cvs").err().unwrap().to_string();
        assert!(text.contains("did you mean `copy-csv`?"), "{text}");
    }
}
