//! Comparisons of runs: the conclusion by known values, and what is shown of the results in this repository.

mod support;

use std::path::{Path, PathBuf};

use bulkbench::analysis::comparison::CrossVerdict::{
    self, Faster, NotComparable, Slower, SlowerByRate, TooFewSamples, Undecided, WithinNoise,
};
use bulkbench::analysis::conclusion::{HeldCase, Side, conclude};
use bulkbench::model::{
    Case, CaseKey, EmulatedDisk, Fact, FactValue, Metric, Role, Run, Sample, ServerFacts, Source,
};
use bulkbench::record::{self, Store};
use bulkbench::report::{self, Colour, Look};
use support::published::{changed, fastest, kept, loaders, stretch, votes};

/// A case with five samples on both sides.
fn held<'a>(id: &'a str, verdict: &'a CrossVerdict, ratio: f64) -> HeldCase<'a> {
    let method = id.split(' ').next().unwrap();
    HeldCase { id, method, waits_for_disk: false, verdict, ratio: Some(ratio), samples: (5, 5) }
}

fn waiting<'a>(id: &'a str, verdict: &'a CrossVerdict, ratio: f64) -> HeldCase<'a> {
    HeldCase { waits_for_disk: true, ..held(id, verdict, ratio) }
}

/// The conclusion on a run B against A.
fn conclusion(cases: Vec<HeldCase>) -> String {
    conclude("A", &[Side { name: "B", cases }])
}

#[test]
fn no_difference_at_all_is_said_with_the_number_of_methods() {
    let ids = ["copy-csv", "copy-text", "copy-binary", "insert-row", "insert-unnest"];
    let cases = || ids.map(|id| held(id, &WithinNoise, 1.02)).to_vec();
    let sides = [Side { name: "1 GB", cases: cases() }];
    assert_eq!(conclude("128 MB", &sides), "128 MB against 1 GB: no difference in 5 of 5 methods");
    let mut wide = cases();
    wide[4].verdict = &Undecided;
    assert_eq!(conclusion(wide), "A against B: no difference in 4 of 5 methods, undecided in 1");
    let wide = ids.map(|id| held(id, &Undecided, 1.2)).to_vec();
    assert_eq!(conclusion(wide), "A against B: undecided in 5 of 5 methods: noise or intervals are too wide");
    let batches = ["insert-unnest batch=1", "insert-unnest batch=10"].map(|id| held(id, &WithinNoise, 1.0));
    assert_eq!(conclusion(batches.to_vec()), "A against B: no difference in 2 of 2 cases");
}

#[test]
fn what_is_faster_and_slower_is_said_with_its_range() {
    let mut cases = ["a", "b", "c"].map(|id| held(id, &Faster, 1.21)).to_vec();
    assert_eq!(conclusion(cases.clone()), "B is 1.2x as fast as A in 3 of 3 methods");
    cases[1].ratio = Some(1.43);
    cases.extend([held("d", &WithinNoise, 0.99), held("e", &Undecided, 1.3)]);
    assert_eq!(
        conclusion(cases.clone()),
        "B is 1.2x to 1.4x as fast as A in 3 of 5 methods, equal in 1, undecided in 1"
    );
    cases.push(held("f", &Slower, 0.714));
    assert_eq!(
        conclusion(cases.clone()),
        "B is 1.2x to 1.4x as fast as A in 3 of 6 methods, 0.71x in 1, equal in 1, undecided in 1"
    );
    // Of few that stand out the names are of use.
    let one = vec![held("a", &SlowerByRate, 0.5), held("b", &WithinNoise, 1.0), held("c", &WithinNoise, 1.0)];
    assert_eq!(conclusion(one), "B is 0.50x as fast as A in 1 of 3 methods (a), equal in 2");
}

