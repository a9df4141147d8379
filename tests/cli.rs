//! The command line as a user meets it: names and numbers that are wrong, files that are broken,
//! and a whole small run with everything it leaves.

mod common;

use std::path::Path;

use assert_cmd::Command;
use bulkbench::model::{Outcome, Slot};
use bulkbench::record;

/// The program with a cache of its own, in a directory that a server under another user can read.
fn bulkbench(cache: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkbench"));
    command.env("BULKBENCH_CACHE", cache).env("NO_COLOR", "1").timeout(std::time::Duration::from_secs(240));
    command
}

/// Runs it with these arguments and returns its exit code and standard error.
fn refused(args: &[&str]) -> (i32, String) {
    let dir = common::world_readable_tempdir();
    let output = bulkbench(dir.path()).current_dir(dir.path()).args(args).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[track_caller]
fn assert_refused(args: &[&str], code: i32, words: &[&str]) {
    let (status, text) = refused(args);
    assert_eq!(status, code, "{args:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{args:?} should say `{word}`:\n{text}");
    }
}

#[test]
fn names_that_are_not_known_get_the_nearest() {
    assert_refused(&["run", "vote"], 2, &["no experiment `vote`", "did you mean `votes`?"]);
    assert_refused(
        &["run", "--methods", "copy-cvs"],
        2,
        &["no method `copy-cvs`", "did you mean `copy-csv`?"],
    );
    assert_refused(&["run", "--server", "locl"], 2, &["locl", "did you mean `local`?"]);
    assert_refused(&["rnu"], 2, &["rnu", "--help"]);
}

#[test]
fn numbers_out_of_range_are_refused() {
    assert_refused(&["run", "--rows", "0"], 2, &["--rows", "0"]);
    assert_refused(&["run", "--rows", "many"], 2, &["--rows", "many"]);
    assert_refused(&["run", "--rounds", "0"], 2, &["--rounds"]);
    assert_refused(&["run", "--budget=-1"], 2, &["--budget"]);
    assert_refused(&["run", "--set", "work_mem"], 2, &["name=value"]);
    assert_refused(
        &["run", "--null", "NA"],
        2,
        &["--null", "how the file of --csv is written", "or leave --null out"],
    );
}

#[test]
fn a_rule_for_the_rounds_that_cannot_be_is_refused_with_its_flag() {
    for (args, words) in [
        (&["--until", "0%"][..], &["'0%' for '--until <PERCENT>'", "from 0.01% to 50%, such as 2%"][..]),
        (&["--until", "x"], &["'x' for '--until <PERCENT>'", "such as 2%"]),
        (&["--until", "2%", "--max-rounds", "3"], &["--max-rounds 3", "at least", "name 5 or more"]),
        (
            &["--until", "2%", "--rounds", "4"],
            &["--rounds 4 with --until", "5 samples", "leave --rounds out"],
        ),
        (&["--until", "2%", "--max-time", "2d"], &["'2d' for '--max-time <TIME>'", "90m or 2h"]),
        (&["--max-rounds", "9"], &["--until <PERCENT>"]),
        (
            &["--until", "2%", "--until-cases", "copy-csv,copy-tex"],
            &["--until-cases: no case `copy-tex` in votes", "did you mean `copy-text`?", "--dry-run"],
        ),
        (&["--resume", "x", "--until", "2%"], &["cannot be used with"]),
        (&["caveats", "--until", "2%"], &["--until is for experiments that take times"]),
    ] {
        assert_refused(&[&["run"][..], args].concat(), 2, words);
    }
}

