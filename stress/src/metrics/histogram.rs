//! Latencies in an HDR histogram: three significant digits from a nanosecond to centuries, mergeable without loss.

mod packed;

use std::{collections::BTreeMap, fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use hdrhistogram::{
    Histogram,
    serialization::{Deserializer, Serializer, V2DeflateSerializer},
};
use serde::{Deserialize, Serialize};

use super::{count::MAX_COUNT, inflate::inflate};
use packed::Packed;

/// Significant decimal digits: a value is read back within 0.1 %.
const DIGITS: u8 = 3;

/// The bits of a value, behind its first one, that decide its bucket: as HdrHistogram does for three digits.
const BITS: u16 = 10;

/// Buckets in a block: a quarter of those between a value and twice that value.
const BLOCK: usize = 256;

/// A distribution of durations, in nanoseconds, with HdrHistogram's buckets.
///
/// In memory it differs from the library's histogram, which takes the whole range from 1 ns to the longest duration:
/// latencies lie in few octaves, and there are six histograms for each step, group and thread. Blocks of counters are
/// allocated when a value falls in them. A counter has 16 bits; each time it wraps, it carries into a map. When nothing more
/// is recorded, the counts are packed.
#[derive(Clone)]
pub struct Latencies {
    /// As far as the longest duration needs. A block that is there holds something. None while the counts are packed.
    blocks: Vec<Option<Box<[u16; BLOCK]>>>,
    packed: Packed,
    /// By bucket, how often its counter has wrapped: at least once.
    carries: BTreeMap<usize, u64>,
    count: u64,
    /// The shortest and the longest, exactly: people compare them with their own records. When nothing was recorded, the
    /// shortest is longer than the longest.
    extremes: (u64, u64),
}

impl fmt::Debug for Latencies {
    /// Its main numbers, not the thousands of counters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (min, median, max) = (self.min(), self.quantile(0.5), self.max());
        write!(f, "Latencies {{ count: {}, min: {min:?}, median: {median:?}, max: {max:?} }}", self.count())
    }
}

impl Default for Latencies {
    fn default() -> Self {
        let (blocks, packed, carries) = (Vec::new(), Packed::default(), BTreeMap::new());
        Self { blocks, packed, carries, count: 0, extremes: (u64::MAX, 0) }
    }
}

/// The same counts, packed or not.
impl PartialEq for Latencies {
    fn eq(&self, other: &Self) -> bool {
        (self.count, self.extremes) == (other.count, other.extremes) && self.recorded().eq(other.recorded())
    }
}

impl Latencies {
    /// Records one duration; 0 counts as 1 ns.
    pub fn record(&mut self, duration: Duration) {
        self.record_nanoseconds(nanoseconds(duration));
    }

    pub(super) fn record_nanoseconds(&mut self, value: u64) {
        let value = value.max(1);
        self.add(bucket(value, BITS), 1);
        self.count += 1;
        self.widen((value, value));
    }

    /// Adds another distribution.
    pub fn merge(&mut self, other: &Latencies) {
        if self.blocks.is_empty() && other.blocks.is_empty() {
            self.packed = self.packed.merged(&other.packed);
        } else {
            other.recorded().for_each(|(bucket, count)| self.add(bucket, count));
        }
        self.count = self.count.saturating_add(other.count);
        self.widen(other.extremes);
    }

    /// Packs the counts, which takes a small part of the memory; recording more unpacks them.
    pub(super) fn shrink(&mut self) {
        self.packed = Packed::of(self.recorded());
        (self.blocks, self.carries) = (Vec::new(), BTreeMap::new());
    }

    /// What was recorded after `earlier`, which this distribution contains. Its extremes are known to their buckets.
    #[must_use]
    pub fn since(&self, earlier: &Latencies) -> Latencies {
        let (mut recent, mut before) = (Self::default(), earlier.recorded().peekable());
        for (bucket, count) in self.recorded() {
            while before.next_if(|(other, _)| *other < bucket).is_some() {}
            let counted = before.next_if(|(other, _)| *other == bucket).map_or(0, |(_, count)| count);
            let more = count.saturating_sub(counted);
            if more > 0 {
                recent.add(bucket, more);
                recent.count += more;
                recent.widen(range(bucket, BITS));
            }
        }
        recent
    }

