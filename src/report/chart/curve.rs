//! Rows a second over the axis that an experiment varies: a line a series.

use anyhow::Result;

use super::canvas::{self, Anchor, Canvas, Format, LINE, MARGIN, text_width};
use super::legend::{self, LegendKey, Mark};
use super::rates::axis_words;
use super::scale::{Scale, wide};
use crate::analysis::Curve;
use crate::analysis::curve::{Point, Series};
use crate::model::{Axis, Run};
use crate::report::curve::{axis_name, axis_title};
use crate::stats::Estimate;

/// Pixels from the top of the plot to its bottom.
const PLOT: i32 = 380;
/// Pixels between the frame of the plot and the outermost values.
const INSET: i32 = 14;
/// Pixels that stay free between two words of the axis below.
const APART: i32 = 5;
/// Steps of the axis at the side.
const STEPS: usize = 8;
/// Places that the line of one round trip a row is drawn through.
const PIECES: i32 = 48;

/// The chart of a run's curve.
///
/// # Errors
/// When it cannot be drawn.
pub fn draw(run: &Run, curve: &Curve, format: Format) -> Result<String> {
    let below = axis_title(curve);
    let title = format!("{}: rows a second by {}", run.plan.title, axis_name(curve));
    let trips = round_trips(curve);
    let keys = keys(curve, trips.is_some());
    let (low, high) = span(curve, trips);
    let values = curve.values();
    let xs: Vec<f64> = values.iter().map(|(x, _)| *x).collect();
    let wide_across = xs.first().zip(xs.last()).is_some_and(|(first, last)| wide(*first, *last));
    let lines = [explanation(curve, wide(low, high), wide_across)];

    let head = canvas::head_height(&title, &lines, format);
    let top = head + legend::height(&keys, format) + LINE;
    let bottom = top + PLOT;
    let side = match wide(low, high) {
        true => Scale::logarithmic(low, high, STEPS, bottom, top),
        false => Scale::linear(high, STEPS, bottom, top),
    };
    let words = side.ticks.iter().map(|t| text_width(&axis_words(*t))).max().unwrap_or(0);
    let frame = (MARGIN + words + 8, format.width() - MARGIN - 8);
    // The words of the last value reach beyond it.
    let beyond = values.last().map_or(0, |(_, words)| text_width(words) / 2);
    let right = (frame.1 - INSET).min(format.width() - beyond - 4);
    let across = Scale::at_values(&xs, frame.0 + INSET, right);
    let under = canvas::wrap(&below, format.width() - 2 * MARGIN);
    let height = bottom + 24 + under.len() as i32 * LINE + MARGIN;

    canvas::svg(format, height, &title, |canvas| {
        canvas.head(&title, &lines)?;
        legend::draw(canvas, &keys, head + 6)?;
        canvas.text("rows a second", (MARGIN, top - LINE), Anchor::Start, 0.75)?;
        for &tick in &side.ticks {
            let y = side.at(tick);
            canvas.line((frame.0, y), (frame.1, y), 0.15, 1)?;
            canvas.text(&axis_words(tick), (frame.0 - 8, y), Anchor::End, 0.75)?;
        }
        draw_values(canvas, &values, &across, (top, bottom))?;
        for (index, words) in under.iter().enumerate() {
            let y = bottom + 24 + LINE / 2 + index as i32 * LINE;
            canvas.text(words, ((frame.0 + frame.1) / 2, y), Anchor::Middle, 0.75)?;
        }
        if let Some((first, last)) = trips {
            let at = |piece: i32| {
                let ms = first * (last / first).powf(f64::from(piece) / f64::from(PIECES));
                (across.at(ms), side.at(1000.0 / ms))
            };
            canvas.dashes(&(0..=PIECES).map(at).collect::<Vec<_>>())?;
        }
        for (index, series) in curve.series.iter().enumerate() {
            draw_series(canvas, index, &series.points, &across, &side)?;
        }
        Ok(())
    })
}

