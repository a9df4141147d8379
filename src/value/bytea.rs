//! `bytea`: its bytes.

use bytes::BufMut;

use super::{Refused, hex};

/// Adds the canonical text: `\x` and two digits a byte.
pub(super) fn push_canonical(text: &str, out: &mut String) -> Result<(), Refused> {
    if let Some(digits) = text.strip_prefix("\\x") {
        if digits.len() % 2 == 0 && hex::are_small(digits.as_bytes()) {
            out.push_str(text);
            return Ok(());
        }
        out.push_str("\\x");
        return each_of_hex(digits.as_bytes(), |byte| hex::push(byte, out));
    }
    out.push_str("\\x");
    each_of_escaped(text.as_bytes(), |byte| hex::push(byte, out))
}

/// Adds the binary form of a canonical text.
pub(super) fn put_binary(canonical: &str, out: &mut impl BufMut) -> Result<(), Refused> {
    match canonical.strip_prefix("\\x") {
        Some(digits) => each_of_hex(digits.as_bytes(), |byte| out.put_u8(byte)),
        None => Err(Refused::wrong("is not the canonical text of a bytea")),
    }
}

/// Two digits a byte, with blanks between them.
fn each_of_hex(mut digits: &[u8], mut see: impl FnMut(u8)) -> Result<(), Refused> {
    let wrong = || Refused::wrong("is not a bytea: write two hexadecimal digits a byte behind \\x");
    loop {
        digits = match digits {
            [] => return Ok(()),
            [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] => rest,
            [first, second, rest @ ..] => {
                see(hex::byte(*first, *second).ok_or_else(wrong)?);
                rest
            }
            [_] => return Err(wrong()),
        };
    }
}

/// A byte as it is, or as three octal digits behind a backslash; two backslashes are one.
fn each_of_escaped(mut text: &[u8], mut see: impl FnMut(u8)) -> Result<(), Refused> {
    loop {
        text = match text {
            [] => return Ok(()),
            [b'\\', b'\\', rest @ ..] => {
                see(b'\\');
                rest
            }
            [b'\\', high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7', rest @ ..] => {
                see((high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0'));
                rest
            }
            [b'\\', ..] => {
                return Err(Refused::wrong(
                    "has a backslash that escapes nothing: write \\\\, \\ooo, or all in \\x",
                ));
            }
            [0, ..] => return Err(Refused::wrong("has a NUL character: write all bytes behind \\x")),
            // Its bytes depend on the encoding of the server.
            [0x80..=0xFF, ..] => {
                return Err(Refused::unread("has letters beyond ASCII; write all bytes behind \\x"));
            }
            [byte, rest @ ..] => {
                see(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_and_escaped_bytes_are_read() {
        for (text, expected) in [
            ("", "\\x"),
            ("\\x", "\\x"),
            ("\\xDEADbeef", "\\xdeadbeef"),
            ("\\x de ad\n", "\\xdead"),
            ("ab", "\\x6162"),
            ("a\\\\b\\000\\377", "\\x615c6200ff"),
            ("x61", "\\x783631"),
        ] {
            let mut found = String::new();
            push_canonical(text, &mut found).unwrap();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn half_bytes_and_lone_backslashes_are_wrong() {
        for text in ["\\xabc", "\\xa bc", "\\xgg", "\\", "a\\8", "\\400", "\\X61", "\\x\u{e9}"] {
            assert!(push_canonical(text, &mut String::new()).unwrap_err().certain, "{text}");
        }
        assert!(!push_canonical("\u{e9}", &mut String::new()).unwrap_err().certain);
    }

    #[test]
    fn the_binary_form_is_the_bytes() {
        let mut out = Vec::new();
        put_binary("\\x00ff5c", &mut out).unwrap();
        assert_eq!(out, [0, 0xFF, 0x5C]);
        assert!(put_binary("00", &mut out).is_err());
    }
}