    fn add(&mut self, bucket: usize, more: u64) {
        let block = bucket / BLOCK;
        if block >= self.blocks.len() {
            self.extend_to(block);
        }
        let block = self.blocks[block].get_or_insert_with(|| Box::new([0; BLOCK]));
        let counter = &mut block[bucket % BLOCK];
        let sum = u64::from(*counter).saturating_add(more);
        #[expect(clippy::cast_possible_truncation, reason = "what is cut off is carried")]
        let low = sum as u16;
        *counter = low;
        if sum >> u16::BITS > 0 {
            self.carry(bucket, sum >> u16::BITS);
        }
    }

    #[cold]
    fn extend_to(&mut self, block: usize) {
        self.blocks.resize(block + 1, None);
        let packed = std::mem::take(&mut self.packed);
        packed.iter().for_each(|(bucket, count)| self.add(bucket, count));
    }

    #[cold]
    fn carry(&mut self, bucket: usize, wraps: u64) {
        let carried = self.carries.entry(bucket).or_default();
        *carried = carried.saturating_add(wraps);
    }

    fn widen(&mut self, (shortest, longest): (u64, u64)) {
        let (min, max) = self.extremes;
        self.extremes = (min.min(shortest), max.max(longest));
    }

    /// How many durations were recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The duration that a share `quantile` (0 to 1) does not exceed; `None` when nothing was recorded.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let (min, max) = (!self.is_empty()).then_some(self.extremes)?;
        if quantile <= 0.0 {
            return self.min();
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the count")]
        let rank = ((quantile.min(1.0) * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0_u64;
        let reached = self.recorded().find(|(_, count)| {
            seen = seen.saturating_add(*count);
            seen >= rank
        });
        // A bucket's end may lie beyond the values in it. Of more than 2^53, the rank may be rounded beyond the last.
        let value = reached.map_or(max, |(bucket, _)| range(bucket, BITS).1.clamp(min, max));
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
        let part =
            |(bucket, count): (usize, u64)| middle(range(bucket, BITS)) * count as f64 / self.count as f64;
        let mean = self.recorded().map(part).sum::<f64>();
        Some(Duration::from_secs_f64(mean / 1e9).clamp(self.min()?, self.max()?))
    }

    /// How many durations are at most as long as this one, or in the same bucket.
    pub fn at_most(&self, duration: Duration) -> u64 {
        let last = bucket(nanoseconds(duration), BITS);
        let counts = self.recorded().take_while(|(bucket, _)| *bucket <= last).map(|(_, count)| count);
        counts.fold(0, u64::saturating_add)
    }

    /// The sum of all durations, in seconds.
    pub fn sum_seconds(&self) -> f64 {
        self.mean().map_or(0.0, |mean| mean.as_secs_f64() * self.count() as f64)
    }

    /// The buckets that hold something, from the shortest: (longest duration of the bucket, count).
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        self.recorded().map(|(bucket, count)| (Duration::from_nanos(range(bucket, BITS).1), count))
    }

    /// The buckets that hold something, from the shortest: (number, count).
    fn recorded(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let blocks = (0..).step_by(BLOCK).zip(&self.blocks);
        let counters = blocks.filter_map(|(first, block)| Some((first..).zip(block.as_deref()?))).flatten();
        // A counter may be 0 because it has wrapped.
        let wrapped = !self.carries.is_empty();
        let counters = counters.filter(move |(_, low)| **low > 0 || wrapped);
        let counts =
            counters.map(|(bucket, low)| (bucket, self.carried(bucket).saturating_add(u64::from(*low))));
        // One of the two has nothing.
        counts.filter(|(_, count)| *count > 0).chain(self.packed.iter())
    }

    fn carried(&self, bucket: usize) -> u64 {
        self.carries.get(&bucket).map_or(0, |wraps| wraps.saturating_mul(1 << u16::BITS))
    }

    /// The same for the library, which knows how to write it.
    fn to_library(&self) -> Histogram<u64> {
        let mut histogram = empty();
        for (bucket, count) in self.recorded() {
            let (low, _) = range(bucket, BITS);
            histogram.record_n(low, count).expect("the histogram grows to any 64-bit value");
        }
        histogram
    }

    /// What the library has read, with its extremes.
    fn of_library(histogram: &Histogram<u64>, extremes: Option<(u64, u64)>) -> Self {
        let recorded = histogram.iter_recorded();
        let counts = recorded.map(|one| (bucket(one.value_iterated_to(), BITS), one.count_at_value()));
        let mut latencies = Self { packed: Packed::of(counts), count: histogram.len(), ..Self::default() };
        extremes.into_iter().for_each(|extremes| latencies.widen(extremes));
        latencies
    }
}

/// The library's histogram, empty.
fn empty() -> Histogram<u64> {
    // A lower bound of 1 ns: a higher one would read values back coarser than the digits promise.
    let mut histogram = Histogram::new(DIGITS).expect("3 digits are within the library's range");
    histogram.auto(true);
    histogram
}

/// The number of a value's bucket, when `bits` bits behind its first one count.
#[expect(clippy::cast_possible_truncation, reason = "at most `bits + 1` bits of the value are left")]
pub(super) const fn bucket(value: u64, bits: u16) -> usize {
    let shift = (value | 1).ilog2().saturating_sub(bits as u32);
    ((shift as usize) << bits) + (value >> shift) as usize
}

/// The smallest and the largest value of a bucket.
pub(super) const fn range(bucket: usize, bits: u16) -> (u64, u64) {
    let shift = (bucket >> bits).saturating_sub(1);
    let low = ((bucket - (shift << bits)) as u64) << shift;
    (low, low + ((1 << shift) - 1))
}

/// Whole nanoseconds; a duration that does not fit in 64 bits (584 years) is the longest that does.
pub(super) fn nanoseconds(duration: Duration) -> u64 {
    let seconds = duration.as_secs().checked_mul(1_000_000_000);
    seconds.and_then(|whole| whole.checked_add(duration.subsec_nanos().into())).unwrap_or(u64::MAX)
}

/// [`Latencies`] in a document.
#[derive(Serialize, Deserialize)]
struct Document {
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
        Document { hdr: STANDARD.encode(bytes), min_nanoseconds, max_nanoseconds }.serialize(serializer)
    }
}

