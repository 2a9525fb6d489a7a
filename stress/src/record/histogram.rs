//! Latencies in an HDR histogram: three significant digits from a nanosecond to centuries, mergeable without loss.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use hdrhistogram::{
    Histogram,
    serialization::{Deserializer, Serializer, V2DeflateSerializer},
};
use serde::{Deserialize, Serialize};

use super::{
    MOST_COUNTED, grid,
    octave::{OCTAVE, Octave},
};

/// Significant decimal digits: a value is read back within 0.1 %.
const DIGITS: u8 = 3;

/// The bits of a value, behind its first one, that decide its bucket: as HdrHistogram does for three digits.
pub(super) const BITS: u16 = 10;

/// A distribution of durations, in nanoseconds: HdrHistogram's, in memory for those octaves alone that hold something,
/// since latencies lie in few of them.
#[derive(Clone, PartialEq)]
pub struct Latencies {
    octaves: Vec<Octave>,
    count: u64,
    /// The shortest and the longest, exactly: they are single facts that people compare with their own records. Of
    /// nothing, the shortest is longer than the longest.
    extremes: (u64, u64),
}

impl fmt::Debug for Latencies {
    /// What it says, not the thousands of counters that it is made of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (min, median, max) = (self.min(), self.quantile(0.5), self.max());
        write!(f, "Latencies {{ count: {}, min: {min:?}, median: {median:?}, max: {max:?} }}", self.count())
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self { octaves: Vec::new(), count: 0, extremes: (u64::MAX, 0) }
    }
}

impl Latencies {
    /// Enters one duration; 0 counts as 1 ns.
    pub fn record(&mut self, duration: Duration) {
        let value = nanoseconds(duration).max(1);
        let (octave, place) = bucket(value);
        match self.octaves.get_mut(octave) {
            Some(Octave::Many(counts)) => counts[place] += 1,
            _ => self.add(octave, place, 1),
        }
        self.count += 1;
        self.widen((value, value));
    }

    /// Adds another distribution.
    pub fn merge(&mut self, other: &Latencies) {
        for (octave, theirs) in other.octaves.iter().enumerate() {
            match (self.octaves.get_mut(octave), theirs) {
                (Some(Octave::Many(ours)), Octave::Many(theirs)) => {
                    ours.iter_mut().zip(theirs.iter()).for_each(|(ours, theirs)| *ours += theirs);
                }
                _ => theirs.counts().for_each(|(place, count)| self.add(octave, place, count)),
            }
        }
        self.count += other.count;
        self.widen(other.extremes);
    }

    #[cold]
    fn add(&mut self, octave: usize, place: usize, count: u64) {
        if self.octaves.len() <= octave {
            self.octaves.resize(octave + 1, Octave::default());
        }
        self.octaves[octave].add(place, count);
    }

    fn widen(&mut self, (shortest, longest): (u64, u64)) {
        let (min, max) = self.extremes;
        self.extremes = (min.min(shortest), max.max(longest));
    }

    /// How many durations were entered.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether nothing was entered.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The duration that a share `quantile` (0 to 1) does not exceed; `None` when nothing was entered.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let (min, max) = (!self.is_empty()).then_some(self.extremes)?;
        if quantile <= 0.0 {
            return self.min();
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the count")]
        let rank = ((quantile.min(1.0) * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let reached = self.recorded().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        // A bucket's end may lie beyond the values in it. Of more than 2^53, the rank may be rounded beyond the last.
        let value = reached.map_or(max, |((_, high), _)| high.clamp(min, max));
        Some(Duration::from_nanos(value))
    }

    /// The shortest duration, exactly.
    pub fn min(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_nanos(self.extremes.0))
    }

    /// The longest duration, exactly.
    pub fn max(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_nanos(self.extremes.1))
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> Option<Duration> {
        let middle = |(low, high): (u64, u64)| (low + (high - low).div_ceil(2)) as f64;
        let all = self.count as f64;
        let mean = self.recorded().fold(0.0, |sum, (ends, count)| sum + middle(ends) * count as f64 / all);
        Some(Duration::from_secs_f64(mean / 1e9).clamp(self.min()?, self.max()?))
    }

    /// How many durations are at most as long as this one; what lies within its own thousandth counts.
    pub fn at_most(&self, duration: Duration) -> u64 {
        let last = nanoseconds(duration);
        self.recorded().take_while(|((low, _), _)| *low <= last).map(|(_, count)| count).sum()
    }

    /// The sum of all durations, in seconds.
    pub fn sum_seconds(&self) -> f64 {
        self.mean().map_or(0.0, |mean| mean.as_secs_f64() * self.count() as f64)
    }

    /// The recorded buckets from the shortest: (longest duration of the bucket, count).
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        self.recorded().map(|((_, high), count)| (Duration::from_nanos(high), count))
    }

