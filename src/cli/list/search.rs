//! A search for a word: ids, titles, summaries and sources that have it.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::caveat::Caveat;
use crate::experiment::Experiment;
use crate::method::Info;
use crate::report::{Look, terminal};
use crate::usage;

/// The most spellings that are proposed.
const PROPOSALS: usize = 3;

/// Something that can be found.
pub(crate) struct Item {
    kind: &'static str,
    id: String,
    texts: Vec<String>,
    source: String,
}

impl Item {
    /// A method.
    pub(crate) fn method(info: &Info) -> Self {
        Self {
            kind: "method",
            id: info.id.clone(),
            texts: vec![info.summary.clone()],
            source: info.source.clone(),
        }
    }

    /// An experiment.
    pub(crate) fn experiment(experiment: &Experiment) -> Self {
        Self {
            kind: "experiment",
            id: experiment.id.clone(),
            texts: vec![experiment.title.clone(), experiment.question.clone()],
            source: experiment.source.clone().unwrap_or_default(),
        }
    }

    /// A caveat.
    pub(crate) fn caveat(caveat: &Caveat) -> Self {
        Self {
            kind: "caveat",
            id: caveat.id.clone(),
            texts: vec![caveat.title.clone(), caveat.says.clone()],
            source: caveat.source.clone(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        [&self.id].into_iter().chain(&self.texts).chain([&self.source]).map(String::as_str)
    }
}

/// The items that have `word`, whatever its case: each with its first text and whichever others have it;
/// the source where the word is in it, or it is asked for.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when none has it, with words that are spelled nearly so.
pub(crate) fn search(items: &[Item], word: &str, verbose: bool, look: Look) -> Result<String> {
    let sought = word.trim().to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&sought);
    let found: Vec<&Item> = items.iter().filter(|item| item.all().any(has)).collect();
    if sought.is_empty() || found.is_empty() {
        return Err(none(items, &sought, word));
    }
    let mut out = String::new();
    for item in found {
        out.push_str(&terminal::marked(&format!("{} {}\n", item.kind, item.id), &sought, look));
        let texts = item.texts.iter().enumerate().filter(|(at, text)| *at == 0 || has(text));
        let source = (verbose || has(&item.source)).then(|| format!("source: {}", item.source));
        for text in texts.map(|(_, text)| text.clone()).chain(source) {
            out.push_str(&terminal::marked(&terminal::indented(&text, 2, look), &sought, look));
        }
    }
    Ok(out)
}

/// Says that nothing has the word, and which words are spelled nearly so.
fn none(items: &[Item], sought: &str, word: &str) -> anyhow::Error {
    let near = near(items, sought);
    let hint = match near.is_empty() {
        true => "; `bulkbench list` shows what there is".into(),
        false => format!("; did you mean {}?", near.join(", ")),
    };
    usage!("--search {word}: no id, title, summary or source has `{word}`{hint}")
}

/// The words of the items that are spelled most nearly as this one, the nearest first.
fn near(items: &[Item], sought: &str) -> Vec<String> {
    let texts = items.iter().flat_map(Item::all);
    let words: BTreeSet<String> = texts
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-'))
        .filter(|word| word.chars().count() > 2)
        .map(str::to_lowercase)
        .collect();
    let mut near: Vec<(usize, String)> = words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(sought, &word), word))
        .filter(|(distance, word)| *distance <= word.chars().count().min(sought.chars().count()) / 3)
        .collect();
    near.sort();
    near.into_iter().take(PROPOSALS).map(|(_, word)| format!("`{word}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use crate::report::Colour;

    fn items() -> Vec<Item> {
        let item = |kind, id: &str, texts: &[&str], source: &str| Item {
            kind,
            id: id.into(),
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
            source: source.into(),
        };
        vec![
            item("method", "copy-freeze", &["COPY FREEZE"], "the manual"),
            item("experiment", "wal", &["The log", "What does freezing save?"], "a Wiki"),
        ]
    }

    fn plain() -> Look {
        Look { width: 80, colour: Colour::Off }
    }

    #[test]
    fn what_has_the_word_is_shown_and_nothing_else() {
        let found = |word, verbose| search(&items(), word, verbose, plain()).unwrap();
        assert_eq!(
            found("freez", false),
            "method copy-freeze\n  COPY FREEZE\nexperiment wal\n  The log\n  What does freezing save?\n"
        );
        assert_eq!(found("WIKI", false), "experiment wal\n  The log\n  source: a Wiki\n");
        assert_eq!(found("copy", true), "method copy-freeze\n  COPY FREEZE\n  source: the manual\n");
    }

    #[test]
    fn the_word_is_marked_where_there_are_colours() {
        let look = Look { width: 80, colour: Colour::On };
        let text = search(&items(), "log", false, look).unwrap();
        assert!(text.contains("The \u{1b}[1mlog\u{1b}[0m"), "{text:?}");
    }

    #[test]
    fn nothing_found_says_so_with_what_is_spelled_nearly_so() {
        for (word, hint) in
            [("frezee", "did you mean `freeze`?"), ("qqqqqq", "shows what there is"), (" ", "shows")]
        {
            let error = search(&items(), word, false, plain()).unwrap_err();
            assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2));
            assert!(error.to_string().contains(hint), "{error}");
        }
    }
}
