//! The settings in a connection's `options`, which PostgreSQL reads as a command line.

use crate::server::Settings;

/// The settings that `options` make, the last of each name.
///
/// # Errors
/// The first word that is neither `-c name=value` nor `--name=value`.
pub fn settings(options: &str) -> Result<Settings, String> {
    let mut found = Settings::new();
    let mut words = split(options).into_iter();
    while let Some(word) = words.next() {
        let setting = match (word.strip_prefix("--"), word.strip_prefix("-c")) {
            (Some(long), _) => long.to_owned(),
            (None, Some("")) => words.next().unwrap_or_default(),
            (None, Some(joined)) => joined.to_owned(),
            (None, None) => return Err(word),
        };
        let Some((name, value)) = setting.split_once('=') else { return Err(word) };
        // As the server reads them: dashes stand for underscores, and case does not matter.
        found.insert(name.trim().replace('-', "_").to_lowercase(), value.to_owned());
    }
    Ok(found)
}

/// As PostgreSQL's `pg_split_opts` does: at spaces, unless a backslash is before them.
fn split(options: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = options.chars();
    while let Some(char) = chars.next() {
        match char {
            space if space.is_ascii_whitespace() => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(chars.next()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_setting_is_read() {
        let found = settings(r"-c a=1 -cb=2 --c-d=3  -c Search_Path=x,\ y\\z -c a=4").unwrap();
        let expected = [("a", "4"), ("b", "2"), ("c_d", "3"), ("search_path", r"x, y\z")];
        assert_eq!(found, expected.map(|(name, value)| (name.into(), value.into())).into());
        assert_eq!(settings(""), Ok(Settings::new()));
        assert_eq!(settings("-c a=1 -e"), Err("-e".into()));
        assert_eq!(settings("-c"), Err("-c".into()));
    }
}
