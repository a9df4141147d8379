//! The text of arrays: braces, quotes and bounds around their elements
//! (`src/backend/utils/adt/arrayfuncs.c`: `array_in`, `array_out`).

use super::Refused;
use super::ascii::{Reader, trim};
use super::refused::Fault;

/// The most dimensions that an array has.
const DIMENSIONS: usize = 6;

/// How many elements each dimension has, from the outermost on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) dimensions: usize,
    pub(super) lengths: [usize; DIMENSIONS],
}

/// The least and the greatest index of each dimension, as given before an array.
pub(super) type Bounds = [(i32, i32); DIMENSIONS];

/// A part of an array's text.
pub(super) enum Part<'t> {
    /// A brace or a comma.
    Mark(char),
    Null,
    Element(&'t str),
}

/// Whether an array of one dimension has the canonical text already, when its elements are any texts.
pub(super) fn is_canonical_of_texts(text: &str) -> bool {
    let Some(mut rest) = text.as_bytes().strip_prefix(b"{") else { return false };
    while let Some(len) = canonical_element(rest) {
        match &rest[len..] {
            [b',', behind @ ..] => rest = behind,
            behind => return behind == b"}",
        }
    }
    false
}

/// The length of a first element that has no quotes but where it needs them.
#[inline]
fn canonical_element(rest: &[u8]) -> Option<usize> {
    let run = |rest: &[u8], kind: fn(Meaning) -> bool| rest.iter().position(|byte| !kind(meaning(*byte)));
    let [b'"', quoted @ ..] = rest else {
        let len = run(rest, |meaning| meaning == Meaning::Plain).filter(|len| *len > 0)?;
        let is_null = len == 4 && rest[..len].eq_ignore_ascii_case(b"null");
        return (!is_null || rest.starts_with(b"NULL")).then_some(len);
    };
    // With escapes it is left to the whole reading.
    let len = memchr::memchr2(b'"', b'\\', quoted).filter(|len| quoted[*len] == b'"')?;
    let needs_quotes = quoted[..len].iter().any(|byte| meaning(*byte) != Meaning::Plain);
    (needs_quotes && !quoted[..len].contains(&0)).then_some(len + 2)
}

#[cold]
fn unread() -> Fault {
    Refused::unread("is an array that only the server can read; write it as {1,NULL,\"a b\"}").into()
}

/// The bounds of `[2:4][0:1]={...}`, how many they are, and the text behind them.
pub(super) fn bounds(text: &str) -> Result<(Bounds, usize, &str), Fault> {
    let mut bounds = Bounds::default();
    if !text.starts_with('[') {
        return Ok((bounds, 0, text));
    }
    let (head, body) = text.split_once('=').ok_or_else(unread)?;
    let mut reader = Reader::new(head);
    let mut count = 0;
    while reader.eat(b'[') {
        let bound = bounds.get_mut(count).ok_or_else(unread)?;
        *bound = pair(&mut reader).ok_or_else(unread)?;
        count += 1;
    }
    if reader.is_done() && body.starts_with('{') { Ok((bounds, count, body)) } else { Err(unread()) }
}

fn pair(reader: &mut Reader<'_>) -> Option<(i32, i32)> {
    let mut bound = |end: u8| {
        let sign = if reader.eat(b'-') { -1 } else { 1 };
        let digits = reader.run(|byte| byte.is_ascii_digit());
        // As the server writes it, so that the text can be kept.
        let is_plain = matches!(digits, [b'0'] | [b'1'..=b'9', ..]) && digits.len() < 10;
        let number = is_plain.then(|| sign * super::ascii::decimal(digits) as i32);
        number.filter(|number| (*number != 0 || sign == 1) && reader.eat(end))
    };
    Some((bound(b':')?, bound(b']')?))
}

