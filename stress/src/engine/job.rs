//! What the shards of a phase have in common: the plan, the wires, and the counter that hands out indices.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{Wires, catalog::Catalog, clock::Clock, list::Listed};
use crate::{
    plan::{Phase, Plan, schedule::Arrival, supply::Supply},
    record::snapshot::Snapshot,
    walrus::Network,
};

/// One phase, as its shards see it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) plan: Arc<Plan>,
    pub(super) phase: usize,
    pub(super) network: Arc<Network>,
    pub(super) wires: Wires,
    pub(super) clock: Clock,
    pub(super) catalog: Arc<Catalog>,
    /// Cancelled when what is still under way in this phase shall be given up.
    pub(super) abort: CancellationToken,
    begun: OnceLock<Begun>,
    next: AtomicU64,
    under_way: Arc<AtomicU32>,
}

/// What is only known when a phase begins.
#[derive(Debug, Clone, Copy)]
struct Begun {
    /// Since the run's origin.
    at: Duration,
    first_index: u64,
}

/// A blob for a journey.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) index: u64,
    /// What the list says of it, if it comes from one.
    pub(super) listed: Option<Listed>,
}

/// One of the places that a phase has under way; given back when dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicU32>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Job {
    pub(super) fn new(
        plan: Arc<Plan>,
        phase: usize,
        network: Arc<Network>,
        wires: Wires,
        clock: Clock,
        catalog: &Arc<Catalog>,
    ) -> Self {
        let (abort, catalog) = (wires.abort.child_token(), catalog.clone());
        let (begun, next, under_way) = (OnceLock::new(), AtomicU64::new(0), Arc::default());
        Self { plan, phase, network, wires, clock, catalog, abort, begun, next, under_way }
    }

    /// Begins the phase now, with this blob.
    pub(super) fn begin(&self, first_index: u64) {
        self.next.store(first_index, Ordering::Relaxed);
        // Only the leader of the barrier comes here, and once.
        let _ = self.begun.set(Begun { at: self.clock.elapsed(), first_index });
    }

    fn begun(&self) -> Begun {
        *self.begun.get().expect("shards wait for the leader, who begins the phase")
    }

    pub(super) fn phase(&self) -> &Phase {
        &self.plan.phases[self.phase]
    }

    /// The time since the phase began.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.begun().at)
    }

    /// A time since the phase began as one since the run's origin.
    pub(super) fn since_origin(&self, time: Duration) -> Duration {
        self.begun().at + time
    }

    /// When no new journey starts any more, since the phase began.
    fn length(&self) -> Option<Duration> {
        let phase = self.phase();
        [phase.stop.duration, phase.load.length()].into_iter().flatten().min()
    }

    /// When no new journey starts any more, since the run's origin.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.length().map(|length| self.since_origin(length))
    }

    /// The next blob of a closed loop, unless the phase has reached its stop.
    pub(super) async fn claim(&self) -> Option<Ticket> {
        let late = self.deadline().is_some_and(|deadline| self.clock.elapsed() >= deadline);
        if late || self.wires.stop.is_cancelled() {
            return None;
        }
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        if self.has(index - self.begun().first_index) { self.ticket(index).await } else { None }
    }

    /// The blob of this index; one from a list has its position there as its index. `None` when the list has ended.
    async fn ticket(&self, index: u64) -> Option<Ticket> {
        match self.phase().supply {
            Supply::Made => Some(Ticket { index, listed: None }),
            Supply::List { .. } => {
                let (index, listed) = self.wires.list.as_ref()?.next().await?;
                Some(Ticket { index, listed: Some(listed) })
            }
        }
    }

    /// Whether this arrival of an open loop still belongs to the phase.
    pub(super) fn takes(&self, arrival: Arrival) -> bool {
        self.has(arrival.ordinal) && self.length().is_none_or(|length| arrival.due < length)
    }

    fn has(&self, ordinal: u64) -> bool {
        self.phase().stop.blobs.is_none_or(|blobs| ordinal < blobs)
    }

    /// The blob of an arrival; `None` when the list has ended.
    pub(super) async fn blob_of(&self, arrival: Arrival) -> Option<Ticket> {
        let index = self.begun().first_index + arrival.ordinal;
        self.next.fetch_max(index + 1, Ordering::Relaxed);
        self.ticket(index).await
    }

    /// A place among those under way, unless there are `most` already.
    pub(super) fn admit(&self, most: u32) -> Option<Place> {
        let one_more = |now: u32| (now < most).then_some(now + 1);
        self.under_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Place(self.under_way.clone()))
    }

    /// Waits for `time`; false when nothing shall start any more.
    pub(super) async fn sleep(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.wires.stop.cancelled() => false,
            () = tokio::time::sleep(time) => true,
        }
    }

    /// The first index that this phase did not use.
    pub(super) fn next_index(&self) -> u64 {
        let first = self.begun().first_index;
        let end = self.phase().stop.blobs.map_or(u64::MAX, |blobs| first.saturating_add(blobs));
        self.next.load(Ordering::Relaxed).min(end)
    }
}

/// Where shards pin up how far they are, for windows to look at. The lock is only held to hand over what is there,
/// never to make it.
#[derive(Debug, Default)]
pub struct Board {
    shards: Mutex<Vec<Arc<Snapshot>>>,
}

impl Board {
    /// The whole run at this moment.
    pub fn look(&self) -> Snapshot {
        let shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut whole = Snapshot::default();
        shards.iter().for_each(|shard| whole.merge(shard));
        whole
    }

    /// A new place on the board.
    pub(super) fn place(&self) -> usize {
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        shards.push(Arc::default());
        shards.len() - 1
    }

    /// Replaces what was pinned up at `place`.
    pub(super) fn pin(&self, place: usize, snapshot: Snapshot) {
        let snapshot = Arc::new(snapshot);
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)[place] = snapshot;
    }
}
