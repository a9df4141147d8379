//! The error in what an external program printed.

use std::sync::LazyLock;

use regex::Regex;

use super::data_position::{self, DataPosition};
use crate::model::findings::LoadError;

/// Words that mark a line as an error: English, and the severities of a server whose messages are in another
/// language (PostgreSQL's message catalogues), as libpq passes them on.
const ERRORS: &str = "ERROR|FATAL|PANIC|CRITICAL|FEHLER|PANIK|ERREUR|ERRORE|FATALE|PANICO|ERRO|BŁĄD|KATASTROFALNY|HATA|\
                      ÖLÜMCÜL|CHYBA|KRITICKÁ|FEL|FATALT|ОШИБКА|ВАЖНО|ПАНИКА|ПОМИЛКА|ФАТАЛЬНО|ПАНІКА|შეცდომა|\
                      ფატალური|პანიკა|오류|치명적오류|손상|错误|致命错误|錯誤|嚴重錯誤|エラー|LỖI|ΣΦΑΛΜΑ";

/// Words that mark a line as anything else, whatever other words are in it.
const OTHERS: &str =
    "LOG|NOTICE|INFO|DEBUG[1-5]?|TRACE|WARNING|WARN|HINT|DETAIL|CONTEXT|STATEMENT|QUERY|LOCATION";

/// The classes of SQLSTATE that are errors (PostgreSQL manual, appendix A): not 00, 01 and 02.
const CLASSES: &str =
    "(?:03|08|09|0A|0B|0F|0L|0P|0Z|10|2[0-8BDF]|34|38|39|3[BDF]|40|42|44|5[3-578]|72|F0|HV|P0|XX)";

static LEVEL: LazyLock<Regex> = LazyLock::new(|| {
    // At the beginning, or before a colon, in brackets or between dashes further on; not in quotes.
    regex(&format!(
        r#"^(?:\W*(?:(?P<first_error>{ERRORS})|{OTHERS})\b|[^"'»«]*?[\s:\[(<](?:(?P<error>{ERRORS})|{OTHERS})(?::|\]|>|\)| - ))"#
    ))
});
/// As programs that know no severities mark their errors.
static MARKED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?:[Ee]rror|\b[Ff]atal|\bpanic):|\bDatabase error\b"));
static STATE: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r"(?::\s+|Database error )(?P<state>{CLASSES}[0-9A-Z]{{3}}): ")));
static STATE_ASIDE: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r"(?i-u:SQL ?STATE)[\s:=\[(]*(?P<state>{CLASSES}[0-9A-Z]{{3}})\b")));
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"^\[?(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d| UTC| GMT)?\]?\s+")
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| panic!("a pattern of this program's: {error}"))
}

/// The output of a program, and the columns of the table that it loads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printed<'p> {
    /// All of its output.
    pub text: &'p str,
    /// The columns.
    pub columns: &'p [&'p str],
}

/// How a line is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Error,
    Other,
    None,
}

/// An error that a program printed, with what the server quoted of the data where it named the line.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Said {
    /// The error.
    pub error: LoadError,
    /// See [`DataPosition::quoted`].
    pub quoted: Option<String>,
}

