//! Reports of a made-up run: the figures in them, and that each format shows all cases.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bulkbench::analysis::comparison::CrossVerdict;
use bulkbench::analysis::{judge, summarize};
use bulkbench::fault::Fault;
use bulkbench::model::{
    Axis, Before, Durability, Fact, FactValue, Metric, Outcome, Phase, ProgramFacts, Reading, Readings, Role,
    Run, Sample, SessionFacts,
};
use bulkbench::record::Store;
use bulkbench::report::table::Cell;
use bulkbench::report::{self, Colour, Look};

fn stored(name: &str, run: &Run, samples: &[Sample]) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    let mut store = Store::create(&dir, run).unwrap();
    samples.iter().for_each(|s| store.append(s).unwrap());
    dir
}

fn plain(width: u16) -> Look {
    Look { width, colour: Colour::Off }
}

#[test]
fn the_terminal_shows_every_case_at_every_width() {
    let (run, samples) = support::votes(5, 1.0);
    for width in [80, 120] {
        let text = report::terminal_table(&run, &samples, plain(width)).unwrap();
        for line in text.lines() {
            assert!(line.chars().count() <= width.into(), "wider than {width}: {line}");
        }
        insta::assert_snapshot!(format!("terminal-{width}"), text);
    }
    let coloured = report::terminal_table(&run, &samples, Look { width: 100, colour: Colour::On }).unwrap();
    assert!(coloured.contains("\u{1b}["));
}

#[test]
fn an_external_program_is_named_and_marked() {
    let (mut run, samples) = support::votes(5, 1.0);
    let case = run.plan.cases.iter_mut().find(|case| case.id == "copy-text").unwrap();
    let version = Some("loader 1.2".into());
    case.program = Some(ProgramFacts { command: "loader {file}".into(), version, definition: None });
    let text = report::terminal_table(&run, &samples, plain(120)).unwrap();
    let note = "- each sample starts a program, loader 1.2, and its start-up is in the time: copy-text\n";
    assert!(text.contains(note), "{text}");
    let table = report::results::results(&judge(summarize(&run, &samples)));
    assert_eq!(table.columns.last().unwrap().title, "program");
    let named = Cell::Text("loader 1.2".into());
    assert_eq!(table.rows.iter().filter(|row| *row.last().unwrap() == named).count(), 1);

    let mut newer = run.clone();
    let case = newer.plan.cases.iter_mut().find(|case| case.id == "copy-text").unwrap();
    case.program.as_mut().unwrap().version = Some("loader 1.3".into());
    let dirs = [stored("program-old", &run, &samples), stored("program-new", &newer, &samples)];
    let text = report::compare(&dirs).unwrap().terminal(plain(120)).unwrap();
    assert!(text.contains("loader 1.3 against loader 1.2"), "{text}");
}

#[test]
fn all_files_are_made_and_hold_the_figures() {
    let (run, samples) = support::votes(5, 1.0);
    let dir = stored("report-votes", &run, &samples);
    let files = report::write_all(&dir).unwrap();
    let names: Vec<String> =
        files.iter().map(|f| f.strip_prefix(&dir).unwrap().to_string_lossy().into_owned()).collect();
    let charts = ["charts/total.svg", "charts/total.png", "charts/rate.svg", "charts/rate.png"];
    assert_eq!(names, [&["report.md", "results.csv"][..], &charts[..], &["report.html"][..]].concat());
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    insta::assert_snapshot!("report.md", read("report.md"));
    let csv = read("results.csv");
    assert_eq!(csv.lines().count(), samples.len() + 1);
    insta::assert_snapshot!("results.csv", csv.lines().take(4).collect::<Vec<_>>().join("\n"));
    assert_eq!(&std::fs::read(dir.join("charts/total.png")).unwrap()[..8], b"\x89PNG\r\n\x1a\n");

    // The page needs nothing from elsewhere and shows what the samples say.
    let page = read("report.html");
    for link in ["src=", "href=", "url(", "@import", "<script"] {
        assert!(!page.contains(link), "{link}");
    }
    for figure in ["7.40 s", "1 010 000/s", "1.45x", "slower (by rate)", "No space left"] {
        assert!(page.contains(figure), "{figure}");
    }

    let excerpt = report::excerpt(&dir, "results/votes", &[]).unwrap();
    for part in ["| `copy-csv` ", "](results/votes/charts/total.png)", "by `bulkbench run votes --rows"] {
        assert!(excerpt.contains(part), "{part} is not in {excerpt}");
    }

    let some = report::excerpt(&dir, "results/votes", &["copy-csv".into()]).unwrap();
    let (rows, published) = some.split_once("Beside what was published").unwrap();
    assert!(rows.contains("| `copy-csv` ") && !rows.contains("| `copy-binary` "), "{rows}");
    assert!(published.contains("| `copy-binary` "), "{published}");
    let lost = report::excerpt(&dir, "results/votes", &["copy-cvs".into()]).unwrap_err().to_string();
    assert!(lost.contains("no case `copy-cvs`") && lost.contains("did you mean `copy-csv`?"), "{lost}");

    // The same records make the same files, to the byte.
    let first: Vec<Vec<u8>> = files.iter().map(|f| std::fs::read(f).unwrap()).collect();
    report::write_all(&dir).unwrap();
    let second: Vec<Vec<u8>> = files.iter().map(|f| std::fs::read(f).unwrap()).collect();
    assert!(first == second);
}

