//! A worker: performs journeys, one at a time, on connections of its own.

use std::{rc::Rc, sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::{
    clock::Clock,
    job::{Job, Ticket},
    shard::Shard,
    traveller::{Reads, Traveller},
};
use crate::{
    blob::Expect,
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

/// A step that has its place in the channel, taken before it starts so that telling never waits, and has not ended.
#[derive(Debug)]
struct UnderWay {
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
    pub(super) async fn perform(&mut self, ticket: Ticket, due: Option<Duration>) -> bool {
        let job = self.shard.job.clone();
        let mut blob = Traveller::new(&job, ticket);
        tokio::select! {
            // Asked first, so that no step starts when everything is given up.
            biased;
            () = job.abort.cancelled() => {}
            () = self.journey(&mut blob, due) => return true,
        }
        self.give_up(&blob).await;
        false
    }

    async fn journey(&mut self, blob: &mut Traveller, mut due: Option<Duration>) {
        let job = self.shard.job.clone();
        let mut reads = Reads::default();
        for (position, &step) in job.phase().journey.steps.iter().enumerate() {
            self.under_way = Some(UnderWay { position, due, permit: self.shard.permit().await });
            let sample = self.attempt(blob, step, due).await;
            let permit = self.under_way.take().and_then(|step| step.permit);
            self.shard.enter_lateness(&sample, position, due);
            // In an open loop the next step is due when this one has ended.
            due = due.map(|_| sample.timing.finished);
            blob.learn(&job, &sample);
            reads.learn(&sample);
            self.shard.enter(sample, permit);
        }
        if let Some(pair) = reads.pair(blob) {
            self.shard.recording().enter_pair(pair);
        }
    }

    /// One step, unless one before it has not succeeded: then it is skipped.
    async fn attempt(&mut self, blob: &Traveller, step: Step, due: Option<Duration>) -> Sample {
        let job = self.shard.job.clone();
        let draft = blob.draft(&job, step);
        match (step, &blob.expect, &blob.blob_id) {
            _ if blob.stranded => Sample { outcome: Outcome::Skipped, ..draft },
            (Step::Upload, Expect::Spec(spec), _) => {
                let exchange = self.client.upload(blob.publisher, spec.source()).await;
                fill(draft, exchange, Outcome::Stored, due, job.clock)
            }
            (Step::Read { .. }, expect, Some(id)) => {
                let exchange = self.client.read(blob.aggregator, id, expect.verifier(job.plan.verify)).await;
                let sample = fill(draft, exchange, |()| Outcome::Read, due, job.clock);
                // What nobody knew beforehand is as large as it came.
                let size = expect.size().unwrap_or(sample.bytes_received);
                Sample { size, ..sample }
            }
            // Nobody has told the blob's ID, or its bytes: there is nothing to ask for, or to send.
            (Step::Read { .. }, _, None) | (Step::Upload, Expect::FirstRead(_), _) => {
                Sample { outcome: Outcome::Skipped, ..draft }
            }
        }
    }

    /// Enters the step under way as unfinished, with the time it has waited, and the ones behind it as skipped.
    async fn give_up(&mut self, blob: &Traveller) {
        let job = self.shard.job.clone();
        let abandoned = self.client.take_abandoned();
        // Without a step under way the journey was between two, waiting to be heard.
        let Some(UnderWay { mut position, due, permit }) = self.under_way.take() else {
            return self.skip_from(blob, blob.steps_done).await;
        };
        if let Some(exchange) = abandoned {
            let draft = blob.draft(&job, job.phase().journey.steps[position]);
            let filled = fill(draft, exchange, |()| Outcome::Unfinished, due, job.clock);
            let sample = Sample { outcome: Outcome::Unfinished, ..filled };
            self.shard.enter_lateness(&sample, position, due);
            self.shard.enter(sample, permit);
            position += 1;
        }
        self.skip_from(blob, position).await;
    }

    /// Enters the journey's steps from this position on as skipped.
    async fn skip_from(&self, blob: &Traveller, position: usize) {
        let job = &self.shard.job;
        for &step in &job.phase().journey.steps[position..] {
            let permit = self.shard.permit().await;
            self.shard.enter(Sample { outcome: Outcome::Skipped, ..blob.draft(job, step) }, permit);
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
    let Exchange { bytes_sent, bytes_received, link, cache, .. } = exchange;
    Sample { timing, blob_id, bytes_sent, bytes_received, link, cache, outcome, ..draft }
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
}
