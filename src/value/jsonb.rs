//! `jsonb`: JSON without blanks of its own, the members of an object by the length of their keys, each key once;
//! in binary a version and the text (`src/backend/utils/adt/jsonb.c`, `jsonb_util.c`).

use std::borrow::Cow;
use std::cmp::Ordering;

use bytes::BufMut;

use super::json::{Scanner, Token};
use super::refused::Fault;
use super::{Refused, numeric};

/// Adds the canonical text.
pub(super) fn push_canonical(text: &str, out: &mut String) -> Result<(), Refused> {
    let mut writer = Writer { scanner: Scanner::new(text), written: 0, out };
    writer.whole().map_err(|fault| *fault)
}

/// Adds the binary form of a canonical text.
pub(super) fn put_binary(canonical: &str, out: &mut impl BufMut) {
    out.put_u8(1);
    out.put_slice(canonical.as_bytes());
}

/// Reads a text and writes its canonical form. What is canonical already is written when something is not, or at
/// the end.
struct Writer<'t, 'o> {
    scanner: Scanner<'t>,
    /// How much of the text has been written.
    written: usize,
    out: &'o mut String,
}

impl Writer<'_, '_> {
    fn whole(&mut self) -> Result<(), Fault> {
        self.gap(0, "");
        self.value(0)?;
        let end = self.scanner.at();
        self.scanner.end()?;
        self.write_up_to(end);
        Ok(())
    }

    /// Writes the text up to a place as it is.
    fn write_up_to(&mut self, place: usize) {
        self.out.push_str(&self.scanner.text()[self.written..place]);
        self.written = place;
    }

    /// Passes over blanks, and sees to it that what was passed over since `start` is written so.
    #[inline]
    fn gap(&mut self, start: usize, canonical: &str) {
        self.scanner.skip_blanks();
        let end = self.scanner.at();
        // Byte by byte: two at most are no work for a function.
        if !self.scanner.text().as_bytes()[start..end].iter().eq(canonical.as_bytes()) {
            self.write_up_to(start);
            self.out.push_str(canonical);
            self.written = end;
        }
    }

    /// The value that comes next.
    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        match self.scanner.token(depth)? {
            Token::Text { has_escapes } => self.string(has_escapes),
            Token::Number => {
                let text = self.scanner.taken_number();
                if !numeric::is_canonical(text.as_bytes(), None) {
                    self.write_up_to(self.scanner.at() - text.len());
                    numeric::push_canonical(text, None, self.out)?;
                    self.written = self.scanner.at();
                }
                Ok(())
            }
            Token::Word => Ok(()),
            Token::Open(b'}') => self.object(depth),
            Token::Open(close) => {
                self.gap(self.scanner.at(), "");
                let mut goes_on = !self.scanner.eat(close);
                while goes_on {
                    self.value(depth + 1)?;
                    goes_on = self.goes_on(close)?;
                }
                Ok(())
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Fault> {
        self.gap(self.scanner.at(), "");
        let start = self.out.len() + self.scanner.at() - self.written;
        let mut goes_on = !self.scanner.eat(b'}');
        let (mut last, mut is_sorted) = (None, true);
        while goes_on {
            let has_escapes = self.scanner.key()?;
            let key = Key { text: self.scanner.taken_string(), has_escapes };
            is_sorted &= last.is_none_or(|last| by_length(last, key) == Ordering::Less);
            last = Some(key);
            self.string(has_escapes)?;
            if !self.scanner.eat_both(*b": ") {
                let end = self.scanner.at();
                self.scanner.colon()?;
                self.gap(end, ": ");
            }
            self.value(depth + 1)?;
            goes_on = self.goes_on(b'}')?;
        }
        if !is_sorted {
            self.write_up_to(self.scanner.at());
            let sorted = sorted(&self.out[start..self.out.len() - 1]);
            self.out.truncate(start);
            self.out.push_str(&sorted);
            self.out.push('}');
        }
        Ok(())
    }

    /// Whether another value follows the last one.
    fn goes_on(&mut self, close: u8) -> Result<bool, Fault> {
        if self.scanner.eat_both(*b", ") {
            return Ok(true);
        }
        let end = self.scanner.at();
        // Blanks before a closing bracket go too.
        self.scanner.skip_blanks();
        let before = self.scanner.at();
        let goes_on = self.scanner.goes_on(close)?;
        if goes_on {
            self.gap(end, ", ");
        } else if before > end {
            self.write_up_to(end);
            self.written = before;
        }
        Ok(goes_on)
    }

    /// The string that was passed over, with the fewest escapes.
    #[inline]
    fn string(&mut self, has_escapes: bool) -> Result<(), Fault> {
        if has_escapes {
            let text = self.scanner.taken_string();
            let end = self.scanner.at() - 1;
            self.write_up_to(end - text.len());
            push_unescaped(text, self.out)?;
            self.written = end;
        }
        Ok(())
    }
}

/// A key as it stands between its quotes.
#[derive(Clone, Copy)]
struct Key<'t> {
    text: &'t str,
    has_escapes: bool,
}

/// Shorter keys come first, and those as long by their bytes, none of them escaped.
#[inline]
fn by_length(one: Key<'_>, other: Key<'_>) -> Ordering {
    let compare = |one: &str, other: &str| one.len().cmp(&other.len()).then_with(|| one.cmp(other));
    if one.has_escapes || other.has_escapes {
        compare(&unescaped(one.text), &unescaped(other.text))
    } else {
        compare(one.text, other.text)
    }
}

fn unescaped(key: &str) -> Cow<'_, str> {
    if !key.contains('\\') {
        return key.into();
    }
    let mut plain = String::new();
    let mut rest = key;
    while let Some((before, escaped)) = rest.split_once('\\') {
        plain.push_str(before);
        // A key that is wrong is refused where it is written.
        let Ok((letter, len)) = escape(escaped) else { return key.into() };
        plain.push(letter);
        rest = &escaped[len..];
    }
    plain.push_str(rest);
    plain.into()
}