#[test]
fn a_broken_experiment_file_is_named_with_line_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine.toml");
    let text = "id = 'mine'\ntitle = 't'\nquestion = 'q'\nrouns = 3\nbaseline = 'copy-csv'\n[[case]]\nmethod = 'copy-csv'\n";
    std::fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap();
    assert_refused(&["run", path], 2, &["mine.toml", "line 4", "rouns", "did you mean `rounds`?"]);

    std::fs::write(
        &file,
        text.replace("rouns = 3", "rounds = 3").replace(
            "method = 'copy-csv'",
            "method = 'copy-csv'\nparams = { jobs = 2 }\n[[case]]\nmethod = 'copy-csv'",
        ),
    )
    .unwrap();
    assert_refused(&["run", path], 2, &["no parameter `jobs`"]);
    assert_refused(&["run", "gone.toml"], 2, &["gone.toml"]);

    let batch = "id = 'mine'\ntitle = 't'\nquestion = 'q'\nrounds = 3\nbaseline = 'copy-csv'\n[[case]]\nmethod = 'copy-csv'\n\
                 [[case]]\nmethod = 'insert-multirow'\nparams = { batch = 30000 }\n";
    std::fs::write(&file, batch).unwrap();
    assert_refused(&["run", path], 2, &["90000 parameters", "65535", "21845"]);
}

#[test]
fn a_setting_that_is_not_one_gets_the_nearest() {
    assert_refused(
        &["run", "--quick", "--rows", "100", "--server", "local", "--set", "maintenance_wrok_mem=1MB"],
        2,
        &["maintenance_wrok_mem", "maintenance_work_mem"],
    );
}

#[test]
fn a_server_that_is_not_there_is_named_without_its_password() {
    let (code, text) =
        refused(&["run", "--rows", "100", "--server", "postgres://someone:geheim@127.0.0.1:1/votes"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("127.0.0.1") && !text.contains("geheim"), "{text}");
    // Nor does a URL that cannot be read show its password.
    let (code, text) = refused(&["run", "--server", "postgres://someone:geheim@host:port/votes"]);
    assert_eq!(code, 2, "{text}");
    assert!(!text.contains("geheim"), "{text}");
    assert_refused(&["run", "--rows", "100", "--server", "local", "--pg-bin", "/nowhere"], 2, &["/nowhere"]);
}

#[test]
fn a_results_directory_that_cannot_be_written_is_refused_first() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let out = file.join("results");
    assert_refused(
        &["run", "--rows", "100", "--out", out.to_str().unwrap()],
        2,
        &["cannot write results", "--out"],
    );
}

