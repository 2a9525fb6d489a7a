//! A worker thread in a phase: what the workers on one thread share.

use std::{
    cell::{RefCell, RefMut},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::interval,
};
use tokio_util::sync::CancellationToken;

use super::{phase::PhaseRuntime, tokens::UploadAttempt};
use crate::{client::Client, metrics::Recording, plan::target::Secret, sample::Sample};

/// How often the event loop's lag is sampled.
const LAG_INTERVAL: Duration = Duration::from_millis(10);

/// Which of the worker threads this is.
#[derive(Debug, Clone, Copy)]
pub(super) struct ThreadIndex {
    /// From 0.
    pub(super) index: usize,
    /// The number of worker threads.
    pub(super) of: usize,
}

/// A worker thread in a phase.
#[derive(Debug)]
pub(super) struct WorkerThread {
    pub(super) phase: Arc<PhaseRuntime>,
    pub(super) index: ThreadIndex,
    /// A child of the phase's token: every journey polls it, and threads shall not contend for one lock.
    pub(super) stop: CancellationToken,
    /// Likewise.
    pub(super) abort: CancellationToken,
    pub(super) recordings: Rc<Recordings>,
    /// Blobs that wait to be read.
    pub(super) delayed: RefCell<JoinSet<()>>,
    /// Their places, in a closed loop.
    pub(super) places: Arc<Semaphore>,
    /// Connections that no worker uses at the moment; they stay open from phase to phase.
    pub(super) clients: Rc<RefCell<Vec<Client>>>,
}

/// What a thread has recorded.
#[derive(Debug, Default)]
pub(super) struct Recordings {
    pub(super) measured: RefCell<Recording>,
    pub(super) warm_up: RefCell<Recording>,
}

/// An upload that may start.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    /// The value of its own `Authorization` header.
    pub(super) authorization: Option<Secret>,
}

/// A slot for one sample in the channel.
pub(super) type Permit = mpsc::OwnedPermit<Sample>;

impl WorkerThread {
    /// What an attempt at an upload needs before it starts, outside its time; `None` when it may not start. Where there are no
    /// more tokens, nothing starts any more; where the budget is spent, no upload.
    pub(super) async fn admit(&self, upload: UploadAttempt) -> Option<Admitted> {
        let hooks = &self.phase.run.hooks;
        if hooks.budget.as_ref().is_some_and(|budget| !budget.admit(upload.blob.size)) {
            self.phase.stop.cancel();
            return None;
        }
        let admitted = self.authorize(upload).await;
        if let (None, Some(budget)) = (&admitted, &hooks.budget) {
            budget.withdraw(upload.blob.size);
        }
        admitted
    }

    /// The token of an upload, if it needs one.
    async fn authorize(&self, upload: UploadAttempt) -> Option<Admitted> {
        let hooks = &self.phase.run.hooks;
        let Some(tokens) = &hooks.tokens else { return Some(Admitted::default()) };
        let token = tokio::select! {
            biased;
            () = self.abort.cancelled() => return None,
            () = hooks.stop.cancelled() => return None,
            token = tokens.next(upload) => token,
        };
        if token.is_none() {
            hooks.stop.cancel();
        }
        Some(Admitted { authorization: Some(token?) })
    }

    /// Waits until no blob waits any more.
    pub(super) async fn join_delayed(&self) {
        self.delayed.take().join_all().await;
    }

    /// Reserves a slot for one sample in the channel; `None` when it has no receiver.
    pub(super) async fn reserve(&self) -> Option<Permit> {
        if self.phase.planned().warm_up {
            return None;
        }
        // The run does not depend on the receiver, which reports its own errors.
        self.phase.run.hooks.samples.clone()?.reserve_owned().await.ok()
    }

    /// Records a sample, and sends it where a slot was reserved.
    pub(super) fn enter(&self, sample: Sample, permit: Option<Permit>) {
        self.recording().record(&sample);
        if let Some(permit) = permit {
            permit.send(sample);
        }
    }

    /// Where the samples of this phase go.
    pub(super) fn recording(&self) -> RefMut<'_, Recording> {
        let Recordings { measured, warm_up } = &*self.recordings;
        if self.phase.planned().warm_up { warm_up.borrow_mut() } else { measured.borrow_mut() }
    }

    /// Samples how late the event loop wakes, until it is dropped. An interval that was missed counts as well: a loop that
    /// is blocked for a second gives a hundred late samples, not one.
    pub(super) async fn sample_lag(self: Rc<Self>) {
        let mut ticks = interval(LAG_INTERVAL);
        ticks.tick().await; // the first one completes at once
        loop {
            let due = ticks.tick().await;
            self.recording().record_lag(due.elapsed());
        }
    }
}
