//! How a step went as time passed: a bounded number of intervals that grow wider as the run grows longer.
//!
//! Intervals lie on a grid from the run's origin and are as narrow as `MAX_INTERVALS` of them allow, so that a timeline
//! depends on its samples alone: neither on their order nor on who recorded which of them.

mod responses;

use std::{io::Write, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::ZlibEncoder};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::{
    count::{MAX_COUNT, add},
    histogram::nanoseconds,
    inflate::inflate,
    leb128::{read, write},
    sketch::{Sketch, bucket_of},
};
use crate::sample::{Outcome, Sample};
use responses::{MAX_INTERVALS, Responses, decode, encode, touch};

/// The course of one step. An interval is a power of two seconds wide, at least one.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// Intervals are 2 to this power seconds wide.
    doublings: u32,
    /// The first interval's number on the grid.
    first: u64,
    tallies: Vec<Tally>,
    /// As many intervals as there are tallies.
    responses: Responses,
}

/// What happened in one interval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interval {
    /// Its counts.
    pub tally: Tally,
    /// The response times of successes, and as lower bounds those of timeouts and unfinished steps, that ended in it.
    pub response: Sketch,
}

/// What was counted in one interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Steps whose last attempt started in it.
    pub started: u64,
    /// Steps that succeeded in it.
    pub done: u64,
    /// Steps that failed for good in it.
    pub failed: u64,
    /// Steps that were given up in it, because the grace period had ended.
    pub unfinished: u64,
    /// Bytes of request bodies of the last attempts of the steps that ended in it.
    pub bytes_sent: u64,
    /// Bytes of response bodies of the same.
    pub bytes_received: u64,
    /// Bytes of the blobs of successes.
    pub bytes_done: u64,
    /// The smallest of the lower bounds among the response times: a quantile from here on is a lower bound too.
    pub least_lower_bound: Option<Duration>,
}

impl PartialEq for Timeline {
    fn eq(&self, other: &Self) -> bool {
        let of = |timeline: &Self| (timeline.doublings, timeline.first);
        of(self) == of(other) && self.intervals().eq(other.intervals())
    }
}

impl Timeline {
    /// How wide each interval is.
    pub fn width(&self) -> Duration {
        Duration::from_secs(1 << self.doublings)
    }