#[test]
fn a_small_run_leaves_its_records_and_reports_and_nothing_else() {
    let dir = common::world_readable_tempdir();
    let args = [
        "run",
        "--rows",
        "2000",
        "--rounds",
        "2",
        "--budget",
        "1",
        "--label",
        "Test No. 1",
        "--server",
        "local",
    ];
    let output = bulkbench(dir.path()).current_dir(dir.path()).args(args).output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{stderr}");
    assert!(stdout.contains("copy-unlogged-parallel") && stdout.contains("insert-row"), "{stdout}");

    let run_dir = std::fs::read_dir(dir.path().join("results")).unwrap().next().unwrap().unwrap().path();
    let name = run_dir.file_name().unwrap().to_str().unwrap().to_string();
    assert!(name.ends_with("-test-no-1-votes"), "{name}");
    for file in ["run.json", "samples.jsonl", "report.md", "results.csv", "report.html", "charts"] {
        assert!(run_dir.join(file).exists(), "{file}");
    }
    let (run, samples) = record::load(&run_dir).unwrap();
    // External programs may not be here.
    let (can, cannot): (Vec<_>, Vec<_>) = run.plan.cases.iter().partition(|case| case.unavailable.is_none());
    assert!(cannot.iter().all(|case| case.family == "external"), "{cannot:?}");
    assert_eq!(samples.len(), 1 + 2 * can.len());
    assert!(samples.iter().all(|s| s.outcome == Outcome::Ok), "{stderr}");
    assert_eq!(run.plan.order.len(), 2);
    let kept = std::fs::read_to_string(run_dir.join("run.json")).unwrap();
    assert!(!kept.contains(dir.path().to_str().unwrap()), "a record holds no path of the machine");
    let left: Vec<_> = std::fs::read_dir(dir.path().join("clusters")).into_iter().flatten().collect();
    assert!(left.is_empty(), "{left:?}");

    // The same reports come from the records again.
    let before = std::fs::read_to_string(run_dir.join("report.md")).unwrap();
    std::fs::remove_file(run_dir.join("report.md")).unwrap();
    bulkbench(dir.path()).arg("report").arg(&run_dir).assert().success();
    assert_eq!(std::fs::read_to_string(run_dir.join("report.md")).unwrap(), before);

    // A run is compared with itself, and not with one of other rows.
    let args = ["run", "--rows", "1000", "--rounds", "1", "--methods", "copy-text", "--server", "local"];
    bulkbench(dir.path()).current_dir(dir.path()).args(args).assert().success();
    let other = std::fs::read_dir(dir.path().join("results"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| *path != run_dir)
        .unwrap();
    let compared = bulkbench(dir.path()).arg("compare").args([&run_dir, &other]).assert().code(2);
    let text = String::from_utf8(compared.get_output().stderr.clone()).unwrap();
    assert!(text.contains("rows") && text.contains("2000") && text.contains("1000"), "{text}");
    let compared = bulkbench(dir.path()).arg("compare").args([&run_dir, &run_dir]).assert().success();
    let text = String::from_utf8(compared.get_output().stdout.clone()).unwrap();
    assert!(text.contains("1.00x"), "{text}");
}

#[test]
fn cases_run_on_each_of_several_servers_and_a_run_of_them_goes_on() {
    let dir = common::world_readable_tempdir();
    let bin = bulkbench::server::local::choose(None).unwrap().bin;
    let bin = bin.to_str().unwrap();
    let run = |args: &[&str]| {
        let output =
            bulkbench(&dir.path().join("cache")).current_dir(dir.path()).args(args).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let two = ["--pg-bin", bin, "--pg-bin", bin];
    let args =
        ["run", "versions", "--rows", "1000", "--rounds", "1", "--methods", "copy-text", "--budget", "1"];
    let (ok, text) = run(&[&args[..], &two[..]].concat());
    assert!(ok, "{text}");
    let path = std::fs::read_dir(dir.path().join("results")).unwrap().next().unwrap().unwrap().path();
    let (record, samples) = record::load(&path).unwrap();
    assert_eq!(record.servers.len(), 2);
    assert!(record.servers.keys().any(|name| name.ends_with("#2")), "{:?}", record.servers.keys());
    assert_eq!(samples.iter().filter(|s| s.slot == Slot::WarmUp).count(), 2, "each server is warmed up");
    assert_eq!(
        samples.iter().filter(|s| s.slot == Slot::Round(1)).count(),
        5,
        "two methods on two servers, one control"
    );
    assert!(samples.iter().all(|s| s.outcome == Outcome::Ok));

    // As if it had been interrupted after the warm-ups.
    let lines = std::fs::read_to_string(path.join("samples.jsonl")).unwrap();
    let first: String = lines.lines().take(3).map(|line| format!("{line}\n")).collect();
    std::fs::write(path.join("samples.jsonl"), first).unwrap();
    let resume = ["run", "--resume", path.to_str().unwrap()];
    let (ok, text) = run(&resume);
    assert!(!ok && text.contains("name them by --pg-bin again"), "{text}");
    let (ok, text) = run(&[&resume[..], &two[..]].concat());
    assert!(ok, "{text}");
    assert_eq!(record::load(&path).unwrap().1.len(), 7);
}

#[test]
fn servers_that_contradict_each_other_are_refused() {
    assert_refused(
        &["run", "--server", "local", "--image", "postgres:18"],
        2,
        &["--image is for a container"],
    );
    assert_refused(
        &["run", "--server", "container", "--pg-bin", "/usr/bin"],
        2,
        &["--pg-bin is for a local"],
    );
    assert_refused(&["run", "versions", "--image", "postgres:18"], 2, &["there is but one of this kind"]);
}

#[test]
fn a_dataset_that_was_changed_is_refused() {
    let dir = common::world_readable_tempdir();
    bulkbench(dir.path()).args(["dataset", "generate", "--rows", "1000"]).assert().success();
    let dataset = std::fs::read_dir(dir.path().join("datasets")).unwrap().next().unwrap().unwrap().path();
    let csv = std::fs::read_dir(&dataset)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "csv"))
        .unwrap();
    let mut bytes = std::fs::read(&csv).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&csv, bytes).unwrap();
    let args = ["run", "--rows", "1000", "--server", "local"];
    let refused = bulkbench(dir.path()).current_dir(dir.path()).args(args).assert().code(4);
    let text = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(text.contains(csv.file_name().unwrap().to_str().unwrap()) && text.contains("SHA-256"), "{text}");
}