impl Printed<'_> {
    /// Why the program failed: the first error in what it printed; where none is marked as one its last
    /// line that is not marked as anything else.
    pub(crate) fn failure(&self, exit: i32) -> Said {
        self.error().unwrap_or_else(|| {
            let lines = self.text.lines().map(str::trim);
            let last = lines.rev().find(|line| !line.is_empty() && mark(line) != Mark::Other);
            let message = last.map_or_else(
                || format!("it ended with exit code {exit}"),
                |line| without_time(line).to_owned(),
            );
            Said { error: LoadError { message, ..LoadError::default() }, quoted: None }
        })
    }

    /// The first error in what it printed, whether it ended by it or went on; a Python program's is that
    /// of its last traceback.
    pub(crate) fn error(&self) -> Option<Said> {
        self.traced().or_else(|| self.marked())
    }

    /// The error that a Python program ended by. Of several tracebacks the last is of the error that
    /// nothing caught; those before led to it.
    fn traced(&self) -> Option<Said> {
        let lines: Vec<&str> = self.text.lines().collect();
        let traceback = lines.iter().rposition(|line| *line == "Traceback (most recent call last):")?;
        // The calls that led there are indented.
        let is_error = |line: &&str| !line.is_empty() && !line.starts_with(' ');
        let at = traceback + 1 + lines[traceback + 1..].iter().position(is_error)?;
        let message = lines[at].split_once(": ").map_or(lines[at], |(_, message)| message);
        Some(self.said(message, state_of(lines[at]), &lines[at..]))
    }

    /// The first line that is marked as an error.
    fn marked(&self) -> Option<Said> {
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        let at = lines.iter().position(|line| mark(line) == Mark::Error)?;
        // What is behind the next error is that one's.
        let next = lines[at + 1..].iter().position(|line| mark(line) == Mark::Error);
        let block = &lines[at..next.map_or(lines.len(), |next| at + 1 + next)];
        let state = state_of(lines[at]);
        let behind = state.as_ref().and_then(|state| lines[at].split_once(&format!("{state}: ")));
        let message = behind.map_or(without_time(lines[at]), |(_, message)| message);
        Some(self.said(message, state, block))
    }

    /// An error with what its lines say of its place and its SQLSTATE.
    fn said(&self, message: &str, state: Option<String>, block: &[&str]) -> Said {
        let DataPosition { line, column, quoted } =
            data_position::data_position(&block.join("\n"), self.columns);
        let aside = || block.iter().find_map(|line| state_in(&STATE_ASIDE, line));
        let error = LoadError { sqlstate: state.or_else(aside), message: message.to_owned(), line, column };
        Said { error, quoted }
    }
}

fn mark(line: &str) -> Mark {
    let line = without_time(line);
    match LEVEL.captures(line) {
        Some(found) if found.name("first_error").or(found.name("error")).is_some() => Mark::Error,
        Some(_) => Mark::Other,
        None if MARKED.is_match(line) || STATE.is_match(line) => Mark::Error,
        None => Mark::None,
    }
}

/// A line of a log without the time it begins with, which is another in each run.
fn without_time(line: &str) -> &str {
    TIME.find(line).map_or(line, |time| &line[time.end()..])
}

/// The 22P02 of `ERROR:  22P02: ...` or `Database error 22P02: ...`.
fn state_of(line: &str) -> Option<String> {
    state_in(&STATE, line)
}

fn state_in(pattern: &Regex, line: &str) -> Option<String> {
    Some(pattern.captures(line)?["state"].to_owned())
}

