//! How many times longer one of two times is, pair by pair: the median of the ratios, its interval, and what that proves.

use serde::{Serialize, Serializer, ser::SerializeStruct};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::report::stats::{self, median, sorted};

/// How close to 1 all of an interval must lie to show that nothing differs: within 20 %.
const CLOSE: f64 = 1.2;
/// The smallest relevant difference, however certain it is: 5 %.
pub(in crate::report) const RELEVANT: f64 = 1.05;

/// The median of ratios.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Of how many pairs.
    pub pairs: u64,
    /// The median, less the order effect of a control.
    pub median: f64,
    /// Its 95 % interval, whatever the distribution; `None` with fewer than 6 pairs.
    pub interval: Option<(f64, f64)>,
    /// The two-sided p-value of Wilcoxon's signed-rank test of the logarithms; `None` with fewer than 6 pairs, and of a
    /// ratio less an order effect, whose interval decides alone.
    pub p_value: Option<f64>,
    /// The order effect that was divided out; `None` where none was.
    pub order_effect: Option<f64>,
}

/// What pairs prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, Serialize)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "kebab-case")]
pub enum Effect {
    /// The second time is the shorter one.
    Faster,
    /// The second time is the longer one.
    Slower,
    /// They are certainly the same within 20 %, and perhaps differ by a little.
    NoDifference,
    /// There are not enough pairs.
    #[strum(serialize = "too-few-pairs")]
    TooFew,
}

impl Ratio {
    /// The median of these ratios; `None` of none.
    ///
    /// Its interval is that of the order statistics that enclose a median whatever the distribution (the sign test's), as that
    /// of percentiles is. That of the signed ranks assumes symmetry, but times are skewed even as logarithms.
    pub(in crate::report) fn of(ratios: impl Iterator<Item = f64>) -> Option<Self> {
        let ratios = sorted(ratios);
        let median = median(&ratios)?;
        let interval = stats::ranks(ratios.len(), 0.5).map(|(low, high)| (ratios[low - 1], ratios[high - 1]));
        let logarithms: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
        Some(Self {
            pairs: ratios.len() as u64,
            median,
            interval,
            // Without any difference there is no evidence against the null hypothesis.
            p_value: interval.map(|_| signed_ranks(&logarithms).unwrap_or(1.0)),
            order_effect: None,
        })
    }

    /// This ratio divided by that of the `control`; unchanged when the control has no interval.
    ///
    /// Both intervals are combined on the scale of logarithms by the method of variance estimates recovery (Zou and
    /// Donner, "Construction of confidence limits about effect measures", 2008), which keeps their skew.
    pub(super) fn without(self, control: Option<Self>) -> Self {
        let Some((control, (control_low, control_high))) = control.and_then(|one| Some((one, one.interval?)))
        else {
            return self;
        };
        let (own, of_control) = (self.median.ln(), control.median.ln());
        let apart = own - of_control;
        let interval = self.interval.map(|(low, high)| {
            let below = (own - low.ln()).hypot(control_high.ln() - of_control);
            let above = (high.ln() - own).hypot(of_control - control_low.ln());
            ((apart - below).exp(), (apart + above).exp())
        });
        Self { median: apart.exp(), interval, p_value: None, order_effect: Some(control.median), ..self }
    }

    /// What it proves.
    pub fn effect(&self) -> Effect {
        match self.interval {
            Some((low, _)) if low > 1.0 && self.median >= RELEVANT => Effect::Faster,
            Some((_, high)) if high < 1.0 && self.median <= 1.0 / RELEVANT => Effect::Slower,
            Some((low, high)) if high <= CLOSE && low >= 1.0 / CLOSE => Effect::NoDifference,
            _ => Effect::TooFew,
        }
    }

