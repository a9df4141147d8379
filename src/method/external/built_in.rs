//! The loaders that are compiled in.

use super::definition::Beside;
use super::loader::Loader;

/// A definition, and the files that it names by `path`.
struct BuiltIn {
    name: &'static str,
    text: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// The definition of this id in `loaders/`, with these programs of `scripts/peers/`.
macro_rules! loader {
    ($id:literal $(, $program:literal)*) => {
        BuiltIn {
            name: concat!($id, ".toml"),
            text: include_str!(concat!("../../../loaders/", $id, ".toml")),
            files: &[$((
                concat!("../scripts/peers/", $program),
                include_str!(concat!("../../../scripts/peers/", $program)),
            )),*],
        }
    };
}

/// In the order that lists show them.
const BUILT_IN: &[BuiltIn] = &[
    loader!("psql-copy"),
    loader!("psql-insert"),
    loader!("psql-insert-transaction"),
    loader!("pgloader"),
    loader!("pgloader-drop-indexes"),
    loader!("pg-bulkload"),
    loader!("pg-bulkload-parallel"),
    loader!("psycopg2-row", "psycopg2_load.py", "peer.py", "values.py"),
    loader!("psycopg2-row-transaction", "psycopg2_load.py", "peer.py", "values.py"),
    loader!("psycopg2-executemany", "psycopg2_load.py", "peer.py", "values.py"),
    loader!("psycopg2-execute-values", "psycopg2_load.py", "peer.py", "values.py"),
    loader!("psycopg2-copy", "psycopg2_load.py", "peer.py", "values.py"),
    loader!("psycopg2-copy-buffer", "psycopg2_load.py", "peer.py", "values.py"),
    loader!("psycopg2-copy-iterator", "psycopg2_load.py", "peer.py", "values.py"),
    loader!("psycopg3-row", "psycopg3_load.py", "peer.py", "values.py"),
    loader!("psycopg3-row-transaction", "psycopg3_load.py", "peer.py", "values.py"),
    loader!("psycopg3-executemany", "psycopg3_load.py", "peer.py", "values.py"),
    loader!("psycopg3-copy", "psycopg3_load.py", "peer.py", "values.py"),
    loader!("psycopg3-copy-rows", "psycopg3_load.py", "peer.py", "values.py"),
    loader!("psycopg3-copy-binary", "psycopg3_load.py", "peer.py", "values.py"),
    loader!("asyncpg-executemany", "asyncpg_load.py", "peer.py", "values.py"),
    loader!("asyncpg-copy", "asyncpg_load.py", "peer.py", "values.py"),
    loader!("asyncpg-copy-records", "asyncpg_load.py", "peer.py", "values.py"),
    loader!("adbc-ingest", "adbc_load.py", "peer.py", "values.py"),
];

/// The loaders that are compiled in.
///
/// # Panics
/// When one is not well formed, which a test rules out.
pub(crate) fn built_in() -> Vec<Loader> {
    BUILT_IN
        .iter()
        .map(|one| {
            Loader::parse(one.text, one.name, Beside::BuiltIn(one.files))
                .unwrap_or_else(|error| panic!("a loader that is compiled in: {error:#}"))
        })
        .collect()
}
