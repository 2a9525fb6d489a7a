//! How far a number would stray if the run were made again: a circular block bootstrap over its intervals.

use std::time::Duration;

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
/// From this autocorrelation on, as it is seen, a run of a minute hangs together so much that blocks see too little of
/// its spread.
const STRONG: f64 = 0.7;
/// Such a run has to take as long as this to say something.
const STRONG_NEEDS: Duration = Duration::from_secs(300);

/// The spread of `scale` of the number, which is of a run of this `time`; or how long that should be.
///
/// Blocks of intervals are drawn with replacement from the run closed to a circle (Politis and Romano, 1992), so that what
/// hangs together stays together. Their variance has the degrees of freedom of a Bartlett estimate, 1.5 per block, and is
/// raised by what the blocks cut off and by what the run's own mean takes away (1 − b/n).
pub(super) fn spread(track: &Track, scale: fn(f64) -> f64, time: Duration) -> Result<Spread, Duration> {
    let n = track.len();
    let each = if n > 0 { time.as_secs_f64() / n as f64 } else { 1.0 };
    let long = |needs: usize| Duration::try_from_secs_f64(each * needs as f64).unwrap_or(Duration::MAX);
    if n < FEWEST {
        return Err(long(FEWEST));
    }
    let blocks = blocks::of(&track.influence());
    let strong = blocks.autocorrelation >= STRONG && time < STRONG_NEEDS;
    let needs = FEWEST.max(FEWEST_BLOCKS * blocks.memory);
    if n < needs || strong {
        return Err(if strong { long(needs).max(STRONG_NEEDS) } else { long(needs) });
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
        return Err(long(2 * n));
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

    const LONG: Duration = Duration::from_secs(300);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn mean_of(noise: &mut Noise, n: usize) -> Track {
        Track::ratio((0..n).map(|_| (noise.next(), 1.0)).collect::<Vec<_>>())
    }

    #[test]
    fn the_spread_of_a_mean_is_the_known_one() {
        // AR(1) of variance 1: the mean of n has about (1 + φ) / (1 − φ) / n.
        for (phi, expected) in [(0.0, 0.005), (0.5, 0.015)] {
            let runs = 60;
            let variance = |seed| {
                spread(&mean_of(&mut Noise::new(seed, phi), 200), |value| value, LONG).unwrap().variance
            };
            let mean = (0..runs).map(variance).sum::<f64>() / runs as f64;
            assert!((0.85..1.2).contains(&(mean / expected)), "φ = {phi}: {mean} instead of {expected}");
        }
    }

    #[test]
    fn the_same_run_has_the_same_spread_again() {
        let track = mean_of(&mut Noise::new(1, 0.3), 100);
        assert_eq!(spread(&track, f64::abs, LONG), spread(&track, f64::abs, LONG));
    }

    #[test]
    fn what_says_nothing_is_not_made_to() {
        let short = Track::ratio((0..29).map(|i| (f64::from(i), 1.0)));
        assert_eq!(spread(&short, |value| value, seconds(29)), Err(seconds(30)));
        // A run that only ever climbs has no two blocks alike.
        let climbing = Track::ratio((0..40).map(|i| (f64::from(i), 1.0)));
        let needs = spread(&climbing, |value| value, LONG).unwrap_err();
        assert!(needs > LONG, "{needs:?}");
    }

    #[test]
    fn a_run_that_remembers_strongly_must_take_five_minutes() {
        let minute = mean_of(&mut Noise::new(7, 0.85), 60);
        assert!(blocks::of(&minute.influence()).autocorrelation >= STRONG);
        assert_eq!(spread(&minute, |value| value, seconds(60)), Err(STRONG_NEEDS));
        // Intervals of 5 s: the same series is of five minutes.
        assert!(spread(&minute, |value| value, seconds(300)).is_ok());
        let weak = mean_of(&mut Noise::new(7, 0.3), 60);
        assert!(spread(&weak, |value| value, seconds(60)).is_ok());
    }
}
