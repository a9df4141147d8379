//! The savings of each step of a chain: bars that hang from where the step before ended.

use anyhow::Result;
use plotters::style::RGBColor;

use super::canvas::{self, Anchor, ChartRows, Format, GAP, MARGIN, text_width};
use super::scale::{Scale, seconds_words};
use crate::analysis::{Chain, Step};
use crate::model::Run;
use crate::report::table::whole;
use crate::units;

/// Pixels of a row, and of the bar in it.
const ROW: i32 = 30;
const BAR: i32 = 18;

const WHOLE: RGBColor = RGBColor(47, 129, 204);
const SAVES: RGBColor = RGBColor(20, 158, 115);
const COSTS: RGBColor = RGBColor(190, 80, 50);
const UNCLAIMED: RGBColor = RGBColor(140, 140, 140);

/// A bar from one time to another, in nanoseconds.
struct Bar {
    name: String,
    from_ns: f64,
    to_ns: f64,
    colour: RGBColor,
    figure: String,
}

/// The chart of a chain.
///
/// # Errors
/// When it cannot be drawn.
pub(crate) fn draw(run: &Run, chain: &Chain, format: Format) -> Result<String> {
    let bars = bars(chain);
    let title = format!("{}: what each step saves", run.plan.title);
    let lines = [format!(
        "Time to load {} rows, medians. Each bar hangs where the step before ended; grey: no difference that \
         may be claimed.",
        units::count(chain.first.rows)
    )];
    let top = canvas::head_height(&title, &lines, format) + 6;
    let places = ChartRows::new(bars.iter().map(|bar| bar.name.as_str()), format);
    let end = |bar: &Bar| bar.from_ns.max(bar.to_ns);
    let most = bars.iter().map(end).fold(0.0, f64::max);
    let scale = Scale::linear(most / 1e9, format.steps(), places.left, places.right).with_room(
        bars.iter().map(|bar| (end(bar) / 1e9, GAP + text_width(&bar.figure))),
        format.width() - MARGIN,
    );
    let bottom = top + bars.len() as i32 * places.height(ROW) + 4;

    canvas::svg(format, bottom + 20 + MARGIN, &title, |canvas| {
        canvas.head(&title, &lines)?;
        let last = scale.ticks.last().copied().unwrap_or(1.0);
        canvas.axis(&scale, (top, bottom), |tick| seconds_words(tick, last))?;
        let mut ended: Option<(i32, i32)> = None;
        for (index, bar) in bars.iter().enumerate() {
            let y = top + index as i32 * places.height(ROW) + 2;
            let middle = places.name(canvas, &bar.name, y, ROW)? + ROW / 2;
            let (from, to) = (scale.at(bar.from_ns / 1e9), scale.at(bar.to_ns / 1e9));
            // One pixel at least, so that what is next to nothing is seen to be there.
            let (left, right) = (from.min(to), from.max(to).max(from.min(to) + 1));
            if let Some((x, y)) = ended {
                canvas.line((x, y), (x, middle - BAR / 2), 0.5, 1)?;
            }
            canvas.bar((left, right), (middle - BAR / 2, middle + BAR / 2), bar.colour)?;
            canvas.text(&bar.figure, (right + GAP, middle), Anchor::Start, 1.0)?;
            ended = Some((to, middle + BAR / 2));
        }
        Ok(())
    })
}

/// The first case, the steps, and the last case.
fn bars(chain: &Chain) -> Vec<Bar> {
    let total = |summary: &crate::analysis::Summary, ns: f64, figure: String| Bar {
        name: summary.case.key.method.clone(),
        from_ns: 0.0,
        to_ns: ns,
        colour: WHOLE,
        figure,
    };
    let time = |ns: f64| units::seconds(whole(ns));
    let step = |step: &Step| {
        let saved = step.saved_ns();
        Bar {
            name: step.name.to_owned(),
            from_ns: step.from_ns,
            to_ns: step.to_ns,
            colour: match step.is_claimed() {
                false => UNCLAIMED,
                true if saved < 0.0 => COSTS,
                true => SAVES,
            },
            figure: format!("{}{}", if saved < 0.0 { "+" } else { "-" }, time(saved.abs())),
        }
    };
    let (first, last) = (chain.first, chain.last());
    let begin = chain.steps.first().map_or(0.0, |step| step.from_ns);
    let end = chain.steps.last().map_or(0.0, |step| step.to_ns);
    let speed = units::factor(chain.whole.point);
    std::iter::once(total(first, begin, time(begin)))
        .chain(chain.steps.iter().map(step))
        .chain([total(last, end, format!("{} · {speed}", time(end)))])
        .collect()
}