#[test]
fn what_waits_for_the_disk_is_set_against_the_rest() {
    let equal = [held("copy-csv", &WithinNoise, 1.0), held("copy-text", &WithinNoise, 1.01)];
    let mut cases = vec![waiting("insert-row", &Faster, 1.41), waiting("update-row", &Faster, 1.37)];
    cases.extend(equal.clone());
    assert_eq!(
        conclusion(cases.clone()),
        "B is 1.4x as fast as A for what waits for the disk, equal for the rest"
    );
    // One of the rest that moves too makes it no matter of the disk alone.
    cases.push(held("copy-binary", &Faster, 1.41));
    assert_eq!(conclusion(cases), "B is 1.4x as fast as A in 3 of 5 methods, equal in 2");

    let same = waiting("insert-row", &WithinNoise, 1.0);
    assert_eq!(
        conclusion(vec![same, held("copy-csv", &Faster, 2.0)]),
        "B is 2.0x as fast as A for what does not wait for the disk, equal for what does"
    );
    let slower = waiting("insert-row", &Slower, 0.25);
    assert_eq!(
        conclusion(vec![slower, held("copy-csv", &Faster, 2.0)]),
        "B is 0.25x as fast as A for what waits for the disk, 2.0x for the rest"
    );
}

#[test]
fn nothing_is_claimed_of_too_few_rounds() {
    let few = |first, here| {
        let case = |id| HeldCase { samples: (first, here), ..held(id, &TooFewSamples, 3.0) };
        vec![case("a"), case("b")]
    };
    assert_eq!(conclusion(few(3, 3)), "A against B: no verdict: three rounds each, five are needed");
    assert_eq!(conclusion(few(1, 1)), "A against B: no verdict: one round each, five are needed");
    assert_eq!(conclusion(few(5, 3)), "A against B: no verdict: five rounds against three, five are needed");
    // A case that failed in some rounds takes no verdict from the others.
    let mut some = few(5, 4);
    some.push(held("c", &WithinNoise, 1.0));
    assert_eq!(
        conclusion(some),
        "A against B: no difference in 1 of 1 method; too few samples for a verdict: a and b"
    );
}

#[test]
fn what_cannot_be_compared_is_counted_and_no_more() {
    let other = NotComparable("durable against may damage the database".into());
    let cases = || ["a", "b", "c"].map(|id| held(id, &other, 9.0)).to_vec();
    assert_eq!(
        conclusion(cases()),
        "A against B: nothing can be compared: durable against may damage the database"
    );
    let mut some = cases();
    some.push(held("d", &Faster, 1.5));
    assert_eq!(conclusion(some), "B is 1.5x as fast as A in 1 of 1 method; not comparable: 3 more");
    assert_eq!(conclusion(Vec::new()), "A against B: no case in common");
}

#[test]
fn of_three_runs_each_is_held_against_the_first() {
    let same = || vec![held("a", &WithinNoise, 1.0)];
    let faster = || vec![held("a", &Faster, 1.5)];
    let of = |b, c| conclude("15", &[Side { name: "17", cases: b }, Side { name: "18", cases: c }]);
    assert_eq!(of(same(), same()), "15 against 17 and 18: no difference in 1 of 1 method");
    assert_eq!(of(faster(), faster()), "17 and 18 are 1.5x as fast as 15 in 1 of 1 method");
    assert_eq!(
        of(same(), faster()),
        "15 against 17: no difference in 1 of 1 method; 18 is 1.5x as fast as 15 in 1 of 1 method"
    );
}

fn terminal(dirs: &[PathBuf], width: u16) -> String {
    let text = report::compare(dirs).unwrap().terminal(Look { width, colour: Colour::Off }).unwrap();
    for line in text.lines() {
        assert!(line.chars().count() <= width.into(), "wider than {width}: {line}");
    }
    text
}

fn first_sentence(dirs: &[PathBuf]) -> String {
    let text = terminal(dirs, 120);
    text.split("\n7 500 000 rows").next().unwrap().replace('\n', " ")
}

/// The settings of a run with this memory.
fn with_memory(run: &mut Run, shared: &str, buffers: &str) {
    run.server.given.insert("shared_buffers".into(), shared.into());
    run.server.settings.insert("shared_buffers".into(), shared.into());
    run.server.settings.insert("wal_buffers".into(), buffers.into());
}

