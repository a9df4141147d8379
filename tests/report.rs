//! Reports of a made-up run: the figures in them, and that each format shows all rows.

mod support;

use std::path::{Path, PathBuf};

use bulkbench::record::store::Store;
use bulkbench::record::{Run, Sample};
use bulkbench::report::{self, Colour, Look};

fn stored(name: &str, run: &Run, samples: &[Sample]) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    let mut store = Store::create(&dir, run).unwrap();
    samples.iter().for_each(|s| store.append(s).unwrap());
    dir
}

fn plain(width: u16) -> Look {
    Look { width, colour: Colour::Off }
}

#[test]
fn the_terminal_shows_every_case_at_every_width() {
    let (run, samples) = support::votes(5, 1.0);
    for width in [80, 100, 120] {
        let text = report::terminal_table(&run, &samples, plain(width));
        for line in text.lines() {
            assert!(line.chars().count() <= width.into(), "wider than {width}: {line}");
        }
        insta::assert_snapshot!(format!("terminal-{width}"), text);
    }
}

#[test]
fn all_files_are_made_and_hold_the_figures() {
    let (run, samples) = support::votes(5, 1.0);
    let dir = stored("report-votes", &run, &samples);
    let files = report::write_all(&dir).unwrap();
    let names: Vec<String> =
        files.iter().map(|f| f.strip_prefix(&dir).unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(
        names,
        [
            "report.md",
            "results.csv",
            "charts/total.svg",
            "charts/total.png",
            "charts/rate.svg",
            "charts/rate.png",
            "report.html"
        ]
    );
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    insta::assert_snapshot!("report.md", read("report.md"));
    insta::assert_snapshot!("results.csv", read("results.csv"));
    assert_eq!(&std::fs::read(dir.join("charts/total.png")).unwrap()[..8], b"\x89PNG\r\n\x1a\n");

    // The same records make the same files, to the byte.
    let first: Vec<Vec<u8>> = files.iter().map(|f| std::fs::read(f).unwrap()).collect();
    report::write_all(&dir).unwrap();
    let second: Vec<Vec<u8>> = files.iter().map(|f| std::fs::read(f).unwrap()).collect();
    assert!(first == second);
}
#[test]
fn look_quick() {
    let (run, samples) = support::votes(2, 1.0);
    let dir = stored("report-quick", &run, &samples);
    report::write_all(&dir).unwrap();
    let (a, sa) = support::votes(5, 1.0);
    let (mut b, sb) = support::votes(5, 0.6);
    b.machine.cpu = "Faster CPU".into();
    b.machine.cores = 8;
    b.label = "big machine".into();
    b.server.settings.insert("wal_level".into(), "minimal".into());
    let da = stored("cmp-a", &a, &sa);
    let db = stored("cmp-b", &b, &sb);
    let c = report::compare(&[da, db]).unwrap();
    c.write(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("cmp")).unwrap();
    println!("{}", c.terminal(plain(100)).unwrap());
}
