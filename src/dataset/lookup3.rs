//! PostgreSQL's 64-bit hash of bytes and of integers, so that client and server can hash the
//! same row without talking to each other.
//!
//! It is Bob Jenkins' lookup3 as `src/common/hashfn.c` has it (`hash_bytes_extended`), with
//! the 64-bit seed. Hash partitioning stores rows by it, so it has not changed since
//! PostgreSQL 11. The server's result differs on big-endian machines; ours is always the
//! little-endian one, on every machine.

const START: u32 = 0x9e37_79b9_u32.wrapping_add(3_923_095);

type State = (u32, u32, u32);

#[inline(always)]
fn mix((mut a, mut b, mut c): State) -> State {
    a = a.wrapping_sub(c) ^ c.rotate_left(4);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(6);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(8);
    b = b.wrapping_add(a);
    a = a.wrapping_sub(c) ^ c.rotate_left(16);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(19);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(4);
    b = b.wrapping_add(a);
    (a, b, c)
}

#[inline(always)]
fn finish((mut a, mut b, mut c): State) -> u64 {
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    c = (c ^ b).wrapping_sub(b.rotate_left(24));
    (u64::from(b) << 32) | u64::from(c)
}

#[inline(always)]
fn begin(length: u32, seed: u64) -> State {
    let start = START.wrapping_add(length);
    if seed == 0 {
        return (start, start, start);
    }
    mix((start.wrapping_add((seed >> 32) as u32), start.wrapping_add(seed as u32), start))
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

/// The server's `hash_bytes_extended(bytes, seed)`; for text in a deterministic collation,
/// `hashtextextended(text, seed)`.
#[inline]
pub(crate) fn hash_bytes(bytes: &[u8], seed: u64) -> u64 {
    let (mut a, mut b, mut c) = begin(bytes.len() as u32, seed);
    let mut rest = bytes;
    while rest.len() >= 12 {
        a = a.wrapping_add(word(rest, 0));
        b = b.wrapping_add(word(rest, 4));
        c = c.wrapping_add(word(rest, 8));
        (a, b, c) = mix((a, b, c));
        rest = &rest[12..];
    }
    // The last 0 to 11 bytes, little end first. A word that is not full is read as the last
    // four bytes there are and shifted, instead of byte by byte.
    let n = rest.len();
    let last = |full: usize| {
        let overlap = 4 - (n - full);
        (u64::from(word(rest, n - 4)) >> (8 * overlap)) as u32
    };
    match n {
        8.. => {
            a = a.wrapping_add(word(rest, 0));
            b = b.wrapping_add(word(rest, 4));
            // The lowest byte of c is kept for the length.
            c = c.wrapping_add(last(8) << 8);
        }
        4.. => {
            a = a.wrapping_add(word(rest, 0));
            b = b.wrapping_add(last(4));
        }
        _ => {
            for (i, byte) in rest.iter().enumerate() {
                a = a.wrapping_add(u32::from(*byte) << (8 * i));
            }
        }
    }
    finish((a, b, c))
}

/// The server's `hashint8extended(value, seed)`. It folds the halves of the value into one:
/// 1 and 4294967296 have the same hash.
#[inline]
pub(crate) fn hash_int8(value: i64, seed: u64) -> u64 {
    let (low, high) = (value as u32, (value >> 32) as u32);
    let folded = low ^ if value >= 0 { high } else { !high };
    let (a, b, c) = begin(4, seed);
    finish((a.wrapping_add(folded), b, c))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCD";

    /// Read from PostgreSQL 15: `hashtextextended(substr(LETTERS, 1, n), seed)` for the seeds
    /// 0, -1 and 81985529216486895, n from 1.
    const TEXTS: [[i64; 3]; 40] = [
        [3591986179850072241, 8688456822845412000, 5474442009769322144],
        [2833316173711343549, 3639176434904646991, -5949477072058431560],
        [-6747756470228489321, 1911237551546830967, 1707808682428204635],
        [-1038429303365892052, -8506387423880103258, 5554817899650624818],
        [3076356108696143428, 1101614911744638770, 7723065754340031277],
        [290958262752763840, -8726566599983568251, -8120241294044064745],
        [-6158032784613548338, 6620770052711690062, 1046215184117738440],
        [-8882191227074733005, 3589487173844465705, -7862881634097074985],
        [-3278210106038014113, -2999851607155231060, 1345559329631573216],
        [-3183301415634409076, -5021275161817138704, 3603660778895362444],
        [3112909444737856467, 2833918571160852060, 3150430116835806880],
        [-7556637188122330412, -3669402583748189229, 7159717585609413365],
        [8871624171452417744, 6205390682044465928, 5307507824310379875],
        [4973135103275945525, -8987595384538607212, -5815326103498549389],
        [9043359162837317271, -7615068487785081078, -3155191284288866195],
        [878954068520307163, 5590415279907605704, -8847251413413142275],
        [981995727863167554, -2953348790902433648, 428259359747963269],
        [484589330715449564, -8506089820271521831, -7294048750705391754],
        [-232611774418841497, -1422852774862433387, 4857699160665950517],
        [772495730612720881, -558738407119253020, 8691340569900413162],
        [7996419909667933074, -2291028065551762409, -3249138185800248386],
        [5065299895581918398, -2645673675841555979, -2516066259622410115],
        [-1198571854151947912, 8540048242465105909, -6352254423854816831],
        [-1933194731779935345, -1203456767747787834, 4189765936847585917],
        [5649064133428767341, -5957734741082924352, 8090569237837293800],
        [-6612928417832572997, -4178256369493887523, -5165364063940768195],
        [-2380771206696995028, 978050875546916519, 2110304898196535355],
        [6812267027916543695, 7638266707842923175, 1073557646187717669],
        [945567879077619982, -1998907388309585741, 5811562620269950731],
        [-6220525620039254070, 8828302980483065957, -5574253104216590054],
        [2158826814634153154, -4742608200496656998, 2084065876724104834],
        [3549018472450668904, 2215908617346793805, -2126747569860206936],
        [5090768811159989509, -2853062923779110524, 5207330524404655824],
        [8980361962424279172, -8332960378731794582, -1065159299621347356],
        [-7327977299585643623, 4783919267750862530, -15799862554264563],
        [-9049552497159076100, 7822736524944875629, -4712797642285530204],
        [3585635575684526821, -7047490799078318607, 7750394645576380849],
        [-7945884355249891368, 5781841232134426757, 5092903771133477670],
        [4463852556669114991, 6216741929090246912, 2155910638182276966],
        [7005817330312134559, -7994423158202688979, -390074691486596496],
    ];

    #[test]
    fn texts_of_every_length_hash_as_the_server_does() {
        for (i, expected) in TEXTS.iter().enumerate() {
            let text = &LETTERS.as_bytes()[..=i];
            let found = [0, -1, 81_985_529_216_486_895].map(|seed: i64| hash_bytes(text, seed as u64) as i64);
            assert_eq!(found, *expected, "{} bytes", i + 1);
        }
    }

    #[test]
    fn empty_and_non_ascii_texts_hash_as_the_server_does() {
        let hash = |text: &str, seed: i64| hash_bytes(text.as_bytes(), seed as u64) as i64;
        assert_eq!(hash("", 0), -6939563903564495251);
        assert_eq!(hash("", 1), -150071773020461347);
        assert_eq!(hash("", -1), -5142811166230430645);
        assert_eq!(hash("żółw", 0), 5858297928615717900);
        assert_eq!(hash("日本語のテキスト", -7), 3254435012369018632);
        assert_eq!(hash("🐘🐘🐘", i64::MAX), 546146745051079182);
        assert_eq!(hash("é", i64::MIN), 7851298893455610903);
    }

    #[test]
    fn integers_hash_as_the_server_does() {
        // value, then hashint8extended(value, seed) for the seeds 0, -1 and the value itself.
        let known: [(i64, [i64; 3]); 9] = [
            (0, [4154612158245552303, -4140905993450701875, 4154612158245552303]),
            (1, [-3670598878359251130, 1505930170527472848, -7620678293940249823]),
            (-1, [-1888257769727981238, 6481520839006961279, 6481520839006961279]),
            (i32::MAX.into(), [-9109110466470504941, 8384907054876656385, -2487465682693967386]),
            (i32::MIN.into(), [1977219185673256887, 6110074166949006181, -8312117881558795755]),
            (1 << 32, [-3670598878359251130, 1505930170527472848, -4406712548492291368]),
            (-(1 << 32) - 1, [495194309054116481, -25929423048571116, -1741142994467273189]),
            (i64::MAX, [1977219185673256887, 6110074166949006181, -6906076658251606270]),
            (i64::MIN, [-9109110466470504941, 8384907054876656385, 1541059758912566796]),
        ];
        for (value, expected) in known {
            let found = [0, u64::MAX, value as u64].map(|seed| hash_int8(value, seed) as i64);
            assert_eq!(found, expected, "{value}");
        }
    }
}
