//! A phase under way, as all worker threads share it: which blob is next, and when it ends.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::{
    blob_registry::{CarriedBlob, CarryOver},
    list::Listed,
    run::Run,
};
use crate::plan::{
    Phase,
    load::Load,
    repeats::Repeatable,
    schedule::{Arrival, Schedule},
    source::BlobSource,
};

/// A phase under way.
#[derive(Debug)]
pub(super) struct PhaseRuntime {
    pub(super) run: Arc<Run>,
    /// Its position in the plan.
    pub(super) position: usize,
    /// What its blobs may repeat.
    pub(super) repeatable: Repeatable,
    /// How many journeys it has at most, where that is known.
    pub(super) most_journeys: Option<u64>,
    /// Cancelled when no new journey shall start.
    pub(super) stop: CancellationToken,
    /// Cancelled when the grace period is over.
    pub(super) abort: CancellationToken,
    first_index: u64,
    /// The next index of a closed loop; of an open loop, the one after the last arrival so far.
    next: AtomicU64,
    /// A permit for each journey of an open loop that may be in flight at once.
    in_flight: Arc<Semaphore>,
    /// When the last arrival of an open loop is due that only the number of blobs ends, since its beginning.
    last_due: Option<Duration>,
    /// When it began, since the run's origin.
    began: OnceLock<Duration>,
}

/// A blob for a journey.
#[derive(Debug)]
pub(super) struct WorkItem {
    pub(super) index: u64,
    pub(super) origin: BlobOrigin,
}

/// Where a blob comes from, and what is known about it.
#[derive(Debug)]
pub(super) enum BlobOrigin {
    /// It is generated.
    Made,
    /// An entry of a list.
    Listed(Listed),
    /// A blob of an earlier phase.
    Earlier(CarriedBlob),
}

impl PhaseRuntime {
    /// The next phase, for when all before it have ended; `first_indices` has an entry for each of them and for itself.
    pub(super) fn new(run: Arc<Run>, first_indices: &[u64]) -> Self {
        let (plan, registry, hooks) = (&run.plan, &run.registry, &run.hooks);
        let position = first_indices.len() - 1;
        let (phase, origin, first_index) =
            (&plan.phases[position], plan.origin(position), first_indices[position]);
        let is_unused =
            |earlier: &usize| (position..plan.phases.len()).all(|one| plan.origin(one) != *earlier);
        (0..position)
            .filter(is_unused)
            .for_each(|earlier| *registry.carry_over(earlier) = CarryOver::default());
        let left = if phase.source.is_earlier() {
            let stored = registry.carry_over(origin).rewind();
            let is_round = matches!(phase.source, BlobSource::Phase { round: true, .. });
            // Round after round over no blob would not end.
            Some(stored).filter(|stored| !is_round || *stored == 0)
        } else {
            // The index of a blob from a list is its position there.
            let listed = hooks.list.as_ref().filter(|_| phase.source != BlobSource::Made);
            let first_index = listed.map_or(first_index, |list| list.taken());
            *registry.carry_over(position) = CarryOver::starting_at(first_index);
            None
        };
        // An open loop walks over the arrivals of all shards, so that every shard counts the same number of them.
        let next = match phase.load {
            Load::Closed { .. } => plan.shard().first_from(first_index),
            Load::Open { .. } => first_index,
        };
        let in_flight = plan.shard().portion(phase.load.most_in_flight());
        let in_flight = hooks.max_in_flight.map_or(in_flight, |most| most.min(in_flight));
        let most_journeys = [phase.stop.blobs, left].into_iter().flatten().min();
        let last_due = match (&phase.load, phase.length()) {
            (Load::Open { rate, arrivals, .. }, None) => {
                most_journeys.and_then(|most| Schedule::last_due(rate, *arrivals, plan.seed, most))
            }
            _ => None,
        };
        Self {
            position,
            repeatable: plan.repeatable(origin, first_indices[plan.first_alike(origin)]),
            most_journeys,
            last_due,
            stop: hooks.stop.child_token(),
            abort: hooks.abort.child_token(),
            first_index,
            next: next.into(),
            in_flight: Arc::new(Semaphore::new(usize::try_from(in_flight).unwrap_or(Semaphore::MAX_PERMITS))),
            began: OnceLock::new(),
            run,
        }
    }

    /// Its clock starts now, unless another thread has started it.
    pub(super) fn begin(&self) {
        self.began.get_or_init(|| self.run.clock.elapsed());
    }

    /// Its description in the plan.
    pub(super) fn planned(&self) -> &Phase {
        &self.run.plan.phases[self.position]
    }

    /// The position of the phase in which its blobs came into the run, and which decides what they are.
    pub(super) fn origin(&self) -> usize {
        self.run.plan.origin(self.position)
    }

