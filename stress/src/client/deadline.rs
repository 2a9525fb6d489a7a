//! Ends an exchange at its timeout or when it is aborted, with one timer for a worker's life.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::{task::coop::has_budget_remaining, time::Sleep};
use tokio_util::sync::CancellationToken;

/// The longest timeout: more cannot be added to an instant without overflow.
const LONGEST: Duration = Duration::from_secs(86_400 * 365);

/// Why a future was dropped before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interrupt {
    /// The timeout has passed.
    TimedOut,
    /// The token was cancelled.
    Aborted,
}

/// A worker's timer. Most exchanges end long before their timeout, so that it stays set for the timeout of an earlier one and
/// is set anew only when it fires: most exchanges never touch the runtime's timer wheel.
#[derive(Debug, Default)]
pub(super) struct Deadline {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// The output of `future`, unless `timeout` after `started` or the cancellation of `abort` comes first.
    ///
    /// # Errors
    /// Which of the two it was.
    pub(super) async fn bound<F: Future>(
        &mut self,
        started: Instant,
        timeout: Duration,
        abort: &CancellationToken,
        mut future: Pin<&mut F>,
    ) -> Result<F::Output, Interrupt> {
        let deadline = started + timeout.min(LONGEST);
        let mut aborted = pin!(abort.cancelled());
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            if aborted.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(Interrupt::Aborted));
            }
            // The future may have used up the task's budget: then the timer stays pending even after it has fired.
            if !has_budget_remaining() && Instant::now() >= deadline {
                return Poll::Ready(Err(Interrupt::TimedOut));
            }
            self.poll_at(cx, deadline).map(|()| Err(Interrupt::TimedOut))
        })
        .await
    }

    fn poll_at(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let at = tokio::time::Instant::from_std(deadline);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(at);
        }
        Poll::Pending
    }
}
