//! Names and texts as SQL writes them (PostgreSQL manual, "Lexical Structure"), and the trait of what runs statements.

use anyhow::{Context, Result};
use postgres::GenericClient;

use crate::pg_error::describe;

/// A name as a quoted identifier.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name with the schema it is in, both quoted.
pub(crate) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quote(schema), quote(name))
}

/// A text as a literal, whatever standard_conforming_strings is.
pub(crate) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// Bytes as a literal; those that are not UTF-8 reach the server as they are.
pub(crate) fn literal_bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => literal(text),
        Err(_) => {
            let escaped: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            format!("E'{escaped}'")
        }
    }
}

/// A session or a transaction that runs statements, whether its driver blocks or not.
pub(crate) trait Exec {
    /// Runs a statement that returns nothing, or several with `;` between them; an error says which.
    ///
    /// # Errors
    /// The server's error, or that work has to stop where the session looks for that.
    fn run(&mut self, statement: &str) -> Result<()>;

    /// Runs these one after the other.
    ///
    /// # Errors
    /// As [`Exec::run`], of the first that fails; those after it are not run.
    fn run_each(&mut self, statements: &[String]) -> Result<()> {
        statements.iter().try_for_each(|statement| self.run(statement))
    }
}

impl<C: GenericClient> Exec for C {
    fn run(&mut self, statement: &str) -> Result<()> {
        self.batch_execute(statement).map_err(describe).with_context(|| format!("running: {statement}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_backslashes_escaped() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
        assert_eq!(qualified("S", "t"), "\"S\".\"t\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\b'"), r"E'a\\b'''");
        assert_eq!(literal_bytes("é'".as_bytes()), "'é'''");
        assert_eq!(literal_bytes(b"\xe9'"), r"E'\xe9\x27'");
    }
}
