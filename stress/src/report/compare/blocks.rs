//! How long a block must be for what lies in it to hang together no more with what lies outside.

/// What the autocorrelation of a series asks of a block bootstrap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Blocks {
    /// Members of the series in a block.
    pub(super) length: usize,
    /// Members of the series over which it is seen to hang together: at most `length`.
    pub(super) memory: usize,
    /// By how much the bootstrap's variance falls short, as a factor of at least 1: what blocks cut off.
    pub(super) correction: f64,
    /// How much of a member the next one repeats: the first autocorrelation, rid of its bias, from 0 on.
    pub(super) autocorrelation: f64,
}

/// Autocorrelations below this many standard errors are taken for chance.
const CHANCE: f64 = 2.0;
/// Blocks are at least this many times the root of the number of members long.
const LEAST: f64 = 1.3;
/// A series that remembers more of its last member than this share is beyond what blocks can do.
const MOST: f64 = 0.97;

/// The length of blocks for `series`.
///
/// What the series is seen to remember is told by the rule of Politis and White ("Automatic block-length selection for the
/// dependent bootstrap", 2004, with the correction of Patton, Politis and White, 2009). In series of minutes that rule
/// overlooks what does not stand out, so blocks have at least 1.3 √n members, as Lazarus, Lewis, Stock and Watson advise for
/// tests ("HAR inference: recommendations for practice", 2018; blocks of length b are a Bartlett window of width b).
///
/// Blocks still cut off a part of the variance. It is put back as that of a first-order autoregression with the series' own
/// first autocorrelation, rid of its bias (Kendall, 1954).
pub(super) fn of(series: &[f64]) -> Blocks {
    let (n, covariances) = (series.len(), Covariances::of(series));
    let count = n as f64;
    let longest = (3.0 * count.sqrt()).min(count / 3.0).max(1.0);
    let length = |wished: f64| round(wished.clamp(1.0, longest));
    let whole = covariances.at(0);
    if n < 4 || whole <= 0.0 {
        return Blocks {
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
        + 2.0 * (1..length).map(|lag| (1.0 - lag as f64 / length as f64) * power(first, lag)).sum::<f64>();
    Blocks { length, memory, correction: (1.0 + first) / (1.0 - first) / kept, autocorrelation: first }
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
        // Neighbours that know nothing of each other, or repel.
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
    use crate::report::compare::noise::Noise;

    fn typical(autocorrelation: f64, n: usize) -> usize {
        let length = |seed| {
            let mut noise = Noise::new(seed, autocorrelation);
            of(&(0..n).map(|_| noise.next()).collect::<Vec<_>>()).memory
        };
        let mut lengths: Vec<usize> = (0..41).map(length).collect();
        lengths.sort_unstable();
        lengths[20]
    }

    #[test]
    fn blocks_are_as_long_as_the_series_remembers() {
        // The rule's own optimum for AR(1) is (1.5 (2φ / (1 − φ²))² n)^(1/3): 0, 8.9 and 19.6 for 500 members.
        assert!((1..=2).contains(&typical(0.0, 500)), "{}", typical(0.0, 500));
        assert!((7..=14).contains(&typical(0.5, 500)), "{}", typical(0.5, 500));
        assert!((15..=31).contains(&typical(0.8, 500)), "{}", typical(0.8, 500));
    }

    #[test]
    fn blocks_are_no_shorter_than_tests_need_and_no_longer_than_a_third() {
        let one = |length| Blocks { length, memory: 1, correction: 1.0, autocorrelation: 0.0 };
        assert_eq!([of(&[3.0; 100]), of(&[1.0, 2.0]), of(&[])], [one(13), one(1), one(1)]);
        assert_eq!(typical(-0.5, 200), 1, "neighbours that repel each other");
        let climbing = |n| {
            let Blocks { length, memory, .. } = of(&(0..n).map(f64::from).collect::<Vec<_>>());
            (length, memory)
        };
        assert_eq!(climbing(30), (7, 7), "the rule says 7.4, the root 7.1");
        assert_eq!(climbing(9), (3, 2), "the root says 3.9, but nine have a third of three");
    }

    #[test]
    fn what_blocks_cut_off_is_put_back() {
        // φ = 1/2 in blocks of 18: they keep 3 - 4/18 of the 3 that there are.
        let mut noise = Noise::new(3, 0.5);
        let blocks = of(&(0..200).map(|_| noise.next()).collect::<Vec<_>>());
        assert!(blocks.length == 18 && (1.04..1.14).contains(&blocks.correction), "{blocks:?}");
    }
}
