//! Bounds an exchange in time at next to no cost: one timer for a worker's life, moved only when it must be.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::{task::coop::has_budget_remaining, time::Sleep};

/// How far ahead a limit without an end lies.
const FOREVER: Duration = Duration::from_secs(86_400 * 365);

/// A worker's timer. Most exchanges end long before their limit, so the timer stays set for an earlier exchange's
/// limit and is moved on when it fires: most exchanges never touch the runtime's wheel of timers.
#[derive(Debug, Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// What `future` came to, or `None` when it had not finished by `limit` after `started`.
    pub(super) async fn bound<F: Future>(
        &mut self,
        started: Instant,
        limit: Duration,
        future: F,
    ) -> Option<F::Output> {
        let deadline = started + limit.min(FOREVER);
        let mut future = pin!(future);
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // The future may have used up the task's budget: then the timer could not say that it has fired.
            Poll::Pending if !has_budget_remaining() && Instant::now() >= deadline => Poll::Ready(None),
            Poll::Pending => self.poll_at(cx, deadline).map(|()| None),
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