#[test]
fn runs_are_named_by_the_one_thing_that_differs() {
    let small = changed("small", |run, _| with_memory(run, "128MB", "4MB"));
    assert_eq!(
        first_sentence(&[small.clone(), votes()]),
        "128 MB against 1 GB: no difference in 17 of 17 cases"
    );
    let newer = changed("newer", |run, samples| {
        run.server.version = run.server.version.replace("15.18", "18.6");
        run.server.settings.insert("io_method".into(), "worker".into());
        samples.iter_mut().for_each(|sample| stretch(sample, 5));
    });
    assert_eq!(
        first_sentence(&[votes(), newer.clone()]),
        "PostgreSQL 18.6 is 2.0x as fast as PostgreSQL 15.18 in 17 of 17 cases"
    );
    // Of two things that differ the label says more, and without one the directory.
    let both = [small, newer];
    assert!(first_sentence(&both).starts_with("newer is 2.0x as fast as small in "));
    let labelled = changed("labelled", |run, _| {
        with_memory(run, "128MB", "4MB");
        run.provenance.label = "laptop".into();
        run.provenance.machine.cores = 8;
    });
    assert!(first_sentence(&[votes(), labelled]).starts_with("2-core cloud VM against laptop: no "));
}

#[test]
fn a_slower_disk_is_told_by_what_waits_for_it() {
    let slower = changed("slower-disk", |run, samples| {
        run.provenance.label = "old disk".into();
        for sample in samples.iter_mut().filter(|sample| sample.case == "insert-row") {
            stretch(sample, 20);
        }
    });
    let dirs = [votes(), slower];
    assert_eq!(
        first_sentence(&dirs),
        "old disk is 0.50x as fast as 2-core cloud VM for what waits for the disk, equal for the rest"
    );
    let narrow = terminal(&dirs, 80);
    let flat = narrow.split_whitespace().collect::<Vec<_>>().join(" ");
    let note = "what waits for the disk (no processor worked for it in a quarter of its time or more): insert-row - ";
    assert!(flat.contains(note), "{narrow}");
    insta::assert_snapshot!("slower-disk-80", narrow);
}

/// The rows of what differs, by their fields: the values of each run.
fn differing(dirs: &[PathBuf]) -> Vec<(String, Vec<String>)> {
    let text = terminal(dirs, 160);
    let (_, rows) = text.split_once("\nWhat differs\n").unwrap();
    let cells = |line: &str| {
        line.trim().split("  ").filter(|cell| !cell.is_empty()).map(|c| c.trim().to_owned()).collect()
    };
    let row = |line: &str| {
        let cells: Vec<String> = cells(line);
        (cells[0].clone(), cells[1..].to_vec())
    };
    rows.lines().skip(1).take_while(|line| !line.is_empty()).map(row).collect()
}

