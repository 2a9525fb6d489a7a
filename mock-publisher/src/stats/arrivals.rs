//! When requests arrived: the last of them with their times, for whoever checks a client's schedule.

use super::lock;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Instant;

/// Arrivals remembered.
const REMEMBERED: usize = 65_536;

/// One request's arrival.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// Its number, from 0.
    pub n: u64,
    /// Its route, `METHOD /path/{pattern}`.
    pub route: String,
    /// When its head was there, in microseconds since the server was made.
    pub at_us: u64,
}

/// The last arrivals.
#[derive(Debug)]
pub(super) struct Arrivals {
    start: Instant,
    last: Mutex<(u64, VecDeque<Arrival>)>,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { start: Instant::now(), last: Mutex::default() }
    }
}

impl Arrivals {
    /// Remembers an arrival, and forgets the oldest if there are too many.
    pub(super) fn enter(&self, route: &str) {
        let route = route.to_owned();
        let mut last = lock(&self.last);
        // Taken under the lock, so that times grow with numbers.
        let at_us = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let n = last.0;
        last.0 += 1;
        if last.1.len() >= REMEMBERED {
            last.1.pop_front();
        }
        last.1.push_back(Arrival { n, route, at_us });
    }

    /// All that are remembered, the oldest first.
    pub(super) fn all(&self) -> Vec<Arrival> {
        lock(&self.last).1.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_and_times_grow() {
        let arrivals = Arrivals::default();
        for _ in 0..REMEMBERED + 3 {
            arrivals.enter("GET /status");
        }
        let all = arrivals.all();
        assert_eq!((all.len(), all[0].n, all[REMEMBERED - 1].n), (REMEMBERED, 3, REMEMBERED as u64 + 2));
        assert!(all.windows(2).all(|pair| pair[0].at_us <= pair[1].at_us));
    }
}
