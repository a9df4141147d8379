//! A comparison as a check: what fails it, what does not, and that the workflows of `docs/ci.md` use commands that exist.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bulkbench::analysis::gate::GateVerdict;
use bulkbench::cli::Cli;
use bulkbench::model::EmulatedDisk;
use bulkbench::report;
use clap::Parser;
use support::published::{changed, fastest, loaders, stretch, votes, with_stretched};

fn compare(dirs: &[PathBuf], more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
    command.arg("compare").args(dirs).args(more).env("NO_COLOR", "1").output().unwrap()
}

/// The exit code, and what is on standard output and standard error, without line ends.
fn ended(output: &Output) -> (i32, String, String) {
    let flat = |bytes: &[u8]| String::from_utf8_lossy(bytes).split_whitespace().collect::<Vec<_>>().join(" ");
    (output.status.code().unwrap(), flat(&output.stdout), flat(&output.stderr))
}

#[test]
fn what_is_slower_beyond_the_limit_ends_with_a_code_of_its_own() {
    let slow = with_stretched("ci-slow", "copy-text", 13);
    let dirs = [votes(), slow];
    let (code, said, error) = ended(&compare(&dirs, &["--fail-if-slower", "10"]));
    assert_eq!((code, error.as_str()), (5, ""), "{said}");
    assert!(
        said.contains("Slower by more than 10 % - Warning: copy-text in ci-slow takes 1.30x ("),
        "{said}"
    );
    assert!(said.contains("certainly not: "), "{said}");
    // 30 % more time is no more than 50 %.
    let (code, said, _) = ended(&compare(&dirs, &["--fail-if-slower", "50%"]));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("Slower by more than 50 % - nothing is, as far as that is certain"), "{said}");
    // The other way round it is faster.
    let turned = [dirs[1].clone(), dirs[0].clone()];
    assert_eq!(ended(&compare(&turned, &["--fail-if-slower", "10"])).0, 0);
    // Without a limit nothing fails.
    assert_eq!(ended(&compare(&dirs, &[])).0, 0);
    // A format for programs says so beside it.
    let (code, said, error) = ended(&compare(&dirs, &["--fail-if-slower", "10", "--format", "csv"]));
    assert_eq!(code, 5);
    assert!(
        said.starts_with("case,method,") && error.contains("copy-text in ci-slow takes 1.30x"),
        "{error}"
    );
}

#[test]
fn an_emulated_disk_is_set_beside_a_real_one_only_where_that_is_asked_for() {
    let on_disk = |name: &str| {
        changed(name, |run, _| {
            run.server.disk = Some(EmulatedDisk { flush_ns: 11_100_000, ..EmulatedDisk::default() });
        })
    };
    let (one, other) = (on_disk("ci-emulated"), on_disk("ci-emulated-too"));
    let (code, _, error) = ended(&compare(&[votes(), one.clone()], &[]));
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("the disk of ci-emulated is emulated") && error.contains("--emulated"), "{error}");
    let (code, said, error) = ended(&compare(&[votes(), one.clone()], &["--emulated"]));
    assert_eq!(code, 0, "{error}");
    assert!(said.contains("emulated: flush=11.1ms"), "{said}");
    assert_eq!(ended(&compare(&[one, other], &[])).0, 0);
}

#[test]
fn the_whole_interval_has_to_lie_beyond_the_limit() {
    // Between 5 % and 35 % longer, by turns.
    let uneven = changed("ci-uneven", |run, samples| {
        run.provenance.label = "uneven".into();
        let of_case = samples.iter_mut().filter(|sample| sample.case == "copy-text" && sample.slot.counts());
        for (index, sample) in of_case.enumerate() {
            sample.phases.values_mut().for_each(|ns| *ns = *ns * [105, 135, 112, 128, 120][index] / 100);
            sample.total_ns = Some(sample.phases.values().sum());
        }
    });
    let verdict = |percent: f64| {
        let compared = report::compare(&[votes(), uneven.clone()]).unwrap().held_to(Some(percent));
        let (figures, gate) = (compared.figures().unwrap(), compared.gate().unwrap().unwrap());
        let case = gate.cases.iter().find(|case| figures.cases[case.case].id == "copy-text").unwrap();
        let interval = case.time.unwrap().interval.unwrap();
        (case.verdict.clone(), gate.fails(), interval.low, interval.high)
    };
    let (sure, fails, low, high) = verdict(0.5);
    assert!(low > 1.005 && high < 1.6, "{low} to {high}");
    assert_eq!((sure, fails), (GateVerdict::TooSlow, true));
    let between = (100.0 * (low - 1.0) + 100.0 * (high - 1.0)) / 2.0;
    let (open, fails, ..) = verdict(between);
    assert_eq!((open, fails), (GateVerdict::Open, false));
    let (within, fails, ..) = verdict(100.0 * (high - 1.0) + 1.0);
    assert_eq!((within, fails), (GateVerdict::Within, false));
}

