//! Published claims held against runs: the ledger's verdicts on known values, its forms, its pages, and what
//! `run --claim` runs.

mod common;
mod support;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use bulkbench::analysis::claims::{ClaimVerdict, Content, Entry, Ledger, Record, TestResult, ledger};
use bulkbench::claim;
use bulkbench::model::findings::{Finding, Findings, Verdict};
use bulkbench::model::{Crash, CrashKind, CrashPlan, Moment, Outcome, Role, Run, Sample, Slot, Source};
use bulkbench::record::{self, Document, Store};
use bulkbench::report::claims::{load, pages, records_in};
use bulkbench::report::write_all;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn of_run(run: Run, samples: Vec<Sample>) -> Record {
    Record { name: "made-up".into(), content: Content::Run(Box::new(run), samples) }
}

/// The results of a claim, over all of its tests.
fn results(ledger: &Ledger, id: &str) -> Vec<TestResult> {
    let entries = ledger.entries.iter().filter(|entry| entry.claim.id == id);
    entries.flat_map(|entry| entry.results.clone()).collect()
}

fn verdict_of(ledger: &Ledger, id: &str) -> ClaimVerdict {
    let results = results(ledger, id);
    assert_eq!(results.len(), 1, "{id}: {results:?}");
    results[0].verdict.clone()
}

#[test]
fn a_run_decides_what_its_samples_show_and_nothing_else() {
    let (run, samples) = support::votes(5, 1.0);
    let records = [of_run(run, samples)];
    let ledger = ledger(claim::sources(), &records);
    // 1.98x was published of what is 1.17x here.
    assert_eq!(verdict_of(&ledger, "A4"), ClaimVerdict::Weaker);
    // 0.98x of what is 0.998x: no faster.
    assert_eq!(verdict_of(&ledger, "A2"), ClaimVerdict::Reproduced);
    // Loading takes less than building the indexes.
    assert_eq!(verdict_of(&ledger, "A12"), ClaimVerdict::Reproduced);
    // One of its samples gave up: four are too few.
    assert!(verdict_of(&ledger, "A5").reason().unwrap().contains("too few rounds"));
    // Nothing of backends was read.
    assert!(verdict_of(&ledger, "A6").reason().unwrap().contains("backend_cpu_ns"));
    // The parallel load failed, and its reason is told.
    let parallel = results(&ledger, "A10");
    assert!(matches!(&parallel[0].verdict, ClaimVerdict::NotTestable(why) if why.contains("No space left")));
    // No case of these is in the run.
    assert!(results(&ledger, "A9").is_empty() && results(&ledger, "C3").is_empty());
    let shown = &results(&ledger, "A4")[0];
    let ratio = shown.measured.unwrap();
    assert!((ratio.point - 10.72 / 9.2).abs() < 0.02, "{ratio:?}");
    assert!(shown.place.contains("PostgreSQL"), "{}", shown.place);
    assert_eq!(shown.experiment, "votes");
    assert!(shown.repeat.starts_with("bulkbench run votes --claim A4"), "{}", shown.repeat);
}

#[test]
fn three_rounds_are_no_verdict_and_are_repeated_with_more() {
    let (mut run, samples) = support::votes(3, 1.0);
    run.provenance.command = "bulkbench run votes --rows 1000 --rounds 3 --methods a,b --server local".into();
    let records = [of_run(run, samples)];
    let ledger = ledger(claim::sources(), &records);
    let result = &results(&ledger, "A4")[0];
    assert!(result.verdict.reason().unwrap().contains("too few rounds"));
    assert!(result.measured.unwrap().interval.is_none());
    assert_eq!(result.repeat, "bulkbench run votes --claim A4 --rows 1000 --server local");
    assert!(ledger.tally().alike.is_empty(), "{:?}", ledger.tally());
}

#[test]
fn a_slower_one_is_the_reverse_of_faster() {
    let (run, mut samples) = support::votes(5, 1.0);
    for sample in samples.iter_mut().filter(|sample| sample.case == "copy-unlogged") {
        sample.total_ns = sample.total_ns.map(|ns| ns * 3);
    }
    let records = [of_run(run, samples)];
    assert_eq!(verdict_of(&ledger(claim::sources(), &records), "A4"), ClaimVerdict::Reversed);
}

