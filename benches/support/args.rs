//! The part of criterion's command line that decides whether a server is needed and for what: criterion reads
//! all of it and tells nothing.

use regex::Regex;

/// Flags of criterion's whose value is the next word.
pub(crate) const WITH_VALUE: [&str; 21] = [
    "-b",
    "-c",
    "-s",
    "--baseline",
    "--baseline-lenient",
    "--color",
    "--colour",
    "--confidence-level",
    "--format",
    "--load-baseline",
    "--measurement-time",
    "--noise-threshold",
    "--nresamples",
    "--output-format",
    "--plotting-backend",
    "--profile-time",
    "--sample-size",
    "--save-baseline",
    "--significance-level",
    "--warm-up-time",
    // Not criterion's, but a test runner's.
    "--test-threads",
];

/// The work that criterion is going to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Name the ids.
    List,
    /// Run each once, without a measurement.
    Test,
    /// Measure.
    Measure,
}

enum Filter {
    All,
    Nothing,
    Exact(String),
    Like(Regex),
}

/// The wishes of a command line.
pub(crate) struct Args {
    /// The work to do.
    pub(crate) mode: Mode,
    /// The samples of each id, where they are given.
    pub sample_size: Option<u32>,
    /// Whether it says how long to measure.
    pub has_measurement_time: bool,
    filter: Filter,
}

impl Args {
    /// Reads the words behind the program's name, which criterion has found to be right.
    pub(crate) fn read(words: impl IntoIterator<Item = String>) -> Self {
        let (mut flags, mut free) = (Vec::new(), None);
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                free = Some(word);
            } else if WITH_VALUE.contains(&word.as_str()) {
                flags.push((word, words.next()));
            } else {
                match word.split_once('=') {
                    Some((flag, value)) => flags.push((flag.to_owned(), Some(value.to_owned()))),
                    None => flags.push((word, None)),
                }
            }
        }
        let has = |name: &str| flags.iter().any(|(flag, _)| flag == name);
        let value = |name: &str| flags.iter().find(|(flag, _)| flag == name).and_then(|(_, v)| v.as_deref());
        let mode = match (has("--list"), has("--bench") && !has("--test")) {
            (true, _) => Mode::List,
            (false, true) => Mode::Measure,
            // As cargo test runs it.
            (false, false) => Mode::Test,
        };
        let filter = match free {
            _ if has("--ignored") => Filter::Nothing,
            None => Filter::All,
            Some(text) if has("--exact") => Filter::Exact(text),
            Some(text) => Regex::new(&text).map_or(Filter::All, Filter::Like),
        };
        Self {
            mode,
            sample_size: value("--sample-size").and_then(|text| text.parse().ok()),
            has_measurement_time: has("--measurement-time"),
            filter,
        }
    }

    /// Whether the id passes the filter.
    pub(crate) fn wants(&self, id: &str) -> bool {
        match &self.filter {
            Filter::All => true,
            Filter::Nothing => false,
            Filter::Exact(text) => id == text,
            Filter::Like(regex) => regex.is_match(id),
        }
    }
}
