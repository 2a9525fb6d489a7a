//! Which quantiles a sample of a given size supports, so that no number is printed that chance made.

pub use crate::plan::percentile::Percentile;

/// The chance on each side that a two-sided 95 % interval leaves out.
const TAIL: f64 = 0.025;

impl Percentile {
    /// The smallest sample that supports it: the one in which the extreme values already enclose it with 95 %.
    pub fn needs(self) -> u64 {
        let far = self.quantile().max(1.0 - self.quantile());
        let exact = (TAIL.ln() / far.ln()).ceil();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 6 and 36,888")]
        let needs = exact as u64;
        needs
    }

    /// Whether a sample of `count` supports it.
    pub fn is_supported_by(self, count: u64) -> bool {
        count >= self.needs()
    }
}

/// The ranks, counted from 1, of the two values of a sorted sample that enclose the `quantile` with at least
/// 95 % whatever the distribution; `None` when the sample is too small.
pub fn ranks(count: usize, quantile: f64) -> Option<(usize, usize)> {
    let (mut below, mut low, mut log_share) = (0.0, 0, count as f64 * (1.0 - quantile).ln());
    for successes in 0..count {
        // How many of the sample lie below the quantile is binomial; walked in logarithms, as the first terms
        // of a large sample are smaller than any number.
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
    fn percentiles_need_these_many_samples() {
        let needs: Vec<_> = Percentile::iter().map(Percentile::needs).collect();
        assert_eq!(needs, [6, 36, 72, 368, 3_688, 36_887]);
        assert!(!Percentile::P50.is_supported_by(5) && Percentile::P50.is_supported_by(6));
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
