//! Names beside their marks, in as many lines as they need.

use anyhow::Result;
use plotters::style::RGBColor;

use super::canvas::{Anchor, Canvas, Format, LINE, MARGIN, Shape, text_width, wrap};

/// Pixels of a mark with the gap behind it, and between one name and the next mark.
const MARK: i32 = 18;
const BETWEEN: i32 = 16;

/// Apart from each other for the colour-blind, legible on white and on black (after Okabe and Ito).
pub(crate) const SERIES: [RGBColor; 6] = [
    RGBColor(47, 129, 204),
    RGBColor(222, 130, 30),
    RGBColor(20, 158, 115),
    RGBColor(199, 112, 163),
    RGBColor(140, 140, 140),
    RGBColor(214, 189, 48),
];

/// An entry of a legend.
#[derive(Debug, Clone)]
pub(crate) struct LegendKey {
    /// Its name.
    pub name: String,
    /// The mark before the name.
    pub mark: Mark,
}

/// The mark by which the chart draws what a name stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    /// Areas or points of a colour.
    Box(RGBColor),
    /// Points of a shape on a line.
    Points(RGBColor, Shape),
    /// A dashed line in ink.
    Dashes,
}

impl Mark {
    /// The colour and shape of the series with this place from 0: with more series than colours,
    /// the colours begin again with another shape.
    pub(crate) fn of_series(index: usize) -> (RGBColor, Shape) {
        let shapes = [Shape::Dot, Shape::Diamond, Shape::Square, Shape::Ring];
        (SERIES[index % SERIES.len()], shapes[index / SERIES.len() % shapes.len()])
    }
}

impl LegendKey {
    /// A key of areas or points in this colour.
    pub(crate) fn coloured(name: impl Into<String>, colour: RGBColor) -> Self {
        Self { name: name.into(), mark: Mark::Box(colour) }
    }
}

/// The height of a legend.
pub(crate) fn height(keys: &[LegendKey], format: Format) -> i32 {
    let bottom = |place: &PlacedKey| place.line + place.words.len() as i32;
    places(keys, format).last().map_or(0, |last| bottom(last) * LINE + 10)
}

/// Draws a legend that begins at this height.
///
/// # Errors
/// When plotters cannot draw.
pub(crate) fn draw(canvas: &Canvas, keys: &[LegendKey], y: i32) -> Result<()> {
    for (key, place) in keys.iter().zip(places(keys, canvas.format())) {
        let (x, y) = (place.x, y + place.line * LINE);
        match key.mark {
            Mark::Box(colour) => canvas.bar((x, x + 12), (y - 6, y + 6), colour)?,
            Mark::Points(colour, shape) => {
                canvas.path(&[(x - 2, y), (x + 14, y)], colour)?;
                canvas.point((x + 6, y), colour, shape)?;
            }
            Mark::Dashes => canvas.dashes(&[(x - 2, y), (x + 14, y)])?,
        }
        for (index, words) in place.words.iter().enumerate() {
            canvas.text(words, (x + MARK, y + index as i32 * LINE), Anchor::Start, 1.0)?;
        }
    }
    Ok(())
}

/// The position of a key, and its name in lines that fit the picture.
struct PlacedKey {
    x: i32,
    line: i32,
    words: Vec<String>,
}

fn places(keys: &[LegendKey], format: Format) -> Vec<PlacedKey> {
    let room = format.width() - 2 * MARGIN;
    let (mut x, mut line) = (MARGIN, 0);
    let mut places: Vec<PlacedKey> = Vec::new();
    for key in keys {
        let words = wrap(&key.name, room - MARK);
        let longest = words.iter().map(|w| text_width(w)).max().unwrap_or(0);
        let below = places.last().map_or(0, |last| last.line + last.words.len() as i32);
        // A name of several lines has them to itself.
        if x > MARGIN && (x + MARK + longest > format.width() - MARGIN || below > line + 1 || words.len() > 1)
        {
            (x, line) = (MARGIN, below);
        }
        places.push(PlacedKey { x, line, words });
        x += MARK + longest + BETWEEN;
    }
    places
}
