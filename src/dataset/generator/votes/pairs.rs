//! Who votes on what, and how: each (user, link) at most once.

use std::ops::Range;

use anyhow::Result;
use rayon::prelude::*;

use super::shape::Shape;
use super::shuffle::shuffled;
use crate::dataset::generator::random::{GeneratorStage, Random, scramble};

/// The bit of a vote's link that says it goes up. Links are numbered below it.
pub(crate) const UP: u32 = 1 << 31;

/// Users worked on at a time.
const GROUP: usize = 64;

/// How many exchanges are tried at random before all are tried in turn.
const TRIES: u32 = 10_000;

/// The links of all votes, user by user, with [`UP`] on those that go up.
///
/// # Errors
/// When no way is found to give each user links that differ; no known size and seed does that.
pub(crate) fn pair(shape: &Shape, seed: u64) -> Result<Vec<u32>> {
    let votes = shape.starts()[shape.users()] as usize;
    let mut links = shuffled(GeneratorStage::Deal, seed, votes, |range, out| shape.push_links(range, out));
    mend(shape, &mut links, seed)?;
    choose_scores(shape, &mut links, seed);
    Ok(links)
}

/// Lists the votes of a range as user (upper half) and link (lower half).
pub(crate) fn list(shape: &Shape, links: &[u32], range: Range<usize>, out: &mut Vec<u64>) {
    let mut user = shape.user_of(range.start as u32);
    let mut at = range.start;
    while at < range.end {
        let end = range.end.min(shape.starts()[user + 1] as usize);
        out.extend(links[at..end].iter().map(|link| ((user as u64) << 32) | u64::from(*link)));
        (at, user) = (end, user + 1);
    }
}

/// Exchanges each vote that a user would give a second time for another user's.
fn mend(shape: &Shape, links: &mut [u32], seed: u64) -> Result<()> {
    let starts = shape.starts();
    let doubled: Vec<u32> = (0..shape.users().div_ceil(GROUP))
        .into_par_iter()
        .map_init(Vec::new, |seen, group| {
            let users = group * GROUP..shape.users().min((group + 1) * GROUP);
            let mut doubled = Vec::new();
            for user in users {
                find_doubled(links, starts[user]..starts[user + 1], seen, &mut doubled);
            }
            doubled
        })
        .flatten_iter()
        .collect();
    let mut random = Random::new(seed, GeneratorStage::Mend, 0);
    let votes = links.len() as u64;
    let segment = |user: usize| starts[user] as usize..starts[user + 1] as usize;
    for vote in doubled {
        let (own, link) = (segment(shape.user_of(vote)), links[vote as usize]);
        let fits = |other: u64, links: &[u32]| {
            let other = other as usize;
            !own.contains(&other)
                && !links[own.clone()].contains(&links[other])
                && !links[segment(shape.user_of(other as u32))].contains(&link)
        };
        let other = (0..TRIES)
            .map(|_| random.below(votes))
            .find(|other| fits(*other, links))
            .or_else(|| (0..votes).find(|other| fits(*other, links)));
        let Some(other) = other else {
            let user = shape.user_of(vote);
            anyhow::bail!(
                "{votes} rows from seed {seed} leave user {user} no link to vote on; take another --seed"
            );
        };
        links.swap(vote as usize, other as usize);
    }
    Ok(())
}

/// Adds the votes of one user whose link an earlier one of theirs has. `seen` is scratch: a
/// table of the links seen, at most half full, that stays in the fastest cache.
fn find_doubled(links: &[u32], votes: Range<u32>, seen: &mut Vec<u32>, doubled: &mut Vec<u32>) {
    const FREE: u32 = u32::MAX;
    let size = (2 * votes.len()).next_power_of_two();
    seen.clear();
    seen.resize(size, FREE);
    for vote in votes {
        let link = links[vote as usize];
        let mut slot = (link.wrapping_mul(0x9e37_79b1) >> 7) as usize & (size - 1);
        loop {
            match seen[slot] {
                FREE => {
                    seen[slot] = link;
                    break;
                }
                other if other == link => {
                    doubled.push(vote);
                    break;
                }
                _ => slot = (slot + 1) & (size - 1),
            }
        }
    }
}

/// Marks the votes that go up: of each user's, those on the links that are liked most, give or
/// take chance. So a user has the votes up that the shape says, and links differ in their share.
fn choose_scores(shape: &Shape, links: &mut [u32], seed: u64) {
    let liking = Random::new(seed, GeneratorStage::Scores, u64::MAX).bits();
    let mut rest = links;
    let groups: Vec<_> = shape
        .sides()
        .chunks(GROUP)
        .map(|sides| {
            let votes: u32 = sides.iter().map(|(up, down)| up + down).sum();
            (sides, rest.split_off_mut(..votes as usize).unwrap_or_default())
        })
        .collect();
    groups.into_par_iter().enumerate().for_each_init(Vec::new, |keys, (group, (sides, links))| {
        let mut random = Random::new(seed, GeneratorStage::Scores, group as u64);
        let mut start = 0;
        for (up, down) in sides {
            let votes = &mut links[start..start + (up + down) as usize];
            start += votes.len();
            mark(votes, *up as usize, liking, &mut random, keys);
        }
    });
}

fn mark(votes: &mut [u32], up: usize, liking: u64, random: &mut Random, keys: &mut Vec<u64>) {
    if up == 0 || up == votes.len() {
        let side = if up == 0 { 0 } else { UP };
        votes.iter_mut().for_each(|link| *link |= side);
        return;
    }
    keys.clear();
    // How far a link is from being liked, and chance, weigh the same. The place makes each key
    // another, so that which are the smallest does not depend on how they are found.
    keys.extend(votes.iter().zip(0u64..).map(|(link, place)| {
        let dislike = scramble(liking ^ u64::from(*link)) >> 44;
        let chance = random.bits() >> 44;
        ((dislike + chance) << 32) | place
    }));
    let (smaller, last, _) = keys.select_nth_unstable(up - 1);
    for key in smaller.iter().chain([&*last]) {
        votes[*key as u32 as usize] |= UP;
    }
}
