//! A worker: runs journeys, one at a time, over connections of its own.

use std::{rc::Rc, sync::Arc, time::Duration};

use super::{
    blob_registry::BlobRegistry,
    iteration::Iteration,
    phase::{BlobOrigin, PhaseRuntime, WorkItem},
    worker_thread::{Permit, WorkerThread},
};
use crate::{
    blob::{BlobSpec, Expect},
    client::{Client, Exchange},
    plan::{journey::Step, retry::Attempt},
    sample::{ExchangeRecord, Failure, Outcome, Sample, StoredKind},
};

/// Runs journeys, one at a time.
#[derive(Debug)]
pub(super) struct Worker {
    thread: Rc<WorkerThread>,
    client: Client,
}

/// A blob that was stored and waits for its delayed reads.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) iteration: Iteration,
    /// When the answer to its upload had arrived, since the run's origin.
    pub(super) stored: Duration,
}

impl Worker {
    /// A worker with connections that are idle at the moment, if there are any.
    pub(super) fn new(thread: Rc<WorkerThread>) -> Self {
        let client = thread.clients.borrow_mut().pop();
        let run = &thread.phase.run;
        let client = client.unwrap_or_else(|| Client::new(run.network.clone(), run.clock));
        Self { thread, client }
    }

    /// Leaves the connections to the next worker.
    pub(super) fn release(self) {
        self.thread.clients.borrow_mut().push(self.client);
    }

    /// Runs a journey that is `due` at this time since the run's origin; in a closed loop, when it starts. Once the phase is
    /// aborted, the step under way ends as unfinished and the later ones are skipped.
    /// Gives the blob back if it still waits for delayed reads.
    pub(super) async fn run(&mut self, item: WorkItem, mut due: Option<Duration>) -> Option<Waiting> {
        let mut iteration = Iteration::new(&self.thread.phase, item);
        for position in 0..iteration.steps.len() {
            let (sample, permit) = self.step(&iteration, position, due).await?;
            // In an open loop a later step is due when the one before it has ended.
            due = due.map(|_| sample.exchange.timing.finished);
            let (ended, is_new) = (sample.exchange.timing.finished, stored_something_new(&sample));
            iteration.end_step(&self.thread.phase, &sample);
            self.thread.enter(sample, permit);
            if self.thread.phase.planned().delays.is_some() {
                if is_new {
                    return Some(Waiting { iteration, stored: ended });
                }
                let skipped = iteration.draft(&self.thread.phase, Step::After);
                let permit = self.thread.reserve().await;
                self.thread.enter(Sample { outcome: Outcome::Skipped, ..skipped }, permit);
                break;
            }
        }
        // Also after an abort: the first two reads are a pair even if the third one is unfinished.
        iteration.end(&self.thread.phase, &mut self.thread.recording());
        None
    }

    /// One step with its retries; every attempt but the last is entered here. The slot of its sample is reserved before
    /// each attempt, so that a slow receiver delays its start, but is no part of its time. `None` when the journey's first
    /// upload may not start: then it has not begun.
    pub(super) async fn step(
        &mut self,
        iteration: &Iteration,
        position: usize,
        mut due: Option<Duration>,
    ) -> Option<(Sample, Option<Permit>)> {
        let step = iteration.steps[position];
        let mut attempt = 1;
        // Why the attempt before failed.
        let mut before: Option<Failure> = None;
        loop {
            let permit = self.thread.reserve().await;
            let sample = match self.attempt(iteration, step, attempt, due).await {
                Some(sample) => Sample { attempt, ..sample },
                None if attempt == 1 && position == 0 => return None,
                None => self.refused(iteration, step, attempt, before.take(), due),
            };
            let (thread, timing) = (&self.thread, sample.exchange.timing);
            if attempt == 1 && position == 0 && due.is_some() {
                // Skipped: the phase was aborted before the journey's first request.
                match sample.outcome {
                    Outcome::Skipped => thread.recording().record_never_started(sample.phase),
                    _ => {
                        let start_delay = timing.started.saturating_sub(timing.due);
                        thread.recording().record_arrival(sample.phase, start_delay);
                    }
                }
            }
            let Some(delay) = retry_delay(&thread.phase, &sample) else { return Some((sample, permit)) };
            // The step's response time includes its failed attempts.
            due = Some(timing.due);
            before = sample.outcome.failure().cloned();
            thread.enter(sample.tried_again(), permit);
            attempt += 1;
            let waited = tokio::select! {
                biased;
                () = thread.abort.cancelled() => false,
                waited = thread.phase.sleep(delay) => waited,
            };
            if !waited {
                let exchange = with_due(due, ExchangeRecord::start(thread.phase.run.clock.elapsed()));
                let draft = iteration.draft(&thread.phase, step);
                return Some((Sample { attempt, exchange, ..draft }, thread.reserve().await));
            }
        }
    }

