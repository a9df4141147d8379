//! Findings in words.

use crate::model::findings::{CaveatFacts, Difference, Finding, LoadError, Row, Verdict};
use crate::report::table::{Cell, Tone};

/// The verdict in words: damage that came with an error or a count of rows passed over was not silent.
pub(crate) fn verdict(finding: &Finding) -> &'static str {
    match finding.verdict {
        Verdict::Damaged if !is_silent(finding) => "damage",
        verdict => verdict.words(),
    }
}

/// Whether the way reported no error, and no row passed over.
pub(crate) fn is_silent(finding: &Finding) -> bool {
    finding.error.is_none() && finding.rejected.unwrap_or(0) == 0
}

/// The verdict, in the colour of what it means.
pub(crate) fn outcome(finding: &Finding) -> Cell {
    let words = verdict(finding).to_owned();
    match finding.verdict {
        Verdict::AsMeant => Cell::Toned(words, Tone::Good),
        Verdict::GoodRows => Cell::Text(words),
        Verdict::Refused | Verdict::Partial => Cell::Toned(words, Tone::Bad),
        Verdict::Untruthful | Verdict::Damaged | Verdict::Failed => Cell::Toned(words, Tone::Alarm),
        Verdict::Unavailable | Verdict::NotTried | Verdict::NotFed => Cell::Toned(words, Tone::Muted),
    }
}

/// The finding beyond its verdict; empty where that says all.
pub(crate) fn what_happened(finding: &Finding) -> String {
    let mut parts = Vec::new();
    match finding.verdict {
        Verdict::Unavailable | Verdict::NotTried | Verdict::NotFed | Verdict::Failed => {
            return finding.unavailable.clone().unwrap_or_default();
        }
        Verdict::AsMeant => {}
        Verdict::Refused => parts.push("nothing is loaded".to_owned()),
        Verdict::GoodRows | Verdict::Partial | Verdict::Untruthful => {
            let (missing, extra) = finding.difference.as_ref().map_or((0, 0), |d| (d.missing, d.extra));
            parts.push(format!("{} of {} rows are in", finding.rows_meant - missing, finding.rows_meant));
            parts.extend(finding.difference.as_ref().filter(|_| extra > 0).map(difference));
        }
        Verdict::Damaged => parts.extend(finding.difference.as_ref().map(difference)),
    }
    let lost = finding.difference.as_ref().map_or(0, |d| d.missing);
    parts.extend(finding.rejected.filter(|n| *n > 0).map(|n| match finding.verdict {
        Verdict::Untruthful => format!("{lost} are lost, and it reported {n}"),
        _ => format!("{n} passed over"),
    }));
    parts.extend(finding.error.as_ref().map(error));
    parts.extend(
        finding.next.as_ref().map(|said| format!("the statement after the load fails: {}", error(said))),
    );
    parts.join("; ")
}

