//! The types that hold all values of a column.

use super::spellings::{Digits, Number, Set, number, others};

/// Bytes of a value that are kept as an example.
const SHOWN: usize = 40;

/// What the values of a column, NULLs apart, have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kinds {
    /// Values.
    pub values: u64,
    /// The least and the greatest of whole numbers.
    pub least: i64,
    /// See `least`.
    pub greatest: i64,
    /// The most digits of numbers.
    pub digits: Digits,
    /// The length of the longest value, in bytes.
    pub longest: usize,
    /// Whether there are digits that are no number as they stand: `007`, `+1`.
    pub padded: bool,
    /// The first value that put an end to the types that hold those before it.
    pub end: Option<End>,
    /// The first and the last of whole numbers that rise from each to the next.
    rising: Option<(i64, i64)>,
    set: Set,
    /// The beginning of the first value, and what it may be.
    first: Option<(String, Set)>,
}

/// A value that is none of a type that holds all values before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    /// The beginning of the value.
    pub value: String,
    /// The type.
    pub of: Kind,
}

/// A type that holds values, the narrowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `smallint`.
    Smallint,
    /// `integer`.
    Integer,
    /// `bigint`.
    Bigint,
    /// `numeric` of so many digits, so many of them behind the point.
    Numeric {
        /// All digits.
        precision: u32,
        /// Those behind the point.
        scale: u32,
    },
    /// `double precision`.
    Double,
    /// `boolean`.
    Boolean,
    /// `date`.
    Date,
    /// `time`.
    Time,
    /// `timestamp`.
    Timestamp,
    /// `timestamp with time zone`.
    Timestamptz,
    /// `uuid`.
    Uuid,
    /// `jsonb`.
    Jsonb,
    /// `inet`.
    Inet,
    /// `text`.
    Text,
}

impl Kind {
    /// Its name in SQL, as `format_type` writes it.
    pub(crate) fn sql(self) -> String {
        match self {
            Kind::Smallint => "smallint",
            Kind::Integer => "integer",
            Kind::Bigint => "bigint",
            Kind::Numeric { precision, scale } => return format!("numeric({precision},{scale})"),
            Kind::Double => "double precision",
            Kind::Boolean => "boolean",
            Kind::Date => "date",
            Kind::Time => "time without time zone",
            Kind::Timestamp => "timestamp without time zone",
            Kind::Timestamptz => "timestamp with time zone",
            Kind::Uuid => "uuid",
            Kind::Jsonb => "jsonb",
            Kind::Inet => "inet",
            Kind::Text => "text",
        }
        .into()
    }
}

impl Default for Kinds {
    fn default() -> Self {
        Self {
            values: 0,
            least: i64::MAX,
            greatest: i64::MIN,
            digits: Digits::default(),
            longest: 0,
            padded: false,
            end: None,
            rising: None,
            set: Set::ALL,
            first: None,
        }
    }
}

