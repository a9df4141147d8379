//! Names for users and links. They are made of syllables and numbers: none is taken from anywhere.

use crate::dataset::generator::random::{GeneratorStage, Random, scramble};

/// The longest user name, in bytes.
const MOST_USER_BYTES: usize = 20;
/// Room for any row: name, link, score, commas and line feed, and what is copied past their ends.
pub(crate) const MOST_ROW_BYTES: usize = 48;

const CONSONANTS: &[u8; 20] = b"bcdfghjklmnprstvwxyz";
const VOWELS: &[u8; 5] = b"aeiou";
/// Letters that a name may have after its syllables.
const ENDS: &[u8; 8] = b"klmnrstx";

/// How many syllables a name has, at least: for each 16 names, as far as there are as many names.
const SYLLABLES: [u32; 16] = [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 6];

/// The names of users, each once.
pub(crate) struct UserNames {
    names: Vec<[u8; MOST_USER_BYTES + 1]>,
}

impl UserNames {
    /// Names for so many users.
    pub(crate) fn new(users: usize, seed: u64) -> Self {
        let key = Random::new(seed, GeneratorStage::Names, 0).bits();
        Self { names: (0..users as u64).map(|user| name(user, key)).collect() }
    }

    /// Writes the name at the start of `out` and returns its length.
    #[inline]
    pub(crate) fn put(&self, user: u32, out: &mut [u8]) -> usize {
        let name = &self.names[user as usize];
        out[..MOST_USER_BYTES].copy_from_slice(&name[..MOST_USER_BYTES]);
        usize::from(name[MOST_USER_BYTES])
    }
}

/// A user's name, and its length as the last byte.
///
/// No two users have the same: without its decorations (capitals, an underscore, digits at the
/// end) it is s syllables of two letters and perhaps one letter more, and the syllables are the
/// user's number, in a bijection of the numbers below 100^s.
fn name(user: u64, key: u64) -> [u8; MOST_USER_BYTES + 1] {
    let traits = scramble(key ^ user);
    let mut syllables = SYLLABLES[(traits & 15) as usize];
    while 100u64.pow(syllables) <= user {
        syllables += 1;
    }
    let mut core = permuted(user, syllables, key);
    let mut name = [0; MOST_USER_BYTES + 1];
    let mut length = 0;
    let mut push = |byte: u8| {
        name[length] = byte;
        length += 1;
    };
    let decoration = traits >> 4;
    let underscore_after = if decoration & 7 == 0 { Some(syllables / 2) } else { None };
    for i in 0..syllables {
        if underscore_after == Some(i) && i > 0 {
            push(b'_');
        }
        let syllable = (core % 100) as usize;
        core /= 100;
        let consonant = CONSONANTS[syllable / 5];
        push(if i == 0 && decoration >> 3 & 3 == 0 { consonant.to_ascii_uppercase() } else { consonant });
        push(VOWELS[syllable % 5]);
    }
    // A name has three letters or more.
    if syllables == 1 || decoration >> 5 & 1 == 0 {
        push(ENDS[(decoration >> 6 & 7) as usize]);
    }
    let digits = [0, 0, 0, 0, 1, 2, 3, 4][(decoration >> 9 & 7) as usize];
    let mut number = decoration >> 12;
    for _ in 0..digits {
        push(b'0' + (number % 10) as u8);
        number /= 10;
    }
    name[MOST_USER_BYTES] = length as u8;
    name
}

/// A bijection of the numbers below 100^s: four rounds of Feistel's, with addition for xor.
fn permuted(number: u64, syllables: u32, key: u64) -> u64 {
    let half = 10u64.pow(syllables);
    let (mut left, mut right) = (number / half, number % half);
    for round in 0..4 {
        let mixed = scramble(right ^ scramble(key ^ (u64::from(syllables) << 8) ^ round));
        (left, right) = (right, (left + mixed % half) % half);
    }
    left * half + right
}

