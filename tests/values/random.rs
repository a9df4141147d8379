//! Random values as people and programs spell them.

use bulkbench::value::{Precision, Scalar};
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};

pub(crate) struct Random(Pcg64Mcg);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Pcg64Mcg::seed_from_u64(seed))
    }

    fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len() as u64) as usize]
    }

    /// Of any size, small ones as often as large ones.
    fn sized(&mut self) -> u64 {
        let shift = self.below(64);
        self.bits() >> shift
    }

    fn digits(&mut self, most: u64) -> String {
        let count = self.below(most + 1);
        (0..count).map(|_| self.digit()).collect()
    }

    fn digit(&mut self) -> char {
        // Nines and zeros are carried over.
        let digit = self.below(16) as u8;
        char::from(b'0' + [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 9, 0, 9, 5, 0][usize::from(digit)])
    }
}

/// A value of the type, most often one that it takes.
pub(crate) fn spelled(scalar: Scalar, random: &mut Random) -> String {
    match scalar {
        Scalar::Int2 => whole(16, random),
        Scalar::Int4 => whole(32, random),
        Scalar::Int8 => whole(64, random),
        Scalar::Oid => (random.bits() as u32).to_string(),
        Scalar::Bool => random.pick(&["t", "F", "true", "no", "on", "off", "0", " 1 ", "yEs", "fal"]).into(),
        Scalar::Numeric(precision) => numeric(precision, random),
        Scalar::Float4 => real(random),
        Scalar::Float8 => double(random),
        Scalar::Date => date(5_874_900, random),
        Scalar::Time(_) => time(random),
        Scalar::TimeTz(_) => format!("{}{}", time(random), zone(random)),
        Scalar::Timestamp(_) | Scalar::TimestampTz(_) => timestamp(random),
        Scalar::Interval(_) => interval(random),
        Scalar::Uuid => uuid(random),
        Scalar::Text | Scalar::Name | Scalar::Varchar(None) | Scalar::Char(None) => letters(14, random),
        Scalar::Varchar(Some(length)) | Scalar::Char(Some(length)) => {
            letters(u64::from(length.get()), random) + &" ".repeat(random.below(3) as usize)
        }
        Scalar::Byte => char::from(random.below(127) as u8 + 1).into(),
        Scalar::Json | Scalar::Jsonb => json(3, random),
        Scalar::Bytea => bytea(random),
        Scalar::Inet => inet(false, random),
        Scalar::Cidr => inet(true, random),
        Scalar::Enum(_) => random.pick(&["sad", "ok", "so, so", "NULL", "süß"]).into(),
    }
}

fn whole(bits: u32, random: &mut Random) -> String {
    let number = (random.sized() as i64) >> (64 - bits) >> random.below(u64::from(bits));
    match random.below(8) {
        0 => format!(" {number}"),
        1 => format!("{number:+}"),
        2 => format!("{number:04}"),
        _ => number.to_string(),
    }
}

fn numeric(precision: Option<Precision>, random: &mut Random) -> String {
    let (whole, fraction) = match precision {
        Some(Precision { digits, scale }) => {
            let whole = i64::from(digits) - i64::from(scale);
            (whole.max(0) as u64 + u64::from(random.one_in(9)), scale.max(0) as u64 + 3)
        }
        None if random.one_in(50) => (1000, 1000),
        None => (30, 20),
    };
    let sign = random.pick(&["", "", "-", "+"]);
    let mut text = format!("{sign}{}", random.digits(whole));
    if random.one_in(2) {
        text = format!("{text}.{}", random.digits(fraction));
    }
    if !text.contains(|letter: char| letter.is_ascii_digit()) {
        text.push('0');
    }
    if random.one_in(6) {
        text = format!("{text}{}{}", random.pick(&["e", "E-", "e+", "e-0"]), random.below(30));
    }
    if random.one_in(9) { format!(" {text} ") } else { text }
}