/// The elements of an SVG with this tag, as their attributes.
fn elements<'s>(svg: &'s str, tag: &str) -> Vec<&'s str> {
    let open = format!("<{tag} ");
    svg.split(open.as_str()).skip(1).filter_map(|rest| rest.split('>').next()).collect()
}

fn attribute(element: &str, name: &str) -> f64 {
    let rest = element.split(&format!("{name}=\"")).nth(1).unwrap();
    rest.split('"').next().unwrap().parse().unwrap()
}

#[test]
fn the_bars_are_as_long_as_their_times_and_no_label_is_cut() {
    let (run, samples) = support::votes(5, 1.0);
    let standings = bulkbench::analysis::judge(bulkbench::analysis::summarize(&run, &samples));
    use bulkbench::report::chart::{Format, rates, totals};
    for format in [Format::File, Format::Page, Format::Phone] {
        let svg = totals::draw(&run, &standings, format).unwrap();
        for case in &run.plan.cases {
            assert!(svg.contains(&case.id), "{}", case.id);
        }
        for text in [
            "7.40 s · 1.45x",
            "10.7 s · baseline",
            "150 000 rows only: 18.2 s, 8 240/s",
            "not available here",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        // Load (blue): 2.9 s of the fastest case against 31 s of the slowest.
        let loads: Vec<f64> = elements(&svg, "rect")
            .into_iter()
            .filter(|r| r.contains("#2F81CC") && attribute(r, "height") > 12.0)
            .map(|r| attribute(r, "width"))
            .collect();
        assert_eq!(loads.len(), support::CASES.len());
        let (first, last) = (loads[0], loads[loads.len() - 1]);
        assert!((last / first - 31.0 / 2.9).abs() < 31.0 / 2.9 / first, "{first} and {last}");

        for svg in [svg, rates::of_run(&run, &standings, format).unwrap()] {
            let picture = resvg::usvg::Tree::from_str(&svg, &report::chart_options()).unwrap();
            let drawn = picture.root().bounding_box();
            let (width, height) = (picture.size().width(), picture.size().height());
            assert!(
                drawn.left() >= 0.0 && drawn.right() <= width && drawn.bottom() <= height,
                "{drawn:?} leaves {width} by {height}"
            );
        }
    }
}

#[test]
fn a_narrow_chart_breaks_no_number() {
    let (run, samples) = support::votes(5, 1.0);
    let standings = bulkbench::analysis::judge(bulkbench::analysis::summarize(&run, &samples));
    use bulkbench::report::chart::{Format, totals};
    let mut named = run.clone();
    // Wherever the line has to end, it is not within the number of rows.
    for words in 0..12 {
        named.plan.title = "word ".repeat(words) + "end";
        let svg = totals::draw(&named, &standings, Format::Phone).unwrap();
        assert!(svg.lines().any(|line| line.contains("7 500 000 rows")), "{words}: {svg}");
    }
}

#[test]
fn the_same_failure_of_many_cases_is_named_once_with_their_number() {
    let (mut run, mut samples) = support::votes(5, 1.0);
    for id in ["copy-text", "copy-binary"] {
        for sample in samples.iter_mut().filter(|sample| sample.case == id) {
            let case = run.plan.cases.iter().find(|case| case.id == id).unwrap();
            let error = "loading: ERROR 53100: could not extend file";
            *sample = support::failed(case, sample.slot.round(), Outcome::Failed, error);
        }
    }
    let case = run.plan.cases.iter_mut().find(|case| case.id == "insert-row").unwrap();
    case.failed_trial = Some("in a trial of 200 rows: no route to host".into());
    run.plan
        .order
        .iter_mut()
        .for_each(|round| round.retain(|&index| run.plan.cases[index].id != "insert-row"));
    samples.retain(|sample| sample.case != "insert-row");
    let (mut run, samples) = (run, samples);
    run.plan.any_build = true;
    let text = report::terminal_table(&run, &samples, plain(120)).unwrap();
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let warning = "- Warning: 2 cases failed the same way (copy-text, copy-binary): loading: ERROR 53100: could not extend file";
    assert!(flat.contains(warning), "{text}");
    assert_eq!(
        flat.matches("ERROR 53100: could not extend file").count(),
        2,
        "once for copy-parallel's: {text}"
    );
    assert!(flat.contains("Warning: insert-row failed: in a trial of 200 rows: no route to host"), "{text}");
    assert!(flat.contains("(--any-build)"), "{text}");
    let csv = report::csv::results(&run, &samples).unwrap();
    let row = csv.lines().find(|line| line.starts_with("insert-row,")).unwrap();
    assert!(row.contains(",failed,in a trial of 200 rows: no route to host,150000,,"), "{row}");
}

#[test]
fn few_rounds_are_shown_without_claims() {
    let (run, samples) = support::votes(2, 1.0);
    let text = report::terminal_table(&run, &samples, plain(120)).unwrap();
    assert!(text.contains("too few samples") && !text.contains("  faster"), "{text}");
    assert!(text.contains("2 rounds: a claim needs 5 rounds"), "{text}");
    report::write_all(&stored("report-quick", &run, &samples)).unwrap();

    // Where the baseline itself has the best figure, too.
    let (run, mut samples) = support::votes(2, 1.0);
    let twice = run.plan.cases.iter().filter(|case| case.role != Role::Case).map(|case| case.id.as_str());
    let twice: Vec<&str> = twice.collect();
    for sample in samples.iter_mut().filter(|sample| twice.contains(&sample.case.as_str())) {
        sample.total_ns = sample.total_ns.map(|ns| ns / 100);
    }
    let text = report::terminal_table(&run, &samples, plain(300)).unwrap();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("Fastest here: copy-csv,") && words.contains("in 2 of 2 rounds: too few samples"),
        "{text}"
    );
    // A run that has only begun has a report as well.
    let text = report::terminal_table(&run, &[], plain(80)).unwrap();
    assert!(text.contains("No sample has finished yet.") && text.contains("0 of 24 samples"), "{text}");
    report::write_all(&stored("report-empty", &run, &[])).unwrap();
}

