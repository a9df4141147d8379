//! Names for columns: those of the file, made into such that PostgreSQL takes.

/// The longest name of PostgreSQL's, in bytes; what is longer it cuts.
const LONGEST: usize = 63;

/// Columns that every table has (`src/backend/catalog/heap.c`).
const OF_SYSTEM: [&str; 6] = ["ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"];

/// A column's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// As it can be.
    pub name: String,
    /// Why it is not the file's, in words.
    pub changed: Option<&'static str>,
}

/// Who gives columns their names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Given<'g> {
    /// The file.
    File(&'g [String]),
    /// The user, who leaves the names of those empty that are passed over.
    User(&'g [String]),
    /// Nobody, to so many.
    Nobody(usize),
}

/// The names of columns; `None` for one that is passed over.
pub(crate) fn names(given: Given<'_>) -> Vec<Option<Name>> {
    let (given, passes) = match given {
        Given::File(names) => (names, false),
        Given::User(names) => (names, true),
        Given::Nobody(count) => {
            let numbered = |i| Some(Name { name: format!("column_{i}"), changed: None });
            return (1..=count).map(numbered).collect();
        }
    };
    let mut found: Vec<Option<Name>> = Vec::with_capacity(given.len());
    for (i, given) in given.iter().enumerate() {
        let taken = |name: &str| found.iter().flatten().any(|other| other.name == name);
        let name = given.trim();
        if passes && name.is_empty() {
            found.push(None);
            continue;
        }
        let (mut name, mut changed) = match name {
            "" => (format!("column_{}", i + 1), Some("it has no name in the file")),
            name if OF_SYSTEM.contains(&name) => {
                (format!("{name}_"), Some("every table has a column of that name"))
            }
            name if name.len() > LONGEST => (cut(name, LONGEST), Some("longer names are cut")),
            name => (name.to_owned(), None),
        };
        if taken(&name) {
            changed = Some("the file has another column of that name");
            let numbered = |number: usize| {
                let number = format!("_{number}");
                cut(&name, LONGEST - number.len()) + &number
            };
            name = (2..).map(numbered).find(|name| !taken(name)).unwrap_or(name);
        }
        found.push(Some(Name { name, changed }));
    }
    found
}

fn cut(name: &str, most: usize) -> String {
    let mut end = most.min(name.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_different_and_short_enough() {
        let long = "é".repeat(40);
        let given = ["a", "", "xmin", "a", &long, &long, "a_2", "a", " b "].map(str::to_owned);
        let found: Vec<_> = names(Given::File(&given)).into_iter().flatten().collect();
        let all: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
        let (first, second) = ("é".repeat(31), format!("{}_2", "é".repeat(30)));
        assert_eq!(all, ["a", "column_2", "xmin_", "a_2", &first, &second, "a_2_2", "a_3", "b"]);
        assert!(found.iter().all(|one| one.name.len() <= LONGEST));
        assert_eq!(found[0].changed.or(found[8].changed), None);
        assert_eq!(names(Given::User(&given[..2]))[1], None);
        assert_eq!(names(Given::Nobody(2))[1].as_ref().unwrap().name, "column_2");
        assert!(found[3].changed.unwrap().contains("another column"));
    }
}
