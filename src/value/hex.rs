//! Bytes as two hexadecimal digits each.

/// Adds the two digits of a byte, small letters.
pub(super) fn push(byte: u8, out: &mut String) {
    for half in [byte >> 4, byte & 15] {
        out.push(char::from(b"0123456789abcdef"[usize::from(half)]));
    }
}

/// The byte that two digits spell, in letters of any size.
#[inline]
pub(super) fn byte(first: u8, second: u8) -> Option<u8> {
    let (high, low) = (VALUES[usize::from(first)], VALUES[usize::from(second)]);
    // No digit has the bits of NONE that this asks for.
    ((high | low) & 0xF0 == 0).then_some(high << 4 | low)
}

/// Whether these are digits with small letters.
#[inline]
pub(super) fn are_small(digits: &[u8]) -> bool {
    digits.iter().fold(true, |all, byte| all & matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

const NONE: u8 = 0xFF;

const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value] as usize] = value as u8;
        values[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_are_a_byte() {
        for value in 0..=u8::MAX {
            let mut text = String::new();
            push(value, &mut text);
            let [first, second] = [text.as_bytes()[0], text.as_bytes()[1]];
            assert_eq!(byte(first, second), Some(value));
            assert_eq!(byte(first, second.to_ascii_uppercase()), Some(value));
            assert!(are_small(text.as_bytes()));
        }
        assert_eq!((byte(b'g', b'0'), byte(b'0', b' '), byte(b'-', b'-')), (None, None, None));
        assert!(!are_small(b"0A"));
    }
}