#[test]
fn what_a_crash_left_is_as_published_or_is_not() {
    let crashed = |unlogged_rows: u64, kind: CrashKind| {
        let cases = vec![
            support::case("copy-csv", Role::Baseline, 100),
            support::case("copy-csv control", Role::Control, 100),
            support::case("copy-unlogged", Role::Case, 100),
        ];
        let crash = |there| Crash {
            phase: None,
            confirmed: 100,
            confirmed_there: there,
            others_there: 0,
            foreign: Some(0),
            lost_ns: None,
            hung: false,
            damage: None,
            recovery_ns: 1,
        };
        let sample = |case: usize, there| Sample {
            slot: Slot::Crash(Moment::End),
            outcome: Outcome::Ok,
            total_ns: None,
            crash: Some(crash(there)),
            ..support::sample(&cases[case], 1, &[])
        };
        let samples = vec![sample(0, 100), sample(2, unlogged_rows)];
        let mut run = support::run(cases.clone(), 1);
        run.plan.crash = Some(CrashPlan { kind, rows: 100, order: Vec::new() });
        let records = [of_run(run, samples)];
        let ledger = ledger(claim::sources(), &records);
        results(&ledger, "A7").into_iter().map(|result| (result.verdict, result.found)).collect::<Vec<_>>()
    };
    let found = |verdict, words: &str| (verdict, Some(words.to_owned()));
    let logged = found(ClaimVerdict::Reproduced, "every row");
    assert_eq!(crashed(0, CrashKind::Kill), [found(ClaimVerdict::Reproduced, "no row"), logged.clone()]);
    assert_eq!(crashed(3, CrashKind::Kill), [found(ClaimVerdict::NotReproduced, "3 of 100 rows"), logged]);
    let [unlogged, logged] = ["no row, after a loss of power", "every row, after a loss of power"]
        .map(|words| found(ClaimVerdict::Reproduced, words));
    assert_eq!(crashed(0, CrashKind::Power), [unlogged, logged]);
}

#[test]
fn a_verdict_is_repeated_in_the_experiment_of_its_run_where_that_tests_it() {
    let repeated = |experiment: &str| {
        let (mut run, samples) = support::votes(5, 1.0);
        run.plan.experiment = experiment.into();
        run.provenance.command = format!(
            "bulkbench run {experiment} --rows 1000 --rounds 5 --crash=power --crash-rows 10 --disk hdd-5400"
        );
        let records = [of_run(run, samples)];
        results(&ledger(claim::sources(), &records), "A4")[0].repeat.clone()
    };
    let like = "--claim A4 --rows 1000 --rounds 5 --disk hdd-5400";
    assert_eq!(repeated("article"), format!("bulkbench run article {like}"));
    assert_eq!(repeated("disks"), format!("bulkbench run votes {like}"));
}

#[test]
fn behaviour_is_judged_by_findings() {
    let mut findings = Findings::load(&root().join("tests/fixtures/findings-2")).unwrap();
    let like = findings.caveats[0].findings[0].clone();
    let copy = |verdict, unavailable: Option<&str>| Finding {
        way: "copy-csv".into(),
        verdict,
        unavailable: unavailable.map(String::from),
        ..like.clone()
    };
    findings.caveats[0].id = "thousands-separators".into();
    let mut judged = |finding| {
        findings.caveats[0].findings = vec![finding];
        let content = Content::Findings(Box::new(findings.clone()));
        let records = [Record { name: "found".into(), content }];
        verdict_of(&ledger(claim::sources(), &records), "C8")
    };
    assert_eq!(judged(copy(Verdict::Refused, None)), ClaimVerdict::Reproduced);
    assert_eq!(judged(copy(Verdict::Damaged, None)), ClaimVerdict::NotReproduced);
    assert_eq!(
        judged(copy(Verdict::Unavailable, Some("it needs 17"))),
        ClaimVerdict::NotTestable("it needs 17".into())
    );
}

#[test]
fn the_pages_of_the_sources_are_up_to_date() {
    let records = load(&records_in(&root().join("results")).unwrap()).unwrap();
    let made = pages(claim::sources(), &records);
    assert_eq!(made.len(), 6);
    for (name, text) in made {
        let path = root().join("docs/claims").join(&name);
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == text, "docs/claims/{name} is not up to date: bulkbench claims --out docs/claims");
    }
}