impl Kinds {
    /// Of these values.
    pub(crate) fn of<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut kinds = Self::default();
        values.into_iter().for_each(|value| kinds.add(value));
        kinds
    }

    /// Takes a value into account.
    #[inline]
    pub(crate) fn add(&mut self, value: &str) {
        self.values += 1;
        self.longest = self.longest.max(value.len());
        if !self.set.is_empty() {
            self.narrow(value);
        }
    }

    fn narrow(&mut self, value: &str) {
        let numbers = Set::INTEGER.or(Set::NUMERIC).or(Set::DOUBLE);
        let found = match self.set.has(numbers).then(|| number(value)).flatten() {
            Some(Number::Whole(number)) => {
                (self.least, self.greatest) = (self.least.min(number), self.greatest.max(number));
                self.rise((number, number), self.values == 1);
                self.add_digits(Digits { whole: decimal_digits(number), scale: 0 }).or(Set::INTEGER)
            }
            Some(Number::Decimal(digits)) => self.add_digits(digits),
            Some(Number::Double) => Set::DOUBLE,
            None => {
                self.padded |= is_padded(value);
                others(value, self.set)
            }
        };
        if !found.has(Set::INTEGER) {
            self.rising = None;
        }
        if self.first.is_none() {
            self.first = Some((shown(value), found));
        }
        let left = self.set.and(found);
        if left.is_empty() && self.values > 1 {
            self.end = Some(End { value: shown(value), of: self.kind() });
        }
        self.set = left;
    }

    /// Lets numbers from the first to the last follow those that are there.
    fn rise(&mut self, next: (i64, i64), alone: bool) {
        self.rising = match self.rising {
            Some((first, last)) if last < next.0 => Some((first, next.1)),
            None if alone => Some(next),
            _ => None,
        };
    }

    /// Whether all values are whole numbers, each greater than the one before it.
    pub(crate) fn rises(&self) -> bool {
        self.rising.is_some()
    }

    /// The types that hold a number of these digits.
    fn add_digits(&mut self, digits: Digits) -> Set {
        self.digits.whole = self.digits.whole.max(digits.whole);
        self.digits.scale = self.digits.scale.max(digits.scale);
        match digits.whole + digits.scale {
            0..=15 => Set::NUMERIC.or(Set::DOUBLE),
            _ => Set::NUMERIC,
        }
    }

    /// Takes the values of later rows into account.
    pub(crate) fn merge(&mut self, later: Self) {
        let set = self.set.and(later.set);
        if set.is_empty() && self.end.is_none() && self.values > 0 && !self.set.is_empty() {
            let at_first = later.first.filter(|(_, first)| self.set.and(*first).is_empty());
            let value = at_first.map(|(value, _)| value).or(later.end.map(|end| end.value));
            self.end = value.map(|value| End { value, of: self.kind() });
        } else if self.values == 0 {
            (self.first, self.end) = (later.first, later.end);
        }
        if self.values == 0 {
            self.rising = later.rising;
        } else if later.values > 0 {
            match later.rising {
                Some(next) => self.rise(next, false),
                None => self.rising = None,
            }
        }
        self.set = set;
        self.padded |= later.padded;
        self.values += later.values;
        self.longest = self.longest.max(later.longest);
        (self.least, self.greatest) = (self.least.min(later.least), self.greatest.max(later.greatest));
        self.add_digits(later.digits);
    }

    /// The narrowest type that holds all values.
    pub(crate) fn kind(&self) -> Kind {
        /// A greater precision is that of no declared `numeric`.
        const MOST_DIGITS: u32 = 1000;
        let within = |least: i64, greatest: i64| least <= self.least && self.greatest <= greatest;
        let precision = (self.digits.whole + self.digits.scale).max(1);
        let has = |set: Set| self.set.has(set);
        match () {
            () if self.values == 0 => Kind::Text,
            () if has(Set::INTEGER) && within(i16::MIN.into(), i16::MAX.into()) => Kind::Smallint,
            () if has(Set::INTEGER) && within(i32::MIN.into(), i32::MAX.into()) => Kind::Integer,
            () if has(Set::INTEGER) => Kind::Bigint,
            () if has(Set::NUMERIC) && precision <= MOST_DIGITS => {
                Kind::Numeric { precision, scale: self.digits.scale }
            }
            () if has(Set::DOUBLE) => Kind::Double,
            () if has(Set::BOOLEAN) => Kind::Boolean,
            () if has(Set::DATE) => Kind::Date,
            () if has(Set::TIME) => Kind::Time,
            () if has(Set::TIMESTAMP) => Kind::Timestamp,
            () if has(Set::TIMESTAMPTZ) => Kind::Timestamptz,
            () if has(Set::UUID) => Kind::Uuid,
            () if has(Set::JSONB) => Kind::Jsonb,
            () if has(Set::INET) => Kind::Inet,
            () => Kind::Text,
        }
    }

    /// Whether no type but `text` holds all values, of which there are some.
    pub(crate) fn is_text(&self) -> bool {
        self.kind() == Kind::Text && self.values > 0
    }

    /// Whether the narrowest type of these values, or a wider one that is not `text`, holds the others too.
    pub(crate) fn holds(&self, others: &Self) -> bool {
        let mut both = self.clone();
        both.merge(others.clone());
        !both.is_text()
    }
}

