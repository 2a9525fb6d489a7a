//! `Expect: 100-continue`: holds a body back until the server asks for it, or has been silent for too long.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::Sleep;

/// How long to wait for a `100 Continue` before the body is sent all the same.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Whether uploads to a target still expect a `100 Continue`; shared by all workers.
#[derive(Debug, Clone)]
pub(super) struct ExpectContinue(Arc<AtomicBool>);

impl ExpectContinue {
    /// Expects it if `enabled`, until a target has once ignored the expectation: each further upload would cost the timeout.
    pub(super) fn new(enabled: bool) -> Self {
        Self(Arc::new(AtomicBool::new(enabled)))
    }

    /// The wait of one upload; `None` when it does not expect anything.
    pub(super) fn wait(&self) -> Option<ContinueWait> {
        self.0.load(Relaxed).then(|| ContinueWait { expect: self.clone(), timeout: None })
    }
}

/// One upload's wait for a `100 Continue`.
#[derive(Debug)]
pub(super) struct ContinueWait {
    expect: ExpectContinue,
    timeout: Option<Pin<Box<Sleep>>>,
}

impl ContinueWait {
    /// Ready once the body may be sent: the server has sent a `100 Continue`, or the wait has timed out.
    pub(super) fn poll_over(&mut self, cx: &mut Context<'_>, got_100_continue: bool) -> Poll<()> {
        if got_100_continue {
            return Poll::Ready(());
        }
        let timeout = self.timeout.get_or_insert_with(|| Box::pin(tokio::time::sleep(TIMEOUT)));
        timeout.as_mut().poll(cx).map(|()| self.expect.0.store(false, Relaxed))
    }
}
