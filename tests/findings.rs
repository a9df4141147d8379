//! Findings as records and as reports.

use std::path::{Path, PathBuf};

use bulkbench::fault::Fault;
use bulkbench::model::findings::{Difference, Finding, Findings, LoadError, Verdict};
use bulkbench::record::{self, Document};
use bulkbench::report::{self, Colour, Look};

const FIXTURE: &str = "tests/fixtures/findings-1";
const NEWEST: &str = "tests/fixtures/findings-2";

#[test]
fn records_of_both_schemas_hold_the_same_and_the_newest_is_written() {
    let read = |dir: &Path| std::fs::read_to_string(dir.join(Findings::FILE)).unwrap();
    let first = Findings::load(Path::new(FIXTURE)).unwrap();
    assert!(Findings::load(Path::new(NEWEST)).unwrap() == first, "the same in both");
    let dir = tempfile::tempdir().unwrap();
    first.write(dir.path()).unwrap();
    assert!(read(dir.path()) == read(Path::new(NEWEST)), "a change of the newest schema");
}

#[test]
fn the_reports_show_what_happens_and_what_to_do() {
    let findings = Findings::load(Path::new(FIXTURE)).unwrap();
    for width in [80, 120] {
        let text =
            report::findings::terminal(&findings, Path::new("DIR"), Look { width, colour: Colour::Off })
                .unwrap();
        for line in text.lines() {
            assert!(line.chars().count() <= width.into(), "wider than {width}: {line}");
        }
        if width == 120 {
            insta::assert_snapshot!("findings-terminal", text);
        }
    }
    let dir = tempfile::tempdir().unwrap();
    findings.write(dir.path()).unwrap();
    let files = report::findings::write_all(dir.path()).unwrap();
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["report.md", "findings.csv", "report.html"]);
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    insta::assert_snapshot!("findings-report.md", read("report.md"));
    let all: usize = findings.caveats.iter().map(|caveat| caveat.findings.len()).sum();
    assert_eq!(csv::Reader::from_reader(read("findings.csv").as_bytes()).records().count(), all);
    let page = read("report.html");
    for words in ["silent damage", "22P04", "C:&lt;TAB&gt;emp", "HEADER MATCH", "not testable here"] {
        assert!(page.contains(words), "{words}");
    }
}

/// The results in this repository of experiments without times.
fn published() -> Vec<PathBuf> {
    let dirs = std::fs::read_dir("results").unwrap().map(|entry| entry.unwrap().path());
    let dirs: Vec<PathBuf> = dirs.filter(|dir| record::has_findings(dir)).collect();
    assert!(!dirs.is_empty(), "no findings in results");
    dirs
}

#[test]
fn a_report_begins_with_one_screen() {
    for dir in published() {
        let report = std::fs::read_to_string(dir.join("report.md")).unwrap();
        let (short, long) =
            report.split_once("\n## Caveat by method\n").expect("the long one has its heading");
        assert!(long.lines().count() > 1000, "all of it is there");
        assert!(short.lines().count() <= 25, "{}: {} lines", dir.display(), short.lines().count());
        let table: Vec<&str> = short.lines().filter(|line| line.starts_with('|')).collect();
        assert!(table[0].starts_with("| method               | silent damage |"), "{}", table[0]);
        assert!(table.iter().all(|line| line.len() <= 80), "wider than a screen: {table:#?}");

        let findings = Findings::load(&dir).unwrap();
        let plain = || findings.caveats.iter().flat_map(|c| &c.findings).filter(|f| f.remedy.is_none());
        let silent =
            |f: &&Finding| f.verdict == Verdict::Damaged && f.error.is_none() && f.rejected.unwrap_or(0) == 0;
        let numbers = |line: &str| -> Vec<usize> {
            line.replace('*', "").split('|').filter_map(|cell| cell.trim().parse().ok()).collect()
        };
        let rows: Vec<Vec<usize>> = table[2..].iter().map(|line| numbers(line)).collect();
        let (all, ways) = rows.split_last().unwrap();
        assert_eq!(all[0], plain().filter(silent).count());
        assert_eq!(all.iter().sum::<usize>(), plain().filter(|f| f.verdict.is_outcome()).count());
        for (column, sum) in all.iter().enumerate() {
            assert_eq!(ways.iter().map(|row| row[column]).sum::<usize>(), *sum, "{table:#?}");
        }
        let several = &ways[..ways.len() - 1];
        assert!(several.is_sorted_by(|a, b| a[0] >= b[0]), "most silent damage first: {table:#?}");

        let look = Look { width: 80, colour: Colour::Off };
        let terminal = report::findings::terminal(&findings, &dir, look).unwrap();
        assert!(terminal.lines().count() <= 25, "{terminal}");
        let place = format!("\n{}/report.html (or report.md)\n", dir.display());
        assert!(terminal.ends_with(&place), "{terminal}");
    }
}

