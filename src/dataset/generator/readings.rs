//! What sensors measured: the table of measurements that other harnesses load.
//!
//! Every ten seconds each of a hundred sensors tells five numbers. Rows come in the order of time.

use std::ops::Range;

use anyhow::Result;

use super::random::{GeneratorStage, Random};
use super::rows::{PART_ROWS, Rows};
use super::text::{push_decimal, push_number, push_timestamptz};
use crate::dataset::checksum::ContentSum;
use crate::dataset::columns::Column;
use crate::dataset::content;
use crate::value::SqlType;

/// The version of what is made. It changes whenever any byte of any dataset would.
pub(crate) const VERSION: u32 = 1;

/// Sensors that take turns.
const SENSORS: u64 = 100;

/// 2024-01-01 00:00:00 in UTC, in microseconds since 1970.
const FIRST_US: i64 = 1_704_067_200_000_000;

/// Microseconds between two turns.
const TURN_US: i64 = 10_000_000;

/// The measured numbers: the middle and the spread of each, in thousandths.
const MEASURES: [(&str, i64, u64); 5] = [
    ("temperature", 21_500, 12_000),
    ("humidity", 45_000, 30_000),
    ("pressure", 1_013_250, 20_000),
    ("voltage", 3_300, 300),
    ("current", 120, 110),
];

/// The columns that a row brings.
pub(crate) fn columns() -> Vec<Column> {
    let numbers = MEASURES.map(|(name, ..)| Column::new(name, SqlType::named("double precision")));
    let first = [
        Column::new("sensor", SqlType::int4()),
        Column::new("measured_at", SqlType::named("timestamp with time zone")),
    ];
    first.into_iter().chain(numbers).collect()
}

/// All readings of a dataset.
pub(crate) struct Readings {
    rows: usize,
    seed: u64,
    columns: Vec<Column>,
}

impl Readings {
    /// So many of them.
    pub(crate) fn new(rows: u64, seed: u64) -> Self {
        Self { rows: rows as usize, seed, columns: columns() }
    }
}

impl Rows for Readings {
    fn len(&self) -> usize {
        self.rows
    }

    fn write(&self, part: Range<usize>, out: &mut Vec<u8>) -> Result<ContentSum> {
        let mut random = Random::new(self.seed, GeneratorStage::Readings, (part.start / PART_ROWS) as u64);
        let start = out.len();
        for row in part {
            push_number(row as u64 % SENSORS + 1, out);
            out.push(b',');
            // Sensors are not read all at once.
            let late = random.below(1_000_000) as i64;
            push_timestamptz(FIRST_US + row as i64 / SENSORS as i64 * TURN_US + late, out);
            for (_, middle, spread) in MEASURES {
                out.push(b',');
                // The sum of two dice: near the middle more often.
                let dice = (random.below(spread) + random.below(spread)) as i64 - spread as i64;
                push_decimal(middle + dice / 2, 3, out);
            }
            out.push(b'\n');
        }
        content::sum_of(&out[start..], "the invented readings", &self.columns)
    }
}
