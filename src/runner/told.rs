//! Errors that a person has read already: many cases may fail alike, and one text is enough for them.

use std::collections::BTreeMap;

/// The errors told so far, each with what it was told of.
#[derive(Debug, Default)]
pub struct Told(BTreeMap<String, String>);

impl Told {
    /// The error of `what` in full the first time, and after that by what it was told of.
    pub fn words(&mut self, what: &str, error: &str) -> String {
        match self.0.get(error) {
            Some(first) => format!("as {first}"),
            None => {
                self.0.insert(error.into(), what.into());
                error.into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_once() {
        let mut told = Told::default();
        assert_eq!(told.words("copy-csv in round 1", "disk full"), "disk full");
        assert_eq!(told.words("copy-text in round 1", "disk full"), "as copy-csv in round 1");
        assert_eq!(told.words("copy-text in round 2", "no server"), "no server");
    }
}
