//! A worker: performs journeys, one at a time, on connections of its own.

use std::{rc::Rc, sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::{
    clock::Clock,
    job::Job,
    shard::Shard,
    traveller::{Reads, Traveller},
};
use crate::{
    plan::journey::Step,
    sample::{Outcome, Sample, Timing},
    walrus::{Client, Exchange},
};

/// Performs journeys, one at a time.
#[derive(Debug)]
pub(super) struct Worker {
    shard: Rc<Shard>,
    client: Client,
    under_way: Option<UnderWay>,
}

/// A step that has started and not ended.
#[derive(Debug)]
struct UnderWay {
    draft: Sample,
    /// Its position in the journey.
    position: usize,
    due: Option<Duration>,
    permit: Option<Permit>,
}

/// A place for one sample in the channel.
type Permit = mpsc::OwnedPermit<Sample>;

impl Worker {
    /// A worker with connections that nobody uses at the moment, if there are any.
    pub(super) fn new(shard: Rc<Shard>) -> Self {
        let client = shard.clients.borrow_mut().pop();
        let client = client.unwrap_or_else(|| Client::new(shard.job.network.clone()));
        Self { shard, client, under_way: None }
    }

    /// Leaves the connections to whoever comes next.
    pub(super) fn dismiss(self) {
        self.shard.clients.borrow_mut().push(self.client);
    }

    pub(super) fn job(&self) -> &Arc<Job> {
        &self.shard.job
    }

    /// One journey over one blob, `due` at this time since the run's origin; in a closed loop it is due when it starts.
    /// False when it was given up: the step under way is then entered as unfinished.
    pub(super) async fn perform(&mut self, index: u64, due: Option<Duration>) -> bool {
        let abort = self.shard.job.abort.clone();
        tokio::select! {
            biased;
            () = self.journey(index, due) => return true,
            () = abort.cancelled() => {}
        }
        if let Some(step) = self.under_way.take() {
            self.give_up(step).await;
        }
        false
    }

    async fn journey(&mut self, index: u64, mut due: Option<Duration>) {
        let job = self.shard.job.clone();
        let mut blob = Traveller::new(&job, index);
        let mut reads = Reads::default();
        for (position, &step) in job.phase().journey.steps.iter().enumerate() {
            if blob.stranded {
                self.shard.enter_skipped(blob.draft(&job, step)).await;
                continue;
            }
            let (sample, permit) = self.attempt(&blob, step, position, due).await;
            self.shard.enter_lateness(&sample, position, due);
            // In an open loop the next step is due when this one has ended.
            due = due.map(|_| sample.timing.finished);
            blob.learn(&job, &sample);
            reads.learn(&sample);
            self.shard.enter(sample, permit);
        }
        if let Some(pair) = reads.pair(&blob) {
            self.shard.recording().enter_pair(pair);
        }
    }

    /// One step. The place in the sample channel is taken before it starts, so that telling never waits.
    async fn attempt(
        &mut self,
        blob: &Traveller,
        step: Step,
        position: usize,
        due: Option<Duration>,
    ) -> (Sample, Option<Permit>) {
        let job = self.shard.job.clone();
        let permit = self.shard.permit().await;
        self.under_way = Some(UnderWay { draft: blob.draft(&job, step), position, due, permit });
        let complete = match (step, &blob.blob_id) {
            (Step::Read { .. }, Some(id)) => {
                let verifier = blob.spec.verifier(job.plan.verify);
                let exchange = self.client.read(blob.aggregator, id, verifier).await;
                fill(blob.draft(&job, step), exchange, |()| Outcome::Read, due, job.clock)
            }
            _ => {
                let exchange = self.client.upload(blob.publisher, blob.spec.source()).await;
                fill(blob.draft(&job, step), exchange, Outcome::Stored, due, job.clock)
            }
        };
        (complete, self.under_way.take().and_then(|step| step.permit))
    }

    /// Enters the step under way as unfinished, with the time it has waited, and the ones behind it as skipped.
    async fn give_up(&mut self, step: UnderWay) {
        let UnderWay { draft, position, due, permit } = step;
        // Nothing was abandoned when the step was only about to start.
        let Some(exchange) = self.client.take_abandoned() else { return };
        let job = self.shard.job.clone();
        let filled = fill(draft, exchange, |()| Outcome::Unfinished, due, job.clock);
        let sample = Sample { outcome: Outcome::Unfinished, ..filled };
        self.shard.enter_lateness(&sample, position, due);
        let behind = &job.phase().journey.steps[position + 1..];
        let skipped: Vec<_> = behind.iter().map(|&step| Sample { step, ..sample.clone() }).collect();
        self.shard.enter(sample, permit);
        for sample in skipped {
            self.shard.enter_skipped(sample).await;
        }
    }
}

/// The draft with what the exchange came to.
fn fill<T>(
    draft: Sample,
    exchange: Exchange<T>,
    outcome: impl FnOnce(T) -> Outcome,
    due: Option<Duration>,
    clock: Clock,
) -> Sample {
    let at = |instant| clock.at(instant);
    let timing = Timing {
        due: due.unwrap_or_else(|| at(exchange.started)),
        started: at(exchange.started),
        sent: exchange.sent.map(at),
        first_byte: exchange.first_byte.map(at),
        finished: at(exchange.finished),
    };
    let outcome = exchange.result.map_or_else(Outcome::Failed, outcome);
    let blob_id = match &outcome {
        Outcome::Stored(stored) => Some(Arc::from(stored.blob_id.as_str())),
        _ => draft.blob_id,
    };
    let Exchange { bytes_sent, bytes_received, link, .. } = exchange;
    Sample { timing, blob_id, bytes_sent, bytes_received, link, outcome, ..draft }
}

impl Shard {
    /// A place for one sample in the channel, if anyone listens.
    async fn permit(&self) -> Option<Permit> {
        if self.job.phase().warm_up {
            return None;
        }
        // A listener that is gone has said so itself; the run goes on.
        self.job.wires.samples.clone()?.reserve_owned().await.ok()
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
            let lateness = sample.timing.started.saturating_sub(sample.timing.due);
            self.recording().enter_arrival(sample.phase, lateness);
        }
    }

    async fn enter_skipped(&self, mut sample: Sample) {
        sample.outcome = Outcome::Skipped;
        let permit = self.permit().await;
        self.enter(sample, permit);
    }
}