#[test]
fn runs_are_compared_case_by_case_after_what_differs() {
    let (here, samples) = support::votes(5, 1.0);
    let (mut there, mut faster) = support::votes(5, 0.6);
    there.provenance.label = "big machine".into();
    there.provenance.machine.cores = 8;
    there.server.settings.insert("wal_level".into(), "minimal".into());
    // One case leaves another table there.
    for sample in faster.iter_mut().filter(|s| s.case == "copy-text") {
        sample.end_state.as_mut().unwrap().structure.pop();
    }
    let dirs = [stored("compare-here", &here, &samples), stored("compare-there", &there, &faster)];
    let compared = report::compare(&dirs).unwrap();
    let figures = compared.figures().unwrap();
    let fields: Vec<&str> = figures.differences.iter().map(|d| d.field.as_str()).collect();
    assert_eq!(fields, ["server.settings.wal_level", "machine.cores"]);
    let cell = |id: &str| &figures.cases.iter().find(|c| c.id == id).unwrap().cells[1];
    assert!((cell("copy-csv").to_first.unwrap().point - 1.0 / 0.6).abs() < 1e-6);
    assert_eq!(cell("copy-csv").verdict, CrossVerdict::Faster);
    let why = "its tables differ in indexes or constraints";
    assert_eq!(cell("copy-text").verdict, CrossVerdict::NotComparable(why.into()));
    insta::assert_snapshot!("comparison", compared.terminal(plain(100)).unwrap());
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("comparison");
    assert_eq!(compared.write(&out).unwrap().len(), 8);
}

