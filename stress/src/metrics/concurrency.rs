//! How many uploads were in flight at once, and how many when the server first refused one because it was at its limit.

use std::time::Duration;

use serde::Serialize;

use crate::sample::{FailureClass, Outcome, Sample};

/// The most uploads that are kept: 32 MiB.
const MOST: usize = 1 << 20;

/// The uploads of one step of a search: when each started and finished.
#[derive(Debug, Default)]
pub struct ConcurrencyTracker {
    uploads: Vec<(Duration, Duration)>,
    first_shed: Option<Duration>,
    overflowed: bool,
}

/// The numbers of uploads in flight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// The most uploads in flight at once; `None` when nothing was uploaded, or more than is kept.
    #[serde(rename = "most_uploads_in_flight")]
    pub most: Option<u64>,
    /// The uploads in flight at the first refusal, that one included; `None` without a refusal.
    #[serde(rename = "uploads_at_first_shed")]
    pub at_first_shed: Option<u64>,
}

impl ConcurrencyTracker {
    /// Records one sample.
    pub fn record(&mut self, sample: &Sample) {
        if !sample.step.stores() || sample.outcome == Outcome::Skipped {
            return;
        }
        let (started, finished) = (sample.exchange.timing.started, sample.exchange.timing.finished);
        if let Outcome::Failed(failure) | Outcome::Retried(failure) = &sample.outcome
            && failure.class == FailureClass::Shed
        {
            self.first_shed = Some(self.first_shed.map_or(finished, |first| first.min(finished)));
        }
        if self.uploads.len() < MOST {
            self.uploads.push((started, finished));
        } else {
            self.overflowed = true;
        }
    }

    /// The numbers so far.
    pub fn read(&self) -> Reading {
        if self.overflowed {
            return Reading::default();
        }
        let in_flight = |at: Duration| {
            self.uploads.iter().filter(|(started, finished)| *started <= at && *finished >= at).count() as u64
        };
        Reading { most: self.most(), at_first_shed: self.first_shed.map(in_flight) }
    }

    fn most(&self) -> Option<u64> {
        let mut changes: Vec<_> =
            self.uploads.iter().flat_map(|&(started, finished)| [(started, 1), (finished, -1)]).collect();
        // At the same instant, an end comes before a start: the two were not in flight together.
        changes.sort_unstable();
        let (mut now, mut most) = (0_i64, 0_i64);
        for (_, change) in changes {
            now += change;
            most = most.max(now);
        }
        u64::try_from(most).ok().filter(|_| !self.uploads.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::journey::Step;
    use crate::sample::{ExchangeRecord, Failure, Novelty, Timing};

    fn sample(step: Step, started: u64, finished: u64, outcome: Outcome) -> Sample {
        let [started, finished] = [started, finished].map(Duration::from_millis);
        Sample {
            phase: 0,
            index: 0,
            step,
            attempt: 1,
            delay: None,
            novelty: Novelty::Fresh,
            target: 0,
            blob_id: None,
            size: 1,
            exchange: ExchangeRecord {
                timing: Timing { due: started, started, finished, ..Timing::default() },
                ..ExchangeRecord::default()
            },
            outcome,
        }
    }

    fn shed() -> Outcome {
        Outcome::Failed(Failure::new(FailureClass::Shed, "full"))
    }

    #[test]
    fn the_refused_upload_counts_as_in_flight() {
        let mut concurrency = ConcurrencyTracker::default();
        for started in 0..17 {
            concurrency.record(&sample(Step::Upload, started, 500, Outcome::Unfinished));
        }
        assert_eq!(concurrency.read(), Reading { most: Some(17), at_first_shed: None });
        concurrency.record(&sample(Step::Upload, 20, 21, shed()));
        concurrency.record(&sample(Step::Upload, 600, 601, shed()));
        assert_eq!(concurrency.read(), Reading { most: Some(18), at_first_shed: Some(18) });
    }

    #[test]
    fn only_uploads_count_and_one_that_ends_is_no_longer_in_flight() {
        let mut concurrency = ConcurrencyTracker::default();
        concurrency.record(&sample(Step::FIRST, 0, 9, shed()));
        assert_eq!(concurrency.read(), Reading::default());
        for started in 0..5 {
            concurrency.record(&sample(Step::Upload, started, started + 1, Outcome::Unfinished));
        }
        assert_eq!(concurrency.read().most, Some(1));
    }
}
