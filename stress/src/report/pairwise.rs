//! Who is faster than whom, on the same blobs: every two are compared, all pairs are judged together, and there are ties.

use statrs::distribution::{ContinuousCDF, Normal};

use super::{
    cache::{RELEVANT, signed_ranks},
    compare::inference::{ALPHA, POWER, holm},
    stats::{median, sorted},
};

/// More blobs than this are no advice.
const MOST_NEEDED: f64 = 10_000.0;

/// Ranks, and the comparisons behind them.
#[derive(Debug)]
pub(super) struct Pairwise {
    /// Of each: one more than the number of those that are faster for certain; `None` when it has no time.
    pub(super) ranks: Vec<Option<usize>>,
    pub(super) pairs: Vec<Pair>,
}

/// Two of them by position.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub(super) a: usize,
    pub(super) b: usize,
    /// Blobs that were compared.
    pub(super) blobs: usize,
    /// The median of a's time ÷ b's, blob by blob; infinite or 0 where one of them failed on most.
    pub(super) ratio: f64,
    /// Two-sided, of Wilcoxon's signed-rank test.
    pub(super) p_value: f64,
    /// Whether they differ by Holm's procedure over all pairs, and by at least 5 %.
    pub(super) differs: bool,
}

impl Pairwise {
    /// Compares all `of` with `has_times`; `ratios` are those of a's times to b's, blob by blob.
    pub(super) fn of(
        of: usize,
        has_times: impl Fn(usize) -> bool,
        ratios: impl Fn(usize, usize) -> Vec<f64>,
    ) -> Self {
        let every_two = (0..of).flat_map(|a| (a + 1..of).map(move |b| (a, b)));
        // Where both failed, neither is faster.
        let known = |a, b| sorted(ratios(a, b).into_iter().filter(|ratio| !ratio.is_nan()));
        let mut pairs: Vec<_> = every_two.map(|(a, b)| Pair::of(a, b, &known(a, b))).collect();
        let significant = holm(&pairs.iter().map(|pair| pair.p_value).collect::<Vec<_>>());
        for (pair, significant) in pairs.iter_mut().zip(significant) {
            pair.differs = significant && !(1.0 / RELEVANT..=RELEVANT).contains(&pair.ratio);
        }
        let rank = |one: usize| {
            has_times(one).then(|| 1 + pairs.iter().filter(|pair| pair.slower() == Some(one)).count())
        };
        Self { ranks: (0..of).map(rank).collect(), pairs }
    }
}

impl Pair {
    /// Compares two by the sorted ratios of their times.
    fn of(a: usize, b: usize, ratios: &[f64]) -> Self {
        let logarithms: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
        Self {
            a,
            b,
            blobs: ratios.len(),
            ratio: median(ratios).unwrap_or(1.0),
            p_value: signed_ranks(&logarithms).unwrap_or(1.0),
            differs: false,
        }
    }

    /// The slower one, where they differ.
    fn slower(&self) -> Option<usize> {
        self.differs.then_some(if self.ratio > 1.0 { self.a } else { self.b })
    }

    /// The usual size of a two-sided test with the effect seen (Cohen: "Statistical power analysis", 1988, § 2.4), at Holm's
    /// level of the first of all `pairs`. The signed-rank statistic grows with the root of the number of blobs.
    pub(super) fn blobs_needed(&self, pairs: usize) -> Option<u64> {
        // A difference that is too small to matter stays a tie, however many blobs are read.
        if self.differs || self.blobs == 0 || (1.0 / RELEVANT..=RELEVANT).contains(&self.ratio) {
            return None;
        }
        let normal = Normal::standard();
        let seen = normal.inverse_cdf(1.0 - self.p_value / 2.0);
        let level = ALPHA / pairs.max(1) as f64;
        let wanted = normal.inverse_cdf(1.0 - level / 2.0) + normal.inverse_cdf(POWER);
        let needed = (self.blobs as f64 * (wanted / seen).powi(2)).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive and at most 10,000"
        )]
        let needed = (needed <= MOST_NEEDED).then_some(needed as u64);
        needed.map(|needed| needed.max(self.blobs as u64 + 1))
    }
}
