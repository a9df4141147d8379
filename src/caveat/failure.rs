//! Errors of a load as records: the server's own, and what an external loader printed.

use postgres::error::DbError;

use crate::pg_error;
use crate::record::findings::LoadError;

/// The server's error in a chain of causes; `None` where the server said nothing, for instance as the
/// connection broke off.
pub fn of_server(error: &anyhow::Error) -> Option<LoadError> {
    pg_error::of_server(error).map(of_db)
}

fn of_db(error: &DbError) -> LoadError {
    let context = error.where_().unwrap_or_default();
    LoadError {
        sqlstate: Some(error.code().code().into()),
        message: error.message().into(),
        line: line_in(context),
        column: column_in(context).or(error.column().map(str::to_owned)),
    }
}

/// Why a program failed: the first error in what it printed, or its last line where none is marked as one.
pub fn of_program(printed: &str, exit: i32) -> LoadError {
    marked(printed).unwrap_or_else(|| {
        let last = printed.lines().map(str::trim).rfind(|line| !line.is_empty());
        let message = last.map_or_else(|| format!("it ended with exit code {exit}"), str::to_owned);
        LoadError { message, ..LoadError::default() }
    })
}

/// Whether a program met the error before it had a connection: it says nothing of the rows then.
pub fn is_no_connection(error: &LoadError) -> bool {
    // Connection exception, invalid authorization, invalid catalog name.
    let classes = ["08", "28", "3D"];
    // What libpq and pgloader say of a server that they do not reach.
    let words = [
        "connection to server",
        "could not connect to server",
        "could not translate host name",
        "Failed to connect",
    ];
    error.sqlstate.as_ref().is_some_and(|state| classes.iter().any(|class| state.starts_with(class)))
        || words.iter().any(|words| error.message.contains(words))
}

/// The first error in what a program printed, whether it ended by it or went on; a Python program's is
/// that of its last traceback.
pub fn marked(printed: &str) -> Option<LoadError> {
    traced(printed).or_else(|| told(printed))
}

/// The error that a Python program ended by. Of several tracebacks the last is of the error that nothing
/// caught; those before led to it.
fn traced(printed: &str) -> Option<LoadError> {
    let lines: Vec<&str> = printed.lines().collect();
    let traceback = lines.iter().rposition(|line| *line == "Traceback (most recent call last):")?;
    // The calls that led there are indented.
    let is_error = |line: &&&str| !line.is_empty() && !line.starts_with(' ');
    let mut behind = lines[traceback + 1..].iter();
    let error = behind.find(is_error)?;
    let context = behind.find(|line| line.starts_with("CONTEXT:"));
    Some(LoadError {
        sqlstate: None,
        message: error.split_once(": ").map_or(*error, |(_, message)| message).to_owned(),
        line: context.and_then(|line| line_in(line)),
        column: context.and_then(|line| column_in(line)),
    })
}

/// The first line that is marked as an error.
fn told(printed: &str) -> Option<LoadError> {
    let is_error = |line: &str| ["ERROR", "FATAL", "rror:"].iter().any(|mark| line.contains(mark));
    let lines: Vec<&str> = printed.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| is_error(line))?;
    let context = lines[at..].iter().find(|line| line_in(line).is_some());
    let sqlstate = sqlstate_in(lines[at]);
    let behind = sqlstate.as_ref().and_then(|state| lines[at].split_once(&format!("{state}: ")));
    Some(LoadError {
        line: context.and_then(|line| line_in(line)),
        column: context.and_then(|line| column_in(line)),
        message: behind.map_or(without_time(lines[at]), |(_, message)| message).to_owned(),
        sqlstate,
    })
}

/// A line of a log without the time it begins with, which is another in each run.
fn without_time(line: &str) -> &str {
    match line.split_once(' ') {
        Some((first, rest)) if first.starts_with(|c: char| c.is_ascii_digit()) && first.contains(':') => rest,
        _ => line,
    }
}

