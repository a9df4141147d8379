//! What happened in a web service: a table as applications have them, with columns of many types.
//!
//! Rows come in the order of time, but for requests that took long. Some sessions have many events, most have
//! few; three columns are NULL in some rows.

use std::ops::Range;

use anyhow::Result;

use super::random::{GeneratorStage, Random, scramble};
use super::rows::{PART_ROWS, Rows};
use super::text::{push_cents, push_decimal, push_number, push_timestamptz, push_uuid};
use crate::dataset::checksum::ContentSum;
use crate::dataset::columns::Column;
use crate::dataset::content;
use crate::dataset::csv_row::push_text;
use crate::value::SqlType;

/// The version of what is made. It changes whenever any byte of any dataset would.
pub(crate) const VERSION: u32 = 1;

/// 2024-01-01 00:00:00 in UTC, in microseconds since 1970.
const FIRST_US: i64 = 1_704_067_200_000_000;

/// Microseconds between two events, about.
const STEP_US: i64 = 120_000;

/// Events of a session, about.
const SESSION_EVENTS: u64 = 12;

const KINDS: [&str; 8] = ["view", "view", "view", "search", "click", "basket", "order", "error"];
const PLACES: [&str; 6] = ["home", "list", "item", "basket", "pay", "help"];
const AGENTS: [&str; 5] = ["android", "ios", "firefox", "chrome", "api"];
const TAGS: [&str; 8] = ["new", "mobile", "sale", "test", "de", "fr", "en", "returning"];
const WORDS: [&str; 24] = [
    "the", "order", "was", "sent", "to", "a", "customer", "who", "had", "asked", "for", "it", "before",
    "noon", "and", "paid", "by", "card", "while", "stock", "\"last\"", "one, two", "naïve", "price",
];

/// The columns that a row brings: all but the key, which the server gives.
pub(crate) fn columns() -> Vec<Column> {
    let column = |name, kind| Column::new(name, SqlType::named(kind));
    vec![
        column("happened_at", "timestamp with time zone"),
        column("session", "uuid"),
        column("kind", "text"),
        column("amount", "numeric(12,2)").nullable(),
        column("signed_in", "boolean"),
        column("duration_ms", "double precision").nullable(),
        column("message", "text").nullable(),
        column("properties", "jsonb"),
        column("tags", "text[]"),
    ]
}

/// All events of a dataset.
pub(crate) struct Events {
    rows: usize,
    seed: u64,
    columns: Vec<Column>,
}

impl Events {
    /// So many of them.
    pub(crate) fn new(rows: u64, seed: u64) -> Self {
        Self { rows: rows as usize, seed, columns: columns() }
    }

    fn push_row(&self, row: usize, random: &mut Random, field: &mut Vec<u8>, out: &mut Vec<u8>) {
        let late = if random.below(20) == 0 { random.below(3_000_000) as i64 } else { 0 };
        push_timestamptz(FIRST_US + row as i64 * STEP_US + random.below(STEP_US as u64) as i64 - late, out);
        out.push(b',');
        self.push_session(row, random, out);
        out.push(b',');
        let kind = KINDS[random.below(KINDS.len() as u64) as usize];
        out.extend_from_slice(kind.as_bytes());
        out.push(b',');
        if matches!(kind, "basket" | "order") {
            let most = 1 << random.below(20);
            push_cents(random.below(most) as i64 + 99, out);
        }
        out.extend_from_slice(if random.below(3) == 0 { b",t," } else { b",f," });
        if random.below(10) > 0 {
            let most = 256 << random.below(12);
            push_decimal(random.below(most) as i64 + 1, 2, out);
        }
        out.push(b',');
        if random.below(4) > 0 {
            field.clear();
            for i in 0..4 + random.below(24) {
                let word = WORDS[random.below(WORDS.len() as u64) as usize];
                field.extend_from_slice(if i == 0 { b"" } else { b" " });
                field.extend_from_slice(word.as_bytes());
            }
            push_field(field, out);
        }
        out.push(b',');
        field.clear();
        push_properties(random, field);
        push_field(field, out);
        out.push(b',');
        field.clear();
        push_tags(random, field);
        push_field(field, out);
        out.push(b'\n');
    }

    /// One of the sessions at that time.
    fn push_session(&self, row: usize, random: &mut Random, out: &mut Vec<u8>) {
        let now = row as u64 / SESSION_EVENTS;
        let session = now.saturating_sub(random.below(64).min(random.below(64)));
        push_uuid(&mut Random::new(scramble(self.seed), GeneratorStage::Sessions, session), out);
    }
}

impl Rows for Events {
    fn len(&self) -> usize {
        self.rows
    }

    fn write(&self, part: Range<usize>, out: &mut Vec<u8>) -> Result<ContentSum> {
        let mut random = Random::new(self.seed, GeneratorStage::Events, (part.start / PART_ROWS) as u64);
        let start = out.len();
        let mut field = Vec::new();
        for row in part {
            self.push_row(row, &mut random, &mut field, out);
        }
        content::sum_of(&out[start..], "the invented events", &self.columns)
    }
}

/// A field of csv.
fn push_field(field: &[u8], out: &mut Vec<u8>) {
    // Made of the texts above.
    push_text(out, std::str::from_utf8(field).unwrap_or_default());
}

/// A document as `jsonb` writes it: its keys by their length first.
fn push_properties(random: &mut Random, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"ip\": \"10.");
    push_number(random.below(256), out);
    out.push(b'.');
    push_number(random.below(256), out);
    out.push(b'.');
    push_number(random.below(256), out);
    out.extend_from_slice(b"\", \"page\": ");
    push_number(random.below(40), out);
    out.extend_from_slice(b", \"agent\": \"");
    out.extend_from_slice(AGENTS[random.below(AGENTS.len() as u64) as usize].as_bytes());
    out.extend_from_slice(b"\", \"place\": \"");
    out.extend_from_slice(PLACES[random.below(PLACES.len() as u64) as usize].as_bytes());
    if random.below(4) == 0 {
        out.extend_from_slice(b"\", \"referrer\": null}");
    } else {
        out.extend_from_slice(b"\"}");
    }
}

/// An array as `text[]` writes it.
fn push_tags(random: &mut Random, out: &mut Vec<u8>) {
    out.push(b'{');
    for i in 0..random.below(4) {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(TAGS[random.below(TAGS.len() as u64) as usize].as_bytes());
    }
    out.push(b'}');
}
