//! Random numbers: the stream of each blob, where each decision is in it, and a mix of bits for seeds.

use rand::{SeedableRng, rngs::ChaCha8Rng};

/// The position of the draws after the size in a blob's stream: a uniform draw from a range takes a varying number of
/// words.
pub(super) const TARGETS_WORD: u128 = 256;
/// The position of the draws about repeats.
pub(super) const REPEAT_WORD: u128 = 320;
/// The position of the draw about an order control.
pub(super) const CONTROL_WORD: u128 = 384;
/// The position of the draws about reads a while after the upload.
pub(super) const DELAY_WORD: u128 = 448;
/// The position of the draws about retries; two words for each attempt at each step.
pub(super) const RETRY_WORD: u128 = 1 << 20;

/// The random stream from which everything about a blob is drawn.
pub(super) fn stream(seed: u64, index: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index);
    rng
}

/// The output function of SplitMix64: a bijection in which every bit of the input moves about half of the output's
/// (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
pub fn mix(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
