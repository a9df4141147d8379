//! Findings as records and as reports.

use std::path::Path;

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
        let text = report::findings::terminal(&findings, Look { width, colour: Colour::Off }).unwrap();
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
    let terminal = report::findings::terminal(&findings, look).unwrap();
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
