//! ASCII as PostgreSQL's input functions read it.

/// What C's `isspace` takes as a blank.
const BLANKS: [char; 6] = [' ', '\t', '\n', '\r', '\x0b', '\x0c'];

/// The text without blanks around it.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(BLANKS)
}

/// Whether C's `isspace` takes it as a blank.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// A number of two digits.
#[inline]
pub(super) fn two(bytes: &[u8], at: usize) -> Option<u32> {
    let [tens, ones] = [bytes[at].wrapping_sub(b'0'), bytes[at + 1].wrapping_sub(b'0')];
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// Adds a number in decimal, with zeros before it up to `width` digits.
pub(super) fn push_padded(number: u64, width: usize, out: &mut String) {
    let mut digits = [b'0'; 20];
    let (mut at, mut rest) = (digits.len(), number);
    while rest > 0 {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    // Digits are text.
    out.push_str(std::str::from_utf8(&digits[at.min(digits.len() - width)..]).unwrap_or_default());
}

/// Reads a text from the left to the right.
#[derive(Debug, Clone)]
pub(super) struct Reader<'t> {
    rest: &'t [u8],
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text.as_bytes() }
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte, which stays.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Whether this byte came next; it is passed over.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    /// Whether this word came next, in any case; it is passed over.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found =
            self.rest.len() >= word.len() && self.rest[..word.len()].eq_ignore_ascii_case(word.as_bytes());
        if found {
            self.rest = &self.rest[word.len()..];
        }
        found
    }

    /// Whether blanks came next; they are passed over.
    pub(super) fn eat_blanks(&mut self) -> bool {
        !self.run(is_blank).is_empty()
    }

    /// All bytes of a kind that come next.
    pub(super) fn run(&mut self, kind: impl Fn(u8) -> bool) -> &'t [u8] {
        let end = self.rest.iter().position(|byte| !kind(*byte)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    /// The number whose digits come next, from `least` to `most` of them, 18 at most.
    pub(super) fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let digits = self.run(|byte| byte.is_ascii_digit());
        (least..=most).contains(&digits.len()).then(|| decimal(digits))
    }
}

/// The number of digits, 18 at most.
pub(super) fn decimal(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded() {
        let mut out = String::new();
        for (number, width) in [(0, 1), (7, 2), (2026, 4), (u64::MAX, 2)] {
            push_padded(number, width, &mut out);
            out.push(' ');
        }
        assert_eq!(out, "0 07 2026 18446744073709551615 ");
    }

    #[test]
    fn a_reader_takes_what_it_asked_for() {
        let mut reader = Reader::new("12:3 Bc");
        assert_eq!((reader.number(2, 2), reader.eat(b':'), reader.number(2, 2)), (Some(12), true, None));
        assert!(reader.eat_blanks() && !reader.eat_blanks() && !reader.eat_word("bce"));
        assert!(reader.eat_word("bc") && reader.is_done());
    }
}
