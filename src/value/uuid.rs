//! `uuid`: 16 bytes.

use bytes::BufMut;

use super::{Refused, hex};

/// Adds the canonical text, `a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`.
pub(super) fn push_canonical(text: &str, out: &mut String) -> Result<(), Refused> {
    if is_canonical(text.as_bytes()) {
        out.push_str(text);
        return Ok(());
    }
    for (at, byte) in read(text.as_bytes())?.into_iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            out.push('-');
        }
        hex::push(byte, out);
    }
    Ok(())
}

/// Adds the binary form.
pub(super) fn put_binary(text: &str, out: &mut impl BufMut) -> Result<(), Refused> {
    let bytes = match <&[u8; 36]>::try_from(text.as_bytes()).ok().and_then(read_canonical) {
        Some(bytes) => bytes,
        None => read(text.as_bytes())?,
    };
    out.put_slice(&bytes);
    Ok(())
}

/// Where the digits of each byte are.
const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

#[inline]
fn read_canonical(text: &[u8; 36]) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    for (byte, at) in bytes.iter_mut().zip(PLACES) {
        *byte = hex::byte(text[at], text[at + 1])?;
    }
    [8, 13, 18, 23].into_iter().all(|at| text[at] == b'-').then_some(bytes)
}

#[inline]
fn is_canonical(text: &[u8]) -> bool {
    text.len() == 36
        && [8, 13, 18, 23].into_iter().all(|at| text[at] == b'-')
        && [0..8, 9..13, 14..18, 19..23, 24..36].into_iter().all(|part| hex::are_small(&text[part]))
}

/// 32 digits, in braces or not, with or without a hyphen behind each four.
fn read(text: &[u8]) -> Result<[u8; 16], Refused> {
    let digits = match text {
        [b'{', digits @ .., b'}'] => digits,
        digits => digits,
    };
    let mut bytes = [0; 16];
    let mut rest = digits;
    for (at, byte) in bytes.iter_mut().enumerate() {
        let [first, second, behind @ ..] = rest else { return Err(wrong()) };
        *byte = hex::byte(*first, *second).ok_or_else(wrong)?;
        rest = match behind {
            [b'-', behind @ ..] if at % 2 == 1 && at < 15 => behind,
            behind => behind,
        };
    }
    if rest.is_empty() { Ok(bytes) } else { Err(wrong()) }
}

#[cold]
fn wrong() -> Refused {
    Refused::wrong("is not a uuid: write 32 hexadecimal digits, as in a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";

    #[test]
    fn all_spellings_are_one() {
        for text in [
            ONE,
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11",
            "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
            "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
        ] {
            let (mut found, mut binary) = (String::new(), Vec::new());
            push_canonical(text, &mut found).unwrap();
            put_binary(text, &mut binary).unwrap();
            assert_eq!(found, ONE, "{text}");
            assert_eq!((binary.len(), binary[0], binary[15]), (16, 0xA0, 0x11));
        }
    }

    #[test]
    fn all_else_is_wrong() {
        for text in [
            "",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
            "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "a0e-ebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-",
            "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "\u{e9}0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
        ] {
            assert!(push_canonical(text, &mut String::new()).unwrap_err().certain, "{text}");
        }
    }
}
