//! Ranks of cases by run: when two change places, what they were bound by there, and how it is drawn and written.

mod support;

use std::path::PathBuf;

use bulkbench::analysis::ranks::Ranks;
use bulkbench::model::{Metric, Phase, Reading, Readings};
use bulkbench::report::chart::Format;
use bulkbench::report::export::COMPARISON_SCHEMA;
use bulkbench::report::{self, Colour, Look};
use serde_json::{Value, json};
use support::published::{changed, fastest, kept, loaders, stretch, votes, with_stretched};

/// The ids of a swap, and the runs in which the first is faster and slower.
type Swapped = (String, String, Vec<usize>, Vec<usize>);

fn swaps(dirs: &[PathBuf]) -> Vec<Swapped> {
    let compared = report::compare(dirs).unwrap();
    let figures = compared.figures().unwrap();
    let runs = |runs: &[(usize, f64)]| runs.iter().map(|(run, _)| *run).collect();
    let swaps = Ranks::of(&figures).unwrap().swaps;
    let id = |case: usize| figures.cases[case].id.clone();
    swaps.iter().map(|s| (id(s.cases.0), id(s.cases.1), runs(&s.faster), runs(&s.slower))).collect()
}

fn terminal(dirs: &[PathBuf], width: u16) -> String {
    report::compare(dirs).unwrap().terminal(Look { width, colour: Colour::Off }).unwrap()
}

/// A text without its line ends.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_case_that_falls_behind_others_changes_places_with_each() {
    let slow = with_stretched("ranks-slow-parallel", "copy-parallel", 20);
    let found = swaps(&[votes(), slow.clone()]);
    assert!(found.contains(&("copy-parallel".into(), "copy-csv".into(), vec![0], vec![1])), "{found:?}");
    // The rest stands as it did.
    assert!(found.iter().all(|(first, ..)| first == "copy-parallel"), "{found:?}");
    let turned = swaps(&[slow.clone(), votes()]);
    assert!(turned.contains(&("copy-csv".into(), "copy-parallel".into(), vec![0], vec![1])), "{turned:?}");
    assert_eq!(turned.len(), found.len());

    let compared = report::compare(&[votes(), slow]).unwrap();
    let figures = compared.figures().unwrap();
    let ranks = Ranks::of(&figures).unwrap();
    let of = |id: &str| {
        let ranked = ranks.cases.iter().find(|ranked| figures.cases[ranked.case].id == id).unwrap();
        ranked.ranks.clone()
    };
    // Half of its rate is left to it.
    assert_eq!(of("fastest-unlogged"), [1, 1]);
    assert_eq!(of("copy-parallel")[0], 4);
    assert!(of("copy-parallel")[1] > of("copy-csv")[1], "{ranks:?}");
    let mut all: Vec<usize> = ranks.cases.iter().map(|ranked| ranked.ranks[1]).collect();
    all.sort_unstable();
    assert_eq!(all, (1..=ranks.cases.len()).collect::<Vec<_>>());
}

#[test]
fn within_noise_nothing_changes_places() {
    // The order of close ones turns, and by less than the noise of both runs.
    let close = changed("ranks-close", |run, samples| {
        run.provenance.label = "close".into();
        for (index, sample) in samples.iter_mut().filter(|sample| sample.case == "copy-text").enumerate() {
            let total: u64 = sample.phases.values().sum();
            let load = sample.phases.get_mut(&Phase::Load).unwrap();
            *load += total * [3, 0, 4, 1, 2][index % 5] / 100;
            sample.total_ns = sample.total_ns.map(|_| sample.phases.values().sum());
        }
    });
    assert_eq!(swaps(&[votes(), close.clone()]), []);
    let text = flat(&terminal(&[votes(), close], 120));
    let words =
        "no two cases change places: where ranks differ, the difference may not be claimed in both runs";
    assert!(text.contains(words), "{text}");
    let same = flat(&terminal(&[votes(), votes()], 120));
    assert!(same.contains("the order is the same in every run"), "{same}");
}

#[test]
fn fewer_rows_make_nothing_faster() {
    // A million rows in a quarter of the time are more rows a second than copy-csv's 7.5 million.
    let favoured = with_stretched("ranks-favoured", "insert-multirow batch=1000", 2);
    assert_eq!(swaps(&[votes(), favoured]), []);
}