    /// An attempt that may not start leaves its step as the attempt before has ended: failed, or not begun.
    fn refused(
        &self,
        iteration: &Iteration,
        step: Step,
        attempt: u32,
        before: Option<Failure>,
        due: Option<Duration>,
    ) -> Sample {
        let phase = &self.thread.phase;
        let (exchange, outcome) = match before {
            Some(failure) => {
                (with_due(due, ExchangeRecord::start(phase.run.clock.elapsed())), Outcome::Failed(failure))
            }
            None => (ExchangeRecord::default(), Outcome::Skipped),
        };
        Sample { attempt, exchange, outcome, ..iteration.draft(phase, step) }
    }

    /// One attempt at a step; skipped when an earlier step of its blob did not succeed or the phase is aborted. `None` when
    /// it is an upload that may not start.
    async fn attempt(
        &mut self,
        iteration: &Iteration,
        step: Step,
        number: u32,
        due: Option<Duration>,
    ) -> Option<Sample> {
        let WorkerThread { phase, abort, .. } = &*self.thread;
        let (draft, blob) = (iteration.draft(phase, step), iteration.blob(step));
        let exchange = match (step.stores(), &blob.expect, &blob.id) {
            _ if !blob.marks.all_ok || abort.is_cancelled() => None,
            (true, Expect::Spec(spec), _) => {
                let upload = iteration.upload(*spec, number);
                let admitted = self.thread.admit(upload).await?;
                let source = spec.source();
                let authorization = admitted.authorization.as_ref();
                let exchange = self.client.upload(upload.publisher, source, authorization, abort).await;
                if let Some(budget) = &phase.run.hooks.budget {
                    budget.settle(spec.size, &exchange.record, &exchange.outcome);
                }
                Some(checked(exchange, *spec, &phase.run.registry))
            }
            (false, expect, Some(id)) => {
                let mut verifier = expect.verifier(phase.run.plan.verify);
                Some(self.client.read(iteration.aggregator, id, &mut verifier, abort).await)
            }
            // Without a spec there is nothing to send, without an ID nothing to read.
            (true, Expect::FirstRead(_), _) | (false, _, None) => None,
        };
        let Some(exchange) = exchange else { return Some(Sample { outcome: Outcome::Skipped, ..draft }) };
        let (exchange, outcome) = (with_due(due, exchange.record), exchange.outcome);
        let (size, blob_id) = match &outcome {
            Outcome::Stored(stored) => (draft.size, Some(Arc::from(stored.blob_id.as_str()))),
            // A blob of unknown size has the size that was received.
            _ if !step.stores() => (blob.expect.size().unwrap_or(exchange.bytes_received), draft.blob_id),
            _ => (draft.size, draft.blob_id),
        };
        Some(Sample { exchange, outcome, size, blob_id, ..draft })
    }
}

/// Whether the sample is of an upload after which the blob can be read that could not be read before.
fn stored_something_new(sample: &Sample) -> bool {
    let Outcome::Stored(stored) = &sample.outcome else { return false };
    stored.kind != StoredKind::Existing
}

/// The upload of `spec`, failed if its ID is that of other bytes.
fn checked(exchange: Exchange, spec: BlobSpec, registry: &BlobRegistry) -> Exchange {
    let Outcome::Stored(stored) = &exchange.outcome else { return exchange };
    match registry.insert_id(&stored.blob_id, spec) {
        Ok(()) => exchange,
        Err(failure) => {
            let failure = Failure { status: exchange.record.status, ..failure };
            Exchange { outcome: Outcome::Failed(failure), ..exchange }
        }
    }
}

/// The record with the time at which its step was due; without one it was due when it started.
fn with_due(due: Option<Duration>, mut record: ExchangeRecord) -> ExchangeRecord {
    record.timing.due = due.unwrap_or(record.timing.due);
    record
}

/// How long to wait before the step of `sample` is retried; `None` when this was its last attempt.
fn retry_delay(phase: &PhaseRuntime, sample: &Sample) -> Option<Duration> {
    let Outcome::Failed(failure) = &sample.outcome else { return None };
    let plan = &phase.run.plan;
    let Sample { index, step, attempt: number, .. } = *sample;
    let is_spent = || phase.run.hooks.budget.as_ref().is_some_and(|budget| budget.is_spent());
    if phase.run.hooks.stop.is_cancelled() || step.stores() && is_spent() || step.is_delayed() {
        return None;
    }
    let timeout = if step.stores() { plan.limits.upload_timeout } else { plan.limits.download_timeout };
    let attempt = Attempt { seed: plan.seed, index, step, number };
    plan.retries.wait(attempt, failure.class, sample.exchange.retry_after, timeout)
}

/// Enters the steps of this phase as skipped for each blob of which an earlier step did not succeed.
pub(super) async fn skip_failed(thread: &WorkerThread) {
    let phase = &thread.phase;
    let mut from = 0;
    loop {
        let failed = phase.run.registry.carry_over(phase.origin()).failed_from(from);
        let Some((index, blob)) = failed else { break };
        let iteration = Iteration::new(phase, WorkItem { index, origin: BlobOrigin::Earlier(blob) });
        for &step in &iteration.steps {
            let permit = thread.reserve().await;
            thread.enter(Sample { outcome: Outcome::Skipped, ..iteration.draft(phase, step) }, permit);
        }
        from = index + 1;
    }
}
