//! A bar a case, of parts that add up: what its backends did, who used the processors, what was written.

use anyhow::Result;
use plotters::style::RGBColor;

use super::canvas::{self, Anchor, ChartRows, Format, GAP, MARGIN, text_width};
use super::legend::{self, LegendKey};
use super::scale::Scale;
use super::totals;
use crate::analysis::{Standing, Standings};
use crate::model::{Metric, Phase, Reading, Run};
use crate::units;

/// Pixels of a row, and of the bar in it.
const ROW: i32 = 30;
const BAR: i32 = 18;

/// What a backend was seen to do, in the colours that go on from those of phases.
const WAITS: [(Metric, RGBColor); Metric::WAITS.len()] = [
    (Metric::AtWork, RGBColor(47, 129, 204)),
    (Metric::WaitsWalWrite, RGBColor(190, 80, 50)),
    (Metric::WaitsWalInsert, RGBColor(222, 130, 30)),
    (Metric::WaitsExtension, RGBColor(20, 158, 115)),
    (Metric::WaitsDataFile, RGBColor(115, 196, 235)),
    (Metric::WaitsTempFile, RGBColor(120, 110, 190)),
    (Metric::WaitsClient, RGBColor(214, 189, 48)),
    (Metric::WaitsLock, RGBColor(199, 112, 163)),
    (Metric::WaitsPage, RGBColor(139, 94, 60)),
    (Metric::WaitsWorkers, RGBColor(90, 90, 90)),
    (Metric::WaitsOther, RGBColor(160, 160, 160)),
];

/// Who used processors; the server as a whole where its processes cannot be told apart.
const CPU: [(Metric, RGBColor); 5] = [
    (Metric::ClientCpu, RGBColor(214, 189, 48)),
    (Metric::BackendCpu, RGBColor(47, 129, 204)),
    (Metric::WorkerCpu, RGBColor(20, 158, 115)),
    (Metric::WriterCpu, RGBColor(222, 130, 30)),
    (Metric::ServerCpu, RGBColor(120, 110, 190)),
];

