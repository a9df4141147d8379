//! Numbers of rows as people write them on a command line.

/// Rows that a dataset can have.
const MOST: u64 = 2_000_000_000;

/// The rows that a text names: `7500000`, `7_500_000`, `7.5M`, `100k`.
///
/// # Errors
/// The rule that it breaks, in words.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || {
        format!(
            "a number of rows is a whole number from 1 to {MOST}, such as 7500000, 7_500_000, 7.5M or 100k"
        )
    };
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let (number, places) = match digits.strip_suffix(['k', 'K']) {
        Some(thousands) => (thousands, 3),
        None => digits.strip_suffix(['m', 'M']).map_or((digits.as_str(), 0), |millions| (millions, 6)),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_number = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let has_point = number.contains('.');
    if whole.is_empty()
        || !is_number(whole)
        || !is_number(fraction)
        || has_point && (fraction.is_empty() || fraction.len() > places)
    {
        return Err(wrong());
    }
    // The fraction's digits, filled up to the unit's places: no rounding.
    let rows = format!("{whole}{fraction:0<places$}").parse().map_err(|_| wrong())?;
    match rows {
        1..=MOST => Ok(rows),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole_numbers_however_they_are_written() {
        for (text, rows) in [
            ("1", 1),
            ("100k", 100_000),
            ("7.5M", 7_500_000),
            ("7_500_000", 7_500_000),
            ("0.001k", 1),
            ("1.25K", 1_250),
            ("2000m", 2_000_000_000),
            ("2000000000", 2_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(rows), "{text}");
        }
        for text in [
            "",
            "0",
            "-1",
            "1.5",
            "1.2345k",
            "k",
            ".5M",
            "5.M",
            "1e6",
            "2000000001",
            "9999999999999M",
            "1 000",
            "0.0k",
        ] {
            assert!(parse(text).unwrap_err().contains("7.5M"), "{text}");
        }
    }
}
