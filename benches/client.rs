//! The client's work on rows before any server sees them: making them, importing and reading csv, encoding, and
//! the content sum, in rows and in bytes of csv a second; and the forms of values in rows of ten columns of usual
//! types.
//!
//! `BULKBENCH_ROWS` (default 100,000) sets the rows.

mod support;

use std::hint::black_box;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use bulkbench::dataset::checksum::{ContentSum, RowHasher};
use bulkbench::dataset::{
    Asked, BuiltIn, Column, DEFAULT_SEED, Dataset, Encoder, Row, RowReader, RowsFile, columns,
    generator::Votes,
};
use bulkbench::interrupt::Interrupt;
use bulkbench::model::Encoding;
use bulkbench::{say, units};
use criterion::{Criterion, SamplingMode, Throughput};
use support::args::{Args, Mode};
use support::fit::{Fit, about};
use support::values::Values;
use support::{or_throw, variables};

const ROWS: u64 = 100_000;

const FIT: Fit =
    Fit { samples: 20, warm_up: Duration::from_millis(500), measurement: Duration::from_secs(3) };

/// Two runs of the same code, minutes apart, differ by less than this factor's excess over 1.
const NOISE: f64 = 0.1;

fn main() -> ExitCode {
    support::run(FIT.criterion(NOISE), client)
}

/// A pass over all rows, by the last part of its id.
struct Pass<'p> {
    slug: String,
    /// The bytes of text that it goes over.
    bytes: u64,
    work: Box<dyn FnMut() -> Result<()> + 'p>,
}

impl<'p> Pass<'p> {
    fn new(slug: &str, bytes: u64, work: impl FnMut() -> Result<()> + 'p) -> Self {
        Self { slug: slug.into(), bytes, work: Box::new(work) }
    }
}

fn passes<'p>(input: &'p Input<'p>) -> Result<Vec<Pass<'p>>> {
    let bytes = input.csv.len() as u64;
    let (mut csv, hasher) = (Vec::new(), RowHasher::new(&input.columns));
    let mut passes = vec![
        Pass::new("generate", bytes, || {
            black_box(input.make()?);
            Ok(())
        }),
        Pass::new("write-csv-and-content-sum", bytes, move || {
            csv.clear();
            black_box(write_all(&input.votes, &mut csv));
            Ok(())
        }),
        Pass::new("read-csv", bytes, || {
            let mut sum = 0;
            input.each_row(|row| {
                sum += row.int(2) + row.field(0).len() as i64 + row.field(1).len() as i64;
            })?;
            black_box(sum);
            Ok(())
        }),
        Pass::new("read-csv-and-content-sum", bytes, move || {
            let mut sum = ContentSum::default();
            input.each_row(|row| sum.add(hasher.hash(row)))?;
            black_box(sum);
            Ok(())
        }),
    ];
    for (slug, csv) in [("import-csv", &input.csv), ("import-csv-of-a-dialect", &input.other_csv()?)] {
        let place = Place::with(csv)?;
        passes.push(Pass::new(slug, csv.len() as u64, move || place.import(&input.columns, input.interrupt)));
    }
    for encoding in Encoding::ALL {
        let (encoder, mut out) = (Encoder::new(&input.columns, encoding)?, Vec::new());
        passes.push(Pass::new(&format!("read-csv-and-encode-{}", encoding.name()), bytes, move || {
            out.clear();
            input.each_row(|row| encoder.push_row(row, &mut out))?;
            black_box(&out);
            Ok(())
        }));
    }
    passes.extend(event_passes(input)?);
    passes.extend(value_passes(input.rows));
    Ok(passes)
}

/// Passes over wide rows of many types.
fn event_passes<'p>(input: &'p Input<'p>) -> Result<Vec<Pass<'p>>> {
    let place = tempfile::tempdir()?;
    let events = Dataset::invented(place.path(), BuiltIn::Events, input.rows, DEFAULT_SEED, input.interrupt)?;
    let csv = std::fs::read(events.file(Encoding::Csv))?;
    let columns = events.columns().to_vec();
    let (bytes, hasher) = (csv.len() as u64, RowHasher::new(&columns));
    let encoder = Encoder::new(&columns, Encoding::Binary)?;
    let place = Place::with(&csv)?;
    let (csv, columns) = (Rc::new(csv), Rc::new(columns));
    let (other_csv, other_columns) = (Rc::clone(&csv), Rc::clone(&columns));
    let import_columns = Rc::clone(&columns);
    let mut out = Vec::new();
    Ok(vec![
        Pass::new("read-csv-and-content-sum-of-events", bytes, move || {
            let mut sum = ContentSum::default();
            each_row(&csv, &columns, |row| sum.add(hasher.hash(row)))?;
            black_box(sum);
            Ok(())
        }),
        Pass::new("read-csv-and-encode-binary-of-events", bytes, move || {
            out.clear();
            each_row(&other_csv, &other_columns, |row| encoder.push_row(row, &mut out))?;
            black_box(&out);
            Ok(())
        }),
        Pass::new("import-csv-of-events", bytes, move || place.import(&import_columns, input.interrupt)),
    ])
}