/// The 2 of `COPY t, line 2, column n: "x"`.
fn line_in(context: &str) -> Option<u64> {
    let digits = context.split(", line ").nth(1)?;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The n of `COPY t, line 2, column n: "x"`.
fn column_in(context: &str) -> Option<String> {
    let name = context.split(", column ").nth(1)?.split([':', ',']).next()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The 22P02 of `ERROR: 22P02: ...` or `Database error 22P02: ...`.
fn sqlstate_in(message: &str) -> Option<String> {
    let is_state = |word: &&str| {
        word.len() == 5
            && word.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
            && word.chars().any(|c| c.is_ascii_digit())
    };
    let mut words = message.split_whitespace().filter_map(|word| word.strip_suffix(':'));
    words.find(is_state).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_read_from_the_context() {
        let context = "COPY t, line 12, column score: \"1,203\"";
        assert_eq!((line_in(context), column_in(context).as_deref()), (Some(12), Some("score")));
        assert_eq!((line_in("COPY t, line 3"), column_in("COPY t, line 3")), (Some(3), None));
        assert_eq!(line_in("SQL statement"), None);
    }

    #[test]
    fn a_program_s_error_is_the_marked_line_else_the_last() {
        let printed = "BEGIN\npsql:x:1: ERROR:  22P04: extra data\nCONTEXT:  COPY t, line 2: \"x\"\nbye";
        let error = of_program(printed, 3);
        assert_eq!((error.sqlstate.as_deref(), error.line), (Some("22P04"), Some(2)));
        assert_eq!(error.message, "extra data");
        let logged = marked("2026-01-01T00:00:00.04Z FATAL no such file\nbye").unwrap();
        assert_eq!((logged.message.as_str(), logged.line), ("FATAL no such file", None));
        assert_eq!(marked("errors 0\n"), None);
        assert_eq!(of_program("one\ntwo\n", 1).message, "two");
        assert_eq!(of_program("", 7).message, "it ended with exit code 7");
    }

    #[test]
    fn a_python_program_s_error_is_that_of_its_last_traceback() {
        let first = "Traceback (most recent call last):\n  File \"peer.py\", line 45, in rows\n    \
                     row[place] = int(row[place])\n                 ^^^^^^^^^^^^^^^\n\
                     ValueError: invalid literal for int() with base 10: 'x'\n";
        let error = marked(first).unwrap();
        assert_eq!(error.message, "invalid literal for int() with base 10: 'x'");
        assert_eq!((error.sqlstate, error.line, error.column), (None, None, None));

        let second = "\nDuring handling of the above exception, another exception occurred:\n\n\
                      Traceback (most recent call last):\n  File \"load.py\", line 90, in <module>\n    \
                      raise Error(\"x\")\n\
                      psycopg.errors.UniqueViolation: duplicate key value violates unique constraint \"k\"\n\
                      DETAIL:  Key (id)=(2) already exists.\n\
                      CONTEXT:  COPY caveat, line 3, column n: \"2\"\n";
        let error = marked(&format!("FATAL before\n{first}{second}")).unwrap();
        assert_eq!(error.message, "duplicate key value violates unique constraint \"k\"");
        assert_eq!((error.sqlstate, error.line, error.column.as_deref()), (None, Some(3), Some("n")));

        let wordless = "Traceback (most recent call last):\n  File \"load.py\", line 1\nMemoryError\n";
        assert_eq!(marked(wordless).unwrap().message, "MemoryError");
    }

    #[test]
    fn a_server_that_was_not_reached_says_nothing_of_the_rows() {
        let said = |sqlstate: Option<&str>, message: &str| {
            let sqlstate = sqlstate.map(str::to_owned);
            is_no_connection(&LoadError { sqlstate, message: message.into(), ..LoadError::default() })
        };
        assert!(said(Some("28P01"), "password authentication failed"));
        assert!(said(None, "psql: error: connection to server at \"::1\", port 5432 failed: refused"));
        assert!(said(None, "could not translate host name \"x\" to address"));
        assert!(said(None, "ERROR Database error: Failed to connect to pgsql at \"x\""));
        assert!(!said(Some("22P02"), "invalid input syntax for type integer: \"x\""));
        assert!(!said(None, "invalid literal for int() with base 10: 'x'"));
    }
}
