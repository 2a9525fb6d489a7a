//! `Expect: 100-continue`: holds a body back until the server asks for it, or has been silent for too long.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::Sleep;

use crate::sample::Expectation;

/// How long to wait for a `100 Continue` before the body is sent all the same.
const TIMEOUT: Duration = Duration::from_secs(1);

/// After so many silences in a row, nothing is expected any more: each further upload would cost the timeout.
const MOST_SILENCES: u32 = 3;

/// Whether uploads to a target still expect a `100 Continue`; shared by all workers.
///
/// The number of silences since the last `100 Continue`. Uploads that wait at the same time and time out together count as one:
/// a server that stalls once is silent to all of them.
#[derive(Debug, Clone)]
pub(super) struct ExpectContinue(Arc<AtomicU32>);

impl ExpectContinue {
    /// Expects it if `enabled`.
    pub(super) fn new(enabled: bool) -> Self {
        Self(Arc::new(AtomicU32::new(if enabled { 0 } else { MOST_SILENCES })))
    }

    /// The wait of one upload; `None` when it does not expect anything.
    pub(super) fn wait(&self) -> Option<ContinueWait> {
        let silences = self.0.load(Relaxed);
        (silences < MOST_SILENCES).then(|| ContinueWait { expect: self.clone(), silences, timeout: None })
    }

    /// The server has refused the expectation: later uploads have none.
    pub(super) fn refused(&self) {
        self.0.store(MOST_SILENCES, Relaxed);
    }

    fn met(&self) {
        // Once none is expected, that stays so. Either result is right, and the usual one writes nothing.
        let _ = self
            .0
            .try_update(Relaxed, Relaxed, |silences| (1..MOST_SILENCES).contains(&silences).then_some(0));
    }

    /// Notes the silence that an upload met which began after this number of them.
    fn ignored(&self, before: u32) -> Expectation {
        let counted = self.0.compare_exchange(before, before + 1, Relaxed, Relaxed).is_ok();
        if counted && before + 1 == MOST_SILENCES { Expectation::Abandoned } else { Expectation::Ignored }
    }
}

/// One upload's wait for a `100 Continue`.
#[derive(Debug)]
pub(super) struct ContinueWait {
    expect: ExpectContinue,
    /// How many silences in a row there were when it began.
    silences: u32,
    timeout: Option<Pin<Box<Sleep>>>,
}

impl ContinueWait {
    /// Ready once the body may be sent: the server has sent a `100 Continue`, or the wait has timed out.
    pub(super) fn poll_over(&mut self, cx: &mut Context<'_>, got_100_continue: bool) -> Poll<Expectation> {
        if got_100_continue {
            self.expect.met();
            return Poll::Ready(Expectation::Met);
        }
        let timeout = self.timeout.get_or_insert_with(|| Box::pin(tokio::time::sleep(TIMEOUT)));
        ready!(timeout.as_mut().poll(cx));
        Poll::Ready(self.expect.ignored(self.silences))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Begins uploads that all meet silence, and gives the result of each.
    fn silence(expect: &ExpectContinue, uploads: usize) -> Vec<Expectation> {
        let begun: Vec<_> = std::iter::from_fn(|| expect.wait()).take(uploads).collect();
        begun.iter().map(|wait| wait.expect.ignored(wait.silences)).collect()
    }

    #[test]
    fn several_silences_in_a_row_end_the_expectation_and_uploads_at_the_same_time_count_once() {
        use Expectation::{Abandoned, Ignored};
        let expect = ExpectContinue::new(true);
        assert_eq!(silence(&expect, 8), [Ignored; 8]);
        assert_eq!(silence(&expect, 1), [Ignored]);
        expect.met();
        assert_eq!((silence(&expect, 1), silence(&expect, 2)), (vec![Ignored], vec![Ignored, Ignored]));
        assert_eq!(silence(&expect, 3), [Abandoned, Ignored, Ignored]);
        expect.met();
        assert!(expect.wait().is_none(), "a late answer does not bring it back");
    }

    #[test]
    fn nothing_is_expected_when_it_is_off_or_was_refused() {
        assert!(ExpectContinue::new(false).wait().is_none());
        let expect = ExpectContinue::new(true);
        expect.refused();
        assert!(expect.wait().is_none());
    }
}