#[test]
fn what_differs_in_the_fingerprints_stands_with_the_differences() {
    let with_facts = |name: &str, flushes: u64, facts: [(Fact, u64); 2], device: &'static str| {
        changed(name, move |run, _| {
            let numbers = facts.into_iter().map(|(fact, number)| (fact, FactValue::Number(number)));
            let words = [(Fact::Device, device), (Fact::Governor, "performance")];
            let words = words.map(|(fact, words)| (fact, FactValue::Words(words.into())));
            let machine = &mut run.provenance.machine;
            machine.fingerprint = numbers.chain(words).collect();
            machine.disk.as_mut().unwrap().flushes_per_second = flushes;
            run.server.fingerprint = [(Fact::MemoryLimit, FactValue::Number(4 << 30))].into_iter().collect();
        })
    };
    let write = Fact::SequentialWrite;
    let here =
        with_facts("facts-here", 7000, [(write, 500 << 20), (Fact::MemoryBandwidth, 10 << 30)], "NVMe");
    let there = with_facts(
        "facts-there",
        7600,
        [(write, 250 << 20), (Fact::MemoryBandwidth, 21 << 29)],
        "rotational",
    );
    let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    // Flushes and memory differ by less than a tenth.
    assert_eq!(
        differing(&[here.clone(), there.clone()]),
        [
            ("machine: device".to_owned(), values(&["NVMe", "rotational"])),
            ("machine: written in sequence, flushed".into(), values(&["500 MiB/s", "250 MiB/s"])),
        ]
    );
    // A run from before fingerprints says so, once for the machine and once for the server.
    assert_eq!(
        differing(&[votes(), here.clone()]),
        [
            ("server.fingerprint".to_owned(), values(&["not recorded", "recorded"])),
            ("machine.fingerprint".into(), values(&["not recorded", "recorded"])),
        ]
    );
    let three = [votes(), here, there];
    let all = differing(&three);
    assert!(
        all.contains(&("machine: device".into(), values(&["not recorded", "NVMe", "rotational"]))),
        "{all:?}"
    );

    // A server elsewhere is held against the machine that the other's is on.
    let elsewhere = changed("facts-elsewhere", |run, _| {
        let (machine, _) = record::load(&three[1]).unwrap();
        run.provenance.machine = machine.provenance.machine;
        run.server.source = Source::External;
        let words = |words: &str| FactValue::Words(words.into());
        let facts = [(Fact::Processor, words("Another CPU")), (Fact::Device, words("NVMe"))];
        run.server.fingerprint = facts.into_iter().collect();
    });
    let all = differing(&[three[1].clone(), elsewhere]);
    let fields: Vec<&str> = all.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["server.source", "server: processor"], "{all:?}");

    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fingerprints-compared");
    report::compare(&three).unwrap().write(&out).unwrap();
    for file in ["comparison.md", "comparison.html"] {
        let text = std::fs::read_to_string(out.join(file)).unwrap();
        for words in ["not recorded", "rotational", "500 MiB", "250 MiB"] {
            assert!(text.contains(words), "{file} lacks {words}");
        }
    }
}

#[test]
fn a_checkpoint_in_a_sample_is_said() {
    let disturbed = changed("disturbed", |run, samples| {
        run.provenance.label = "busy".into();
        let mut of_case = samples.iter_mut().filter(|s| s.case == "copy-text" && s.slot.counts());
        of_case.next().unwrap().readings = [(Metric::Checkpoints.into(), 1)].into_iter().collect();
    });
    let text = terminal(&[votes(), disturbed], 120);
    assert!(
        text.contains("Warning: busy: a checkpoint fell into 1 of 5 samples, which slows them: copy-text\n"),
        "{text}"
    );
    let row = "checkpoints";
    assert!(text.lines().any(|line| line.contains(row) && line.contains("1 in 1 of 5 samples")), "{text}");
}

