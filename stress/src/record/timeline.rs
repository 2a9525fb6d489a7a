//! How a step went as time passed: a bounded number of intervals that grow wider as the run grows longer.
//!
//! Intervals lie on a grid from the run's origin and are as narrow as [`MOST`] of them allow, so that a timeline
//! depends on its samples alone: neither on their order nor on who recorded which of them.

mod packed;

use std::time::Duration;

use super::sketch::Sketch;
use crate::sample::{Outcome, Sample};

/// The most intervals that are kept; when a step takes longer, pairs of neighbours become one.
pub const MOST: usize = 600;

/// The course of one step. An interval is a power of two seconds wide, at least one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timeline {
    /// Intervals are 2 to this power seconds wide.
    doublings: u32,
    /// The first interval's number on the grid.
    first: u64,
    intervals: Vec<Interval>,
}

/// What happened in one interval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interval {
    /// Attempts that started in it.
    pub started: u64,
    /// Attempts that succeeded in it.
    pub done: u64,
    /// Attempts that failed in it.
    pub failed: u64,
    /// Attempts that were given up in it, because the run's patience had ended.
    pub unfinished: u64,
    /// Bytes of request bodies of the attempts that ended in it.
    pub bytes_sent: u64,
    /// Bytes of response bodies of the attempts that ended in it.
    pub bytes_received: u64,
    /// The response times of successes, and as lower bounds those of timeouts and unfinished work, that ended in it.
    pub response: Sketch,
    /// The smallest of these lower bounds: a quantile from here on is a lower bound too.
    pub least_lower_bound: Option<Duration>,
}

impl Timeline {
    /// How wide each interval is.
    pub fn width(&self) -> Duration {
        Duration::from_secs(1 << self.doublings)
    }

    /// The intervals from the first to the last in which something happened, each with its begin since the run's
    /// origin.
    pub fn intervals(&self) -> impl Iterator<Item = (Duration, &Interval)> {
        let begin = |number| Duration::from_secs(number << self.doublings);
        (self.first..).zip(&self.intervals).map(move |(number, interval)| (begin(number), interval))
    }

    /// Whether nothing was entered.
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }

    /// The same with intervals at least this wide, to lay it beside another.
    #[must_use]
    pub fn at_least(mut self, width: Duration) -> Self {
        while self.width() < width && !self.is_empty() {
            self.coarsen();
        }
        self
    }

    /// Enters an attempt; skipped steps were none.
    pub fn enter(&mut self, sample: &Sample) {
        self.at(sample.timing.started).started += 1;
        let interval = self.at(sample.timing.finished);
        interval.bytes_sent += sample.bytes_sent;
        interval.bytes_received += sample.bytes_received;
        match &sample.outcome {
            Outcome::Stored(_) | Outcome::Read => interval.done += 1,
            Outcome::Unfinished => interval.unfinished += 1,
            Outcome::Failed(_) | Outcome::Retried(_) | Outcome::Skipped => interval.failed += 1,
        }
        let (response, bound) = (sample.timing.response(), sample.outcome.is_lower_bound());
        if bound {
            let least = interval.least_lower_bound.map_or(response, |least| least.min(response));
            interval.least_lower_bound = Some(least);
        }
        if bound || sample.outcome.is_success() {
            interval.response.record(response);
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
        self.at(first);
        self.at(last);
        other = other.at_least(self.width());
        let offset =
            usize::try_from(other.first - self.first).expect("the other's first interval is among ours");
        self.intervals[offset..]
            .iter_mut()
            .zip(&other.intervals)
            .for_each(|(ours, theirs)| ours.merge(theirs));
    }

    /// The second in which the last interval begins.
    fn last(&self) -> Option<u64> {
        let behind = self.intervals.len().checked_sub(1)? as u64;
        Some((self.first + behind) << self.doublings)
    }

    /// The interval of an instant since the run's origin; intervals grow until there is room for it.
    fn at(&mut self, instant: Duration) -> &mut Interval {
        if self.is_empty() {
            self.first = instant.as_secs() >> self.doublings;
            self.intervals.push(Interval::default());
        }
        let place = loop {
            let number = instant.as_secs() >> self.doublings;
            let last = (self.first + (self.intervals.len() as u64 - 1)).max(number);
            let first = self.first.min(number);
            match usize::try_from(last - first) {
                Ok(apart) if apart < MOST => {
                    self.reach(first, apart + 1);
                    break number - first;
                }
                _ => self.coarsen(),
            }
        };
        &mut self.intervals[usize::try_from(place).expect("a place among the intervals")]
    }

    /// Makes the intervals `needed` from `first` on, which are those that there are and perhaps more.
    fn reach(&mut self, first: u64, needed: usize) {
        if first < self.first {
            let earlier = usize::try_from(self.first - first).expect("fewer than are needed");
            self.intervals.splice(..0, std::iter::repeat_n(Interval::default(), earlier));
            self.first = first;
        }
        if needed > self.intervals.len() {
            // Little will still come into the one before the last: it gives back the room that it grew into.
            if let [.., before, _] = self.intervals.as_mut_slice() {
                before.response.trim();
            }
            self.intervals.resize_with(needed, Interval::default);
        }
    }

    /// Makes the intervals twice as wide.
    fn coarsen(&mut self) {
        let mut wider: Vec<Interval> = Vec::with_capacity(self.intervals.len() / 2 + 1);
        let first = self.first / 2;
        for (number, interval) in (self.first..).zip(std::mem::take(&mut self.intervals)) {
            match wider.last_mut() {
                // The second half of the one before.
                Some(before) if number % 2 == 1 => before.merge(&interval),
                _ => wider.push(interval),
            }
        }
        *self = Self { doublings: self.doublings + 1, first, intervals: wider };
    }
}

impl Interval {
    /// Attempts that ended in it, however they did.
    pub fn ended(&self) -> u64 {
        self.done + self.failed + self.unfinished
    }

    /// Adds what `other` counted.
    pub fn merge(&mut self, other: &Interval) {
        self.started += other.started;
        self.done += other.done;
        self.failed += other.failed;
        self.unfinished += other.unfinished;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.response.merge(&other.response);
        let bounds = [self.least_lower_bound, other.least_lower_bound];
        self.least_lower_bound = bounds.into_iter().flatten().min();
    }
}

#[cfg(test)]
mod tests;
