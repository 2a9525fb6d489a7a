//! The response times of a timeline's intervals in one piece of memory, a byte for most buckets: a soak run has
//! hundreds of thousands of them.
//!
//! Where samples come in now they are counted in place; what is over is packed, one interval behind the other. A
//! bucket is a byte: how many empty ones lie before it in the high half, its count less one in the low half; where a
//! half has no room, it is 15 and the rest follows in LEB128.

use super::{
    MOST,
    packed::{read, write},
};
use crate::metrics::sketch::{BUCKETS, Sketch};

/// What half a byte holds at most.
const HALF: u32 = 15;

/// So many latecomers are kept before they are packed with the others of their intervals.
const LATE: usize = 256;

/// After so many intervals it is known what as many as there may be will take.
pub(super) const TELLING: usize = 30;

/// The response times of each interval; which of them came first makes no difference to what is read.
#[derive(Debug, Clone, Default)]
pub(super) struct Responses {
    packed: Vec<u8>,
    /// How many of these bytes each interval has.
    lengths: Vec<u32>,
    /// The interval that samples come into, if any.
    opened: Option<usize>,
    open: Open,
    /// Samples of earlier intervals, each with its bucket.
    late: Vec<(usize, u16)>,
    /// Whether there is room for as many intervals as there may be.
    roomy: bool,
}

/// A count for each bucket.
#[derive(Debug, Clone, Default)]
struct Open {
    /// Nothing, or all of them.
    counts: Vec<u32>,
    /// Those that hold something lie from here …
    low: u16,
    /// … to before here.
    end: u16,
}

impl Responses {
    /// Enters a response time into an interval that there is.
    pub(super) fn record(&mut self, place: usize, bucket: u16) {
        if self.opened != Some(place) && !self.turn(place, bucket) {
            return;
        }
        self.open.add(bucket);
    }

    /// Turns to another interval; false when it is an earlier one, and the sample is kept for later.
    #[cold]
    fn turn(&mut self, place: usize, bucket: u16) -> bool {
        if self.opened.is_some_and(|opened| place < opened) {
            self.late.push((place, bucket));
            if self.late.len() >= LATE {
                self.pack_late();
            }
            return false;
        }
        self.pack_open();
        self.opened = Some(place);
        true
    }

    /// Packs everything.
    pub(super) fn settle(&mut self) {
        self.pack_open();
        self.pack_late();
        (self.opened, self.open, self.late) = (None, Open::default(), Vec::new());
    }

    fn pack_open(&mut self) {
        let Some(place) = self.opened else { return };
        let buckets = self.open.take();
        self.absorb(place, buckets);
        if place + 1 >= TELLING && !self.roomy {
            self.roomy = true;
            // So that memory grows no more, it is taken at once, and a quarter more than it seems.
            let most = self.packed.len() / (place + 1) * (MOST + MOST / 4);
            make_room(&mut self.packed, most, 0);
        }
    }

    fn pack_late(&mut self) {
        let mut late = std::mem::take(&mut self.late);
        late.sort_unstable();
        for samples in late.chunk_by(|(one, _), (next, _)| one == next) {
            let same = samples.chunk_by(|one, next| one == next);
            let count = |same: &[(usize, u16)]| (same[0].1, u32::try_from(same.len()).unwrap_or(u32::MAX));
            self.absorb(samples[0].0, same.map(count).collect());
        }
        late.clear();
        self.late = late;
    }

    /// Packs these buckets with those that the interval has.
    fn absorb(&mut self, place: usize, buckets: Vec<(u16, u32)>) {
        if buckets.is_empty() {
            return;
        }
        let begin: usize = self.lengths[..place].iter().map(|&length| length as usize).sum();
        let end = begin + self.lengths[place] as usize;
        let mut sketch = unpack(&self.packed[begin..end]);
        sketch.merge(&Sketch::ascending(buckets));
        let bytes = pack(&sketch);
        self.lengths[place] = length(&bytes);
        self.packed.splice(begin..end, bytes);
    }

    /// Those of each interval.
    pub(super) fn iter(&self) -> impl Iterator<Item = Sketch> + '_ {
        let mut begin = 0;
        self.lengths.iter().enumerate().map(move |(place, &length)| {
            let end = begin + length as usize;
            let mut sketch = unpack(&self.packed[begin..end]);
            begin = end;
            if self.opened == Some(place) {
                self.open.iter().for_each(|(bucket, count)| sketch.add(bucket, count));
            }
            let late = self.late.iter().filter(|(of, _)| *of == place);
            late.for_each(|&(_, bucket)| sketch.add(bucket, 1));
            sketch
        })
    }

    /// Puts so many intervals before all others.
    pub(super) fn reach_back(&mut self, earlier: usize) {
        self.settle();
        self.lengths.splice(..0, std::iter::repeat_n(0, earlier));
    }

    /// Makes it so many intervals, of which the last ones are new.
    pub(super) fn reach_out(&mut self, intervals: usize) {
        if intervals >= TELLING {
            make_room(&mut self.lengths, MOST, 0);
        }
        self.lengths.resize(intervals, 0);
    }

    /// Puts an interval behind all others.
    pub(super) fn push(&mut self, sketch: &Sketch) {
        let bytes = pack(sketch);
        self.lengths.push(length(&bytes));
        self.packed.extend(bytes);
    }

    /// Adds those of `others`, which has as many intervals, the first of them at `offset` of these.
    pub(super) fn merge(&mut self, others: &Responses, offset: usize) {
        let mut sum = Responses::default();
        let mut theirs = others.iter();
        for (place, mut sketch) in self.iter().enumerate() {
            if place >= offset
                && let Some(other) = theirs.next()
            {
                sketch.merge(&other);
            }
            sum.push(&sketch);
        }
        *self = sum;
    }

    /// Makes one interval of every two, the first of which is alone when it is `odd`; without other memory, since two
    /// never take less than their sum.
    pub(super) fn coarsen(&mut self, odd: bool) {
        self.settle();
        let lengths = self.lengths.clone();
        self.lengths.clear();
        let (alone, pairs) = lengths.split_at(usize::from(odd).min(lengths.len()));
        let (mut from, mut to) = (0, 0);
        for pair in alone.chunks(1).chain(pairs.chunks(2)) {
            let mut sum = Sketch::default();
            for &length in pair {
                sum.merge(&unpack(&self.packed[from..from + length as usize]));
                from += length as usize;
            }
            let bytes = pack(&sum);
            self.packed[to..to + bytes.len()].copy_from_slice(&bytes);
            to += bytes.len();
            self.lengths.push(length(&bytes));
        }
        self.packed.truncate(to);
    }

    /// How many bytes it takes.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.packed.capacity()
            + size_of::<u32>() * (self.lengths.capacity() + self.open.counts.capacity())
            + size_of::<(usize, u16)>() * self.late.capacity()
    }
}

