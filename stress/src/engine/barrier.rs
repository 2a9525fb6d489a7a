//! The gate between phases: shards pass it together, and none waits for one that broke.

use tokio::sync;
use tokio_util::sync::CancellationToken;

/// Where each shard waits for all others.
#[derive(Debug)]
pub(super) struct Barrier {
    barrier: sync::Barrier,
    broken: CancellationToken,
}

impl Barrier {
    /// A gate for so many shards.
    pub(super) fn new(shards: usize) -> Self {
        Self { barrier: sync::Barrier::new(shards), broken: CancellationToken::new() }
    }

    /// Waits until every shard is here; true for one of them. `None` when one will never come.
    pub(super) async fn wait(&self) -> Option<bool> {
        tokio::select! {
            biased;
            () = self.broken.cancelled() => None,
            passed = self.barrier.wait() => Some(passed.is_leader()),
        }
    }

    /// Lets everybody go who waits, or ever would.
    pub(super) fn poison(&self) {
        self.broken.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_pass_together_and_one_of_them_leads() {
        let barrier = Barrier::new(3);
        for _ in 0..2 {
            let (one, two, three) = tokio::join!(barrier.wait(), barrier.wait(), barrier.wait());
            let mut passed = [one, two, three];
            passed.sort();
            assert_eq!(passed, [Some(false), Some(false), Some(true)]);
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_one_that_broke() {
        let barrier = Barrier::new(3);
        let (one, two, ()) = tokio::join!(barrier.wait(), barrier.wait(), async { barrier.poison() });
        assert_eq!((one, two, barrier.wait().await), (None, None, None));
    }
}
