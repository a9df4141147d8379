//! Characters that cannot be seen, or look like another, by their names.

use std::borrow::Cow;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Those of ASCII, which have abbreviations and no names.
const CONTROLS: [&str; 32] = [
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR", "SO", "SI",
    "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS",
    "US",
];

/// Text with a name in place of each character that leaves no mark of its own or is no plain space:
/// `<TAB>`, `<ZERO WIDTH SPACE U+200B>`. An escape such as \t could be a backslash and a t of the
/// text's own.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unseen) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match is_unseen(c) {
            true => out.push_str(&format!("<{}>", name(c))),
            false => out.push(c),
        }
    }
    out.into()
}

/// A text of several lines with a name for each character that cannot be seen, except the line ends.
pub(crate) fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

fn name(c: char) -> String {
    let code = u32::from(c);
    match CONTROLS.get(code as usize) {
        Some(name) => (*name).into(),
        None if c == '\u{7f}' => "DEL".into(),
        None => match unicode_names2::name(c) {
            Some(name) => format!("{name} U+{code:04X}"),
            None => format!("U+{code:04X}"),
        },
    }
}

fn is_unseen(c: char) -> bool {
    use GeneralCategory as Is;
    // Most characters are these, and reports look at each.
    if matches!(c, ' '..='~') {
        return false;
    }
    match c.general_category() {
        Is::Control | Is::Format | Is::LineSeparator | Is::ParagraphSeparator => true,
        Is::PrivateUse | Is::Surrogate | Is::Unassigned => true,
        Is::SpaceSeparator => c != ' ',
        _ => is_blank(c),
    }
}

/// Letters, marks and symbols that are drawn as nothing: Unicode's Default_Ignorable_Code_Point
/// (DerivedCoreProperties.txt) beside the categories above, and the empty pattern of Braille.
fn is_blank(c: char) -> bool {
    matches!(c,
        '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_seen_stays_as_it_is() {
        for text in ["", "a b", "C:\\temp", "caf\u{e9} \u{4e2d}\u{1f418}", "e\u{301}", "<TAB>", "\u{fffd}"] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn what_cannot_is_shown_by_its_name() {
        for (text, shown) in [
            ("a\tb\r\n", "a<TAB>b<CR><LF>"),
            ("\0\u{1}\u{1b}\u{7f}", "<NUL><SOH><ESC><DEL>"),
            ("\u{85}", "<U+0085>"),
            ("\u{feff}1", "<ZERO WIDTH NO-BREAK SPACE U+FEFF>1"),
            (
                "a\u{200b}\u{200d}\u{200f}",
                "a<ZERO WIDTH SPACE U+200B><ZERO WIDTH JOINER U+200D><RIGHT-TO-LEFT MARK U+200F>",
            ),
            ("\u{202e}x\u{202c}", "<RIGHT-TO-LEFT OVERRIDE U+202E>x<POP DIRECTIONAL FORMATTING U+202C>"),
            ("\u{2066}\u{2069}", "<LEFT-TO-RIGHT ISOLATE U+2066><POP DIRECTIONAL ISOLATE U+2069>"),
            (
                "1\u{a0}2\u{202f}3\u{3000}",
                "1<NO-BREAK SPACE U+00A0>2<NARROW NO-BREAK SPACE U+202F>3<IDEOGRAPHIC SPACE U+3000>",
            ),
            ("\u{ad}\u{2028}\u{2060}", "<SOFT HYPHEN U+00AD><LINE SEPARATOR U+2028><WORD JOINER U+2060>"),
            (
                "\u{fe0f}\u{e0041}\u{3164}",
                "<VARIATION SELECTOR-16 U+FE0F><TAG LATIN CAPITAL LETTER A U+E0041><HANGUL FILLER U+3164>",
            ),
            ("\u{e000}\u{378}", "<U+E000><U+0378>"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!(visible_lines("a\u{a0}\nb"), "a<NO-BREAK SPACE U+00A0>\nb");
    }
}