/// The members of an object in canonical form, in order; of those of one key the last.
fn sorted(members: &str) -> String {
    let mut sorted: Vec<(Cow<'_, str>, &str)> = Vec::new();
    let mut rest = members;
    while !rest.is_empty() {
        let (member, behind) = rest.split_at(end_of_member(rest));
        // The key is a string, and its quotes are no part of it.
        let key = &member[1..end_of_string(member.as_bytes()) - 1];
        sorted.push((unescaped(key), member));
        rest = behind.strip_prefix(", ").unwrap_or_default();
    }
    sorted.sort_by(|(one, _), (other, _)| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
    let mut out = String::with_capacity(members.len());
    for (at, (key, member)) in sorted.iter().enumerate() {
        if sorted.get(at + 1).is_none_or(|(next, _)| next != key) {
            if !out.is_empty() {
                out.push_str(", ");
            }
            out.push_str(member);
        }
    }
    out
}

/// Where the comma behind the first of these members is, or their end.
fn end_of_member(members: &str) -> usize {
    let bytes = members.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += end_of_string(&bytes[at..]);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Behind the quote that ends the string which begins here.
fn end_of_string(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Adds what stands between the quotes of a string.
fn push_unescaped(text: &str, out: &mut String) -> Result<(), Refused> {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let escaped = &rest[at + 1..];
        let (letter, len) = escape(escaped)?;
        push_letter(letter, out);
        rest = &escaped[len..];
    }
    out.push_str(rest);
    Ok(())
}

fn push_letter(letter: char, out: &mut String) {
    match letter {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0'..' ' => {
            out.push_str("\\u00");
            super::hex::push(letter as u8, out);
        }
        _ => out.push(letter),
    }
}

/// The letter that an escape stands for, and the bytes behind the backslash that it takes.
fn escape(escaped: &str) -> Result<(char, usize), Refused> {
    let bytes = escaped.as_bytes();
    let letter = match bytes.first() {
        Some(b'b') => '\x08',
        Some(b'f') => '\x0c',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(bytes),
        Some(other) => char::from(*other),
        None => '\\',
    };
    Ok((letter, 1))
}

fn unicode(bytes: &[u8]) -> Result<(char, usize), Refused> {
    let unit = |at: usize| -> Option<u32> {
        let digits = std::str::from_utf8(bytes.get(at..at + 4)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let lone = || Refused::wrong("has one half of a surrogate pair without the other; write both or neither");
    match unit(1).ok_or_else(lone)? {
        0 => Err(Refused::wrong("has \\u0000, which jsonb does not keep; take it out or choose json")),
        high @ 0xD800..0xDC00 => {
            let low = (bytes.get(5..7) == Some(b"\\u")).then(|| unit(7)).flatten();
            let low = low.filter(|low| (0xDC00..0xE000).contains(low)).ok_or_else(lone)?;
            let letter =
                char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)).ok_or_else(lone)?;
            Ok((letter, 11))
        }
        letter => Ok((char::from_u32(letter).ok_or_else(lone)?, 5)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> Result<String, Refused> {
        let mut out = String::new();
        push_canonical(text, &mut out)?;
        Ok(out)
    }

    #[test]
    fn members_are_in_order_and_keys_are_there_once() {
        for (text, expected) in [
            ("{}", "{}"),
            ("[ ]", "[]"),
            ("{\"bb\":1,\"a\":2}", "{\"a\": 2, \"bb\": 1}"),
            ("{\"a\":1,\"a\":{\"b\":1}}", "{\"a\": {\"b\": 1}}"),
            (
                "{\"b\":[1,{\"d\":1,\"c\":2}],\"a\":\"},\\\"{\"}",
                "{\"a\": \"},\\\"{\", \"b\": [1, {\"c\": 2, \"d\": 1}]}",
            ),
            // Three letters of which one is escaped are shorter than four, and é is as long as two.
            (
                "{\"abcd\":1,\"a\\nb\":2,\"\u{e9}\":3,\"\\u00e9\":4}",
                "{\"\u{e9}\": 4, \"a\\nb\": 2, \"abcd\": 1}",
            ),
            ("{\"b\":1,\"a\":1,\"\":1}", "{\"\": 1, \"a\": 1, \"b\": 1}"),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(expected), "{text}");
            assert_eq!(canonical(expected).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn numbers_keep_their_scale_and_strings_their_letters() {
        for (text, expected) in [
            ("[1.10,1e5,-0,-0.0,1E-2]", "[1.10, 100000, 0, 0.0, 0.01]"),
            ("\"\\/\\b\\f\\n\\r\\t\\u001F\\u007f\\u00e9\"", "\"/\\b\\f\\n\\r\\t\\u001f\u{7f}\u{e9}\""),
            ("\"\\ud83d\\ude00\"", "\"\u{1f600}\""),
            (" null ", "null"),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_jsonb_does_not_keep_is_wrong() {
        for text in [
            "\"\\u0000\"",
            "\"\\ud83d\"",
            "\"\\ud83dx\"",
            "\"\\ude00\"",
            "\"\\ud83d\\u0041\"",
            "{\"\\u0000\":1,\"b\":2}",
            "1e200000",
            "{\"a\":1",
            "[1,,2]",
        ] {
            assert!(canonical(text).unwrap_err().certain, "{text}");
        }
    }

    #[test]
    fn the_binary_form_has_a_version() {
        let mut out = Vec::new();
        put_binary("{}", &mut out);
        assert_eq!(out, b"\x01{}");
    }
}
