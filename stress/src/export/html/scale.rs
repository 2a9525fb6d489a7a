//! Where a value lies on an axis, and which values an axis names.

/// An axis from one value to another, laid over pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    kind: Kind,
    low: f64,
    high: f64,
    /// The pixels of `low` and `high`.
    pixels: (f64, f64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Linear,
    /// Equal factors are equal distances.
    Logarithmic,
}

/// The steps between named values: these times a power of ten.
const NICE: [f64; 3] = [1.0, 2.0, 5.0];

/// The steps between named times, in seconds, up to a day; beyond it, days.
const TIMES: [f64; 16] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 21_600.0,
    86_400.0,
];

impl Scale {
    /// From `low` to `high`, which is more.
    pub(super) fn linear(low: f64, high: f64, pixels: (f64, f64)) -> Self {
        Self { kind: Kind::Linear, low, high: if high > low { high } else { low + 1.0 }, pixels }
    }

    /// From the nice value below `low` to the one above `high`; both are more than 0.
    pub(super) fn logarithmic(low: f64, high: f64, pixels: (f64, f64)) -> Self {
        let low = nice(low, f64::max, |candidate| candidate <= low * 1.000_001);
        let high = nice(high, f64::min, |candidate| candidate >= high * 0.999_999);
        Self { kind: Kind::Logarithmic, low, high: if high > low { high } else { low * 2.0 }, pixels }
    }

    /// The value at its begin.
    pub(super) fn low(&self) -> f64 {
        self.low
    }

    /// The value at its end.
    pub(super) fn high(&self) -> f64 {
        self.high
    }

    /// The pixel of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = match self.kind {
            Kind::Linear => (value - self.low) / (self.high - self.low),
            Kind::Logarithmic => (value.max(1e-12) / self.low).ln() / (self.high / self.low).ln(),
        };
        self.pixels.0 + share.clamp(0.0, 1.0) * (self.pixels.1 - self.pixels.0)
    }

    /// About as many nice values as `most`, at least two where there are two.
    pub(super) fn ticks(&self, most: usize) -> Vec<f64> {
        match self.kind {
            Kind::Linear => multiples(self.low, self.high, step((self.high - self.low) / most as f64)),
            Kind::Logarithmic => self.powers(most),
        }
    }

    /// The same for times in seconds: whole minutes and hours.
    pub(super) fn times(&self, most: usize) -> Vec<f64> {
        let least = (self.high - self.low) / most as f64;
        let day = TIMES[TIMES.len() - 1];
        let step = TIMES.into_iter().find(|step| *step >= least).unwrap_or((least / day).ceil() * day);
        multiples(self.low, self.high, step)
    }

    /// 1, 2 and 5 of each power of ten, or 1 alone, or only some of these.
    fn powers(&self, most: usize) -> Vec<f64> {
        let inside = |value: &f64| (self.low * 0.999_999..=self.high * 1.000_001).contains(value);
        let of = |parts: &[f64]| -> Vec<f64> {
            let (from, to) = (exponent(self.low), exponent(self.high));
            let all = (from..=to).flat_map(|power| parts.iter().map(move |part| part * 10_f64.powi(power)));
            all.filter(inside).collect()
        };
        let all = of(&NICE);
        if all.len() <= most {
            return all;
        }
        let tens = of(&[1.0]);
        let every = tens.len().div_ceil(most).max(1);
        tens.into_iter().step_by(every).collect()
    }
}

/// The power of ten at or below a value.
fn exponent(value: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "a number's power of ten is within ±324")]
    let exponent = value.log10().floor() as i32;
    exponent
}

/// The best of the nice values around `value` that will do.
fn nice(value: f64, best: fn(f64, f64) -> f64, is_valid: impl Fn(f64) -> bool) -> f64 {
    let powers = exponent(value) - 1..=exponent(value) + 1;
    let candidates = powers.flat_map(|power| NICE.map(|part| part * 10_f64.powi(power)));
    candidates.filter(|candidate| is_valid(*candidate)).reduce(best).unwrap_or(value)
}

/// The nice step at or above `least`.
fn step(least: f64) -> f64 {
    nice(least.max(1e-9), f64::min, |candidate| candidate >= least * 0.999_999)
}

fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step - 1e-6).ceil();
    let nth = |number: u32| (first + f64::from(number)) * step;
    (0..1_000).map(nth).take_while(|value| *value <= high + step * 1e-6).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_lie_at_the_ends_and_everything_else_between() {
        let linear = Scale::linear(0.0, 10.0, (100.0, 0.0));
        assert_eq!([0.0, 5.0, 10.0, 99.0].map(|value| linear.at(value)), [100.0, 50.0, 0.0, 0.0]);
        let decades = Scale::logarithmic(0.01, 100.0, (0.0, 80.0));
        assert!(
            [(0.01, 0.0), (0.1, 20.0), (1.0, 40.0), (100.0, 80.0), (0.0, 0.0)]
                .into_iter()
                .all(|(value, pixel)| (decades.at(value) - pixel).abs() < 1e-9)
        );
        let point = Scale::linear(3.0, 3.0, (0.0, 10.0));
        assert_eq!(point.at(3.0), 0.0);
    }

    #[test]
    fn a_logarithmic_axis_begins_and_ends_at_nice_values() {
        for (low, high, expected) in [
            (0.013, 0.19, vec![0.01, 0.02, 0.05, 0.1, 0.2]),
            (1.0, 1.0, vec![1.0, 2.0]),
            (0.000_3, 45.0, vec![0.001, 0.01, 0.1, 1.0, 10.0]),
        ] {
            let ticks = Scale::logarithmic(low, high, (0.0, 1.0)).ticks(6);
            assert_eq!(ticks.len(), expected.len(), "{low} {high}: {ticks:?}");
            assert!(ticks.iter().zip(&expected).all(|(a, b)| (a / b - 1.0).abs() < 1e-9), "{ticks:?}");
        }
    }

    #[test]
    fn linear_axes_name_round_values_and_times_whole_units() {
        assert_eq!(Scale::linear(0.0, 100.0, (0.0, 1.0)).ticks(5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(Scale::linear(0.0, 3.0, (0.0, 1.0)).ticks(6), [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]);
        for (seconds, expected) in [
            (7.0, vec![0.0, 2.0, 4.0, 6.0]),
            (100.0, vec![0.0, 30.0, 60.0, 90.0]),
            (3_600.0, vec![0.0, 900.0, 1_800.0, 2_700.0, 3_600.0]),
            (400_000.0, vec![0.0, 86_400.0, 172_800.0, 259_200.0, 345_600.0]),
        ] {
            assert_eq!(Scale::linear(0.0, seconds, (0.0, 1.0)).times(5), expected);
        }
    }
}
