//! `jsonb`: JSON without blanks of its own, the members of an object by the length of their keys, each key once;
//! in binary a version and the text (`src/backend/utils/adt/jsonb.c`, `jsonb_util.c`).

use std::borrow::Cow;
use std::cmp::Ordering;

use bytes::BufMut;

use super::json::{Scanner, Token};
use super::{Refused, numeric};

/// Adds the canonical text.
pub(super) fn push_canonical(text: &str, out: &mut String) -> Result<(), Refused> {
    let mut scanner = Scanner::new(text);
    push_value(&mut scanner, 0, out)?;
    scanner.end()
}

/// Adds the binary form of a canonical text.
pub(super) fn put_binary(canonical: &str, out: &mut impl BufMut) {
    out.put_u8(1);
    out.put_slice(canonical.as_bytes());
}

fn push_value(scanner: &mut Scanner<'_>, depth: usize, out: &mut String) -> Result<(), Refused> {
    match scanner.token(depth)? {
        Token::Text(text) => push_string(text, out),
        Token::Number(text) => numeric::push_canonical(text, None, out),
        Token::Word(word) => {
            out.push_str(word);
            Ok(())
        }
        Token::Open(b'}') => push_object(scanner, depth, out),
        Token::Open(close) => {
            out.push('[');
            let is_empty = scanner.eat(close);
            let mut goes_on = !is_empty;
            while goes_on {
                push_value(scanner, depth + 1, out)?;
                goes_on = scanner.goes_on(close)?;
                if goes_on {
                    out.push_str(", ");
                }
            }
            out.push(']');
            Ok(())
        }
    }
}

fn push_object(scanner: &mut Scanner<'_>, depth: usize, out: &mut String) -> Result<(), Refused> {
    out.push('{');
    let start = out.len();
    let mut goes_on = !scanner.eat(b'}');
    let (mut last_key, mut is_sorted) = (None, true);
    while goes_on {
        let key = scanner.key()?;
        is_sorted &= last_key.is_none_or(|last| by_length(last, key) == Ordering::Less);
        last_key = Some(key);
        push_string(key, out)?;
        out.push_str(": ");
        push_value(scanner, depth + 1, out)?;
        goes_on = scanner.goes_on(b'}')?;
        if goes_on {
            out.push_str(", ");
        }
    }
    if !is_sorted {
        let sorted = sorted(&out[start..]);
        out.truncate(start);
        out.push_str(&sorted);
    }
    out.push('}');
    Ok(())
}

/// Shorter keys come first, and those as long by their bytes, none of them escaped. What an escape stands for
/// was read already, so that it can be read again.
fn by_length(one: &str, other: &str) -> Ordering {
    let (one, other) = (unescaped(one), unescaped(other));
    one.len().cmp(&other.len()).then_with(|| one.as_bytes().cmp(other.as_bytes()))
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

/// Adds a string that stands so between quotes, with the fewest escapes.
fn push_string(text: &str, out: &mut String) -> Result<(), Refused> {
    out.push('"');
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let escaped = &rest[at + 1..];
        let (letter, len) = escape(escaped)?;
        push_letter(letter, out);
        rest = &escaped[len..];
    }
    out.push_str(rest);
    out.push('"');
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
