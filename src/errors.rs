//! An error with its causes in words, each said once.

use std::error::Error;

/// An error and its causes, outermost first: one that its effect quotes, or that quotes its effect, is
/// no line of its own.
pub(crate) fn links(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut links: Vec<String> = Vec::new();
    for cause in anyhow::Chain::new(error) {
        let words = cause.to_string();
        match links.last_mut() {
            Some(effect) if effect.contains(&words) => {}
            Some(effect) if words.contains(effect.as_str()) => *effect = words,
            _ => links.push(words),
        }
    }
    links
}

/// An error and its causes on one line.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    links(error).join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Error, anyhow};

    fn of(innermost: &'static str, outwards: &[&'static str]) -> Error {
        outwards.iter().fold(anyhow!(innermost), |error, context| error.context(*context))
    }

    #[test]
    fn causes_follow_their_effects() {
        assert_eq!(
            chain(of("disk full", &["writing x", "keeping"]).as_ref()),
            "keeping: writing x: disk full"
        );
        assert_eq!(links(of("disk full", &["writing x"]).as_ref()), ["writing x", "disk full"]);
    }

    #[test]
    fn what_a_neighbour_says_already_is_not_said_again() {
        for (innermost, outwards) in [
            ("no answer", &["no answer", "asking"][..]),
            ("no answer", &["asking: no answer"]),
            ("asking: no answer", &["asking"]),
            ("no answer", &["no answer", "no answer", "asking"]),
        ] {
            assert_eq!(
                chain(of(innermost, outwards).as_ref()),
                "asking: no answer",
                "{innermost} {outwards:?}"
            );
        }
    }

    #[test]
    fn an_error_without_causes_is_itself() {
        assert_eq!(chain(&std::io::Error::other("gone")), "gone");
    }
}
