//! The response times of a timeline's intervals: buckets and their counts in LEB128, in memory as in documents. A long run
//! has hundreds of thousands of buckets, most of them with small counts: two bytes each.

use std::borrow::Cow;

use crate::metrics::{
    leb128::{read, write},
    sketch::Sketch,
};

/// The most intervals that a timeline has.
pub(super) const MAX_INTERVALS: usize = 600;

/// After this many intervals their mean size is a good estimate for the rest.
const TYPICAL: usize = 30;

/// How many samples are collected before they are encoded: the work for an interval is shared by thousands of them.
const PENDING: usize = 4096;

/// The response times of each interval.
#[derive(Debug, Clone, Default)]
pub(super) struct Responses {
    /// For each interval its buckets, ascending: the distance from the bucket before, and the count.
    encoded: Vec<u8>,
    /// How many of these bytes each interval has.
    lengths: Vec<u32>,
    /// Samples that are not yet encoded: (interval, bucket).
    pending: Vec<(u16, u16)>,
}

impl Responses {
    /// Records a response time in an interval that there is.
    pub(super) fn record(&mut self, interval: usize, bucket: u16) {
        if self.pending.len() == PENDING {
            self.encode_pending();
        }
        let interval = u16::try_from(interval).expect("fewer intervals than 16 bits count");
        self.pending.push((interval, bucket));
    }

    #[cold]
    fn encode_pending(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        // Stable: of samples that come in the order of time it only merges runs.
        pending.sort_by_key(|(interval, _)| *interval);
        for samples in pending.chunk_by(|(one, _), (next, _)| one == next) {
            let interval = usize::from(samples[0].0);
            let begin = self.lengths[..interval].iter().map(|&length| length as usize).sum::<usize>();
            let end = begin + self.lengths[interval] as usize;
            let mut sketch = decode(&self.encoded[begin..end]).expect("what was encoded");
            sketch.count_in(samples.iter().map(|(_, bucket)| *bucket));
            let bytes = encode(&sketch);
            self.lengths[interval] = length(&bytes);
            self.encoded.splice(begin..end, bytes);
        }
        pending.clear();
        self.pending = pending;
    }

    /// Those of each interval.
    pub(super) fn iter(&self) -> impl Iterator<Item = Sketch> + '_ {
        let mut all = Cow::Borrowed(self);
        if !self.pending.is_empty() {
            all.to_mut().encode_pending();
        }
        let (mut interval, mut begin) = (0, 0);
        std::iter::from_fn(move || {
            let end = begin + *all.lengths.get(interval)? as usize;
            let sketch = decode(&all.encoded[begin..end]);
            (interval, begin) = (interval + 1, end);
            sketch
        })
    }

    /// Puts this many empty intervals before all others.
    pub(super) fn prepend(&mut self, intervals: usize) {
        self.encode_pending();
        self.lengths.splice(..0, std::iter::repeat_n(0, intervals));
    }

    /// Extends it to this many intervals; the new ones are empty.
    pub(super) fn resize(&mut self, intervals: usize) {
        self.lengths.resize(intervals, 0);
    }

    /// Takes the memory for the most intervals as soon as it is known what that may be, so that it does not grow for as
    /// long as a run goes on: a quarter more than intervals take so far. Whether it did.
    pub(super) fn reserve(&mut self, needed: usize) -> bool {
        let known = self.lengths.len() < TYPICAL && needed >= TYPICAL;
        if known {
            self.encode_pending();
            let most = self.encoded.len() / TYPICAL * (MAX_INTERVALS + MAX_INTERVALS / 4);
            touch(&mut self.lengths, MAX_INTERVALS);
            touch(&mut self.encoded, most);
        }
        known
    }

    /// Gives back the memory that is only needed to record more.
    pub(super) fn shrink(&mut self) {
        self.encode_pending();
        self.pending = Vec::new();
        self.encoded.shrink_to_fit();
        self.lengths.shrink_to_fit();
    }

    /// Puts an interval behind all others.
    pub(super) fn push(&mut self, sketch: &Sketch) {
        let bytes = encode(sketch);
        self.lengths.push(length(&bytes));
        self.encoded.extend(bytes);
    }

    /// Adds those of `others`, the first of them at `offset` of these.
    pub(super) fn merge(&mut self, others: &Responses, offset: usize) {
        let mut sum = Responses::default();
        let mut theirs = others.iter();
        for (interval, mut sketch) in self.iter().enumerate() {
            if interval >= offset
                && let Some(other) = theirs.next()
            {
                sketch.merge(&other);
            }
            sum.push(&sketch);
        }
        *self = sum;
    }

    /// Makes one interval of every two, the first of which is alone when it is `odd`; in the same memory, since the sum of
    /// two never takes more bytes than both.
    pub(super) fn coarsen(&mut self, odd: bool) {
        self.encode_pending();
        let lengths = self.lengths.clone();
        self.lengths.clear();
        let (alone, pairs) = lengths.split_at(usize::from(odd).min(lengths.len()));
        let (mut from, mut to) = (0, 0);
        for pair in alone.chunks(1).chain(pairs.chunks(2)) {
            let mut sum = Sketch::default();
            for &length in pair {
                sum.merge(&decode(&self.encoded[from..from + length as usize]).expect("what was encoded"));
                from += length as usize;
            }
            let bytes = encode(&sum);
            self.encoded[to..to + bytes.len()].copy_from_slice(&bytes);
            to += bytes.len();
            self.lengths.push(length(&bytes));
        }
        self.encoded.truncate(to);
    }

    /// How many bytes it takes.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.encoded.capacity()
            + size_of::<u32>() * self.lengths.capacity()
            + size_of::<(u16, u16)>() * self.pending.capacity()
    }
}

