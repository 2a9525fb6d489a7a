//! What the shards of a phase have in common: the plan, the wires, and the counter that hands out indices.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{Wires, catalog::Catalog, clock::Clock};
use crate::{
    plan::{Phase, Plan},
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
    pub(super) catalog: Catalog,
    /// When no new journey starts any more, since the run's origin.
    deadline: Option<Duration>,
    /// One behind the phase's last index.
    end: u64,
    next: AtomicU64,
}

impl Job {
    pub(super) fn new(
        plan: Arc<Plan>,
        phase: usize,
        network: Arc<Network>,
        wires: Wires,
        clock: Clock,
        first_index: u64,
    ) -> Self {
        let stop = plan.phases[phase].stop;
        Self {
            deadline: stop.duration.map(|duration| clock.elapsed() + duration),
            end: stop.blobs.map_or(u64::MAX, |blobs| first_index.saturating_add(blobs)),
            next: AtomicU64::new(first_index),
            catalog: Catalog::default(),
            plan,
            phase,
            network,
            wires,
            clock,
        }
    }

    pub(super) fn phase(&self) -> &Phase {
        &self.plan.phases[self.phase]
    }

    /// The next blob to do, unless the phase has reached its stop.
    pub(super) fn claim(&self) -> Option<u64> {
        let late = self.deadline.is_some_and(|deadline| self.clock.elapsed() >= deadline);
        if late || self.wires.stop.is_cancelled() {
            return None;
        }
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        (index < self.end).then_some(index)
    }

    /// The first index that this phase did not use.
    pub(super) fn next_index(&self) -> u64 {
        self.next.load(Ordering::Relaxed).min(self.end)
    }
}

/// Where shards pin up how far they are, for windows to look at; neither waits for the other.
#[derive(Debug, Default)]
pub struct Board {
    shards: Mutex<Vec<Snapshot>>,
}

impl Board {
    /// The whole run at this moment.
    pub fn look(&self) -> Snapshot {
        let shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        let mut whole = Snapshot::default();
        shards.iter().for_each(|shard| whole.merge(shard));
        whole
    }

    /// A new place on the board.
    pub(super) fn place(&self) -> usize {
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        shards.push(Snapshot::default());
        shards.len() - 1
    }

    /// Replaces what was pinned up at `place`.
    pub(super) fn pin(&self, place: usize, snapshot: Snapshot) {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)[place] = snapshot;
    }
}
