//! The caveats that are compiled in: descriptions, files, and the loaders that only they use.

use std::sync::LazyLock;

use anyhow::{Context, Result};

use super::definition::Caveat;
use crate::fault::nearest_then;
use crate::method::external::{Beside, Loader};
use crate::usage;

/// Names and contents of these files of `datasets/caveats/`.
macro_rules! texts {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../datasets/caveats/", $name, ".toml")))),*]
    };
}

/// Likewise, with whatever bytes are in them.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../../datasets/caveats/", $name)).as_slice())),*]
    };
}

/// In the order that lists show them.
const CAVEATS: [(&str, &str); 46] = texts![
    "extra-columns",
    "column-order",
    "embedded-delimiters",
    "backslashes",
    "backslash-before-delimiter",
    "end-of-data",
    "crlf-lines",
    "crlf-lines-text",
    "mixed-line-ends",
    "mixed-line-ends-crlf-first",
    "quoted-carriage-return",
    "null-markers-number",
    "null-markers-text",
    "quoted-empty",
    "quoted-empty-text",
    "mixed-nulls",
    "not-null",
    "thousands-separators",
    "loaded-twice",
    "written-twice",
    "duplicate-key",
    "bad-rows",
    "ragged-lines",
    "wrong-encoding",
    "all-or-nothing",
    "stray-quote-odd",
    "stray-quotes-even",
    "text-behind-quotes",
    "backslash-quotes",
    "backslash-quotes-comma",
    "backslash-digits",
    "backslash-digits-no-character",
    "bytes-without-prefix",
    "json-escapes",
    "json-escapes-still-json",
    "array-backslashes",
    "array-quotes",
    "day-before-month",
    "day-taken-for-month",
    "byte-order-mark-number",
    "byte-order-mark-text",
    "identity-always",
    "identity-next",
    "generated-column",
    "text-too-long-for-its-index",
    "text-too-long-for-any-index",
];

const LOADERS: [(&str, &str); 3] =
    texts!["loaders/psql-copy-to", "loaders/psql-copy-to-program", "loaders/pg-bulkload-keep-old"];

const FILES: &[(&str, &[u8])] = &files![
    "all-or-nothing.csv",
    "all-or-nothing.txt",
    "array-backslashes.csv",
    "array-backslashes.txt",
    "array-quotes.csv",
    "array-quotes.txt",
    "backslash-before-delimiter.csv",
    "backslash-before-delimiter.txt",
    "backslash-digits-no-character.csv",
    "backslash-digits-no-character.txt",
    "backslash-digits.csv",
    "backslash-digits.txt",
    "backslash-quotes-comma.csv",
    "backslash-quotes.csv",
    "backslashes.csv",
    "backslashes.txt",
    "bad-rows.csv",
    "byte-order-mark-number.csv",
    "byte-order-mark-number.txt",
    "byte-order-mark-text.csv",
    "byte-order-mark-text.txt",
    "bytes-without-prefix.csv",
    "bytes-without-prefix.txt",
    "column-order.csv",
    "crlf-lines-text.csv",
    "crlf-lines-text.txt",
    "crlf-lines.csv",
    "crlf-lines.txt",
    "day-before-month.csv",
    "day-before-month.txt",
    "day-taken-for-month.csv",
    "day-taken-for-month.txt",
    "duplicate-key.csv",
    "duplicate-key.txt",
    "embedded-delimiters-quoted.csv",
    "embedded-delimiters.csv",
    "embedded-delimiters.txt",
    "end-of-data.csv",
    "end-of-data.txt",
    "extra-columns.csv",
    "extra-columns.txt",
    "generated-column.csv",
    "generated-column.txt",
    "identity-always.csv",
    "identity-always.txt",
    "identity-next.csv",
    "identity-next.txt",
    "json-escapes-still-json.csv",
    "json-escapes-still-json.txt",
    "json-escapes.csv",
    "json-escapes.txt",
    "loaded-twice.csv",
    "loaded-twice.txt",
    "mixed-line-ends-crlf-first.csv",
    "mixed-line-ends-crlf-first.txt",
    "mixed-line-ends.csv",
    "mixed-line-ends.txt",
    "mixed-nulls.csv",
    "not-null.csv",
    "null-markers-number.csv",
    "null-markers-number.txt",
    "null-markers-text.csv",
    "null-markers-text.txt",
    "quoted-carriage-return.csv",
    "quoted-carriage-return.txt",
    "quoted-empty-text.csv",
    "quoted-empty.csv",
    "ragged-lines.csv",
    "stray-quote-odd.csv",
    "stray-quotes-even.csv",
    "text-behind-quotes.csv",
    "text-too-long-for-any-index.csv",
    "text-too-long-for-any-index.txt",
    "text-too-long-for-its-index.csv",
    "text-too-long-for-its-index.txt",
    "thousands-separators.csv",
    "thousands-separators.txt",
    "wrong-encoding.csv",
];

/// The ids of all caveats, in the order that lists show them.
pub fn ids() -> impl Iterator<Item = &'static str> {
    CAVEATS.iter().map(|(id, _)| *id)
}

/// The caveat of this id.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for an unknown id, with the nearest.
pub fn find(id: &str) -> Result<Caveat> {
    let (_, text) = CAVEATS.iter().find(|(known, _)| *known == id).ok_or_else(|| {
        usage!(
            "there is no caveat `{id}`{} they are: {}",
            nearest_then(id, ids()),
            ids().collect::<Vec<_>>().join(", ")
        )
    })?;
    Caveat::parse(text, &format!("the caveat {id}"))
}

/// What is in a file.
///
/// # Errors
/// When none of this name is compiled in.
pub(super) fn file(name: &str) -> Result<&'static [u8]> {
    let known = FILES.iter().find(|(known, _)| *known == name);
    known.map(|(_, bytes)| *bytes).with_context(|| format!("no file {name} is compiled in"))
}

/// The loaders that only caveats use.
///
/// # Panics
/// When one is not well formed, which a test rules out.
pub(super) fn loaders() -> &'static [Loader] {
    static PARSED: LazyLock<Vec<Loader>> = LazyLock::new(|| {
        let parse = |(name, text): &(&str, &str)| {
            Loader::parse(text, name, Beside::BuiltIn(&[])).unwrap_or_else(|e| panic!("compiled in: {e:#}"))
        };
        LOADERS.iter().map(parse).collect()
    });
    &PARSED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_are_well_formed() {
        assert_eq!(loaders().len(), LOADERS.len());
    }

    #[test]
    fn every_file_is_compiled_in() {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/caveats");
        for entry in std::fs::read_dir(dir).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let known = match name.strip_suffix(".toml") {
                Some(id) => ids().any(|known| known == id),
                None => name == "loaders" || file(&name).is_ok(),
            };
            assert!(known, "datasets/caveats/{name} is not in src/caveat/built_in.rs");
        }
    }
}
