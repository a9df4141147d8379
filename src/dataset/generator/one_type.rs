//! Narrow tables of a single type: four columns of it, without key and index, to see what each type costs.

use std::ops::Range;

use anyhow::Result;

use super::random::{GeneratorStage, Random};
use super::rows::{PART_ROWS, Rows};
use super::text::{
    push_cents, push_date, push_decimal, push_number, push_time, push_timestamp, push_timestamptz, push_uuid,
};
use crate::dataset::checksum::ContentSum;
use crate::dataset::columns::Column;
use crate::dataset::content;
use crate::dataset::csv_row::push_text;
use crate::value::SqlType;

/// The version of what is made. It changes whenever any byte of any dataset would.
pub(crate) const VERSION: u32 = 1;

/// The columns of each table.
const COLUMNS: [&str; 4] = ["a", "b", "c", "d"];

/// The labels of the enum.
const LABELS: [&str; 5] = ["new", "open", "waiting", "done", "dropped"];

/// Microseconds from 2000-01-01 back to 1970.
const FIRST_US: i64 = 946_684_800_000_000;

/// Microseconds of the 25 years from 2000 on.
const SPAN_US: u64 = 788_940_000_000_000;

const DAY_US: i64 = 86_400_000_000;

/// A table of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OneType(usize);

/// What a table of one type is made by.
struct Kind {
    /// The name of its table.
    table: &'static str,
    /// The type's name in SQL.
    sql: &'static str,
    /// Bytes of a value in the binary format, about.
    binary: u64,
    /// Tenths of a byte of a value in a csv, about.
    written: u64,
    /// Adds a value's canonical text.
    push: fn(&mut Random, &mut Vec<u8>),
}

const fn kind(
    table: &'static str,
    sql: &'static str,
    (written, binary): (u64, u64),
    push: fn(&mut Random, &mut Vec<u8>),
) -> Kind {
    Kind { table, sql, binary, written, push }
}

static KINDS: [Kind; 23] = [
    kind("type_smallint", "smallint", (51, 2), |random, out| {
        push_signed(i64::from(random.bits() as i16), out);
    }),
    kind("type_integer", "integer", (102, 4), |random, out| {
        push_signed(i64::from(random.bits() as i32), out);
    }),
    kind("type_bigint", "bigint", (194, 8), |random, out| {
        push_signed(random.bits() as i64, out);
    }),
    kind("type_numeric", "numeric(12,2)", (119, 14), |random, out| {
        push_cents(random.below(1_000_000_000_000) as i64, out);
    }),
    // So few digits are the shortest decimal of their number.
    kind("type_real", "real", (67, 4), |random, out| {
        push_decimal(random.below(1_000_000) as i64, 3, out);
    }),
    kind("type_double", "double precision", (157, 8), |random, out| {
        push_decimal(random.below(1_000_000_000_000_000) as i64, 6, out);
    }),
    kind("type_boolean", "boolean", (10, 1), |random, out| out.push(b"tf"[random.below(2) as usize])),
    kind("type_date", "date", (100, 4), |random, out| {
        push_date(moment(random) / DAY_US, out);
    }),
    kind("type_time", "time without time zone", (149, 8), |random, out| {
        push_time(in_day(random), out);
    }),
    kind("type_timestamp", "timestamp without time zone", (259, 8), |random, out| {
        push_timestamp(moment(random), out);
    }),
    kind("type_timestamptz", "timestamp with time zone", (289, 8), |random, out| {
        push_timestamptz(moment(random), out);
    }),
    kind("type_interval", "interval", (225, 16), |random, out| {
        push_number(random.below(98) + 2, out);
        out.extend_from_slice(b" days ");
        push_time(in_day(random), out);
    }),
    kind("type_uuid", "uuid", (360, 16), push_uuid),
    kind("type_text", "text", (200, 20), |random, out| {
        push_letters(random, 20, out);
    }),
    kind("type_varchar", "character varying(20)", (200, 20), |random, out| {
        push_letters(random, 20, out);
    }),
    kind("type_char", "character(20)", (200, 20), |random, out| {
        push_letters(random, 20, out);
    }),
    kind("type_json", "json", (440, 34), push_document),
    kind("type_jsonb", "jsonb", (440, 35), push_document),
    kind("type_bytea", "bytea", (340, 16), |random, out| {
        out.extend_from_slice(b"\\x");
        for _ in 0..32 {
            out.push(b"0123456789abcdef"[random.below(16) as usize]);
        }
    }),
    kind("type_enum", "type_enum_label", (50, 5), |random, out| {
        out.extend_from_slice(LABELS[random.below(LABELS.len() as u64) as usize].as_bytes());
    }),
    kind("type_inet", "inet", (132, 8), |random, out| {
        for i in 0..4 {
            out.extend_from_slice(if i == 0 { b"" } else { b"." });
            push_number(random.below(256), out);
        }
    }),
    kind("type_integer_array", "integer[]", (447, 52), |random, out| {
        for i in 0..4 {
            out.push(if i == 0 { b'{' } else { b',' });
            push_signed(i64::from(random.bits() as i32), out);
        }
        out.push(b'}');
    }),
    kind("type_text_array", "text[]", (330, 64), |random, out| {
        for i in 0..4 {
            out.push(if i == 0 { b'{' } else { b',' });
            push_letters(random, 6, out);
        }
        out.push(b'}');
    }),
];

