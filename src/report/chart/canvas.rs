//! Drawing in pixels, in colours that a page can turn with its own.

use std::fmt::Debug;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::scale::Scale;
use crate::report::font::{self, FontWeight};
use crate::report::table::unbroken;

/// Text, axes and whiskers: on a page this becomes the colour of its text.
const INK: RGBColor = RGBColor(31, 35, 40);
const INK_HEX: &str = "#1F2328";

/// Asks for the shipped font, then for what machines without it have.
const FONTS: &str = "Open Sans, Helvetica, Arial, sans-serif";

/// plotters divides the sizes it writes by this.
const PLOTTERS_SIZE: f32 = 1.24;

/// Pixels from the picture's edge to anything drawn.
pub(crate) const MARGIN: i32 = 16;
/// Size of the words.
pub(crate) const TEXT: f32 = 13.0;
/// Size of the title.
pub(crate) const TITLE: f32 = 17.0;
/// Pixels that the words of an axis' last tick take beyond it.
const AXIS_END: i32 = 24;
/// Pixels between what is drawn and its figure.
pub(crate) const GAP: i32 = 8;
/// Height of a line of words.
pub(crate) const LINE: i32 = 20;

/// The medium that a chart is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A file, on white, 900 pixels wide.
    File,
    /// A page, on the page's own ground and in its own ink, 900 pixels wide.
    Page,
    /// A page on a phone, 380 pixels wide.
    Phone,
}

impl Format {
    /// Its width in pixels.
    pub(crate) fn width(self) -> i32 {
        match self {
            Format::File | Format::Page => 900,
            Format::Phone => 380,
        }
    }

    /// The number of steps that its axis has room for.
    pub(crate) fn steps(self) -> usize {
        match self {
            Format::File | Format::Page => 8,
            Format::Phone => 4,
        }
    }
}

/// Which side of its place a text stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The text begins there.
    Start,
    /// The text is centred there.
    Middle,
    /// The text ends there.
    End,
}

/// The shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A disc.
    Dot,
    /// A square on its corner.
    Diamond,
    /// A square.
    Square,
    /// A ring.
    Ring,
}

/// A picture being drawn.
pub(crate) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    format: Format,
}

