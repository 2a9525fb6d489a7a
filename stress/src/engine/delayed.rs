//! Reads that wait for their time. A blob that waits holds neither a worker nor a connection.

use std::{rc::Rc, sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    worker::{Waiting, Worker},
    worker_thread::WorkerThread,
};
use crate::{
    plan::journey::Step,
    sample::{Outcome, Sample},
};

/// How many blobs may wait on a thread of a closed loop, whose concurrency does not bound them: beyond that, workers wait
/// before they upload more. An open loop counts waiting blobs as in flight.
const MAX_WAITING: usize = 50_000;

/// The places of the blobs that wait on one thread of a closed loop.
pub(super) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(MAX_WAITING))
}

/// Reads the blob when its time has come, beside everything else. In a closed loop this waits until there is a place for one
/// more such blob; an open loop hands over the journey's permit.
pub(super) async fn start(thread: &Rc<WorkerThread>, blob: Waiting, in_flight: Option<OwnedSemaphorePermit>) {
    let place = match in_flight {
        Some(permit) => permit,
        None => thread.places.clone().acquire_owned().await.expect("it is never closed"),
    };
    let mut delayed = thread.delayed.borrow_mut();
    while let Some(ended) = delayed.try_join_next() {
        ended.expect("a panic of a delayed read is propagated");
    }
    delayed.spawn_local(read(thread.clone(), blob, place));
}

/// Reads the blob at its time, and if it was not found, once more.
async fn read(thread: Rc<WorkerThread>, blob: Waiting, in_flight: OwnedSemaphorePermit) {
    let Waiting { mut iteration, stored } = blob;
    let (phase, seed) = (&thread.phase, thread.phase.run.plan.seed);
    let Some(delays) = &phase.planned().delays else { return };
    let mut since = stored;
    for position in 0..iteration.steps.len() {
        let step = iteration.steps[position];
        let wait = match step {
            Step::After => Some(delays.after(seed, iteration.index)),
            Step::Again => delays.again(seed, iteration.index),
            _ => None,
        };
        let Some(wait) = wait else { continue };
        let due = since.saturating_add(wait);
        let (sample, permit) = if wait_until(&thread, due).await {
            let mut worker = Worker::new(thread.clone());
            let step = worker.step(&iteration, position, Some(due)).await;
            worker.release();
            step.expect("only an upload may not start")
        } else {
            (Sample { outcome: Outcome::Skipped, ..iteration.draft(phase, step) }, thread.reserve().await)
        };
        let sample = match sample.outcome {
            Outcome::Skipped => sample,
            _ => {
                let delay = sample.exchange.timing.started.saturating_sub(since);
                sample.delayed(delay)
            }
        };
        since = sample.exchange.timing.finished;
        let ends = !matches!(sample.outcome, Outcome::NotFound(_));
        iteration.end_step(phase, &sample);
        thread.enter(sample, permit);
        if ends {
            break;
        }
    }
    iteration.end(phase, &mut thread.recording());
    drop(in_flight);
}

/// Waits until `due`, since the run's origin; false when nothing shall start any more.
async fn wait_until(thread: &WorkerThread, due: Duration) -> bool {
    let wait = due.saturating_sub(thread.phase.run.clock.elapsed());
    tokio::select! {
        biased;
        () = thread.abort.cancelled() => false,
        waited = thread.phase.sleep(wait) => waited,
    }
}