/// Passes over rows of ten columns of usual types.
fn value_passes<'p>(rows: u64) -> Vec<Pass<'p>> {
    let mut passes = Vec::new();
    for (name, values) in [("canonical", Values::canonical(rows)), ("spelled", Values::spelled(rows))] {
        let (bytes, values) = (values.bytes, Rc::new(values));
        let (canonical, mut texts) = (Rc::clone(&values), String::new());
        passes.push(Pass::new(&format!("{name}-values-to-canonical-text"), bytes, move || {
            texts.clear();
            canonical.push_canonical(&mut texts)?;
            black_box(&texts);
            Ok(())
        }));
        let (mut text, mut out) = (String::new(), Vec::new());
        passes.push(Pass::new(&format!("{name}-values-to-binary"), bytes, move || {
            out.clear();
            values.put_binary(&mut text, &mut out)?;
            black_box(&out);
            Ok(())
        }));
    }
    passes
}

/// A directory with a csv to import.
struct Place {
    dir: tempfile::TempDir,
    csv: PathBuf,
}

impl Place {
    fn with(csv: &[u8]) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("rows.csv");
        std::fs::write(&path, csv)?;
        Ok(Self { dir, csv: path })
    }

    /// Imports it into a cache of its own, which goes away.
    fn import(&self, columns: &[Column], interrupt: &Interrupt) -> Result<()> {
        let cache = self.dir.path().join("cache");
        let file = RowsFile { path: &self.csv, asked: &Asked::default(), table: "rows", columns };
        Dataset::imported_table(&cache, &file, interrupt)?;
        Ok(std::fs::remove_dir_all(&cache)?)
    }
}

/// The rows in memory, made and as csv.
struct Input<'i> {
    rows: u64,
    columns: Vec<Column>,
    votes: Votes,
    csv: Vec<u8>,
    interrupt: &'i Interrupt,
}

impl<'i> Input<'i> {
    fn new(rows: u64, interrupt: &'i Interrupt) -> Result<Self> {
        let votes = Votes::new(rows, DEFAULT_SEED, interrupt)?;
        let mut csv = Vec::new();
        write_all(&votes, &mut csv);
        Ok(Self { rows, columns: columns::votes(), votes, csv, interrupt })
    }

    fn make(&self) -> Result<Votes> {
        Votes::new(self.rows, DEFAULT_SEED, self.interrupt)
    }

    /// The rows in another dialect, with a header.
    fn other_csv(&self) -> Result<Vec<u8>> {
        let mut csv = b"score;link;username\n".to_vec();
        self.each_row(|row| {
            csv.extend_from_slice(
                format!("{};\"{}\";{}\n", row.int(2), row.field(1), row.field(0)).as_bytes(),
            );
        })?;
        Ok(csv)
    }

    fn each_row(&self, see: impl FnMut(&Row<'_>)) -> Result<()> {
        each_row(&self.csv, &self.columns, see)
    }
}

fn each_row(csv: &[u8], columns: &[Column], mut see: impl FnMut(&Row<'_>)) -> Result<()> {
    let mut reader = RowReader::over(csv.to_vec(), columns, "generated rows".into());
    while let Some(row) = reader.next_row()? {
        see(&row);
    }
    Ok(())
}

fn write_all(votes: &Votes, out: &mut Vec<u8>) -> ContentSum {
    let mut sum = ContentSum::default();
    for part in votes.parts() {
        sum.merge(votes.push_csv(part, out));
    }
    sum
}

fn client(criterion: &mut Criterion, args: &Args, interrupt: &Interrupt) -> Result<()> {
    // A list needs the names alone.
    let rows = if args.mode == Mode::List { 1 } else { variables::rows(args.mode, ROWS)? };
    let input = Input::new(rows, interrupt)?;
    let mut passes = passes(&input)?;
    passes.retain(|pass| args.wants(&format!("client/{}", pass.slug)));
    if passes.is_empty() {
        return Ok(());
    }
    let fit = FIT.asked(args);
    let once = passes.iter_mut().map(once).collect::<Result<Vec<_>>>()?;
    if args.mode == Mode::Measure {
        say!(
            "client: {} ids, passes over {} rows in memory: about {}",
            passes.len(),
            units::count(rows),
            about(fit.estimate(once.iter().copied()))
        );
    }
    let mut group = criterion.benchmark_group("client");
    group.sampling_mode(SamplingMode::Flat);
    for (mut pass, once) in passes.into_iter().zip(once) {
        if !args.has_measurement_time {
            group.measurement_time(fit.measurement_time(once));
        }
        group.throughput(Throughput::ElementsAndBytes { elements: rows, bytes: pass.bytes });
        group.bench_function(pass.slug, |bencher| {
            bencher.iter(|| or_throw(interrupt.check().map_err(Into::into).and_then(|()| (pass.work)())));
        });
    }
    group.finish();
    Ok(())
}

/// The time of a first pass.
fn once(pass: &mut Pass<'_>) -> Result<Duration> {
    let start = Instant::now();
    (pass.work)()?;
    Ok(start.elapsed())
}
