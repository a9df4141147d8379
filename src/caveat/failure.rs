//! The server's own errors as records.

use postgres::error::DbError;

use super::data_position;
use crate::model::findings::LoadError;
use crate::pg_error;

/// The server's error in a chain of causes, in a load into a table of these columns; `None` where the
/// server said nothing, for instance as the connection broke off.
pub(crate) fn of_server(error: &anyhow::Error, columns: &[&str]) -> Option<LoadError> {
    pg_error::of_server(error).map(|said| of_db(said, columns))
}

fn of_db(error: &DbError, columns: &[&str]) -> LoadError {
    let place = data_position::data_position(error.where_().unwrap_or_default(), columns);
    LoadError {
        sqlstate: Some(error.code().code().into()),
        message: error.message().into(),
        line: place.line,
        column: error.column().map(str::to_owned).or(place.column),
    }
}

/// The number of rows that the server passed over by one of its notices: the 3 of `3 rows were skipped due to
/// data type incompatibility`, wherever a language has it. A notice about one row quotes its column.
pub(crate) fn skipped(notice: &str) -> Option<u64> {
    if notice.contains(['"', '»', '«', '“', '「']) {
        return None;
    }
    let mut numbers = notice.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let only = numbers.next()?.parse().ok();
    only.filter(|_| numbers.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_that_a_notice_tells_of_are_counted_in_any_language() {
        assert_eq!(skipped("3 rows were skipped due to data type incompatibility"), Some(3));
        assert_eq!(skipped("データ型の不適合により3行がスキップされました"), Some(3));
        assert_eq!(
            skipped("skipping row due to data type incompatibility at line 2 for column \"n\": \"x\""),
            None
        );
        assert_eq!(skipped("2 of 3"), None);
        assert_eq!(skipped("no rows"), None);
    }
}
