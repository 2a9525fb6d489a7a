//! The statistics that more than one part of a report needs: each has its one definition here.

use std::time::Duration;

pub use crate::plan::percentile::Percentile;
use crate::plan::percentile::TAIL;

/// Values in ascending order.
pub(super) fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// The median of sorted values by nearest rank, as HdrHistogram reads a quantile: the smallest value that half of them do
/// not exceed, of an even number the lower of the two in the middle. It is always one of the values. `None` of none.
pub(super) fn median<T: Copy>(sorted: &[T]) -> Option<T> {
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

/// A rate: `amount` by `time` in seconds; `None` when no time passed.
pub(super) fn per_second(amount: u64, time: Duration) -> Option<f64> {
    (time > Duration::ZERO).then(|| amount as f64 / time.as_secs_f64())
}

/// A share from 0 to 1; `None` of nothing.
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The ranks, counted from 1, of the two order statistics that enclose the `quantile` with at least 95 % whatever the
/// distribution (the sign test's interval); `None` when the sample is too small.
pub(super) fn ranks(count: usize, quantile: f64) -> Option<(usize, usize)> {
    let (mut below, mut low, mut log_share) = (0.0, 0, count as f64 * (1.0 - quantile).ln());
    for successes in 0..count {
        // How many values lie below the quantile is binomial. The terms are kept as logarithms: the first ones of a
        // large sample underflow.
        below += log_share.exp();
        if below <= TAIL {
            low = successes + 1;
        }
        if 1.0 - below <= TAIL {
            return (low > 0).then_some((low, successes + 1));
        }
        let (done, left) = ((successes + 1) as f64, (count - successes) as f64);
        log_share += (left / done).ln() + quantile.ln() - (1.0 - quantile).ln();
    }
    None
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;
    use crate::fixtures;

    #[test]
    fn a_median_is_the_value_that_a_histogram_reads() {
        let mut latencies = crate::metrics::histogram::Latencies::default();
        let mut values = Vec::new();
        for value in [7, 3, 5, 1, 9, 4_u64] {
            latencies.record(Duration::from_nanos(value));
            values.push(value as f64);
            let read = latencies.quantile(0.5).unwrap().as_nanos() as f64;
            assert_eq!(median(&sorted(values.iter().copied())), Some(read), "{values:?}");
        }
        assert_eq!(median::<f64>(&[]), None);
    }

    #[test]
    fn a_rate_takes_time() {
        assert_eq!(per_second(3, Duration::from_millis(1_500)), Some(2.0));
        assert_eq!((per_second(0, Duration::from_secs(1)), per_second(3, Duration::ZERO)), (Some(0.0), None));
    }

    #[test]
    fn the_interval_exists_exactly_from_the_needed_number_on() {
        for percentile in Percentile::iter().take(5) {
            let needs = usize::try_from(percentile.needs()).unwrap();
            assert_eq!(ranks(needs - 1, percentile.quantile()), None, "{}", percentile.label());
            assert!(ranks(needs, percentile.quantile()).is_some(), "{}", percentile.label());
        }
    }

    #[test]
    fn ranks_around_the_median_are_those_of_the_sign_test() {
        // From published tables of the sign test (two-sided, at most 5 %).
        for (count, expected) in
            [(6, (1, 6)), (8, (1, 8)), (9, (2, 8)), (20, (6, 15)), (40, (14, 27)), (100, (40, 61))]
        {
            assert_eq!(ranks(count, 0.5), Some(expected), "n = {count}");
        }
    }

    #[test]
    fn intervals_enclose_the_true_value_as_often_as_they_say() {
        const RUNS: u32 = 1_000;
        const COUNT: usize = 400;
        // Of a uniform distribution each quantile is known: it is itself. The rule asks for no distribution.
        let mut chance = fixtures::chances(16);
        let mut samples = vec![[0.0; COUNT]; RUNS as usize];
        for sample in &mut samples {
            sample.fill_with(&mut chance);
            sample.sort_by(f64::total_cmp);
        }
        for quantile in [0.25, 0.5, 0.9, 0.95] {
            let (low, high) = ranks(COUNT, quantile).unwrap();
            let encloses = |sample: &&[f64; COUNT]| (sample[low - 1]..=sample[high - 1]).contains(&quantile);
            let share = samples.iter().filter(encloses).count() as f64 / f64::from(RUNS);
            assert!((0.93..=0.97).contains(&share), "{quantile}: {share}");
        }
    }

    #[test]
    fn a_large_sample_does_not_underflow() {
        // Normal approximation: 2,048 ± 1.96 · 32.
        let (low, high) = ranks(4_096, 0.5).unwrap();
        assert_eq!((low, high), (1_985, 2_112));
    }
}
