//! The cache as a whole, and encodings against readers of their own.

use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;
use crate::fault::Fault;
use crate::fs::Destination;

const NASTY: &str = "username,link,vote\r\n\"a,\"\"b\"\"\",\"x\ny\",1\r\nb\\c\td,\"\\.\",-1\n\"\",żółw 🐘,-2147483648\n\"\\N\",\"\r\n\",2147483647";

fn imported(cache: &Path, text: &[u8]) -> Result<Dataset> {
    let source = cache.join("source.csv");
    fs::write(&source, text)?;
    Dataset::imported(&cache.join("datasets"), &source, &Interrupt::new())
}

fn read(dataset: &Dataset, encoding: Encoding) -> Vec<u8> {
    fs::read(dataset.file(encoding)).unwrap()
}

#[test]
fn every_encoding_has_the_known_bytes() {
    let cache = tempfile::tempdir().unwrap();
    let mut dataset = imported(cache.path(), NASTY.as_bytes()).unwrap();
    for encoding in Encoding::ALL {
        dataset.ensure(encoding, &Interrupt::new()).unwrap();
    }
    let text = |encoding| String::from_utf8(read(&dataset, encoding)).unwrap();
    assert_eq!(
        text(Encoding::Csv),
        "\"a,\"\"b\"\"\",\"x\ny\",1\nb\\c\td,\"\\.\",-1\n\"\",żółw 🐘,-2147483648\n\\N,\"\r\n\",2147483647\n"
    );
    assert_eq!(
        text(Encoding::Text),
        "a,\"b\"\tx\\ny\t1\nb\\\\c\\td\t\\\\.\t-1\n\tżółw 🐘\t-2147483648\n\\\\N\t\\r\\n\t2147483647\n"
    );
    let binary = read(&dataset, Encoding::Binary);
    assert_eq!(
        &binary[..43],
        b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x03\0\0\0\x05a,\"b\"\0\0\0\x03x\ny\0\0\0\x04\0\0"
    );
    assert_eq!(&binary[binary.len() - 6..], b"\x7f\xff\xff\xff\xff\xff");
    assert_eq!(dataset.facts().files.len(), 3);
}

#[test]
fn a_gzipped_file_and_its_header_make_the_same_rows() {
    use std::io::Write;
    let cache = tempfile::tempdir().unwrap();
    let plain = imported(cache.path(), NASTY.as_bytes()).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(NASTY.split_once('\n').unwrap().1.as_bytes()).unwrap();
    let packed = imported(cache.path(), &gzip.finish().unwrap()).unwrap();
    assert_ne!(packed.name(), plain.name());
    assert_eq!((packed.rows(), packed.content(4).unwrap()), (4, plain.content(4).unwrap()));
    assert_eq!(read(&packed, Encoding::Csv), read(&plain, Encoding::Csv));
    assert_eq!(Dataset::list(&cache.path().join("datasets")).unwrap().len(), 2);
}

#[test]
fn a_bad_import_leaves_nothing() {
    let cache = tempfile::tempdir().unwrap();
    for (text, word) in [
        (&b"ada,t3_1,1\nbob,t3_2,up\n"[..], "line 2, field 3 (score)"),
        (b"", "no rows"),
        (b"\x1f\x8bno", "gzip data is damaged"),
        (b"\xff\xfea\0,\0", "UTF-16"),
    ] {
        let error = format!("{:#}", imported(cache.path(), text).unwrap_err());
        assert!(error.contains(word) && error.contains("source.csv"), "{error}");
    }
    assert!(Dataset::list(&cache.path().join("datasets")).unwrap().is_empty());
    assert!(!cache.path().join("datasets").exists());
}