    /// The intervals from the first to the last in which something happened, each with its begin since the run's
    /// origin.
    pub fn intervals(&self) -> impl Iterator<Item = (Duration, Interval)> + '_ {
        let begin = |number| Duration::from_secs(number << self.doublings);
        let intervals = self.tallies.iter().zip(self.responses.iter());
        let interval = |(tally, response): (&Tally, Sketch)| Interval { tally: *tally, response };
        (self.first..).zip(intervals).map(move |(number, parts)| (begin(number), interval(parts)))
    }

    /// What was counted in each interval.
    pub fn tallies(&self) -> &[Tally] {
        &self.tallies
    }

    /// How many intervals there are.
    pub fn len(&self) -> usize {
        self.tallies.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.tallies.is_empty()
    }

    /// The same with intervals at least this wide, to compare it with another.
    #[must_use]
    pub fn at_least(mut self, width: Duration) -> Self {
        while self.width() < width && !self.is_empty() {
            self.coarsen();
        }
        self
    }

    /// Records how a step ended; not for skipped steps, which did not begin, nor for attempts that are followed by another.
    pub fn record(&mut self, sample: &Sample) {
        let exchange = &sample.exchange;
        let started = self.position(exchange.timing.started);
        self.tallies[started].started += 1;
        let finished = self.position(exchange.timing.finished);
        let tally = &mut self.tallies[finished];
        tally.bytes_sent += exchange.bytes_sent;
        tally.bytes_received += exchange.bytes_received;
        match &sample.outcome {
            Outcome::Stored(_) | Outcome::Read => {
                tally.done += 1;
                tally.bytes_done += sample.size;
            }
            Outcome::NotFound(_) => tally.done += 1,
            Outcome::Unfinished => tally.unfinished += 1,
            Outcome::Failed(_) | Outcome::Retried(_) | Outcome::Skipped => tally.failed += 1,
        }
        let (response, bound) = (exchange.timing.response(), sample.outcome.is_lower_bound());
        if bound {
            let least = tally.least_lower_bound.map_or(response, |least| least.min(response));
            tally.least_lower_bound = Some(least);
        }
        if bound || sample.outcome.is_success() {
            self.responses.record(finished, bucket_of(response));
        }
    }

    /// Adds what `other` recorded, at the width that both together need.
    pub(super) fn merge(&mut self, mut other: Timeline) {
        let Some(last) = other.last() else { return };
        if self.is_empty() {
            *self = other;
            return;
        }
        let (first, last) = (Duration::from_secs(other.first << other.doublings), Duration::from_secs(last));
        let width = self.width().max(other.width());
        *self = std::mem::take(self).at_least(width);
        self.position(first);
        self.position(last);
        other = other.at_least(self.width());
        let offset =
            usize::try_from(other.first - self.first).expect("the other's first interval is among ours");
        self.tallies[offset..].iter_mut().zip(&other.tallies).for_each(|(ours, theirs)| ours.merge(theirs));
        self.responses.merge(&other.responses, offset);
    }

    /// Gives back the memory that is only needed to record more.
    pub(super) fn shrink(&mut self) {
        self.tallies.shrink_to_fit();
        self.responses.shrink();
    }

    /// How many bytes it takes.
    #[cfg(test)]
    fn size(&self) -> usize {
        size_of::<Self>() + size_of::<Tally>() * self.tallies.capacity() + self.responses.size()
    }

    /// The second in which the last interval begins.
    fn last(&self) -> Option<u64> {
        let behind = self.len().checked_sub(1)? as u64;
        Some((self.first + behind) << self.doublings)
    }

    /// The position of the interval of an instant since the run's origin; intervals are added or widened as it needs.
    fn position(&mut self, instant: Duration) -> usize {
        let position = (instant.as_secs() >> self.doublings).wrapping_sub(self.first);
        match usize::try_from(position) {
            Ok(position) if position < self.len() => position,
            _ => self.extend_to(instant),
        }
    }

    #[cold]
    fn extend_to(&mut self, instant: Duration) -> usize {
        if self.is_empty() {
            self.first = instant.as_secs() >> self.doublings;
            self.resize(self.first, 1);
        }
        let position = loop {
            let number = instant.as_secs() >> self.doublings;
            let last = (self.first + (self.len() as u64 - 1)).max(number);
            let first = self.first.min(number);
            match usize::try_from(last - first) {
                Ok(apart) if apart < MAX_INTERVALS => {
                    self.resize(first, apart + 1);
                    break number - first;
                }
                _ => self.coarsen(),
            }
        };
        usize::try_from(position).expect("a position among the intervals")
    }

    /// Makes the intervals `needed` from `first` on, which are those that there are and perhaps more.
    fn resize(&mut self, first: u64, needed: usize) {
        if first < self.first {
            let earlier = usize::try_from(self.first - first).expect("fewer than are needed");
            self.tallies.splice(..0, std::iter::repeat_n(Tally::default(), earlier));
            self.responses.prepend(earlier);
            self.first = first;
        }
        if needed > self.len() {
            if self.responses.reserve(needed) {
                touch(&mut self.tallies, MAX_INTERVALS);
            }
            self.tallies.resize(needed, Tally::default());
            self.responses.resize(needed);
        }
    }

    /// Makes the intervals twice as wide.
    fn coarsen(&mut self) {
        let odd = self.first % 2 == 1;
        self.responses.coarsen(odd);
        let mut wider = 0;
        for position in 0..self.len() {
            let tally = self.tallies[position];
            // The second half of the one before.
            if position > 0 && (self.first + position as u64) % 2 == 1 {
                self.tallies[wider - 1].merge(&tally);
            } else {
                self.tallies[wider] = tally;
                wider += 1;
            }
        }
        self.tallies.truncate(wider);
        self.doublings += 1;
        self.first /= 2;
    }
}

impl Tally {
    /// Steps that ended in it, in any way.
    pub fn ended(&self) -> u64 {
        self.done + self.failed + self.unfinished
    }

    fn merge(&mut self, other: &Tally) {
        for (ours, theirs) in [
            (&mut self.started, other.started),
            (&mut self.done, other.done),
            (&mut self.failed, other.failed),
            (&mut self.unfinished, other.unfinished),
            (&mut self.bytes_sent, other.bytes_sent),
            (&mut self.bytes_received, other.bytes_received),
            (&mut self.bytes_done, other.bytes_done),
        ] {
            add(ours, theirs);
        }
        let bounds = [self.least_lower_bound, other.least_lower_bound];
        self.least_lower_bound = bounds.into_iter().flatten().min();
    }
}

