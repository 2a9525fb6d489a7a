//! What the worker threads of a run share from its start to its end.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    barrier::Barrier, blob_registry::BlobRegistry, budget::Budget, list::List, progress::ProgressBoard,
    tokens::TokenSource,
};
use crate::{
    client::Network,
    plan::Plan,
    sample::{Clock, Sample},
};

/// What a run is connected to besides the network.
#[derive(Debug, Clone, Default)]
pub struct RunHooks {
    /// Receives every sample. Its capacity is the backpressure: a step starts only when its sample has a slot.
    pub samples: Option<mpsc::Sender<Sample>>,
    /// The blobs of phases whose source is a list.
    pub list: Option<Arc<List>>,
    /// The tokens of uploads; without them uploads carry none of their own.
    pub tokens: Option<Arc<TokenSource>>,
    /// What uploads may cost together.
    pub budget: Option<Arc<Budget>>,
    /// The most journeys of an open loop in flight that the machine can hold, where that may be less than the plan's.
    pub max_in_flight: Option<u32>,
    /// Where the progress is published.
    pub progress_board: Option<Arc<ProgressBoard>>,
    /// Cancelled when no new journey shall start.
    pub stop: CancellationToken,
    /// Cancelled when what is under way shall be aborted.
    pub abort: CancellationToken,
}

/// What the worker threads share.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) plan: Arc<Plan>,
    pub(super) network: Arc<Network>,
    /// Its tokens are children of the caller's.
    pub(super) hooks: RunHooks,
    pub(super) clock: Clock,
    pub(super) registry: BlobRegistry,
    /// No thread starts a phase before every thread has ended the previous one.
    pub(super) barrier: Barrier,
}

impl Run {
    pub(super) fn new(plan: Arc<Plan>, network: Arc<Network>, hooks: RunHooks, threads: usize) -> Self {
        let (stop, abort) = (hooks.stop.child_token(), hooks.abort.child_token());
        Self {
            registry: BlobRegistry::new(plan.phases.len()),
            plan,
            network,
            hooks: RunHooks { stop, abort, ..hooks },
            clock: Clock::start(),
            barrier: Barrier::new(threads),
        }
    }

    /// Ends the run on every thread, whatever it does at the moment.
    pub(super) fn fail(&self) {
        self.barrier.poison();
        self.hooks.stop.cancel();
        self.hooks.abort.cancel();
    }
}
