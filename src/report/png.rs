//! A chart's PNG, drawn from its SVG.

use anyhow::{Context, Result};
use resvg::{tiny_skia, usvg};

use super::font;

/// Pixels of the PNG for each of the SVG, so that it is sharp on dense displays.
const SCALE: f32 = 2.0;

/// The picture that this SVG describes.
///
/// # Errors
/// When the SVG is malformed or without size.
pub(crate) fn from_svg(svg: &str) -> Result<Vec<u8>> {
    let tree = usvg::Tree::from_str(svg, &font::options()).context("reading the chart's SVG")?;
    let size = tree.size().to_int_size().scale_by(SCALE).context("the chart has no size")?;
    let mut picture = tiny_skia::Pixmap::new(size.width(), size.height()).context("the chart has no size")?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut picture.as_mut());
    picture.encode_png().context("writing the chart as PNG")
}
