//! The caveats that are compiled in: descriptions, files, and the loaders that only they use.

use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context, Result};
use include_dir::{Dir, include_dir};

use super::definition::Caveat;
use super::files::Beside;
use crate::fault::nearest_then;
use crate::method::external::{self, Loader};
use crate::usage;

/// The descriptions (`<id>.toml`), the files that they name, and a directory of loaders.
static DIR: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/datasets/caveats");

/// In the order that lists show them.
const CAVEATS: [&str; 46] = [
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

const LOADERS: [&str; 3] =
    ["loaders/psql-copy-to", "loaders/psql-copy-to-program", "loaders/pg-bulkload-keep-old"];

/// The ids of all caveats, in the order that lists show them.
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    CAVEATS.into_iter()
}

/// The built-in caveat of this name, or the one in the file of this path.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for an unknown name (with the nearest), and for a file that is not a
/// caveat or has the id of a built-in one.
pub fn find(name: &str) -> Result<Caveat> {
    if ids().any(|known| known == name) {
        return Caveat::parse(text(name)?, &format!("the caveat {name}"), Beside::BuiltIn(&DIR));
    }
    let path = Path::new(name);
    if path.extension().is_none_or(|e| e != "toml") {
        return Err(usage!(
            "there is no caveat `{name}`{} `bulkbench list caveats` shows them; one of your own is given by the path of its .toml file",
            nearest_then(name, ids())
        ));
    }
    let caveat = Caveat::read(path)?;
    if ids().any(|known| known == caveat.id) {
        return Err(usage!("{name}: id = \"{}\" is that of a built-in caveat; choose another", caveat.id));
    }
    Ok(caveat)
}

/// The text of a description.
fn text(name: &str) -> Result<&'static str> {
    let name = format!("{name}.toml");
    let file = DIR.get_file(&name).with_context(|| format!("no file {name} is compiled in"))?;
    file.contents_utf8().with_context(|| format!("{name} is not UTF-8"))
}

/// The loaders that only caveats use.
///
/// # Panics
/// When one is not well formed, which a test rules out.
pub(super) fn loaders() -> &'static [Loader] {
    static PARSED: LazyLock<Vec<Loader>> = LazyLock::new(|| {
        let parse = |name| Loader::parse(text(name)?, name, external::Beside::BuiltIn(&[]));
        LOADERS.into_iter().map(|name| parse(name).unwrap_or_else(|e| panic!("compiled in: {e:#}"))).collect()
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
    fn every_description_is_listed_and_every_file_compiled_in() {
        assert!(CAVEATS.into_iter().chain(LOADERS).all(|id| text(id).is_ok()));
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/caveats");
        for entry in std::fs::read_dir(dir).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let known = match name.strip_suffix(".toml") {
                Some(id) => ids().any(|known| known == id),
                None => name == "loaders" || DIR.get_file(&name).is_some(),
            };
            assert!(
                known,
                "datasets/caveats/{name} is not in src/caveat/built_in.rs, or was added after it was built"
            );
        }
    }
}