/// Holds an array against the bounds before it.
pub(super) fn check(shape: &Shape, bounds: &[(i32, i32)]) -> Result<(), Fault> {
    let lengths = bounds.iter().map(|(least, greatest)| i64::from(*greatest) - i64::from(*least) + 1);
    if bounds.is_empty() || lengths.eq(shape.lengths[..shape.dimensions].iter().map(|length| *length as i64))
    {
        return Ok(());
    }
    if shape.dimensions == 0 {
        return Err(unread());
    }
    Err(Refused::wrong("has other bounds than elements; correct either").into())
}

/// Goes through an array, and sees to it that its parts have one shape.
pub(super) fn walk(text: &str, mut see: impl FnMut(Part<'_>) -> Result<(), Fault>) -> Result<Shape, Fault> {
    let mut walk = Walk { text, at: 0, depth: 0, shape: Shape::default(), counts: [0; DIMENSIONS] };
    if text == "{}" {
        see(Part::Mark('{'))?;
        see(Part::Mark('}'))?;
        return Ok(walk.shape);
    }
    if !text.starts_with('{') {
        return Err(Refused::wrong("is not an array: write its elements in braces, as in {1,2}").into());
    }
    let mut unescaped = String::new();
    loop {
        while walk.next() == Some(b'{') {
            walk.at += 1;
            walk.open()?;
            see(Part::Mark('{'))?;
        }
        see(walk.element(&mut unescaped)?)?;
        while walk.next() == Some(b'}') {
            walk.at += 1;
            walk.close()?;
            see(Part::Mark('}'))?;
        }
        if walk.depth == 0 {
            return if walk.at == text.len() { Ok(walk.shape) } else { Err(unread()) };
        }
        if walk.next() != Some(b',') {
            return Err(unread());
        }
        walk.at += 1;
        see(Part::Mark(','))?;
    }
}

/// What a byte means outside of quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Plain,
    Blank,
    /// Of an array's own, which is in no element without quotes, or in none at all, as NUL.
    Mark,
}

const MEANINGS: [Meaning; 256] = {
    let mut meanings = [Meaning::Plain; 256];
    let (mut blank, mut mark) = (0, 0);
    while blank < b" \t\n\r\x0b\x0c".len() {
        meanings[b" \t\n\r\x0b\x0c"[blank] as usize] = Meaning::Blank;
        blank += 1;
    }
    while mark < b"\"\\{},\0".len() {
        meanings[b"\"\\{},\0"[mark] as usize] = Meaning::Mark;
        mark += 1;
    }
    meanings
};

fn meaning(byte: u8) -> Meaning {
    MEANINGS[usize::from(byte)]
}

struct Walk<'t> {
    text: &'t str,
    at: usize,
    /// Braces that are open.
    depth: usize,
    /// As the first element of each dimension has it.
    shape: Shape,
    /// The elements so far of those that are open.
    counts: [usize; DIMENSIONS],
}