#[test]
fn cases_of_other_rows_are_compared_by_rate_where_that_is_fair() {
    let half = |tenths: u64| {
        move |run: &mut Run, samples: &mut [Sample]| {
            run.provenance.label = "half".into();
            let is_it = |case: &&mut Case| case.id == "insert-row";
            run.plan.cases.iter_mut().filter(is_it).for_each(|case| case.rows /= 2);
            for sample in samples.iter_mut().filter(|sample| sample.case == "insert-row") {
                sample.rows /= 2;
                sample.end_state.as_mut().unwrap().rows /= 2;
                stretch(sample, tenths);
            }
        }
    };
    let line = |dir: PathBuf| {
        let text = terminal(&[votes(), dir], 120);
        let is_it = |line: &&str| line.trim().starts_with("half ") && line.contains(" 10 000 ");
        text.lines().find(is_it).unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    // In half the time it would be as fast.
    assert!(line(changed("half-slow", half(20))).ends_with("slower (by rate)"));
    assert!(line(changed("half-fast", half(2))).ends_with("not comparable"));
}

#[test]
fn the_comparison_of_published_runs_begins_with_its_conclusion() {
    let pair = [votes(), fastest()];
    let three = [votes(), loaders(), fastest()];
    insta::assert_snapshot!("pair-80", terminal(&pair, 80));
    insta::assert_snapshot!("three-80", terminal(&three, 80));
    insta::assert_snapshot!("three-160", terminal(&three, 160));
    let few = [votes(), loaders()];
    insta::assert_snapshot!("few-rounds-120", terminal(&few, 120));

    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("published-comparison");
    let compared = report::compare(&pair).unwrap();
    let written = compared.write(&out).unwrap();
    let names: Vec<&str> = written.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "comparison.md",
            "comparison.csv",
            "comparison.json",
            "comparison.svg",
            "comparison.png",
            "ranks.svg",
            "ranks.png",
            "comparison.html"
        ]
    );
    let markdown = std::fs::read_to_string(out.join("comparison.md")).unwrap();
    let conclusion = first_sentence(&pair);
    assert_eq!(markdown.lines().next().unwrap(), format!("# {conclusion}"));
    insta::assert_snapshot!("comparison.md", markdown);
    let page = std::fs::read_to_string(out.join("comparison.html")).unwrap();
    assert!(page.contains(&format!("<title>{conclusion}</title>")), "{conclusion}");
    assert!(page.contains(&format!("<h1>{conclusion}</h1>")), "{conclusion}");
}

#[test]
fn runs_without_a_case_in_common_say_so_and_draw_nothing() {
    let apart = [votes(), kept("2026-11-21-2-core-cloud-vm-parallelism")];
    assert_eq!(first_sentence(&apart), "8 GB against 16 GB: no case in common");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("apart-comparison");
    assert_eq!(report::compare(&apart).unwrap().write(&out).unwrap().len(), 4);
}

/// Cases that all have another latency than those of the other run are held against each other.
#[test]
fn runs_may_differ_in_an_axis_of_all_their_cases() {
    let with_latency = |ms: u64| {
        changed(&format!("latency-{ms}"), move |run, samples| {
            for case in &mut run.plan.cases {
                case.key.axes.latency_ms = Some(ms);
                let id = format!("{} latency_ms={ms}", case.id);
                samples.iter_mut().filter(|s| s.case == case.id).for_each(|s| s.case.clone_from(&id));
                case.id = id;
            }
        })
    };
    let text = first_sentence(&[with_latency(1), with_latency(5)]);
    assert!(text.starts_with("1 ms against 5 ms: no difference in "), "{text}");
}

/// A run on two emulated disks, on which loads take so many tenths of their time, by disk and round.
fn on_two_disks(directory: &str, tenths: impl Fn(&str, u32) -> u64) -> PathBuf {
    let (mut run, samples) = record::load(&votes()).unwrap();
    run.statements.clear();
    let cases = std::mem::take(&mut run.plan.cases);
    let on = |id: &str, name: &str| format!("{id} on {name}");
    for (name, flush_ns) in [("none", 0), ("hdd-5400", 11_100_000)] {
        let disk = Some(EmulatedDisk { class: Some(name.into()), flush_ns, ..EmulatedDisk::default() });
        run.servers.insert(name.into(), ServerFacts { disk, ..run.server.clone() });
        let there = cases.iter().filter(|case| name == "none" || case.role != Role::Control);
        run.plan.cases.extend(there.map(|case| Case {
            id: on(&case.id, name),
            key: CaseKey { server: Some(name.into()), ..case.key.clone() },
            role: if name == "none" { case.role } else { Role::Case },
            against: None,
            ..case.clone()
        }));
    }
    run.server = run.servers["none"].clone();
    let able: Vec<usize> = (0..run.plan.cases.len()).filter(|&i| run.plan.cases[i].runs()).collect();
    run.plan.order = vec![able.clone(); run.plan.rounds as usize];
    let mut all = Vec::new();
    for name in ["none", "hdd-5400"] {
        for sample in samples.iter().filter(|sample| name == "none" || sample.slot.counts()) {
            let mut sample = Sample { case: on(&sample.case, name), ..sample.clone() };
            let place = able.iter().position(|&index| run.plan.cases[index].id == sample.case);
            // The control is on the first alone.
            let Some(place) = place else { continue };
            if sample.slot.counts() {
                sample.position = place as u32;
            }
            let round = sample.slot.round();
            stretch(&mut sample, tenths(name, round));
            all.push(sample);
        }
    }
    all.sort_by_key(|sample| (sample.slot, sample.position));
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compared").join(directory);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    let mut store = Store::create(&dir, &run).unwrap();
    all.iter().for_each(|sample| store.append(sample).unwrap());
    dir
}

