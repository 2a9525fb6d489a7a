//! How many times longer one of two times is, pair by pair: the median, its interval, and what that proves.

use super::{signed_rank, stats};

/// How close to 1 all of an interval must lie to say that nothing differs: within 20 %.
const CLOSE: f64 = 1.2;
/// The least difference worth telling, however certain it is: 5 %.
const WORTH_TELLING: f64 = 1.05;

/// The median of ratios.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Of how many pairs.
    pub pairs: u64,
    /// The median, less what the control showed.
    pub median: f64,
    /// Its 95 % interval, whatever the distribution; `None` with fewer than 6 pairs.
    pub interval: Option<(f64, f64)>,
    /// The two-sided p-value of Wilcoxon's signed-rank test of the logarithms; `None` with fewer than 6 pairs, and of a
    /// ratio that a control was taken out of, whose interval decides alone.
    pub p_value: Option<f64>,
    /// What the control showed and was taken out; `None` where none was.
    pub taken_out: Option<f64>,
}

/// What pairs say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The second time is the shorter one.
    Faster,
    /// The second time is the longer one.
    Slower,
    /// They are certainly the same within 20 %, and perhaps differ by a little.
    NoDifference,
    /// There are not enough pairs to say.
    TooFew,
}

impl Effect {
    /// Its name in documents.
    pub const fn label(self) -> &'static str {
        match self {
            Effect::Faster => "faster",
            Effect::Slower => "slower",
            Effect::NoDifference => "no-difference",
            Effect::TooFew => "too-few-pairs",
        }
    }
}

impl Ratio {
    /// The median of these ratios; `None` of none.
    ///
    /// Its interval is that of the order statistics that enclose a median whatever the distribution (the sign test's), not
    /// that of the signed ranks: times are skewed even as logarithms, it takes no list of all pairs of pairs, and the
    /// percentiles rest on it as well.
    pub(super) fn of(ratios: impl Iterator<Item = f64>) -> Option<Self> {
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let upper = *ratios.get(ratios.len() / 2)?;
        let even = ratios.len().is_multiple_of(2);
        let interval = stats::ranks(ratios.len(), 0.5).map(|(low, high)| (ratios[low - 1], ratios[high - 1]));
        let logarithms: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
        Some(Self {
            pairs: ratios.len() as u64,
            median: if even { f64::midpoint(ratios[ratios.len() / 2 - 1], upper) } else { upper },
            interval,
            // Where nothing differs, nothing speaks against chance.
            p_value: interval.map(|_| signed_rank::p_value(&logarithms).unwrap_or(1.0)),
            taken_out: None,
        })
    }

    /// This effect without that of the `control`, divided out; as it is when the control has no interval.
    ///
    /// Both intervals are combined on the scale of logarithms by the method of variance estimates recovery (Zou and
    /// Donner, "Construction of confidence limits about effect measures", 2008), which keeps what is skewed in them.
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
        Self { median: apart.exp(), interval, p_value: None, taken_out: Some(control.median), ..self }
    }

    /// What it proves.
    pub fn effect(&self) -> Effect {
        match self.interval {
            Some((low, _)) if low > 1.0 && self.median >= WORTH_TELLING => Effect::Faster,
            Some((_, high)) if high < 1.0 && self.median <= 1.0 / WORTH_TELLING => Effect::Slower,
            Some((low, high)) if high <= CLOSE && low >= 1.0 / CLOSE => Effect::NoDifference,
            _ => Effect::TooFew,
        }
    }

    /// About how many pairs would tell whether anything differs, if the median stays where it is and they spread as wide
    /// as those that there are; `None` when they are too few to show it.
    ///
    /// By then the interval leaves out 1, or all of it lies within 20 % of 1, whichever takes fewer.
    /// A median's interval narrows with the square root of their number (David and Nagaraja, "Order statistics", 7.1).
    pub fn needed(&self) -> Option<u64> {
        let (low, high) = self.interval?;
        let half = (high / low).ln() / 2.0;
        let off = self.median.ln().abs();
        let apart = if off >= WORTH_TELLING.ln() { off } else { 0.0 };
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
        self.told(&format!(", {}", self.basis()))
    }

    /// What it rests on: `n = 40; order effect 1.10 taken out`.
    pub fn basis(&self) -> String {
        let pairs = self.pairs;
        match self.taken_out {
            Some(effect) => format!("n = {pairs}; order effect {} taken out", times(effect)),
            None => format!("n = {pairs}"),
        }
    }

    /// In words, where the number of pairs is known: `6.1 times faster (5.2–7.4)`.
    pub fn brief(&self) -> String {
        self.told("")
    }

    fn told(&self, pairs: &str) -> String {
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

/// A factor with as many digits as say something.
pub fn times(factor: f64) -> String {
    match factor {
        f if f < 1.995 => format!("{f:.2}"),
        f if f < 99.95 => format!("{f:.1}"),
        f => format!("{f:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ratios: &[f64]) -> Ratio {
        Ratio::of(ratios.iter().copied()).unwrap()
    }

    #[test]
    fn a_certain_difference_that_nobody_would_notice_is_none() {
        let slightly = |factor: f64| (0..40).map(|n| factor + f64::from(n) * 1e-4).collect::<Vec<_>>();
        assert_eq!(of(&slightly(1.03)).effect(), Effect::NoDifference);
        assert_eq!(of(&slightly(0.96)).effect(), Effect::NoDifference);
        assert_eq!(of(&slightly(1.06)).effect(), Effect::Faster);
        assert_eq!(of(&slightly(0.94)).effect(), Effect::Slower);
    }

    #[test]
    fn an_interval_that_reaches_far_is_no_proof_of_likeness_however_narrow() {
        let of = |median: f64, low: f64, high: f64| Ratio {
            median,
            interval: Some((low, high)),
            ..of(&[1.0; 40])
        };
        assert_eq!(of(1.18, 0.99, 1.42).effect(), Effect::TooFew);
        assert_eq!(of(0.9, 0.8, 1.01).effect(), Effect::TooFew);
        assert_eq!(of(1.04, 1.01, 1.25).effect(), Effect::TooFew);
        assert_eq!(of(1.0, 0.84, 1.19).effect(), Effect::NoDifference);
        // An effect of 1.18 is told from none when half the interval is its logarithm, one of 1.01 when 1.2 is left out.
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
    fn the_number_of_pairs_that_is_asked_for_makes_the_interval_narrow_enough() {
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
    fn verdicts_are_put_in_words() {
        let spread = |from: f64| (0..40).map(|n| from * (1.0 + f64::from(n) / 400.0)).collect::<Vec<_>>();
        assert_eq!(of(&spread(6.0)).words(), "6.3 times faster (6.2–6.4, n = 40)");
        assert_eq!(of(&spread(0.5)).words(), "1.91 times slower (1.88–1.94, n = 40)");
        assert_eq!(of(&spread(0.95)).words(), "as fast (0.98–1.01, n = 40)");
        assert_eq!(of(&[0.5, 0.6, 1.0, 2.0, 3.0, 9.0]).words(), "not enough data (0.50–9.0, n = 6)");
        assert_eq!(of(&[3.0]).words(), "not enough data (n = 1)");
    }
}
