//! The loaders that are compiled in.

use super::Loader;
use super::definition::Beside;

/// A definition, and the files beside it that it names by `path`.
struct BuiltIn {
    name: &'static str,
    text: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// In the order that lists show them.
const BUILT_IN: &[BuiltIn] = &[
    BuiltIn { name: "psql-copy.toml", text: include_str!("../../../loaders/psql-copy.toml"), files: &[] },
    BuiltIn { name: "psql-insert.toml", text: include_str!("../../../loaders/psql-insert.toml"), files: &[] },
    BuiltIn {
        name: "psql-insert-transaction.toml",
        text: include_str!("../../../loaders/psql-insert-transaction.toml"),
        files: &[],
    },
    BuiltIn { name: "pgloader.toml", text: include_str!("../../../loaders/pgloader.toml"), files: &[] },
    BuiltIn {
        name: "pgloader-drop-indexes.toml",
        text: include_str!("../../../loaders/pgloader-drop-indexes.toml"),
        files: &[],
    },
    BuiltIn { name: "pg-bulkload.toml", text: include_str!("../../../loaders/pg-bulkload.toml"), files: &[] },
    BuiltIn {
        name: "pg-bulkload-parallel.toml",
        text: include_str!("../../../loaders/pg-bulkload-parallel.toml"),
        files: &[],
    },
];

/// Reads them all.
///
/// # Panics
/// When one is not well formed, which a test rules out.
pub(super) fn built_in() -> Vec<Loader> {
    BUILT_IN
        .iter()
        .map(|one| {
            Loader::parse(one.text, one.name, Beside::BuiltIn(one.files))
                .unwrap_or_else(|error| panic!("a loader that is compiled in: {error:#}"))
        })
        .collect()
}