#[test]
fn a_file_gets_what_became_of_the_claims_by_source() {
    let place = tempfile::tempdir().unwrap();
    // Some runs are enough, and others take a while to read.
    let results = place.path().join("results");
    std::fs::create_dir(&results).unwrap();
    for run in some_runs() {
        std::os::unix::fs::symlink(&run, results.join(run.file_name().unwrap())).unwrap();
    }
    let file = place.path().join("README.md");
    std::fs::write(&file, "# T\n<!-- bulkbench:claims -->\n<!-- /bulkbench:claims -->\nend\n").unwrap();
    let splice = |more: &[&str]| {
        let args = ["claims", "--splice", file.to_str().unwrap()];
        bulkbench(&[&args, more].concat(), place.path())
    };
    let (ok, _, error) = splice(&["--check"]);
    assert!(!ok && error.contains("bulkbench:claims is out of date"), "{error}");
    let (ok, _, error) = splice(&[]);
    assert!(ok, "{error}");
    assert!(splice(&["--check"]).0);

    let text = std::fs::read_to_string(&file).unwrap();
    let numbers = |title: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("| {title} ")));
        let line = line.unwrap_or_else(|| panic!("no {title}: {text}"));
        line.split('|').skip(2).filter_map(|cell| cell.trim().parse().ok()).collect::<Vec<usize>>()
    };
    let mut all = vec![0; 8];
    for source in claim::sources() {
        let of_source = numbers(&format!("{}: {}", source.id, source.title));
        assert_eq!(of_source[0], source.claims.len(), "{}", source.id);
        assert_eq!(of_source[1..].iter().sum::<usize>(), of_source[0], "{}: {of_source:?}", source.id);
        all.iter_mut().zip(of_source).for_each(|(all, n)| *all += n);
        let page = format!("docs/claims/{}.md", source.id.to_lowercase());
        assert!(text.contains(&format!("[{}]({page})", source.id)), "{text}");
        assert!(root().join(page).exists());
    }
    assert_eq!(numbers("all"), all);
    let records = load(&records_in(&results).unwrap()).unwrap();
    assert_eq!(records.len(), some_runs().len());
    let tally = ledger(claim::sources(), &records).tally();
    let of = |words| tally.alike.get(words).copied().unwrap_or_default();
    assert_eq!(all[1..5], ["reproduced", "weaker", "not reproduced", "reversed"].map(of));
    assert_eq!(all[5..], [tally.mixed, tally.open, tally.untestable]);
    assert!(text.ends_with(
        "(Put here by `bulkbench claims --splice README.md`.)\n<!-- /bulkbench:claims -->\nend\n"
    ));
    assert!(text.lines().count() < 25, "{text}");
}

/// What the report of a run says of claims, where it does.
fn published_elsewhere((run, samples): &(Run, Vec<Sample>)) -> Option<String> {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("run");
    let mut store = Store::create(&dir, run).unwrap();
    samples.iter().for_each(|sample| store.append(sample).unwrap());
    write_all(&dir).unwrap();
    let report = std::fs::read_to_string(dir.join("report.md")).unwrap();
    let (_, section) = report.split_once("## What was published elsewhere\n")?;
    let (section, _) = section.split_once("\n## ").unwrap();
    Some(section.to_owned())
}

#[test]
fn a_report_says_which_claims_its_run_decides() {
    let section = published_elsewhere(&support::votes(5, 1.0)).unwrap();
    let unlogged = section.lines().find(|line| line.starts_with("| `A4` ")).unwrap();
    assert!(unlogged.contains(" 1.98x |") && unlogged.contains(" weaker "), "{unlogged}");
    assert!(
        section.contains("bulkbench claims --source") && section.contains("docs/claims/a.md"),
        "{section}"
    );
    // One sample of what A5 asks about gave up, and four are too few.
    assert!(
        section.contains("Left open by this run, in whole or in part: A5, A6, A8, A10, C1, E6."),
        "{section}"
    );
    // Nothing is decided by two rounds.
    assert_eq!(published_elsewhere(&support::votes(2, 1.0)), None);
}