/// [`Timeline`] in a document: thousands of small numbers, packed so that an hour stays a fraction of a megabyte.
#[derive(Serialize, Deserialize)]
struct Document {
    interval_seconds: u64,
    /// The first interval begins this many interval widths after the run's origin.
    first_interval: u64,
    intervals: usize,
    /// Base64 of zlib of numbers in LEB128. For each interval: started, done, failed, unfinished, bytes sent, bytes received,
    /// bytes of the blobs of successes, the least lower bound in nanoseconds + 1 (0 when there is none), and the number of bytes of the response times that
    /// follow: for each bucket the distance from the one before and its count.
    packed: String,
}

impl Serialize for Timeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut numbers = Vec::new();
        self.intervals().for_each(|(_, interval)| pack(&interval, &mut numbers));
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&numbers).map_err(ser::Error::custom)?;
        let packed = STANDARD.encode(packer.finish().map_err(ser::Error::custom)?);
        let (interval_seconds, intervals) = (self.width().as_secs(), self.len());
        Document { interval_seconds, first_interval: self.first, intervals, packed }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timeline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        unpack(Document::deserialize(deserializer)?).map_err(|reason| {
            de::Error::custom(format!(
                "a timeline is damaged: {reason}; take the file from where it was written"
            ))
        })
    }
}

fn unpack(document: Document) -> Result<Timeline, String> {
    let Document { interval_seconds, first_interval: first, intervals, packed } = document;
    if !interval_seconds.is_power_of_two() || intervals > MAX_INTERVALS {
        return Err(format!("{intervals} intervals of {interval_seconds} s are not what a run records"));
    }
    let end = first.checked_add(MAX_INTERVALS as u64).and_then(|end| end.checked_mul(interval_seconds));
    end.ok_or("it begins after the end of time")?;
    let bytes = STANDARD.decode(packed).map_err(|error| error.to_string())?;
    let numbers = inflate(&bytes)?;
    let mut numbers = numbers.as_slice();
    let mut timeline = Timeline { doublings: interval_seconds.ilog2(), first, ..Timeline::default() };
    for _ in 0..intervals {
        let Interval { tally, response } = interval(&mut numbers).ok_or("its numbers make no intervals")?;
        timeline.tallies.push(tally);
        timeline.responses.push(&response);
    }
    if numbers.is_empty() { Ok(timeline) } else { Err(format!("{} bytes are left over", numbers.len())) }
}

fn pack(interval: &Interval, out: &mut Vec<u8>) {
    let Tally {
        started,
        done,
        failed,
        unfinished,
        bytes_sent,
        bytes_received,
        bytes_done,
        least_lower_bound,
    } = interval.tally;
    let bound = least_lower_bound.map_or(0, |least| nanoseconds(least).saturating_add(1));
    let response = encode(&interval.response);
    let length = response.len() as u64;
    let numbers = [started, done, failed, unfinished, bytes_sent, bytes_received, bytes_done, bound, length];
    numbers.into_iter().for_each(|number| write(number, out));
    out.extend(response);
}

/// Takes the next interval; `None` when the numbers make none.
fn interval(numbers: &mut &[u8]) -> Option<Interval> {
    let mut next = || read(numbers);
    let [started, done, failed, unfinished] = [next()?, next()?, next()?, next()?];
    let [bytes_sent, bytes_received, bytes_done] = [next()?, next()?, next()?];
    let [bound, length] = [next()?, next()?];
    let counts = [started, done, failed, unfinished, bytes_sent, bytes_received, bytes_done];
    if counts.into_iter().any(|count| count > MAX_COUNT) {
        return None;
    }
    let (response, rest) = numbers.split_at_checked(usize::try_from(length).ok()?)?;
    *numbers = rest;
    let least_lower_bound = bound.checked_sub(1).map(Duration::from_nanos);
    let tally = Tally {
        started,
        done,
        failed,
        unfinished,
        bytes_sent,
        bytes_received,
        bytes_done,
        least_lower_bound,
    };
    Some(Interval { tally, response: decode(response)? })
}

#[cfg(test)]
mod tests;
