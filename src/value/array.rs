//! Arrays: elements with their dimensions (`src/backend/utils/adt/arrayfuncs.c`). What an element is, the caller
//! knows.

use std::cell::Cell;

use bytes::BufMut;

use super::Refused;
use super::array_text::{Part, bounds, check, quote, walk};
use super::ascii::trim;
use super::refused::Fault;

/// Adds the canonical text; `push` adds that of an element.
pub(super) fn push_canonical(
    text: &str,
    out: &mut String,
    push: impl FnMut(&str, &mut String) -> Result<(), Refused>,
) -> Result<(), Refused> {
    push_parts(trim(text), out, push).map_err(|fault| *fault)
}

fn push_parts(
    text: &str,
    out: &mut String,
    mut push: impl FnMut(&str, &mut String) -> Result<(), Refused>,
) -> Result<(), Fault> {
    let (bounds, count, body) = bounds(text)?;
    if bounds[..count].iter().any(|(least, _)| *least != 1) {
        out.push_str(&text[..text.len() - body.len()]);
    }
    let mut elements = Ok(());
    let shape = walk(body, |part| {
        match part {
            Part::Mark(mark) => out.push(mark),
            Part::Null => out.push_str("NULL"),
            Part::Element(element) => {
                let start = out.len();
                match push(element, out) {
                    Ok(()) => quote(start, out),
                    // Up to PostgreSQL 16 there are arrays whose elements are not looked at: those that only the
                    // server can read, which the rest has to tell.
                    Err(refused) if elements.is_ok() => elements = Err(of_element(element, refused)),
                    Err(_) => {}
                }
            }
        }
        Ok(())
    })?;
    check(&shape, &bounds[..count])?;
    Ok(elements?)
}

/// Adds the binary form of a canonical text; `put` adds that of an element, whose type has the number `oid`.
pub(super) fn put_binary(
    canonical: &str,
    oid: u32,
    out: &mut impl BufMut,
    mut put: impl FnMut(&str, &mut Vec<u8>) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let (bounds, count, body) = bounds(canonical).map_err(|fault| *fault)?;
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
    written.map_err(|fault| *fault)
}

thread_local! {
    /// The elements of one array, whose number stands before them; kept, as their memory is asked for only once.
    static ELEMENTS: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

#[cold]
fn of_element(element: &str, refused: Refused) -> Refused {
    Refused { rule: format!("has the element {element:?}, which {}", refused.rule).into(), ..refused }
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
