//! Findings as records and as reports.

use std::path::Path;

use bulkbench::fault::Fault;
use bulkbench::record::findings::{FINDINGS_FILE, Findings};
use bulkbench::record::store;
use bulkbench::report::{self, Colour, Look};

const FIXTURE: &str = "tests/fixtures/findings-1";

#[test]
fn a_record_of_the_first_schema_is_read_and_written_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    Findings::load(Path::new(FIXTURE)).unwrap().write(dir.path()).unwrap();
    let read = |dir: &Path| std::fs::read_to_string(dir.join(FINDINGS_FILE)).unwrap();
    assert_eq!(read(dir.path()), read(Path::new(FIXTURE)), "a change of the schema that is not additive");
}

#[test]
fn the_reports_show_what_happens_and_what_to_do() {
    let findings = Findings::load(Path::new(FIXTURE)).unwrap();
    for width in [80, 120] {
        let text = report::findings::terminal(&findings, Look { width, colour: Colour::Off });
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
    let error = store::load(Path::new(FIXTURE)).unwrap_err();
    assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2));
    assert!(error.to_string().contains("holds findings and no times"), "{error}");
}
