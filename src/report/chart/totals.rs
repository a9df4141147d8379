//! The total time of each case, phase by phase, with the interval of the total.

use anyhow::Result;
use plotters::style::RGBColor;

use super::canvas::{self, Anchor, Canvas, ChartRows, Format, GAP, MARGIN, text_width};
use super::legend::{self, LegendKey};
use super::scale::{Scale, seconds_words};
use crate::analysis::{Standing, Standings, Verdict};
use crate::model::{Phase, Run};
use crate::report::table::{Cell, whole};
use crate::units;

/// Pixels of a row, and of the bar in it.
const ROW: i32 = 30;
const BAR: i32 = 18;

struct TotalRow {
    name: String,
    /// Length of each phase in nanoseconds, up to the median total.
    phases: Vec<(Phase, f64)>,
    interval: Option<(f64, f64)>,
    figure: String,
}

impl TotalRow {
    /// The end of the drawing, in nanoseconds.
    fn end(&self) -> f64 {
        let total: f64 = self.phases.iter().map(|(_, ns)| ns).sum();
        total.max(self.interval.map_or(0.0, |(_, high)| high))
    }
}

/// Middle tones, legible on white and on black, and apart for the colour-blind (after Okabe and Ito).
pub(super) fn colour(phase: Phase) -> RGBColor {
    match phase {
        Phase::Prepare => RGBColor(140, 140, 140),
        Phase::Load => RGBColor(47, 129, 204),
        Phase::Commit => RGBColor(214, 189, 48),
        Phase::SetLogged => RGBColor(199, 112, 163),
        Phase::Constraints => RGBColor(20, 158, 115),
        Phase::Validate => RGBColor(115, 196, 235),
        Phase::Indexes => RGBColor(222, 130, 30),
        Phase::Attach => RGBColor(190, 80, 50),
        Phase::Analyze => RGBColor(120, 110, 190),
    }
}

/// The chart of a run, fastest first. Cases of other rows than the baseline's have a line without
/// a bar: their time is not a time for the same work.
///
/// # Errors
/// When it cannot be drawn.
pub fn draw(run: &Run, standings: &Standings, format: Format) -> Result<String> {
    let all = standings.baseline().map(|b| b.summary.rows);
    let mut sorted = standings.sorted();
    sorted.sort_by_key(|s| !has_bar(s, all));
    let rows: Vec<TotalRow> = sorted.into_iter().map(|s| row(s, all)).collect();
    let phases = Phase::ALL.into_iter().filter(|p| rows.iter().any(|r| r.phases.iter().any(|(q, _)| q == p)));
    let legend: Vec<LegendKey> = phases.map(|p| LegendKey::coloured(p.words(), colour(p))).collect();

    let rows_of_bars = units::count(all.unwrap_or(run.plan.rows));
    let title = format!("{}: time to load {rows_of_bars} rows", run.plan.title);
    let other = if standings.has_references() { "what it is held against" } else { "the baseline" };
    let lines = [format!(
        "Shorter is better. Bar: the sample with the median total, by phase. \
         Whisker: 95 % interval of the median. Right: median, and speed relative to {other}."
    )];
    let head = canvas::head_height(&title, &lines, format);
    let top = head + legend::height(&legend, format);
    let bars = || rows.iter().filter(|r| !r.phases.is_empty());
    let places = ChartRows::new(rows.iter().map(|r| r.name.as_str()), format);
    let most = bars().map(TotalRow::end).fold(0.0, f64::max);
    let scale = Scale::linear(most / 1e9, format.steps(), places.left, places.right)
        .with_room(bars().map(|r| (r.end() / 1e9, GAP + text_width(&r.figure))), format.width() - MARGIN);
    let bottom = top + rows.len() as i32 * places.height(ROW) + 4;

    canvas::svg(format, bottom + 20 + MARGIN, &title, |canvas| {
        canvas.head(&title, &lines)?;
        legend::draw(canvas, &legend, head + 6)?;
        let last = scale.ticks.last().copied().unwrap_or(1.0);
        canvas.axis(&scale, (top, bottom), |tick| seconds_words(tick, last))?;
        for (index, row) in rows.iter().enumerate() {
            let y = top + index as i32 * places.height(ROW) + 2;
            let y = places.name(canvas, &row.name, y, ROW)?;
            draw_row(canvas, row, &scale, places.left, y)?;
        }
        Ok(())
    })
}

/// Whether a case finished and loaded the baseline's rows, of which there are `all`.
fn has_bar(standing: &Standing, all: Option<u64>) -> bool {
    standing.summary.n() > 0 && all.is_none_or(|rows| standing.summary.rows == rows)
}

fn row(standing: &Standing, all: Option<u64>) -> TotalRow {
    let s = &standing.summary;
    let mut row =
        TotalRow { name: s.case.id.clone(), phases: Vec::new(), interval: None, figure: String::new() };
    let Some(total) = s.total_ns else {
        row.figure = standing.verdict.words().to_string();
        return row;
    };
    let time = units::seconds(whole(total.point));
    if !has_bar(standing, all) {
        let only = if all.is_some_and(|rows| s.rows < rows) { " only" } else { "" };
        let rate = Cell::optional(s.rows_per_second(), |e| Cell::Rate(e.point)).text();
        row.figure = format!("{} rows{only}: {time}, {rate}", units::count(s.rows));
        return row;
    }
    row.figure = match (&standing.verdict, standing.ratio) {
        (Verdict::Baseline | Verdict::Control | Verdict::Reference, _) => {
            format!("{time} · {}", standing.verdict.words())
        }
        (_, Some(ratio)) => format!("{time} · {}", units::ratio(ratio.point)),
        (_, None) => time,
    };
    row.phases = s.phases_of_median_ns().into_iter().collect();
    row.interval = total.interval.map(|i| (i.low, i.high));
    row
}

fn draw_row(canvas: &Canvas, row: &TotalRow, scale: &Scale, left: i32, y: i32) -> Result<()> {
    let middle = y + ROW / 2;
    if row.phases.is_empty() {
        return canvas.text(&row.figure, (left + 4, middle), Anchor::Start, 0.75);
    }
    let mut before = 0.0;
    for (phase, ns) in &row.phases {
        let x = (scale.at(before / 1e9), scale.at((before + ns) / 1e9));
        before += ns;
        if x.1 > x.0 {
            canvas.bar(x, (middle - BAR / 2, middle + BAR / 2), colour(*phase))?;
        }
    }
    if let Some((low, high)) = row.interval {
        canvas.whisker((scale.at(low / 1e9), scale.at(high / 1e9)), middle)?;
    }
    canvas.text(&row.figure, (scale.at(row.end() / 1e9) + GAP, middle), Anchor::Start, 1.0)
}
