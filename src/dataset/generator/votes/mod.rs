//! Invented votes, as like the ones behind the article as their published figures say.
//!
//! The dump it measured (7,405,561 votes) names real people, so its rows are not here; these
//! have its shape. The same rows and seed give the same bytes on every machine and with any
//! number of threads: only integers and IEEE 754's exact operations (+ - * / and square root)
//! are used, each piece of work has a random stream of its own, and the streams are PCG, which
//! does not change between versions. What is made, in this order:
//!
//! 1. how many links get how many votes, and how many votes each user gives (`shape`);
//! 2. who votes on what: all the links' votes in random order, dealt to the users one after
//!    the other; where a user would get the same link twice, it is exchanged (`pairs`);
//! 3. which of a user's votes go up: sooner those on links that are liked (`pairs`);
//! 4. a random order of all votes (`shuffle`), and names for users and links (`names`).
//!
//! Memory: 4 bytes a vote while pairing, 12 while shuffling, 8 while writing.

mod names;
mod pairs;
mod shape;
mod shuffle;

use std::ops::Range;

use anyhow::Result;

use super::rows::{Rows, check_rows, parts};
use crate::dataset::checksum::{ContentSum, hash_vote};
use crate::dataset::generator::random::GeneratorStage;
use crate::interrupt::Interrupt;
use names::{LinkNames, MOST_ROW_BYTES, UserNames};
use pairs::UP;

/// The version of what is made. It changes whenever any byte of any dataset would.
pub(crate) const VERSION: u32 = 1;

/// All votes of a dataset, in their order.
pub struct Votes {
    /// The user in the upper half; the link, and [`UP`], in the lower.
    votes: Vec<u64>,
    users: UserNames,
    links: LinkNames,
}

impl Votes {
    /// Makes `rows` votes from `seed`.
    ///
    /// # Errors
    /// [`crate::fault::Fault::Usage`] for a number of rows that cannot be made;
    /// [`crate::fault::Fault::Interrupted`].
    pub fn new(rows: u64, seed: u64, interrupt: &Interrupt) -> Result<Self> {
        check_rows(rows)?;
        let shape = shape::Shape::new(rows, seed);
        interrupt.check()?;
        let links = pairs::pair(&shape, seed)?;
        interrupt.check()?;
        let votes =
            shuffle::shuffled(GeneratorStage::Order, seed, rows as usize, |range, out: &mut Vec<u64>| {
                pairs::list(&shape, &links, range, out);
            });
        interrupt.check()?;
        Ok(Self { votes, users: UserNames::new(shape.users(), seed), links: LinkNames::new(seed) })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.votes.len()
    }

    /// Ranges of votes that cover all, in order, each a good piece of work.
    pub fn parts(&self) -> impl Iterator<Item = Range<usize>> + Send + use<> {
        parts(self.votes.len())
    }

    /// Adds these votes to `out` as csv, and returns their content sum.
    ///
    /// # Panics
    /// When the range is not one of these votes'.
    pub fn push_csv(&self, part: Range<usize>, out: &mut Vec<u8>) -> ContentSum {
        let mut sum = ContentSum::default();
        let mut at = out.len();
        out.resize(at + part.len() * MOST_ROW_BYTES, 0);
        for vote in &self.votes[part] {
            let (user, link) = ((vote >> 32) as u32, *vote as u32);
            let row = &mut out[at..at + MOST_ROW_BYTES];
            let name = self.users.put(user, row);
            row[name] = b',';
            let start = name + 1;
            let end = start + self.links.put(link & !UP, &mut row[start..]);
            let (score, tail): (i32, &[u8; 4]) = if link & UP != 0 { (1, b",1\n\0") } else { (-1, b",-1\n") };
            row[end..end + 4].copy_from_slice(tail);
            sum.add(hash_vote(&row[..name], &row[start..end], score));
            at += end + if score == 1 { 3 } else { 4 };
        }
        out.truncate(at);
        sum
    }
}

impl Rows for Votes {
    fn len(&self) -> usize {
        Votes::len(self)
    }

    fn write(&self, part: Range<usize>, out: &mut Vec<u8>) -> Result<ContentSum> {
        Ok(self.push_csv(part, out))
    }
}

#[cfg(test)]
mod tests;
