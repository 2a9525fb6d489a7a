//! Latencies in an HDR histogram: three significant digits from a nanosecond to centuries, mergeable without loss.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use hdrhistogram::{
    Histogram,
    serialization::{Deserializer, Serializer, V2DeflateSerializer},
};
use serde::{Deserialize, Serialize};

/// Significant decimal digits: a value is read back within 0.1 %.
const DIGITS: u8 = 3;

/// A distribution of durations, in nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        // A lower bound of 1 ns: a higher one would read values back coarser than the digits promise.
        let mut histogram = Histogram::new(DIGITS).expect("3 digits are within the library's range");
        histogram.auto(true);
        Self(histogram)
    }
}

impl Latencies {
    /// Enters one duration; 0 counts as 1 ns.
    pub fn record(&mut self, duration: Duration) {
        self.0.saturating_record(nanoseconds(duration).max(1));
    }

    /// Adds another distribution.
    pub fn merge(&mut self, other: &Latencies) {
        self.0.add(&other.0).expect("both have the same digits, and this one grows as needed");
    }

    /// How many durations were entered.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The duration that a share `quantile` (0 to 1) does not exceed; `None` when nothing was entered.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        if quantile <= 0.0 {
            // The library answers 0 with the lower edge of the lowest bucket instead of the lowest value.
            return self.min();
        }
        self.some(|histogram| Duration::from_nanos(histogram.value_at_quantile(quantile)))
    }

    /// The shortest duration.
    pub fn min(&self) -> Option<Duration> {
        self.some(|histogram| Duration::from_nanos(histogram.min()))
    }

    /// The longest duration.
    pub fn max(&self) -> Option<Duration> {
        self.some(|histogram| Duration::from_nanos(histogram.max()))
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> Option<Duration> {
        self.some(|histogram| Duration::from_secs_f64(histogram.mean() / 1e9))
    }

    /// The recorded buckets from the shortest: (longest duration of the bucket, count).
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        self.0.iter_recorded().map(|bucket| {
            (Duration::from_nanos(bucket.value_iterated_to()), bucket.count_since_last_iteration())
        })
    }

    /// An empty histogram answers 0 to every question; here it answers nothing.
    fn some<T>(&self, ask: impl FnOnce(&Histogram<u64>) -> T) -> Option<T> {
        (!self.0.is_empty()).then(|| ask(&self.0))
    }
}

/// Whole nanoseconds; what does not fit in 64 bits (584 years) is the most that does.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Serialize for Latencies {
    /// HdrHistogram's own V2 format, deflated, as base64.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&self.0, &mut bytes).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&STANDARD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Latencies {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        let mut histogram: Histogram<u64> =
            Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(serde::de::Error::custom)?;
        if histogram.sigfig() != DIGITS || histogram.low() != 1 {
            return Err(serde::de::Error::custom("a histogram of another precision cannot be merged without loss"));
        }
        histogram.auto(true);
        Ok(Self(histogram))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(nanoseconds: &[u64]) -> Latencies {
        let mut latencies = Latencies::default();
        nanoseconds.iter().for_each(|&value| latencies.record(Duration::from_nanos(value)));
        latencies
    }

    #[test]
    fn an_empty_distribution_answers_nothing() {
        let empty = Latencies::default();
        assert_eq!((empty.quantile(0.5), empty.min(), empty.max(), empty.mean()), (None, None, None, None));
    }

    proptest! {
        #[test]
        fn quantiles_are_within_a_thousandth_of_an_exact_sort(
            mut values in prop::collection::vec(1_000_u64..3_600_000_000_000, 1..400),
            quantile in 0.0_f64..=1.0,
        ) {
            let latencies = of(&values);
            values.sort_unstable();
            let rank = ((quantile * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let exact = values[rank - 1] as f64;
            let found = latencies.quantile(quantile).unwrap().as_nanos() as f64;
            prop_assert!((found / exact - 1.0).abs() <= 1e-3, "{found} instead of {exact}");
        }

        #[test]
        fn merged_parts_equal_the_whole_in_any_order_and_after_a_file(
            left in prop::collection::vec(0_u64..10_000_000_000, 0..100),
            right in prop::collection::vec(0_u64..10_000_000_000, 0..100),
        ) {
            let whole = of(&[left.clone(), right.clone()].concat());
            let (mut a, mut b) = (of(&left), of(&right));
            a.merge(&b);
            b.merge(&of(&left));
            prop_assert_eq!(&a, &whole);
            prop_assert_eq!(&b, &whole);
            let text = serde_json::to_string(&a).unwrap();
            prop_assert_eq!(serde_json::from_str::<Latencies>(&text).unwrap(), whole);
        }
    }
}
