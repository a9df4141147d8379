//! Arrays: elements with their dimensions (`src/backend/utils/adt/arrayfuncs.c`). What an element is, the caller
//! knows.

use std::cell::Cell;

use bytes::BufMut;

use super::Refused;
use super::ascii::{Reader, is_blank, trim};

/// The most dimensions that an array has.
const DIMENSIONS: usize = 6;

/// How many elements each dimension has, from the outermost on.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    dimensions: usize,
    lengths: [usize; DIMENSIONS],
}

/// The least and the greatest index of each dimension, as given before an array.
type Bounds = [(i32, i32); DIMENSIONS];

/// A part of an array's text.
enum Part<'t> {
    /// A brace or a comma.
    Mark(char),
    Null,
    Element(&'t str),
}

/// Adds the canonical text; `push` adds that of an element.
pub(super) fn push_canonical(
    text: &str,
    out: &mut String,
    mut push: impl FnMut(&str, &mut String) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let text = trim(text);
    let (bounds, count, body) = bounds(text)?;
    if bounds[..count].iter().any(|(least, _)| *least != 1) {
        out.push_str(&text[..text.len() - body.len()]);
    }
    let shape = walk(body, |part| {
        match part {
            Part::Mark(mark) => out.push(mark),
            Part::Null => out.push_str("NULL"),
            Part::Element(element) => {
                let start = out.len();
                push(element, out).map_err(|refused| of_element(element, refused))?;
                quote(start, out);
            }
        }
        Ok(())
    })?;
    check(&shape, &bounds[..count])
}

/// Adds the binary form of a canonical text; `put` adds that of an element, whose type has the number `oid`.
pub(super) fn put_binary(
    canonical: &str,
    oid: u32,
    out: &mut impl BufMut,
    mut put: impl FnMut(&str, &mut Vec<u8>) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let (bounds, count, body) = bounds(canonical)?;
    let mut elements = ELEMENTS.take();
    elements.clear();
    let mut has_null = false;
    let shape = walk(body, |part| {
        match part {
            Part::Mark(_) => {}
            Part::Null => {
                has_null = true;
                elements.put_i32(-1);
            }
            Part::Element(element) => {
                let start = elements.len();
                elements.put_i32(0);
                put(element, &mut elements)?;
                let len = (elements.len() - start - 4) as i32;
                elements[start..start + 4].copy_from_slice(&len.to_be_bytes());
            }
        }
        Ok(())
    });
    let written = shape.and_then(|shape| {
        check(&shape, &bounds[..count])?;
        out.put_i32(shape.dimensions as i32);
        out.put_i32(i32::from(has_null));
        out.put_u32(oid);
        for (at, length) in shape.lengths[..shape.dimensions].iter().enumerate() {
            out.put_i32(*length as i32);
            out.put_i32(bounds[..count].get(at).map_or(1, |(least, _)| *least));
        }
        out.put_slice(&elements);
        Ok(())
    });
    ELEMENTS.set(elements);
    written
}