#[test]
fn a_verdict_says_on_which_server_of_its_run_it_was_taken() {
    let published = support::published::versions();
    let records = load(std::slice::from_ref(&published)).unwrap();
    let ledger = ledger(claim::sources(), &records);
    let on = |id: &str| -> Vec<String> {
        results(&ledger, id).iter().map(|result| result.server_name().unwrap().to_owned()).collect()
    };
    assert_eq!(on("A12"), ["15.5", "16.2"]);
    assert_eq!(on("E5"), ["16.2 against 15.5"]);
    // What one of them leaves open is shown beside what the other decides.
    let entries = ledger.entries.iter().filter(|entry| entry.claim.id == "A10");
    let shown: Vec<(Option<&str>, &str)> =
        entries.flat_map(Entry::shown).map(|result| (result.server_name(), result.verdict.words())).collect();
    assert_eq!(shown, [(Some("15.5"), "undecided"), (Some("16.2"), "reversed")]);

    let section = published_elsewhere(&record::load(&published).unwrap()).unwrap();
    let lines = |id: &str| -> Vec<String> {
        let lines = section.lines().filter(|line| line.starts_with(&format!("| `{id}` ")));
        lines.map(|line| line.trim_end_matches('|').rsplit('|').next().unwrap().trim().to_owned()).collect()
    };
    assert_eq!(lines("A12"), ["15.5", "16.2"], "{section}");
    assert_eq!(lines("E5"), ["16.2 against 15.5"], "{section}");
    assert!(section.contains("Left open by this run, in whole or in part: A10, "), "{section}");
}

#[test]
fn a_claim_of_which_a_part_has_no_verdict_is_counted_as_such() {
    let (run, samples) = support::votes(5, 1.0);
    let records = [of_run(run, samples)];
    let counted = |id: &str| {
        let sources = claim::sources().iter().map(|source| {
            let claims = source.claims.iter().filter(|claim| claim.id == id).cloned().collect();
            claim::Source { claims, ..source.clone() }
        });
        let sources: Vec<claim::Source> = sources.collect();
        let tally = ledger(&sources, &records).tally();
        (tally.claims, tally.alike.values().sum::<usize>(), tally.in_part)
    };
    assert_eq!(counted("A4"), (1, 1, 0));
    // An UNLOGGED table is tried, and the program is not.
    assert_eq!(counted("F1"), (1, 1, 1));
}

#[test]
fn a_place_is_that_of_the_server_and_not_of_its_client() {
    let place = |change: fn(&mut Run)| {
        let (mut run, samples) = support::votes(5, 1.0);
        change(&mut run);
        let records = [of_run(run, samples)];
        let found = results(&ledger(claim::sources(), &records), "A4");
        assert_eq!(found[0].server_name(), None);
        found[0].place.clone()
    };
    let machine = "Example CPU @ 2.40GHz, 2 cores, PostgreSQL 15.18";
    assert_eq!(place(|_| {}), format!("{machine}, ext4"));
    assert_eq!(
        place(|run| run.server.source = Source::Container),
        format!("{machine}, in a container, ext4")
    );
    assert_eq!(
        place(|run| run.server.source = Source::External),
        format!("client on {machine}, a server of the user's")
    );
    assert_eq!(
        place(|run| run.provenance.tool.profile = "debug".into()),
        format!("{machine}, ext4, debug build")
    );
}

/// Published runs and findings, by which many claims are decided.
fn some_runs() -> Vec<PathBuf> {
    const NAMES: [&str; 4] = ["votes", "insert-family", "caveats", "postgresql-18-caveats"];
    let is_one =
        |dir: &PathBuf| NAMES.iter().any(|name| dir.to_string_lossy().ends_with(&format!("vm-{name}")));
    records_in(&root().join("results")).unwrap().into_iter().filter(is_one).collect()
}

