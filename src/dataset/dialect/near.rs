//! Looking for one of a few bytes where it is expected to be near: most fields are shorter than what a search of many
//! bytes at once takes to be set up.

/// Bytes that are looked at in a word.
const WORD: usize = size_of::<u64>();

/// Words that are looked at before the field is taken for a long one.
const WORDS: usize = 3;

const ONES: u64 = u64::from_le_bytes([1; WORD]);
const HIGHS: u64 = ONES << 7;

/// The place of the first of these bytes; `far` finds it in what is left of a long field, or says that all of it is one.
#[inline(always)]
pub(super) fn first_of<const N: usize>(
    bytes: &[u8],
    wanted: [u8; N],
    far: impl FnOnce(&[u8]) -> usize,
) -> usize {
    let mut at = 0;
    for _ in 0..WORDS {
        let Some(chunk) = bytes[at..].first_chunk::<WORD>() else { break };
        let word = u64::from_le_bytes(*chunk);
        // The lowest bit that is set is that of a byte which is one of them: what a borrow sets lies above one.
        let found = wanted.iter().fold(0, |found, byte| found | zeros(word ^ (ONES * u64::from(*byte))));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += WORD;
    }
    at + far(&bytes[at..])
}

/// The high bit of each byte that is 0, and perhaps of others above such a one.
#[inline(always)]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_found_wherever_it_stands() {
        let far = |rest: &[u8]| rest.iter().position(|b| b",\n\0".contains(b)).unwrap_or(rest.len());
        for length in 0..40 {
            for other in [b'a', 0x80, 0xff, 1, b'-', b'\x0b'] {
                for mark in *b",\n\0" {
                    let mut bytes = vec![other; length];
                    assert_eq!(first_of(&bytes, *b",\n\0", far), length, "none");
                    bytes.push(mark);
                    bytes.extend([b'-', b',', 1, b'\n']);
                    assert_eq!(first_of(&bytes, *b",\n\0", far), length, "{bytes:?}");
                }
            }
        }
    }
}
