//! Latencies in an HDR histogram: three significant digits from a nanosecond to centuries, mergeable without loss.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use hdrhistogram::{
    Histogram,
    serialization::{Deserializer, Serializer, V2DeflateSerializer},
};
use serde::{Deserialize, Serialize};

use super::{
    MOST_COUNTED,
    bucket_block::{BucketBlock, OCTAVE},
    grid,
};

/// Significant decimal digits: a value is read back within 0.1 %.
const DIGITS: u8 = 3;

/// The bits of a value, behind its first one, that decide its bucket: as HdrHistogram does for three digits.
pub(super) const BITS: u16 = 10;

/// A distribution of durations, in nanoseconds: HdrHistogram's, in memory for those octaves alone that hold something,
/// since latencies lie in few of them.
#[derive(Clone, PartialEq)]
pub struct Latencies {
    octaves: Vec<BucketBlock>,
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
        let (bucket_block, place) = bucket(value);
        match self.octaves.get_mut(bucket_block) {
            Some(BucketBlock::Many(counts)) if counts[place] < u32::MAX => counts[place] += 1,
            _ => self.add(bucket_block, place, 1),
        }
        self.count += 1;
        self.widen((value, value));
    }

    /// Adds another distribution.
    pub fn merge(&mut self, other: &Latencies) {
        self.reach(other.octaves.len());
        self.octaves.iter_mut().zip(&other.octaves).for_each(|(ours, theirs)| ours.merge(theirs));
        self.count += other.count;
        self.widen(other.extremes);
    }

    #[cold]
    fn add(&mut self, bucket_block: usize, place: usize, count: u64) {
        self.reach(bucket_block + 1);
        self.octaves[bucket_block].add(place, count);
    }

    /// Makes the first so many octaves.
    fn reach(&mut self, octaves: usize) {
        if self.octaves.len() < octaves {
            self.octaves.resize(octaves, BucketBlock::default());
        }
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
        (0..).step_by(OCTAVE).zip(&self.octaves).flat_map(|(first, bucket_block)| {
            bucket_block.counts().map(move |(place, count)| (grid::ends(first + place as u64, BITS), count))
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
            let (bucket_block, place) = bucket(recorded.value_iterated_to());
            latencies.add(bucket_block, place, recorded.count_at_value());
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
mod tests;