#[test]
fn an_open_quote_of_a_long_file_is_named_by_its_own_line() {
    let cache = tempfile::tempdir().unwrap();
    let rows = "ada,\"t3\n1\",1\n".repeat(50_000);
    assert!(rows.len() > 2 * blocks::BLOCK_BYTES);
    for rows_before in [0, 1, 20_000, 49_999, 50_000] {
        let (before, after) = rows.split_at(rows_before * (rows.len() / 50_000));
        let line = 2 + 2 * rows_before;
        for (bad, word) in
            [("bob,\"t3_2,1\n", "opens a quote"), ("bob,\"t3_2,1\n\"eve\",t3,2\n", "goes on after")]
        {
            let after = if word == "opens a quote" { after.replace('"', "") } else { after.to_owned() };
            let text = format!("\u{feff}username,link,vote\n{before}{bad}{after}");
            let error = imported(cache.path(), text.as_bytes()).unwrap_err();
            let error = format!("{error:#}");
            assert!(
                error.contains(&format!("line {line}, field 2 (link)")) && error.contains(word),
                "{error}"
            );
        }
    }
}

#[test]
fn chunks_are_whole_rows_and_prefixes_have_their_content() {
    let cache = tempfile::tempdir().unwrap();
    let mut dataset = Dataset::generated(cache.path(), 20_000, 1, &Interrupt::new()).unwrap();
    for encoding in Encoding::ALL {
        dataset.ensure(encoding, &Interrupt::new()).unwrap();
        for (rows, parts) in [(20_000, 1), (20_000, 7), (12_345, 3), (2, 5)] {
            let chunks = dataset.chunks(encoding, rows, parts).unwrap();
            assert_eq!(chunks.len(), parts.min(rows as usize));
            assert_eq!(chunks.iter().map(|chunk| chunk.rows).sum::<u64>(), rows);
            assert!(chunks.windows(2).all(|pair| pair[0].offset + pair[0].bytes == pair[1].offset));
            assert_eq!(chunks[0].offset, encode::header(encoding).len() as u64);
        }
    }
    let chunks = dataset.chunks(Encoding::Csv, 12_345, 3).unwrap();
    let hasher = checksum::RowHasher::new(dataset.columns());
    let mut sum = checksum::ContentSum::default();
    for chunk in chunks {
        let mut reader = dataset.reader_of(chunk).unwrap();
        let mut rows = 0;
        while let Some(row) = reader.next_row().unwrap() {
            sum.add(hasher.hash(&row));
            rows += 1;
        }
        assert_eq!(rows, chunk.rows);
    }
    assert_eq!(dataset.content(12_345).unwrap(), sum.content());
    assert!(dataset.content(20_001).is_err() && dataset.chunks(Encoding::Csv, 0, 1).is_err());
}

#[test]
fn a_changed_file_is_refused_with_both_checksums() {
    let cache = tempfile::tempdir().unwrap();
    let dataset = Dataset::generated(cache.path(), 1_000, 1, &Interrupt::new()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dataset.file(Encoding::Csv)), mode(dataset.dir())), (0o644, 0o755));
    let mut bytes = read(&dataset, Encoding::Csv);
    bytes[0] ^= 1;
    fs::write(dataset.file(Encoding::Csv), bytes).unwrap();
    let mut again = Dataset::generated(cache.path(), 1_000, 1, &Interrupt::new()).unwrap();
    let error = again.ensure(Encoding::Text, &Interrupt::new()).unwrap_err();
    assert!(matches!(Fault::find(&error), Some(Fault::Data(_))));
    let error = error.to_string();
    assert!(
        error.contains("votes.csv")
            && error.contains(
                &store::hash(&read(&dataset, Encoding::Csv)[..], &Interrupt::new()).unwrap().sha256
            )
            && error.contains("remove"),
        "{error}"
    );
    assert!(error.contains(&dataset.facts().files[&Encoding::Csv].sha256), "{error}");
}

#[test]
fn two_makers_at_once_make_one_dataset() {
    let cache = tempfile::tempdir().unwrap();
    let make = || {
        let mut dataset = Dataset::generated(cache.path(), 50_000, 2, &Interrupt::new()).unwrap();
        dataset.ensure(Encoding::Binary, &Interrupt::new()).unwrap();
        dataset.facts().files[&Encoding::Binary].clone()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(make);
        assert_eq!(make(), other.join().unwrap());
    });
}

#[test]
fn an_interrupt_leaves_nothing_half_made() {
    let cache = tempfile::tempdir().unwrap();
    let interrupt = Interrupt::new();
    interrupt.raise(2);
    let error = Dataset::generated(cache.path(), 1_000, 1, &interrupt).unwrap_err();
    assert_eq!(Fault::find(&error), Some(&Fault::Interrupted(2)));
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
}