    /// About how many pairs would prove an effect or that there is none, if the median and the spread stay as they are;
    /// `None` when there are too few to estimate it.
    ///
    /// By then the interval excludes 1, or all of it lies within 20 % of 1, whichever takes fewer.
    /// A median's interval narrows with the square root of their number (David and Nagaraja, "Order statistics", 7.1).
    pub fn needed(&self) -> Option<u64> {
        let (low, high) = self.interval?;
        let half = (high / low).ln() / 2.0;
        let off = self.median.ln().abs();
        let apart = if off >= RELEVANT.ln() { off } else { 0.0 };
        let needed = (self.pairs as f64 * (half / apart.max(CLOSE.ln() - off)).powi(2)).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a square, and rounded up"
        )]
        let needed = needed as u64;
        Some(needed.max(self.pairs + 1))
    }

    /// In words: `6.1 times faster (5.2–7.4, n = 40)`.
    pub fn words(&self) -> String {
        self.phrase(&format!(", {}", self.basis()))
    }

    /// The sample and the control: `n = 40; order effect 1.10 taken out`.
    pub fn basis(&self) -> String {
        let pairs = self.pairs;
        match self.order_effect {
            Some(effect) => format!("n = {pairs}; order effect {} taken out", times(effect)),
            None => format!("n = {pairs}"),
        }
    }

    /// The median with as many digits as are shown: `6.1`.
    pub fn times(&self) -> String {
        times(self.median)
    }

    /// In words, where the number of pairs is known: `6.1 times faster (5.2–7.4)`.
    pub fn brief(&self) -> String {
        self.phrase("")
    }

    fn phrase(&self, pairs: &str) -> String {
        let between = |low: f64, high: f64| format!("({}–{}{pairs})", times(low), times(high));
        match (self.effect(), self.interval) {
            (Effect::Faster, Some((low, high))) => {
                format!("{} times faster {}", times(self.median), between(low, high))
            }
            (Effect::Slower, Some((low, high))) => {
                format!("{} times slower {}", times(1.0 / self.median), between(1.0 / high, 1.0 / low))
            }
            (Effect::NoDifference, Some((low, high))) => format!("as fast {}", between(low, high)),
            (_, Some((low, high))) => format!("not enough data {}", between(low, high)),
            (_, None) => format!("not enough data ({})", self.basis()),
        }
    }
}

/// A factor with three significant digits at most.
pub(super) fn times(factor: f64) -> String {
    match factor {
        f if f < 1.995 => format!("{f:.2}"),
        f if f < 99.95 => format!("{f:.1}"),
        f => format!("{f:.0}"),
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Ratio", 7)?;
        document.serialize_field("effect", &self.effect())?;
        document.serialize_field("pairs", &self.pairs)?;
        document.serialize_field("ratio", &self.median)?;
        document.serialize_field("ratio_interval_95", &self.interval)?;
        document.serialize_field("p_value", &self.p_value)?;
        document
            .serialize_field("pairs_needed", &self.needed().filter(|_| self.effect() == Effect::TooFew))?;
        document.serialize_field("order_effect", &self.order_effect)?;
        document.end()
    }
}

/// The most differences whose distribution is computed exactly.
const EXACT: usize = 50;

/// The two-sided p-value of Wilcoxon's signed-rank test that differences are symmetric around 0; `None` when none differs
/// from 0. Ours: statrs has the rank-sum test of two samples, but not this one of pairs.
///
/// Differences of 0 are left out, equal ones share their ranks (Wilcoxon, "Individual comparisons by
/// ranking methods", 1945). Small samples are compared with every possible choice of signs (Streitberg and Röhmel,
/// "Exact distributions for permutation and rank tests", 1986), larger ones with the normal distribution, corrected for
/// ties and for continuity (Hollander, Wolfe, Chicken: "Nonparametric statistical methods", 3.1).
pub(in crate::report) fn signed_ranks(differences: &[f64]) -> Option<f64> {
    let mut apart: Vec<f64> = differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    apart.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    if apart.is_empty() {
        return None;
    }
    // Ranks are doubled, so that shared ones are whole numbers.
    let (mut ranks, mut positive, mut ties) = (Vec::with_capacity(apart.len()), 0, 0.0);
    for equal in apart.chunk_by(|a, b| a.abs() == b.abs()) {
        let (before, count) = (ranks.len(), equal.len());
        let rank = 2 * before + count + 1;
        positive += rank * equal.iter().filter(|difference| **difference > 0.0).count();
        ranks.extend(std::iter::repeat_n(rank, count));
        let count = count as f64;
        ties += count * count * count - count;
    }
    Some(if ranks.len() <= EXACT { exact(&ranks, positive) } else { normal(ranks.len(), positive, ties) })
}

