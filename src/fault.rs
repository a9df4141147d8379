//! The few kinds of failure that decide how the program ends.
//!
//! Everything else travels as [`anyhow::Error`] with its chain of causes; these are the links
//! in that chain that `main` looks for to choose the exit code, and that the runner looks for
//! to tell a sample that failed from one that was stopped.

use std::time::Duration;

/// A failure whose kind matters to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Something the user wrote is wrong: a flag, a name, a file. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Something this needs is not here: a server, a tool, a privilege, space. Exit code 3.
    #[error("{0}")]
    Unavailable(String),
    /// Data does not say what it should: a checksum, a row, a record. Exit code 4.
    #[error("{0}")]
    Data(String),
    /// A signal asked the program to stop. Exit code 128 + signal.
    #[error("stopped by {}", signal_name(*.0))]
    Interrupted(i32),
    /// A sample ran past its deadline.
    #[error("gave up after {:.0} s, the longest a sample may take", .0.as_secs_f64())]
    Timeout(Duration),
}

impl Fault {
    /// The exit code of a program that ends by this fault.
    pub fn exit_code(&self) -> i32 {
        match self {
            Fault::Usage(_) => 2,
            Fault::Unavailable(_) => 3,
            Fault::Data(_) => 4,
            Fault::Interrupted(signal) => 128 + signal,
            Fault::Timeout(_) => 1,
        }
    }

    /// The first fault in a chain of causes, outermost first.
    pub fn find(error: &anyhow::Error) -> Option<&Fault> {
        // As a context it is no link of the chain.
        error.downcast_ref().or_else(|| error.chain().find_map(Self::of_cause))
    }

    /// A fault, also one that a reader of ours could only give within an error of input and output.
    fn of_cause<'c>(cause: &'c (dyn std::error::Error + 'static)) -> Option<&'c Fault> {
        let within = || cause.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref();
        cause.downcast_ref().or_else(within)
    }
}

/// The name of a signal as people know it, or its number.
pub(crate) fn signal_name(signal: i32) -> String {
    match signal {
        1 => "SIGHUP".into(),
        2 => "Ctrl-C (SIGINT)".into(),
        15 => "SIGTERM".into(),
        other => format!("signal {other}"),
    }
}

/// `Fault::Usage` from a format string, as an [`anyhow::Error`].
#[macro_export]
macro_rules! usage {
    ($($arg:tt)*) => { anyhow::Error::new($crate::fault::Fault::Usage(format!($($arg)*))) };
}

/// `Fault::Unavailable` from a format string, as an [`anyhow::Error`].
#[macro_export]
macro_rules! unavailable {
    ($($arg:tt)*) => { anyhow::Error::new($crate::fault::Fault::Unavailable(format!($($arg)*))) };
}

/// `Fault::Data` from a format string, as an [`anyhow::Error`].
#[macro_export]
macro_rules! bad_data {
    ($($arg:tt)*) => { anyhow::Error::new($crate::fault::Fault::Data(format!($($arg)*))) };
}

/// "; did you mean `x`?" for the known name nearest to an unknown one, or nothing when none is near.
pub(crate) fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(unknown, name), name))
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

/// As [`nearest`], and ";" where none is near: for messages that go on after it.
pub(crate) fn nearest_then<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let hint = nearest(unknown, known);
    if hint.is_empty() { ";".into() } else { hint }
}

/// As [`nearest`], of what serde says of a key that it does not know: it names that and the known
/// ones in backticks. Nothing for any other of its messages.
pub(crate) fn unknown_field(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown field"), names.next()) {
        (true, Some(unknown)) => nearest(unknown, names),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_found_below_its_context() {
        let error = usage!("rows 0").context("reading --rows");
        assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2));
    }

    #[test]
    fn nearest_offers_a_name_only_when_one_is_near() {
        let known = ["copy-csv", "copy-text", "insert-row"];
        assert_eq!(nearest("copy-cvs", known), "; did you mean `copy-csv`?");
        assert_eq!(nearest("zzz", known), "");
    }
}
