//! `json`: a text that is kept as it is, when it is one value of JSON
//! (`src/common/jsonapi.c`, RFC 8259).

use super::Refused;
use super::refused::Fault;

/// Values within values that are followed; what is deeper is left to the server, which has a limit too.
pub(super) const DEPTH: usize = 500;

/// Adds the text, when it is JSON.
pub(super) fn push_canonical(text: &str, out: &mut String) -> Result<(), Refused> {
    let mut scanner = Scanner::new(text);
    value(&mut scanner, 0).and_then(|()| scanner.end()).map_err(|fault| *fault)?;
    out.push_str(text);
    Ok(())
}

fn value(scanner: &mut Scanner<'_>, depth: usize) -> Result<(), Fault> {
    match scanner.token(depth)? {
        Token::Open(close) => {
            if scanner.eat(close) {
                return Ok(());
            }
            loop {
                if close == b'}' {
                    scanner.key()?;
                    scanner.colon()?;
                }
                value(scanner, depth + 1)?;
                if !scanner.goes_on(close)? {
                    return Ok(());
                }
            }
        }
        Token::Text { .. } | Token::Number | Token::Word => Ok(()),
    }
}

/// A value or its beginning.
pub(super) enum Token {
    /// The beginning of an object or array, with the byte that closes it.
    Open(u8),
    /// A whole string.
    Text { has_escapes: bool },
    /// A whole number.
    Number,
    /// `true`, `false` or `null`.
    Word,
}

/// How many of eight bytes, the first of which is the lowest, come before one that ends a string or its plain
/// part: a quote, a backslash or a control character.
#[inline]
fn plain_bytes(eight: u64) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // The high bit of each byte that is zero; bytes behind the first of them may have theirs too.
    let zeros = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes & HIGH;
    let controls = eight.wrapping_sub(ONES * 0x20) & !eight & HIGH;
    let ends = controls | zeros(eight ^ (ONES * u64::from(b'"'))) | zeros(eight ^ (ONES * u64::from(b'\\')));
    ends.trailing_zeros() as usize / 8
}

/// Reads JSON from the left to the right.
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    /// Where the last string or number begins, behind the quote.
    start: usize,
}

#[cold]
fn wrong(what: &str) -> Fault {
    Refused::wrong(format!("is not JSON, {what}; correct it as RFC 8259 has it")).into()
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, start: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    pub(super) fn skip_blanks(&mut self) {
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

    /// Whether these two bytes come next, and no blank behind them; they are passed over.
    #[inline]
    pub(super) fn eat_both(&mut self, both: [u8; 2]) -> bool {
        let found = match self.text.as_bytes().get(self.at..) {
            Some([first, second, next, ..]) => [*first, *second] == both && *next > b' ',
            _ => false,
        };
        self.at += if found { 2 } else { 0 };
        found
    }

    /// Refuses what stands behind a whole value.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        self.skip_blanks();
        if self.at == self.text.len() { Ok(()) } else { Err(wrong("as it goes on behind the first value")) }
    }

    /// The key of an object's member: whether it has escapes.
    pub(super) fn key(&mut self) -> Result<bool, Fault> {
        if self.eat(b'"') { self.string() } else { Err(wrong("as a key is missing or has no quotes")) }
    }

    /// Passes over the colon behind a key.
    pub(super) fn colon(&mut self) -> Result<(), Fault> {
        if self.eat(b':') { Ok(()) } else { Err(wrong("as a colon is missing behind a key")) }
    }

    /// The last string, as it stands between its quotes.
    pub(super) fn taken_string(&self) -> &'t str {
        &self.text[self.start..self.at - 1]
    }

    /// The last number.
    pub(super) fn taken_number(&self) -> &'t str {
        &self.text[self.start..self.at]
    }

    /// The whole text.
    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// How much of it has been passed over.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Whether a comma comes next, not the end of the object or array.
    pub(super) fn goes_on(&mut self, close: u8) -> Result<bool, Fault> {
        if self.eat(b',') {
            Ok(true)
        } else if self.eat(close) {
            Ok(false)
        } else {
            Err(wrong("as a comma or a closing bracket is missing"))
        }
    }

    /// The next value, or its beginning.
    pub(super) fn token(&mut self, depth: usize) -> Result<Token, Fault> {
        self.skip_blanks();
        match self.peek() {
            Some(open @ (b'{' | b'[')) if depth < DEPTH => {
                self.at += 1;
                // Each closing bracket lies two behind its opening one.
                Ok(Token::Open(open + 2))
            }
            Some(b'{' | b'[') => {
                Err(Refused::unread("is JSON too deep to be followed; make it flatter").into())
            }
            Some(b'"') => {
                self.at += 1;
                Ok(Token::Text { has_escapes: self.string()? })
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(_) => Err(wrong("as no value begins so")),
            None => Err(wrong("as a value is missing")),
        }
    }

    fn word(&mut self, word: &str) -> Result<Token, Fault> {
        let rest = &self.text.as_bytes()[self.at..];
        let is_longer = rest.get(word.len()).is_some_and(|next| next.is_ascii_alphanumeric() || *next > 127);
        if !rest.starts_with(word.as_bytes()) || is_longer {
            return Err(wrong("as no word is known but true, false and null"));
        }
        self.at += word.len();
        Ok(Token::Word)
    }

    /// The string whose first quote was passed over: whether it has escapes.
    fn string(&mut self) -> Result<bool, Fault> {
        self.start = self.at;
        let bytes = self.text.as_bytes();
        let mut has_escapes = false;
        loop {
            while let Some(eight) = bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
                let plain = plain_bytes(u64::from_le_bytes(*eight));
                self.at += plain;
                if plain < 8 {
                    break;
                }
            }
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(has_escapes);
                }
                Some(b'\\') => {
                    has_escapes = true;
                    self.escape()?;
                }
                Some(0..0x20) => return Err(wrong("as a string has a control character; escape it")),
                Some(_) => self.at += 1,
                None => return Err(wrong("as a string has no end")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
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

    fn number(&mut self) -> Result<Token, Fault> {
        self.start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = self.at + usize::from(bytes[self.at] == b'-');
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
        if is_number { Ok(Token::Number) } else { Err(wrong("as it has a number in another form")) }
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
