//! The closed loop: each worker starts its next journey when its last one ends.

use std::rc::Rc;

use tokio::task::JoinSet;

use super::{delayed, worker::Worker, worker_thread::WorkerThread};
use crate::plan::stages::Stages;

/// Runs this thread's workers until the phase ends.
pub(super) async fn run(thread: &Rc<WorkerThread>, workers: &Stages) {
    let phase = &thread.phase;
    // Workers beyond the number of journeys would have nothing to do. They are cut off after the shard has taken its own:
    // with few blobs, those of a shard need not be the ones of the first workers.
    let journeys = phase.most_journeys.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    let shard = phase.run.plan.shard();
    let all = 0..phase.planned().load.most_in_flight();
    let own = all.filter(|&number| shard.keeps(u64::from(number))).take(journeys);
    let mut running = JoinSet::new();
    for number in own.skip(thread.index.index).step_by(thread.index.of) {
        running.spawn_local(run_worker(thread.clone(), workers.clone(), f64::from(number + 1)));
    }
    // `join_all` propagates a worker's panic: its samples must not be lost silently.
    running.join_all().await;
    thread.join_delayed().await;
}

/// Runs journeys, one after the other, while the stages have at least `level` workers.
async fn run_worker(thread: Rc<WorkerThread>, workers: Stages, level: f64) {
    let phase = &thread.phase;
    let mut worker = Worker::new(thread.clone());
    loop {
        let now = phase.elapsed();
        let Some(start) = workers.reaches(level, now) else { break };
        let wait = tokio::time::sleep(start.saturating_sub(now));
        if start > now && thread.stop.run_until_cancelled(wait).await.is_none() {
            break;
        }
        let Some(item) = phase.next_item(&thread.stop).await else { break };
        if let Some(blob) = worker.run(item, None).await {
            delayed::start(&thread, blob, None).await;
        }
        if thread.abort.is_cancelled() {
            break;
        }
    }
    worker.release();
}
