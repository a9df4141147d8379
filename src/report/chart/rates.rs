//! Rows a second on a logarithmic scale, of one run or of several. Points, not bars: a bar's
//! length means nothing where the axis has no zero.

use anyhow::Result;
use plotters::style::RGBColor;

use super::canvas::{self, Anchor, Canvas, ChartRows, Format, GAP, MARGIN, Shape, text_width};
use super::legend::{self, LegendKey, Mark, SERIES};
use super::scale::Scale;
use crate::analysis::{Comparison, Standing, Standings};
use crate::model::Run;
use crate::report::table::rate;
use crate::stats::Estimate;
use crate::units;

/// Pixels of a row with one point, and of each further one.
const ROW: i32 = 28;
const FURTHER: i32 = 18;

struct RateRow {
    name: String,
    points: Vec<RatePoint>,
}

struct RatePoint {
    colour: RGBColor,
    shape: Shape,
    rate: Option<Estimate>,
    figure: String,
}

/// The chart of a run, fastest first.
///
/// # Errors
/// When it cannot be drawn.
pub fn of_run(run: &Run, standings: &Standings, format: Format) -> Result<String> {
    let rows = standings.sorted().into_iter().map(|s| RateRow {
        name: s.summary.case.id.clone(),
        points: vec![RatePoint {
            colour: SERIES[0],
            shape: Shape::Dot,
            rate: s.summary.rows_per_second(),
            figure: figure(s, run.plan.rows),
        }],
    });
    draw(&format!("{}: rows a second", run.plan.title), &[], &rows.collect::<Vec<_>>(), format)
}

fn figure(standing: &Standing, rows: u64) -> String {
    let s = &standing.summary;
    match s.rows_per_second() {
        Some(found) if s.rows == rows => rate(found.point),
        Some(found) => figure_on(found, "", s.rows),
        None => standing.verdict.words().to_string(),
    }
}

/// The chart of a comparison: a point a run, in the order of the plan.
///
/// # Errors
/// When it cannot be drawn.
pub(crate) fn of_comparison(comparison: &Comparison, format: Format) -> Result<String> {
    let rows = comparison.cases.iter().map(|case| RateRow {
        name: case.id.clone(),
        points: case
            .cells
            .iter()
            .enumerate()
            .map(|(index, cell)| {
                let all = cell.rows == comparison.runs[index].run.plan.rows;
                let ratio =
                    cell.to_first.map(|r| format!(" · {}", units::ratio(r.point))).unwrap_or_default();
                let figure = match cell.rows_per_second {
                    Some(found) if all => format!("{}{ratio}", rate(found.point)),
                    // On a phone there is no room for all three.
                    Some(found) if format == Format::Phone => figure_on(found, "", cell.rows),
                    Some(found) => figure_on(found, &ratio, cell.rows),
                    None => cell.verdict.in_place_of_figure().to_string(),
                };
                let (colour, shape) = Mark::of_series(index);
                RatePoint { colour, shape, rate: cell.rows_per_second, figure }
            })
            .collect(),
    });
    let legend: Vec<LegendKey> =
        comparison.runs.iter().enumerate().map(|(index, run)| key(&run.name, index)).collect();
    draw("Rows a second, run by run", &legend, &rows.collect::<Vec<_>>(), format)
}

/// The key of a run: its colour, and where colours begin again the shape of its points.
fn key(name: &str, index: usize) -> LegendKey {
    let (colour, shape) = Mark::of_series(index);
    match shape {
        Shape::Dot => LegendKey::coloured(name, colour),
        _ => LegendKey { name: name.into(), mark: Mark::Points(colour, shape) },
    }
}

fn figure_on(found: Estimate, ratio: &str, rows: u64) -> String {
    format!("{}{ratio} on {} rows", rate(found.point), units::count(rows))
}

fn draw(title: &str, legend: &[LegendKey], rows: &[RateRow], format: Format) -> Result<String> {
    let lines = ["Further right is better; the scale is logarithmic. Whisker: 95 % interval.".to_string()];
    let head = canvas::head_height(title, &lines, format);
    let top = head + if legend.is_empty() { 8 } else { legend::height(legend, format) };
    let points = || rows.iter().flat_map(|r| &r.points);
    let places = ChartRows::new(rows.iter().map(|r| r.name.as_str()), format);
    let spans = || points().filter_map(|p| p.rate).map(ends);
    let (low, high) =
        (spans().map(|e| e.0).fold(f64::MAX, f64::min), spans().map(|e| e.1).fold(0.0, f64::max));
    let (low, high) = if low <= high { (low, high) } else { (1.0, 10.0) };
    let scale = Scale::logarithmic(low, high, format.steps(), places.left + 6, places.right).with_room(
        points().filter_map(|p| Some((ends(p.rate?).1, GAP + 5 + text_width(&p.figure)))),
        format.width() - MARGIN,
    );
    let content = |row: &RateRow| ROW + (row.points.len() as i32 - 1) * FURTHER;
    let bottom = top + rows.iter().map(|r| places.height(content(r))).sum::<i32>() + 4;

    canvas::svg(format, bottom + 20 + MARGIN, title, |canvas| {
        canvas.head(title, &lines)?;
        legend::draw(canvas, legend, head + 6)?;
        canvas.axis(&scale, (top, bottom), axis_words)?;
        let mut y = top + 2;
        for row in rows {
            let from = places.name(canvas, &row.name, y, content(row))?;
            for (index, point) in row.points.iter().enumerate() {
                draw_point(canvas, point, &scale, places.left, from + ROW / 2 + index as i32 * FURTHER)?;
            }
            y += places.height(content(row));
        }
        Ok(())
    })
}

fn draw_point(canvas: &Canvas, point: &RatePoint, scale: &Scale, left: i32, y: i32) -> Result<()> {
    let Some(found) = point.rate else {
        return canvas.text(&point.figure, (left + 4, y), Anchor::Start, 0.75);
    };
    let (low, high) = ends(found);
    if found.interval.is_some() {
        canvas.whisker((scale.at(low), scale.at(high)), y)?;
    }
    canvas.point((scale.at(found.point), y), point.colour, point.shape)?;
    canvas.text(&point.figure, (scale.at(high).max(scale.at(found.point) + 5) + GAP, y), Anchor::Start, 1.0)
}

fn ends(found: Estimate) -> (f64, f64) {
    found.interval.map_or((found.point, found.point), |i| (i.low, i.high))
}

/// `0`, `100/s`, `20 k/s`, `1.5 M/s`.
pub(crate) fn axis_words(per_second: f64) -> String {
    // Ticks are round: three places say all of them.
    let short = |v: f64| (v * 1e3).round() / 1e3;
    match per_second {
        v if v >= 1e6 => format!("{} M/s", short(v / 1e6)),
        v if v >= 1e3 => format!("{} k/s", short(v / 1e3)),
        0.0 => "0".into(),
        v => format!("{}/s", short(v)),
    }
}