#[test]
fn a_few_caveats_are_shown_as_a_whole() {
    let mut findings = Findings::load(Path::new(FIXTURE)).unwrap();
    findings.caveats.truncate(1);
    let look = Look { width: 120, colour: Colour::Off };
    let terminal = report::findings::terminal(&findings, Path::new("DIR"), look).unwrap();
    assert!(terminal.contains("silent damage by copy-header: ('Anna', 'Paris') became"), "{terminal}");
    let dir = tempfile::tempdir().unwrap();
    findings.write(dir.path()).unwrap();
    report::findings::write_all(dir.path()).unwrap();
    let report = std::fs::read_to_string(dir.path().join("report.md")).unwrap();
    assert!(!report.contains("## In short") && report.contains("## Caveat by method"), "{report}");
}

#[test]
fn findings_are_not_taken_for_times() {
    let error = record::load(Path::new(FIXTURE)).unwrap_err();
    assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2));
    assert!(error.to_string().contains("holds findings and no times"), "{error}");
}

#[test]
fn what_cannot_be_seen_has_a_name_in_every_report() {
    let mut findings = Findings::load(Path::new(FIXTURE)).unwrap();
    // Plain ways, whose rows and errors all outputs show.
    let plain = |finding: &&mut Finding| finding.remedy.is_none() && finding.verdict == Verdict::Damaged;
    let finding = findings.caveats.iter_mut().flat_map(|c| &mut c.findings).find(plain).unwrap();
    let row = |text: &str| Some(vec![Some("1".to_owned()), Some(text.to_owned())]);
    finding.difference = Some(Difference {
        missing: 1,
        extra: 1,
        meant: row("one two"),
        found: row("\u{feff}one\u{a0}two\u{200b}\u{202e}"),
        not_utf8: Vec::new(),
    });
    let message = "invalid input syntax for type integer: \"\u{2066}\u{ad}\u{fe0f}\u{e0041}\u{1}\"";
    finding.error = Some(LoadError { message: message.into(), ..LoadError::default() });

    let dir = tempfile::tempdir().unwrap();
    findings.write(dir.path()).unwrap();
    report::findings::write_all(dir.path()).unwrap();
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let look = Look { width: 120, colour: Colour::Off };
    findings
        .caveats
        .retain(|c| c.findings.iter().any(|f| f.error.as_ref().is_some_and(|e| e.message == message)));
    let terminal = report::findings::terminal(&findings, dir.path(), look).unwrap();
    // Its lines end where there is room no more.
    let terminal = terminal.split_whitespace().collect::<Vec<_>>().join(" ");
    for (output, text) in [
        ("terminal", terminal),
        ("Markdown", read("report.md").replace("&lt;", "<")),
        ("HTML", read("report.html").replace("&lt;", "<").replace("&gt;", ">").replace("&#x27;", "'")),
        ("CSV", read("findings.csv")),
    ] {
        let shown = "'<ZERO WIDTH NO-BREAK SPACE U+FEFF>one<NO-BREAK SPACE U+00A0>two<ZERO WIDTH SPACE \
                     U+200B><RIGHT-TO-LEFT OVERRIDE U+202E>'";
        assert!(text.contains(shown), "{output}: {text}");
        let named = "<LEFT-TO-RIGHT ISOLATE U+2066><SOFT HYPHEN U+00AD><VARIATION SELECTOR-16 U+FE0F><TAG LATIN \
                    CAPITAL LETTER A U+E0041><SOH>";
        assert!(text.contains(named), "{output}: {text}");
        // HTML keeps figures and their units together by spaces that do not break.
        assert!(!text.contains("one\u{a0}"), "{output}");
        assert!(!text.contains(['\u{feff}', '\u{200b}', '\u{202e}', '\u{2066}', '\u{1}']), "{output}");
    }
    // The record keeps them as they are.
    assert!(read(Findings::FILE).contains("\u{feff}one"));
}