/// An SVG of this height and title, drawn by `draw`.
///
/// # Errors
/// When plotters cannot draw.
pub(crate) fn svg(
    format: Format,
    height: i32,
    title: &str,
    draw: impl FnOnce(&Canvas) -> Result<()>,
) -> Result<String> {
    let mut svg = String::new();
    {
        let size = (format.width() as u32, height as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        if format == Format::File {
            area.fill(&WHITE).map_err(failed)?;
        }
        let canvas = Canvas { area, format };
        draw(&canvas)?;
        canvas.area.present().map_err(failed)?;
    }
    // For readers that cannot see it.
    let described = format!("<title>{}</title>", escape(title));
    let start = svg.find(">\n").map_or(svg.len(), |end| end + 1);
    svg.insert_str(start, &described);
    Ok(svg.replacen("<svg ", "<svg role=\"img\" ", 1))
}

/// The same SVG for use within a page: as wide as its place, in the page's ink.
pub(crate) fn inline(svg: &str) -> String {
    let mut svg = svg.replace(&format!("\"{INK_HEX}\""), "\"currentColor\"");
    // Its viewBox keeps the proportions.
    if let Some(start) = svg.find("<svg ")
        && let Some(end) = svg[start..].find('>').map(|end| start + end)
    {
        let kept: Vec<String> = split_attributes(&svg[start + 5..end])
            .into_iter()
            .filter(|a| !a.starts_with("width=") && !a.starts_with("height="))
            .collect();
        svg.replace_range(start..end, &format!("<svg {}", kept.join(" ")));
    }
    svg
}

fn split_attributes(text: &str) -> Vec<String> {
    let mut attributes = Vec::new();
    for piece in text.split_inclusive("\" ") {
        attributes.push(piece.trim().to_string());
    }
    attributes
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn failed(error: impl Debug) -> anyhow::Error {
    anyhow!("drawing a chart: {error:?}")
}

impl Canvas<'_> {
    /// A filled box.
    pub(crate) fn bar(&self, x: (i32, i32), y: (i32, i32), colour: RGBColor) -> Result<()> {
        let shape = Rectangle::new([(x.0, y.0), (x.1, y.1)], colour.filled());
        self.area.draw(&shape).map_err(failed)
    }

    /// A line in ink of this opacity (0 to 1) and width.
    pub(crate) fn line(&self, from: (i32, i32), to: (i32, i32), opacity: f64, width: u32) -> Result<()> {
        let style = INK.mix(opacity).stroke_width(width);
        self.area.draw(&PathElement::new(vec![from, to], style)).map_err(failed)
    }

    /// An interval at a place from the left: a line with an end above and below.
    pub(crate) fn upright_whisker(&self, x: i32, y: (i32, i32)) -> Result<()> {
        self.line((x, y.0), (x, y.1), 0.9, 1)?;
        for end in [y.0, y.1] {
            self.line((x - 4, end), (x + 4, end), 0.9, 1)?;
        }
        Ok(())
    }

    /// An interval at a height: a line with an end on each side.
    pub(crate) fn whisker(&self, x: (i32, i32), y: i32) -> Result<()> {
        self.line((x.0, y), (x.1, y), 0.9, 1)?;
        for end in [x.0, x.1] {
            self.line((end, y - 4), (end, y + 4), 0.9, 1)?;
        }
        Ok(())
    }

    /// A point of this shape.
    pub(crate) fn point(&self, at: (i32, i32), colour: RGBColor, shape: Shape) -> Result<()> {
        let (x, y) = at;
        match shape {
            Shape::Dot => self.area.draw(&Circle::new(at, 5, colour.filled())),
            Shape::Ring => self.area.draw(&Circle::new(at, 5, colour.stroke_width(2))),
            Shape::Square => {
                self.area.draw(&Rectangle::new([(x - 4, y - 4), (x + 5, y + 5)], colour.filled()))
            }
            Shape::Diamond => {
                let corners = vec![(x - 6, y), (x, y - 6), (x + 6, y), (x, y + 6)];
                self.area.draw(&Polygon::new(corners, colour.filled()))
            }
        }
        .map_err(failed)
    }

    /// A line through these places.
    pub(crate) fn path(&self, places: &[(i32, i32)], colour: RGBColor) -> Result<()> {
        let style = colour.stroke_width(2);
        self.area.draw(&PathElement::new(places.to_vec(), style)).map_err(failed)
    }

    /// A dashed line in ink through these places.
    pub(crate) fn dashes(&self, places: &[(i32, i32)]) -> Result<()> {
        for (from, to) in dashed(places) {
            self.line(from, to, 0.75, 1)?;
        }
        Ok(())
    }

    /// The medium that it is drawn for.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Words, vertically centred at their place, in ink of this opacity (0 to 1).
    pub(crate) fn text(&self, text: &str, at: (i32, i32), anchor: Anchor, opacity: f64) -> Result<()> {
        self.write(text, at, anchor, opacity, TEXT, FontWeight::Regular)
    }

    /// The title and the lines under it.
    pub(crate) fn head(&self, title: &str, lines: &[String]) -> Result<()> {
        let mut y = MARGIN + 10;
        for line in fit(title, TITLE, FontWeight::Bold, self.format) {
            self.write(&line, (MARGIN, y), Anchor::Start, 1.0, TITLE, FontWeight::Bold)?;
            y += LINE + 4;
        }
        for line in lines.iter().flat_map(|l| fit(l, TEXT, FontWeight::Regular, self.format)) {
            self.text(&line, (MARGIN, y), Anchor::Start, 0.75)?;
            y += LINE;
        }
        Ok(())
    }

    /// Grid lines of a scale between two heights, with their words below.
    pub(crate) fn axis(&self, scale: &Scale, y: (i32, i32), words: impl Fn(f64) -> String) -> Result<()> {
        let mut end = i32::MIN;
        for &tick in &scale.ticks {
            let (x, label) = (scale.at(tick), words(tick));
            self.line((x, y.0), (x, y.1), 0.15, 1)?;
            let half = text_width(&label) / 2;
            // Where ticks stand close, some have no label.
            if x - half > end {
                self.text(&label, (x, y.1 + 12), Anchor::Middle, 0.75)?;
                end = x + half + GAP;
            }
        }
        Ok(())
    }

    fn write(
        &self,
        text: &str,
        at: (i32, i32),
        anchor: Anchor,
        opacity: f64,
        size: f32,
        weight: FontWeight,
    ) -> Result<()> {
        let h_pos = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let style = match weight {
            FontWeight::Regular => FontStyle::Normal,
            FontWeight::Bold => FontStyle::Bold,
        };
        let font = FontDesc::new(FontFamily::Name(FONTS), f64::from(size * PLOTTERS_SIZE), style);
        let ink = INK.mix(opacity);
        let style = TextStyle::from(font).color(&ink).pos(Pos::new(h_pos, VPos::Center));
        self.area.draw(&Text::new(text.to_string(), at, style)).map_err(failed)
    }
}

/// The height of a title and the lines under it.
pub(crate) fn head_height(title: &str, lines: &[String], format: Format) -> i32 {
    let title = fit(title, TITLE, FontWeight::Bold, format).len() as i32 * (LINE + 4);
    let lines: usize = lines.iter().map(|l| fit(l, TEXT, FontWeight::Regular, format).len()).sum();
    MARGIN + title + lines as i32 * LINE + 6
}

/// Pixels that words of the usual size take.
pub(crate) fn text_width(text: &str) -> i32 {
    font::width(text, TEXT, FontWeight::Regular)
}

/// Words of the usual size broken into lines of at most so many pixels.
pub(crate) fn wrap(text: &str, room: i32) -> Vec<String> {
    broken(text, TEXT, FontWeight::Regular, room)
}

/// Words broken into lines that fit the picture.
fn fit(text: &str, size: f32, weight: FontWeight, format: Format) -> Vec<String> {
    broken(text, size, weight, format.width() - 2 * MARGIN)
}

fn broken(text: &str, size: f32, weight: FontWeight, room: i32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // A number is not broken, nor is it parted from its unit.
    let text = unbroken(text);
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word = word.replace('\u{a0}', " ");
        match lines.last_mut() {
            Some(line) if font::width(&format!("{line} {word}"), size, weight) <= room => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// The dashes of a line through these places, of even length along the whole of it.
fn dashed(places: &[(i32, i32)]) -> Vec<((i32, i32), (i32, i32))> {
    const DASH: f64 = 6.0;
    const PERIOD: f64 = 10.0;
    let (mut dashes, mut done) = (Vec::new(), 0.0);
    for pair in places.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let length = f64::from(x1 - x0).hypot(f64::from(y1 - y0));
        let at = |along: f64| {
            let share = (along - done) / length;
            let between = |a: i32, b: i32| a + (share * f64::from(b - a)).round() as i32;
            (between(x0, x1), between(y0, y1))
        };
        let mut start = (done / PERIOD).floor() * PERIOD;
        while start < done + length {
            let (from, to) = (start.max(done), (start + DASH).min(done + length));
            if from < to {
                dashes.push((at(from), at(to)));
            }
            start += PERIOD;
        }
        done += length;
    }
    dashes
}

/// The layout of a chart's rows and their names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChartRows {
    /// The right end of the names, at which the plot begins, in pixels.
    pub left: i32,
    /// The right end of the plot, in pixels.
    pub right: i32,
    beside: bool,
}

impl ChartRows {
    /// The layout for these names.
    pub(crate) fn new<'n>(names: impl Iterator<Item = &'n str>, format: Format) -> Self {
        let longest = names.map(text_width).max().unwrap_or(0);
        // Names too long for the room beside the plot stand above their rows.
        let beside = longest <= format.width() * 2 / 5;
        let left = if beside { MARGIN + longest + 10 } else { MARGIN + 4 };
        Self { left, right: format.width() - MARGIN - AXIS_END, beside }
    }

    /// The height of a row whose drawing needs `content` pixels.
    pub(crate) fn height(self, content: i32) -> i32 {
        if self.beside { content } else { content + LINE }
    }

    /// Writes a name for the row that begins at `y`; gives where the drawing begins.
    pub(crate) fn name(self, canvas: &Canvas, name: &str, y: i32, content: i32) -> Result<i32> {
        if self.beside {
            canvas.text(name, (self.left - 8, y + content / 2), Anchor::End, 1.0)?;
            return Ok(y);
        }
        canvas.text(name, (MARGIN, y + LINE / 2 + 2), Anchor::Start, 1.0)?;
        Ok(y + LINE)
    }
}
