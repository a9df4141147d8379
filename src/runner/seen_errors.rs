//! Errors that a person has read already: many cases may fail the same way, and one text is enough for them.

use std::collections::BTreeMap;

/// The errors shown so far, each with the sample that it was shown for.
#[derive(Debug, Default)]
pub(crate) struct SeenErrors(BTreeMap<String, String>);

impl SeenErrors {
    /// The error of `what` in full the first time, and after that a reference to the first.
    pub(crate) fn text(&mut self, what: &str, error: &str) -> String {
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
    fn an_error_is_shown_in_full_once() {
        let mut seen = SeenErrors::default();
        assert_eq!(seen.text("copy-csv in round 1", "disk full"), "disk full");
        assert_eq!(seen.text("copy-text in round 1", "disk full"), "as copy-csv in round 1");
        assert_eq!(seen.text("copy-text in round 2", "no server"), "no server");
    }
}