/// A chart of such bars.
pub(crate) struct Stacks {
    /// The name of its files.
    pub name: &'static str,
    /// A description, for those who cannot see it.
    pub alt: &'static str,
    title: String,
    line: String,
    /// The parts, each with its colour, from the left.
    parts: Vec<(&'static str, RGBColor)>,
    /// The rows from above: a name, the length of each part, and a figure behind them.
    rows: Vec<(String, Vec<f64>, String)>,
    words: fn(f64) -> String,
}

/// Those that the readings of a run are enough for.
pub(crate) fn all(run: &Run, standings: &Standings) -> Vec<Stacks> {
    let mut all =
        vec![waits(run, standings), cpu(run, standings), wal(run, standings), device(run, standings)];
    all.retain(|stacks| !stacks.rows.is_empty());
    all
}

/// What the backends of each case were seen to do, as shares.
fn waits(run: &Run, standings: &Standings) -> Stacks {
    let looks = |s: &Standing| s.summary.readings.waits().map(Vec::from);
    let rows = rows(standings, looks, |_, counts| {
        let looks: f64 = counts.iter().sum();
        (counts.iter().map(|count| 100.0 * count / looks.max(1.0)).collect(), String::new())
    });
    Stacks {
        name: "waits",
        alt: "What the backends of each case were seen to do, as shares",
        title: format!("{}: what the backends did", run.plan.title),
        line: "Shares of the looks at them, 20 in a second, at work or waiting for ...".into(),
        parts: parts(&WAITS),
        rows,
        words: |share| format!("{share:.0} %"),
    }
}

/// Who used the processors during the loads of each case.
fn cpu(run: &Run, standings: &Standings) -> Stacks {
    let of_each = |s: &Standing| {
        let readings = &s.summary.readings;
        // Records from before it was split have no such chart.
        readings.waits()?;
        let client = readings.get(Metric::ClientCpu)?;
        let split =
            [Metric::BackendCpu, Metric::WorkerCpu, Metric::WriterCpu].map(|metric| readings.get(metric));
        Some(match split {
            [Some(backends), Some(workers), Some(writers)] => vec![client, backends, workers, writers, 0.0],
            _ => vec![client, 0.0, 0.0, 0.0, readings.get(Metric::ServerCpu)?],
        })
    };
    let rows = rows(standings, of_each, |total, ns| {
        let busy: Vec<f64> = ns.iter().map(|ns| ns / total).collect();
        let figure = format!("{:.2}", busy.iter().sum::<f64>());
        (busy, figure)
    });
    Stacks {
        name: "cpu",
        alt: "Processors kept busy by case, and by whom",
        title: format!("{}: processors kept busy, and by whom", run.plan.title),
        line: "CPU time divided by the total, from the medians; the client's includes a program that loads."
            .into(),
        parts: parts(&CPU),
        rows,
        words: |processors| format!("{processors:.1}"),
    }
}

/// The WAL of each case by phase, in bytes a row, as cases differ in rows.
fn wal(run: &Run, standings: &Standings) -> Stacks {
    let row = |s: &&Standing| {
        let readings = &s.summary.readings;
        let (whole, rows) = (readings.get(Metric::Wal)?, s.summary.rows.max(1) as f64);
        let of_phase = |phase| readings.get(Reading::from(Metric::Wal).within(phase));
        let phases = Phase::ALL.map(of_phase);
        // Records from before it was read by phase have the whole alone.
        phases.iter().flatten().next()?;
        let phases = phases.iter().map(|bytes| bytes.unwrap_or(0.0) / rows).collect();
        Some((s.summary.case.id.clone(), phases, bytes_words(whole / rows)))
    };
    Stacks {
        name: "wal",
        alt: "Write-ahead log of each case, in bytes a row by phase",
        title: format!("{}: write-ahead log, bytes a row", run.plan.title),
        line: "WAL of the whole server in each phase, from the medians; behind the bar that of all phases."
            .into(),
        parts: Phase::ALL.map(|phase| (phase.words(), totals::colour(phase))).to_vec(),
        rows: standings.sorted().iter().filter_map(row).collect(),
        words: bytes_words,
    }
}

/// What the device was given to write during the loads of each case, in bytes a row.
fn device(run: &Run, standings: &Standings) -> Stacks {
    let device = [(Metric::DeviceWrites, RGBColor(120, 110, 190))];
    let row = |s: &&Standing| {
        let bytes = s.summary.readings.device_writes()? / s.summary.rows.max(1) as f64;
        Some((s.summary.case.id.clone(), vec![bytes], bytes_words(bytes)))
    };
    Stacks {
        name: "device",
        alt: "Bytes a row that the device was given to write during the loads of each case",
        title: format!("{}: bytes to the device, a row", run.plan.title),
        line:
            "Data and WAL together, from the medians. What the kernel still held in memory is not among them."
                .into(),
        parts: parts(&device),
        rows: standings.sorted().iter().filter_map(row).collect(),
        words: bytes_words,
    }
}

fn bytes_words(bytes: f64) -> String {
    format!("{} B", units::count(bytes.round() as u64))
}

fn parts(metrics: &[(Metric, RGBColor)]) -> Vec<(&'static str, RGBColor)> {
    metrics.iter().map(|(metric, colour)| (metric.about().title, *colour)).collect()
}

/// The rows of the cases that have values for the parts, fastest first.
fn rows(
    standings: &Standings,
    values: impl Fn(&Standing) -> Option<Vec<f64>>,
    bar: impl Fn(f64, &[f64]) -> (Vec<f64>, String),
) -> Vec<(String, Vec<f64>, String)> {
    let sorted = standings.sorted();
    let row = |s: &&Standing| {
        let (parts, figure) = bar(s.summary.total_ns?.point, &values(s)?);
        Some((s.summary.case.id.clone(), parts, figure))
    };
    sorted.iter().filter_map(row).collect()
}

impl Stacks {
    /// Draws it.
    ///
    /// # Errors
    /// When it cannot be drawn.
    pub(crate) fn draw(&self, format: Format) -> Result<String> {
        let lines = [self.line.clone()];
        let is_seen = |at: usize| self.rows.iter().any(|(_, parts, _)| parts[at] > 0.0);
        let seen = self.parts.iter().enumerate().filter(|(at, _)| is_seen(*at));
        let legend: Vec<LegendKey> =
            seen.map(|(_, (name, colour))| LegendKey::coloured(*name, *colour)).collect();
        let head = canvas::head_height(&self.title, &lines, format);
        let top = head + legend::height(&legend, format);
        let places = ChartRows::new(self.rows.iter().map(|row| row.0.as_str()), format);
        let end = |parts: &[f64]| parts.iter().sum::<f64>();
        let most = self.rows.iter().map(|row| end(&row.1)).fold(0.0, f64::max);
        let scale = Scale::linear(most, format.steps(), places.left, places.right).with_room(
            self.rows.iter().map(|row| (end(&row.1), GAP + text_width(&row.2))),
            format.width() - MARGIN,
        );
        let bottom = top + self.rows.len() as i32 * places.height(ROW) + 4;
        canvas::svg(format, bottom + 20 + MARGIN, &self.title, |canvas| {
            canvas.head(&self.title, &lines)?;
            legend::draw(canvas, &legend, head + 6)?;
            canvas.axis(&scale, (top, bottom), self.words)?;
            for (index, (name, parts, figure)) in self.rows.iter().enumerate() {
                let y = top + index as i32 * places.height(ROW) + 2;
                let middle = places.name(canvas, name, y, ROW)? + ROW / 2;
                let mut before = 0.0;
                for (part, (_, colour)) in parts.iter().zip(&self.parts) {
                    let x = (scale.at(before), scale.at(before + part));
                    before += part;
                    if x.1 > x.0 {
                        canvas.bar(x, (middle - BAR / 2, middle + BAR / 2), *colour)?;
                    }
                }
                canvas.text(figure, (scale.at(before) + GAP, middle), Anchor::Start, 1.0)?;
            }
            Ok(())
        })
    }
}
