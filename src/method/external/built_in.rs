//! The loaders that are compiled in.

use super::Loader;
use super::definition::Beside;

/// A definition, and the files beside it that it names by `path`.
struct BuiltIn {
    name: &'static str,
    text: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// A loader in Python: its program, and what they all share.
macro_rules! in_python {
    ($name:literal, $program:literal) => {
        BuiltIn {
            name: concat!($name, ".toml"),
            text: include_str!(concat!("../../../loaders/", $name, ".toml")),
            files: &[
                (
                    concat!("../scripts/peers/", $program),
                    include_str!(concat!("../../../scripts/peers/", $program)),
                ),
                ("../scripts/peers/peer.py", include_str!("../../../scripts/peers/peer.py")),
            ],
        }
    };
}

/// In the order that lists show them.
const BUILT_IN: &[BuiltIn] = &[
    BuiltIn { name: "psql-copy.toml", text: include_str!("../../../loaders/psql-copy.toml"), files: &[] },
    in_python!("psycopg2-row", "psycopg2_load.py"),
    in_python!("psycopg2-row-transaction", "psycopg2_load.py"),
    in_python!("psycopg2-executemany", "psycopg2_load.py"),
    in_python!("psycopg2-execute-values", "psycopg2_load.py"),
    in_python!("psycopg2-copy", "psycopg2_load.py"),
    in_python!("psycopg2-copy-buffer", "psycopg2_load.py"),
    in_python!("psycopg2-copy-iterator", "psycopg2_load.py"),
    in_python!("psycopg3-row", "psycopg3_load.py"),
    in_python!("psycopg3-row-transaction", "psycopg3_load.py"),
    in_python!("psycopg3-executemany", "psycopg3_load.py"),
    in_python!("psycopg3-copy", "psycopg3_load.py"),
    in_python!("psycopg3-copy-rows", "psycopg3_load.py"),
    in_python!("psycopg3-copy-binary", "psycopg3_load.py"),
    in_python!("asyncpg-executemany", "asyncpg_load.py"),
    in_python!("asyncpg-copy", "asyncpg_load.py"),
    in_python!("asyncpg-copy-records", "asyncpg_load.py"),
    in_python!("adbc-ingest", "adbc_load.py"),
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
