//! Output of the command line.

use std::io::Write;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result};

use crate::errors::links;
use crate::visible::visible_lines;

const TO_STDOUT: &str = "writing to the standard output";

/// Prints the parser's message in place of a command line: help, the version, or what is wrong.
///
/// # Errors
/// When help or the version cannot be written.
pub fn print_clap(said: clap::Error) -> Result<ExitCode> {
    match said.print() {
        // What is wrong stays so when standard error cannot be written to.
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe && !said.use_stderr() => {
            Err(e).context(TO_STDOUT)
        }
        _ => Ok(ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(1))),
    }
}

/// Prints an error with its causes, outermost first, on standard error.
pub fn print_error(error: &anyhow::Error) {
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let mut stderr = anstream::stderr().lock();
    // An error may quote what is in a file.
    let links: Vec<String> = links(error.as_ref()).iter().map(|link| visible_lines(link)).collect();
    let (first, causes) = links.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    // Nothing can be said when standard error itself is gone.
    let _ = writeln!(stderr, "{red}error:{red:#} {first}");
    for cause in causes {
        let _ = writeln!(stderr, "  because: {cause}");
    }
}

/// Writes to standard output; a reader that has gone away (`| head`) is no error.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done.context(TO_STDOUT),
    }
}
