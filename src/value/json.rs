//! `json`: a text that is kept as it is, when it is one value of JSON
//! (`src/common/jsonapi.c`, RFC 8259).

use super::Refused;

/// Values within values that are followed; what is deeper is left to the server, which has a limit too.
pub(super) const DEPTH: usize = 500;

/// Adds the text, when it is JSON.
pub(super) fn push_canonical(text: &str, out: &mut String) -> Result<(), Refused> {
    let mut scanner = Scanner::new(text);
    value(&mut scanner, 0)?;
    scanner.end()?;
    out.push_str(text);
    Ok(())
}

fn value(scanner: &mut Scanner<'_>, depth: usize) -> Result<(), Refused> {
    match scanner.token(depth)? {
        Token::Open(close) => {
            if scanner.eat(close) {
                return Ok(());
            }
            loop {
                if close == b'}' {
                    scanner.key()?;
                }
                value(scanner, depth + 1)?;
                if !scanner.goes_on(close)? {
                    return Ok(());
                }
            }
        }
        Token::Text(_) | Token::Number(_) | Token::Word(_) => Ok(()),
    }
}

/// The beginning of a value.
pub(super) enum Token<'t> {
    /// That of an object or array, with the byte that closes it.
    Open(u8),
    /// A whole string, as it stands between its quotes.
    Text(&'t str),
    /// A whole number.
    Number(&'t str),
    /// `true`, `false` or `null`.
    Word(&'static str),
}

/// Reads JSON from the left to the right.
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

#[cold]
fn wrong(what: &str) -> Refused {
    Refused::wrong(format!("is not JSON, {what}; correct it as RFC 8259 has it"))
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Whether this byte comes next, behind blanks; it is passed over.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Refuses what stands behind a whole value.
    pub(super) fn end(&mut self) -> Result<(), Refused> {
        self.skip_blanks();
        if self.at == self.text.len() { Ok(()) } else { Err(wrong("as it goes on behind the first value")) }
    }

    /// The key of an object's member, as it stands between its quotes, with the colon behind it.
    pub(super) fn key(&mut self) -> Result<&'t str, Refused> {
        if !self.eat(b'"') {
            return Err(wrong("as a key is missing or has no quotes"));
        }
        let key = self.string()?;
        if self.eat(b':') { Ok(key) } else { Err(wrong("as a colon is missing behind a key")) }
    }

    /// Whether a comma comes next, not the end of the object or array.
    pub(super) fn goes_on(&mut self, close: u8) -> Result<bool, Refused> {
        if self.eat(b',') {
            Ok(true)
        } else if self.eat(close) {
            Ok(false)
        } else {
            Err(wrong("as a comma or a closing bracket is missing"))
        }
    }

    /// The next value, or its beginning.
    pub(super) fn token(&mut self, depth: usize) -> Result<Token<'t>, Refused> {
        self.skip_blanks();
        match self.peek() {
            Some(open @ (b'{' | b'[')) if depth < DEPTH => {
                self.at += 1;
                // Each closing bracket lies two behind its opening one.
                Ok(Token::Open(open + 2))
            }
            Some(b'{' | b'[') => Err(Refused::unread("is JSON too deep to be followed; make it flatter")),
            Some(b'"') => {
                self.at += 1;
                Ok(Token::Text(self.string()?))
            }
            Some(b'-' | b'0'..=b'9') => Ok(Token::Number(self.number()?)),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(_) => Err(wrong("as no value begins so")),
            None => Err(wrong("as a value is missing")),
        }
    }

    fn word(&mut self, word: &'static str) -> Result<Token<'t>, Refused> {
        let rest = &self.text.as_bytes()[self.at..];
        let is_longer = rest.get(word.len()).is_some_and(|next| next.is_ascii_alphanumeric() || *next > 127);
        if !rest.starts_with(word.as_bytes()) || is_longer {
            return Err(wrong("as no word is known but true, false and null"));
        }
        self.at += word.len();
        Ok(Token::Word(word))
    }

    /// The string whose first quote was passed over.
    fn string(&mut self) -> Result<&'t str, Refused> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        loop {
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(&self.text[start..self.at - 1]);
                }
                Some(b'\\') => self.escape()?,
                Some(0..0x20) => return Err(wrong("as a string has a control character; escape it")),
                Some(_) => self.at += 1,
                None => return Err(wrong("as a string has no end")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Refused> {
        let escaped = &self.text.as_bytes()[self.at + 1..];
        match escaped {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => {
                self.at += 2;
            }
            [b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => {
                self.at += 6;
            }
            _ => return Err(wrong("as a string has a backslash that escapes nothing")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<&'t str, Refused> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        let mut at = start + usize::from(bytes[start] == b'-');
        let digits = |at: &mut usize| {
            let from = *at;
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            *at - from
        };
        let has_zeros = bytes.get(at) == Some(&b'0');
        let whole = digits(&mut at);
        let mut is_number = whole == 1 || (whole > 1 && !has_zeros);
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            is_number &= digits(&mut at) > 0;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            is_number &= digits(&mut at) > 0;
        }
        self.at = at;
        if is_number { Ok(&self.text[start..at]) } else { Err(wrong("as it has a number in another form")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_as_it_is() {
        for text in [
            "{}",
            " [ ] ",
            "null",
            "-0.0e+5",
            "\"\\ud800 \\u0000\"",
            "{\"a\" : [1,2, {\"b\":null}], \"a\":false}",
            "[true,false,\"\u{e9}\\/\"]",
        ] {
            let mut out = String::new();
            push_canonical(text, &mut out).unwrap();
            assert_eq!(out, text);
        }
    }

    #[test]
    fn what_is_no_json_is_wrong() {
        for text in [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\"}",
            "{a:1}",
            "{\"a\":1,}",
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "tru",
            "trueX",
            "\"a",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\t\"",
            "1 2",
            "]",
            "NaN",
            "'a'",
            "[1 2]",
            "\u{e9}",
        ] {
            assert!(push_canonical(text, &mut String::new()).unwrap_err().certain, "{text}");
        }
    }

    #[test]
    fn depth_is_left_to_the_server() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(push_canonical(&nested(DEPTH), &mut String::new()), Ok(()));
        assert!(!push_canonical(&nested(DEPTH + 1), &mut String::new()).unwrap_err().certain);
        assert!(!push_canonical(&"[".repeat(1_000_000), &mut String::new()).unwrap_err().certain);
    }
}