/// Readings by which a backend was seen to wait at so many looks, and at 100 others to be at work.
fn looks(at: Metric, waits: u64, total_ns: u64) -> Readings {
    use Metric::{
        AtWork, BackendCpu, ClientCpu, ServerCpu, WaitsClient, WaitsDataFile, WaitsExtension, WaitsLock,
        WaitsOther, WaitsPage, WaitsTempFile, WaitsWalInsert, WaitsWalWrite, WaitsWorkers,
    };
    let kinds = [
        WaitsWalWrite,
        WaitsWalInsert,
        WaitsExtension,
        WaitsDataFile,
        WaitsTempFile,
        WaitsClient,
        WaitsLock,
        WaitsPage,
        WaitsWorkers,
        WaitsOther,
    ];
    let busy = total_ns * 100 / (100 + waits);
    let waits = kinds.into_iter().map(|kind| (kind, if kind == at { waits } else { 0 }));
    let own = [(AtWork, 100), (BackendCpu, busy), (ServerCpu, busy), (ClientCpu, total_ns / 50)];
    let all = own.into_iter().chain(waits).map(|(metric, value)| (Reading::from(metric), value));
    all.collect()
}

/// Runs whose copy-parallel waits for the WAL in the first, and keeps its backends busy in the second, where it is slow.
fn bound_apart() -> [PathBuf; 2] {
    let seen = |name: &'static str, at: Metric, waits: u64, tenths: u64| {
        changed(name, move |run, samples| {
            run.provenance.label = name.trim_start_matches("ranks-").into();
            run.provenance.machine.cores = tenths as u32;
            for sample in samples.iter_mut().filter(|sample| sample.total_ns.is_some()) {
                let is_it = sample.case == "copy-parallel";
                if is_it {
                    stretch(sample, tenths);
                }
                let total = sample.total_ns.unwrap();
                sample.readings =
                    if is_it { looks(at, waits, total) } else { looks(Metric::WaitsOther, 0, total) };
            }
        })
    };
    [
        seen("ranks-old-disk", Metric::WaitsWalWrite, 400, 10),
        seen("ranks-old-cpu", Metric::WaitsWalWrite, 5, 20),
    ]
}

#[test]
fn what_cases_are_bound_by_stands_run_by_run_and_with_what_changes_places() {
    let text = flat(&terminal(&bound_apart(), 120));
    let table = "copy-parallel old-disk the writing and flushing of WAL old-cpu one backend's CPU";
    assert!(text.contains(table), "{text}");
    assert!(text.contains("copy-csv every run one backend's CPU"), "{text}");
    let reason = "copy-parallel: bound by the writing and flushing of WAL in old-disk, bound by one backend's CPU in \
                  old-cpu";
    // What it falls behind is said at once, with the range of both.
    let group = "copy-parallel is faster than copy-unlogged, copy-one-transaction wal_level=minimal, copy-text, \
                 copy-binary, copy-csv, copy-one-transaction, copy-csv-server-file and copy-unlogged-then-logged in \
                 old-disk (1.06x to 1.48x), slower in old-cpu (0.530x to 0.742x); ";
    assert!(text.contains(group), "{text}");
    let table = "copy-unlogged-then-logged 12 11";
    assert!(text.contains(table), "{text}");
    assert!(text.contains(reason), "{text}");
    // Where nobody looked there is no such part.
    assert!(!terminal(&[votes(), votes()], 120).contains("bound by"));
}

