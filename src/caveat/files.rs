//! The files that a caveat's ways load, read before any of them is tried.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use include_dir::Dir;

use crate::usage;

/// The place of the files that a definition names.
#[derive(Debug, Clone, Copy)]
pub enum Beside<'a> {
    /// In this directory, that of the definition.
    Directory(&'a Path),
    /// In the program.
    BuiltIn(&'static Dir<'static>),
}

/// Files by their names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files(BTreeMap<String, Cow<'static, [u8]>>);

impl Files {
    /// Reads those of these names.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for a name that is not plain, or a file that cannot be read.
    pub(crate) fn read(names: &BTreeSet<&str>, beside: Beside<'_>) -> Result<Self> {
        let read = |name: &&str| Ok(((*name).to_owned(), content(name, beside)?));
        names.iter().map(read).collect::<Result<_>>().map(Self)
    }

    /// The bytes of one.
    ///
    /// # Errors
    /// When none of this name was read.
    pub(crate) fn get(&self, name: &str) -> Result<&[u8]> {
        Ok(self.0.get(name).with_context(|| format!("the caveat has no file {name}"))?)
    }
}

fn content(name: &str, beside: Beside<'_>) -> Result<Cow<'static, [u8]>> {
    let stem = name.strip_suffix(".csv").or_else(|| name.strip_suffix(".txt"));
    // It lies among files of loaders when it is loaded, under its own name.
    if stem.is_none_or(str::is_empty) || name.contains('/') {
        return Err(usage!(
            "the file `{name}`: a caveat's file lies beside its definition, and its name is plain and ends in .csv or .txt"
        ));
    }
    match beside {
        Beside::Directory(dir) => {
            let whole = dir.join(name);
            let bytes = crate::fs::read(&whole)
                .map_err(|e| usage!("cannot read the file {}: {e}; put it there", whole.display()))?;
            Ok(Cow::Owned(bytes))
        }
        Beside::BuiltIn(files) => {
            let file = files.get_file(name).ok_or_else(|| usage!("no file {name} is compiled in"))?;
            Ok(Cow::Borrowed(file.contents()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_plain_name_and_lies_beside_the_definition() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.csv"), [0xff, b'\r']).unwrap();
        let read = |name: &str| Files::read(&[name].into(), Beside::Directory(dir.path()));
        assert_eq!(read("a.csv").unwrap().get("a.csv").unwrap(), [0xff, b'\r']);
        assert!(read("a.csv").unwrap().get("b.csv").is_err());
        for (name, rule) in [
            ("../a.csv", "plain"),
            (".csv", "plain"),
            ("", "plain"),
            ("stdout", "ends in .csv"),
            ("gone.csv", "cannot read"),
        ] {
            let error = read(name).unwrap_err().to_string();
            assert!(error.contains(rule), "{name}: {error}");
        }
    }
}
