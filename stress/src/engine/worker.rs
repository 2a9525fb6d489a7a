//! A worker: performs journeys, one at a time, on connections of its own.

use std::{rc::Rc, sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::{
    iteration::{Iteration, Reads},
    phase_runtime::{BlobOrigin, WorkItem},
    worker_thread::Shard,
};
use crate::{
    blob::Expect,
    client::Client,
    plan::journey::Step,
    sample::{ExchangeRecord, Outcome, Sample},
};

/// Performs journeys, one at a time.
#[derive(Debug)]
pub(super) struct Worker {
    shard: Rc<Shard>,
    client: Client,
}

/// A place for one sample in the channel.
type Permit = mpsc::OwnedPermit<Sample>;

impl Worker {
    /// A worker with connections that are idle at the moment, if there are any.
    pub(super) fn new(shard: Rc<Shard>) -> Self {
        let client = shard.clients.borrow_mut().pop();
        let runtime_of_phase = &shard.runtime_of_phase;
        let client =
            client.unwrap_or_else(|| Client::new(runtime_of_phase.network.clone(), runtime_of_phase.clock));
        Self { shard, client }
    }

    /// Leaves the connections to the next worker.
    pub(super) fn dismiss(self) {
        self.shard.clients.borrow_mut().push(self.client);
    }

    /// The shard whose part of the work this one does.
    pub(super) fn shard(&self) -> &Rc<Shard> {
        &self.shard
    }

    /// One journey over one blob, or over two when it is an order control, `due` at this time since the run's origin; in a
    /// closed loop it is due when it starts. Once the phase is aborted, the step that is running ends as unfinished and the
    /// ones behind it are skipped.
    pub(super) async fn perform(&mut self, item: WorkItem, mut due: Option<Duration>) {
        let shard = Rc::clone(&self.shard);
        let runtime_of_phase = &shard.runtime_of_phase;
        let (mut blob, mut reads) = (Iteration::new(runtime_of_phase, item), Reads::default());
        for position in 0..blob.steps.len() {
            let (sample, permit) = self.step(&blob, position, due).await;
            // In an open loop the next step is due when this one has ended.
            due = due.map(|_| sample.exchange.timing.finished);
            blob.learn(runtime_of_phase, &sample);
            reads.learn(&sample);
            shard.enter(sample, permit);
        }
        // A journey that was aborted in a later read has its pair all the same.
        reads.enter(&blob, runtime_of_phase, &mut shard.recording());
        blob.leave(runtime_of_phase);
    }

    /// One step, retried as often as its failures allow. Attempts that were not the last are entered here. The place for its
    /// sample is reserved before each attempt, so that the clock never runs while a slow receiver is waited for.
    async fn step(
        &mut self,
        blob: &Iteration,
        position: usize,
        due: Option<Duration>,
    ) -> (Sample, Option<Permit>) {
        let shard = Rc::clone(&self.shard);
        let runtime_of_phase = &shard.runtime_of_phase;
        let step = blob.steps[position];
        let (mut attempt, mut since) = (1, due);
        loop {
            let permit = shard.permit().await;
            let sample = Sample { attempt, ..self.attempt(blob, step, since).await };
            if attempt == 1 && sample.outcome != Outcome::Skipped {
                shard.enter_lateness(&sample, position, due);
            }
            let Some(wait) = runtime_of_phase.wait(&sample, sample.exchange.retry_after) else {
                return (sample, permit);
            };
            // Entered at once: a wait that kept its place in the channel would keep others from starting.
            since = Some(sample.exchange.timing.due);
            shard.enter(sample.tried_again(), permit);
            attempt += 1;
            let waited = tokio::select! {
                biased;
                () = shard.abort.cancelled() => false,
                waited = runtime_of_phase.sleep(wait) => waited,
            };
            if !waited {
                let exchange = started(since, ExchangeRecord::start(runtime_of_phase.clock.elapsed()));
                let draft = blob.draft(runtime_of_phase, step);
                let sample = Sample { attempt, exchange, outcome: Outcome::Unfinished, ..draft };
                return (sample, shard.permit().await);
            }
        }
    }

    /// One attempt at a step; skipped when a step before it has not succeeded or the phase is aborted.
    async fn attempt(&mut self, blob: &Iteration, step: Step, due: Option<Duration>) -> Sample {
        let shard = Rc::clone(&self.shard);
        let runtime_of_phase = &shard.runtime_of_phase;
        let draft = blob.draft(runtime_of_phase, step);
        let blob = blob.of(step);
        #[cfg(test)]
        toil(runtime_of_phase.hooks.cost);
        let exchange = match (step, &blob.expect, &blob.blob_id) {
            _ if blob.stranded || shard.abort.is_cancelled() => None,
            (Step::Upload | Step::ControlUpload, Expect::Spec(spec), _) => {
                Some(self.client.upload(blob.publisher, spec.source(), &shard.abort).await)
            }
            (Step::Read { .. } | Step::Control, expect, Some(id)) => {
                let mut verifier = expect.verifier(runtime_of_phase.plan.verify);
                Some(self.client.read(blob.aggregator, id, &mut verifier, &shard.abort).await)
            }
            // Without an ID there is nothing to read, without a spec nothing to send.
            (Step::Read { .. } | Step::Control, _, None)
            | (Step::Upload | Step::ControlUpload, Expect::FirstRead(_), _) => None,
        };
        let Some(exchange) = exchange else { return Sample { outcome: Outcome::Skipped, ..draft } };
        let (record, outcome) = (started(due, exchange.record), exchange.outcome);
        let (size, blob_id) = match &outcome {
            Outcome::Stored(stored) => (draft.size, Some(Arc::from(stored.blob_id.as_str()))),
            // A blob of unknown size has the size that was received.
            _ if !step.stores() => (blob.expect.size().unwrap_or(record.bytes_received), draft.blob_id),
            _ => (draft.size, draft.blob_id),
        };
        Sample { exchange: record, outcome, size, blob_id, ..draft }
    }
}

/// Keeps the thread busy for so long.
#[cfg(test)]
fn toil(cost: Duration) {
    let begun = std::time::Instant::now();
    while begun.elapsed() < cost {
        std::hint::spin_loop();
    }
}

/// The record with the time at which its step was due; without one it was due when it started.
fn started(due: Option<Duration>, mut record: ExchangeRecord) -> ExchangeRecord {
    record.timing.due = due.unwrap_or(record.timing.due);
    record
}

/// Enters the steps of this phase as skipped for each blob that an earlier one has lost.
pub(super) async fn skip_lost(shard: &Shard) {
    let runtime_of_phase = &shard.runtime_of_phase;
    let mut from = 0;
    while let Some((index, kept)) = runtime_of_phase.registry.carry_over.lost(from) {
        let blob = Iteration::new(runtime_of_phase, WorkItem { index, known: BlobOrigin::Earlier(kept) });
        shard.skip(&blob, 0).await;
        from = index + 1;
    }
}

impl Shard {
    /// A place for one sample in the channel, if anyone listens.
    async fn permit(&self) -> Option<Permit> {
        if self.runtime_of_phase.phase().warm_up {
            return None;
        }
        // A listener that is gone has said so itself; the run goes on.
        self.runtime_of_phase.hooks.samples.clone()?.reserve_owned().await.ok()
    }

    /// Enters the journey's steps from this position on as skipped.
    async fn skip(&self, blob: &Iteration, position: usize) {
        for &step in &blob.steps[position..] {
            let permit = self.permit().await;
            self.enter(
                Sample { outcome: Outcome::Skipped, ..blob.draft(&self.runtime_of_phase, step) },
                permit,
            );
        }
    }

    fn enter(&self, sample: Sample, permit: Option<Permit>) {
        self.recording().enter(&sample);
        if let Some(permit) = permit {
            permit.send(sample);
        }
    }

    /// How late an open loop's journey started: the generator's own doing, however the step went.
    fn enter_lateness(&self, sample: &Sample, position: usize, due: Option<Duration>) {
        if position == 0 && due.is_some() {
            let start_delay = sample.exchange.timing.started.saturating_sub(sample.exchange.timing.due);
            self.recording().enter_arrival(sample.phase, start_delay);
        }
    }
}