/// Takes memory for `most` values from the system at once: reserved memory is only taken where it is written.
pub(super) fn touch<T: Clone + Default>(values: &mut Vec<T>, most: usize) {
    let used = values.len();
    if used < most {
        values.reserve_exact(most - used);
        values.resize(most, T::default());
        values.truncate(used);
    }
}

pub(super) fn encode(sketch: &Sketch) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 * sketch.raw().len());
    let mut before = 0;
    for &(bucket, count) in sketch.raw() {
        write(u64::from(bucket - before), &mut bytes);
        write(u64::from(count), &mut bytes);
        before = bucket;
    }
    bytes
}

/// `None` when the bytes make no buckets.
pub(super) fn decode(mut bytes: &[u8]) -> Option<Sketch> {
    let mut buckets = Vec::with_capacity(bytes.len() / 2);
    let mut before = 0_u16;
    while !bytes.is_empty() {
        before = before.checked_add(u16::try_from(read(&mut bytes)?).ok()?)?;
        buckets.push((before, u32::try_from(read(&mut bytes)?).ok()?));
    }
    Sketch::restore(buckets)
}

/// Of one interval: even if every bucket took its eight bytes, that were less than 32 bits count.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::sketch::BUCKETS;

    fn any_sketch() -> impl Strategy<Value = Sketch> {
        let count = prop_oneof![1_u32..40, 100_u32..20_000, Just(u32::MAX)];
        prop::collection::btree_map(0_u16..BUCKETS, count, 0..200)
            .prop_map(|buckets| Sketch::restore(buckets.into_iter().collect()).unwrap())
    }

    #[test]
    fn a_bucket_is_mostly_two_bytes() {
        let near = Sketch::restore(vec![(0, 1), (1, 15), (128, 127), (256, 128)]).unwrap();
        assert_eq!(encode(&near), [0, 1, 1, 15, 127, 127, 0x80, 0x01, 0x80, 0x01]);
    }

    #[test]
    fn bytes_that_make_no_buckets_are_refused() {
        let too_long = [0xff; 11];
        for wrong in [
            &[1][..],
            &[1, 0],
            &[1, 1, 0, 1],
            &[0xff, 0xff, 3, 1],
            &[1, 0xff, 0xff, 0xff, 0xff, 0x10],
            &too_long,
        ] {
            assert_eq!(decode(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back_and_a_sum_never_takes_more_than_its_parts(
            one in any_sketch(),
            other in any_sketch(),
        ) {
            prop_assert_eq!(decode(&encode(&one)), Some(one.clone()));
            let mut sum = one.clone();
            sum.merge(&other);
            prop_assert!(encode(&sum).len() <= encode(&one).len() + encode(&other).len());
            prop_assert_eq!(decode(&encode(&sum)), Some(sum));
        }
    }
}