impl<'t> Walk<'t> {
    fn rest(&self) -> &'t [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// The next byte that is no blank.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        loop {
            let next = *self.text.as_bytes().get(self.at)?;
            if meaning(next) != Meaning::Blank {
                return Some(next);
            }
            self.at += 1;
        }
    }

    fn open(&mut self) -> Result<(), Fault> {
        if self.depth == DIMENSIONS {
            return Err(Refused::wrong("has more than 6 dimensions, which no array has").into());
        }
        if self.shape.dimensions > 0 && self.depth >= self.shape.dimensions {
            return Err(unread());
        }
        if self.depth > 0 {
            self.counts[self.depth - 1] += 1;
        }
        self.counts[self.depth] = 0;
        self.depth += 1;
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.depth = self.depth.checked_sub(1).ok_or_else(unread)?;
        let (length, count) = (&mut self.shape.lengths[self.depth], self.counts[self.depth]);
        if *length == 0 {
            *length = count;
        }
        if *length == count { Ok(()) } else { Err(ragged()) }
    }

    /// The next element; `unescaped` is where it lies when that is not the text.
    fn element<'u>(&mut self, unescaped: &'u mut String) -> Result<Part<'u>, Fault>
    where
        't: 'u,
    {
        if self.shape.dimensions == 0 {
            self.shape.dimensions = self.depth;
        }
        // Up to PostgreSQL 16 some arrays are taken whose parts have different depths.
        if self.shape.dimensions != self.depth {
            return Err(unread());
        }
        self.counts[self.depth - 1] += 1;
        if self.rest().first() == Some(&b'"') {
            self.at += 1;
            return self.quoted(unescaped);
        }
        let (rest, mut has_blanks) = (self.rest(), false);
        let is_mark = |byte: &u8| {
            let meaning = meaning(*byte);
            has_blanks |= meaning == Meaning::Blank;
            meaning == Meaning::Mark
        };
        let end = rest.iter().position(is_mark).filter(|end| matches!(rest[*end], b',' | b'}'));
        let end = end.ok_or_else(unread)?;
        let mut element = &self.text[self.at..self.at + end];
        if has_blanks {
            element = trim(element);
        }
        self.at += end;
        if element.is_empty() {
            Err(unread())
        } else if is_null(element) {
            Ok(Part::Null)
        } else {
            Ok(Part::Element(element))
        }
    }

    /// The element whose first quote was passed over.
    fn quoted<'u>(&mut self, unescaped: &'u mut String) -> Result<Part<'u>, Fault>
    where
        't: 'u,
    {
        let start = self.at;
        let next = |walk: &Self| memchr::memchr2(b'"', b'\\', walk.rest()).ok_or_else(unread);
        let end = start + next(self)?;
        self.at = end + 1;
        if self.text.as_bytes()[end] == b'"' {
            return Ok(Part::Element(&self.text[start..end]));
        }
        unescaped.clear();
        unescaped.push_str(&self.text[start..end]);
        // Behind a backslash, each time.
        loop {
            let letter = self.text[self.at..].chars().next().ok_or_else(unread)?;
            unescaped.push(letter);
            self.at += letter.len_utf8();
            let end = self.at + next(self)?;
            unescaped.push_str(&self.text[self.at..end]);
            self.at = end + 1;
            if self.text.as_bytes()[end] == b'"' {
                return Ok(Part::Element(unescaped));
            }
        }
    }
}

#[cold]
fn ragged() -> Fault {
    Refused::wrong("has parts of different lengths, which no array has: make it even").into()
}

fn is_null(element: &str) -> bool {
    element.len() == 4 && element.eq_ignore_ascii_case("null")
}

/// Puts the element from `start` on into quotes where it needs them.
pub(super) fn quote(start: usize, out: &mut String) {
    let element = &out[start..];
    let needs_escapes = |byte: &u8| matches!(byte, b'"' | b'\\');
    if !element.is_empty() && !is_null(element) && element.bytes().all(|byte| meaning(byte) == Meaning::Plain)
    {
        return;
    }
    if element.as_bytes().iter().any(needs_escapes) {
        let element = out.split_off(start);
        out.push('"');
        for letter in element.chars() {
            if matches!(letter, '"' | '\\') {
                out.push('\\');
            }
            out.push(letter);
        }
    } else {
        out.insert(start, '"');
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_array_of_texts_is_known_as_one() {
        for text in [
            "{a,b c}",
            "{\"a\"}",
            "{a,}",
            "{}",
            "{null}",
            "{a}x",
            "{\"a\\\\b\"}",
            "{{a}}",
            "{a",
            "",
            "{\0}",
            "{\" \0\"}",
        ] {
            assert!(!is_canonical_of_texts(text), "{text:?}");
        }
        for text in ["{a}", "{a,NULL,\"b c\",\u{e9}}", "{\",\"}", "{nulls}"] {
            assert!(is_canonical_of_texts(text), "{text}");
        }
    }
}