/// Of all choices of signs, the share that gives a sum as far from the middle as `positive`.
fn exact(ranks: &[usize], positive: usize) -> f64 {
    let most: usize = ranks.iter().sum();
    let mut shares = vec![0.0; most + 1];
    shares[0] = 1.0;
    let mut reached = 0;
    for &rank in ranks {
        reached += rank;
        for sum in (0..=reached).rev() {
            let with = if sum >= rank { shares[sum - rank] } else { 0.0 };
            shares[sum] = f64::midpoint(shares[sum], with);
        }
    }
    let (below, above): (f64, f64) = (shares[..=positive].iter().sum(), shares[positive..].iter().sum());
    (2.0 * below.min(above)).min(1.0)
}

fn normal(count: usize, positive: usize, ties: f64) -> f64 {
    let n = count as f64;
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    let away = (positive as f64 / 2.0 - n * (n + 1.0) / 4.0).abs() - 0.5;
    (2.0 * Normal::standard().sf(away.max(0.0) / variance.sqrt())).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ratios: &[f64]) -> Ratio {
        Ratio::of(ratios.iter().copied()).unwrap()
    }

    #[test]
    fn a_certain_but_irrelevant_difference_is_none() {
        let slightly = |factor: f64| (0..40).map(|n| factor + f64::from(n) * 1e-4).collect::<Vec<_>>();
        assert_eq!(of(&slightly(1.03)).effect(), Effect::NoDifference);
        assert_eq!(of(&slightly(0.96)).effect(), Effect::NoDifference);
        assert_eq!(of(&slightly(1.06)).effect(), Effect::Faster);
        assert_eq!(of(&slightly(0.94)).effect(), Effect::Slower);
    }

    #[test]
    fn an_interval_that_reaches_far_from_1_does_not_prove_equality() {
        let of = |median: f64, low: f64, high: f64| Ratio {
            median,
            interval: Some((low, high)),
            ..of(&[1.0; 40])
        };
        assert_eq!(of(1.18, 0.99, 1.42).effect(), Effect::TooFew);
        assert_eq!(of(0.9, 0.8, 1.01).effect(), Effect::TooFew);
        assert_eq!(of(1.04, 1.01, 1.25).effect(), Effect::TooFew);
        assert_eq!(of(1.0, 0.84, 1.19).effect(), Effect::NoDifference);
        // An effect of 1.18 is proved when half the interval is its logarithm, one of 1.01 is none when 1.2 is excluded.
        assert_eq!(of(1.18, 0.99, 1.42).needed(), Some(48));
        assert_eq!(of(1.01, 0.77, 1.32).needed(), Some(98));
    }

    #[test]
    fn a_control_is_divided_out_and_widens_the_interval() {
        let effect = Ratio { interval: Some((5.0, 8.0)), ..of(&[6.0; 9]) };
        let control = Ratio { interval: Some((1.8, 2.5)), ..of(&[2.0; 9]) };
        let left = effect.without(Some(control));
        let (low, high) = left.interval.unwrap();
        // By hand: ln 3 less the root of ln(6/5)² + ln(2.5/2)², plus that of ln(8/6)² + ln(2/1.8)².
        let expected = (3.0 / 0.288_218_f64.exp(), 3.0 * 0.306_358_f64.exp());
        assert!((left.median - 3.0).abs() < 1e-12 && left.p_value.is_none());
        assert!(
            (low - expected.0).abs() < 1e-3 && (high - expected.1).abs() < 1e-3,
            "{low} {high} {expected:?}"
        );
        assert_eq!(left.words(), "3.0 times faster (2.2–4.1, n = 9; order effect 2.0 taken out)");
        let few = of(&[2.0; 5]);
        assert_eq!(effect.without(Some(few)), effect, "five pairs are no control");
        assert_eq!(effect.without(None), effect);
    }

    #[test]
    fn the_number_of_pairs_needed_makes_the_interval_narrow_enough() {
        let wide = Ratio { pairs: 12, interval: Some((0.7, 1.6)), ..of(&[1.0; 6]) };
        assert_eq!((wide.effect(), wide.needed()), (Effect::TooFew, Some(62)));
        let narrow = |needed: u64| {
            let half = (1.6_f64 / 0.7).sqrt().ln() * (12.0 / needed as f64).sqrt();
            Ratio { interval: Some(((-half).exp(), half.exp())), ..wide }.effect()
        };
        assert_eq!((narrow(61), narrow(62)), (Effect::TooFew, Effect::NoDifference));
        assert_eq!(of(&[1.0; 5]).needed(), None);
    }

    #[test]
    fn effects_are_put_in_words() {
        let spread = |from: f64| (0..40).map(|n| from * (1.0 + f64::from(n) / 400.0)).collect::<Vec<_>>();
        assert_eq!(of(&spread(6.0)).words(), "6.3 times faster (6.2–6.4, n = 40)");
        assert_eq!(of(&spread(0.5)).words(), "1.91 times slower (1.88–1.94, n = 40)");
        assert_eq!(of(&spread(0.95)).words(), "as fast (0.98–1.01, n = 40)");
        assert_eq!(of(&[0.5, 0.6, 1.0, 2.0, 3.0, 9.0]).words(), "not enough data (0.50–9.0, n = 6)");
        assert_eq!(of(&[3.0]).words(), "not enough data (n = 1)");
    }

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= expected * 1e-4
    }

    #[test]
    #[expect(clippy::approx_constant, reason = "measured, and near a constant by chance")]
    fn small_samples_agree_with_published_values() {
        // Hollander and Wolfe's depression scale, table 3.1: V = 40, one-sided 0.01953.
        let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        let differences: Vec<f64> = before.iter().zip(after).map(|(before, after)| before - after).collect();
        assert_eq!(signed_ranks(&differences), Some(2.0 * 10.0 / 512.0));
        assert_eq!(signed_ranks(&[1.0, 2.0, 3.0, 4.0, 5.0]), Some(2.0 / 32.0));
        assert_eq!(signed_ranks(&[-1.0, -2.0, -3.0, -4.0, -5.0, -6.0]), Some(2.0 / 64.0));
        // Three equal ones and one against them: of 16 choices, 1 is further out, and 4 are as far on either side.
        assert_eq!(signed_ranks(&[1.0, 1.0, 1.0, -1.0]), Some(10.0 / 16.0));
        assert_eq!((signed_ranks(&[0.0, 0.0]), signed_ranks(&[])), (None, None));
        assert_eq!(signed_ranks(&[1.0, -1.0, 0.0]), Some(1.0));
    }

    #[test]
    fn the_normal_distribution_continues_the_exact_one() {
        for shift in [0.0, 3.0, 8.0, 15.0] {
            let of = |n: usize| (0..n).map(|i| (i as f64 - n as f64 / 2.0) + shift + 0.3).collect::<Vec<_>>();
            let differences = of(EXACT);
            let ranks: Vec<usize> = (1..=EXACT).map(|rank| 2 * rank).collect();
            let mut sorted = differences.clone();
            sorted.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
            let positive = sorted.iter().zip(&ranks).filter(|(d, _)| **d > 0.0).map(|(_, rank)| rank).sum();
            let (exact, normal) = (exact(&ranks, positive), normal(EXACT, positive, 0.0));
            assert!((exact - normal).abs() < 0.005, "{shift}: {exact} {normal}");
        }
    }

    #[test]
    fn tails_of_the_normal_distribution_are_those_of_the_tables() {
        for (z, tail) in [
            (0.0, 0.5),
            (1.0, 0.158_655),
            (1.959_964, 0.025),
            (2.999_999, 0.001_349_9),
            (3.0, 0.001_349_9),
            (6.0, 9.865_9e-10),
            (30.0, 4.906_7e-198),
        ] {
            assert!(close(Normal::standard().sf(z), tail), "{z}: {}", Normal::standard().sf(z));
        }
    }

    #[test]
    fn large_samples_far_to_one_side_are_no_chance() {
        let p = signed_ranks(&(1..=400).map(f64::from).collect::<Vec<_>>()).unwrap();
        assert!(p < 1e-60 && p > 0.0, "{p}");
    }
}
