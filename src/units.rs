//! Numbers as people read them. Rounding happens here and nowhere earlier.

use std::time::Duration;

/// Seconds that anybody can have published for a load: from a microsecond to thirty years.
pub(crate) const PUBLISHED_SECONDS: std::ops::RangeInclusive<f64> = 1e-6..=1e9;

/// Seconds with as many places as help: `67.8 s`, `1.234 s`, `8.86 ms`.
pub fn seconds(ns: u64) -> String {
    let s = ns as f64 / 1e9;
    match s {
        s if s >= 100.0 => format!("{s:.0} s"),
        s if s >= 10.0 => format!("{s:.1} s"),
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 0.001 => format!("{} ms", three_digits(s * 1e3)),
        s => format!("{} µs", three_digits(s * 1e6)),
    }
}

/// Bytes in binary units: `164 MiB`, `1.50 GiB`, `512 B`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{} {}", three_digits(value), UNITS[unit]) }
}

/// A whole number with thin groups of three: `7 500 000`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// Rows a second, to three digits: `1 340 000/s`.
pub(crate) fn rate(rows: u64, ns: u64) -> String {
    let per_second = rows as f64 / (ns.max(1) as f64 / 1e9);
    format!("{}/s", count(round_to_digits(per_second, 3)))
}

/// The relative speed below which people say how many times slower it is.
pub(crate) const MANY_TIMES_SLOWER: f64 = 0.1;

/// A speed relative to another: `1.98x`, `0.430x`, and far below 1 `100x slower`.
pub fn ratio(r: f64) -> String {
    match r > 0.0 && r < MANY_TIMES_SLOWER {
        true => format!("{} slower", factor(1.0 / r)),
        false => factor(r),
    }
}

/// A factor, whatever it is of: `1.98x`.
pub(crate) fn factor(f: f64) -> String {
    format!("{}x", three_digits(f))
}

/// A speed relative to another as a sentence has it, in two digits: `1.4x`, `0.71x`, `12x`; near 1 with one more,
/// so that it is told from none: `1.03x`.
pub(crate) fn ratio_in_words(r: f64) -> String {
    let short = |f: f64| match f.max(1e-9) {
        f if (0.9..1.1).contains(&f) => three_digits(f),
        f if f >= 10.0 => count(round_to_digits(f, 2)),
        f if f >= 1.0 => format!("{f:.1}"),
        f => format!("{f:.*}", (1 - f.log10().floor() as i32).max(2) as usize),
    };
    format!("{}x", short(r))
}

/// A small number as a sentence has it: `three`; in digits from thirteen on.
pub(crate) fn number_in_words(n: usize) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    WORDS.get(n).map_or_else(|| count(n as u64), |word| (*word).to_owned())
}

/// A size as a setting has it, with a blank before its unit: `128 MB` of `128MB`; `None` of what is no size.
pub(crate) fn size_of_setting(value: &str) -> Option<String> {
    let (number, unit) = value.split_at(value.find(|c: char| !c.is_ascii_digit())?);
    let is_size = !number.is_empty() && ["B", "kB", "MB", "GB", "TB"].contains(&unit.trim());
    is_size.then(|| format!("{number} {}", unit.trim()))
}

