//! A bar a case, of parts that add up: what its backends did, and who used the processors.

use anyhow::Result;
use plotters::style::RGBColor;

use super::canvas::{self, Anchor, ChartRows, Format, GAP, MARGIN, text_width};
use super::legend::{self, LegendKey};
use super::scale::Scale;
use crate::analysis::{Standing, Standings};
use crate::model::{Metric, Run};

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
    (Metric::WaitsWorkers, RGBColor(90, 90, 90)),
    (Metric::WaitsOther, RGBColor(160, 160, 160)),
];

/// Who used processors.
const CPU: [(Metric, RGBColor); 4] = [
    (Metric::ClientCpu, RGBColor(214, 189, 48)),
    (Metric::BackendCpu, RGBColor(47, 129, 204)),
    (Metric::WorkerCpu, RGBColor(20, 158, 115)),
    (Metric::WriterCpu, RGBColor(222, 130, 30)),
];

/// A chart of such bars.
struct Stacks {
    title: String,
    line: String,
    /// The parts, each with its colour, from the left.
    parts: Vec<(&'static str, RGBColor)>,
    /// The rows from above: a name, the length of each part, and a figure behind them.
    rows: Vec<(String, Vec<f64>, String)>,
    words: fn(f64) -> String,
}

/// What the backends of each case were seen to do, as shares; `None` where nobody looked.
///
/// # Errors
/// When it cannot be drawn.
pub(crate) fn waits(run: &Run, standings: &Standings) -> Option<impl Fn(Format) -> Result<String>> {
    let rows = rows(standings, &WAITS, |_, counts| {
        let looks: f64 = counts.iter().sum();
        (counts.iter().map(|count| 100.0 * count / looks.max(1.0)).collect(), String::new())
    });
    let stacks = Stacks {
        title: format!("{}: what the backends did", run.plan.title),
        line: "Shares of the looks at them, 20 in a second, at work or waiting for ...".into(),
        parts: parts(&WAITS),
        rows,
        words: |share| format!("{share:.0} %"),
    };
    stacks.is_any().then_some(move |format| stacks.draw(format))
}

/// Who used the processors during the loads of each case; `None` where it is not known.
///
/// # Errors
/// When it cannot be drawn.
pub(crate) fn cpu(run: &Run, standings: &Standings) -> Option<impl Fn(Format) -> Result<String>> {
    let rows = rows(standings, &CPU, |total, ns| {
        let busy: Vec<f64> = ns.iter().map(|ns| ns / total).collect();
        let figure = format!("{:.2}", busy.iter().sum::<f64>());
        (busy, figure)
    });
    let stacks = Stacks {
        title: format!("{}: processors kept busy, and by whom", run.plan.title),
        line: "CPU time divided by the total, from the medians; the client's includes a program that loads."
            .into(),
        parts: parts(&CPU),
        rows,
        words: |processors| format!("{processors:.1}"),
    };
    stacks.is_any().then_some(move |format| stacks.draw(format))
}

fn parts(metrics: &[(Metric, RGBColor)]) -> Vec<(&'static str, RGBColor)> {
    metrics.iter().map(|(metric, colour)| (metric.about().title, *colour)).collect()
}

/// The rows of the cases that have all of these metrics, fastest first.
fn rows(
    standings: &Standings,
    metrics: &[(Metric, RGBColor)],
    bar: impl Fn(f64, &[f64]) -> (Vec<f64>, String),
) -> Vec<(String, Vec<f64>, String)> {
    let sorted = standings.sorted();
    let row = |s: &&Standing| {
        let values: Option<Vec<f64>> =
            metrics.iter().map(|(metric, _)| s.summary.readings.get(*metric)).collect();
        let (parts, figure) = bar(s.summary.total_ns?.point, &values?);
        Some((s.summary.case.id.clone(), parts, figure))
    };
    sorted.iter().filter_map(row).collect()
}

impl Stacks {
    fn is_any(&self) -> bool {
        !self.rows.is_empty()
    }

    fn draw(&self, format: Format) -> Result<String> {
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