#[test]
fn a_dataset_is_exported_and_imported_again() {
    let dir = common::world_readable_tempdir();
    let file = dir.path().join("votes.csv");
    let export = ["dataset", "export", file.to_str().unwrap(), "--rows", "500"];
    bulkbench(dir.path()).args(export).assert().success();
    let imported =
        bulkbench(dir.path()).args(["dataset", "import", file.to_str().unwrap()]).assert().success();
    let text = String::from_utf8(imported.get_output().stdout.clone()).unwrap();
    assert!(text.contains("500 rows, imported"), "{text}");
    let name = text.split(':').next().unwrap();
    let args = ["run", "--dataset", name, "--rounds", "1", "--methods", "copy-binary", "--server", "local"];
    let run = bulkbench(dir.path()).current_dir(dir.path()).args(args).assert().success();
    let text = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    assert!(text.contains("copy-binary"), "{text}");

    std::fs::write(&file, "somebody,t3_1,1\nsomebody,t3_2,up\n").unwrap();
    let refused = bulkbench(dir.path()).args(["dataset", "import", file.to_str().unwrap()]).assert().code(4);
    let text = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(text.contains("line 2") && text.contains("up"), "{text}");
    for (flag, value) in [("--server", "local"), ("--pg-bin", "/nowhere"), ("--data-dir", "/nowhere")] {
        let words = [flag, "without --ddl the rows are taken as votes", "by --ddl, or leave"];
        assert_refused(&["dataset", "import", "votes.csv", flag, value], 2, &words);
    }
}

#[test]
fn everything_is_listed_and_the_doctor_speaks() {
    let dir = common::world_readable_tempdir();
    let listed = bulkbench(dir.path()).args(["list", "methods", "--verbose"]).assert().success();
    let text = String::from_utf8(listed.get_output().stdout.clone()).unwrap();
    for word in
        ["copy-csv-server-file", "insert-multirow", "parameter batch", "lost on crash", "as its author says"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(text.contains("Sources\n[1]"), "{text}");
    let listed = bulkbench(dir.path()).args(["list", "--family", "insert"]).assert().success();
    let text = String::from_utf8(listed.get_output().stdout.clone()).unwrap();
    assert!(text.contains("insert-multirow") && !text.contains("copy-"), "{text}");
    assert_refused(&["list", "--family", "inser"], 2, &["no family `inser`", "did you mean `insert`?"]);
    let doctor = bulkbench(dir.path()).arg("doctor").assert().success();
    let text = String::from_utf8(doctor.get_output().stdout.clone()).unwrap();
    for word in ["container engine", "PostgreSQL binaries", "flush rate", "memory"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

/// The standard output of a command that ends well.
fn said(args: &[&str]) -> String {
    let dir = common::world_readable_tempdir();
    let done = bulkbench(dir.path()).current_dir(dir.path()).args(args).assert().success();
    String::from_utf8(done.get_output().stdout.clone()).unwrap()
}

#[test]
fn shells_get_every_verb_and_flag_and_a_manual_page_has_them() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = said(&["completions", shell]);
        for word in ["run", "list", "dry-run", "pg-bin", "doctor"] {
            assert!(text.contains(word), "{shell} lacks {word}");
        }
    }
    assert_refused(&["completions", "csh"], 2, &["csh", "bash, elvish, fish"]);

    let whole = said(&["man"]);
    assert!(whole.contains(".TH bulkbench 1") && whole.contains("bulkbench\\-run(1)"), "{whole}");
    assert!(whole.contains("129, 130, 143"), "{whole}");
    let run = said(&["man", "run"]);
    assert!(run.contains(".TH bulkbench-run 1") && run.contains("\\-\\-dry\\-run"), "{run}");
    assert!(said(&["man", "dataset", "import"]).contains(".TH bulkbench-dataset-import 1"));
    assert_refused(&["man", "rnu"], 2, &["has no verb `rnu`", "did you mean `run`?"]);
    assert_refused(&["man", "run", "votes"], 2, &["`bulkbench run` has no verbs"]);
}

#[test]
fn bash_completes_by_what_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bulkbench.bash"), said(&["completions", "bash"])).unwrap();
    let script = "source ./bulkbench.bash; COMP_WORDS=(bulkbench comp); COMP_CWORD=1; \
                  _bulkbench bulkbench comp bulkbench; echo ${COMPREPLY[@]}";
    let done = Command::new("bash").current_dir(dir.path()).args(["-c", script]).assert().success();
    assert_eq!(done.get_output().stdout, b"compare completions\n");
}

