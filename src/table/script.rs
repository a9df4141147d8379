//! A text of several SQL statements, cut where psql cuts it (src/fe_utils/psqlscan.l): what a statement
//! means is the server's business.

/// A statement of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part<'t> {
    /// Its text, from its first word to before its semicolon.
    pub text: &'t str,
    /// Where it begins in the script, in bytes.
    pub at: usize,
}

/// The statements of a script; what is blank or comment alone is none.
pub(crate) fn statements(script: &str) -> Vec<Part<'_>> {
    let mut scanner = Scanner { text: script, at: 0, words: Words::default() };
    let mut parts = Vec::new();
    let (mut start, mut depth) = (None, 0_usize);
    while let Some((token, from)) = scanner.next() {
        match token {
            Token::Blank => continue,
            Token::End if depth == 0 && scanner.words.blocks == 0 => {
                if let Some(start) = start.take() {
                    parts.push(part(script, start, from));
                }
                scanner.words = Words::default();
                continue;
            }
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            Token::Word => scanner.words.take(&script[from..scanner.at], depth),
            Token::End | Token::Other => {}
        }
        start.get_or_insert(from);
    }
    parts.extend(start.map(|start| part(script, start, script.len())));
    parts
}

fn part(script: &str, from: usize, to: usize) -> Part<'_> {
    Part { text: script[from..to].trim_end(), at: from }
}

/// The line of a byte of a text, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

/// The byte that a server's position means, which counts characters from 1.
pub(crate) fn byte_of(text: &str, position: u32) -> usize {
    let before = (position as usize).saturating_sub(1);
    text.char_indices().nth(before).map_or(text.len(), |(at, _)| at)
}

/// A piece of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// Blanks, or a comment.
    Blank,
    /// A semicolon.
    End,
    Open,
    Close,
    /// A bare word.
    Word,
    /// Anything else: a constant, a quoted name, an operator.
    Other,
}

/// The words that a statement begins with, and the blocks of an SQL-standard function body (BEGIN ATOMIC
/// ... END), whose semicolons end no statement.
#[derive(Debug, Default)]
struct Words {
    seen: usize,
    makes_function: bool,
    creates: bool,
    blocks: usize,
}

impl Words {
    fn take(&mut self, word: &str, depth: usize) {
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        self.seen += 1;
        match self.seen {
            1 => self.creates = is("create"),
            // CREATE OR REPLACE FUNCTION is the longest way there.
            2..=4 => self.makes_function |= self.creates && (is("function") || is("procedure")),
            _ => {}
        }
        if !self.makes_function || depth > 0 {
            return;
        }
        if is("begin") || (self.blocks > 0 && is("case")) {
            self.blocks += 1;
        } else if is("end") {
            self.blocks = self.blocks.saturating_sub(1);
        }
    }
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    words: Words,
}

impl Scanner<'_> {
    /// The next piece, and where it begins.
    fn next(&mut self) -> Option<(Token, usize)> {
        let from = self.at;
        let rest = &self.text[from..];
        let first = rest.chars().next()?;
        let (token, length) = match first {
            _ if first.is_whitespace() => (Token::Blank, first.len_utf8()),
            '-' if rest.starts_with("--") => (Token::Blank, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (Token::Blank, comment(rest)),
            ';' => (Token::End, 1),
            '(' | '[' => (Token::Open, 1),
            ')' | ']' => (Token::Close, 1),
            '\'' => (Token::Other, quoted(rest, '\'', false)),
            '"' => (Token::Other, quoted(rest, '"', false)),
            '$' => (Token::Other, dollars(rest)),
            // By which pg_dump has psql take no other commands of its own.
            '\\' if rest.starts_with("\\restrict ") || rest.starts_with("\\unrestrict ") => {
                (Token::Blank, rest.find('\n').unwrap_or(rest.len()))
            }
            _ if is_letter(first) => word(rest),
            _ => (Token::Other, first.len_utf8()),
        };
        self.at += length;
        Some((token, from))
    }
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

/// The length of a comment, with those within it.
fn comment(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    text.len()
}

/// The length of what stands between quotes; a doubled one does not end it, nor one behind a backslash where
/// those count.
fn quoted(text: &str, quote: char, escapes: bool) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && escapes {
            letters.next();
        } else if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
            return at + quote.len_utf8();
        }
    }
    text.len()
}

/// The length of a constant between `$tag$`s, or of a lone dollar.
fn dollars(text: &str) -> usize {
    let Some(end) = text[1..].find('$') else { return 1 };
    let tag = &text[..end + 2];
    let name = &tag[1..tag.len() - 1];
    let is_tag = name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if !is_tag {
        return 1;
    }
    text[tag.len()..].find(tag).map_or(text.len(), |at| at + 2 * tag.len())
}

/// A word, or the constant that one begins: `E'...'`.
fn word(text: &str) -> (Token, usize) {
    let length = text.find(|c: char| !(is_letter(c) || c.is_ascii_digit() || c == '$')).unwrap_or(text.len());
    let escapes = text[..length].eq_ignore_ascii_case("e");
    match text[length..].starts_with('\'') && escapes {
        true => (Token::Other, length + quoted(&text[length..], '\'', true)),
        false => (Token::Word, length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(script: &str) -> Vec<&str> {
        statements(script).iter().map(|part| part.text).collect()
    }

    #[test]
    fn semicolons_end_statements_unless_they_belong_to_them() {
        assert_eq!(cut("SELECT 1; SELECT 2"), ["SELECT 1", "SELECT 2"]);
        assert_eq!(cut(" ;; -- a;\n /* b; /* c; */ ; */ \n"), [""; 0]);
        for whole in [
            "SELECT 'a;b', 'it''s;', \"x;\"\"y;\"",
            r"SELECT E'a\';b', 'c\', 1",
            "SELECT $$a;b$$, $t$ ; $$ ; $t$, $1",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
            "create or replace procedure p() begin atomic delete from a; end",
            "DO $$ BEGIN; END; $$",
            "SELECT a /* ; */ + 1 -- ;",
            "SELECT 'żółw;' , naïve",
        ] {
            assert_eq!(
                cut(&format!("{whole};SELECT 2")).len(),
                if whole.contains("-- ;") { 1 } else { 2 },
                "{whole}"
            );
            assert_eq!(cut(whole), [whole]);
        }
        assert_eq!(cut("BEGIN; CREATE TABLE t (a int); END").len(), 3, "no function's block");
        assert_eq!(cut("CREATE FUNCTION f(a int, b int) RETURNS int AS 'x' LANGUAGE c; END").len(), 2);
    }

    #[test]
    fn pg_dump_s_word_to_psql_is_none() {
        assert_eq!(cut("\\restrict x;y\nSELECT 1;\n\n\\unrestrict xy\n"), ["SELECT 1"]);
        assert_eq!(cut("\\connect x"), ["\\connect x"]);
    }

    #[test]
    fn what_is_not_closed_goes_to_the_end() {
        for open in ["SELECT 'a;", "SELECT \"a;", "SELECT $$a;", "SELECT (1;", "SELECT 1 /* ;"] {
            assert_eq!(cut(open).len(), 1, "{open}");
        }
    }

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let script = "SELECT 1;\n\n  SELECT 'ż' FROM x;";
        let second = statements(script)[1];
        assert_eq!((second.text, line_of(script, second.at)), ("SELECT 'ż' FROM x", 3));
        assert_eq!(&second.text[byte_of(second.text, 17)..], "x");
        assert_eq!(byte_of(second.text, 99), second.text.len());
    }
}
