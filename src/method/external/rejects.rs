//! The number of rows that a program says it refused, found in what it wrote.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use regex::bytes::Regex;
use serde::Deserialize;

use super::placeholders::Template;
use super::program::{STDERR, STDOUT};
use crate::{bad_data, usage};

/// The file and the pattern in which a program reports refused rows, as a definition has them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rejected {
    /// `stdout`, `stderr` or the path of a file, which may have placeholders in it.
    from: String,
    /// A regular expression. Each match counts as the number in its group, or as one row where it has
    /// no group.
    pattern: String,
}

/// As [`Rejected`], checked.
#[derive(Debug)]
pub(crate) struct Rejects {
    source: CountSource,
    pattern: Regex,
}

#[derive(Debug)]
enum CountSource {
    /// A file of its output, in its directory.
    Output(&'static str),
    /// A file that it makes when it has refused rows.
    File(Template),
}

impl Rejected {
    /// Checks it; a path may have `known` placeholders.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`], naming key, value, rule and next step.
    pub(crate) fn check(&self, known: &[&str]) -> Result<Rejects> {
        let pattern = Regex::new(&self.pattern).map_err(|error| {
            usage!(
                "rejected.pattern = '{}': {error}; mend it (its syntax is that of Rust's crate regex)",
                self.pattern
            )
        })?;
        // The first group is the match itself.
        if pattern.captures_len() > 2 {
            return Err(usage!(
                "rejected.pattern = '{pattern}': it has {} groups, and may have one, around the number of rows, \
                 or none, to count the matches; write (?:...) for the others",
                pattern.captures_len() - 1
            ));
        }
        let source = match self.from.as_str() {
            "stdout" => CountSource::Output(STDOUT),
            "stderr" => CountSource::Output(STDERR),
            path if path.contains('/') => {
                CountSource::File(Template::parse(path, known).context("in rejected.from")?)
            }
            other => {
                return Err(usage!(
                    "rejected.from = \"{other}\": it is stdout, stderr, or the path of a file, such as {{scratch}}/rejects.log"
                ));
            }
        };
        Ok(Rejects { source, pattern })
    }
}

impl Rejects {
    /// Number of refused rows; 0 where the file is not there.
    ///
    /// # Errors
    /// When the file cannot be read; [`crate::fault::Fault::Data`] when the group holds no number.
    pub(crate) fn count(&self, scratch: &Path, value: impl Fn(&str) -> Option<String>) -> Result<u64> {
        let path = match &self.source {
            CountSource::Output(name) => scratch.join(name),
            CountSource::File(template) => scratch.join(template.fill(value).context("in rejected.from")?),
        };
        match std::fs::read(&path) {
            Ok(text) => self.sum(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    fn sum(&self, text: &[u8]) -> Result<u64> {
        if self.pattern.captures_len() == 1 {
            return Ok(self.pattern.find_iter(text).count() as u64);
        }
        let numbers = self.pattern.captures_iter(text).filter_map(|found| found.get(1)).map(|number| {
            let number = String::from_utf8_lossy(number.as_bytes());
            number.parse::<u64>().map_err(|_| {
                bad_data!(
                    "rejected.pattern = '{}' found \"{number}\", which is no number of rows; mend the pattern",
                    self.pattern
                )
            })
        });
        numbers.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejects(from: &str, pattern: &str) -> Result<Rejects> {
        Rejected { from: from.into(), pattern: pattern.into() }.check(&["scratch"])
    }

    #[test]
    fn numbers_are_added_up_and_matches_counted() {
        let dir = tempfile::tempdir().unwrap();
        let text = b"0 Rows skipped\n2 Rows not loaded: parse\xff\n40 Rows not loaded: duplicate\n";
        for name in [STDOUT, "rejects"] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let count = |from, pattern| {
            let scratch = dir.path().to_str().unwrap().to_owned();
            rejects(from, pattern).unwrap().count(dir.path(), |_| Some(scratch.clone()))
        };
        assert_eq!(count("stdout", r"(\d+) Rows not loaded").unwrap(), 42);
        assert_eq!(count("{scratch}/rejects", r"(?m)^\d+ Rows (?:not|skipped)").unwrap(), 3);
        assert_eq!(count("stdout", "none of it (.)").unwrap(), 0);
        assert_eq!(count("{scratch}/nothing", "a").unwrap(), 0, "nothing to tell");
        let error = count("stdout", "Rows (.*) loaded").unwrap_err().to_string();
        assert!(error.contains("found \"not\"") && error.contains("Rows (.*) loaded"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |from, pattern| format!("{:#}", rejects(from, pattern).unwrap_err());
        assert!(error("stdout", "(a").contains("rejected.pattern = '(a'"), "a bad pattern");
        assert!(error("stdout", "(a)(b)").contains("2 groups"), "two numbers");
        assert!(error("rejects", "a").contains("rejected.from = \"rejects\""), "no path");
        assert!(error("{scratsch}/a", "a").contains("did you mean `scratch`?"), "a placeholder");
    }
}