#[test]
fn an_export_is_the_file() {
    let cache = tempfile::tempdir().unwrap();
    let dataset = Dataset::generated(cache.path(), 1_000, 1, &Interrupt::new()).unwrap();
    let out = cache.path().join("out.csv");
    let export = |encoding| {
        let interrupt = Interrupt::new();
        dataset.export(encoding, Destination::open(&out, &interrupt).unwrap(), &interrupt)
    };
    assert_eq!(export(Encoding::Csv).unwrap(), None);
    assert_eq!(fs::read(&out).unwrap(), read(&dataset, Encoding::Csv));
    assert!(export(Encoding::Binary).is_err(), "not ensured");
    assert_eq!(fs::read(&out).unwrap(), read(&dataset, Encoding::Csv));
}

/// Decodes COPY ... (FORMAT text) by its documentation.
fn decode_text(bytes: &[u8]) -> Vec<Vec<String>> {
    let unescape = |field: &str| {
        field
            .replace("\\\\", "\0")
            .replace("\\t", "\t")
            .replace("\\n", "\n")
            .replace("\\r", "\r")
            .replace('\0', "\\")
    };
    let text = std::str::from_utf8(bytes).unwrap();
    text.split_terminator('\n').map(|line| line.split('\t').map(unescape).collect()).collect()
}

fn decode_binary(mut bytes: &[u8]) -> Vec<Vec<String>> {
    let mut take = |n: usize| bytes.split_off(..n).unwrap();
    take(encode::BINARY_HEADER.len());
    let mut rows = Vec::new();
    loop {
        let fields = i16::from_be_bytes(take(2).try_into().unwrap());
        if fields == -1 {
            return rows;
        }
        let mut row = Vec::new();
        for i in 0..fields {
            let length = i32::from_be_bytes(take(4).try_into().unwrap());
            let value = take(length as usize);
            row.push(match i {
                2 => i32::from_be_bytes(value.try_into().unwrap()).to_string(),
                _ => String::from_utf8(value.to_vec()).unwrap(),
            });
        }
        rows.push(row);
    }
}

fn decode_csv(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn rows_survive_every_encoding(rows in prop::collection::vec(("[a,\"\\\\\n\r\t.Nż]{0,6}", "[^\0]{0,12}", any::<i32>()), 1..40)) {
        let cache = tempfile::tempdir().unwrap();
        let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::NonNumeric).from_writer(Vec::new());
        let rows: Vec<Vec<String>> = rows.into_iter().map(|(a, b, c)| vec![a, b, c.to_string()]).collect();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let mut dataset = imported(cache.path(), &writer.into_inner().unwrap()).unwrap();
        for encoding in Encoding::ALL {
            dataset.ensure(encoding, &Interrupt::new()).unwrap();
        }
        prop_assert_eq!(&decode_csv(&read(&dataset, Encoding::Csv)), &rows);
        prop_assert_eq!(&decode_text(&read(&dataset, Encoding::Text)), &rows);
        prop_assert_eq!(&decode_binary(&read(&dataset, Encoding::Binary)), &rows);
    }
}

#[test]
fn the_size_of_a_dataset_is_known_about_before_it_is_made() {
    let cache = tempfile::tempdir().unwrap();
    let rows = 100_000;
    assert!(Dataset::find_invented(cache.path(), BuiltIn::Votes, rows, 1).unwrap().is_none());
    let mut dataset = Dataset::generated(cache.path(), rows, 1, &Interrupt::new()).unwrap();
    assert_eq!(
        Dataset::find_invented(cache.path(), BuiltIn::Votes, rows, 1).unwrap().unwrap().name(),
        dataset.name()
    );
    for encoding in Encoding::ALL {
        dataset.ensure(encoding, &Interrupt::new()).unwrap();
        let (said, is) =
            (estimated_bytes(BuiltIn::Votes, encoding, rows) as f64, dataset.encodings()[&encoding] as f64);
        assert!((0.9..1.1).contains(&(said / is)), "{encoding:?}: {said} for {is}");
    }
}