#[test]
fn every_form_has_the_rates_with_their_intervals() {
    let dirs = [votes(), with_stretched("ranks-forms", "copy-parallel", 20)];
    let compared = report::compare(&dirs).unwrap();
    let figures = compared.figures().unwrap();
    let case = figures.cases.iter().find(|case| case.id == "copy-parallel").unwrap();
    let rate = case.cells[0].rows_per_second.unwrap();
    assert!(rate.interval.is_some_and(|i| i.low <= rate.point && rate.point <= i.high));

    let markdown = compared.markdown().unwrap();
    assert!(markdown.contains("## Ranks") && !markdown.contains("!["), "{markdown}");
    let row = markdown.lines().find(|line| line.starts_with("| `copy-parallel` ")).unwrap();
    assert!(row.contains(" 561 000/s | ") && row.contains(" to "), "{row}");

    let document: Value = serde_json::from_str(&compared.json().unwrap()).unwrap();
    let of = |id: &str| document["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap();
    let first = &of("copy-parallel")["runs"][0];
    assert_eq!(first["rows_per_second"]["value"], json!(rate.point));
    assert_eq!(first["rows_per_second"]["low"], json!(rate.interval.unwrap().low));
    assert_eq!((&first["rank"], &first["verdict"]), (&json!(4), &json!("first run")));
    let second = &of("copy-parallel")["runs"][1];
    assert_eq!(second["verdict"], "slower");
    assert!((second["speed_to_first"]["value"].as_f64().unwrap() - 0.5).abs() < 1e-6);
    assert_eq!(document["swaps"].as_array().unwrap().len(), swaps(&dirs).len());
    assert_eq!(document["gate"], Value::Null);

    let csv = compared.csv().unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), figures.cases.len() * 2);
    let field = |row: &csv::StringRecord, name: &str| {
        row[header.iter().position(|known| known == name).unwrap()].to_owned()
    };
    let row = rows.iter().find(|row| &row[0] == "copy-parallel").unwrap();
    assert_eq!(field(row, "rows_per_second").parse::<f64>().unwrap(), rate.point);
    assert_eq!((field(row, "rank"), field(row, "verdict")), ("4".into(), "first run".into()));
    let absent = rows.iter().find(|row| &row[0] == "pg-bulkload").unwrap();
    assert_eq!((field(absent, "n"), field(absent, "rank")), ("0".into(), String::new()));

    let page = compared.html().unwrap();
    assert!(page.contains("Rank of each case, run by run") && page.matches("<svg").count() == 4);
}

#[test]
fn the_json_of_a_comparison_is_as_its_schema_says() {
    let schema: Value = serde_json::from_str(COMPARISON_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let many: Vec<PathBuf> = (0..9).map(|_| votes()).collect();
    let apart = vec![votes(), kept("2026-11-21-2-core-cloud-vm-parallelism")];
    for dirs in [vec![votes(), loaders(), fastest()], bound_apart().to_vec(), apart, many] {
        let text = report::compare(&dirs).unwrap().held_to(Some(5.0)).json().unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(document["runs"].as_array().unwrap().len(), dirs.len());
        let mut changed = document.clone();
        changed["runs"][0]["host"] = json!("a name");
        assert!(!validator.is_valid(&changed));
    }
}

/// Of few runs and many, with long names and short.
#[test]
fn the_chart_of_ranks_stays_within_its_picture() {
    let slow = with_stretched("ranks-chart", "copy-parallel", 20);
    let long = changed("ranks-chart-long", |run, _| {
        run.provenance.label = "a machine with a name of many words that nobody shortened".into();
    });
    let mut many: Vec<PathBuf> = (0..8).map(|_| votes()).collect();
    many.push(slow.clone());
    for dirs in [vec![votes(), slow], vec![votes(), long], many] {
        let formats = [Format::File, Format::Page, Format::Phone];
        let charts = report::compare(&dirs).unwrap().ranks_charts(formats).unwrap();
        assert_eq!(charts.len(), formats.len());
        for svg in charts {
            let picture = resvg::usvg::Tree::from_str(&svg, &report::chart_options()).unwrap();
            let drawn = picture.root().bounding_box();
            let (width, height) = (picture.size().width(), picture.size().height());
            assert!(
                drawn.left() >= 0.0 && drawn.right() <= width && drawn.bottom() <= height,
                "{drawn:?} leaves {width} by {height}"
            );
            let words = svg.replace('\n', "");
            assert!(words.contains("copy-parallel") && words.contains(">16<"), "{svg}");
        }
    }
    let apart = [votes(), kept("2026-11-21-2-core-cloud-vm-parallelism")];
    assert!(report::compare(&apart).unwrap().ranks_charts([Format::File]).unwrap().is_empty());
}
