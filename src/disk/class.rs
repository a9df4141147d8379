//! Classes of disks, and how a disk is spelt: `hdd-5400`, or `write=120MB/s,read=120MB/s,iops=90,flush=11ms,seek=9ms`.

use std::fmt::Write;

use anyhow::Result;

use crate::fault::nearest_then;
use crate::model::EmulatedDisk;
use crate::usage;

/// A class of disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Class {
    /// Its name.
    name: &'static str,
    /// What it stands for.
    about: &'static str,
    /// Its figures.
    figures: &'static str,
}

/// All classes, from the slowest to none; docs/disks.md has the source of each figure.
const CLASSES: [Class; 8] = [
    Class {
        name: "hdd-5400",
        about: "a drive of 5400 turns a minute; a flush is a turn",
        figures: "write=100MB/s,read=100MB/s,iops=57,flush=11.1ms,seek=12ms",
    },
    Class {
        name: "hdd-7200",
        about: "a drive of 7200 turns a minute; a flush is a turn",
        figures: "write=175MB/s,read=175MB/s,iops=86,flush=8.33ms,seek=7.4ms",
    },
    Class {
        name: "sata-ssd",
        about: "a solid-state drive on SATA, without protection of its cache",
        figures: "write=530MB/s,read=560MB/s,iops=13000,flush=1.66ms",
    },
    Class {
        name: "nvme-consumer",
        about: "an NVMe drive without protection of its cache",
        figures: "write=3300MB/s,read=3500MB/s,iops=19000,flush=1.66ms",
    },
    Class {
        name: "nvme-enterprise",
        about: "an NVMe drive whose cache outlives a loss of power",
        figures: "write=3300MB/s,read=3500MB/s,iops=19000,flush=30us",
    },
    Class {
        name: "gp3",
        about: "a volume of Amazon EBS, General Purpose gp3, as it comes",
        figures: "write=131MB/s,read=131MB/s,iops=3000,flush=1.8ms",
    },
    Class {
        name: "io2",
        about: "a volume of Amazon EBS, Provisioned IOPS io2 Block Express, with 16 000 of them",
        figures: "write=1000MB/s,read=1000MB/s,iops=16000,flush=500us",
    },
    Class {
        name: NONE,
        about: "the same file system without any delay: what the emulation itself costs",
        figures: "",
    },
];

/// The class that delays nothing.
const NONE: &str = "none";

/// The figures by name.
const FIGURES: [&str; 5] = ["write", "read", "iops", "flush", "seek"];

/// The disk that is spelt so.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] for what is neither a class nor a list of figures.
pub(crate) fn parse(text: &str) -> Result<EmulatedDisk> {
    if let Some(class) = CLASSES.iter().find(|class| class.name == text) {
        let figures =
            if class.figures.is_empty() { EmulatedDisk::default() } else { figures(class.figures)? };
        return Ok(EmulatedDisk { class: Some(class.name.to_owned()), ..figures });
    }
    if !text.contains('=') {
        let names = CLASSES.map(|class| class.name);
        return Err(usage!(
            "there is no class `{text}`{} the classes are {}, and figures are written {EXAMPLE}",
            nearest_then(text, names),
            names.join(", ")
        ));
    }
    figures(text)
}

/// Figures as people write them.
const EXAMPLE: &str = "write=120MB/s,read=120MB/s,iops=90,flush=11ms,seek=9ms";

fn figures(text: &str) -> Result<EmulatedDisk> {
    let mut disk = EmulatedDisk::default();
    let mut named: Vec<&str> = Vec::new();
    for figure in text.split(',') {
        let wrong = |why: &str| usage!("`{figure}` in {text}: {why}; figures are written {EXAMPLE}");
        let Some((name, value)) = figure.trim().split_once('=') else {
            return Err(wrong("a figure has a name and a value"));
        };
        if named.contains(&name) {
            return Err(wrong("it is there twice"));
        }
        named.push(name);
        let rate = || per_second(value).ok_or_else(|| wrong("this is no rate such as 120MB/s"));
        let time = || time_ns(value).ok_or_else(|| wrong("this is no time such as 11ms, 80us or 0.5ms"));
        match name {
            "write" => disk.write_bytes_per_second = Some(rate()?),
            "read" => disk.read_bytes_per_second = Some(rate()?),
            "iops" => {
                let number = value.parse().ok().filter(|number| *number > 0);
                disk.operations_per_second =
                    Some(number.ok_or_else(|| wrong("operations a second are a whole number above 0"))?);
            }
            "flush" => disk.flush_ns = time()?,
            "seek" => disk.seek_ns = time()?,
            other => {
                let hint = nearest_then(other, FIGURES);
                return Err(wrong(&format!("there is no such figure{hint} they are {}", FIGURES.join(", "))));
            }
        }
    }
    Ok(disk)
}

/// The units of rates, in bytes a second.
const RATES: [(&str, u64); 4] = [("GB/s", 1_000_000_000), ("MB/s", 1_000_000), ("kB/s", 1_000), ("B/s", 1)];

/// The units of times, in nanoseconds.
const TIMES: [(&str, u64); 4] = [("ms", 1_000_000), ("us", 1_000), ("ns", 1), ("s", 1_000_000_000)];