    /// The recorded buckets from the shortest: (its ends, count).
    fn recorded(&self) -> impl Iterator<Item = ((u64, u64), u64)> + '_ {
        (0..).step_by(OCTAVE).zip(&self.octaves).flat_map(|(first, octave)| {
            octave.counts().map(move |(place, count)| (grid::ends(first + place as u64, BITS), count))
        })
    }

    /// The same for the library, which knows how to write it.
    fn to_library(&self) -> Histogram<u64> {
        let mut histogram = empty();
        for ((low, _), count) in self.recorded() {
            histogram.record_n(low, count).expect("the histogram grows to any 64-bit value");
        }
        histogram
    }

    /// What the library has read, with its extremes.
    fn of_library(histogram: &Histogram<u64>, extremes: Option<(u64, u64)>) -> Self {
        let mut latencies = Self::default();
        for recorded in histogram.iter_recorded() {
            let (octave, place) = bucket(recorded.value_iterated_to());
            latencies.add(octave, place, recorded.count_at_value());
            latencies.count += recorded.count_at_value();
        }
        extremes.into_iter().for_each(|extremes| latencies.widen(extremes));
        latencies
    }
}

/// The library's histogram of nothing.
fn empty() -> Histogram<u64> {
    // A lower bound of 1 ns: a higher one would read values back coarser than the digits promise.
    let mut histogram = Histogram::new(DIGITS).expect("3 digits are within the library's range");
    histogram.auto(true);
    histogram
}

/// The bucket of a value: its octave, and its place there.
fn bucket(value: u64) -> (usize, usize) {
    let number = usize::try_from(grid::number(value, BITS)).expect("the last bucket's number has 16 bits");
    (number / OCTAVE, number % OCTAVE)
}

/// Whole nanoseconds; what does not fit in 64 bits (584 years) is the most that does.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// [`Latencies`] in a document.
#[derive(Serialize, Deserialize)]
struct LatenciesDoc {
    /// HdrHistogram's own V2 format, deflated, as base64.
    hdr: String,
    min_nanoseconds: Option<u64>,
    max_nanoseconds: Option<u64>,
}

