//! Files in which the kernel tells facts.

use std::path::Path;

/// The text of a file of the kernel's, without the line's end; `None` where there is none.
pub(super) fn text(path: impl AsRef<Path>) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The one of several words that is chosen: `always [madvise] never`.
pub(super) fn chosen(words: &str) -> Option<String> {
    let (_, from) = words.split_once('[')?;
    Some(from.split_once(']')?.0.to_owned())
}
