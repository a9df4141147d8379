//! Messages on standard error, beside a command's result.

use std::fmt::Arguments;
use std::io::Write;

use crate::visible::visible_lines;

/// Prints a line on standard error. That it cannot be printed (a full disk, a reader that has gone) is no
/// reason to stop the work it is about.
#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => { $crate::say::line(format_args!($($arg)*)) };
}

/// See [`say!`](crate::say!). What a server, a file or a program says may be in it: a terminal gets no
/// sequence of theirs to obey.
pub fn line(text: Arguments<'_>) {
    let _ = anstream::stderr().lock().write_all(format!("{}\n", visible_lines(&text.to_string())).as_bytes());
}

/// Says that a test cannot run here: past the test harness, which keeps what a passing test prints, and where `scripts/test`
/// collects it.
#[cfg(test)]
pub(crate) fn skipped(why: &str) {
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    std::io::stderr().write_all(format!("SKIPPED {name}: {why}\n").as_bytes()).unwrap();
    if let Some(file) = std::env::var_os("BULKBENCH_TEST_SKIPS") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file).unwrap();
        writeln!(file, "{name}: {why}").unwrap();
    }
}