impl OneType {
    /// One for each type.
    pub(crate) fn all() -> impl Iterator<Item = OneType> {
        (0..KINDS.len()).map(OneType)
    }

    fn kind(self) -> &'static Kind {
        &KINDS[self.0]
    }

    /// The name of its table.
    pub(crate) fn name(self) -> &'static str {
        self.kind().table
    }

    /// The statements that make its table.
    pub(crate) fn ddl(self) -> String {
        let Kind { table, sql, .. } = self.kind();
        let columns = COLUMNS.map(|name| format!("{name} {sql} NOT NULL")).join(", ");
        let labels = LABELS.map(|label| format!("'{label}'")).join(", ");
        let of_enum = match self.is_enum() {
            true => format!("CREATE TYPE {sql} AS ENUM ({labels});\n"),
            false => String::new(),
        };
        format!("{of_enum}CREATE TABLE {table} ({columns});\n")
    }

    fn is_enum(self) -> bool {
        self.kind().table == "type_enum"
    }

    /// The columns that a row brings.
    pub(crate) fn columns(self) -> Vec<Column> {
        let sql = self.kind().sql;
        let kind = if self.is_enum() { SqlType::enumerated(sql, None) } else { SqlType::named(sql) };
        COLUMNS.map(|name| Column::new(name, kind.clone())).to_vec()
    }

    /// Tenths of a byte that a row takes, about: as csv or text, and as binary.
    pub(crate) fn tenths_of_row(self) -> (u64, u64) {
        let Kind { written, binary, .. } = self.kind();
        let columns = COLUMNS.len() as u64;
        // Commas and a line's end; the number of columns and the length of each value.
        (columns * (written + 10), 20 + columns * (4 + binary) * 10)
    }
}

/// All rows of one of the tables.
pub(crate) struct OneTypeRows {
    table: OneType,
    rows: usize,
    seed: u64,
    columns: Vec<Column>,
}

impl OneTypeRows {
    /// So many of them.
    pub(crate) fn new(table: OneType, rows: u64, seed: u64) -> Self {
        Self { table, rows: rows as usize, seed, columns: table.columns() }
    }
}

impl Rows for OneTypeRows {
    fn len(&self) -> usize {
        self.rows
    }

    fn write(&self, part: Range<usize>, out: &mut Vec<u8>) -> Result<ContentSum> {
        let mut random = Random::new(self.seed, GeneratorStage::OneType, (part.start / PART_ROWS) as u64);
        let (start, push) = (out.len(), self.table.kind().push);
        let mut value = Vec::new();
        for _ in part {
            for i in 0..COLUMNS.len() {
                out.extend_from_slice(if i == 0 { b"" } else { b"," });
                value.clear();
                push(&mut random, &mut value);
                // Made of ASCII above.
                push_text(out, std::str::from_utf8(&value).unwrap_or_default());
            }
            out.push(b'\n');
        }
        content::sum_of(&out[start..], "the invented values", &self.columns)
    }
}

/// A moment of the years from 2000 to 2024, in microseconds since 1970.
fn moment(random: &mut Random) -> i64 {
    FIRST_US + random.below(SPAN_US) as i64
}

/// Microseconds of a day.
fn in_day(random: &mut Random) -> i64 {
    random.below(DAY_US as u64) as i64
}

fn push_signed(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    push_number(number.unsigned_abs(), out);
}

fn push_letters(random: &mut Random, letters: usize, out: &mut Vec<u8>) {
    out.extend((0..letters).map(|_| b'a' + random.below(26) as u8));
}

/// A small document, as `jsonb` writes it.
fn push_document(random: &mut Random, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"id\": ");
    push_number(random.below(1_000_000), out);
    out.extend_from_slice(b", \"name\": \"");
    push_letters(random, 8, out);
    out.extend_from_slice(b"\"}");
}