#[test]
fn a_caveat_that_is_wrong_is_named_with_file_key_and_rule() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine.toml");
    std::fs::write(dir.path().join("mine.csv"), "1\n").unwrap();
    let whole = "id = 'mine'\ntitle = 't'\nsays = 's'\nsource = 's'\nkey = ['id']\ncsv = 'mine.csv'\n\
                 columns = [{ name = 'id', type = 'integer' }]\ngood = '[1]'\n";
    let path = file.to_str().unwrap();
    for (from, to, words) in [
        ("says =", "sayz =", &["mine.toml", "line 3", "sayz", "did you mean `says`?"][..]),
        ("'mine.csv'", "'gone.csv'", &["mine.toml", "gone.csv", "put it there"]),
        ("'mine.csv'", "'/etc/passwd'", &["`/etc/passwd`", "plain"]),
        ("key = ['id']", "key = ['idd']", &["no column `idd`", "did you mean `id`?"]),
        ("'[1]'", "'[1, 2]'", &["has 2 values", "1 columns: id"]),
        ("'[1]'", "'1]'", &["the row 1] is not a JSON array"]),
        ("id = 'mine'", "id = 'backslashes'", &["that of a built-in caveat"]),
        ("key =", "expected = { copy-cvs = 'refused' }\nkey =", &["`copy-cvs` is no way", "`copy-csv`?"]),
    ] {
        std::fs::write(&file, whole.replacen(from, to, 1)).unwrap();
        assert_refused(&["run", "caveats", "--caveat", path], 2, words);
    }
    assert_refused(&["run", "caveats", "--caveat", "gone.toml"], 2, &["cannot read the caveat gone.toml"]);
    assert_refused(&["run", "caveats", "--caveat", "backslash"], 2, &["did you mean `backslashes`?"]);
    assert_refused(&["run", "--caveat", "backslashes"], 2, &["--caveat is for experiments that try"]);
    let twice = ["run", "caveats", "--caveat", "backslashes", "--caveat", "backslashes"];
    assert_refused(&twice, 2, &["`backslashes` is named twice"]);
}