#[test]
fn a_headline_marks_a_program_s_durability_as_its_author_s_word() {
    let (mut run, mut samples) = support::votes(5, 1.0);
    let case = run.plan.cases.iter_mut().find(|case| case.id == "copy-text").unwrap();
    case.program = Some(ProgramFacts { command: "loader {file}".into(), version: None, definition: None });
    for sample in samples.iter_mut().filter(|s| s.case == "copy-text") {
        sample.total_ns = Some(1_000_000_000);
        let before = Before::Checkpoint;
        sample.session = Some(SessionFacts { settings: BTreeMap::new(), disabled_triggers: 0, before });
    }
    let text = report::terminal_table(&run, &samples, plain(300)).unwrap();
    let headline = text[text.find("Fastest here: copy-text,").unwrap()..].split("\n\n").next().unwrap();
    let words = headline.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.ends_with("; durable, as its author says."), "{words}");
}

/// That a case left less in the other run is why the two cannot be compared, and no second note.
#[test]
fn a_comparison_says_each_difference_once() {
    let (here, samples) = support::votes(1, 1.0);
    let mut there = here.clone();
    for case in there.plan.cases.iter_mut().filter(|case| case.id == "copy-text") {
        case.durability = Durability::MayLoseLastCommits;
    }
    let dirs = [stored("once-here", &here, &samples), stored("once-there", &there, &samples)];
    let text = report::compare(&dirs).unwrap().terminal(plain(200)).unwrap();
    assert_eq!(text.matches("may lose the last commits against durable").count(), 1, "{text}");
}

#[test]
fn runs_of_other_rows_are_refused_by_field() {
    let (here, samples) = support::votes(1, 1.0);
    let (mut there, _) = support::votes(1, 1.0);
    (there.dataset.rows, there.plan.rows) = (100_000, 100_000);
    there.plan.cases.iter_mut().for_each(|case| case.rows = 100_000);
    let dirs = [stored("refuse-here", &here, &samples), stored("refuse-there", &there, &[])];
    let error = report::compare(&dirs).err().unwrap();
    assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(2));
    let text = error.to_string();
    assert!(text.contains("dataset.rows is 7500000 in refuse-here and 100000 in refuse-there"), "{text}");
    assert!(report::compare(&dirs[..1]).is_err());
}

#[test]
fn a_run_along_an_axis_has_a_curve_and_says_what_cases_are_held_against() {
    for (name, (run, samples)) in [("latency", support::latencies()), ("batch", support::batches())] {
        let dir = stored(&format!("report-{name}"), &run, &samples);
        let files = report::write_all(&dir).unwrap();
        for file in ["charts/curve.svg", "charts/curve.png"] {
            assert!(files.contains(&dir.join(file)), "{file}");
        }
        let markdown = std::fs::read_to_string(dir.join("report.md")).unwrap();
        let shown = markdown.split("## Machine").next().unwrap();
        let place = |heading: &str| shown.find(heading).unwrap();
        assert!(
            place("curve.png") < place("## What the fastest do"),
            "the experiment's question comes first"
        );
        insta::assert_snapshot!(format!("{name}.md"), shown);
        insta::assert_snapshot!(
            format!("{name}-100"),
            report::terminal_table(&run, &samples, plain(100)).unwrap()
        );
        let page = std::fs::read_to_string(dir.join("report.html")).unwrap();
        assert!(page.contains(&format!("rows a second by {name}")));
        let csv = std::fs::read_to_string(dir.join("results.csv")).unwrap();
        assert!(csv.lines().next().unwrap().contains(",dataset,collation,latency_ms,server,against,"));
    }
}

