//! Random draws without state: each is a function of a seed, a purpose and a number, so that faults are repeatable.

/// What a draw is for. Two purposes draw independently; a value of this enum is part of every draw, so it must not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Which fault a request gets.
    Fault = 1,
    /// Which byte of a body is damaged.
    Spot = 2,
    /// How long a request takes.
    Latency = 3,
    /// Which blobs are not readable at once.
    NotYet = 4,
    /// Which stores find that the blob was stored before.
    Existing = 5,
    /// What stores find in the publisher's own wallet.
    Wallet = 6,
}

/// 64 random bits for draw `n` of a purpose.
#[must_use]
pub fn bits(seed: u64, purpose: Purpose, n: u64) -> u64 {
    mix(mix(mix(seed) ^ purpose as u64) ^ n)
}

/// The same draw as a number in `[0, 1)`.
#[must_use]
pub fn unit(bits: u64) -> f64 {
    // 53 bits are what an f64 can hold exactly.
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// The same draw as a whole number in `0..bound`; 0 when the bound is 0.
#[must_use]
pub fn below(bits: u64, bound: u64) -> u64 {
    let scaled = (u128::from(bits) * u128::from(bound)) >> 64;
    u64::try_from(scaled).unwrap_or(0)
}

/// A number by which an ID draws: its first eight bytes.
#[must_use]
pub fn key(id: &[u8]) -> u64 {
    id.iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte))
}

/// The finalizer of SplitMix64: every input bit moves every output bit.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_repeats_and_purposes_differ() {
        assert_eq!(bits(7, Purpose::Fault, 3), bits(7, Purpose::Fault, 3));
        assert_ne!(bits(7, Purpose::Fault, 3), bits(7, Purpose::Spot, 3));
        assert_ne!(bits(7, Purpose::Fault, 3), bits(8, Purpose::Fault, 3));
        assert_ne!(bits(7, Purpose::Fault, 3), bits(7, Purpose::Fault, 4));
    }

    #[test]
    fn units_fill_the_interval_evenly() {
        let mean = (0..10_000).map(|n| unit(bits(1, Purpose::Latency, n))).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert_eq!(unit(0), 0.0);
        assert!(unit(u64::MAX) < 1.0);
    }

    #[test]
    fn whole_numbers_stay_below_their_bound() {
        assert_eq!([below(0, 10), below(u64::MAX, 10), below(u64::MAX, 0), below(1 << 63, 10)], [0, 9, 0, 5]);
    }
}
