//! The spread of a number: a circular block bootstrap over the intervals of its run, and the length of the blocks.
//!
//! Ours, because no maintained crate chooses the length of blocks by the autocorrelation.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use super::{
    inference::Spread,
    series::{Series, Stretch},
};

/// How many replicates are drawn; with 400 the spread itself is known to 4 %.
const REPLICATES: usize = 400;
/// The seed of the drawn blocks: the same for every comparison, so that it is repeatable.
const SEED: u64 = 0x5eed;
/// The fewest intervals with a spread.
pub(super) const FEWEST: usize = 30;
/// The fewest blocks of the length of a run's memory: fewer have too little that is independent.
const FEWEST_BLOCKS: usize = 6;
/// From this autocorrelation on, blocks of a run of a minute see too little of its spread.
const STRONG: f64 = 0.7;
/// Such a run must be at least this long.
const STRONG_NEEDS: Duration = Duration::from_secs(300);

/// The spread of `scale` of the number, of a run of this `time`; or how long that should be.
///
/// Blocks of intervals are drawn with replacement from the run closed to a circle (Politis and Romano, 1992), which keeps the
/// dependence within a block. Their variance has the degrees of freedom of a Bartlett estimate, 1.5 per block, and is
/// corrected for the dependence across the blocks' ends and for the run's own mean (1 − b/n).
pub(super) fn spread(series: &Series, scale: fn(f64) -> f64, time: Duration) -> Result<Spread, Duration> {
    let n = series.len();
    let each = if n > 0 { time.as_secs_f64() / n as f64 } else { 1.0 };
    let long = |needs: usize| Duration::try_from_secs_f64(each * needs as f64).unwrap_or(Duration::MAX);
    if n < FEWEST {
        return Err(long(FEWEST));
    }
    let blocks = Blocks::of(&series.influence());
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
        let Some(value) = series.over(&stretches).map(scale).filter(|value| value.is_finite()) else {
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

/// The blocks of a series, by its autocorrelation.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Blocks {
    /// Members of the series in a block.
    length: usize,
    /// Members of the series over which it is seen to depend on itself: at most `length`.
    memory: usize,
    /// By which factor, at least 1, the bootstrap's variance is too small: the dependence across the blocks' ends.
    correction: f64,
    /// The first autocorrelation, corrected for its bias, from 0 on.
    autocorrelation: f64,
}

/// Autocorrelations below this many standard errors are taken for chance.
const CHANCE: f64 = 2.0;
/// Blocks are at least this many times the root of the number of members long.
const LEAST: f64 = 1.3;
/// The largest autocorrelation that is corrected for.
const MOST: f64 = 0.97;

impl Blocks {
    /// The blocks for `series`.
    ///
    /// Its memory is found by the rule of Politis and White ("Automatic block-length selection for the dependent bootstrap",
    /// 2004, with the correction of Patton, Politis and White, 2009). In series of minutes that rule misses weak dependence,
    /// so blocks have at least 1.3 √n members, as Lazarus, Lewis, Stock and Watson advise for tests ("HAR inference:
    /// recommendations for practice", 2018; blocks of length b are a Bartlett window of width b).
    ///
    /// Blocks still lose a part of the variance. It is restored as that of a first-order autoregression with the series' own
    /// first autocorrelation, corrected for its bias (Kendall, 1954).
    fn of(series: &[f64]) -> Self {
        let (n, covariances) = (series.len(), Covariances::of(series));
        let count = n as f64;
        let longest = (3.0 * count.sqrt()).min(count / 3.0).max(1.0);
        let length = |wished: f64| round(wished.clamp(1.0, longest));
        let whole = covariances.at(0);
        if n < 4 || whole <= 0.0 {
            return Self {
                length: length(LEAST * count.sqrt()),
                memory: 1,
                correction: 1.0,
                autocorrelation: 0.0,
            };
        }
        let memory = length(memory(&covariances, n));
        let length = length(LEAST * count.sqrt()).max(memory);
        let first = covariances.at(1) / whole;
        let first = (first + (1.0 + 3.0 * first) / count).clamp(0.0, MOST);
        let kept = 1.0
            + 2.0
                * (1..length).map(|lag| (1.0 - lag as f64 / length as f64) * power(first, lag)).sum::<f64>();
        Self { length, memory, correction: (1.0 + first) / (1.0 - first) / kept, autocorrelation: first }
    }
}

/// The length that Politis and White find, before rounding.
fn memory(covariances: &Covariances, n: usize) -> f64 {
    let (count, whole) = (n as f64, covariances.at(0));
    let run = round(count.log10().sqrt().ceil()).max(5);
    let most = round(count.sqrt().ceil()) + run;
    let limit = CHANCE * (count.log10() / count).sqrt();
    let quiet = |lag: usize| (1..=run).all(|k| (covariances.at(lag + k) / whole).abs() < limit);
    let last = (0..most).find(|&lag| quiet(lag)).unwrap_or(most);
    let width = (2 * last).clamp(1, most);
    let (mut spectrum, mut slope) = (whole, 0.0);
    for lag in 1..=width {
        let both = 2.0 * flat_top(lag as f64 / width as f64) * covariances.at(lag);
        spectrum += both;
        slope += lag as f64 * both;
    }
    if spectrum <= 0.0 || slope <= 0.0 {
        // Neighbours are independent, or correlate negatively.
        return 1.0;
    }
    // (2 G² / D)^(1/3) n^(1/3) with D = 4/3 g² for blocks on a circle.
    (1.5 * (slope / spectrum).powi(2) * count).cbrt()
}

/// The autocovariances of a series.
struct Covariances {
    centred: Vec<f64>,
}

impl Covariances {
    fn of(series: &[f64]) -> Self {
        let mean = series.iter().sum::<f64>() / series.len().max(1) as f64;
        Self { centred: series.iter().map(|value| value - mean).collect() }
    }

    /// Between members that lie `lag` apart.
    fn at(&self, lag: usize) -> f64 {
        let later = self.centred.iter().skip(lag);
        let sum: f64 = self.centred.iter().zip(later).map(|(a, b)| a * b).sum();
        sum / self.centred.len().max(1) as f64
    }
}

/// The trapezoid of Politis and Romano (1995): all of the first half, less and less of the second.
fn flat_top(share: f64) -> f64 {
    (2.0 * (1.0 - share)).clamp(0.0, 1.0)
}

fn power(base: f64, exponent: usize) -> f64 {
    base.powi(i32::try_from(exponent).unwrap_or(i32::MAX))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and at most a series' length"
)]
fn round(value: f64) -> usize {
    value.round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::compare::tests::noise::Noise;

    const LONG: Duration = Duration::from_secs(300);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn mean_of(noise: &mut Noise, n: usize) -> Series {
        Series::ratio((0..n).map(|_| (noise.next(), 1.0)).collect::<Vec<_>>())
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
        let series = mean_of(&mut Noise::new(1, 0.3), 100);
        assert_eq!(spread(&series, f64::abs, LONG), spread(&series, f64::abs, LONG));
    }

    #[test]
    fn a_run_that_is_too_short_has_a_length_instead_of_a_spread() {
        let short = Series::ratio((0..29).map(|i| (f64::from(i), 1.0)));
        assert_eq!(spread(&short, |value| value, seconds(29)), Err(seconds(30)));
        // A run that only ever climbs has no two blocks alike.
        let climbing = Series::ratio((0..40).map(|i| (f64::from(i), 1.0)));
        let needs = spread(&climbing, |value| value, LONG).unwrap_err();
        assert!(needs > LONG, "{needs:?}");
    }

    #[test]
    fn a_strongly_autocorrelated_run_must_take_five_minutes() {
        let minute = mean_of(&mut Noise::new(7, 0.85), 60);
        assert!(Blocks::of(&minute.influence()).autocorrelation >= STRONG);
        assert_eq!(spread(&minute, |value| value, seconds(60)), Err(STRONG_NEEDS));
        // Intervals of 5 s: the same series is of five minutes.
        assert!(spread(&minute, |value| value, seconds(300)).is_ok());
        let weak = mean_of(&mut Noise::new(7, 0.3), 60);
        assert!(spread(&weak, |value| value, seconds(60)).is_ok());
    }

    fn typical(autocorrelation: f64, n: usize) -> usize {
        let length = |seed| {
            let mut noise = Noise::new(seed, autocorrelation);
            Blocks::of(&(0..n).map(|_| noise.next()).collect::<Vec<_>>()).memory
        };
        let mut lengths: Vec<usize> = (0..41).map(length).collect();
        lengths.sort_unstable();
        lengths[20]
    }

    #[test]
    fn blocks_are_as_long_as_the_memory_of_the_series() {
        // The rule's own optimum for AR(1) is (1.5 (2φ / (1 − φ²))² n)^(1/3): 0, 8.9 and 19.6 for 500 members.
        assert!((1..=2).contains(&typical(0.0, 500)), "{}", typical(0.0, 500));
        assert!((7..=14).contains(&typical(0.5, 500)), "{}", typical(0.5, 500));
        assert!((15..=31).contains(&typical(0.8, 500)), "{}", typical(0.8, 500));
    }

    #[test]
    fn blocks_are_no_shorter_than_tests_need_and_no_longer_than_a_third() {
        let one = |length| Blocks { length, memory: 1, correction: 1.0, autocorrelation: 0.0 };
        assert_eq!(
            [Blocks::of(&[3.0; 100]), Blocks::of(&[1.0, 2.0]), Blocks::of(&[])],
            [one(13), one(1), one(1)]
        );
        assert_eq!(typical(-0.5, 200), 1, "neighbours that repel each other");
        let climbing = |n| {
            let Blocks { length, memory, .. } = Blocks::of(&(0..n).map(f64::from).collect::<Vec<_>>());
            (length, memory)
        };
        assert_eq!(climbing(30), (7, 7), "7.4 by the rule, 7.1 by the root");
        assert_eq!(climbing(9), (3, 2), "3.9 by the root, but a third of nine is three");
    }

    #[test]
    fn the_variance_that_blocks_lose_is_restored() {
        // φ = 1/2 in blocks of 18: they keep 3 - 4/18 of the 3 that there are.
        let mut noise = Noise::new(3, 0.5);
        let blocks = Blocks::of(&(0..200).map(|_| noise.next()).collect::<Vec<_>>());
        assert!(blocks.length == 18 && (1.04..1.14).contains(&blocks.correction), "{blocks:?}");
    }
}