#[test]
fn no_label_of_a_curve_is_cut_and_few_series_fill_the_axis() {
    use bulkbench::analysis::{Curve, judge, summarize};
    use bulkbench::report::chart::{Format, curve};
    let one = support::along("jobs", 1000, &[(4, &[("copy-parallel", 1.0)])]);
    let mut long = support::latencies();
    let ids = long.0.plan.cases.iter_mut().map(|c| &mut c.id).chain(long.1.iter_mut().map(|s| &mut s.case));
    for id in ids {
        *id = id.replace("insert-row", "a-method-of-a-long-name server=that-was-named-at-length fsync=off");
    }
    for (run, samples) in [support::latencies(), support::batches(), one, long] {
        let standings = judge(summarize(&run, &samples));
        let curve_of_run = Curve::of_run(&run.plan, &standings).unwrap();
        for format in [Format::File, Format::Page, Format::Phone] {
            let svg = curve::draw(&run, &curve_of_run, format).unwrap();
            let trips = run.plan.x == Some(Axis::Latency);
            assert_eq!(svg.contains("1000/RTT: one round trip a row"), trips);
            let picture = resvg::usvg::Tree::from_str(&svg, &report::chart_options()).unwrap();
            let drawn = picture.root().bounding_box();
            let (width, height) = (picture.size().width(), picture.size().height());
            assert!(
                drawn.left() >= 0.0 && drawn.right() <= width && drawn.bottom() <= height,
                "{drawn:?} leaves {width} by {height}"
            );
        }
    }
}

#[test]
fn further_servers_and_datasets_are_shown_by_name() {
    let (mut run, samples) = support::votes(5, 1.0);
    let mut server = run.server.clone();
    server.version = "PostgreSQL 17.1 on x86_64-pc-linux-gnu".into();
    server.settings.insert("fsync".into(), "off".into());
    run.servers.insert("pg17".into(), server);
    run.datasets.insert("wide".into(), run.dataset.clone());
    let dir = stored("report-servers", &run, &samples);
    report::write_all(&dir).unwrap();
    let text = std::fs::read_to_string(dir.join("report.md")).unwrap();
    for part in [
        "| pg17: version    | PostgreSQL 17.1 on x86_64-pc-linux-gnu ",
        "| wide: rows    | 7 500 000, generated from seed 42 ",
        "| setting          | value     | given  | pg17: value | pg17: given |",
        "Warning: the server pg17 ran with fsync = off",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn what_backends_did_is_told_by_phase_where_several_were_looked_at() {
    let (run, mut samples) = support::votes(2, 1.0);
    for sample in &mut samples {
        // The builds of one case alone lasted for enough looks.
        let builds = if sample.case == "copy-text" { 20 } else { 2 };
        let looks = [(None, 30 + builds), (Some(Phase::Load), 30), (Some(Phase::Indexes), builds)];
        let read = looks.into_iter().flat_map(|(phase, looks)| {
            let waits = [(Metric::AtWork, looks), (Metric::WaitsWalWrite, looks / 2)];
            waits.map(|(metric, looks)| (Reading { metric, phase }, looks))
        });
        sample.readings = read.collect::<Readings>();
    }
    let dir = stored("report-phases", &run, &samples);
    report::write_all(&dir).unwrap();
    let text = std::fs::read_to_string(dir.join("report.md")).unwrap();
    let (_, section) = text.split_once("Evidence: phases").unwrap();
    let section = section.split("</details>").next().unwrap();
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), 2, "{section}");
    for (row, phase) in rows.iter().zip(["load", "indexes"]) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!((cells[1], cells[2]), ("`copy-text`", phase), "{row}");
        assert_eq!(cells[4..6], ["66.7 %", "33.3 %"], "{row}");
    }
}