/// `22P02 at line 2, column amount: invalid input syntax ...`
fn error(error: &LoadError) -> String {
    let line = error.line.map(|line| format!("line {line}"));
    let column = error.column.as_ref().map(|column| format!("column {column}"));
    let place: Vec<String> = line.into_iter().chain(column).collect();
    let state = error.sqlstate.clone().unwrap_or_default();
    let place = if place.is_empty() { String::new() } else { format!("at {}", place.join(", ")) };
    let head: Vec<&str> =
        [state.as_str(), place.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    match head.is_empty() {
        true => error.message.clone(),
        false => format!("{}: {}", head.join(" "), error.message),
    }
}

/// The difference, by its first row.
fn difference(difference: &Difference) -> String {
    let more = difference.missing.max(difference.extra).saturating_sub(1);
    let more = match more {
        0 => String::new(),
        1 => ", and another row".into(),
        n => format!(", and {n} other rows"),
    };
    let more = match difference.not_utf8.as_slice() {
        [] => more,
        columns => format!(", where {} is no UTF-8{more}", columns.join(" and ")),
    };
    match (&difference.meant, &difference.found) {
        (Some(meant), Some(found))
            if meant.iter().flatten().any(|value| found.contains(&Some(value.clone()))) =>
        {
            format!("{} became {}{more}", row(meant), row(found))
        }
        (Some(meant), Some(found)) => {
            format!("{} is lost, and {} is there that was not meant{more}", row(meant), row(found))
        }
        (Some(meant), None) => format!("{} is lost{more}", row(meant)),
        (None, Some(found)) => format!("{} is one too many{more}", row(found)),
        (None, None) => String::new(),
    }
}

/// Characters of a value that a report shows; of a longer one it shows the first, and their number.
const LONGEST: usize = 120;

/// A row as SQL would have it.
pub(crate) fn row(row: &Row) -> String {
    let value = |value: &Option<String>| match value {
        None => "NULL".to_owned(),
        Some(text) if text.parse::<i64>().is_ok() => text.clone(),
        Some(text) => match text.chars().count() {
            0..=LONGEST => format!("'{text}'"),
            n => format!("'{}...' of {n} characters", text.chars().take(LONGEST / 3).collect::<String>()),
        },
    };
    format!("({})", row.iter().map(value).collect::<Vec<_>>().join(", "))
}

/// Advice on a caveat for the server at hand: the way that loads it as meant, else the one that loads at
/// least the good rows, and those that do not help.
pub(crate) fn advice(caveat: &CaveatFacts) -> String {
    let remedies = |wanted: &[Verdict]| -> Vec<String> {
        let of = caveat.findings.iter().filter(|finding| wanted.contains(&finding.verdict));
        let loaders = helpful_loaders(caveat, wanted);
        let by_loader = (!loaders.is_empty()).then(|| format!("load it by {}", loaders.join(" or ")));
        of.filter_map(|finding| finding.remedy.clone()).chain(by_loader).collect()
    };
    let plain = |verdict| caveat.findings.iter().any(|f| f.remedy.is_none() && f.verdict == verdict);
    // To be refused is better than damage, where that is the choice.
    let (refused, rest): (&[Verdict], &[Verdict]) = match plain(Verdict::Damaged) && !plain(Verdict::Refused)
    {
        true => (&[Verdict::Refused], &[Verdict::Partial, Verdict::Untruthful, Verdict::Damaged]),
        false => (&[], &[Verdict::Refused, Verdict::Partial, Verdict::Untruthful, Verdict::Damaged]),
    };
    let kinds: [(&str, &[Verdict]); 4] = [
        ("", &[Verdict::AsMeant]),
        ("For the good rows alone: ", &[Verdict::GoodRows]),
        ("To have an error in place of damage: ", refused),
        ("Not enough: ", rest),
    ];
    let parts = kinds.iter().filter_map(|(head, wanted)| {
        let them = remedies(wanted);
        (!them.is_empty()).then(|| capital(&format!("{head}{}.", them.join("; or "))))
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// The plain loaders that do better than COPY of the csv, as meant or with the good rows, where that is
/// wanted.
fn helpful_loaders<'c>(caveat: &'c CaveatFacts, wanted: &[Verdict]) -> Vec<&'c str> {
    let Some(copy) = caveat.findings.iter().find(|finding| finding.way == "copy-csv") else {
        return Vec::new();
    };
    let helps = |finding: &&Finding| {
        finding.loader
            && finding.remedy.is_none()
            && matches!(finding.verdict, Verdict::AsMeant | Verdict::GoodRows)
            && wanted.contains(&finding.verdict)
            // Verdicts are in order, the best first.
            && finding.verdict < copy.verdict
    };
    caveat.findings.iter().filter(helps).map(|finding| finding.way.as_str()).collect()
}

/// The text with a capital letter in front.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_as_sql_has_it() {
        let values = ["1", "C:<TAB>emp", ""].map(|text| Some(text.to_owned()));
        let whole: Row = values.into_iter().chain([None]).collect();
        assert_eq!(row(&whole), "(1, 'C:<TAB>emp', '', NULL)");
        let long = vec![Some("x".repeat(3000))];
        assert_eq!(row(&long), format!("('{}...' of 3000 characters)", "x".repeat(40)));
    }

    fn finding(way: &str, loader: bool, remedy: Option<&str>, verdict: Verdict) -> Finding {
        Finding {
            way: way.into(),
            what: String::new(),
            loader,
            remedy: remedy.map(str::to_owned),
            verdict,
            expected: None,
            rows_meant: 1,
            rows_found: Some(1),
            rejected: None,
            error: None,
            next: None,
            notices: Vec::new(),
            difference: None,
            unavailable: None,
        }
    }

    fn advised(findings: Vec<Finding>) -> String {
        let text = String::new;
        advice(&CaveatFacts {
            id: text(),
            claim: text(),
            title: text(),
            says: text(),
            source: text(),
            findings,
        })
    }

    #[test]
    fn damage_is_silent_where_nothing_reported_it() {
        let silent = finding("copy-text", false, None, Verdict::Damaged);
        assert_eq!(verdict(&silent), "silent damage");
        assert_eq!(verdict(&Finding { rejected: Some(0), ..silent.clone() }), "silent damage");
        assert_eq!(verdict(&Finding { rejected: Some(1), ..silent.clone() }), "damage");
        assert_eq!(verdict(&Finding { error: Some(LoadError::default()), ..silent }), "damage");
    }

    #[test]
    fn a_loader_that_does_better_than_copy_is_advice() {
        let loaders = |copy| {
            vec![
                finding("copy-csv", false, None, copy),
                finding("insert-row", false, None, Verdict::AsMeant),
                finding("pgloader", true, None, Verdict::AsMeant),
                finding("pg-bulkload", true, None, Verdict::GoodRows),
                finding("adbc-ingest", true, None, Verdict::AsMeant),
                finding("cleaned", false, Some("clean it"), Verdict::AsMeant),
            ]
        };
        assert_eq!(
            advised(loaders(Verdict::Refused)),
            "Clean it; or load it by pgloader or adbc-ingest. For the good rows alone: load it by pg-bulkload."
        );
        assert_eq!(advised(loaders(Verdict::AsMeant)), "Clean it.", "COPY does as well");
    }

    #[test]
    fn what_is_reported_untruly_and_what_is_no_text_can_be_read() {
        let row = |text: &str| Some(vec![Some("1".to_owned()), Some(text.to_owned())]);
        let lost = Difference { missing: 2, extra: 0, meant: row("a"), found: None, not_utf8: Vec::new() };
        let untrue = Finding {
            rows_meant: 3,
            rejected: Some(1),
            difference: Some(lost),
            ..finding("a", true, None, Verdict::Untruthful)
        };
        assert_eq!(verdict(&untrue), "a part only, untruthfully reported");
        assert_eq!(what_happened(&untrue), "1 of 3 rows are in; 2 are lost, and it reported 1");
        let broken = Difference {
            missing: 1,
            extra: 1,
            meant: row("café"),
            found: row("caf\\xe9"),
            not_utf8: vec!["word".into()],
        };
        let silent = Finding { difference: Some(broken), ..finding("a", true, None, Verdict::Damaged) };
        assert_eq!(what_happened(&silent), "(1, 'café') became (1, 'caf\\xe9'), where word is no UTF-8");
        assert_eq!(verdict(&silent), "silent damage");
    }

    #[test]
    fn an_error_names_its_place_as_far_as_it_is_known() {
        let known = LoadError {
            sqlstate: Some("22P02".into()),
            message: "no".into(),
            line: Some(2),
            column: Some("n".into()),
        };
        assert_eq!(error(&known), "22P02 at line 2, column n: no");
        assert_eq!(error(&LoadError { line: None, column: None, ..known.clone() }), "22P02: no");
        assert_eq!(error(&LoadError { message: "no".into(), ..LoadError::default() }), "no");
    }
}