impl Serialize for Latencies {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&self.to_library(), &mut bytes)
            .map_err(serde::ser::Error::custom)?;
        let (min_nanoseconds, max_nanoseconds) = (!self.is_empty()).then_some(self.extremes).unzip();
        LatenciesDoc { hdr: STANDARD.encode(bytes), min_nanoseconds, max_nanoseconds }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Latencies {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = LatenciesDoc::deserialize(deserializer)?;
        let bytes = STANDARD.decode(document.hdr).map_err(serde::de::Error::custom)?;
        let histogram: Histogram<u64> =
            Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(serde::de::Error::custom)?;
        if histogram.sigfig() != DIGITS || histogram.low() != 1 {
            return Err(serde::de::Error::custom(
                "a histogram of another precision cannot be merged without loss",
            ));
        }
        if histogram.len() > MOST_COUNTED {
            return Err(serde::de::Error::custom(
                "a histogram of more than a run can have counted is damaged",
            ));
        }
        let extremes = document.min_nanoseconds.zip(document.max_nanoseconds);
        // Both lie in the outermost buckets that hold something, of which none is that of nothing.
        let fit = |(min, max)| {
            let of = |value, bucket| value > 0 && bucket > 0 && histogram.equivalent(value, bucket);
            min <= max && of(min, histogram.min()) && of(max, histogram.max())
        };
        if !extremes.is_none_or(fit) || extremes.is_none() != histogram.is_empty() {
            return Err(serde::de::Error::custom("a histogram's extremes do not fit its values"));
        }
        Ok(Self::of_library(&histogram, extremes))
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

    #[test]
    fn the_histogram_grows_from_a_nanosecond_to_centuries() {
        let mut latencies = of(&[0, 1]);
        latencies.record(Duration::MAX);
        assert_eq!(latencies.min(), Some(Duration::from_nanos(1)));
        assert_eq!(latencies.max(), Some(Duration::from_nanos(u64::MAX)));
    }

    #[test]
    fn a_single_duration_is_read_back_exactly() {
        let one = of(&[6_755_221]);
        let exact = Some(Duration::from_nanos(6_755_221));
        assert_eq!([one.min(), one.quantile(0.5), one.mean(), one.max()], [exact; 4]);
    }

    /// Whole numbers in an order that chance might have made (xorshift), as long as anybody asks.
    fn chances() -> impl Iterator<Item = u64> {
        std::iter::successors(Some(0x9e37_79b9_7f4a_7c15_u64), |&state| {
            let state = state ^ (state << 13);
            let state = state ^ (state >> 7);
            Some(state ^ (state << 17))
        })
    }

    #[test]
    fn a_million_latencies_from_a_microsecond_to_an_hour_are_read_back_within_a_thousandth() {
        // Evenly in the logarithm: as many in each decade.
        let span = (3_600.0_f64 / 1e-6).ln();
        let seconds = chances().map(|bits| 1e-6 * (span * (bits as f64 / u64::MAX as f64)).exp());
        let mut values: Vec<_> = seconds.take(1_000_000).map(Duration::from_secs_f64).collect();
        let of = |part: &[Duration]| {
            let mut latencies = Latencies::default();
            part.iter().for_each(|&value| latencies.record(value));
            latencies
        };
        let merged = |mut left: Latencies, right: &Latencies| {
            left.merge(right);
            left
        };
        let (whole, thirds) = (of(&values), values.chunks(333_334).map(of).collect::<Vec<_>>());
        let [a, b, c] = thirds.as_slice() else { panic!("{} parts", thirds.len()) };
        assert_eq!(merged(merged(a.clone(), b), c), whole);
        assert_eq!(merged(a.clone(), &merged(b.clone(), c)), whole);
        values.sort_unstable();
        for (quantile, rank) in [
            (0.000_001, 1),
            (0.01, 10_000),
            (0.5, 500_000),
            (0.99, 990_000),
            (0.9999, 999_900),
            (1.0, 1_000_000),
        ] {
            let (exact, found) =
                (values[rank - 1].as_secs_f64(), whole.quantile(quantile).unwrap().as_secs_f64());
            assert!((found / exact - 1.0).abs() <= 1e-3, "{quantile}: {found} s instead of {exact} s");
        }
        assert_eq!((whole.min(), whole.max()), (values.first().copied(), values.last().copied()));
    }

    #[test]
    fn extremes_that_no_recorded_duration_can_have_had_are_refused() {
        let text = serde_json::to_string(&of(&[1_000_000, 5_000_000])).unwrap();
        let read = |min: u64, max: u64| {
            let text =
                text.replace("\":1000000", &format!("\":{min}")).replace("\":5000000", &format!("\":{max}"));
            serde_json::from_str::<Latencies>(&text)
        };
        assert_eq!(read(1_000_000, 5_000_000).unwrap(), of(&[1_000_000, 5_000_000]));
        for (min, max) in [
            (0, 5_000_000),
            (1, 5_000_000),
            (1_000_000, u64::MAX),
            (5_000_000, 5_000_000),
            (1_000_000, 1_000_000),
            (2_000_000, 1_000_000),
        ] {
            let error = read(min, max).unwrap_err().to_string();
            assert!(error.contains("extremes do not fit"), "{min} {max}: {error}");
        }
    }

    #[test]
    fn counts_that_cannot_be_added_up_are_refused() {
        let read = |count: u64| {
            let mut histogram = Histogram::<u64>::new(DIGITS).unwrap();
            histogram.record_n(1_000, count).unwrap();
            let mut bytes = Vec::new();
            V2DeflateSerializer::new().serialize(&histogram, &mut bytes).unwrap();
            let hdr = STANDARD.encode(bytes);
            let (min_nanoseconds, max_nanoseconds) = (Some(1_000), Some(1_000));
            let document = LatenciesDoc { hdr, min_nanoseconds, max_nanoseconds };
            serde_json::from_str::<Latencies>(&serde_json::to_string(&document).unwrap())
        };
        assert_eq!(read(MOST_COUNTED).unwrap().count(), MOST_COUNTED);
        assert!(read(MOST_COUNTED + 1).unwrap_err().to_string().contains("more than a run can have counted"));
    }

    proptest! {
        #[test]
        fn quantiles_are_within_a_thousandth_of_an_exact_sort(
            mut values in prop::collection::vec(1_000_u64..3_600_000_000_000, 1..400),
            quantile in 0.0_f64..=1.0,
        ) {
            let latencies = of(&values);
            values.sort_unstable();
            #[expect(clippy::cast_possible_truncation, reason = "at most 400")]
            let rank = ((quantile * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let exact = values[rank - 1] as f64;
            let found = latencies.quantile(quantile).unwrap().as_nanos() as f64;
            prop_assert!((found / exact - 1.0).abs() <= 1e-3, "{found} instead of {exact}");
        }

        #[test]
        fn it_says_what_the_library_says(
            values in prop::collection::vec(prop_oneof![1_u64..5_000, 1_u64..3_600_000_000_000, 1_u64..1 << 63], 1..300),
            quantile in 0.001_f64..=1.0,
        ) {
            let (ours, mut theirs) = (of(&values), empty());
            values.iter().for_each(|&value| theirs.record(value.max(1)).unwrap());
            prop_assert_eq!(&ours.to_library(), &theirs);
            prop_assert_eq!(ours.count(), theirs.len());
            let (min, max) = ours.extremes;
            let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap();
            let expected = theirs.value_at_quantile(quantile).clamp(min, max);
            prop_assert_eq!(nanoseconds(ours.quantile(quantile).unwrap()), expected);
            let (mean, expected) = (ours.mean().unwrap().as_secs_f64() * 1e9, theirs.mean());
            // Whole nanoseconds.
            let expected = expected.clamp(min as f64, max as f64);
            prop_assert!((mean - expected).abs() <= 1.0 + expected * 1e-9, "{} instead of {}", mean, expected);
            let (some, middle) = (values[0], max / 2);
            for value in [some, middle] {
                prop_assert_eq!(ours.at_most(Duration::from_nanos(value)), theirs.count_between(0, value));
            }
            let recorded = theirs.iter_recorded().map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()));
            let buckets = ours.buckets().map(|(longest, count)| (nanoseconds(longest), count));
            prop_assert_eq!(buckets.collect::<Vec<_>>(), recorded.collect::<Vec<_>>());
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