/// The first bytes of HdrHistogram's V2 format, deflated.
const DEFLATED: [u8; 4] = [0x1c, 0x84, 0x93, 0x14];

/// The length of the head of HdrHistogram's V2 format, whose second word is the length of the rest.
const HEAD: usize = 40;

/// HdrHistogram's V2 format, which is `deflated`. The library inflates without a limit, and takes as much memory as the head
/// asks for.
fn inflated(deflated: &[u8]) -> Result<Vec<u8>, String> {
    let wrong = "it is not in HdrHistogram's V2 format, deflated";
    let (head, zlib) = deflated.split_at_checked(8).ok_or(wrong)?;
    if !head.starts_with(&DEFLATED) {
        return Err(wrong.to_owned());
    }
    let bytes = inflate(zlib)?;
    let length =
        bytes.get(4..8).and_then(|word| word.try_into().ok()).map(u32::from_be_bytes).ok_or(wrong)?;
    if bytes.len().checked_sub(HEAD) != usize::try_from(length).ok() {
        return Err("its length is not the one that it names".to_owned());
    }
    Ok(bytes)
}

impl<'de> Deserialize<'de> for Latencies {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Document::deserialize(deserializer)?;
        let bytes = STANDARD.decode(document.hdr).map_err(serde::de::Error::custom)?;
        let bytes = inflated(&bytes).map_err(|reason| {
            serde::de::Error::custom(format!(
                "a histogram is damaged: {reason}; take the file from where it was written"
            ))
        })?;
        let histogram: Histogram<u64> =
            Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(serde::de::Error::custom)?;
        if histogram.sigfig() != DIGITS || histogram.low() != 1 {
            return Err(serde::de::Error::custom(
                "a histogram of another precision cannot be merged without loss",
            ));
        }
        if histogram.len() > MAX_COUNT {
            return Err(serde::de::Error::custom(
                "a histogram of more than a run can have counted is damaged",
            ));
        }
        let extremes = document.min_nanoseconds.zip(document.max_nanoseconds);
        // Both lie in the outermost buckets that hold something, and none is in the bucket of 0.
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
