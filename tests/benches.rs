//! Command line and environment of the benchmarks; that they run, and list their ids without a
//! server, is shown by `scripts/test`.

#[path = "../benches/support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use bulkbench::experiment::Experiment;
use bulkbench::fault::Fault;
use bulkbench::server::Choice;
use bulkbench::{unavailable, usage};
use support::args::{Args, Mode};
use support::fit::{Fit, Timing, about, slug};
use support::loads::Loads;
use support::servers::Servers;
use support::variables::{rows_of, server_of};

fn args(line: &str) -> Args {
    Args::read(line.split_whitespace().map(str::to_owned))
}

#[test]
fn cargo_bench_measures_and_cargo_test_tries() {
    for (line, mode) in [
        ("--bench", Mode::Measure),
        ("--save-baseline a --bench", Mode::Measure),
        ("--list --format terse", Mode::List),
        ("--bench --list", Mode::List),
        ("--bench --test", Mode::Test),
        ("--exact loads/copy-csv --nocapture", Mode::Test),
        ("", Mode::Test),
    ] {
        assert_eq!(args(line).mode, mode, "{line}");
    }
}

#[test]
fn the_filter_is_criterions() {
    for (line, wanted) in [
        ("--bench", true),
        ("copy --bench", true),
        ("--bench --baseline a copy-csv$", true),
        ("--save-baseline=a ^loads/ --bench", true),
        ("-s copy-text --bench", true),
        ("copy-text --bench", false),
        ("--sample-size 20 copy-text --bench", false),
        ("--exact copy-csv", false),
        ("--exact loads/copy-csv", true),
        ("--ignored --list", false),
    ] {
        assert_eq!(args(line).wants("loads/copy-csv"), wanted, "{line}");
    }
    let asked = args("--sample-size=30 --measurement-time 9 --bench");
    assert_eq!((asked.sample_size, asked.has_measurement_time), (Some(30), true));
}

#[test]
fn wrong_variables_are_named_with_value_rule_and_next_step() {
    assert_eq!(rows_of(None, 5).unwrap(), 5);
    assert_eq!(rows_of(Some("7.5M"), 5).unwrap(), 7_500_000);
    let error = rows_of(Some("many"), 5).unwrap_err();
    assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2));
    let text = error.to_string();
    for part in ["BULKBENCH_ROWS=many", "a whole number from 1", "unset it for 5"] {
        assert!(text.contains(part), "{text}");
    }

    assert_eq!(server_of(None).unwrap(), Choice::Auto);
    assert_eq!(server_of(Some("local")).unwrap(), Choice::Local);
    for (value, part) in [
        ("lokal", "BULKBENCH_SERVER=lokal: "),
        ("lokal", "did you mean `local`?"),
        ("postgres://u:hush@h:port/d", "BULKBENCH_SERVER: "),
    ] {
        let error = server_of(Some(value)).unwrap_err();
        assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2));
        let text = error.to_string();
        assert!(text.contains(part) && text.contains("unset it for auto"), "{text}");
        assert!(!text.contains("hush") && !text.contains(" --server:"), "{text}");
    }
}

#[test]
fn a_measurement_time_has_room_for_more_than_two_loads_a_sample() {
    let second = Duration::from_secs(1);
    let fit = Fit { samples: 10, warm_up: second / 2, measurement: 8 * second };
    assert_eq!(fit.measurement_time(second / 100), 8 * second);
    assert_eq!(fit.measurement_time(3 * second), 75 * second);
    assert_eq!(fit.estimate([second / 100, 3 * second]), 86 * second + second / 2);
    assert_eq!(fit.asked(&args("--sample-size 20")).measurement_time(second), 50 * second);
    assert_eq!(
        (about(second / 2), about(89 * second), about(181 * second)),
        ("1 s".into(), "89 s".into(), "4 min".into())
    );
}

#[test]
fn rounds_take_what_all_loads_of_one_take_so_many_times() {
    let second = Duration::from_secs(1);
    assert_eq!(Timing::Rounds(11).estimate([second / 2, 2 * second]), 55 * second / 2);
    let fit = Fit { samples: 10, warm_up: second, measurement: 8 * second };
    assert_eq!(Timing::Samples(fit).estimate([second]), fit.estimate([second]));
}

#[test]
fn a_disk_is_emulated_beneath_a_local_server_and_who_can_have_none_is_told() {
    for choice in [Choice::Auto, Choice::Local] {
        assert_eq!(Servers::BareAndEmulated.lack(&choice), None);
    }
    for text in ["container", "postgres://u:hush@h/d"] {
        let choice: Choice = text.parse().unwrap();
        assert_eq!(Servers::Chosen.lack(&choice), None);
        let why = Servers::BareAndEmulated.lack(&choice).unwrap();
        assert!(why.contains("beneath a local server alone") && why.contains("set it to local"), "{why}");
        assert!(!why.contains("hush"), "{why}");
    }
    let (absent, wrong) = (unavailable!("no /dev/fuse").context("getting a server"), usage!("--set"));
    let told = [Servers::BareAndEmulated, Servers::Chosen].map(|servers| servers.may_lack(&absent));
    assert_eq!((told, Servers::BareAndEmulated.may_lack(&wrong)), ([true, false], false));
}

#[test]
fn ids_are_slugs_and_differ() {
    assert_eq!(slug("copy-one-transaction wal_level=minimal"), "copy-one-transaction-wal-level-minimal");
    let cases = Loads::cases(&Experiment::find("votes").unwrap(), 100).unwrap();
    let slugs: BTreeSet<&str> = cases.iter().map(|(slug, _)| slug.as_str()).collect();
    assert_eq!(slugs.len(), cases.len());
    assert!(slugs.contains("copy-csv") && slugs.contains("insert-multirow-batch-1000"), "{slugs:?}");
}
