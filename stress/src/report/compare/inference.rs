//! From an estimate and its spread to an interval, a chance, and how much longer a run would have to be.

/// The share of equal pairs that may be called different.
pub(super) const ALARM: f64 = 0.05;
/// The change that a run should be long enough to see, as a share of the number.
pub(super) const SOUGHT: f64 = 0.10;
/// The share of such changes that it should see: more than the 80 % that are promised, because the spread that decides
/// how long it should be is itself an estimate.
const POWER: f64 = 0.85;

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
    /// The difference of two sides that know nothing of each other; the degrees of freedom are those of Welch and
    /// Satterthwaite (1946).
    pub(super) fn between(difference: f64, before: Spread, after: Spread) -> Self {
        let variance = before.variance + after.variance;
        let parts = before.variance.powi(2) / before.freedom + after.variance.powi(2) / after.freedom;
        let freedom = if parts > 0.0 { variance.powi(2) / parts } else { before.freedom + after.freedom };
        Self { difference, error: variance.sqrt(), freedom }
    }

    /// The interval that holds the true difference with 95 %.
    pub(super) fn interval(&self) -> (f64, f64) {
        let reach = student(normal_quantile(1.0 - ALARM / 2.0), self.freedom) * self.error;
        (self.difference - reach, self.difference + reach)
    }

    /// The chance of a difference at least this large, either way, between equal sides.
    pub(super) fn chance(&self) -> f64 {
        if self.difference == 0.0 {
            return 1.0;
        }
        if self.error == 0.0 {
            return 0.0;
        }
        2.0 * (1.0 - normal(normal_of_student((self.difference / self.error).abs(), self.freedom)))
    }

    /// By which factor both sides must be longer for a change of [`SOUGHT`] to be found with [`POWER`], when `numbers`
    /// are compared at once; below 1 when they are long enough.
    ///
    /// The usual size of a two-sided test (Cohen: "Statistical power analysis", 1988, § 2.4) with the spread that was
    /// seen, which shrinks as the root of the time, at the level that Holm asks of the first of all numbers.
    pub(super) fn stretch(&self, numbers: usize) -> f64 {
        let level = ALARM / numbers.max(1) as f64;
        let reach = student(normal_quantile(1.0 - level / 2.0), self.freedom) + normal_quantile(POWER);
        (reach * self.error / SOUGHT.ln_1p()).powi(2)
    }
}

/// Which of these chances stand out when so many were looked at: Holm's step-down procedure ("A simple sequentially
/// rejective multiple test procedure", 1979), with which the chance of any false alarm stays at [`ALARM`] however the
/// numbers hang together.
pub(super) fn holm(chances: &[f64]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|&a, &b| chances[a].total_cmp(&chances[b]));
    let mut stands_out = vec![false; chances.len()];
    for (rank, &at) in order.iter().enumerate() {
        if chances[at] > ALARM / (chances.len() - rank) as f64 {
            break;
        }
        stands_out[at] = true;
    }
    stands_out
}

/// The share of a standard normal distribution below `z`, to seven digits: Abramowitz and Stegun, 26.2.17.
fn normal(z: f64) -> f64 {
    let k = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let coefficients = [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_530];
    let polynomial = coefficients.iter().fold(0.0, |sum, coefficient| (sum + coefficient) * k);
    let above = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt() * polynomial;
    if z >= 0.0 { 1.0 - above } else { above }
}

/// The `z` that a `share` of a standard normal distribution lies below, by bisection of [`normal`].
fn normal_quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if normal(middle) < share { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The normal deviate as likely as Student's `t`: Wallace, "Bounds on normal approximations to Student's and the
/// chi-square distributions" (1959). It errs on the safe side where there are few degrees of freedom.
fn normal_of_student(t: f64, freedom: f64) -> f64 {
    (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0) * (freedom * (t * t / freedom).ln_1p()).sqrt()
}

/// The inverse of [`normal_of_student`].
fn student(z: f64, freedom: f64) -> f64 {
    let scaled = z * (8.0 * freedom + 3.0) / (8.0 * freedom + 1.0);
    (freedom * (scaled * scaled / freedom).exp_m1()).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        for (z, share) in [(0.0, 0.5), (1.0, 0.841_345), (1.959_964, 0.975), (-2.326_348, 0.01)] {
            assert!((normal(z) - share).abs() < 1e-6, "{z}: {}", normal(z));
            assert!((normal_quantile(share) - z).abs() < 1e-5, "{share}: {}", normal_quantile(share));
        }
    }

    #[test]
    fn students_t_is_that_of_the_tables_or_a_little_wider() {
        for (freedom, t) in [(5.0, 2.5706), (10.0, 2.2281), (30.0, 2.0423), (120.0, 1.9799)] {
            let found = student(1.959_964, freedom);
            assert!(found >= t - 1e-4 && found / t < 1.005, "{freedom}: {found}");
            assert!((normal_of_student(found, freedom) - 1.959_964).abs() < 1e-9);
        }
    }

    #[test]
    fn holm_steps_down_until_a_chance_is_too_large() {
        // 0.05 / 4, / 3, / 2: the third stops it, although the fourth alone would be below 0.05.
        assert_eq!(holm(&[0.04, 0.01, 0.03, 0.015]), [false, true, false, true]);
        assert_eq!(holm(&[0.02, 0.013]), [true, true]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn the_chance_and_the_interval_agree() {
        let spread = Spread { variance: 0.000_05, freedom: 40.0 };
        let estimate = |difference| Estimate::between(difference, spread, spread);
        assert_eq!((estimate(0.0).freedom, estimate(0.0).chance()), (80.0, 1.0));
        let edge = estimate(0.0).interval().1;
        assert!((edge - 0.019_9).abs() < 1e-4, "{edge}");
        assert!((estimate(edge).chance() - ALARM).abs() < 1e-6);
        let certain = Spread { variance: 0.0, freedom: 5.0 };
        assert_eq!(Estimate::between(0.1, certain, certain).chance(), 0.0);
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
