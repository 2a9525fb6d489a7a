//! The barrier between phases, which can be poisoned when a thread has panicked.

use tokio::sync;
use tokio_util::sync::CancellationToken;

/// Where each thread waits for all others.
#[derive(Debug)]
pub(super) struct Barrier {
    barrier: sync::Barrier,
    poisoned: CancellationToken,
}

impl Barrier {
    pub(super) fn new(threads: usize) -> Self {
        Self { barrier: sync::Barrier::new(threads), poisoned: CancellationToken::new() }
    }

    /// Waits until every thread waits here; `None` when one never will.
    pub(super) async fn wait(&self) -> Option<()> {
        tokio::select! {
            biased;
            () = self.poisoned.cancelled() => None,
            _ = self.barrier.wait() => Some(()),
        }
    }

    /// Ends every wait, now and later.
    pub(super) fn poison(&self) {
        self.poisoned.cancel();
    }
}

#[cfg(test)]
mod tests {
    use std::{future, task::Poll};

    use super::*;

    #[tokio::test]
    async fn all_threads_pass_together() {
        let barrier = Barrier::new(3);
        for _ in 0..2 {
            let (mut one, mut two) = (Box::pin(barrier.wait()), Box::pin(barrier.wait()));
            future::poll_fn(|context| {
                assert_eq!(one.as_mut().poll(context), Poll::Pending);
                assert_eq!(two.as_mut().poll(context), Poll::Pending);
                Poll::Ready(())
            })
            .await;
            assert_eq!(tokio::join!(one, two, barrier.wait()), (Some(()), Some(()), Some(())));
        }
    }

    #[tokio::test]
    async fn a_poisoned_barrier_blocks_no_thread() {
        let barrier = Barrier::new(3);
        let (one, two, ()) = tokio::join!(barrier.wait(), barrier.wait(), async { barrier.poison() });
        assert_eq!((one, two, barrier.wait().await), (None, None, None));
    }
}