#[test]
fn things_are_found_by_name_by_kind_and_by_a_word() {
    let overview = said(&["list"]);
    let place = |word: &str| overview.find(word).unwrap_or_else(|| panic!("{word}: {overview}"));
    assert!(place("votes") < place("family") && place("family") < place("backfill "), "{overview}");
    assert!(overview.lines().count() < 60 && !overview.contains("copy-csv"), "{overview}");

    for (name, words) in [
        (
            "copy-chunks",
            &["a method of the family copy", "parameter chunk_rows", "experiments batches, chunks"][..],
        ),
        ("psql-copy", &["a method of the family external", "as its author says"]),
        ("insert", &["insert (", "insert-multirow"]),
        ("batch-size", &["an experiment", "case insert-json: batch=1; batch=3", "bulkbench run batch-size"]),
        ("backslashes", &["a caveat", "may help: doubled-in-the-client", "--caveat backslashes"]),
        // Both of a name are shown.
        ("backfill", &["backfill, an experiment", "backfill (", "update-merge"]),
        ("caveats", &["what goes wrong", "json-escapes", "caveats, an experiment"]),
        ("experiments", &["the question it answers", "How many rows should one INSERT have?"]),
    ] {
        let text = said(&["list", name]);
        words.iter().for_each(|word| assert!(text.contains(word), "list {name} lacks {word}: {text}"));
        assert!(!text.contains("ource:") && !text.contains("Sources"), "list {name}: {text}");
    }
    assert!(said(&["list", "copy-csv", "-v"]).contains("source: Babcock"));
    assert!(said(&["list", "experiments", "-v"]).contains("Sources\n[1]"));

    let found = said(&["list", "--search", "FREEZE"]);
    assert!(found.contains("method copy-freeze") && !found.contains("copy-csv"), "{found}");
    let found = said(&["list", "--search", "babcock"]);
    assert!(found.contains("method copy-csv\n") && found.contains("source: Babcock"), "{found}");
    assert_refused(&["list", "--search", "frezee"], 2, &["has `frezee`; did you mean `freeze`?"]);
    assert_refused(&["list", "copy-cvs"], 2, &["`copy-cvs`; did you mean `copy-csv`?", "--search copy-cvs"]);
    assert_refused(&["list", "copy-csv", "--search", "csv"], 2, &["cannot be used with"]);
}

#[test]
fn a_dry_run_says_what_a_run_does_and_does_none_of_it() {
    let dir = common::world_readable_tempdir();
    let cache = dir.path().join("cache");
    let run = |args: &[&str]| {
        let words = ["run", "--server", "local", "--rows", "1000", "--rounds", "2"];
        let done = bulkbench(&cache).current_dir(dir.path()).args(words).args(args).assert().success();
        String::from_utf8(done.get_output().stdout.clone()).unwrap()
    };
    let plan = run(&["--methods", "copy-text,insert-row", "--dry-run"]);
    for words in [
        "Plan of votes",
        "server: a throwaway local server, postgres (PostgreSQL)",
        "(asked for; ",
        "1 000 rows, generated from the seed 1",
        "samples: 9: a warm-up, then 2 rounds of 4 cases",
        "as many as take 15 s (--budget)",
        "by the rates of votes in the published runs",
        "GiB for the server at most",
        " free",
        "the baseline again",
        "insert-row          up to 1 000",
        "Nothing was started.",
    ] {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain(&plan).contains(&plain(words)), "{words}: {plan}");
    }
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "a dry run leaves {left:?}");

    run(&["--methods", "copy-text,insert-row"]);
    let result = std::fs::read_dir(dir.path().join("results")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(record::load(&result).unwrap().1.len(), 9, "as the plan says");
    let plan = run(&["--methods", "copy-text,insert-row", "--dry-run"]);
    assert!(plan.contains("rows, in the cache"), "{plan}");

    let plan = said(&[
        "run",
        "--server",
        "local",
        "--until",
        "2%",
        "--until-cases",
        "copy-text,insert-multirow",
        "--dry-run",
    ]);
    let plan = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "then 5 to 30 rounds of",
        "until: rounds go on until the interval of copy-text, insert-multirow, and of the control, is within ±2 %",
        "time: at least",
        "(5 rounds), at most",
        "(30 rounds, or --max-time 4.0 h)",
    ] {
        assert!(plan.contains(words), "{words}: {plan}");
    }

    let caveats = said(&["run", "caveats", "--caveat", "backslashes", "--server", "local", "--dry-run"]);
    assert!(
        caveats.contains("1 caveats by every way") && caveats.contains("Nothing was started"),
        "{caveats}"
    );
    let yours = said(&["run", "--server", "postgres://u:geheim@nowhere/d", "--dry-run"]);
    assert!(yours.contains("u@nowhere:5432/d, a server of yours") && !yours.contains("geheim"), "{yours}");

    let text = refused(&["run", "--dry-run", "--server", "local", "--pg-bin", "/nowhere"]).1;
    assert!(text.contains("--pg-bin /nowhere"), "{text}");
    assert_refused(&["run", "vote", "--dry-run"], 2, &["did you mean `votes`?"]);
    assert_refused(&["run", "--resume", "x", "--dry-run"], 2, &["cannot be used with"]);
}
