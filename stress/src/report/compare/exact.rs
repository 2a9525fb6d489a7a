//! Two shares of failures, compared exactly whatever their numbers: Fisher's test, and Newcombe's interval.

use statrs::distribution::{ContinuousCDF, Normal};

use super::inference::ALPHA;

/// How many of some attempts failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Trials {
    /// Attempts that failed.
    pub(super) failed: u64,
    /// All attempts.
    pub(super) all: u64,
}

/// Tables whose probabilities differ by less are equally probable: that is rounding.
const ROUNDING: f64 = 1e-7;

/// From this standard deviation on, the hypergeometric distribution is the normal one in every digit that counts, and its
/// tables are too many to add up.
const LARGE: f64 = 1e5;

impl Trials {
    /// Both together.
    pub(super) fn plus(self, other: Self) -> Self {
        Self { failed: self.failed.saturating_add(other.failed), all: self.all.saturating_add(other.all) }
    }

    fn share(self) -> f64 {
        self.failed as f64 / self.all as f64
    }

    /// The 95 % score interval of the share (Wilson, 1927).
    fn interval(self) -> (f64, f64) {
        let (n, share, z) = (self.all as f64, self.share(), reach());
        let (middle, weight) = (share + z * z / (2.0 * n), 1.0 + z * z / n);
        let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        ((middle - half) / weight, (middle + half) / weight)
    }
}

/// The quantile of the standard normal distribution that a two-sided interval reaches to.
fn reach() -> f64 {
    Normal::standard().inverse_cdf(1.0 - ALPHA / 2.0)
}

/// The 95 % interval of how much larger the share after is: the hybrid score interval (Newcombe, "Interval estimation for the
/// difference between independent proportions", 1998, method 10). Of sides that have attempts.
pub(super) fn interval(before: Trials, after: Trials) -> (f64, f64) {
    let (low_before, high_before) = before.interval();
    let (low_after, high_after) = after.interval();
    let (before, after) = (before.share(), after.share());
    let below = (after - low_after).hypot(high_before - before);
    let above = (high_after - after).hypot(before - low_before);
    (after - before - below, after - before + above)
}

/// The two-sided p-value of Fisher's exact test: among all tables with the same sums, the probability of those that are no
/// more probable than this one (Agresti, "Categorical data analysis", 3.5).
pub(super) fn p_value(before: Trials, after: Trials) -> f64 {
    Tables::of(before, after).map_or(1.0, |tables| tables.p_value(before.failed))
}

/// Whether as many failures could be significant at all, however they were distributed over both sides (Tarone, 1990): of no
/// failure at all, nothing can be said by counts alone.
pub(super) fn can_be_significant(before: Trials, after: Trials) -> bool {
    let possible = |tables: Tables| {
        let (least, most) = (tables.least, tables.most);
        [least, most].into_iter().any(|failed| tables.p_value(failed) <= ALPHA)
    };
    Tables::of(before, after).is_some_and(possible)
}

/// All tables with the same sums: by how many of the failures were before, which is hypergeometric.
struct Tables {
    least: u64,
    most: u64,
    /// The most probable one.
    mode: u64,
    /// All attempts, all failures, and the attempts before.
    sums: (f64, f64, f64),
}

impl Tables {
    /// `None` when a side has no attempts.
    fn of(before: Trials, after: Trials) -> Option<Self> {
        let Trials { failed, all } = before.plus(after);
        if before.all == 0 || after.all == 0 {
            return None;
        }
        let (least, most) = (failed.saturating_sub(after.all), failed.min(before.all));
        let sums = (all as f64, failed as f64, before.all as f64);
        let mode = ((sums.1 + 1.0) * (sums.2 + 1.0) / (sums.0 + 2.0)).floor();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the failures")]
        let mode = (mode as u64).clamp(least, most);
        Some(Self { least, most, mode, sums })
    }

    fn p_value(&self, failed: u64) -> f64 {
        let (all, failures, before) = self.sums;
        let mean = failures * before / all;
        let variance = mean * (1.0 - failures / all) * (all - before) / (all - 1.0).max(1.0);
        if variance.sqrt() > LARGE {
            return 2.0 * Normal::standard().sf((failed as f64 - mean).abs() / variance.sqrt());
        }
        let mut own = 0.0;
        self.each(|table, weight| own = if table == failed { weight } else { own });
        let (mut extreme, mut total) = (0.0, 0.0);
        self.each(|_, weight| {
            total += weight;
            extreme += if weight <= own * (1.0 + ROUNDING) { weight } else { 0.0 };
        });
        extreme / total
    }