#[test]
fn what_the_noise_of_a_run_covers_does_not_fail() {
    let noisy = changed("ci-noisy", |run, samples| {
        run.provenance.label = "noisy".into();
        for sample in samples.iter_mut() {
            match sample.case.as_str() {
                "copy-csv (control)" => stretch(sample, 14),
                "copy-text" => stretch(sample, 13),
                _ => {}
            }
        }
    });
    let (code, said, _) = ended(&compare(&[votes(), noisy], &["--fail-if-slower", "10"]));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("perhaps, which more rounds would tell: copy-text in noisy, 1.30x"), "{said}");
}

#[test]
fn a_check_that_can_never_fail_is_refused() {
    let (code, said, error) = ended(&compare(&[votes(), loaders()], &["--fail-if-slower", "5"]));
    assert_eq!(code, 4, "{error}");
    assert!(said.contains("not judged: copy-csv in loaders: too few samples"), "{said}");
    assert!(
        error.contains("--fail-if-slower 5: not one case can be judged") && error.contains("--rounds 5"),
        "{error}"
    );
    for wrong in ["-1", "many", "inf", "NaN", "20000"] {
        let (code, _, error) = ended(&compare(&[votes(), votes()], &["--fail-if-slower", wrong]));
        assert_eq!(code, 2, "{wrong}: {error}");
        assert!(error.contains("a number of per cent from 0 to 10000"), "{error}");
    }
}

#[test]
fn every_format_is_printed_and_files_are_told_of_beside_it() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ci-out");
    let out = out.to_str().unwrap();
    let dirs = [votes(), fastest()];
    for (format, start) in
        [("markdown", "# "), ("html", "<!doctype html>"), ("csv", "case,"), ("json", "{ \"format\": ")]
    {
        let (code, said, error) = ended(&compare(&dirs, &["--format", format]));
        assert_eq!((code, error.as_str()), (0, ""), "{format}");
        assert!(said.starts_with(start), "{format}: {said}");
    }
    let (_, said, error) = ended(&compare(&dirs, &["--format", "markdown", "--out", out]));
    assert!(said.starts_with("# ") && !said.contains("wrote "), "{said}");
    assert!(
        error.contains("wrote ") && error.contains("comparison.json") && error.contains("ranks.svg"),
        "{error}"
    );
    let (_, said, error) = ended(&compare(&dirs, &["--out", out]));
    assert!(said.contains("wrote ") && error.is_empty(), "{error}");
}

/// The program's commands in a page's workflows, in one line each.
fn commands(page: &str) -> Vec<String> {
    let joined = page.replace("\\\n", " ");
    joined.lines().filter_map(|line| line.trim().strip_prefix("\"$BULKBENCH\" ")).map(str::to_owned).collect()
}

#[test]
fn the_workflows_use_commands_that_exist() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md");
    let commands = commands(&std::fs::read_to_string(page).unwrap());
    assert_eq!(commands.len(), 4, "{commands:?}");
    for command in commands {
        // What the shell takes for itself, and what it fills in.
        let own = command.split(" >> ").next().unwrap().replace("$side", "head");
        let words = shlex::split(&own).unwrap();
        let parsed = Cli::try_parse_from([vec!["bulkbench".to_owned()], words].concat());
        assert!(parsed.is_ok(), "{own}: {}", parsed.err().unwrap());
    }
}
