//! Records into text and pictures. Every file here can be made again from `run.json` and
//! `samples.jsonl`.

mod axis_findings;
mod by_dataset;
pub mod chart;
pub mod claims;
mod comparison;
mod crashes;
pub mod csv;
mod curve;
mod emulated;
mod emulated_label;
mod even_speed;
mod evidence;
pub mod export;
pub(crate) mod facts;
mod figures;
pub mod findings;
mod font;
pub(crate) mod headline;
pub(crate) mod html;
mod json;
pub(crate) mod markdown;
pub(crate) mod notes;
mod own_tables;
pub(crate) mod page;
mod phase_evidence;
pub(crate) mod png;
pub mod results;
mod rounds;
mod scatter;
pub(crate) mod section;
mod shown;
mod splice;
mod steps;
pub mod table;
pub(crate) mod terminal;
mod why;
pub(crate) mod winners;
mod worst;
mod worth;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(crate) use comparison::View;
pub(crate) use emulated::of_disk;
pub(crate) use facts::{of_machine, of_server};
pub use font::options as chart_options;
pub(crate) use rounds::{rule as rule_of_rounds, standing as standing_after_round};
pub(crate) use splice::{SpliceMode, splice};
pub use terminal::{Colour, Look};

use crate::analysis::gate::Gate;
use crate::analysis::{self, Comparison, judge, summarize};
use crate::model::{Run, Sample};
use crate::record;
use chart::{Format, rates, stacks, totals};
use figures::Figures;

/// Makes all reports of the run in `dir` anew: `report.md`, `results.csv`, `report.html` and
/// `charts/`, with a curve where the plan varies an axis, and with steps where its cases go step by step. Gives the files it wrote.
///
/// # Errors
/// As [`record::load`] and [`crate::fs::write`].
pub fn write_all(dir: &Path) -> Result<Vec<PathBuf>> {
    let (run, samples) = load(dir)?;
    let standings = judge(summarize(&run, &samples));
    let figures = Figures::of(&run, &samples, &standings);
    let page = page::of_run(&figures);
    let charts = charts(&figures);
    let inline = charts.iter().map(|(name, draw)| inline_chart(name, draw)).collect::<Result<Vec<_>>>()?;

    let mut out = Writer::new(dir)?;
    out.file("report.md", markdown::page(&page).as_bytes())?;
    out.file("results.csv", csv::results(&run, &samples)?.as_bytes())?;
    for (name, draw) in &charts {
        out.chart(name, &draw(Format::File)?)?;
    }
    out.file("report.html", html::page(&page, &inline)?.as_bytes())?;
    Ok(out.written)
}

/// Draws a chart.
type Draw<'f> = Box<dyn Fn(Format) -> Result<String> + 'f>;

/// The charts of a run by the names of their files.
fn charts<'f>(figures: &'f Figures) -> Vec<(&'static str, Draw<'f>)> {
    let Figures { run, standings, curve, chain, .. } = figures;
    let mut charts: Vec<(&str, Draw)> = vec![
        ("total", Box::new(|format| totals::draw(run, standings, format))),
        ("rate", Box::new(|format| rates::of_run(run, standings, format))),
    ];
    if let Some(curve) = curve {
        charts.push(("curve", Box::new(|format| chart::curve::draw(run, curve, format))));
    }
    if let Some(chain) = chain {
        charts.push(("steps", Box::new(|format| chart::steps::draw(run, chain, format))));
    }
    for stacks in stacks::all(run, standings) {
        charts.push((stacks.name, Box::new(move |format| stacks.draw(format))));
    }
    charts
}

/// A run and its samples, as reports show them.
fn load(dir: &Path) -> Result<(Run, Vec<Sample>)> {
    let (run, samples) = record::load(dir)?;
    Ok((shown::shown_run(&run)?, shown::shown_samples(&samples)?))
}

/// The end of a run on a terminal: findings, table, notes.
///
/// # Errors
/// When the records cannot be read as JSON.
pub fn terminal_table(run: &Run, samples: &[Sample], look: Look) -> Result<String> {
    let (run, samples) = (&shown::shown_run(run)?, &shown::shown_samples(samples)?);
    let standings = judge(summarize(run, samples));
    let mut out = terminal::heading(&run.plan.title, look);
    for line in headline::headline(&Figures::of(run, samples, &standings)) {
        out.push_str(&terminal::paragraph(&line, look));
    }
    out.push('\n');
    out.push_str(&terminal::table(&results::results(&standings), look));
    if let Some(published) = results::published(&standings) {
        out.push('\n');
        out.push_str(&terminal::heading("Beside published figures", look));
        out.push_str(&terminal::table(&published, look));
    }
    out.push('\n');
    out.push_str(&terminal::notes(&notes::notes(run, samples, &standings), look));
    Ok(out)
}