    /// Calls `take` with each table that has a probability above 0, and with that by the probability of the mode.
    fn each(&self, mut take: impl FnMut(u64, f64)) {
        let (all, failures, before) = self.sums;
        // The probability of x + 1 by that of x.
        let ratio =
            |x: f64| (failures - x) * (before - x) / ((x + 1.0) * (all - failures - before + x + 1.0));
        let mut weight = 1.0;
        take(self.mode, weight);
        for table in self.mode..self.most {
            weight *= ratio(table as f64);
            if weight == 0.0 {
                break;
            }
            take(table + 1, weight);
        }
        weight = 1.0;
        for table in (self.least..self.mode).rev() {
            weight /= ratio(table as f64);
            if weight == 0.0 {
                break;
            }
            take(table, weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trials(failed: u64, all: u64) -> Trials {
        Trials { failed, all }
    }

    #[test]
    fn p_values_are_those_of_published_tables() {
        for (before, after, expected) in [
            // Fisher's tea: 3 of 4 cups, and 1 of 4.
            (trials(3, 4), trials(1, 4), 34.0 / 70.0),
            (trials(1, 10), trials(11, 14), 0.002_759_456),
            (trials(0, 5), trials(5, 5), 2.0 / 252.0),
            (trials(0, 5), trials(0, 5), 1.0),
            (trials(5, 5), trials(5, 5), 1.0),
            (trials(0, 0), trials(5, 5), 1.0),
        ] {
            let found = p_value(before, after);
            assert!((found / expected - 1.0).abs() < 1e-6, "{before:?} {after:?}: {found}");
            assert!((p_value(after, before) / expected - 1.0).abs() < 1e-6, "either way round");
        }
        let found = p_value(trials(0, 120), trials(65, 210));
        assert!(found > 1e-15 && found < 1e-12, "{found}");
    }

    /// Added up term by term.
    #[test]
    fn p_values_are_the_sums_of_all_tables_that_are_no_more_probable() {
        let ln_choose = |n: u64, k: u64| (0..k).map(|i| ((n - i) as f64 / (k - i) as f64).ln()).sum::<f64>();
        for (before, after) in
            [((2, 30), (9, 41)), ((7, 12), (7, 90)), ((20, 300), (31, 280)), ((0, 9), (3, 4))]
        {
            let (all, failed) = (before.1 + after.1, before.0 + after.0);
            let table = |x: u64| {
                (ln_choose(before.1, x) + ln_choose(after.1, failed - x) - ln_choose(all, failed)).exp()
            };
            let possible = u64::saturating_sub(failed, after.1)..=failed.min(before.1);
            let own = table(before.0) * (1.0 + 1e-9);
            let expected: f64 = possible.map(table).filter(|one| *one <= own).sum();
            let found = p_value(trials(before.0, before.1), trials(after.0, after.1));
            assert!((found - expected).abs() < 1e-9, "{before:?} {after:?}: {found} {expected}");
        }
    }

    #[test]
    fn the_largest_numbers_take_no_time_and_make_sense() {
        let same = p_value(trials(1_000_000, 1 << 40), trials(1_000_000, 1 << 40));
        assert!((same - 1.0).abs() < 1e-9, "{same}");
        // 10,000 more of a million are 7.1 standard deviations.
        let more = p_value(trials(1_000_000, 1 << 40), trials(1_010_000, 1 << 40));
        assert!(more > 1e-13 && more < 1e-11, "{more}");
        let (half, all) = (1 << 51, 1 << 52);
        assert_eq!(p_value(trials(half, all), trials(half, all)), 1.0);
        assert!(p_value(trials(half, all), trials(half + (1 << 30), all)) < 1e-30);
    }

    #[test]
    fn intervals_are_those_of_newcombe() {
        // Table II of the paper, method 10.
        for (before, after, expected) in [
            (trials(48, 80), trials(56, 70), (0.0524, 0.3339)),
            (trials(3, 10), trials(9, 10), (0.1705, 0.8090)),
        ] {
            let (low, high) = interval(before, after);
            assert!((low - expected.0).abs() < 6e-4 && (high - expected.1).abs() < 6e-4, "{low} {high}");
        }
    }

    #[test]
    fn few_failures_among_few_attempts_cannot_be_significant() {
        for (before, after, possible) in [
            ((0, 500), (0, 500), false),
            ((0, 3), (3, 3), false),
            ((0, 5), (5, 5), true),
            ((1, 120), (2, 210), true),
            ((1, 100), (1, 100), false),
        ] {
            let found = can_be_significant(trials(before.0, before.1), trials(after.0, after.1));
            assert_eq!(found, possible, "{before:?} {after:?}");
        }
    }
}
