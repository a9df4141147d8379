//! External programs that load: which are here.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::method::{Loader, Method};
use crate::report::{Look, terminal};

/// The version of each loader's program, or why it cannot be run, by the loader's id.
#[derive(Debug, Default)]
pub(crate) struct Programs<'l>(BTreeMap<&'l str, Result<String, String>>);

impl<'l> Programs<'l> {
    /// Asks the programs of these methods, those that have one.
    pub(crate) fn look_for(methods: &[&'l dyn Method]) -> Self {
        let loaders: Vec<&'l Loader> = methods.iter().filter_map(|method| method.loader()).collect();
        // Each may take a good part of a second to start.
        let found = loaders.par_iter().map(|loader| {
            let presence = loader.presence().map(str::to_owned).map_err(str::to_owned);
            (loader.info().id.as_str(), presence)
        });
        Self(found.collect())
    }

    /// Whether the method of this id lacks a program.
    pub(crate) fn lacks(&self, id: &str) -> bool {
        self.0.get(id).is_some_and(Result::is_err)
    }

    /// Which versions are here, and what to do about those that are not.
    pub(crate) fn text(&self, look: Look) -> String {
        let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut reasons = versions.clone();
        for (id, presence) in &self.0 {
            match presence {
                Ok(version) => versions.entry(version).or_default().push(id),
                Err(why) => reasons.entry(why).or_default().push(id),
            }
        }
        let here: Vec<String> =
            versions.iter().map(|(version, ids)| format!("{version} ({})", ids.join(", "))).collect();
        let mut text = String::new();
        if !here.is_empty() {
            text.push_str(&terminal::paragraph(
                &format!("External programs here: {}.", here.join("; ")),
                look,
            ));
        }
        for (why, ids) in reasons {
            text.push_str(&terminal::paragraph(
                &format!("Not available here: {}: {why}", ids.join(", ")),
                look,
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Colour;

    #[test]
    fn versions_are_named_once_and_what_is_missing_with_the_next_step() {
        let programs = Programs(BTreeMap::from([
            ("a-copy", Ok("a 1.2".into())),
            ("a-insert", Ok("a 1.2".into())),
            ("b", Err("starting `b`: not found; to have it: the package b".into())),
            ("b-fast", Err("starting `b`: not found; to have it: the package b".into())),
        ]));
        let text = programs.text(Look { width: 100, colour: Colour::Off });
        assert_eq!(
            text,
            "External programs here: a 1.2 (a-copy, a-insert).\n\
             Not available here: b, b-fast: starting `b`: not found; to have it: the package b\n"
        );
        assert!(programs.lacks("b") && !programs.lacks("a-copy") && !programs.lacks("copy-csv"));
    }
}
