//! The claims that are compiled in.

use std::sync::LazyLock;

use anyhow::{Context, Result};
use include_dir::{Dir, include_dir};

use super::definition::Source;

static DIR: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/claims");

/// The sources by the names of their files, in the order that the ledger has them.
const FILES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// The sources with their claims.
///
/// # Panics
/// When one is not well formed, which a test rules out.
pub fn sources() -> &'static [Source] {
    static PARSED: LazyLock<Vec<Source>> = LazyLock::new(|| {
        FILES.into_iter().map(|name| source(name).unwrap_or_else(|e| panic!("compiled in: {e:#}"))).collect()
    });
    &PARSED
}

fn source(name: &str) -> Result<Source> {
    let name = format!("{name}.toml");
    let file = DIR.get_file(&name).with_context(|| format!("no file claims/{name} is compiled in"))?;
    let text = file.contents_utf8().with_context(|| format!("claims/{name} is not UTF-8"))?;
    Source::parse(text, &format!("claims/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_well_formed_and_every_file_listed() {
        let sources = sources();
        assert_eq!(DIR.files().count(), sources.len());
        let claims = || sources.iter().flat_map(|source| &source.claims);
        assert!(claims().count() >= 60);
        assert!(claims().filter(|claim| !claim.tests.is_empty()).count() >= 60);
    }
}
