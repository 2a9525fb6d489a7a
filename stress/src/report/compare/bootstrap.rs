//! How far a number would stray if the run were made again: a circular block bootstrap over its intervals.

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use super::{
    blocks,
    inference::Spread,
    track::{Stretch, Track},
};

/// How often the run is made again; with 400 the spread itself is known to 4 %.
const REPLICATES: usize = 400;
/// Decides which blocks are drawn: the same for every comparison, so that it can be repeated.
const SEED: u64 = 0x5eed;
/// Fewer intervals say nothing of how a number varies.
pub(super) const FEWEST: usize = 30;
/// Of a run that remembers further, too little is independent to say anything.
const FEWEST_BLOCKS: usize = 6;

/// The intervals of a run say nothing of a number's spread: there are too few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooFew {
    /// How many it takes.
    pub(super) needs: usize,
}

/// The spread of `scale` of the number.
///
/// Blocks of intervals are drawn with replacement from the run closed to a circle (Politis and Romano, 1992), so that what
/// hangs together stays together. Their variance has the degrees of freedom of a Bartlett estimate, 1.5 per block, and is
/// raised by what the blocks cut off and by what the run's own mean takes away (1 − b/n).
pub(super) fn spread(track: &Track, scale: fn(f64) -> f64) -> Result<Spread, TooFew> {
    let n = track.len();
    if n < FEWEST {
        return Err(TooFew { needs: FEWEST });
    }
    let blocks = blocks::of(&track.influence());
    let needs = FEWEST.max(FEWEST_BLOCKS * blocks.memory);
    if n < needs {
        return Err(TooFew { needs });
    }
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut stretches: Vec<Stretch> = Vec::with_capacity(n / blocks.length + 1);
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for _ in 0..REPLICATES {
        draw(&mut stretches, n, blocks.length, &mut rng);
        let Some(value) = track.over(&stretches).map(scale).filter(|value| value.is_finite()) else {
            continue;
        };
        // Welford's running variance.
        count += 1.0;
        let step = value - mean;
        mean += step / count;
        squares += step * (value - mean);
    }
    if count < REPLICATES as f64 / 2.0 {
        // Most of the run is empty.
        return Err(TooFew { needs: 2 * n });
    }
    let share = blocks.length as f64 / n as f64;
    let variance = squares / (count - 1.0) * blocks.correction / (1.0 - share);
    Ok(Spread { variance, freedom: 1.5 / share })
}

/// Draws blocks until they make a whole run; the last one is cut to fit.
fn draw(stretches: &mut Vec<Stretch>, n: usize, length: usize, rng: &mut ChaCha8Rng) {
    stretches.clear();
    let mut drawn = 0;
    while drawn < n {
        let from = rng.random_range(0..n);
        let length = length.min(n - drawn);
        stretches.push((from, from + length));
        drawn += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::compare::noise::Noise;

    fn mean_of(noise: &mut Noise, n: usize) -> Track {
        Track::ratio((0..n).map(|_| (noise.next(), 1.0)).collect::<Vec<_>>())
    }

    #[test]
    fn the_spread_of_a_mean_is_the_known_one() {
        // AR(1) of variance 1: the mean of n has about (1 + φ) / (1 − φ) / n.
        for (phi, expected) in [(0.0, 0.005), (0.5, 0.015)] {
            let runs = 60;
            let variance =
                |seed| spread(&mean_of(&mut Noise::new(seed, phi), 200), |value| value).unwrap().variance;
            let mean = (0..runs).map(variance).sum::<f64>() / runs as f64;
            assert!((0.85..1.2).contains(&(mean / expected)), "φ = {phi}: {mean} instead of {expected}");
        }
    }

    #[test]
    fn the_same_run_has_the_same_spread_again() {
        let track = mean_of(&mut Noise::new(1, 0.3), 100);
        assert_eq!(spread(&track, f64::abs), spread(&track, f64::abs));
    }

    #[test]
    fn what_says_nothing_is_not_made_to() {
        let short = Track::ratio((0..29).map(|i| (f64::from(i), 1.0)));
        assert_eq!(spread(&short, |value| value), Err(TooFew { needs: 30 }));
        // A run that only ever climbs has no two blocks alike.
        let climbing = Track::ratio((0..40).map(|i| (f64::from(i), 1.0)));
        let TooFew { needs } = spread(&climbing, |value| value).unwrap_err();
        assert!(needs > 40, "{needs}");
    }
}
