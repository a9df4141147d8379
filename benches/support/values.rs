//! Rows of ten columns of usual types, in which each value is spelled as PostgreSQL writes it, or as other
//! programs do.

use anyhow::{Result, anyhow};
use bulkbench::value::{Codec, SqlType};

const COLUMNS: [&str; 10] = [
    "bigint",
    "timestamp with time zone",
    "uuid",
    "numeric(12,2)",
    "boolean",
    "text",
    "character varying(200)",
    "jsonb",
    "text[]",
    "date",
];

/// Values, a row behind the other, each with its column's codec.
pub(crate) struct Values {
    values: Vec<(Codec, String)>,
    /// The bytes of all texts.
    pub(crate) bytes: u64,
}

impl Values {
    /// As PostgreSQL writes them.
    pub(crate) fn canonical(rows: u64) -> Self {
        Self::of((0..rows).flat_map(canonical_row))
    }

    /// As other programs write them.
    pub(crate) fn spelled(rows: u64) -> Self {
        Self::of((0..rows).flat_map(spelled_row))
    }

    fn of(texts: impl Iterator<Item = String>) -> Self {
        let codecs = COLUMNS.map(|name| SqlType::named(name).codec());
        let values: Vec<_> = codecs.into_iter().cycle().zip(texts).collect();
        let bytes = values.iter().map(|(_, text)| text.len() as u64).sum();
        Self { values, bytes }
    }

    /// The canonical text of all.
    pub(crate) fn push_canonical(&self, out: &mut String) -> Result<()> {
        self.values
            .iter()
            .try_for_each(|(codec, text)| codec.push_canonical(text, out))
            .map_err(|refused| anyhow!("{}", refused.rule))
    }

    /// The binary form of all, from the canonical text of each.
    pub(crate) fn put_binary(&self, canonical: &mut String, out: &mut Vec<u8>) -> Result<()> {
        self.values
            .iter()
            .try_for_each(|(codec, text)| {
                canonical.clear();
                codec.push_canonical(text, canonical)?;
                codec.put_binary(canonical, out)
            })
            .map_err(|refused| anyhow!("{}", refused.rule))
    }
}

/// Bits that look like random ones.
fn bits(row: u64) -> u64 {
    (row + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn canonical_row(row: u64) -> [String; 10] {
    let (month, day, minute) = (row % 12 + 1, row % 28 + 1, row % 60);
    let (high, low) = (bits(row), bits(row ^ 0xFFFF));
    let [a, b, c] = [high >> 32, high >> 16 & 0xFFFF, high & 0xFFFF];
    [
        (high >> 24).to_string(),
        format!("2026-{month:02}-{day:02} 03:{minute:02}:05.{:05}1+00", row % 100_000),
        format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xFFFF_FFFF_FFFF),
        format!("{}.{:02}", high >> 40, row % 100),
        String::from(if row.is_multiple_of(3) { "t" } else { "f" }),
        format!("user {row}"),
        format!("{row}: what people write about a thing they bought, in a sentence or two, with a ß in it."),
        format!(
            "{{\"id\": {row}, \"tags\": [\"new\", \"sale\"], \"score\": {}.5, \"device\": \"phone\"}}",
            row % 10
        ),
        format!("{{red,\"light blue\",c{minute}}}"),
        format!("2026-{month:02}-{day:02}"),
    ]
}

fn spelled_row(row: u64) -> [String; 10] {
    let [id, time, uuid, price, _, name, text, _, colours, date] = canonical_row(row);
    [
        id,
        time.replace(' ', "T").replace("+00", "Z"),
        uuid.to_uppercase(),
        price.trim_end_matches('0').to_owned(),
        String::from(if row.is_multiple_of(3) { "true" } else { "false" }),
        name,
        text,
        format!("{{\"device\":\"phone\",\"id\":{row},\"score\":{}.5,\"tags\":[\"new\",\"sale\"]}}", row % 10),
        colours.replace("c", "\"c").replace('}', "\"}"),
        date.replace("-0", "-"),
    ]
}