/// Whether these are digits that a number would lose some of.
fn is_padded(value: &str) -> bool {
    let digits = value.strip_prefix('+').unwrap_or(value);
    digits.len() > 1 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn decimal_digits(number: i64) -> u32 {
    number.unsigned_abs().checked_ilog10().map_or(0, |log| log + 1)
}

fn shown(value: &str) -> String {
    let mut end = value.len().min(SHOWN);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let dots = if end < value.len() { "..." } else { "" };
    format!("{}{dots}", &value[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The type of values separated by blanks, cut in two in every way.
    fn kind(values: &str) -> String {
        let values: Vec<&str> = values.split_whitespace().collect();
        let whole = Kinds::of(values.iter().copied());
        for cut in 0..=values.len() {
            let (before, after) = values.split_at(cut);
            let mut parts = Kinds::of(before.iter().copied());
            parts.merge(Kinds::of(after.iter().copied()));
            assert_eq!(parts, whole, "{values:?} cut at {cut}");
        }
        whole.kind().sql()
    }

    #[test]
    fn the_narrowest_type_that_holds_all_is_found() {
        for (values, expected) in [
            ("1 2 -32768 32767", "smallint"),
            ("1 32768", "integer"),
            ("1 -2147483649", "bigint"),
            ("1 9223372036854775808", "numeric(19,0)"),
            ("1 0.5 -12.25", "numeric(4,2)"),
            ("0 0", "smallint"),
            ("0.0", "numeric(1,1)"),
            ("1 1e5", "double precision"),
            ("1.5 NaN", "double precision"),
            ("1e5 12345678901234567890", "text"),
            ("1 007", "text"),
            ("1 +1", "text"),
            ("1 t", "text"),
            ("t FALSE", "boolean"),
            ("2024-01-01 2024-01-02", "date"),
            ("2024-01-01 2024-01-02T10:00", "timestamp without time zone"),
            ("2024-01-01T10:00 2024-01-02T10:00Z", "text"),
            ("2024-01-01T10:00+01 2024-01-02T10:00Z", "timestamp with time zone"),
            ("10:00 10:00:01", "time without time zone"),
            ("10.0.0.1 ::1", "inet"),
            ("{} [1]", "jsonb"),
            ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "uuid"),
            ("", "text"),
        ] {
            assert_eq!(kind(values), expected, "{values}");
        }
        assert_eq!(Kinds::of([""]).kind(), Kind::Text);
        assert!(!Kinds::default().is_text() && Kinds::of(["x"]).is_text());
    }

    #[test]
    fn the_value_that_ends_a_type_is_known() {
        let kinds = Kinds::of(["1", "2", "n/a", "3", "x"]);
        assert_eq!(kinds.end, Some(End { value: "n/a".into(), of: Kind::Smallint }));
        assert_eq!(Kinds::of(["a", "b"]).end, None, "there was none");
        assert!(Kinds::of(["1", &"é".repeat(30)]).end.unwrap().value.ends_with("..."));
    }

    #[test]
    fn rising_numbers_and_padded_digits_are_noticed() {
        for (values, rises) in
            [("1 2 30", true), ("1 2 2", false), ("1 x 2", false), ("1 1.5 2", false), ("2 1 3", false)]
        {
            assert_eq!(Kinds::of(values.split(' ')).rises(), rises, "{values}");
        }
        assert_eq!([kind("1 2 30"), kind("1 2 2"), kind("007")], ["smallint", "smallint", "text"]);
        for (values, padded) in [("007 1", true), ("1 +48123", true), ("1 0 -5", false), ("a 01", false)] {
            assert_eq!(Kinds::of(values.split(' ')).padded, padded, "{values}");
        }
    }

    #[test]
    fn a_wider_type_of_the_same_sort_holds_a_narrower() {
        assert!(Kinds::of(["1", "2"]).holds(&Kinds::of(["70000"])));
        assert!(Kinds::of(["1"]).holds(&Kinds::of(["1.5"])));
        assert!(!Kinds::of(["1", "2"]).holds(&Kinds::of(["count"])));
    }
}
