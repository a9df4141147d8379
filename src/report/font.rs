//! The font of the charts: shipped, so that labels are as long here as in the picture.

use std::sync::{Arc, LazyLock};

use resvg::usvg::{self, fontdb};

/// Its family, first in the list that charts ask for.
pub(crate) const FAMILY: &str = "Open Sans";

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(include_bytes!("../../assets/fonts/OpenSans-Regular.ttf").to_vec());
    fonts.load_font_data(include_bytes!("../../assets/fonts/OpenSans-Bold.ttf").to_vec());
    Arc::new(fonts)
});

/// Advances of the printable ASCII characters at this size, regular and bold.
static ADVANCES: LazyLock<[Vec<f32>; 2]> = LazyLock::new(|| ["normal", "bold"].map(advances));

const MEASURED_AT: f32 = 100.0;
const FIRST: u8 = b' ';
const LAST: u8 = b'~';

/// Where a reader's machine lacks the font, another takes its place; the widest usual one
/// (DejaVu Sans) is an eighth wider.
const SLACK: f32 = 1.13;

/// Weight of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FontWeight {
    /// As usual.
    Regular,
    /// Bold.
    Bold,
}

/// The options by which an SVG is read: with this font and no other.
pub fn options() -> usvg::Options<'static> {
    usvg::Options { font_family: FAMILY.into(), fontdb: FONTS.clone(), ..usvg::Options::default() }
}

/// Pixels that a text of `size` pixels takes at most.
pub(crate) fn width(text: &str, size: f32, weight: FontWeight) -> i32 {
    let advances = &ADVANCES[weight as usize];
    let widest = advances[usize::from(b'W' - FIRST)];
    let advance = |c: char| match u8::try_from(c) {
        Ok(c @ FIRST..=LAST) => advances[usize::from(c - FIRST)],
        _ => widest,
    };
    (text.chars().map(advance).sum::<f32>() * size / MEASURED_AT * SLACK).ceil() as i32
}

fn advances(weight: &str) -> Vec<f32> {
    // Between two letters, since the space has no outline of its own.
    let bare = drawn_width("HH", weight);
    (FIRST..=LAST).map(|c| drawn_width(&format!("H{}H", c as char), weight) - bare).collect()
}

fn drawn_width(text: &str, weight: &str) -> f32 {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='999' height='200'><text y='100' xml:space='preserve' \
         font-family='{FAMILY}' font-size='{MEASURED_AT}' font-weight='{weight}'>{escaped}</text></svg>"
    );
    let tree = usvg::Tree::from_str(&svg, &options());
    // The text is ours and the font is compiled in: `every_character_has_a_width` guards both.
    tree.map_or(0.0, |tree| tree.root().bounding_box().width())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_has_a_width() {
        for weight in [FontWeight::Regular, FontWeight::Bold] {
            assert!(ADVANCES[weight as usize].iter().all(|a| *a > 10.0), "{:?}", ADVANCES[weight as usize]);
        }
        // Open Sans has 2048 units an em; "n" advances 1257 of them, the space 532.
        assert!((ADVANCES[0][usize::from(b'n' - FIRST)] - 61.4).abs() < 1.0);
        assert!((ADVANCES[0][0] - 26.0).abs() < 1.0);
        assert_eq!(width("nn", 100.0, FontWeight::Regular), (61.38 * 2.0 * SLACK).ceil() as i32);
    }
}