#[test]
fn the_servers_of_one_run_are_set_side_by_side() {
    let dirs = [on_two_disks("two-disks", |disk, _| if disk == "none" { 10 } else { 20 })];
    let first = first_sentence(&dirs);
    assert!(first.contains("emulated: hdd-5400 is 0.50x as fast as emulated: none"), "{first}");
    let flat = terminal(&dirs, 120).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("these are the servers of one run, whose loads alternated"), "{flat}");
    assert!(!flat.contains("its noise is unknown") && !flat.contains("one after the other"), "{flat}");
    let compared = report::compare(&dirs).unwrap();
    let figures = compared.figures().unwrap();
    let case = figures.cases.iter().find(|case| case.id == "copy-csv").unwrap();
    assert!(case.cells.iter().all(|cell| cell.role == Some(Role::Baseline)), "{case:?}");
    assert_eq!(case.cells[1].verdict, Slower);
    // A run on one server has nothing to be held against.
    let error = report::compare(&[votes()]).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("or one on several servers"), "{error}");
}

/// What slows a whole round down is in no ratio.
#[test]
fn the_servers_of_one_run_are_held_against_each_other_within_rounds() {
    let tenths = |disk: &str, round: u32| u64::from(round + 1) * if disk == "none" { 10 } else { 11 };
    let dirs = [on_two_disks("uneven-rounds", tenths)];
    let compared = report::compare(&dirs).unwrap();
    let figures = compared.figures().unwrap();
    let case = figures.cases.iter().find(|case| case.id == "copy-text").unwrap();
    let ratio = case.cells[1].to_first.unwrap().point;
    assert!(case.cells[1].verdict == Slower && (ratio - 1.0 / 1.1).abs() < 0.001, "{case:?}");
}

fn directories(within: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(within).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut dirs: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    dirs.sort();
    dirs
}

/// Each is made of runs that are there, again by the same command, and shown on the page of the results.
#[test]
fn every_published_comparison_is_what_its_runs_come_to_today() {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    let page = std::fs::read_to_string(results.join("README.md")).unwrap();
    let began = |dir: PathBuf| Some((record::load(&dir).ok()?.0.provenance.started, dir));
    let runs: Vec<(String, PathBuf)> = directories(&results).into_iter().filter_map(began).collect();
    for dir in directories(&results.join("comparisons")) {
        let name = dir.file_name().unwrap().to_str().unwrap();
        assert!(page.contains(&format!("](comparisons/{name}/comparison.md)")), "{name} is not shown");
        let written = std::fs::read_to_string(dir.join("comparison.json")).unwrap();
        let document: serde_json::Value = serde_json::from_str(&written).unwrap();
        let of = |run: &serde_json::Value| {
            let found = runs.iter().find(|(began, _)| run["started"] == began.as_str());
            found.unwrap_or_else(|| panic!("{name}: no run here began at {}", run["started"])).1.clone()
        };
        let mut dirs: Vec<PathBuf> = document["runs"].as_array().unwrap().iter().map(of).collect();
        // The servers of one run.
        dirs.dedup();
        let today = report::compare(&dirs).unwrap().json().unwrap();
        assert!(written == today, "{name}: `compare` makes another of {dirs:?} today");
        assert!(dir.join("comparison.md").exists() && dir.join("charts").is_dir(), "{name} lacks a form");
    }
}
