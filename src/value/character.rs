//! `text`, `character varying`, `character`, `name`, `"char"` and the labels of enums: their own text in both
//! forms.

use super::Refused;

/// Adds a text that may have any length.
#[inline]
pub(super) fn push_text(text: &str, out: &mut String) -> Result<(), Refused> {
    if memchr::memchr(0, text.as_bytes()).is_some() {
        return Err(Refused::wrong("has a NUL character, which PostgreSQL keeps in no text; take it out"));
    }
    out.push_str(text);
    Ok(())
}

/// Adds the text of a `character varying(most)`: blanks that are too many at the end are cut.
pub(super) fn push_varying(text: &str, most: u32, out: &mut String) -> Result<(), Refused> {
    push_text(cut(text, most, "character varying")?.0, out)
}

/// Adds the text of a `character(length)`, as COPY writes it: with blanks up to its length. A cast to `text`
/// takes these off.
pub(super) fn push_padded(text: &str, length: u32, out: &mut String) -> Result<(), Refused> {
    let (kept, missing) = cut(text, length, "character")?;
    push_text(kept, out)?;
    (0..missing).for_each(|_| out.push(' '));
    Ok(())
}

/// The text without blanks that are too many, and how many characters it could have more.
#[inline]
fn cut<'t>(text: &'t str, most: u32, name: &str) -> Result<(&'t str, u32), Refused> {
    let most = most as usize;
    let count = if text.is_ascii() { text.len() } else { text.chars().count() };
    if count <= most {
        return Ok((text, (most - count) as u32));
    }
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    if text[end..].bytes().all(|byte| byte == b' ') {
        Ok((&text[..end], 0))
    } else {
        Err(Refused::wrong(format!(
            "has {count} characters, more than {name}({most}) takes; shorten it or give the column a longer type"
        )))
    }
}

/// Adds the text of a `name`, which the server would cut where it is longer than 63 bytes.
pub(super) fn push_name(text: &str, out: &mut String) -> Result<(), Refused> {
    if text.len() > 63 {
        return Err(Refused::unread(
            "has more than 63 bytes, behind which most servers cut a name; shorten it",
        ));
    }
    push_text(text, out)
}

/// Adds the text of a `"char"`: one byte, or none for the byte 0.
pub(super) fn push_byte(text: &str, out: &mut String) -> Result<(), Refused> {
    if text.len() > 1 || !text.is_ascii() {
        return Err(Refused::unread(
            "is not one character of ASCII, of which the server takes a part; shorten it",
        ));
    }
    push_text(text, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(
        push: impl Fn(&str, &mut String) -> Result<(), Refused>,
        text: &str,
    ) -> Result<String, Refused> {
        let mut out = String::new();
        push(text, &mut out)?;
        Ok(out)
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        let varying = |text: &str, out: &mut String| push_varying(text, 3, out);
        for (text, expected) in
            [("", ""), ("abc", "abc"), ("äöü", "äöü"), ("ab    ", "ab "), ("äöü  ", "äöü")]
        {
            assert_eq!(pushed(varying, text).as_deref(), Ok(expected), "{text:?}");
        }
        for text in ["abcd", "äöüä", "abc\t", "abc d", "a\0"] {
            assert!(pushed(varying, text).unwrap_err().certain, "{text:?}");
        }
        let said = pushed(varying, "abcd").unwrap_err().rule;
        assert_eq!(
            said,
            "has 4 characters, more than character varying(3) takes; shorten it or give the column a longer type"
        );
    }

    #[test]
    fn a_character_is_padded() {
        let padded = |text: &str, out: &mut String| push_padded(text, 3, out);
        for (text, expected) in [("", "   "), ("ä", "ä  "), ("abc   ", "abc")] {
            assert_eq!(pushed(padded, text).as_deref(), Ok(expected), "{text:?}");
        }
        assert!(pushed(padded, "abcd").unwrap_err().certain);
    }

    #[test]
    fn what_the_server_would_cut_is_left_to_it() {
        assert_eq!(pushed(push_name, "a b").as_deref(), Ok("a b"));
        assert!(!pushed(push_name, &"a".repeat(64)).unwrap_err().certain);
        assert_eq!(pushed(push_byte, "").as_deref(), Ok(""));
        assert!(!pushed(push_byte, "ä").unwrap_err().certain);
        assert!(!pushed(push_byte, "ab").unwrap_err().certain);
    }
}