/// Bytes of a size as settings have it, `128MB`, in whole numbers of a binary unit; `None` of what is no size.
pub(crate) fn size_in_bytes(value: &str) -> Option<u64> {
    let value = value.trim();
    let (number, unit) = value.split_at(value.find(|c: char| !c.is_ascii_digit())?);
    let unit: u64 = match unit.trim() {
        "B" => 1,
        "kB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        "TB" => 1 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// Bytes of memory that something may use: a size in whole MB; `None` of what is none.
pub(crate) fn memory_in_bytes(value: &str) -> Option<u64> {
    size_in_bytes(value).filter(|bytes| *bytes > 0 && bytes.is_multiple_of(1 << 20))
}

/// A share of one: `1.2 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A probability in two digits, and what is too small for them as less: `0.031`, `0.0042`, `less than 0.0001`.
pub(crate) fn probability(p: f64) -> String {
    match p {
        p if p < 1e-4 => "less than 0.0001".into(),
        p => format!("{p:.*}", (1 - p.log10().floor() as i32).max(2) as usize),
    }
}

/// Turns of a clock in a second: `2.50 GHz`.
pub(crate) fn hertz(hz: f64) -> String {
    format!("{} GHz", three_digits(hz / 1e9))
}

/// A time as people say it who wait for it: `90 s`, `10 min`, `2.5 h`; a second at least.
pub(crate) fn span(time: Duration) -> String {
    let minutes = time.as_secs_f64() / 60.0;
    match time.as_secs() {
        0..=90 => format!("{} s", time.as_secs().max(1)),
        91..=5400 => format!("{minutes:.0} min"),
        _ => format!("{:.1} h", minutes / 60.0),
    }
}

/// Three significant digits, never in exponent form.
pub(crate) fn three_digits(v: f64) -> String {
    match v.abs() {
        a if a >= 100.0 => format!("{v:.0}"),
        a if a >= 10.0 => format!("{v:.1}"),
        a if a >= 1.0 || a == 0.0 => format!("{v:.2}"),
        a => format!("{v:.*}", (2 - a.log10().floor() as i32).max(3) as usize),
    }
}

fn round_to_digits(v: f64, digits: i32) -> u64 {
    if v < 1.0 {
        return v.round() as u64;
    }
    let scale = 10f64.powi((v.log10().floor() as i32 + 1 - digits).max(0));
    ((v / scale).round() * scale) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(seconds(67_799_000_000), "67.8 s");
        assert_eq!(seconds(8_860_000), "8.86 ms");
        assert_eq!(seconds(950), "0.950 µs");
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(171_966_464), "164 MiB");
        assert_eq!(count(7_500_000), "7 500 000");
        assert_eq!(count(12), "12");
        assert_eq!(rate(7_500_000, 5_600_000_000), "1 340 000/s");
        assert_eq!(rate(20, 1_000_000_000), "20/s");
        assert_eq!(ratio(1.9812), "1.98x");
        assert_eq!(ratio(0.43), "0.430x");
        assert_eq!(ratio(0.01183), "84.5x slower");
        assert_eq!(percent(0.0123), "1.2 %");
        assert_eq!(
            [0.0312, 0.00416, 0.5, 1e-5].map(probability),
            ["0.031", "0.0042", "0.50", "less than 0.0001"]
        );
    }

    #[test]
    fn a_time_is_said_as_people_say_it() {
        let of = |seconds| span(Duration::from_secs_f64(seconds));
        assert_eq!([of(0.2), of(90.0), of(600.0), of(9000.0)], ["1 s", "90 s", "10 min", "2.5 h"]);
    }

    #[test]
    fn sentences_have_fewer_digits() {
        for (ratio, text) in [
            (1.4321, "1.4x"),
            (0.7149, "0.71x"),
            (1.034, "1.03x"),
            (0.956, "0.956x"),
            (12.34, "12x"),
            (0.0834, "0.083x"),
        ] {
            assert_eq!(ratio_in_words(ratio), text);
        }
        assert_eq!([number_in_words(5), number_in_words(13)], ["five", "13"]);
        for (text, bytes) in [("512MB", 512 << 20), (" 2 GB", 2 << 30), ("64kB", 65_536), ("1TB", 1 << 40)] {
            assert_eq!(size_in_bytes(text), Some(bytes), "{text}");
        }
        for text in ["", "MB", "512", "1.5GB", "2gb", "-1MB", "99999999999TB"] {
            assert_eq!(size_in_bytes(text), None, "{text}");
        }
        assert_eq!(size_of_setting("128MB").as_deref(), Some("128 MB"));
        assert_eq!(size_of_setting("1 GB").as_deref(), Some("1 GB"));
        assert_eq!(
            [size_of_setting("200"), size_of_setting("on"), size_of_setting("1min")],
            [None, None, None]
        );
    }
}