impl Open {
    fn add(&mut self, bucket: u16) {
        if self.counts.is_empty() {
            self.counts.resize(usize::from(BUCKETS), 0);
        }
        let count = &mut self.counts[usize::from(bucket)];
        *count = count.saturating_add(1);
        self.low = if self.end == 0 { bucket } else { self.low.min(bucket) };
        self.end = self.end.max(bucket + 1);
    }

    fn iter(&self) -> impl Iterator<Item = (u16, u32)> + '_ {
        let counts = self.counts.get(usize::from(self.low)..usize::from(self.end)).unwrap_or_default();
        (self.low..).zip(counts.iter().copied()).filter(|(_, count)| *count > 0)
    }

    fn take(&mut self) -> Vec<(u16, u32)> {
        let buckets = self.iter().collect();
        if let Some(counts) = self.counts.get_mut(usize::from(self.low)..usize::from(self.end)) {
            counts.fill(0);
        }
        (self.low, self.end) = (0, 0);
        buckets
    }
}

/// Takes memory for so many from the system, rather than promise it.
pub(super) fn make_room<T: Clone>(values: &mut Vec<T>, most: usize, filler: T) {
    let used = values.len();
    if used < most {
        values.reserve_exact(most - used);
        values.resize(most, filler);
        values.truncate(used);
    }
}

fn pack(sketch: &Sketch) -> Vec<u8> {
    let buckets = sketch.raw();
    let mut bytes = Vec::with_capacity(buckets.len() + buckets.len() / 8);
    let mut next = 0;
    for &(bucket, count) in buckets {
        let (empty, more) = (u32::from(bucket - next), count - 1);
        next = bucket + 1;
        let unmatched_pairs = (empty.min(HALF) << 4) | more.min(HALF);
        bytes.extend(u8::try_from(unmatched_pairs));
        for half in [empty, more] {
            if let Some(rest) = half.checked_sub(HALF) {
                write(u64::from(rest), &mut bytes);
            }
        }
    }
    bytes
}

fn unpack(bytes: &[u8]) -> Sketch {
    let mut bytes = bytes.iter().copied();
    let mut buckets = Vec::with_capacity(bytes.len());
    let mut next = 0;
    while let Some(unmatched_pairs) = bytes.next() {
        let mut whole = |half: u8| match u32::from(half) {
            HALF => HALF.saturating_add(read(&mut bytes).and_then(|rest| rest.try_into().ok()).unwrap_or(0)),
            half => half,
        };
        let (empty, more) = (whole(unmatched_pairs >> 4), whole(unmatched_pairs & 0xf));
        let bucket = next + u16::try_from(empty).unwrap_or(0);
        buckets.push((bucket, more.saturating_add(1)));
        next = bucket + 1;
    }
    Sketch::ascending(buckets)
}

/// Of one interval: even if every bucket took its ten bytes, that were less than 32 bits count.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch(buckets: &[(u16, u32)]) -> Sketch {
        let mut sketch = Sketch::default();
        buckets.iter().for_each(|&(bucket, count)| sketch.add(bucket, count));
        sketch
    }

    fn any_sketch() -> impl Strategy<Value = Sketch> {
        let count = prop_oneof![1_u32..40, 100_u32..20_000, Just(u32::MAX)];
        prop::collection::vec((0_u16..BUCKETS, count), 0..200).prop_map(|buckets| sketch(&buckets))
    }

    #[test]
    fn a_bucket_is_mostly_a_byte() {
        let near = sketch(&[(0, 1), (1, 15), (16, 2), (17, 16)]);
        assert_eq!(pack(&near), [0x00, 0x0e, 0xe1, 0x0f, 0x00]);
        let far = sketch(&[(7_423, u32::MAX)]);
        assert_eq!(pack(&far), [0xff, 0xf0, 0x39, 0xef, 0xff, 0xff, 0xff, 0x0f]);
    }

    proptest! {
        #[test]
        fn what_is_packed_is_read_back_and_two_never_take_less_than_their_sum(
            one in any_sketch(),
            other in any_sketch(),
        ) {
            prop_assert_eq!(&unpack(&pack(&one)), &one);
            let mut sum = one.clone();
            sum.merge(&other);
            prop_assert!(pack(&sum).len() <= pack(&one).len() + pack(&other).len());
            prop_assert_eq!(unpack(&pack(&sum)), sum);
        }
    }
}
