//! The first bytes of a csv of the user's: a byte order mark and a header to pass over, or the signs
//! of an encoding or of line ends that are not csv's, with the command that mends them.

use std::io::{Chain, Cursor, Read};

use anyhow::Result;

use super::packed::Packer;

/// How much is looked at, in bytes.
const LOOK_BYTES: usize = 1 << 20;
/// Packed formats: first bytes, name, and the filter that unpacks them.
const PACKED: [(&[u8], &str, &str); 5] = [
    // One layer of gzip or zstd is taken off before.
    (b"\x1f\x8b", "gzip", "gzip -dc"),
    (b"PK\x03\x04", "zip", "funzip"),
    (b"\xfd7zXZ\0", "xz", "xz -dc"),
    (b"\x28\xb5\x2f\xfd", "zstd", "zstd -dc"),
    (b"BZh91AY&SY", "bzip2", "bzip2 -dc"),
];
/// U+FEFF in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A file to import, as messages and commands name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// Its path.
    pub name: &'a str,
    /// How it is packed.
    pub packed: Option<Packer>,
}

impl Source<'_> {
    /// The shell's command that makes a new file of this one by `filter`.
    fn through(self, filter: &str) -> String {
        // A name without a NUL byte, as those of files are, can always be quoted.
        let name = shlex::try_quote(self.name).unwrap_or_default();
        match self.packed {
            Some(packer) => format!("{} {name} | {filter} > new.csv", packer.unpack()),
            None => format!("{filter} < {name} > new.csv"),
        }
    }
}

/// A csv whose beginning was looked at.
pub(crate) struct Begun<R> {
    /// The beginning, without a byte order mark.
    pub start: Vec<u8>,
    /// Whether that is all.
    pub whole: bool,
    rest: R,
}

impl<R: Read> Begun<R> {
    /// All of it.
    pub(crate) fn all(self) -> Chain<Cursor<Vec<u8>>, R> {
        Cursor::new(self.start).chain(self.rest)
    }
}

/// Looks at the beginning of `input`, and gives all of it back but a byte order mark.
///
/// # Errors
/// [`crate::fault::Fault::Data`] with what the file is and the command that makes a csv of it; or
/// what reading says.
pub(crate) fn checked<R: Read>(mut input: R, source: Source<'_>) -> Result<Begun<R>> {
    let mut start = Vec::new();
    input.by_ref().take(LOOK_BYTES as u64).read_to_end(&mut start)?;
    let whole = start.len() < LOOK_BYTES;
    if let Some((what, filter)) = wrong(&start) {
        return Err(crate::bad_data!(
            "{} {what}: convert it, by `{}`, and import that",
            source.name,
            source.through(&filter)
        ));
    }
    if start.starts_with(MARK) {
        start.drain(..MARK.len());
    }
    Ok(Begun { start, whole, rest: input })
}

/// The format that the file has instead of csv in UTF-8, and the filter that mends it.
fn wrong(start: &[u8]) -> Option<(String, String)> {
    let iconv = |from: &str| format!("iconv -f {from} -t UTF-8");
    if let Some((_, name, filter)) = PACKED.iter().find(|(magic, ..)| start.starts_with(magic)) {
        return Some((format!("is packed by {name}, as its first bytes say"), (*filter).into()));
    }
    let by_mark = [
        // Before UTF-16's, which is its beginning. With a mark, iconv tells the order by it.
        (&b"\xff\xfe\0\0"[..], "UTF-32"),
        (b"\0\0\xfe\xff", "UTF-32"),
        (b"\xff\xfe", "UTF-16"),
        (b"\xfe\xff", "UTF-16"),
    ];
    if let Some((_, encoding)) = by_mark.into_iter().find(|(mark, _)| start.starts_with(mark)) {
        return Some((format!("is in {encoding}, as its byte order mark says"), iconv(encoding)));
    }
    if let Some(encoding) = unmarked(start) {
        return Some((format!("is in {encoding}, by its zero bytes"), iconv(encoding)));
    }
    let marks = start.chunks(MARK.len()).take_while(|chunk| *chunk == MARK).count();
    if marks > 1 {
        let cut = format!("tail -c +{}", marks * MARK.len() + 1);
        return Some((format!("begins with {marks} byte order marks, and a csv may have one"), cut));
    }
    let lines_end_in_returns = ends(start) == (Ends { feeds: false, returns: true });
    lines_end_in_returns
        .then(|| ("ends its lines with carriage returns alone".into(), "tr '\\r' '\\n'".into()))
}

