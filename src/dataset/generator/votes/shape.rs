//! How many users and links there are, and how many votes each has.
//!
//! The published figures: 31,927 users and 2,046,401 links for 7,405,561 votes; a user's votes
//! end at 1000 up and 1000 down, so that many have 1000 or 2000; about three in four go up; the
//! most voted links have 1660, 1502, 1162, 1116 and 1050 votes.

use crate::dataset::generator::random::{GeneratorStage, Random};

const VOTES: u64 = 7_405_561;
const USERS: u64 = 31_927;
const LINKS: u64 = 2_046_401;

/// The most votes up, and the most down, of one user.
pub(crate) const MOST_A_SIDE: u32 = 1000;

/// The ranks whose votes are drawn one by one, from the most voted link on.
const HEAD: u64 = 64;

/// The offset of the links' distribution: P(votes >= k) = ((1 + c) / (k + c))^2.5, with c such
/// that the mean is the published 3.62; the most voted of two million links then has about 1,660.
const LINK_OFFSET: f64 = 3.6113;

/// Of 65536 users, the share below; the votes a user there would give without the limits.
/// Between these, votes grow linearly.
const ACTIVITY: [(u64, u64); 11] = [
    (0, 1),
    (6_554, 2),
    (16_384, 10),
    (32_768, 50),
    (42_598, 122),
    (49_152, 225),
    (55_706, 470),
    (60_293, 960),
    (62_915, 1_750),
    (64_553, 3_600),
    (65_536, 12_000),
];

/// Users with only votes up, in percent.
const ONLY_UP_PERCENT: u64 = 20;
/// The others' share of votes up, in thousandths: evenly from the first to below the second.
const UP_SHARE: (u64, u64) = (515, 985);

/// The numbers behind a dataset.
pub(crate) struct Shape {
    /// Votes up and down of each user.
    sides: Vec<(u32, u32)>,
    /// The first vote of each user, and the end of the last one's.
    starts: Vec<u32>,
    /// Links.
    links: u64,
    /// `levels[k]` is the number of votes that are among the first k of their link; a link's
    /// n-th vote belongs to level n - 1. The first is 0, the last is all votes.
    levels: Vec<u64>,
    /// Where the links' ranks go: rank r is link (r * step + first) mod links.
    step: u64,
    first: u64,
}

impl Shape {
    /// The shape of `rows` votes, 1 to 2^32 - 1.
    pub(crate) fn new(rows: u64, seed: u64) -> Self {
        let links = scaled(rows, LINKS);
        // A user votes on at most an eighth of all links, and a link gets votes of at most an
        // eighth of all users, so that small datasets, too, have room for pairs that differ.
        let most_a_user = (links / 8).clamp(1, 2 * u64::from(MOST_A_SIDE));
        let users = scaled(rows, USERS).max(rows.min((2 * rows).div_ceil(most_a_user)));
        let mean = rows.div_ceil(links);
        let most_a_link = (users / 8).max(2 * mean).min(users);
        let sides = user_sides(rows, users, most_a_user, seed);
        let mut random = Random::new(seed, GeneratorStage::Links, 0);
        let levels = link_levels(rows, links, most_a_link, &mut random);
        let mut step = (links as f64 * 0.618_033_988_749_894_8) as u64 | 1;
        while greatest_common_divisor(step, links) != 1 {
            step += 2;
        }
        let first = random.below(links);
        let mut starts = Vec::with_capacity(sides.len() + 1);
        let mut start = 0u32;
        starts.push(0);
        for (up, down) in &sides {
            start += up + down;
            starts.push(start);
        }
        Self { sides, starts, links, levels, step, first }
    }

    /// The number of users.
    pub(crate) fn users(&self) -> usize {
        self.sides.len()
    }

    /// Votes up and down of each user.
    pub(crate) fn sides(&self) -> &[(u32, u32)] {
        &self.sides
    }

    /// The first vote of each user, and the end.
    pub(crate) fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// The user whose vote this is.
    pub(crate) fn user_of(&self, vote: u32) -> usize {
        self.starts.partition_point(|start| *start <= vote) - 1
    }

    /// Lists the links of votes `range`: first each link once, then each that has a second
    /// vote, and so on.
    pub(crate) fn push_links(&self, range: std::ops::Range<usize>, out: &mut Vec<u32>) {
        let (mut vote, end) = (range.start as u64, range.end as u64);
        let mut level = self.levels.partition_point(|before| *before <= vote) - 1;
        while vote < end {
            let rank = vote - self.levels[level];
            let stop = end.min(self.levels[level + 1]);
            let mut link = ((u128::from(rank) * u128::from(self.step) + u128::from(self.first))
                % u128::from(self.links)) as u64;
            for _ in vote..stop {
                out.push(link as u32);
                link += self.step;
                if link >= self.links {
                    link %= self.links;
                }
            }
            vote = stop;
            level += 1;
        }
    }
}

