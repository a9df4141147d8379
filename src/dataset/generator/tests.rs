//! The promises of tables invented row by row.

use super::*;
use crate::dataset::checksum::ContentSum;
use crate::dataset::store;
use crate::interrupt::Interrupt;

fn csv(table: BuiltIn, rows: u64, seed: u64) -> (String, ContentSum) {
    let invented = table.rows(rows, seed, &Interrupt::new()).unwrap();
    let (mut out, mut sum) = (Vec::new(), ContentSum::default());
    for part in parts(invented.len()) {
        sum.merge(invented.write(part, &mut out).unwrap());
    }
    (String::from_utf8(out).unwrap(), sum)
}

/// The same bytes on every machine: when one of these changes, the table's version has to.
#[test]
fn the_bytes_are_the_committed_ones() {
    for (table, rows, expected) in KNOWN {
        let (text, _) = csv(table, rows, 1);
        let found = store::hash(text.as_bytes(), &Interrupt::new()).unwrap().sha256;
        assert_eq!(found, expected, "{rows} rows of {}", table.name());
    }
}

const KNOWN: [(BuiltIn, u64, &str); 2] = [
    (BuiltIn::Events, 20_000, "826b29f7df329fb284ea83ade4b9268a889fd2c3c8eaf738b789ee75162d04dd"),
    (BuiltIn::Readings, 20_000, "75e3602055c804fbd1c0b5c4dc049f4e77e2f5c626170f9ae3b90deecf3cecfe"),
];

#[test]
fn fewer_rows_are_the_first_of_more() {
    for table in [BuiltIn::Events, BuiltIn::Readings] {
        let (few, many) = (csv(table, 9_000, 7).0, csv(table, 20_000, 7).0);
        assert!(many.starts_with(&few) && few.lines().count() == 9_000, "{}", table.name());
        assert_ne!(few, csv(table, 9_000, 8).0, "{}", table.name());
    }
}

#[test]
fn three_columns_of_events_have_nulls_and_a_row_has_some_250_bytes() {
    let (text, _) = csv(BuiltIn::Events, 20_000, 1);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut nulls = [0; 9];
    for row in reader.records() {
        for (count, field) in nulls.iter_mut().zip(&row.unwrap()) {
            *count += u32::from(field.is_empty());
        }
    }
    let (some, none): (Vec<usize>, Vec<usize>) = (0..9).partition(|i| nulls[*i] > 0);
    assert_eq!(some, [3, 5, 6], "{nulls:?}");
    assert_eq!(none.len(), 6);
    let bytes = text.len() / 20_000;
    assert!((230..290).contains(&bytes), "{bytes} bytes a row");
}

#[test]
fn the_sizes_that_are_expected_are_about_right() {
    for table in BuiltIn::all() {
        let bytes = csv(table, 20_000, 1).0.len() as u64;
        let expected = table.tenths_of_row().0 * 2_000;
        assert!(bytes.abs_diff(expected) * 10 < expected, "{}: {bytes} for {expected}", table.name());
    }
}
