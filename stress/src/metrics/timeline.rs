//! How a step went as time passed: a bounded number of intervals that grow wider as the run grows longer.
//!
//! Intervals lie on a grid from the run's origin and are as narrow as [`MOST`] of them allow, so that a timeline
//! depends on its samples alone: neither on their order nor on who recorded which of them.

mod packed;
mod responses;

use std::time::Duration;

use super::sketch::{Sketch, bucket_of};
use crate::sample::{Outcome, Sample};
use responses::{Responses, TELLING, make_room};

/// The most intervals that are kept; when a step takes longer, pairs of neighbours become one.
pub const MOST: usize = 600;

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
    /// How much.
    pub tally: Tally,
    /// The response times of successes, and as lower bounds those of timeouts and unfinished work, that ended in it.
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
    /// Steps that were given up in it, because the run's patience had ended.
    pub unfinished: u64,
    /// Bytes of request bodies of the last attempts of the steps that ended in it.
    pub bytes_sent: u64,
    /// Bytes of response bodies of the same.
    pub bytes_received: u64,
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
    /// The timeline of these intervals.
    fn restore(doublings: u32, first: u64, intervals: impl Iterator<Item = Interval>) -> Self {
        let mut timeline = Self { doublings, first, ..Self::default() };
        for Interval { tally, response } in intervals {
            timeline.tallies.push(tally);
            timeline.responses.push(&response);
        }
        timeline
    }

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

    /// Whether nothing was entered.
    pub fn is_empty(&self) -> bool {
        self.tallies.is_empty()
    }

    /// The same with intervals at least this wide, to lay it beside another.
    #[must_use]
    pub fn at_least(mut self, width: Duration) -> Self {
        while self.width() < width && !self.is_empty() {
            self.coarsen();
        }
        self
    }

    /// Enters how a step ended; skipped steps did not begin, and attempts after which a step goes on are no end.
    pub fn enter(&mut self, sample: &Sample) {
        let place = self.at(sample.exchange.timing.started);
        self.tallies[place].started += 1;
        let place = self.at(sample.exchange.timing.finished);
        let tally = &mut self.tallies[place];
        tally.bytes_sent += sample.exchange.bytes_sent;
        tally.bytes_received += sample.exchange.bytes_received;
        match &sample.outcome {
            Outcome::Stored(_) | Outcome::Read => tally.done += 1,
            Outcome::Unfinished => tally.unfinished += 1,
            Outcome::Failed(_) | Outcome::Retried(_) | Outcome::Skipped => tally.failed += 1,
        }
        let (response, bound) = (sample.exchange.timing.response(), sample.outcome.is_lower_bound());
        if bound {
            let least = tally.least_lower_bound.map_or(response, |least| least.min(response));
            tally.least_lower_bound = Some(least);
        }
        if bound || sample.outcome.is_success() {
            self.responses.record(place, bucket_of(response));
        }
    }

    /// Adds what `other` recorded, at the width that both together need.
    pub(super) fn merge(&mut self, mut other: Timeline) {
        self.responses.settle();
        other.responses.settle();
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
        self.tallies[offset..].iter_mut().zip(&other.tallies).for_each(|(ours, theirs)| ours.merge(theirs));
        self.responses.merge(&other.responses, offset);
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

    /// The place of an instant since the run's origin; intervals grow until there is room for it.
    fn at(&mut self, instant: Duration) -> usize {
        let place = (instant.as_secs() >> self.doublings).wrapping_sub(self.first);
        match usize::try_from(place) {
            Ok(place) if place < self.len() => place,
            _ => self.make_place(instant),
        }
    }

    #[cold]
    fn make_place(&mut self, instant: Duration) -> usize {
        if self.is_empty() {
            self.first = instant.as_secs() >> self.doublings;
            self.reach(self.first, 1);
        }
        let place = loop {
            let number = instant.as_secs() >> self.doublings;
            let last = (self.first + (self.len() as u64 - 1)).max(number);
            let first = self.first.min(number);
            match usize::try_from(last - first) {
                Ok(apart) if apart < MOST => {
                    self.reach(first, apart + 1);
                    break number - first;
                }
                _ => self.coarsen(),
            }
        };
        usize::try_from(place).expect("a place among the intervals")
    }

    /// Makes the intervals `needed` from `first` on, which are those that there are and perhaps more.
    fn reach(&mut self, first: u64, needed: usize) {
        if first < self.first {
            let earlier = usize::try_from(self.first - first).expect("fewer than are needed");
            self.tallies.splice(..0, std::iter::repeat_n(Tally::default(), earlier));
            self.responses.reach_back(earlier);
            self.first = first;
        }
        if needed > self.len() {
            if needed >= TELLING {
                make_room(&mut self.tallies, MOST, Tally::default());
            }
            self.tallies.resize(needed, Tally::default());
            self.responses.reach_out(needed);
        }
    }

    /// Makes the intervals twice as wide.
    fn coarsen(&mut self) {
        let odd = self.first % 2 == 1;
        self.responses.coarsen(odd);
        let mut wider = 0;
        for place in 0..self.len() {
            let tally = self.tallies[place];
            // The second half of the one before.
            if place > 0 && (self.first + place as u64) % 2 == 1 {
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
    /// Steps that ended in it, however they did.
    pub fn ended(&self) -> u64 {
        self.done + self.failed + self.unfinished
    }

    fn merge(&mut self, other: &Tally) {
        self.started += other.started;
        self.done += other.done;
        self.failed += other.failed;
        self.unfinished += other.unfinished;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        let bounds = [self.least_lower_bound, other.least_lower_bound];
        self.least_lower_bound = bounds.into_iter().flatten().min();
    }
}

#[cfg(test)]
mod tests;
