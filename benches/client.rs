//! The client's work on rows before any server sees them: making them, reading csv, encoding, and the content
//! sum, in rows and in bytes a second.
//!
//! `BULKBENCH_ROWS` sets the rows, 100,000 by default.

use std::hint::black_box;

use bulkbench::dataset::checksum::{ContentSum, RowHasher};
use bulkbench::dataset::{Column, DEFAULT_SEED, Encoder, RowReader, columns, generator::Votes};
use bulkbench::interrupt::Interrupt;
use bulkbench::model::Encoding;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

fn rows() -> u64 {
    match std::env::var("BULKBENCH_ROWS") {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|error| panic!("BULKBENCH_ROWS={text}: {error}; give a number of rows")),
        Err(_) => 100_000,
    }
}

fn write_all(votes: &Votes, out: &mut Vec<u8>) -> ContentSum {
    let mut sum = ContentSum::default();
    for part in votes.parts() {
        sum.merge(votes.push_csv(part, out));
    }
    sum
}

/// Measures `work` once by rows and once by bytes of csv.
fn measure(criterion: &mut Criterion, name: &str, rows: u64, bytes: u64, mut work: impl FnMut()) {
    for (unit, throughput) in [("rows", Throughput::Elements(rows)), ("bytes", Throughput::Bytes(bytes))] {
        let mut group: Group = criterion.benchmark_group(format!("{name}/{unit}"));
        group.throughput(throughput);
        group.bench_function(rows.to_string(), |bencher| bencher.iter(&mut work));
        group.finish();
    }
}

fn each_row(csv: &[u8], columns: &[Column], mut see: impl FnMut(&bulkbench::dataset::Row<'_>)) {
    let mut reader = RowReader::over(csv.to_vec(), columns, "generated rows".into());
    while let Some(row) = reader.next_row().expect("generated rows are valid csv") {
        see(&row);
    }
}

fn client(criterion: &mut Criterion) {
    let rows = rows();
    let interrupt = Interrupt::new();
    let make = || Votes::new(rows, DEFAULT_SEED, &interrupt).expect("BULKBENCH_ROWS rows can be made");
    let votes = make();
    let mut csv = Vec::new();
    write_all(&votes, &mut csv);
    let bytes = csv.len() as u64;
    let columns = columns::votes();

    measure(criterion, "generate", rows, bytes, || {
        black_box(make());
    });
    let mut out = Vec::new();
    measure(criterion, "write csv and content sum", rows, bytes, || {
        out.clear();
        black_box(write_all(&votes, &mut out));
    });
    measure(criterion, "read csv", rows, bytes, || {
        let mut sum = 0;
        each_row(&csv, &columns, |row| {
            sum += row.int(2) + row.field(0).len() as i64 + row.field(1).len() as i64
        });
        black_box(sum);
    });
    let hasher = RowHasher::new(&columns);
    measure(criterion, "read csv and content sum", rows, bytes, || {
        let mut sum = ContentSum::default();
        each_row(&csv, &columns, |row| sum.add(hasher.hash(row)));
        black_box(sum);
    });
    for encoding in Encoding::ALL {
        let encoder = Encoder::new(&columns, encoding).expect("votes can be encoded");
        measure(criterion, &format!("read csv and encode {}", encoding.name()), rows, bytes, || {
            out.clear();
            each_row(&csv, &columns, |row| encoder.push_row(row, &mut out));
            black_box(&out);
        });
    }
}

criterion_group!(benches, client);
criterion_main!(benches);
