//! The ranks of cases in each run of a comparison: a line a case, which slopes where its rank is another.

use anyhow::Result;
use plotters::style::RGBColor;

use super::canvas::{self, Anchor, Canvas, Format, LINE, MARGIN, Shape, text_width};
use super::legend::SERIES;
use crate::analysis::Comparison;
use crate::analysis::ranks::{Ranked, Ranks};

/// Pixels of a rank whose name takes one line.
const ROW: i32 = 28;
/// Pixels between a name or a figure and the point that it is of.
const NEAR: i32 = 12;
/// Pixels that the widest rank takes.
const RANK: i32 = 24;
/// The fewest pixels between the first run and the last.
const NARROWEST: i32 = 90;
/// Pixels between the lines of a name.
const WRAPPED: i32 = LINE - 4;

/// Cases that change places with no other.
const STAYS: RGBColor = RGBColor(140, 140, 140);
/// What changes places: the colours of series but for the grey one.
const CHANGES: [RGBColor; 5] = [SERIES[0], SERIES[1], SERIES[2], SERIES[3], SERIES[5]];

/// Where everything stands.
struct Layout {
    /// The pixel of each run, from the left.
    runs: Vec<i32>,
    /// The pixel of the first rank, from the top.
    top: i32,
    /// Pixels from one rank to the next.
    row: i32,
    /// Pixels that a name may take in a line.
    room: i32,
    /// Whether names stand at both ends; on a phone they stand behind the last run alone.
    both: bool,
}

/// The chart of a comparison, whose runs are headed by the first of these that all fit: their names, or letters.
///
/// # Errors
/// When it cannot be drawn.
pub(crate) fn draw(
    comparison: &Comparison,
    ranks: &Ranks,
    headings: [&[String]; 2],
    format: Format,
) -> Result<String> {
    let title = "Rank of each case, run by run";
    let mut lines =
        vec!["1 is the fastest. In colour: what changes places with another by more than noise.".to_string()];
    let names: Vec<&str> =
        ranks.cases.iter().map(|ranked| comparison.cases[ranked.case].id.as_str()).collect();
    let mut layout = Layout::of(&names, comparison.runs.len(), format);
    let fit = headings[0].iter().enumerate().all(|(run, heading)| layout.holds(run, heading, format));
    let heads = if fit { headings[0] } else { headings[1] };
    let named = heads.iter().zip(&comparison.runs).filter(|(head, run)| **head != run.name);
    let named: Vec<String> = named.map(|(head, run)| format!("{head}: {}", run.name)).collect();
    if !named.is_empty() {
        lines.push(format!("{}.", named.join("; ")));
    }
    layout.top = canvas::head_height(title, &lines, format) + LINE + ROW;
    let bottom = layout.top + ranks.cases.len() as i32 * layout.row;
    canvas::svg(format, bottom + MARGIN, title, |canvas| {
        canvas.head(title, &lines)?;
        let ends = (layout.top - ROW / 2, bottom - layout.row / 2);
        for (x, heading) in layout.runs.iter().zip(heads) {
            canvas.line((*x, ends.0), (*x, ends.1), 0.15, 1)?;
            canvas.text(heading, (*x, layout.top - ROW), Anchor::Middle, 1.0)?;
        }
        // What changes lies above what stays.
        let mut colours = CHANGES.iter().cycle();
        let (changing, staying): (Vec<_>, Vec<_>) =
            ranks.cases.iter().zip(names).partition(|(ranked, _)| ranks.changes(ranked.case));
        for (ranked, name) in staying {
            layout.line(canvas, ranked, name, STAYS)?;
        }
        for (ranked, name) in changing {
            layout.line(canvas, ranked, name, *colours.next().unwrap_or(&STAYS))?;
        }
        Ok(())
    })
}

impl Layout {
    fn of(names: &[&str], runs: usize, format: Format) -> Self {
        let both = format != Format::Phone;
        let sides = if both { 2 } else { 1 };
        // Beside each end its rank, and beyond that the name.
        let beside = RANK + NEAR;
        let most = (format.width() - 2 * (MARGIN + beside) - sides * NEAR - NARROWEST) / sides;
        let longest = names.iter().map(|name| text_width(name)).max().unwrap_or(0);
        let lines = names.iter().map(|name| canvas::wrap(name, most).len()).max().unwrap_or(1);
        let room = longest.min(most);
        let left = MARGIN + beside + if both { room + NEAR } else { 0 };
        let right = format.width() - MARGIN - beside - room - NEAR;
        let steps = runs.saturating_sub(1).max(1) as i32;
        let at = |run: usize| left + (right - left) * run as i32 / steps;
        let row = ROW.max(lines as i32 * WRAPPED + 6);
        Self { runs: (0..runs).map(at).collect(), top: 0, row, room, both }
    }

    /// Whether a heading over this run touches neither its neighbours' nor the edge.
    fn holds(&self, run: usize, heading: &str, format: Format) -> bool {
        let x = self.runs[run];
        let half = text_width(heading) / 2;
        let apart = self.runs.windows(2).map(|pair| (pair[1] - pair[0]) / 2 - 4).min().unwrap_or(x);
        half <= apart.min(x - MARGIN).min(format.width() - MARGIN - x)
    }

    /// The line of a case, with its name and ranks.
    fn line(&self, canvas: &Canvas, ranked: &Ranked, name: &str, colour: RGBColor) -> Result<()> {
        let y = |rank: usize| self.top + (rank as i32 - 1) * self.row;
        let places: Vec<(i32, i32)> =
            self.runs.iter().zip(&ranked.ranks).map(|(x, rank)| (*x, y(*rank))).collect();
        canvas.path(&places, colour)?;
        for place in &places {
            canvas.point(*place, colour, Shape::Dot)?;
        }
        let ends = places.first().zip(ranked.ranks.first()).zip(places.last().zip(ranked.ranks.last()));
        let Some(((first, first_rank), (last, last_rank))) = ends else { return Ok(()) };
        canvas.text(&first_rank.to_string(), (first.0 - NEAR, first.1), Anchor::End, 1.0)?;
        canvas.text(&last_rank.to_string(), (last.0 + NEAR, last.1), Anchor::Start, 1.0)?;
        let beside = NEAR + RANK;
        if self.both {
            self.name(canvas, name, (first.0 - beside, first.1), Anchor::End)?;
        }
        self.name(canvas, name, (last.0 + beside, last.1), Anchor::Start)
    }

    /// A name in as many lines as it needs, around this height.
    fn name(&self, canvas: &Canvas, name: &str, at: (i32, i32), anchor: Anchor) -> Result<()> {
        let lines = canvas::wrap(name, self.room);
        let above = (lines.len() as i32 - 1) * WRAPPED / 2;
        for (index, line) in lines.iter().enumerate() {
            canvas.text(line, (at.0, at.1 - above + index as i32 * WRAPPED), anchor, 1.0)?;
        }
        Ok(())
    }
}
