//! A worker: performs journeys, one at a time, on connections of its own.

use std::{rc::Rc, sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::{
    iteration::{Iteration, Reads},
    phase::{BlobOrigin, WorkItem},
    clock::Clock,
    worker_thread::WorkerThread,
};
use crate::{
    blob::Expect,
    client::{Client, Exchange},
    plan::journey::Step,
    sample::{Outcome, Sample, Timing},
};

/// Performs journeys, one at a time.
#[derive(Debug)]
pub(super) struct Worker {
    thread: Rc<WorkerThread>,
    client: Client,
    under_way: Option<UnderWay>,
}

/// An attempt that has its place in the channel, taken before it starts so that telling never waits, and has not ended; or
/// one behind the first that is still to be made.
#[derive(Debug)]
struct UnderWay {
    /// Its step's position in the journey.
    position: usize,
    /// From 1.
    attempt: u32,
    /// When the step was due; in a closed loop only known behind the first attempt.
    due: Option<Duration>,
    permit: Option<Permit>,
}

/// A place for one sample in the channel.
type Permit = mpsc::OwnedPermit<Sample>;

impl Worker {
    /// A worker with connections that nobody uses at the moment, if there are any.
    pub(super) fn new(thread: Rc<WorkerThread>) -> Self {
        let client = thread.clients.borrow_mut().pop();
        let client = client.unwrap_or_else(|| Client::new(thread.phase.run.network.clone()));
        Self { thread, client, under_way: None }
    }

    /// Leaves the connections to whoever comes next.
    pub(super) fn release(self) {
        self.thread.clients.borrow_mut().push(self.client);
    }

    /// One journey over one blob, or over two when it is an order control, `due` at this time since the run's origin; in a closed loop it is due when it starts.
    /// False when it was given up: the step under way is then entered as unfinished.
    pub(super) async fn run(&mut self, item: WorkItem, due: Option<Duration>) -> bool {
        let thread = Rc::clone(&self.thread);
        let phase = &thread.phase;
        let (mut blob, mut reads) = (Iteration::new(phase, item), Reads::default());
        let ended = tokio::select! {
            // Asked first, so that no step starts when everything is given up.
            biased;
            () = thread.abort.cancelled() => false,
            () = self.journey(&mut blob, &mut reads, due) => true,
        };
        if !ended {
            self.give_up(&blob).await;
        }
        // Given up in a later read, a journey has its pair all the same.
        reads.enter(&blob, phase, &mut thread.recording());
        blob.leave(phase);
        ended
    }

    async fn journey(&mut self, blob: &mut Iteration, reads: &mut Reads, mut due: Option<Duration>) {
        let thread = Rc::clone(&self.thread);
        let phase = &thread.phase;
        for position in 0..blob.steps.len() {
            let (sample, permit) = self.step(blob, position, due).await;
            // In an open loop the next step is due when this one has ended.
            due = due.map(|_| sample.timing.finished);
            blob.learn(phase, &sample);
            reads.learn(&sample);
            self.thread.enter(sample, permit);
        }
    }

    /// One step, tried again as often as its failures allow. Attempts that were not the last are entered here.
    async fn step(
        &mut self,
        blob: &Iteration,
        position: usize,
        due: Option<Duration>,
    ) -> (Sample, Option<Permit>) {
        let thread = Rc::clone(&self.thread);
        let phase = &thread.phase;
        let step = blob.steps[position];
        let (mut attempt, mut since) = (1, due);
        loop {
            let permit = self.thread.permit().await;
            self.under_way = Some(UnderWay { position, attempt, due: since, permit });
            let (sample, asked) = self.attempt(blob, step, attempt, since).await;
            if attempt == 1 {
                self.thread.enter_lateness(&sample, position, due);
            }
            let wait = retry_delay(phase, &sample, asked);
            let permit = self.under_way.take().and_then(|under_way| under_way.permit);
            let Some(wait) = wait else { return (sample, permit) };
            // Told at once: a wait that kept its place in the channel would keep others from starting.
            since = Some(sample.timing.due);
            self.thread.enter(sample.tried_again(), permit);
            attempt += 1;
            self.under_way = Some(UnderWay { position, attempt, due: since, permit: None });
            if !phase.sleep(wait).await {
                // Who is told to start nothing more tries nothing again either.
                let permit = self.thread.permit().await;
                self.under_way = None;
                return (
                    still_waiting(blob.draft(phase, step), attempt, since, phase.run.clock),
                    permit,
                );
            }
        }
    }

    /// One attempt at a step, unless a step before it has not succeeded: then it is skipped. With it comes how long the
    /// server asked to be left alone.
    async fn attempt(
        &mut self,
        blob: &Iteration,
        step: Step,
        attempt: u32,
        due: Option<Duration>,
    ) -> (Sample, Option<Duration>) {
        let thread = Rc::clone(&self.thread);
        let phase = &thread.phase;
        let draft = Sample { attempt, ..blob.draft(phase, step) };
        let blob = blob.of(step);
        match (step, &blob.expect, &blob.blob_id) {
            _ if blob.stranded => (Sample { outcome: Outcome::Skipped, ..draft }, None),
            (Step::Upload | Step::ControlUpload, Expect::Spec(spec), _) => {
                let exchange = self.client.upload(blob.publisher, spec.source()).await;
                let asked = exchange.retry_after;
                (fill(draft, exchange, Outcome::Stored, due, phase.run.clock), asked)
            }
            (Step::Read { .. } | Step::Control, expect, Some(id)) => {
                let mut verifier = expect.verifier(phase.run.plan.verify);
                let exchange = self.client.read(blob.aggregator, id, &mut verifier).await;
                let asked = exchange.retry_after;
                let sample = fill(draft, exchange, |()| Outcome::Read, due, phase.run.clock);
                // What nobody knew beforehand is as large as it came.
                let size = expect.size().unwrap_or(sample.bytes_received);
                (Sample { size, ..sample }, asked)
            }
            // Nobody has told the blob's ID, or its bytes: there is nothing to ask for, or to send.
            (Step::Read { .. } | Step::Control, _, None)
            | (Step::Upload | Step::ControlUpload, Expect::FirstRead(_), _) => {
                (Sample { outcome: Outcome::Skipped, ..draft }, None)
            }
        }
    }

    /// Enters the step under way as unfinished, with the time it has waited, and the ones behind it as skipped.
    async fn give_up(&mut self, blob: &Iteration) {
        let thread = Rc::clone(&self.thread);
        let phase = &thread.phase;
        let abandoned = self.client.take_abandoned();
        // Without a step under way the journey was between two, waiting to be heard.
        let Some(UnderWay { mut position, attempt, due, permit }) = self.under_way.take() else {
            return self.thread.skip(blob, blob.all_steps_done()).await;
        };
        let draft = blob.draft(phase, blob.steps[position]);
        if let Some(exchange) = abandoned {
            let filled = fill(draft, exchange, |()| Outcome::Unfinished, due, phase.run.clock);
            let sample = Sample { attempt, outcome: Outcome::Unfinished, ..filled };
            if attempt == 1 {
                self.thread.enter_lateness(&sample, position, due);
            }
            self.thread.enter(sample, permit);
            position += 1;
        } else if attempt > 1 {
            let permit = self.thread.permit().await;
            self.thread.enter(still_waiting(draft, attempt, due, phase.run.clock), permit);
            position += 1;
        }
        self.thread.skip(blob, position).await;
    }
}

/// The draft of a step that waits for its next attempt, and will not get it.
fn still_waiting(draft: Sample, attempt: u32, due: Option<Duration>, clock: Clock) -> Sample {
    let now = clock.elapsed();
    let timing = Timing { due: due.unwrap_or(now), started: now, finished: now, ..Timing::default() };
    Sample { attempt, timing, outcome: Outcome::Unfinished, ..draft }
}

/// Enters the steps of this phase as skipped for each blob that an earlier one has lost.
pub(super) async fn skip_failed(thread: &WorkerThread) {
    let phase = &thread.phase;
    let mut from = 0;
    while let Some((index, blob)) = phase.run.registry.carry_over(phase.origin()).failed_from(from) {
        let blob = Iteration::new(phase, WorkItem { index, origin: BlobOrigin::Earlier(blob) });
        thread.skip(&blob, 0).await;
        from = index + 1;
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

impl WorkerThread {
    /// A place for one sample in the channel, if anyone listens.
    async fn permit(&self) -> Option<Permit> {
        if self.phase.planned().warm_up {
            return None;
        }
        // A listener that is gone has said so itself; the run goes on.
        self.phase.run.hooks.samples.clone()?.reserve_owned().await.ok()
    }

    /// Enters the journey's steps from this position on as skipped.
    async fn skip(&self, blob: &Iteration, position: usize) {
        for &step in &blob.steps[position..] {
            let permit = self.permit().await;
            self.enter(
                Sample { outcome: Outcome::Skipped, ..blob.draft(&self.phase, step) },
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
            let start_delay = sample.timing.started.saturating_sub(sample.timing.due);
            self.recording().enter_arrival(sample.phase, start_delay);
        }
    }
}