thread_local! {
    /// The elements of one array, whose number stands before them; kept, as their memory is asked for only once.
    static ELEMENTS: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

#[cold]
fn of_element(element: &str, refused: Refused) -> Refused {
    Refused { rule: format!("has the element {element:?}, which {}", refused.rule).into(), ..refused }
}

#[cold]
fn unread() -> Refused {
    Refused::unread("is an array that only the server can read; write it as {1,NULL,\"a b\"}")
}

/// The bounds of `[2:4][0:1]={...}`, how many they are, and the text behind them.
fn bounds(text: &str) -> Result<(Bounds, usize, &str), Refused> {
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
fn check(shape: &Shape, bounds: &[(i32, i32)]) -> Result<(), Refused> {
    let lengths = bounds.iter().map(|(least, greatest)| i64::from(*greatest) - i64::from(*least) + 1);
    if bounds.is_empty() || lengths.eq(shape.lengths[..shape.dimensions].iter().map(|length| *length as i64))
    {
        return Ok(());
    }
    if shape.dimensions == 0 {
        return Err(unread());
    }
    Err(Refused::wrong("has other bounds than elements; correct either"))
}

/// Goes through an array, and sees to it that its parts have one shape.
fn walk(text: &str, mut see: impl FnMut(Part<'_>) -> Result<(), Refused>) -> Result<Shape, Refused> {
    let mut walk = Walk { text, at: 0, depth: 0, shape: Shape::default(), counts: [0; DIMENSIONS] };
    if text == "{}" {
        see(Part::Mark('{'))?;
        see(Part::Mark('}'))?;
        return Ok(walk.shape);
    }
    if !text.starts_with('{') {
        return Err(Refused::wrong("is not an array: write its elements in braces, as in {1,2}"));
    }
    let mut unescaped = String::new();
    loop {
        while walk.eat(b'{') {
            walk.open()?;
            see(Part::Mark('{'))?;
        }
        see(walk.element(&mut unescaped)?)?;
        while walk.eat(b'}') {
            walk.close()?;
            see(Part::Mark('}'))?;
        }
        if walk.depth == 0 {
            return if walk.at == text.len() { Ok(walk.shape) } else { Err(unread()) };
        }
        if !walk.eat(b',') {
            return Err(unread());
        }
        see(Part::Mark(','))?;
    }
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

    /// Whether this byte comes next, with blanks before and behind it; all are passed over.
    #[inline]
    fn eat(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let found = self.rest().first() == Some(&byte);
        if found {
            self.at += 1;
            self.skip_blanks();
        }
        found
    }

    fn skip_blanks(&mut self) {
        while self.rest().first().is_some_and(|byte| is_blank(*byte)) {
            self.at += 1;
        }
    }

    fn open(&mut self) -> Result<(), Refused> {
        if self.depth == DIMENSIONS {
            return Err(Refused::wrong("has more than 6 dimensions, which no array has"));
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

    fn close(&mut self) -> Result<(), Refused> {
        self.depth = self.depth.checked_sub(1).ok_or_else(unread)?;
        let (length, count) = (&mut self.shape.lengths[self.depth], self.counts[self.depth]);
        if *length == 0 {
            *length = count;
        }
        if *length == count { Ok(()) } else { Err(ragged()) }
    }

    /// The next element; `unescaped` is where it lies when that is not the text.
    fn element<'u>(&mut self, unescaped: &'u mut String) -> Result<Part<'u>, Refused>
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
        let rest = self.rest();
        let end = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b'{' | b'"' | b'\\'));
        let end = end.filter(|end| matches!(rest[*end], b',' | b'}')).ok_or_else(unread)?;
        let element = trim(&self.text[self.at..self.at + end]);
        self.at += end;
        if element.is_empty() {
            Err(unread())
        } else if element.eq_ignore_ascii_case("null") {
            Ok(Part::Null)
        } else {
            Ok(Part::Element(element))
        }
    }

    /// The element whose first quote was passed over.
    fn quoted<'u>(&mut self, unescaped: &'u mut String) -> Result<Part<'u>, Refused>
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
fn ragged() -> Refused {
    Refused::wrong("has parts of different lengths, which no array has: make it even")
}

/// Puts the element from `start` on into quotes where it needs them.
fn quote(start: usize, out: &mut String) {
    let element = &out[start..];
    let needs_quotes = |byte: &u8| matches!(byte, b'"' | b'\\' | b'{' | b'}' | b',') || is_blank(*byte);
    let needs_escapes = |byte: &u8| matches!(byte, b'"' | b'\\');
    if !element.is_empty()
        && !element.eq_ignore_ascii_case("null")
        && !element.as_bytes().iter().any(needs_quotes)
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

    fn canonical(text: &str) -> Result<String, Refused> {
        let mut out = String::new();
        push_canonical(text, &mut out, |element, out| {
            if element == "wrong" {
                return Err(Refused::wrong("is wrong"));
            }
            out.push_str(element);
            Ok(())
        })?;
        Ok(out)
    }

    #[test]
    fn elements_have_quotes_where_they_need_them() {
        for (text, expected) in [
            ("{}", "{}"),
            ("{1,2}", "{1,2}"),
            (" { 1 , null,NULL } ", "{1,NULL,NULL}"),
            ("{\"null\"}", "{\"null\"}"),
            ("{\"a\",\"\",\"a b\",a b}", "{a,\"\",\"a b\",\"a b\"}"),
            ("{{1,2},{3,4}}", "{{1,2},{3,4}}"),
            ("{\"a\\\"b\\\\c\\d\"}", "{\"a\\\"b\\\\cd\"}"),
            ("[2:3]={1,2}", "[2:3]={1,2}"),
            ("[1:2]={1,2}", "{1,2}"),
            ("[0:0][-1:0]={{1,2}}", "[0:0][-1:0]={{1,2}}"),
            ("{\"{\",\",\"}", "{\"{\",\",\"}"),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(expected), "{text}");
            assert_eq!(canonical(expected).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn an_array_is_even() {
        for text in ["", "1,2", "{{1},{2,3}}", "{{{{{{{1}}}}}}}", "[1:3]={1,2}", "{wrong}"] {
            assert!(canonical(text).unwrap_err().certain, "{text}");
        }
        assert_eq!(canonical("{1,wrong}").unwrap_err().rule, "has the element \"wrong\", which is wrong");
        for text in [
            "{",
            "{1",
            "{1,}",
            "{,1}",
            "{{}}",
            "{1}}",
            "{1}x",
            "{a\\,b}",
            "{\"a\"b}",
            "[2]={1,2}",
            "{\"a",
            "{\"\\",
        ] {
            assert!(!canonical(text).unwrap_err().certain, "{text}");
        }
    }

    #[test]
    fn the_binary_form_has_dimensions_and_elements_with_lengths() {
        let binary = |text: &str| {
            let mut out = Vec::new();
            put_binary(text, 25, &mut out, |element, out| {
                out.put_slice(element.as_bytes());
                Ok(())
            })
            .map(|()| out)
        };
        assert_eq!(binary("{}").unwrap(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25]);
        let expected: [&[u8]; 8] = [
            &[0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 25],
            &[0, 0, 0, 1, 0, 0, 0, 0],
            &[0, 0, 0, 3, 0, 0, 0, 2],
            &[0, 0, 0, 2],
            b"ab",
            &[255, 255, 255, 255],
            &[0, 0, 0, 1],
            b"\"",
        ];
        assert_eq!(binary("[0:0][2:4]={{ab,NULL,\"\\\"\"}}").unwrap(), expected.concat());
        assert!(binary("{1,").is_err());
    }
}