/// The README's excerpt of the run in `dir`: findings, chart (by its path from the README's directory), a short
/// table of these cases (all where none is named), machine, server and command, and published ratios.
///
/// # Errors
/// As [`record::load`]; [`crate::fault::Fault::Usage`] for a case that the run does not have.
pub fn excerpt(dir: &Path, shown_as: &str, cases: &[String]) -> Result<String> {
    let (run, samples) = load(dir)?;
    let standings = judge(summarize(&run, &samples));
    let page = page::of_run(&Figures::of(&run, &samples, &standings));
    let mut out = String::new();
    for line in &page.headline {
        out.push_str(&format!("{}\n\n", markdown::escape(line)));
    }
    // Of its pictures the one that shows most: the first.
    if let Some(picture) = page.sections.iter().flat_map(|s| &s.charts).next() {
        out.push_str(&format!("![{}]({shown_as}/charts/{}.png)\n\n", picture.alt, picture.name));
    }
    out.push_str(&markdown::table(&results::excerpt(&standings, cases)?));
    let machine = &run.provenance.machine;
    let server = run.server.version.split(" on ").next().unwrap_or_default();
    out.push_str(&format!(
        "\n{}, {} rounds, on {}, {} cores, {}, by {}; the whole report: [{shown_as}/report.md]({shown_as}/report.md).\n",
        markdown::escape(server),
        run.plan.rounds,
        markdown::escape(&machine.cpu),
        machine.cores,
        markdown::escape(&emulated_label::disk(&run)),
        markdown::code(&run.provenance.command)
    ));
    if let Some(published) = results::published(&standings) {
        let source = run.plan.published.as_deref().unwrap_or("its source");
        out.push_str(&format!("\nBeside what was published ({}):\n\n", markdown::escape(source)));
        out.push_str(&markdown::table(&published.without_spare(0)));
    }
    Ok(out)
}

/// Runs side by side, loaded.
pub struct Compared {
    runs: Vec<(String, Run, Vec<Sample>)>,
    /// Whether they are the servers of one run.
    is_one_run: bool,
    /// Per cent of the first run's time that another may take more.
    limit: Option<f64>,
}

/// Loads the runs of these directories to compare them; of a single one that loaded into several servers, these.
///
/// # Errors
/// As [`record::load`], and as [`analysis::compare`] where they cannot be compared.
pub fn compare(dirs: &[PathBuf]) -> Result<Compared> {
    let load =
        |dir: &PathBuf| load(dir).map(|(run, samples)| (name_of(dir, &run.provenance.started), run, samples));
    let loaded = dirs.iter().map(load).collect::<Result<Vec<_>>>()?;
    let servers = match &loaded[..] {
        [(_, run, samples)] => analysis::by_server::parts(run, samples),
        _ => Vec::new(),
    };
    let is_one_run = !servers.is_empty();
    let runs = if is_one_run { servers } else { loaded };
    analysis::check(&runs)?;
    Ok(Compared { runs, is_one_run, limit: None })
}

/// The name of a record's directory; of one without a name, the time when it began.
fn name_of(dir: &Path, started: &str) -> String {
    let name = dir.canonicalize().ok().and_then(|d| Some(d.file_name()?.to_string_lossy().into_owned()));
    name.unwrap_or_else(|| started.to_owned())
}

impl Compared {
    /// The names of a run on emulated disks and of one on real ones, where there are both.
    pub(crate) fn mixed_disks(&self) -> Option<(&str, &str)> {
        analysis::emulation::mixed(&self.runs)
    }