/// So many of the published votes' users or links as belong to `rows`; at least one.
fn scaled(rows: u64, of_all: u64) -> u64 {
    ((rows * of_all + VOTES / 2) / VOTES).max(1)
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Ends of the levels: how many links have at least 1 vote, at least 2, and so on, summed up.
fn link_levels(rows: u64, links: u64, most: u64, random: &mut Random) -> Vec<u64> {
    // How many links, not whole, have at least k votes.
    let expected = |k: u64| {
        let x = (1.0 + LINK_OFFSET) / (k as f64 + LINK_OFFSET);
        links as f64 * (x * x * x.sqrt())
    };
    let head = HEAD.min(links / 16);
    let mut at_least = vec![0u64; most as usize];
    for rank in 0..head {
        // Within the rank's share, where the first comes to about 1,660, a little to either side by chance.
        let place = rank as f64 + 0.78125 + random.below(1024) as f64 / 8192.0;
        let votes = (1..=most).take_while(|k| expected(*k) > place).count();
        for n in at_least.iter_mut().take(votes.max(1)) {
            *n += 1;
        }
    }
    for (n, k) in at_least.iter_mut().zip(1..) {
        *n += (expected(k) as u64).saturating_sub(head);
    }
    at_least[0] = links;
    settle(&mut at_least, rows);
    let mut end = 0;
    let mut levels = vec![0];
    for n in at_least.into_iter().take_while(|n| *n > 0) {
        end += n;
        levels.push(end);
    }
    levels
}

/// Makes the numbers fall from one to the next, and come to `rows`, by small changes.
fn settle(at_least: &mut [u64], rows: u64) {
    for k in 1..at_least.len() {
        at_least[k] = at_least[k].min(at_least[k - 1]);
    }
    let mut sum: u64 = at_least.iter().sum();
    while sum != rows {
        for k in 1..at_least.len() {
            let wanted = (sum.abs_diff(rows) / 8).max(1).min(sum.abs_diff(rows));
            if sum < rows {
                let change = wanted.min(at_least[k - 1] - at_least[k]);
                at_least[k] += change;
                sum += change;
            } else if sum > rows {
                let next = at_least.get(k + 1).copied().unwrap_or(0);
                let change = wanted.min(at_least[k] - next);
                at_least[k] -= change;
                sum -= change;
            }
        }
    }
}

fn activity(place: u64) -> u64 {
    for pair in ACTIVITY.windows(2) {
        let ((from, low), (to, high)) = (pair[0], pair[1]);
        if place < to {
            return low + (high - low) * (place - from) / (to - from);
        }
    }
    ACTIVITY[ACTIVITY.len() - 1].1
}

/// Votes up and down of each user, at most `most` of each, together `rows`.
fn user_sides(rows: u64, users: u64, most: u64, seed: u64) -> Vec<(u32, u32)> {
    let mut random = Random::new(seed, GeneratorStage::Users, 0);
    let side = most.min(u64::from(MOST_A_SIDE));
    let mut sides: Vec<(u32, u32)> = (0..users)
        .map(|i| {
            // One user from each of as many equal slices: the sum hardly depends on the seed.
            let place = ((i << 16) + random.below(1 << 16)) / users;
            // A dataset too small for the published mean has users with fewer votes.
            let wanted = (activity(place) * rows * USERS / (users * VOTES)).max(1);
            let share = if random.below(100) < ONLY_UP_PERCENT {
                1000
            } else {
                UP_SHARE.0 + random.below(UP_SHARE.1 - UP_SHARE.0)
            };
            let up = ((wanted * share + random.below(1000)) / 1000).min(wanted);
            let (up_limited, down) = (up.min(side), (wanted - up).min(side));
            (up_limited as u32, down.min(most - up_limited) as u32)
        })
        .collect();
    balance(&mut sides, rows, side as u32, most as u32, &mut random);
    sides
}

/// Adds or takes single votes until there are `rows`, first where no limit is near: the users
/// at a limit are to stay there.
fn balance(sides: &mut [(u32, u32)], rows: u64, side: u32, most: u32, random: &mut Random) {
    let mut sum: u64 = sides.iter().map(|(up, down)| u64::from(up + down)).sum();
    let mut any_user = false;
    while sum != rows {
        let before = sum;
        let from = random.below(sides.len() as u64) as usize;
        let (late, early) = sides.split_at_mut(from);
        for (up, down) in early.iter_mut().chain(late) {
            if sum == rows {
                break;
            }
            let limited = *up == side || *down == side;
            if limited && !any_user {
                continue;
            }
            let go_up = random.below(4) < 3;
            if sum < rows && *up + *down < most {
                let target = if (go_up && *up < side) || *down == side { up } else { down };
                *target += 1;
                sum += 1;
            } else if sum > rows && *up + *down > 1 {
                let target = if (go_up && *up > 0) || *down == 0 { up } else { down };
                *target -= 1;
                sum -= 1;
            }
        }
        any_user = sum == before;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_its_votes_within_the_limits() {
        for rows in (1..300).chain([1_000, 4_321, 30_000, 57_000, 100_000]) {
            let shape = Shape::new(rows, rows);
            assert_eq!(*shape.starts.last().unwrap(), rows as u32);
            assert_eq!(*shape.levels.last().unwrap(), rows);
            assert_eq!(shape.levels[1], shape.links, "each link has a vote");
            assert!(shape.sides.iter().all(|(up, down)| up + down > 0 && *up.max(down) <= MOST_A_SIDE));
            let mut links = Vec::new();
            shape.push_links(0..rows as usize, &mut links);
            assert_eq!(links.len(), rows as usize);
            assert!(links.iter().all(|link| u64::from(*link) < shape.links));
            let mut parts = Vec::new();
            shape.push_links(0..rows as usize / 3, &mut parts);
            shape.push_links(rows as usize / 3..rows as usize, &mut parts);
            assert_eq!(parts, links, "whatever the pieces");
            links.sort_unstable();
            links.dedup();
            assert_eq!(links.len() as u64, shape.links);
        }
    }
}
