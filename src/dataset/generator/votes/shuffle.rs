//! A random order, by all cores: the same one with any number of them.
//!
//! Each item goes to a random bucket, and each bucket, small enough for the processor's cache,
//! is then shuffled in place. This gives every order the same chance (Rao 1961, Sandelius 1962),
//! and unlike one shuffle of everything it does not wait for memory at every step.

use std::ops::Range;

use rayon::prelude::*;

use crate::dataset::generator::random::{GeneratorStage, Random};

/// Items listed and dealt at a time.
const PIECE: usize = 1 << 16;
/// About how many items a bucket gets: 256 KiB of the larger kind.
const BUCKET: usize = 1 << 15;
/// The most buckets: a bucket's number is drawn from 16 bits.
const MOST_BUCKETS: usize = 1 << 12;

/// `count` items in random order. `list` adds the items of a range, in the original order.
pub(crate) fn shuffled<T: Copy + Default + Send + Sync>(
    stage: GeneratorStage,
    seed: u64,
    count: usize,
    list: impl Fn(Range<usize>, &mut Vec<T>) + Sync,
) -> Vec<T> {
    let buckets = (count / BUCKET).next_power_of_two().min(MOST_BUCKETS);
    let pieces: Vec<Range<usize>> =
        (0..count).step_by(PIECE).map(|start| start..count.min(start + PIECE)).collect();
    let sizes: Vec<Vec<u32>> = pieces
        .par_iter()
        .enumerate()
        .map(|(piece, range)| {
            let mut sizes = vec![0; buckets];
            deal(stage, seed, piece, range.len(), buckets, |_, bucket| sizes[bucket] += 1);
            sizes
        })
        .collect();
    let mut out = vec![T::default(); count];
    let slots = slots(&mut out, &sizes, buckets);
    pieces.into_par_iter().zip(slots).enumerate().for_each_init(
        Vec::new,
        |items, (piece, (range, mut slots))| {
            items.clear();
            list(range, items);
            let mut used = vec![0; buckets];
            deal(stage, seed, piece, items.len(), buckets, |item, bucket| {
                slots[bucket][used[bucket]] = items[item];
                used[bucket] += 1;
            });
        },
    );
    let ends = (0..buckets).map(|bucket| sizes.iter().map(|sizes| sizes[bucket] as usize).sum());
    let mut rest = out.as_mut_slice();
    let parts: Vec<&mut [T]> = ends.map(|size| rest.split_off_mut(..size).unwrap_or_default()).collect();
    parts.into_par_iter().enumerate().for_each(|(bucket, items)| {
        // The pieces' streams have the numbers below 2^32.
        let mut random = Random::new(seed, stage, (1 << 32) + bucket as u64);
        for i in (1..items.len()).rev() {
            items.swap(i, random.below(i as u64 + 1) as usize);
        }
    });
    out
}

/// Draws the bucket of each of a piece's items: four from each 64 random bits.
#[inline]
fn deal(
    stage: GeneratorStage,
    seed: u64,
    piece: usize,
    items: usize,
    buckets: usize,
    mut put: impl FnMut(usize, usize),
) {
    let mut random = Random::new(seed, stage, piece as u64);
    let mut item = 0;
    while item < items {
        let mut bits = random.bits();
        for _ in 0..4.min(items - item) {
            put(item, bits as usize & (buckets - 1));
            bits >>= 16;
            item += 1;
        }
    }
}

/// For each piece the part of each bucket that its items go to.
fn slots<'a, T>(out: &'a mut [T], sizes: &[Vec<u32>], buckets: usize) -> Vec<Vec<&'a mut [T]>> {
    let mut slots: Vec<Vec<&mut [T]>> = sizes.iter().map(|_| Vec::with_capacity(buckets)).collect();
    let mut rest = out;
    for bucket in 0..buckets {
        for (piece, sizes) in sizes.iter().enumerate() {
            let slot = rest.split_off_mut(..sizes[bucket] as usize);
            slots[piece].push(slot.unwrap_or_default());
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(seed: u64, count: usize) -> Vec<u32> {
        shuffled(GeneratorStage::Order, seed, count, |range, out| out.extend(range.map(|i| i as u32)))
    }

    #[test]
    fn nothing_is_lost_or_doubled() {
        for count in [0, 1, 2, 1000, PIECE, PIECE + 1, 5 * BUCKET + 7] {
            let mut items = order(3, count);
            items.sort_unstable();
            assert!(items.iter().copied().eq(0..count as u32));
        }
    }

    #[test]
    fn the_order_depends_on_the_seed_and_not_on_the_threads() {
        let count = 300_000;
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| order(1, count))
        };
        assert_eq!(with(1), with(3));
        assert_ne!(with(1), order(2, count));
    }

    #[test]
    fn every_order_has_the_same_chance() {
        let mut seen = std::collections::BTreeMap::new();
        for seed in 0..24_000 {
            *seen.entry(order(seed, 4)).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), 24);
        // 1000 expected of each, with a standard deviation of 31.
        assert!(seen.values().all(|n| (850..1150).contains(n)), "{seen:?}");
        // Where the first of many items ends up has no favourite place either.
        let places = (0..60).map(|seed| order(seed, 50_000).iter().position(|i| *i == 0).unwrap());
        let mean = places.sum::<usize>() / 60;
        assert!((19_000..31_000).contains(&mean), "{mean}");
    }
}