fn double(random: &mut Random) -> String {
    let number = match random.below(6) {
        0 => f64::from_bits(random.bits()),
        1 => random.sized() as f64,
        // Between the two shortest texts, and halfway between two numbers.
        2 => random.bits() as f64 / (1_u64 << 11 << random.below(6)) as f64,
        3 => return numeric(None, random),
        4 => return format!("{}e{}", 1 + random.below(99), random.below(40)),
        _ => random.sized() as f64 / 1000.0,
    };
    match random.below(3) {
        0 => format!("{number:e}"),
        1 => format!("{number:.20e}"),
        _ => number.to_string(),
    }
}

fn real(random: &mut Random) -> String {
    let number = match random.below(5) {
        0 => f32::from_bits(random.bits() as u32),
        1 => (random.sized() >> 32) as f32,
        2 => (random.bits() as u32) as f32 / (1_u32 << 8 << random.below(6)) as f32,
        3 => return double(random),
        _ => (random.sized() >> 32) as f32 / 1000.0,
    };
    if random.one_in(2) { format!("{number:e}") } else { number.to_string() }
}

fn date(years: u64, random: &mut Random) -> String {
    let year = match random.below(6) {
        0 => random.below(years),
        1 => random.below(4714) + 1,
        _ => random.below(300) + 1800,
    };
    let (month, day) = (random.below(12) + 1, random.below(29) + 1);
    if random.one_in(6) {
        format!("{year:04}-{month}-{day}")
    } else {
        format!("{year:04}-{month:02}-{day:02}")
    }
}

fn time(random: &mut Random) -> String {
    let (hour, minute, second) = (random.below(24), random.below(60), random.below(60));
    match random.below(8) {
        0 => format!("{hour}:{minute:02}"),
        1 => random.pick(&["24:00:00", "23:59:60", "23:59:59.9999996", "00:00", "12:00:60.5"]).into(),
        2 => format!("{hour:02}:{minute:02}:{second:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}.{}", random.digits(9)),
    }
}

fn zone(random: &mut Random) -> String {
    let sign = random.pick(&["+", "-", " +"]);
    let (hour, minute, second) = (random.below(16), random.below(60), random.below(60));
    match random.below(8) {
        0 => format!("{sign}{hour:02}"),
        1 => format!("{sign}{hour:02}:{minute:02}"),
        2 => format!("{sign}{hour:02}{minute:02}"),
        3 => format!("{sign}{hour}:{minute:02}:{second:02}"),
        4 => random.pick(&["Z", " UTC", "z", " GMT", " Z", "UTC"]).into(),
        5 => "+00".into(),
        _ => String::new(),
    }
}

fn timestamp(random: &mut Random) -> String {
    let date = date(294_300, random);
    let era = if random.one_in(12) { " BC" } else { "" };
    if random.one_in(12) {
        return format!("{date}{era}");
    }
    let between = random.pick(&[" ", " ", "T", "  ", "t"]);
    format!("{date}{between}{}{}{era}", time(random), zone(random))
}

fn interval(random: &mut Random) -> String {
    let mut parts = Vec::new();
    for units in [&["year", "years"][..], &["mon", "months"], &["weeks"], &["day", "DAYS"]] {
        if random.one_in(2) {
            let sign = random.pick(&["", "-", "+"]);
            let bits = random.below(10);
            let number = random.below(1 << bits << 1) + u64::from(random.one_in(20)) * 40_000_000;
            parts.push(format!("{sign}{number} {}", random.pick(units)));
        }
    }
    if parts.is_empty() || random.one_in(2) {
        let sign = random.pick(&["", "-", "+"]);
        let hours = if random.one_in(9) { random.below(2_000_000_000) } else { random.below(30) };
        let rest = time(random);
        let rest = rest.split_once(':').unwrap().1;
        parts.push(format!("{sign}{hours:02}:{rest}"));
    }
    if random.one_in(8) {
        let [year, month, day] = [(); 3].map(|()| random.below(200));
        return format!(
            "P{year}Y{month}M-{day}DT{}H{}.{}S",
            random.below(50),
            random.below(99),
            random.below(999)
        );
    }
    parts.join(" ")
}

