//! `Expect: 100-continue`: holds a body back until the server asks for it, or stays silent for too long.

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

/// How long a server may stay silent before the body is sent all the same.
const SILENCE: Duration = Duration::from_secs(1);

/// Whether a target is still asked before it is sent a body; shared by all workers.
#[derive(Debug, Clone)]
pub(super) struct Courtesy(Arc<AtomicBool>);

impl Courtesy {
    /// A courtesy that is shown when `wanted`, until it proves useless.
    pub(super) fn new(wanted: bool) -> Courtesy {
        Courtesy(Arc::new(AtomicBool::new(wanted)))
    }

    /// The patience for one upload; `None` when the target is not asked.
    pub(super) fn patience(&self) -> Option<Patience> {
        self.0.load(Relaxed).then(|| Patience { courtesy: self.clone(), silence: None })
    }
}

/// One upload's wait for the server's word.
#[derive(Debug)]
pub(super) struct Patience {
    courtesy: Courtesy,
    silence: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// Ready once the body may go out: the server has said so (`go_on`), or nothing for too long.
    pub(super) fn poll_over(&mut self, cx: &mut Context<'_>, go_on: bool) -> Poll<()> {
        if go_on {
            return Poll::Ready(());
        }
        let silence = self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(SILENCE)));
        silence.as_mut().poll(cx).map(|()| self.courtesy.0.store(false, Relaxed))
    }
}