    /// The figures.
    ///
    /// # Errors
    /// As [`analysis::compare`].
    pub fn figures(&self) -> Result<Comparison<'_>> {
        analysis::compare(&self.runs, self.is_one_run)
    }

    /// The same, held against a limit: the per cent of the first run's time that another may take more.
    #[must_use]
    pub fn held_to(self, limit: Option<f64>) -> Self {
        Self { limit, ..self }
    }

    /// The cases held against the limit; `None` without one.
    ///
    /// # Errors
    /// As [`Compared::figures`].
    pub fn gate(&self) -> Result<Option<Gate>> {
        self.made(|view| Ok(view.gate.clone()))
    }

    /// The comparison for a terminal: its conclusion, what differs, case by run, and what stands behind that.
    ///
    /// # Errors
    /// As [`Compared::figures`].
    pub fn terminal(&self, look: Look) -> Result<String> {
        self.made(|view| Ok(view.terminal(look)))
    }

    /// The comparison as Markdown that needs no files beside it: without its charts.
    ///
    /// # Errors
    /// As [`Compared::figures`].
    pub fn markdown(&self) -> Result<String> {
        self.made(|view| Ok(view.markdown()))
    }

    /// The comparison as one file of HTML, with its charts.
    ///
    /// # Errors
    /// As [`Compared::figures`], and when a chart cannot be drawn.
    pub fn html(&self) -> Result<String> {
        self.made(|view| view.html())
    }

    /// The comparison as csv, a row a case and run.
    ///
    /// # Errors
    /// As [`Compared::figures`].
    pub fn csv(&self) -> Result<String> {
        self.made(|view| view.csv())
    }

    /// The comparison as JSON, by [`export::COMPARISON_SCHEMA`].
    ///
    /// # Errors
    /// As [`Compared::figures`].
    pub fn json(&self) -> Result<String> {
        self.made(|view| view.json())
    }

    /// The chart of its ranks for each of these; nothing where fewer than two cases have any.
    ///
    /// # Errors
    /// As [`Compared::figures`], and when it cannot be drawn.
    pub fn ranks_charts(&self, formats: impl IntoIterator<Item = Format>) -> Result<Vec<String>> {
        self.made(|view| {
            let charts = formats.into_iter().map(|format| view.charts(format)).collect::<Result<Vec<_>>>()?;
            let is_it = |(name, svg): (&str, String)| (name == "ranks").then_some(svg);
            Ok(charts.into_iter().flatten().filter_map(is_it).collect())
        })
    }

    /// Writes `comparison.md`, `.csv`, `.json` and `.html`, and `charts/`, into `dir`; gives the files.
    ///
    /// # Errors
    /// As [`Compared::figures`] and [`crate::fs::write`].
    pub fn write(&self, dir: &Path) -> Result<Vec<PathBuf>> {
        self.made(|view| write_comparison(view, dir))
    }

    /// What is made of the figures, which take a while.
    ///
    /// # Errors
    /// As [`Compared::figures`] and `make`.
    pub(crate) fn made<T>(&self, make: impl FnOnce(&View) -> Result<T>) -> Result<T> {
        make(&View::of(&self.figures()?, self.limit))
    }
}

/// Writes a comparison in all forms; gives the files.
///
/// # Errors
/// As [`crate::fs::write`].
pub(crate) fn write_comparison(view: &View, dir: &Path) -> Result<Vec<PathBuf>> {
    let mut out = Writer::new(dir)?;
    out.file("comparison.md", markdown::page(&view.page()).as_bytes())?;
    out.file("comparison.csv", view.csv()?.as_bytes())?;
    out.file("comparison.json", view.json()?.as_bytes())?;
    for (name, chart) in view.charts(Format::File)? {
        out.chart(name, &chart)?;
    }
    out.file("comparison.html", view.html()?.as_bytes())?;
    Ok(out.written)
}

fn inline_chart(name: &str, draw: impl Fn(Format) -> Result<String>) -> Result<html::InlineChart> {
    Ok(html::InlineChart {
        name: name.into(),
        wide: chart::inline(&draw(Format::Page)?),
        narrow: chart::inline(&draw(Format::Phone)?),
    })
}

/// Writes files into a directory and remembers them.
struct Writer<'a> {
    dir: &'a Path,
    written: Vec<PathBuf>,
}

impl<'a> Writer<'a> {
    fn new(dir: &'a Path) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
        Ok(Self { dir, written: Vec::new() })
    }

    fn file(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let path = self.dir.join(name);
        crate::fs::write(&path, content)?;
        self.written.push(path);
        Ok(())
    }

    fn chart(&mut self, name: &str, svg: &str) -> Result<()> {
        let charts = self.dir.join("charts");
        std::fs::create_dir_all(&charts).with_context(|| format!("making {}", charts.display()))?;
        self.file(&format!("charts/{name}.svg"), svg.as_bytes())?;
        self.file(&format!("charts/{name}.png"), &png::from_svg(svg)?)
    }
}