fn uuid(random: &mut Random) -> String {
    let mut text = format!("{:016x}{:016x}", random.bits(), random.bits());
    if !random.one_in(4) {
        for at in [20, 16, 12, 8] {
            text.insert(at, '-');
        }
    }
    match random.below(5) {
        0 => text.to_uppercase(),
        1 => format!("{{{text}}}"),
        _ => text,
    }
}

const LETTERS: [&str; 24] = [
    "a", "b", "Z", "0", "9", " ", " ", ",", "\"", "\\", "'", "{", "}", "\t", "\n", "\r", "\u{b}", "é", "ß",
    "日", "😀", "null", "/", "\u{7f}",
];

fn letters(most: u64, random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(most + 1) {
        text.push_str(random.pick(&LETTERS));
    }
    let _ = text.char_indices().nth(most as usize).map(|(end, _)| end).map(|end| text.truncate(end));
    text
}

fn json(depth: u32, random: &mut Random) -> String {
    let blank = |random: &mut Random| random.pick(&["", "", " ", "\n", "\t "]);
    match random.below(if depth == 0 { 4 } else { 8 }) {
        0 => random.pick(&["null", "true", "false", "0", "-0.0", "1e3"]).into(),
        1 => {
            let text = numeric(None, random).trim().trim_start_matches('+').to_owned();
            let is_json = !text.trim_start_matches('-').starts_with(['0', '.']) && !text.contains(".e");
            if is_json && !text.ends_with('.') { text } else { random.below(1000).to_string() }
        }
        2 | 3 => json_string(random),
        4 | 5 => {
            let elements: Vec<String> = (0..random.below(4))
                .map(|_| format!("{}{}", blank(random), json(depth - 1, random)))
                .collect();
            format!("[{}{}]", elements.join(","), blank(random))
        }
        _ => {
            let mut members = Vec::new();
            for _ in 0..random.below(5) {
                let (key, value) = (json_string(random), json(depth - 1, random));
                members.push(format!("{}{key}{}:{}{value}", blank(random), blank(random), blank(random)));
            }
            format!("{{{}{}}}", members.join(","), blank(random))
        }
    }
}

fn json_string(random: &mut Random) -> String {
    let mut text = String::from("\"");
    for _ in 0..random.below(5) {
        text.push_str(random.pick(&[
            "a",
            "b",
            "c",
            "é",
            "😀",
            "\\n",
            "\\t",
            "\\\"",
            "\\\\",
            "\\/",
            "\\u0041",
            "\\u00e9",
            "\\ud83d\\ude00",
            "\\u001f",
            "\\b",
            "{",
            "}",
            "[",
            ",",
            ":",
            " ",
            "\u{7f}",
            "\\u2028",
            "x",
        ]));
    }
    text + "\""
}

fn bytea(random: &mut Random) -> String {
    let count = random.below(40);
    let style = random.below(4);
    let mut text = String::from(if style < 3 { "\\x" } else { "" });
    for _ in 0..count {
        let byte = random.bits() as u8;
        text += &match style {
            0 | 1 => format!("{byte:02x}"),
            2 => format!("{byte:02X}{}", random.pick(&["", " ", "\n"])),
            _ if byte.is_ascii_graphic() && byte != b'\\' => char::from(byte).to_string(),
            _ => format!("\\{byte:03o}"),
        };
    }
    text
}

