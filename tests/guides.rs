//! The guides `docs/add-*.md`, followed to the letter: what they show is what lies in `docs/examples/` or in
//! the sources, and the commands that they give do what they say.

mod common;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use bulkbench::model::Outcome;
use bulkbench::model::findings::{Findings, Verdict};
use bulkbench::record::{self, Document};

const GUIDES: [&str; 4] = ["add-a-caveat.md", "add-a-loader.md", "add-a-method.md", "add-an-experiment.md"];

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text of every file in a directory and below.
fn texts(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { texts(&path) } else { vec![text(&path)] }).collect()
}

/// The fenced blocks of a page, each with its language.
fn blocks(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap())
}

/// The commands that a page tells to run: lines of the program's that stand in.
fn commands(page: &str) -> impl Iterator<Item = &str> {
    page.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| line.starts_with("bulkbench "))
}

#[test]
fn every_block_of_a_guide_is_a_part_of_a_file_and_every_example_is_shown() {
    let examples = texts(&root("docs/examples"));
    let methods = texts(&root("src/method"));
    let mut shown = String::new();
    for guide in GUIDES {
        let page = text(&root("docs").join(guide));
        for (language, block) in blocks(&page) {
            let files = if language == "rust" { &methods } else { &examples };
            assert!(
                files.iter().any(|file| file.contains(block)),
                "{guide} shows what is in no file:\n{block}"
            );
        }
        shown.push_str(&page);
    }
    for entry in std::fs::read_dir(root("docs/examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(shown.contains(&name), "no guide speaks of docs/examples/{name}");
    }
}

/// A directory with the examples, in which commands run.
fn with_examples() -> tempfile::TempDir {
    let dir = common::world_readable_tempdir();
    for entry in std::fs::read_dir(root("docs/examples")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    dir
}

/// Runs a command of a guide with these words behind it; gives its standard output.
fn follow(dir: &Path, command: &str, more: &[&str]) -> String {
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("bulkbench"));
    let mut program = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
    program.env("BULKBENCH_CACHE", dir.join("cache")).env("NO_COLOR", "1").current_dir(dir);
    let done = program.args(words).args(more).assert().success();
    String::from_utf8(done.get_output().stdout.clone()).unwrap()
}

#[test]
fn the_commands_of_the_guides_do_what_they_say() {
    let mut followed = Vec::new();
    for guide in GUIDES {
        let page = text(&root("docs").join(guide));
        for command in commands(&page) {
            let dir = with_examples();
            let more: &[&str] = match command {
                _ if !command.starts_with("bulkbench run") => &[],
                _ if command.contains("--caveat") => &["--server", "local", "--out", "out"],
                _ => &["--rows=1000", "--rounds=1", "--budget=1", "--server=local", "--out=out"],
            };
            let said = follow(dir.path(), command, more);
            followed.push(command.to_owned());
            if !command.starts_with("bulkbench run") {
                assert!(said.contains("psql-parallel"), "{command}: {said}");
                continue;
            }
            let result = std::fs::read_dir(dir.path().join("out")).unwrap().next().unwrap().unwrap().path();
            if command.contains("--caveat") {
                let findings = Findings::load(&result).unwrap();
                let ids: Vec<&str> = findings.caveats.iter().map(|caveat| caveat.id.as_str()).collect();
                assert_eq!(ids, ["apostrophes"]);
                let repeat = "--caveat '{file of the caveat apostrophes}'";
                assert!(findings.provenance.command.contains(repeat), "{}", findings.provenance.command);
                continue;
            }
            let (run, samples) = record::load(&result).unwrap();
            assert!(samples.iter().all(|sample| sample.outcome == Outcome::Ok), "{command}: {samples:?}");
            assert!(run.plan.cases.len() > 2, "{command}");
        }
    }
    assert_eq!(
        followed,
        [
            "bulkbench run caveats --caveat apostrophes.toml",
            "bulkbench run votes --loader psql-parallel.toml --methods copy-parallel",
            "bulkbench list external --loader psql-parallel.toml",
            "bulkbench run batch-and-wire.toml",
        ]
    );
}

#[test]
fn a_caveat_of_a_file_is_tried_by_every_way_and_the_loaders_of_the_guide() {
    let dir = with_examples();
    let mine = "id = 'mine'\ntitle = 'Mine'\nquestion = 'q'\ncaveats = ['apostrophes.toml', 'not-null']\n";
    std::fs::create_dir(dir.path().join("sub")).unwrap();
    std::fs::write(dir.path().join("mine.toml"), mine).unwrap();
    let loaders = ["--loader", "../good-rows.toml", "--loader", "../fed-by-script.toml"];
    let more = ["--server", "local", "--out", "out"];
    follow(&dir.path().join("sub"), "bulkbench run ../mine.toml", &[&loaders[..], &more].concat());
    let out = dir.path().join("sub/out");
    let result = std::fs::read_dir(out).unwrap().next().unwrap().unwrap().path();
    let findings = Findings::load(&result).unwrap();
    let ids: Vec<&str> = findings.caveats.iter().map(|caveat| caveat.id.as_str()).collect();
    assert_eq!((ids, findings.pending), (vec!["apostrophes", "not-null"], vec![]));
    let kept = text(&result.join("findings.json"));
    assert!(!kept.contains(dir.path().to_str().unwrap()), "a record holds no path of the machine");

    let found = |way: &str| findings.caveats[0].findings.iter().find(|finding| finding.way == way).unwrap();
    for (way, verdict) in [
        ("copy-csv", Verdict::Refused),
        ("copy-text", Verdict::Refused),
        ("copy-csv-server-file", Verdict::Refused),
        ("insert-row", Verdict::Refused),
        ("staging-cast", Verdict::AsMeant),
    ] {
        assert_eq!(found(way).verdict, verdict, "{way}: {:?}", found(way));
    }
    assert_eq!(found("copy-csv").expected, Some(Verdict::Refused));
    if !common::psql() {
        return;
    }
    let (good, fed) = (found("good-rows"), found("fed-by-script"));
    assert_eq!((good.verdict, good.rejected, good.rows_found), (Verdict::GoodRows, Some(2), Some(1)));
    assert_eq!(fed.verdict, Verdict::NotFed);
    let why = "line 1, column amount: no integer is made of '1'203'327'";
    assert_eq!(fed.unavailable.as_deref(), Some(why));
}
