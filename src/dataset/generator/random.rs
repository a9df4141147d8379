//! Random streams: one for each stage of the generator and each piece of work in it.

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng;

/// The purpose of a random stream. No two share one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum GeneratorStage {
    /// How many votes links get.
    Links = 1,
    /// How many votes users give.
    Users,
    /// Which links' votes users get.
    Deal,
    /// Exchanging links where a user got one twice.
    Mend,
    /// Which votes go up.
    Scores,
    /// The order of the votes.
    Order,
    /// Names.
    Names,
    /// What happened.
    Events,
    /// Which session it happened in.
    Sessions,
    /// What sensors measured.
    Readings,
    /// Values of a single type.
    OneType,
}

/// A random stream.
pub(crate) struct Random(Pcg64Mcg);

impl Random {
    /// The stream of piece number `piece` of a stage.
    pub(crate) fn new(seed: u64, stage: GeneratorStage, piece: u64) -> Self {
        let key = scramble(seed ^ scramble(stage as u64)) ^ scramble(piece.wrapping_mul(2).wrapping_add(1));
        let (high, low) = (scramble(key), scramble(key.wrapping_add(0x632b_e59b_d9b4_e019)));
        Self(Pcg64Mcg::new((u128::from(high) << 64) | u128::from(low)))
    }

    /// 64 random bits.
    #[inline]
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `end`, by multiplication; the bias, below `end` in 2^64, is nothing here.
    #[inline]
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }
}

/// A bijection of 64 bits in which each input bit reaches all output bits (the finish of
/// SplitMix64, Steele, Lea and Flood 2014).
#[inline]
pub(crate) fn scramble(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