/// The names of links: `t3_` and a number in base 36, rising as if they had been submitted one
/// after the other, with gaps.
pub(crate) struct LinkNames {
    key: u64,
    /// All numbers of three digits.
    three: Vec<[u8; 4]>,
}

/// The first link's number: five digits.
const FIRST_LINK: u64 = 36u64.pow(4);
/// Numbers for each link, one of which it has.
const GAP: u64 = 24;
const BASE3: u64 = 36 * 36 * 36;

impl LinkNames {
    /// The names for a dataset of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        let digit = |n: u64| b"0123456789abcdefghijklmnopqrstuvwxyz"[(n % 36) as usize];
        let three = (0..BASE3).map(|n| [digit(n / 1296), digit(n / 36), digit(n), 0]).collect();
        Self { key: Random::new(seed, GeneratorStage::Names, 1).bits(), three }
    }

    /// Writes the link's name at the start of `out`, and perhaps bytes past it, and returns its length.
    #[inline]
    pub(crate) fn put(&self, link: u32, out: &mut [u8]) -> usize {
        let jitter = ((scramble(self.key ^ u64::from(link)) >> 32) * GAP) >> 32;
        let number = FIRST_LINK + u64::from(link) * GAP + jitter;
        let low = self.three[(number % BASE3) as usize];
        let high = number / BASE3;
        out[..3].copy_from_slice(b"t3_");
        if high < 1296 {
            let middle = self.three[high as usize];
            out[3..5].copy_from_slice(&middle[1..3]);
            out[5..9].copy_from_slice(&low);
            return 8;
        }
        if high < BASE3 {
            out[3..7].copy_from_slice(&self.three[high as usize]);
            out[6..10].copy_from_slice(&low);
            return 9;
        }
        // Seven digits: from about the ninety millionth link on.
        out[3] = self.three[(high / BASE3) as usize][2];
        out[4..8].copy_from_slice(&self.three[(high % BASE3) as usize]);
        out[7..11].copy_from_slice(&low);
        10
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn user_names_are_plausible_and_differ() {
        let names = UserNames::new(200_000, 1);
        let mut seen = HashSet::new();
        let mut bytes = 0;
        for user in 0..200_000 {
            let mut row = [0; MOST_ROW_BYTES];
            let length = names.put(user, &mut row);
            assert!((3..=20).contains(&length));
            let name = String::from_utf8(row[..length].to_vec()).unwrap();
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{name}");
            assert!(seen.insert(name));
            bytes += length;
        }
        let mean = bytes as f64 / 200_000.0;
        assert!((9.0..10.5).contains(&mean), "{mean}");
    }

    #[test]
    fn the_bijection_is_one() {
        let seen: HashSet<u64> = (0..10_000).map(|n| permuted(n, 2, 77)).collect();
        assert_eq!(seen.len(), 10_000);
        assert!(seen.iter().all(|n| *n < 10_000));
    }

    #[test]
    fn link_names_rise_in_base_36() {
        let links = LinkNames::new(1);
        let name = |link| {
            let mut row = [0; MOST_ROW_BYTES];
            let length = links.put(link, &mut row);
            String::from_utf8(row[..length].to_vec()).unwrap()
        };
        let number = |link| u64::from_str_radix(&name(link)[3..], 36).unwrap();
        let mut last = 0;
        for link in [0, 1, 2, 46_655, 2_446_871, 2_446_872, 88_000_000, 90_631_128, 90_700_000, UP_TO] {
            assert!(name(link).starts_with("t3_"));
            let place = FIRST_LINK + u64::from(link) * GAP;
            assert!((place..place + GAP).contains(&number(link)), "{link}: {}", name(link));
            assert!(number(link) > last);
            last = number(link);
        }
        assert_eq!((name(0).len(), name(88_000_000).len(), name(UP_TO).len()), (8, 9, 10));
    }

    const UP_TO: u32 = (1 << 31) - 1;
}
