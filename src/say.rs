//! What is told on standard error beside a command's result.

use std::fmt::Arguments;
use std::io::Write;

/// Tells a line on standard error. That it cannot be told (a full disk, a reader that has gone) is no
/// reason to stop what it is about.
#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => { $crate::say::line(format_args!($($arg)*)) };
}

/// See [`say!`](crate::say!).
pub fn line(text: Arguments<'_>) {
    let _ = anstream::stderr().lock().write_all(format!("{text}\n").as_bytes());
}