fn per_second(text: &str) -> Option<u64> {
    with_unit(text, &RATES).filter(|rate| *rate > 0)
}

/// An hour is longer than any device takes for anything.
fn time_ns(text: &str) -> Option<u64> {
    with_unit(&text.replace('µ', "u"), &TIMES).filter(|ns| *ns <= 3_600_000_000_000)
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, unit) =
        units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?.trim(), *unit)))?;
    let is_plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number: f64 = number.parse().ok().filter(|_| is_plain)?;
    let value = (number * unit as f64).round();
    (value <= 1e18).then_some(value as u64)
}

/// A disk as it is spelt: by its class, else by its figures.
pub(crate) fn spelling(disk: &EmulatedDisk) -> String {
    disk.class.clone().unwrap_or_else(|| figures_of(disk))
}

/// The figures of a disk as they are spelt; nothing for one that delays nothing.
pub(crate) fn figures_of(disk: &EmulatedDisk) -> String {
    let mut text = String::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let comma = if text.is_empty() { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(text, "{comma}{name}={value}");
        }
    };
    add("write", disk.write_bytes_per_second.map(|rate| spelt(rate, &RATES)));
    add("read", disk.read_bytes_per_second.map(|rate| spelt(rate, &RATES)));
    add("iops", disk.operations_per_second.map(|rate| rate.to_string()));
    add("flush", (disk.flush_ns > 0).then(|| time(disk.flush_ns)));
    add("seek", (disk.seek_ns > 0).then(|| time(disk.seek_ns)));
    text
}

/// A number in the largest unit that it is a whole number of.
fn spelt(number: u64, units: &[(&str, u64)]) -> String {
    let fits = units.iter().filter(|(_, unit)| number.is_multiple_of(*unit)).max_by_key(|(_, unit)| *unit);
    fits.map_or_else(|| number.to_string(), |(name, unit)| format!("{}{name}", number / unit))
}

/// A time in milliseconds where it has no more than three places of them.
fn time(ns: u64) -> String {
    match ns.is_multiple_of(1_000) && ns >= 1_000_000 {
        true => format!("{}ms", ns as f64 / 1e6),
        false => spelt(ns, &TIMES[1..3]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_people_write_them_and_spelt_the_same() {
        let disk = parse(EXAMPLE).unwrap();
        let expected = EmulatedDisk {
            class: None,
            write_bytes_per_second: Some(120_000_000),
            read_bytes_per_second: Some(120_000_000),
            operations_per_second: Some(90),
            flush_ns: 11_000_000,
            seek_ns: 9_000_000,
        };
        assert_eq!(disk, expected);
        assert_eq!(spelling(&disk), EXAMPLE);
        for text in
            ["flush=11.125ms", "flush=80us", "flush=1500ms", "read=1500kB/s,iops=7", "write=1B/s", "seek=9ns"]
        {
            assert_eq!(spelling(&parse(text).unwrap()), text);
        }
        assert_eq!(spelling(&parse("flush=0.5 ms,write=1 GB/s").unwrap()), "write=1GB/s,flush=500us");
        assert_eq!(parse("flush=80µs").unwrap(), parse("flush=0.08ms").unwrap());
    }

    #[test]
    fn every_class_is_spelt_by_its_name_and_none_delays_nothing() {
        for class in CLASSES {
            let disk = parse(class.name).unwrap();
            assert_eq!(spelling(&disk), class.name);
            assert_eq!(disk.is_without_delay(), class.name == NONE, "{}", class.name);
            if class.name != NONE {
                let figures = parse(class.figures).unwrap();
                assert_eq!(EmulatedDisk { class: Some(class.name.into()), ..figures }, disk);
            }
        }
        let hdd = parse("hdd-5400").unwrap();
        assert_eq!((hdd.flush_ns, hdd.write_bytes_per_second), (11_100_000, Some(100_000_000)));
    }

    #[test]
    fn the_page_has_every_class_and_its_figures() {
        let page = include_str!("../../docs/disks.md");
        for class in CLASSES {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", class.name)));
            let row = row.unwrap_or_else(|| panic!("docs/disks.md has no row for {}", class.name));
            for figure in class.figures.split(',').filter_map(|figure| figure.split_once('=')) {
                let number: String = figure.1.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
                let written = row.replace(' ', "");
                let is_there = written.contains(&number)
                    // Half a millisecond, thirty microseconds.
                    || time_ns(figure.1).is_some_and(|ns| written.contains(&format!("{}ms", ns as f64 / 1e6)));
                assert!(is_there, "{}: {}={} is not in {row}", class.name, figure.0, figure.1);
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_the_next_step() {
        for (text, words) in [
            ("hdd5400", "did you mean `hdd-5400`?"),
            ("flush=fast", "`flush=fast` in flush=fast: this is no time"),
            ("iops=0", "above 0"),
            ("write=10", "no rate"),
            ("flush=-1ms", "no time"),
            ("sek=9ms", "did you mean `seek`?"),
            ("seek=9ms,seek=8ms", "twice"),
            ("seek=9ms,", "a name and a value"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains(EXAMPLE), "{text}: {error}");
        }
    }
}
