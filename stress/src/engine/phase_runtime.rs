//! What the shards of a phase have in common: the plan, the wires, and the counter that hands out indices.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{RunHooks, blob_registry::BlobRegistry, carry_over::CarriedBlob, list::Listed};
use crate::{
    client::Network,
    metrics::snapshot::Snapshot,
    plan::{Phase, Plan, load::Load, repeats::Past, retry::Attempt, schedule::Arrival, source::BlobSource},
    sample::{Clock, Outcome, Sample},
};

/// One phase, as its shards see it.
#[derive(Debug)]
pub(super) struct PhaseRuntime {
    pub(super) plan: Arc<Plan>,
    pub(super) phase: usize,
    pub(super) network: Arc<Network>,
    pub(super) hooks: RunHooks,
    pub(super) clock: Clock,
    pub(super) registry: Arc<BlobRegistry>,
    /// Cancelled when what is still under way in this phase shall be given up.
    pub(super) abort: CancellationToken,
    /// The phase that brings the blobs.
    origin: usize,
    /// Whether a later phase goes on with them.
    pub(super) goes_on: bool,
    /// Whether this phase or a later one repeats blobs of this one.
    pub(super) is_drawn_on: bool,
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
    /// What the blobs may repeat.
    past: Past,
    /// How many blobs earlier phases have left for this one, if it goes on with theirs.
    left: Option<u64>,
}

/// A blob for a journey.
#[derive(Debug)]
pub(super) struct WorkItem {
    pub(super) index: u64,
    pub(super) known: BlobOrigin,
}

/// What is known of a blob before its journey.
#[derive(Debug)]
pub(super) enum BlobOrigin {
    /// Nothing: it is made for it.
    Made,
    /// What a list says.
    Listed(Listed),
    /// What an earlier phase has left.
    Earlier(CarriedBlob),
}