/// Whether a program met the error before it had a connection: it says nothing of the rows then.
pub(crate) fn is_no_connection(error: &LoadError) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> Printed<'_> {
        Printed { text, columns: &["id", "n"] }
    }

    fn error(text: &str) -> Option<LoadError> {
        printed(text).error().map(|said| said.error)
    }

    fn message(text: &str) -> String {
        printed(text).failure(7).error.message
    }

    #[test]
    fn a_program_s_error_is_the_marked_line_else_the_last() {
        let text = "BEGIN\npsql:x:1: ERROR:  22P04: extra data\nCONTEXT:  COPY caveat, line 2: \"x\"\nbye";
        let said = printed(text).failure(3);
        assert_eq!((said.error.sqlstate.as_deref(), said.error.line), (Some("22P04"), Some(2)));
        assert_eq!((said.error.message.as_str(), said.quoted.as_deref()), ("extra data", Some("x")));
        let logged = error("2026-01-01T00:00:00.04Z FATAL no such file\nbye").unwrap();
        assert_eq!((logged.message.as_str(), logged.line), ("FATAL no such file", None));
        assert_eq!(error("errors 0\n"), None);
        assert_eq!(message("one\ntwo\n"), "two");
        assert_eq!(message(""), "it ended with exit code 7");
    }

    #[test]
    fn the_error_itself_is_shown_and_no_other_line() {
        for (said, text) in [
            (
                "FATAL bad octet",
                "2026-01-01T00:00:00Z LOG Main error: none in ERROR.log\n2026-01-01T00:00:00Z FATAL bad octet",
            ),
            (
                "no",
                "2026-01-01T00:00:00Z LOG Data errors in '/tmp/x'\n2026-01-01T00:00:00Z ERROR Database error 22P02: no",
            ),
            (
                "ERROR:  no",
                "NOTICE:  table \"ERROR: x\" does not exist, skipping\nHINT:  Read of Error: above.\nERROR:  no",
            ),
            ("psql: error: no", "LOG:  statement: SELECT 'ERROR: x'\npsql: error: no\nDETAIL:  FATAL: y"),
            ("ERROR:root:no", "INFO:root:first error: none\nERROR:root:no"),
            (
                "loader - ERROR - no",
                "10:00:00,001 loader - INFO - error: 0\n10:00:00,002 loader - ERROR - no",
            ),
            ("[FATAL] no", "[INFO] error: none\n[FATAL] no"),
            ("it ended with exit code 7", "LOG:  starting\nHINT:  Try --help.\n"),
            ("bye", "bye\nNOTICE:  the end\n"),
        ] {
            assert_eq!(message(text), said, "{text}");
        }
    }

    #[test]
    fn an_error_of_a_server_that_speaks_another_language_is_found() {
        let german = "psql:x:1: HINWEIS:  00000: Relation existiert bereits, wird übersprungen\n\
                      psql:x:2: FEHLER:  22P02: ungültige Eingabesyntax für Typ integer: »x«\n\
                      CONTEXT:  COPY caveat, Zeile 2, Spalte n: »x«\n";
        let said = error(german).unwrap();
        assert_eq!(
            (said.sqlstate.as_deref(), said.line, said.column.as_deref()),
            (Some("22P02"), Some(2), Some("n"))
        );
        assert_eq!(said.message, "ungültige Eingabesyntax für Typ integer: »x«");
        // A severity that no list has is known by its SQLSTATE.
        let unknown =
            error("NOTISO:  00000: bone\nERARO:  22P04: ne\nCONTEXT:  COPY caveat, linio 3: \"x\"").unwrap();
        assert_eq!((unknown.sqlstate.as_deref(), unknown.line), (Some("22P04"), Some(3)));
        assert_eq!(error("エラー:  だめ").unwrap().message, "エラー:  だめ");
    }

    #[test]
    fn a_place_is_that_of_its_own_error() {
        let two = "ERROR Database error 22P04: one\nERROR Database error 22P02: two\nCONTEXT:  COPY caveat, line 9, column n: x";
        assert_eq!(error(two).unwrap().line, None, "the line of another error");
        let json = "ERROR:  22P02: invalid input syntax for type json\nDETAIL:  Token \"x\" is invalid.\n\
                    CONTEXT:  JSON data, line 1: x\nCOPY caveat, line 2, column n: \"x\"";
        assert_eq!(error(json).unwrap().line, Some(2));
    }

    #[test]
    fn a_python_program_s_error_is_that_of_its_last_traceback() {
        let first = "Traceback (most recent call last):\n  File \"peer.py\", line 45, in rows\n    \
                     row[place] = int(row[place])\n                 ^^^^^^^^^^^^^^^\n\
                     ValueError: invalid literal for int() with base 10: 'x'\n";
        let said = error(first).unwrap();
        assert_eq!(said.message, "invalid literal for int() with base 10: 'x'");
        assert_eq!((said.sqlstate, said.line, said.column), (None, None, None));

        let second = "\nDuring handling of the above exception, another exception occurred:\n\n\
                      Traceback (most recent call last):\n  File \"load.py\", line 90, in <module>\n    \
                      raise Error(\"x\")\n\
                      psycopg.errors.UniqueViolation: duplicate key value violates unique constraint \"k\"\n\
                      DETAIL:  Key (id)=(2) already exists.\n\
                      CONTEXT:  COPY caveat, line 3, column n: \"2\"\n";
        let said = error(&format!("FATAL before\n{first}{second}")).unwrap();
        assert_eq!(said.message, "duplicate key value violates unique constraint \"k\"");
        assert_eq!((said.sqlstate, said.line, said.column.as_deref()), (None, Some(3), Some("n")));

        let aside = "Traceback (most recent call last):\n  File \"load.py\", line 1\n\
                     x.IntegrityError: INTEGRITY: [libpq] no: ERROR:  duplicate\nCONTEXT:  COPY caveat, line 3\n. SQLSTATE: 23505\n";
        let said = error(aside).unwrap();
        assert_eq!((said.sqlstate.as_deref(), said.line), (Some("23505"), Some(3)));
        let wordless = "Traceback (most recent call last):\n  File \"load.py\", line 1\nMemoryError\n";
        assert_eq!(error(wordless).unwrap().message, "MemoryError");
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