fn bulkbench(args: &[&str], dir: &Path) -> (bool, String, String) {
    let mut command = Command::cargo_bin("bulkbench").unwrap();
    let output = command.current_dir(dir).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn without_runs_the_ledger_says_what_would_test_each_claim() {
    let dir = tempfile::tempdir().unwrap();
    let (ok, all, error) = bulkbench(&["claims"], dir.path());
    assert!(ok, "{error}");
    for words in ["77 claims:", "A4", "1.98x", "not run", "not testable here", "votes"] {
        assert!(all.contains(words), "{words}: {all}");
    }
    assert!(all.lines().all(|line| line.chars().count() <= 120), "{all}");
    let (_, one, _) = bulkbench(&["claims", "--source", "a21", "--source", "A8"], dir.path());
    for words in
        ["2 claims:", "invented", "wal_level", "reproduced from 1.15x on", "bulkbench run votes --claim A8"]
    {
        assert!(one.contains(words), "{words}: {one}");
    }
    let (ok, _, error) = bulkbench(&["claims", "--source", "A77"], dir.path());
    assert!(!ok && error.contains("did you mean"), "{error}");
}

#[test]
fn the_ledger_is_the_same_in_every_form() {
    let dir = root();
    let runs: Vec<String> = some_runs().iter().map(|dir| dir.display().to_string()).collect();
    let ledger = |more: &[&str]| {
        let args: Vec<&str> = ["claims"].into_iter().chain(runs.iter().map(String::as_str)).collect();
        let (ok, text, error) = bulkbench(&[&args, more].concat(), &dir);
        assert!(ok, "{error}");
        text
    };
    let lines: Vec<serde_json::Value> = serde_json::from_str(&ledger(&["--format", "json"])).unwrap();
    for claim in claim::sources().iter().flat_map(|source| &source.claims) {
        assert!(lines.iter().any(|line| line["claim"] == *claim.id), "{}", claim.id);
    }
    let text = ledger(&["--format", "csv"]);
    assert_eq!(csv::Reader::from_reader(text.as_bytes()).records().count(), lines.len());
    // Every verdict has the command that repeats it, and a ratio its interval.
    let verdicts = ["reproduced", "weaker", "not reproduced", "reversed"];
    let is_decided =
        |line: &&serde_json::Value| line["verdict"].as_str().is_some_and(|v| verdicts.contains(&v));
    let decided: Vec<&serde_json::Value> = lines.iter().filter(is_decided).collect();
    assert!(decided.len() > 20, "{}", decided.len());
    for line in decided {
        let command = format!(" --claim {}", line["claim"].as_str().unwrap());
        assert!(line["repeat"].as_str().unwrap().contains(&command), "{line}");
        let is_exact = line["found"].is_string() || line["tested_by"].as_str().unwrap().contains(" file ");
        assert!(is_exact || line["measured_low"].is_number(), "{line}");
    }
    let markdown = ledger(&["--format", "markdown", "--source", "A"]);
    assert!(
        markdown.contains("| table of times ") && markdown.contains("65.189 s against 67.799 s"),
        "{markdown}"
    );
    assert!(markdown.contains("| `A4` ") && markdown.contains("```sh\nbulkbench run "), "{markdown}");
}

#[test]
fn a_claim_is_run_and_then_has_a_verdict() {
    let place = common::world_readable_tempdir();
    let run = |args: &[&str]| {
        let mut command = Command::cargo_bin("bulkbench").unwrap();
        command.current_dir(place.path()).env("BULKBENCH_CACHE", place.path().join("cache"));
        let output = command.args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["run", "--claim", "a1", "--rows", "2000", "--server", "local"]);
    run(&["run", "--claim", "C8", "--server", "local"]);
    let dirs = records_in(&place.path().join("results")).unwrap();
    let found = load(&dirs).unwrap();
    let [caveats, votes] = &found[..] else { panic!("{dirs:?}") };
    let Content::Run(votes, _) = &votes.content else { panic!("no run") };
    let ids: Vec<&str> = votes.plan.cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(ids, ["copy-csv", "copy-csv (control)", "copy-text"]);
    assert!(votes.provenance.command.contains("--claim A1"), "{}", votes.provenance.command);
    assert_eq!(votes.plan.cases[2].published_seconds, Some(65.189));
    let Content::Findings(caveats) = &caveats.content else { panic!("no findings") };
    assert_eq!(caveats.caveats.len(), 1);
    assert!(caveats.provenance.command.contains("--claim C8"), "{}", caveats.provenance.command);

    let json = run(&["claims", "--format", "json", "--source", "C8", "--source", "A1"]);
    let lines: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let [text, thousands] = &lines[..] else { panic!("{json}") };
    assert_eq!(thousands["verdict"], "reproduced", "{json}");
    assert!(text["measured_low"].is_number() && text["verdict"].is_string(), "{json}");
    let blocks = run(&["claims", "--source", "C8"]);
    assert!(blocks.contains("22P02") && blocks.contains("bulkbench run caveats --claim C8"), "{blocks}");
}