/// One of the places that a phase has under way; given back when dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicU32>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl PhaseRuntime {
    pub(super) fn new(
        plan: Arc<Plan>,
        phase: usize,
        network: Arc<Network>,
        hooks: RunHooks,
        clock: Clock,
        registry: &Arc<BlobRegistry>,
    ) -> Self {
        let (abort, registry) = (hooks.abort.child_token(), registry.clone());
        let (begun, next, under_way) = (OnceLock::new(), AtomicU64::new(0), Arc::default());
        let (origin, goes_on, is_drawn_on) =
            (plan.origin(phase), plan.goes_on(phase), plan.is_drawn_on(phase));
        Self {
            plan,
            phase,
            network,
            hooks,
            clock,
            registry,
            abort,
            origin,
            goes_on,
            is_drawn_on,
            begun,
            next,
            under_way,
        }
    }

    /// Begins the phase now, with this blob.
    pub(super) fn begin(&self, first_index: u64) {
        let carry_over = &self.registry.carry_over;
        let left = self.continues().then(|| carry_over.rewind());
        if left.is_none() && self.goes_on {
            carry_over.clear();
        }
        if left.is_none() && !self.plan.draws_on(self.phase) {
            self.registry.forget(first_index);
        }
        // Arrivals of a rate are all passed by, so that every part of the run sees the same number of them.
        let next = match self.phase().load {
            Load::Closed { .. } => self.plan.part().first_from(first_index),
            Load::Open { .. } => first_index,
        };
        self.next.store(next, Ordering::Relaxed);
        let past = self.plan.past(self.origin, self.registry.since());
        // Only the leader of the barrier comes here, and once.
        let _ = self.begun.set(Begun { at: self.clock.elapsed(), first_index, past, left });
    }

    /// What the blobs of this phase may repeat.
    pub(super) fn past(&self) -> Past {
        self.begun().past
    }

    fn begun(&self) -> Begun {
        *self.begun.get().expect("shards wait for the leader, who begins the phase")
    }

    pub(super) fn phase(&self) -> &Phase {
        &self.plan.phases[self.phase]
    }

    /// The phase that brings this one's blobs, and so decides what they are.
    pub(super) fn origin(&self) -> &Phase {
        &self.plan.phases[self.origin]
    }

    /// Whether it goes on with the blobs of an earlier phase.
    pub(super) fn continues(&self) -> bool {
        self.phase().source == BlobSource::Earlier
    }

    /// Keeps what later phases need of a blob, if there are any.
    pub(super) fn keep(&self, index: u64, kept: CarriedBlob) {
        if self.goes_on {
            self.registry.carry_over.put(index, kept);
        }
    }

    /// How long to wait before the step of `sample` is tried again, now that the server `asked` to be left alone for some
    /// time; `None` when this was the last attempt.
    pub(super) fn wait(&self, sample: &Sample, asked: Option<Duration>) -> Option<Duration> {
        let Outcome::Failed(failure) = &sample.outcome else { return None };
        if self.hooks.stop.is_cancelled() {
            return None;
        }
        let Sample { index, step, attempt: number, .. } = *sample;
        let limits = &self.plan.limits;
        let patience = if step.stores() { limits.upload_timeout } else { limits.download_timeout };
        let attempt = Attempt { seed: self.plan.seed, index, step, number };
        self.plan.retries.wait(attempt, failure.class, asked, patience)
    }

    /// The time since the phase began.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.begun().at)
    }

    /// A time since the phase began as one since the run's origin.
    pub(super) fn since_origin(&self, time: Duration) -> Duration {
        self.begun().at.saturating_add(time)
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

    /// The next blob of a closed loop, unless the phase has reached its end or was told to `stop`.
    pub(super) async fn cache_status(&self, stop: &CancellationToken) -> Option<WorkItem> {
        let late = self.deadline().is_some_and(|deadline| self.clock.elapsed() >= deadline);
        if late || stop.is_cancelled() {
            return None;
        }
        let index = self.next.fetch_add(self.plan.part().stride(), Ordering::Relaxed);
        if self.has(index - self.begun().first_index) { self.item(index).await } else { None }
    }

    /// The blob of this index; one from a list has its position there as its index. `None` when the list has ended.
    async fn item(&self, index: u64) -> Option<WorkItem> {
        match self.phase().source {
            BlobSource::Made => Some(WorkItem { index, known: BlobOrigin::Made }),
            BlobSource::List { .. } => {
                let list = self.hooks.list.as_ref()?;
                loop {
                    let (index, listed) = list.next().await?;
                    if self.plan.part().keeps(index) {
                        return Some(WorkItem { index, known: BlobOrigin::Listed(listed) });
                    }
                }
            }
            BlobSource::Earlier => {
                let (index, kept) = self.registry.carry_over.take()?;
                Some(WorkItem { index, known: BlobOrigin::Earlier(kept) })
            }
        }
    }

    /// Whether this arrival of an open loop still belongs to the phase.
    pub(super) fn takes(&self, arrival: Arrival) -> bool {
        self.has(arrival.ordinal) && self.length().is_none_or(|length| arrival.due < length)
    }

    /// Whether this part of the run makes the arrival; the others' blobs are passed by all the same.
    pub(super) fn keeps(&self, arrival: Arrival) -> bool {
        let first_index = self.begun().first_index;
        self.next.fetch_max(first_index + arrival.ordinal + 1, Ordering::Relaxed);
        self.plan.part().takes(arrival, first_index)
    }

    fn has(&self, ordinal: u64) -> bool {
        self.most_blobs().is_none_or(|blobs| ordinal < blobs)
    }

    /// How many blobs the phase has at most, where that is known.
    pub(super) fn most_blobs(&self) -> Option<u64> {
        [self.phase().stop.blobs, self.begun().left].into_iter().flatten().min()
    }

    /// Lets an arrival go without a journey: a blob that is there already is then not read any more.
    pub(super) fn pass(&self) {
        if self.continues() {
            self.registry.carry_over.pass();
        }
    }

    /// The blob of an arrival; `None` when the list has ended.
    pub(super) async fn blob_of(&self, arrival: Arrival) -> Option<WorkItem> {
        self.item(self.begun().first_index + arrival.ordinal).await
    }

    /// A place among those under way, unless this part of the run has its part of `most` already, or all that the
    /// machine can hold.
    pub(super) fn admit(&self, most: u32) -> Option<Place> {
        let part = self.plan.part().part(most);
        let most = self.hooks.places.map_or(part, |places| places.min(part));
        let one_more = |now: u32| (now < most).then_some(now + 1);
        self.under_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Place(self.under_way.clone()))
    }

    /// Waits for `time`; false when nothing shall start any more.
    pub(super) async fn sleep(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.hooks.stop.cancelled() => false,
            () = tokio::time::sleep(time) => true,
        }
    }

    /// The first index that this phase did not use.
    pub(super) fn next_index(&self) -> u64 {
        let first = self.begun().first_index;
        if self.continues() {
            return first;
        }
        let end = self.phase().stop.blobs.map_or(u64::MAX, |blobs| first.saturating_add(blobs));
        self.next.load(Ordering::Relaxed).min(end)
    }
}

/// Where shards pin up how far they are, for windows to look at. The lock is only held to hand over what is there,
/// never to make it.
#[derive(Debug, Default)]
pub struct ProgressBoard {
    shards: Mutex<Vec<Arc<Snapshot>>>,
}

impl ProgressBoard {
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
