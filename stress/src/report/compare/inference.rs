//! From an estimate and its spread to an interval, a p-value, and how much longer a run would have to be.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// The significance level: the share of equal pairs that may be called different.
pub(in crate::report) const ALPHA: f64 = 0.05;
/// The change that a run should be long enough to see, as a share of the number.
pub(super) const SOUGHT: f64 = 0.10;
/// The power: the share of such changes that it should see. More than the documented 80 %, because the spread that decides how
/// long it should be is itself an estimate.
pub(in crate::report) const POWER: f64 = 0.85;

/// A difference between two sides and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    /// After minus before: of logarithms where ratios count, of shares otherwise.
    pub(super) difference: f64,
    /// Its standard error.
    pub(super) error: f64,
    /// How many degrees of freedom the standard error has.
    pub(super) freedom: f64,
}

/// One side's part in an [`Estimate`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    /// The variance of the side's number.
    pub(super) variance: f64,
    /// Its degrees of freedom.
    pub(super) freedom: f64,
}

impl Estimate {
    /// The difference of two independent sides; the degrees of freedom are those of Welch and Satterthwaite (1946).
    pub(super) fn between(difference: f64, before: Spread, after: Spread) -> Self {
        let variance = before.variance + after.variance;
        let parts = before.variance.powi(2) / before.freedom + after.variance.powi(2) / after.freedom;
        let freedom = if parts > 0.0 { variance.powi(2) / parts } else { before.freedom + after.freedom };
        Self { difference, error: variance.sqrt(), freedom }
    }

    /// The 95 % interval of the true difference.
    pub(super) fn interval(&self) -> (f64, f64) {
        let reach = self.student().inverse_cdf(1.0 - ALPHA / 2.0) * self.error;
        (self.difference - reach, self.difference + reach)
    }

    /// The two-sided p-value: the probability of a difference at least this large between equal sides.
    pub(super) fn p_value(&self) -> f64 {
        if self.difference == 0.0 {
            return 1.0;
        }
        if self.error == 0.0 {
            return 0.0;
        }
        2.0 * self.student().sf((self.difference / self.error).abs())
    }

    /// By which factor both sides must be longer for a change of [`SOUGHT`] to be found with [`POWER`], when `numbers`
    /// are compared at once; below 1 when they are long enough.
    ///
    /// The usual size of a two-sided test (Cohen: "Statistical power analysis", 1988, § 2.4) with the measured spread, which
    /// shrinks as the root of the time, at Holm's level of the first of all numbers.
    pub(super) fn stretch(&self, numbers: usize) -> f64 {
        let level = ALPHA / numbers.max(1) as f64;
        let reach = self.student().inverse_cdf(1.0 - level / 2.0) + Normal::standard().inverse_cdf(POWER);
        (reach * self.error / SOUGHT.ln_1p()).powi(2)
    }

    fn student(&self) -> StudentsT {
        StudentsT::new(0.0, 1.0, self.freedom.max(1.0)).expect("at least one degree of freedom")
    }
}

/// Which of these p-values are significant together: Holm's step-down procedure ("A simple sequentially rejective multiple
/// test procedure", 1979), which keeps the probability of any false alarm at [`ALPHA`] however the numbers depend on each
/// other.
pub(in crate::report) fn holm(p_values: &[f64]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut significant = vec![false; p_values.len()];
    for (rank, &at) in order.iter().enumerate() {
        if p_values[at] > ALPHA / (p_values.len() - rank) as f64 {
            break;
        }
        significant[at] = true;
    }
    significant
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_tables_of_students_t() {
        for (freedom, t) in
            [(1.0, 12.7062), (5.0, 2.5706), (10.0, 2.2281), (30.0, 2.0423), (120.0, 1.9799), (1000.0, 1.9623)]
        {
            let (low, high) = Estimate { difference: 0.0, error: 1.0, freedom }.interval();
            assert!((high - t).abs() < 1e-4 && low == -high, "{freedom}: {high}");
            let p_value = Estimate { difference: high, error: 1.0, freedom }.p_value();
            assert!((p_value - ALPHA).abs() < 1e-6, "{freedom}: {p_value}");
        }
        // With many degrees of freedom it tends to the normal distribution.
        for (z, tails) in [(1.0, 0.317_310_5), (3.0, 0.002_699_8), (6.0, 1.973_175e-9)] {
            let found = Estimate { difference: -z, error: 1.0, freedom: 1e6 }.p_value();
            assert!((found / tails - 1.0).abs() < 1e-3, "{z}: {found}");
        }
    }

    #[test]
    fn holm_steps_down_until_a_p_value_is_too_large() {
        // 0.05 / 4, / 3, / 2: the third stops it, although the fourth alone would be below 0.05.
        assert_eq!(holm(&[0.04, 0.01, 0.03, 0.015]), [false, true, false, true]);
        assert_eq!(holm(&[0.02, 0.013]), [true, true]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn the_p_value_and_the_interval_agree() {
        let spread = Spread { variance: 0.000_05, freedom: 40.0 };
        let estimate = |difference| Estimate::between(difference, spread, spread);
        assert_eq!((estimate(0.0).freedom, estimate(0.0).p_value()), (80.0, 1.0));
        let edge = estimate(0.0).interval().1;
        assert!((edge - 0.019_9).abs() < 1e-4, "{edge}");
        assert!((estimate(edge).p_value() - ALPHA).abs() < 1e-6);
        let certain = Spread { variance: 0.0, freedom: 5.0 };
        assert_eq!(Estimate::between(0.1, certain, certain).p_value(), 0.0);
    }

    #[test]
    fn four_times_the_spread_takes_sixteen_times_as_long() {
        let spread = |variance| Spread { variance, freedom: 1e6 };
        let stretch =
            |variance, numbers| Estimate::between(0.0, spread(variance), spread(0.0)).stretch(numbers);
        // (1.96 + 1.0364)² · 0.05² / ln(1.1)².
        assert!((stretch(0.0025, 1) - 2.471).abs() < 1e-3, "{}", stretch(0.0025, 1));
        assert!((stretch(0.04, 1) / stretch(0.0025, 1) - 16.0).abs() < 1e-6);
        assert!(stretch(0.0025, 20) > stretch(0.0025, 1));
    }
}