#[test]
fn a_server_of_the_run_s_own_is_said_to_lack_evidence_as_well() {
    let (mut run, samples) = support::votes(1, 1.0);
    let lacks = |name: &str, run: &Run| {
        let dir = stored(&format!("report-evidence-{name}"), run, &samples);
        report::write_all(&dir).unwrap();
        let text = std::fs::read_to_string(dir.join("report.md")).unwrap();
        text.lines().find(|line| line.contains("they could not be read")).map(str::to_owned)
    };
    assert_eq!(lacks("never-asked", &run), None, "a record from before servers were asked");
    run.server.fingerprint = [(Fact::WalBlock, FactValue::Number(8192))].into_iter().collect();
    run.server.version_num = 130_000;
    let old = lacks("old", &run).unwrap();
    assert!(old.contains("WAL records") && old.contains("read or extended"), "{old}");
    assert!(!old.contains("memory of the container"), "it is in none: {old}");
    run.server.version_num = 160_000;
    let new = lacks("new", &run).unwrap();
    assert!(new.contains("blocks read") && !new.contains("read or extended"), "{new}");
}

/// Whatever a server, a program or a file says of itself gets into no output but by name.
#[test]
fn what_a_record_quotes_can_do_nothing_in_any_output() {
    const HOSTILE: &str = "x\u{1b}[2J\u{7}\u{feff}\u{a0}\u{202e}<img src=x>";
    let (mut run, mut samples) = support::votes(2, 1.0);
    let hostile = || HOSTILE.to_owned();
    for text in [
        &mut run.provenance.label,
        &mut run.provenance.command,
        &mut run.provenance.machine.cpu,
        &mut run.provenance.machine.kernel,
        &mut run.server.version,
        &mut run.server.transport,
        &mut run.plan.title,
        &mut run.plan.question,
    ] {
        *text = hostile();
    }
    run.plan.published = Some(hostile());
    run.server.given.insert(hostile(), hostile());
    run.server.settings.insert("fsync".into(), hostile());
    let fastest = "copy-unlogged".to_owned();
    let renamed = format!("{fastest} application_name={HOSTILE}");
    run.plan.cases.iter_mut().filter(|case| case.id == fastest).for_each(|case| case.id = renamed.clone());
    samples
        .iter_mut()
        .filter(|sample| sample.case == fastest)
        .for_each(|sample| sample.case = renamed.clone());
    let last = samples.pop().unwrap();
    let case = run.plan.cases.iter().find(|case| case.id == last.case).unwrap();
    samples.push(Sample { position: last.position, ..support::failed(case, 2, Outcome::Failed, HOSTILE) });
    for sample in &mut samples {
        if let Some(session) = &mut sample.session {
            session.settings.insert("session_replication_role".into(), hostile());
        }
    }

    let dir = stored("report-hostile", &run, &samples);
    let written = report::write_all(&dir).unwrap();
    let compared = report::compare(&[dir.clone(), dir.clone()]).unwrap();
    let written = written.into_iter().chain(compared.write(&dir.join("compared")).unwrap());
    let mut outputs: Vec<(String, String)> = written
        .filter(|path| path.extension().is_some_and(|ending| ending != "png"))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    outputs.push(("terminal".into(), report::terminal_table(&run, &samples, plain(120)).unwrap()));
    outputs.push(("comparison".into(), compared.terminal(plain(120)).unwrap()));
    outputs.push(("excerpt".into(), report::excerpt(&dir, "results/x", &[]).unwrap()));
    for (output, text) in outputs {
        let raw = ['\u{1b}', '\u{7}', '\u{feff}', '\u{202e}'];
        assert!(!text.contains(raw) && !text.contains("x\u{a0}"), "{output}: {text}");
        let plain = output.ends_with(".csv")
            || output.ends_with(".json")
            || output == "terminal"
            || output == "comparison";
        assert!(plain || !outside_code(&text).contains("<img src=x>"), "{output}: {text}");
        assert!(text.contains("ESC"), "{output} names what cannot be seen: {text}");
    }
}

/// A page without what stands in backticks, where Markdown takes all as it is.
fn outside_code(text: &str) -> String {
    let text = text.replace("```", "`");
    text.split('`').step_by(2).collect()
}