/// The explanation of how the picture is read; which of its axes are logarithmic.
fn explanation(curve: &Curve, side: bool, across: bool) -> String {
    let scale = match (side, across) {
        (true, true) => "; both scales are logarithmic".to_string(),
        (true, false) => "; the scale of the rates is logarithmic".to_string(),
        (false, true) => format!("; the scale of {} is logarithmic", axis_name(curve)),
        (false, false) => String::new(),
    };
    format!("Higher is better{scale}. Whisker: 95 % interval of the median.")
}

/// What the marks mean, without the series that have no point, as of a method that is not available.
fn keys(curve: &Curve, trips: bool) -> Vec<LegendKey> {
    let is_drawn = |series: &Series| series.points.iter().any(|point| rate(point).is_some());
    let drawn = curve.series.iter().enumerate().filter(|(_, series)| is_drawn(series));
    let series = drawn.map(|(index, series)| {
        let (colour, shape) = Mark::of_series(index);
        LegendKey { name: series.name.clone(), mark: Mark::Points(colour, shape) }
    });
    let trips =
        trips.then(|| LegendKey { name: "1000/RTT: one round trip a row".into(), mark: Mark::Dashes });
    series.chain(trips).collect()
}

/// The smallest and the largest latency in milliseconds that a load of one round trip a row would
/// be slowed by; `None` where the axis is another, or has but one.
fn round_trips(curve: &Curve) -> Option<(f64, f64)> {
    let values: Vec<f64> = curve.values().into_iter().map(|(x, _)| x).filter(|ms| *ms > 0.0).collect();
    let (first, last) = (*values.first()?, *values.last()?);
    (*curve.axis == Axis::Latency && first < last).then_some((first, last))
}

/// The rates that the axis at the side has to hold.
fn span(curve: &Curve, trips: Option<(f64, f64)>) -> (f64, f64) {
    let found = curve.series.iter().flat_map(|s| &s.points).filter_map(rate);
    let ends = found.map(|e| e.interval.map_or((e.point, e.point), |i| (i.low, i.high)));
    let all = ends.chain(trips.map(|(first, last)| (1000.0 / last, 1000.0 / first)));
    let (low, high) = all.fold((f64::MAX, 0f64), |(low, high), end| (low.min(end.0), high.max(end.1)));
    if low <= high { (low, high) } else { (1.0, 10.0) }
}

fn rate(point: &Point) -> Option<Estimate> {
    point.summary.rows_per_second()
}

/// A line up at each value; its words, where they do not run into those before.
fn draw_values(canvas: &Canvas, values: &[(f64, &str)], across: &Scale, y: (i32, i32)) -> Result<()> {
    let mut free = i32::MIN;
    // The largest value is always said, and those before it give way.
    let last = values.last().map_or(i32::MAX, |(x, words)| across.at(*x) - text_width(words) / 2);
    for (index, (value, words)) in values.iter().enumerate() {
        let (x, half) = (across.at(*value), text_width(words) / 2);
        canvas.line((x, y.0), (x, y.1), 0.15, 1)?;
        let fits = x - half >= free && (index + 1 == values.len() || x + half + APART <= last);
        if fits {
            canvas.text(words, (x, y.1 + 14), Anchor::Middle, 0.75)?;
            free = x + half + APART;
        }
    }
    Ok(())
}

fn draw_series(canvas: &Canvas, index: usize, points: &[Point], across: &Scale, side: &Scale) -> Result<()> {
    let (colour, shape) = Mark::of_series(index);
    let found: Vec<((i32, i32), Estimate)> = points
        .iter()
        .filter_map(|p| rate(p).map(|found| ((across.at(p.x), side.at(found.point)), found)))
        .collect();
    let places: Vec<(i32, i32)> = found.iter().map(|(at, _)| *at).collect();
    canvas.path(&places, colour)?;
    for (at, found) in found {
        if let Some(interval) = found.interval {
            canvas.upright_whisker(at.0, (side.at(interval.low), side.at(interval.high)))?;
        }
        canvas.point(at, colour, shape)?;
    }
    Ok(())
}
