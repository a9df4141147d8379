//! Generated text inside written files: between `<!-- bulkbench:NAME -->` and
//! `<!-- /bulkbench:NAME -->`, replaced or checked against what would replace it.

use std::path::Path;

use anyhow::{Context, Result};

use crate::{bad_data, fs, usage};

/// Whether the text between the markers is replaced or only compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpliceMode {
    /// Replace it.
    Write,
    /// Fail where it differs.
    Check,
}

/// Puts `text` between the markers of `name` in `file`, or checks that it stands there.
///
/// # Errors
/// [`crate::fault::Fault::Usage`] when the file or a marker is missing or doubled;
/// [`crate::fault::Fault::Data`] in check mode when the text is another, with the first line that differs.
pub(crate) fn splice(file: &Path, name: &str, text: &str, mode: SpliceMode) -> Result<()> {
    let old = crate::fs::read_text(file).with_context(|| format!("reading {}", file.display()))?;
    let new = spliced(&old, name, text).map_err(|why| usage!("{}: {why}", file.display()))?;
    if old == new {
        return Ok(());
    }
    match mode {
        SpliceMode::Write => fs::write(file, new.as_bytes()),
        SpliceMode::Check => Err(bad_data!(
            "{}: the part bulkbench:{name} is out of date; {}; write it anew with --splice",
            file.display(),
            first_difference(&old, &new)
        )),
    }
}

fn spliced(old: &str, name: &str, text: &str) -> Result<String, String> {
    let (open, close) = (format!("<!-- bulkbench:{name} -->"), format!("<!-- /bulkbench:{name} -->"));
    for marker in [&open, &close] {
        match old.matches(marker.as_str()).count() {
            1 => {}
            0 => {
                return Err(format!(
                    "there is no `{marker}`: put it and its counterpart where the text belongs"
                ));
            }
            many => return Err(format!("`{marker}` is there {many} times: leave one")),
        }
    }
    let (before, rest) = old.split_once(&open).ok_or("unreachable: the marker was counted")?;
    let (_, after) = rest.split_once(&close).ok_or(format!("`{close}` comes before `{open}`: swap them"))?;
    Ok(format!("{before}{open}\n{}\n{close}{after}", text.trim_end()))
}

fn first_difference(old: &str, new: &str) -> String {
    let pair = old.lines().zip(new.lines()).enumerate().find(|(_, (a, b))| a != b);
    match pair {
        Some((index, (old, new))) => format!("line {} is {old:?} and should be {new:?}", index + 1),
        None => format!("it has {} lines and should have {}", old.lines().count(), new.lines().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    const README: &str = "# T\n<!-- bulkbench:votes -->\nold\n<!-- /bulkbench:votes -->\nend\n";

    #[test]
    fn the_text_between_the_markers_is_replaced_and_then_checked() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("README.md");
        std::fs::write(&file, README).unwrap();
        let error = splice(&file, "votes", "new\n", SpliceMode::Check).unwrap_err();
        assert!(error.to_string().contains("line 3 is \"old\" and should be \"new\""), "{error}");
        assert_eq!(Fault::find(&error).map(Fault::exit_code), Some(4));
        splice(&file, "votes", "new\n", SpliceMode::Write).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), README.replace("old", "new"));
        splice(&file, "votes", "new\n", SpliceMode::Check).unwrap();
    }

    #[test]
    fn missing_doubled_and_swapped_markers_are_named() {
        assert!(
            spliced("nothing", "votes", "x").unwrap_err().contains("there is no `<!-- bulkbench:votes -->`")
        );
        assert!(spliced(&README.repeat(2), "votes", "x").unwrap_err().contains("2 times"));
        let swapped = "<!-- /bulkbench:votes -->\n<!-- bulkbench:votes -->";
        assert!(spliced(swapped, "votes", "x").unwrap_err().contains("swap"));
    }
}
