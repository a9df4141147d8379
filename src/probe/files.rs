//! Files in which the kernel and engines tell facts: of this machine, or of another, read by whoever can.

use std::path::Path;

/// Reads a file by its absolute path; `None` where there is none, or it cannot be read.
pub(crate) type Files<'f> = dyn FnMut(&Path) -> Option<String> + 'f;

/// The text of a file of this machine, without the line's end; `None` where there is none.
pub(crate) fn text(path: impl AsRef<Path>) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The one of several words that is chosen: `always [madvise] never`.
pub(super) fn chosen(words: &str) -> Option<String> {
    let (_, from) = words.split_once('[')?;
    Some(from.split_once(']')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_word_stands_in_brackets() {
        assert_eq!(chosen("always [madvise] never").as_deref(), Some("madvise"));
        assert_eq!(chosen("none"), None);
    }
}