    /// Whether it does the next step to the blobs of the phase before.
    pub(super) fn continues(&self) -> bool {
        self.planned().source == BlobSource::Earlier
    }

    /// The time since it began.
    pub(super) fn elapsed(&self) -> Duration {
        self.run.clock.elapsed().saturating_sub(self.since_origin(Duration::ZERO))
    }

    /// A time since it began as one since the run's origin.
    pub(super) fn since_origin(&self, time: Duration) -> Duration {
        self.began.get().expect("a phase begins before its load").saturating_add(time)
    }

    /// When the last journey may start, since the run's origin. An open loop that is behind its schedule goes on until the
    /// grace period from here on is over.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.planned().length().or(self.last_due).map(|length| self.since_origin(length))
    }

    /// Waits for `time`; false when nothing shall start any more.
    pub(super) async fn sleep(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.run.hooks.stop.cancelled() => false,
            () = tokio::time::sleep(time) => true,
        }
    }

    /// Aborts what is under way when the grace period is over, which begins at `last_start` since the run's origin.
    pub(super) async fn abort_after_grace(self: Arc<Self>, last_start: Duration) {
        let end = last_start.saturating_add(self.planned().drain());
        tokio::time::sleep(end.saturating_sub(self.run.clock.elapsed())).await;
        self.abort.cancel();
    }

    /// The next blob of a closed loop, unless the phase is over or `stop` is cancelled.
    pub(super) async fn next_item(&self, stop: &CancellationToken) -> Option<WorkItem> {
        let is_over = self.deadline().is_some_and(|deadline| self.run.clock.elapsed() >= deadline);
        if is_over || stop.is_cancelled() {
            return None;
        }
        let index = self.next.fetch_add(self.run.plan.shard().stride(), Ordering::Relaxed);
        if self.has(index - self.first_index) { self.item(index).await } else { None }
    }

    /// Whether the phase still has this arrival of its open loop.
    pub(super) fn has_arrival(&self, arrival: Arrival) -> bool {
        self.has(arrival.ordinal) && self.planned().length().is_none_or(|length| arrival.due < length)
    }

    /// Whether the arrival is one of this shard; it is counted all the same.
    pub(super) fn is_own(&self, arrival: Arrival) -> bool {
        self.next.fetch_max(self.first_index + arrival.ordinal + 1, Ordering::Relaxed);
        self.run.plan.shard().takes(arrival, self.first_index)
    }

    /// The blob of an arrival; `None` when the list has ended.
    pub(super) async fn item_of(&self, arrival: Arrival) -> Option<WorkItem> {
        self.item(self.first_index + arrival.ordinal).await
    }

    /// A permit for one more journey in flight, if there is one left; returned when dropped.
    pub(super) fn admit(&self) -> Option<OwnedSemaphorePermit> {
        self.in_flight.clone().try_acquire_owned().ok()
    }

    /// Drops an arrival. Where it would have read a blob of an earlier phase, that is not read later in its stead.
    pub(super) fn drop_arrival(&self) {
        if self.continues() {
            let mut carry_over = self.run.registry.carry_over(self.origin());
            if let Some((index, mut blob)) = carry_over.take() {
                blob.marks.all_ok = false;
                carry_over.insert(index, blob);
            }
        }
    }

    fn has(&self, ordinal: u64) -> bool {
        self.most_journeys.is_none_or(|most| ordinal < most)
    }

    async fn item(&self, index: u64) -> Option<WorkItem> {
        let Run { plan, hooks, registry, .. } = &*self.run;
        match self.planned().source {
            BlobSource::Made => Some(WorkItem { index, origin: BlobOrigin::Made }),
            BlobSource::List { .. } => {
                let list = hooks.list.as_ref()?;
                loop {
                    let (index, listed) = list.next().await?;
                    if plan.shard().keeps(index) {
                        return Some(WorkItem { index, origin: BlobOrigin::Listed(listed) });
                    }
                }
            }
            BlobSource::Earlier | BlobSource::Phase { round: false, .. } => {
                let (index, blob) = registry.carry_over(self.origin()).take()?;
                Some(WorkItem { index, origin: BlobOrigin::Earlier(blob) })
            }
            BlobSource::Phase { round: true, .. } => {
                let (index, blob) = registry.carry_over(self.origin()).take_round()?;
                Some(WorkItem { index, origin: BlobOrigin::Earlier(blob) })
            }
        }
    }

    /// The first index that it did not use.
    pub(super) fn next_index(&self) -> u64 {
        if self.planned().source.is_earlier() {
            return self.first_index;
        }
        let end = self.planned().stop.blobs.map_or(u64::MAX, |blobs| self.first_index.saturating_add(blobs));
        self.next.load(Ordering::Relaxed).min(end)
    }
}
