//! When an upload has left this machine: the kernel accepts a whole blob at once, long before a slow link has carried it.
//!
//! After the last write the kernel is asked how much the peer has not acknowledged. Where that is next to nothing, as on a fast
//! link, that one call is all. Otherwise it is asked again after half of the time that the rest seems to take.

use std::{
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep};

use crate::sample::Clock;

/// The shortest pause between two readings: about the resolution of the runtime's timer.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// The longest pause, as a part of the time since sending began: it bounds the relative error.
const LONGEST_PAUSE: u32 = 8;

/// What is left to be acknowledged of a request that was written whole.
#[derive(Debug)]
pub(super) struct Drain {
    /// When its sending began, since the run's origin.
    began: Duration,
    /// At most so many unacknowledged bytes count as none: the last acknowledgement may be delayed.
    rest: u64,
    /// The latest reading: when, and how many bytes were unacknowledged.
    read_at: Duration,
    queued: u64,
    /// Bytes acknowledged per second before the latest reading.
    rate: f64,
}

/// What to do after a reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Next {
    /// The request has left.
    Left,
    /// Read again after this time.
    ReadAfter(Duration),
}

impl Drain {
    /// Of a request of `size` bytes to `peer`, whose sending began at `began` since the run's origin. Nothing is acknowledged
    /// until the first reading.
    pub(super) fn new(began: Duration, size: u64, peer: IpAddr) -> Self {
        // Two segments; loopback's are as large as an IP packet can be.
        let rest = 2 * if peer.is_loopback() { 65_483 } else { 1_448 };
        Self { began, rest, read_at: began, queued: size, rate: 0.0 }
    }

    /// Takes a reading.
    pub(super) fn read(&mut self, at: Duration, queued: u64) -> Next {
        if queued <= self.rest {
            return Next::Left;
        }
        let passed = at.saturating_sub(self.read_at).as_secs_f64();
        self.rate = if passed > 0.0 { self.queued.saturating_sub(queued) as f64 / passed } else { 0.0 };
        (self.read_at, self.queued) = (at, queued);
        let longest = (at.saturating_sub(self.began) / LONGEST_PAUSE).max(SHORTEST_PAUSE);
        let half = self.rest_takes().map_or(longest, |rest| rest / 2);
        Next::ReadAfter(half.clamp(SHORTEST_PAUSE, longest))
    }

    /// When it had left if a response arrived at `first_byte`: by then, and not later than the latest rate predicts.
    pub(super) fn left_by(&self, first_byte: Duration) -> Duration {
        let predicted = self.rest_takes().map(|rest| self.read_at.saturating_add(rest));
        predicted.map_or(first_byte, |predicted| predicted.min(first_byte))
    }

    /// How long the rest takes at the latest rate; `None` while nothing moves.
    fn rest_takes(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.queued as f64 / self.rate).ok()
    }
}

/// The timer of the readings.
#[derive(Debug)]
pub(super) struct Draining {
    pub(super) drain: Drain,
    timer: Pin<Box<Sleep>>,
}

impl Draining {
    /// The next reading comes after `pause`.
    pub(super) fn new(drain: Drain, pause: Duration) -> Self {
        Self { drain, timer: Box::pin(sleep(pause)) }
    }

    /// Ready with the time, since the run's origin, of the reading that found the request gone; also when it cannot be read.
    pub(super) fn poll_left(
        &mut self,
        cx: &mut Context<'_>,
        clock: Clock,
        unacknowledged: impl Fn() -> Option<u64>,
    ) -> Poll<Duration> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let (queued, now) = (unacknowledged(), clock.elapsed());
            match queued.map_or(Next::Left, |queued| self.drain.read(now, queued)) {
                Next::Left => return Poll::Ready(now),
                Next::ReadAfter(pause) => self.timer.as_mut().reset(Instant::now() + pause),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const NEAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_fast_link_takes_one_reading() {
        assert_eq!(Drain::new(ms(5), 100_000, FAR).read(ms(5), 2_896), Next::Left);
        assert_eq!(Drain::new(ms(5), 100_000, NEAR).read(ms(5), 100_000), Next::Left);
        assert_ne!(Drain::new(ms(5), 100_000, FAR).read(ms(5), 2_897), Next::Left);
    }

    #[test]
    fn a_slow_link_is_read_until_it_is_empty_and_seldom() {
        // 500 bytes a millisecond, all accepted at once.
        for size in [20_000, 96_000, 1_000_000, 8_000_000] {
            let mut drain = Drain::new(ms(10), size, FAR);
            let left = |at: Duration| {
                let sent = at.saturating_sub(ms(10)).as_secs_f64() * 500_000.0;
                (size as f64 - sent).max(0.0).round()
            };
            let (mut at, mut readings) = (ms(10), 1);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size in bytes")]
            while let Next::ReadAfter(pause) = drain.read(at, left(at) as u64) {
                (at, readings) = (at + pause, readings + 1);
            }
            let (true_time, error) = (size as f64 / 500_000.0, at.saturating_sub(ms(10)).as_secs_f64());
            assert!((error - true_time).abs() < true_time / 8.0 + 0.006, "{size}: {error} of {true_time}");
            assert!(readings < 100, "{size}: {readings}");
        }
    }

    #[test]
    fn a_response_ends_it_and_the_rate_before_bounds_it() {
        let mut drain = Drain::new(ms(0), 100_000, FAR);
        drain.read(ms(100), 50_000);
        assert_eq!((drain.left_by(ms(150)), drain.left_by(ms(300))), (ms(150), ms(200)));
        // Nothing moves: the server does not read.
        assert_eq!(drain.read(ms(180), 50_000), Next::ReadAfter(ms(180) / 8));
        assert_eq!(drain.left_by(ms(300)), ms(300));
    }
}
