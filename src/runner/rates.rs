//! Rates that methods had in the published runs, to say how long a run may take.

use crate::method::Info;

/// Where the rates come from, in words.
pub const ORIGIN: &str =
    "the rates of votes in the published runs (results/, cloud VMs of 2 cores), halved and doubled";

/// The method, and rows a second in its slowest and in its fastest published sample of 10 000 rows or more
/// on a whole machine and its own disk, rounded outwards to two digits.
const RATES: &[(&str, u64, u64)] = &[
    ("adbc-ingest", 390_000, 420_000),
    ("asyncpg-copy", 470_000, 500_000),
    ("asyncpg-copy-records", 460_000, 480_000),
    ("asyncpg-executemany", 170_000, 190_000),
    ("copy-append", 160_000, 190_000),
    ("copy-append-rebuild", 190_000, 420_000),
    ("copy-binary", 200_000, 530_000),
    ("copy-chunks", 460_000, 650_000),
    ("copy-csv", 200_000, 620_000),
    ("copy-csv-server-file", 440_000, 490_000),
    ("copy-fk-dropped", 320_000, 420_000),
    ("copy-fk-in-place", 75_000, 82_000),
    ("copy-freeze", 560_000, 640_000),
    ("copy-indexed", 62_000, 240_000),
    ("copy-one-transaction", 450_000, 650_000),
    ("copy-out", 5_000_000, 5_300_000),
    ("copy-parallel", 230_000, 710_000),
    ("copy-text", 460_000, 490_000),
    ("copy-truncate", 560_000, 620_000),
    ("copy-unlogged", 490_000, 660_000),
    ("copy-unlogged-parallel", 280_000, 830_000),
    ("copy-unlogged-then-logged", 360_000, 480_000),
    ("fastest-durable", 710_000, 1_000_000),
    ("fastest-unlogged", 980_000, 1_100_000),
    ("insert-json", 5_400, 310_000),
    ("insert-multirow", 12_000, 260_000),
    ("insert-multirow-prepared", 6_100, 410_000),
    ("insert-on-conflict-nothing", 130_000, 200_000),
    ("insert-on-conflict-update", 65_000, 85_000),
    ("insert-row", 3_600, 24_000),
    ("insert-row-async-commit", 12_000, 17_000),
    ("insert-row-batched-commits", 13_000, 19_000),
    ("insert-row-pipelined", 4_600, 150_000),
    ("insert-row-simple", 3_500, 5_300),
    ("insert-row-tokio", 4_700, 7_100),
    ("insert-row-transaction", 14_000, 20_000),
    ("insert-row-unprepared", 3_300, 5_400),
    ("insert-select-fdw", 280_000, 460_000),
    ("insert-select-staging", 260_000, 420_000),
    ("insert-select-temp", 260_000, 430_000),
    ("insert-unnest", 5_700, 430_000),
    ("pgloader", 120_000, 150_000),
    ("pgloader-drop-indexes", 130_000, 140_000),
    ("psql-copy", 460_000, 480_000),
    ("psql-insert", 4_200, 4_700),
    ("psql-insert-transaction", 11_000, 12_000),
    ("psycopg2-copy", 460_000, 500_000),
    ("psycopg2-copy-buffer", 310_000, 330_000),
    ("psycopg2-copy-iterator", 460_000, 500_000),
    ("psycopg2-execute-values", 130_000, 140_000),
    ("psycopg2-executemany", 10_000, 11_000),
    ("psycopg2-row", 3_900, 4_300),
    ("psycopg2-row-transaction", 9_800, 11_000),
    ("psycopg3-copy", 440_000, 480_000),
    ("psycopg3-copy-binary", 460_000, 500_000),
    ("psycopg3-copy-rows", 470_000, 490_000),
    ("psycopg3-executemany", 100_000, 110_000),
    ("psycopg3-row", 3_600, 4_400),
    ("psycopg3-row-transaction", 11_000, 12_000),
    ("update-merge", 52_000, 65_000),
    ("update-row", 4_400, 5_700),
    ("update-row-transaction", 12_000, 17_000),
    ("update-staged", 55_000, 70_000),
];

/// The least and the most rows a second that published samples of this method show; those of its family
/// where it has none, and of all methods where that has none.
pub fn published(info: &Info, infos: &[&Info]) -> (u64, u64) {
    let family = |id: &str| infos.iter().find(|other| other.id == id).map(|other| other.family);
    let of_method = RATES.iter().filter(|(id, ..)| *id == info.id);
    let of_family = RATES.iter().filter(|(id, ..)| family(id) == Some(info.family));
    range(of_method).or_else(|| range(of_family)).or_else(|| range(RATES.iter())).unwrap_or((1, 1))
}

fn range<'r>(rates: impl Iterator<Item = &'r (&'r str, u64, u64)>) -> Option<(u64, u64)> {
    rates.map(|(_, slowest, fastest)| (*slowest, *fastest)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::{Catalogue, Family};

    #[test]
    fn a_method_without_published_samples_is_taken_for_one_of_its_family() {
        let catalogue = Catalogue::built_in();
        let infos: Vec<&Info> = catalogue.iter().map(|m| m.info()).collect();
        for (id, slowest, fastest) in RATES {
            assert!(infos.iter().any(|info| info.id == *id), "no method {id}");
            assert!(0 < *slowest && slowest < fastest, "{id}");
        }
        let of = |id: &str, family| published(&Info::new(family, "a test").named(id, ""), &infos);
        let copy = of("copy-of-mine", Family::Copy);
        assert!(copy.0 <= of("copy-indexed", Family::Copy).0 && of("copy-csv", Family::Copy).1 <= copy.1);
        assert_ne!(copy, of("insert-of-mine", Family::Insert));
    }
}
