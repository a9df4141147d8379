//! Whether the values of a column are all different: by their hashes, as long as there is room for them, and of
//! whole numbers in rising order without any.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use super::kinds::Kinds;

/// Hashes that are kept, of all columns together: about 300 MB.
pub(crate) const MOST_HASHES: usize = 14_000_000;

/// What is known of the values of a column, NULLs apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Different {
    /// They are all different.
    All,
    /// Some value is there twice.
    Not,
    /// They are too many to be kept.
    Unknown,
}

/// A hash is used as it is.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only numbers of 64 bits are hashed");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// The hashes of each column's values.
#[derive(Default)]
pub(crate) struct Hashes {
    columns: Vec<Column>,
    kept: usize,
    most: usize,
}

enum Column {
    Kept(HashSet<u64, BuildHasherDefault<AsItIs>>),
    Twice,
    Full,
}

impl Hashes {
    /// Of so many columns, for so many hashes.
    pub(crate) fn new(columns: usize, most: usize) -> Self {
        Self { columns: (0..columns).map(|_| Column::Kept(HashSet::default())).collect(), kept: 0, most }
    }

    /// Adds the hashes of some of a column's values.
    pub(crate) fn add(&mut self, i: usize, hashes: &[u64]) {
        let Column::Kept(kept) = &mut self.columns[i] else { return };
        let before = kept.len();
        let new = hashes.iter().all(|hash| kept.insert(*hash));
        self.kept += kept.len() - before;
        if !new {
            self.kept -= kept.len();
            self.columns[i] = Column::Twice;
        }
        if self.kept > self.most {
            self.kept = 0;
            self.columns
                .iter_mut()
                .filter(|one| matches!(one, Column::Kept(_)))
                .for_each(|one| *one = Column::Full);
        }
    }

    /// Whether the hashes of a column's values are still wanted.
    pub(crate) fn wants(&self, i: usize) -> bool {
        matches!(self.columns[i], Column::Kept(_))
    }

    /// What is known of a column's values.
    pub(crate) fn different(&self, i: usize, kinds: &Kinds) -> Different {
        match self.columns[i] {
            Column::Kept(_) => Different::All,
            Column::Twice => Different::Not,
            Column::Full if kinds.rises() => Different::All,
            Column::Full => Different::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_there_twice_is_found_until_there_is_no_room() {
        let (rising, other) = (Kinds::of(["1", "2"]), Kinds::of(["2", "1"]));
        let mut hashes = Hashes::new(3, 5);
        hashes.add(0, &[1, 2]);
        hashes.add(1, &[1, 2]);
        hashes.add(1, &[3, 2]);
        hashes.add(2, &[7]);
        assert_eq!(
            [0, 1, 2].map(|i| hashes.different(i, &other)),
            [Different::All, Different::Not, Different::All]
        );
        assert!(hashes.wants(0) && !hashes.wants(1));
        hashes.add(0, &[3, 4, 5, 6]);
        assert_eq!(hashes.different(0, &other), Different::Unknown);
        assert_eq!(hashes.different(1, &other), Different::Not);
        assert_eq!(hashes.different(2, &rising), Different::All);
        assert!(!hashes.wants(0) && !hashes.wants(2));
    }
}
