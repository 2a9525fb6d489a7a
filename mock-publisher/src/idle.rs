//! When a connection without a request ends: between two requests, and while the head of the next one is incomplete.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long a server keeps a connection on which no request is under way; `None` for as long as the client does, as the
/// real servers do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Between two requests.
    pub keepalive: Option<Duration>,
    /// From the start of a connection, or from the first byte of another request on it, to the end of the head.
    pub header: Option<Duration>,
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Part of a head has arrived, or nothing since the connection was opened.
    Head,
    /// So many requests are under way.
    Requests(u32),
    /// All answers were sent.
    KeptAlive,
}

/// What a connection is doing, and since when.
#[derive(Debug)]
pub(crate) struct Activity(Mutex<(Phase, Instant)>);

impl Activity {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new((Phase::Head, Instant::now()))))
    }

    fn state(&self) -> MutexGuard<'_, (Phase, Instant)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that bytes have arrived.
    pub(crate) fn received(&self) {
        let mut state = self.state();
        if state.0 == Phase::KeptAlive {
            *state = (Phase::Head, Instant::now());
        }
    }

    /// Notes that a request is under way until the guard is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> UnderWay {
        let mut state = self.state();
        let others = if let Phase::Requests(n) = state.0 { n } else { 0 };
        *state = (Phase::Requests(others + 1), Instant::now());
        UnderWay(Arc::clone(self))
    }

    /// When the connection is to end if nothing happens until then.
    fn deadline(&self, timeouts: Timeouts) -> Option<Instant> {
        let (phase, since) = *self.state();
        let timeout = match phase {
            Phase::Head => timeouts.header,
            Phase::Requests(_) => None,
            Phase::KeptAlive => timeouts.keepalive,
        };
        since.checked_add(timeout?)
    }

    /// Waits until the connection has been without a request for too long; for ever if no timeout is set.
    pub(crate) async fn expired(&self, timeouts: Timeouts) {
        let Some(shortest) = [timeouts.keepalive, timeouts.header].into_iter().flatten().min() else {
            return std::future::pending().await;
        };
        loop {
            let (next, now) = (self.deadline(timeouts), Instant::now());
            if next.is_some_and(|next| next <= now) {
                return;
            }
            // A deadline that is set while this sleeps may be an earlier one, but not before the shortest timeout is over.
            let latest = now + shortest;
            sleep_until(next.map_or(latest, |next| next.min(latest))).await;
        }
    }
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.state();
        *state = match state.0 {
            Phase::Requests(n) if n > 1 => (Phase::Requests(n - 1), Instant::now()),
            _ => (Phase::KeptAlive, Instant::now()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const S: Duration = Duration::from_secs(1);
    const NGINX: Timeouts =
        Timeouts { keepalive: Some(Duration::from_secs(75)), header: Some(Duration::from_secs(60)) };

    #[tokio::test(start_paused = true)]
    async fn a_connection_ends_when_it_was_idle_or_half_open_for_too_long() {
        let activity = Activity::new();
        let start = Instant::now();
        activity.expired(NGINX).await;
        assert_eq!(start.elapsed().as_secs(), 60, "no head at all");
        let request = activity.request();
        assert!(
            tokio::time::timeout(1000 * S, activity.expired(NGINX)).await.is_err(),
            "a request is under way"
        );
        drop(request);
        let idle = Instant::now();
        activity.expired(NGINX).await;
        assert_eq!(idle.elapsed().as_secs(), 75);
        activity.received();
        activity.received();
        assert!(activity.expired(NGINX).now_or_never().is_none());
        let half_open = Instant::now();
        activity.expired(NGINX).await;
        assert_eq!(half_open.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_time_that_begins_during_a_longer_wait_is_kept() {
        let activity = Activity::new();
        let timeouts = Timeouts { keepalive: Some(S), header: Some(3_600 * S) };
        let start = Instant::now();
        let request = async {
            tokio::time::sleep(S / 2).await; // sleep: on the paused clock
            drop(activity.request());
        };
        tokio::join!(activity.expired(timeouts), request);
        assert!((1_500..=2_500).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_of_several_answers_makes_a_connection_idle() {
        let activity = Activity::new();
        let (one, other) = (activity.request(), activity.request());
        drop(one);
        activity.received();
        assert_eq!(activity.deadline(NGINX), None);
        drop(other);
        assert_eq!(activity.deadline(NGINX), Some(Instant::now() + 75 * S));
        let none = tokio::time::timeout(1000 * S, activity.expired(Timeouts::default()));
        assert!(none.await.is_err(), "the real servers have no timeouts");
    }
}