/// UTF-16 or UTF-32 without a mark: of the csv's own characters every other byte is zero, or three of four.
fn unmarked(start: &[u8]) -> Option<&'static str> {
    let zeros = |first: usize| start.iter().skip(first).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    // A quarter, as text in another script has zeros only around commas and digits.
    let many = |zeros: usize, others: usize| zeros > 1 && zeros > 8 * others && 16 * zeros > start.len();
    // Above U+FFFF there is little: in UTF-32 the byte beside the highest one is all but always zero.
    let zeros_of_four: [usize; 4] =
        std::array::from_fn(|i| start.iter().skip(i).step_by(4).filter(|b| **b == 0).count());
    let all_but_one = |least: usize| {
        let [a, b, c] = std::array::from_fn(|i| zeros_of_four[(least + 1 + i) % 4]);
        start.len() >= 8 && 5 * a.min(b).min(c) > start.len() && 8 * zeros_of_four[least] < start.len() / 4
    };
    match () {
        () if all_but_one(0) => Some("UTF-32LE"),
        () if all_but_one(3) => Some("UTF-32BE"),
        () if many(odd, even) => Some("UTF-16LE"),
        () if many(even, odd) => Some("UTF-16BE"),
        () => None,
    }
}

/// The kinds of line ends seen outside quotes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ends {
    feeds: bool,
    returns: bool,
}

fn ends(start: &[u8]) -> Ends {
    let (mut ends, mut odd) = (Ends::default(), false);
    for at in memchr::memchr3_iter(b'"', b'\n', b'\r', start) {
        match start[at] {
            b'"' => odd = !odd,
            _ if odd => {}
            b'\n' => ends.feeds = true,
            _ => ends.returns = true,
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_at(bytes: &[u8]) -> Result<Vec<u8>, String> {
        let source = Source { name: "votes.csv", packed: None };
        let mut rest = Vec::new();
        match checked(bytes, source) {
            Ok(begun) => begun.all().read_to_end(&mut rest).map(|_| rest).map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn packed(text: &str) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut packer, text.as_bytes()).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn a_csv_passes_whole_but_for_one_mark() {
        let long = "a,b,1\n".repeat(LOOK_BYTES);
        for csv in ["", "a", "a,b,1\r\nc,d,2\r\n", "\"a\rb\",c,1", "żółw,日本,1", "a,b,1\rc,d,2\n", &long]
        {
            assert_eq!(looked_at(csv.as_bytes()).as_deref(), Ok(csv.as_bytes()));
            assert_eq!(looked_at(&[MARK, csv.as_bytes()].concat()).as_deref(), Ok(csv.as_bytes()));
        }
    }

    /// Each command that is given is run, and makes the csv.
    #[test]
    fn what_is_no_csv_is_named_with_a_command_that_mends_it() {
        let csv = "użytkownik,日本語,1\n\"b,\",c,-2\n";
        let le = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let be = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        let wide = |text: &str| text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<u8>>();
        let marked = format!("\u{feff}{csv}");
        let cases = [
            (le(&marked), "UTF-16,"),
            (be(&marked), "UTF-16,"),
            (le(csv), "UTF-16LE"),
            (be(csv), "UTF-16BE"),
            (wide(&marked), "UTF-32,"),
            (wide(csv), "UTF-32LE"),
            (csv.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(), "UTF-32BE"),
            (packed(csv), "packed by gzip"),
            (format!("\u{feff}{marked}").into_bytes(), "2 byte order marks"),
            (format!("\u{feff}\u{feff}{marked}").into_bytes(), "3 byte order marks"),
            (csv.replace('\n', "\r").into_bytes(), "carriage returns alone"),
        ];
        let dir = tempfile::tempdir().unwrap();
        for (bytes, word) in cases {
            let error = looked_at(&bytes).unwrap_err();
            assert!(error.starts_with("votes.csv ") && error.contains(word), "{error}");
            std::fs::write(dir.path().join("votes.csv"), bytes).unwrap();
            let command = error.split('`').nth(1).unwrap();
            let ran = std::process::Command::new("sh").args(["-c", command]).current_dir(dir.path()).status();
            assert!(ran.unwrap().success(), "{command}");
            assert_eq!(std::fs::read_to_string(dir.path().join("new.csv")).unwrap(), csv, "{command}");
        }
    }

    #[test]
    fn commands_name_the_file_as_the_shell_reads_it() {
        let through = |name, packed| Source { name, packed }.through("tr a b");
        assert_eq!(through("/x/my votes' file.csv", None), "tr a b < \"/x/my votes' file.csv\" > new.csv");
        for (packer, program) in [(Packer::Gzip, "gzip"), (Packer::Zstd, "zstd")] {
            let command = format!("{program} -dc votes.csv.x | tr a b > new.csv");
            assert_eq!(through("votes.csv.x", Some(packer)), command);
        }
    }
}