fn inet(is_net: bool, random: &mut Random) -> String {
    let is_short = random.one_in(2);
    let (address, most) = if is_short {
        (u128::from(random.bits() as u32), 32)
    } else {
        // Words of zeros in many places.
        let zeros = random.bits();
        let word = |at: u32| (u128::from(0xFFFF_u16) << (16 * at)) * u128::from(zeros >> at & 1);
        let mask = (0..8).fold(0, |mask, at| mask | word(at));
        let random = u128::from(random.bits()) << 64 | u128::from(random.bits());
        (random & mask, 128)
    };
    let bits = random.below(most + 1) as u32;
    let host = (most as u32) - bits;
    let address = match is_net && !random.one_in(8) {
        true => address.checked_shr(host).and_then(|net| net.checked_shl(host)).unwrap_or(0),
        false => address,
    };
    let text = match is_short {
        true => std::net::Ipv4Addr::from(address as u32).to_string(),
        false if random.one_in(3) => {
            let words: Vec<String> =
                (0..8).rev().map(|at| format!("{:X}", address >> (16 * at) & 0xFFFF)).collect();
            words.join(":")
        }
        false => std::net::Ipv6Addr::from(address).to_string(),
    };
    if is_net || random.one_in(2) { format!("{text}/{bits}") } else { text }
}

/// An array of such values.
pub(crate) fn array(scalar: Scalar, random: &mut Random) -> String {
    let lengths: Vec<u64> = match random.below(10) {
        0 => return random.pick(&["{}", " { } ", "{NULL}", "{null,NULL}"]).into(),
        1 => vec![random.below(3) + 1, random.below(3) + 1],
        2 => vec![1, 2, random.below(3) + 1],
        _ => vec![random.below(5) + 1],
    };
    let mut text = nested(scalar, &lengths, random);
    if random.one_in(6) {
        let bounds: Vec<String> = lengths
            .iter()
            .map(|length| {
                let least = random.below(5) as i64 - 1;
                format!("[{least}:{}]", least + *length as i64 - 1)
            })
            .collect();
        text = format!("{}={text}", bounds.concat());
    }
    text
}

fn nested(scalar: Scalar, lengths: &[u64], random: &mut Random) -> String {
    let Some((length, inner)) = lengths.split_first() else {
        return if random.one_in(8) { "NULL".into() } else { element(&spelled(scalar, random), random) };
    };
    let elements: Vec<String> = (0..*length).map(|_| nested(scalar, inner, random)).collect();
    let comma = random.pick(&[",", ", ", ","]);
    format!("{{{}}}", elements.join(comma))
}

fn element(text: &str, random: &mut Random) -> String {
    let is_plain = !text.is_empty()
        && !text.eq_ignore_ascii_case("null")
        && text.trim() == text
        && !text.contains(['"', '\\', '{', '}', ',']);
    if is_plain && !random.one_in(4) {
        return text.into();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

const SPOIL: [&str; 46] = [
    "0", "1", "5", "9", "-", "+", ".", ":", "e", "E", "T", "Z", "x", "_", " ", "  ", "\t", "BC", "AD", "/",
    "{", "}", "[", "]", ",", "\"", "\\", "a", "f", "n", "NULL", "inf", "nan", "é", "00", "24", "60", "99999",
    "''", "u", "true", "1e", "=", ";", "\u{664}", "pm",
];

/// The text with a few parts added, left out, exchanged or twice.
pub(crate) fn spoiled(mut text: String, random: &mut Random) -> String {
    for _ in 0..=random.below(2) {
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let at = random.below(ends.len() as u64) as usize;
        let next = *ends.get(at + 1).unwrap_or(&ends[at]);
        match random.below(4) {
            0 => text.insert_str(ends[at], random.pick(&SPOIL)),
            1 => text.replace_range(ends[at]..next, ""),
            2 => text.replace_range(ends[at]..next, random.pick(&SPOIL)),
            _ => {
                let part = text[ends[at]..next].to_owned();
                text.insert_str(next, &part);
            }
        }
    }
    text
}

/// Parts of all kinds of values one behind the other.
pub(crate) fn any(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(9) {
        let all = random.one_in(3);
        text.push_str(random.pick(if all { &LETTERS } else { &SPOIL }));
        if random.one_in(6) {
            text.push(char::from_u32(random.below(0x300) as u32).unwrap());
        }
    }
    text
}
