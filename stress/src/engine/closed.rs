//! The closed loop: each worker starts its next journey when its last one ends.

use std::rc::Rc;

use tokio::task::JoinSet;

use super::{worker::Worker, worker_thread::Shard};
use crate::plan::stages::Stages;

/// Runs this shard's workers until the phase ends.
pub(super) async fn work(shard: &Rc<Shard>, workers: &Stages) {
    // More workers than blobs would have nothing to do. They are counted behind the division: of few blobs, a part's may
    // have other remainders than the first workers'.
    let blobs = shard
        .runtime_of_phase
        .most_blobs()
        .map_or(usize::MAX, |blobs| usize::try_from(blobs).unwrap_or(usize::MAX));
    let part = shard.runtime_of_phase.plan.part();
    let all = 0..shard.runtime_of_phase.phase().load.most_in_flight();
    let own = all.filter(|&number| part.keeps(u64::from(number))).take(blobs);
    let mut set = JoinSet::new();
    for number in own.skip(shard.share.index).step_by(shard.share.of) {
        set.spawn_local(journeys(Worker::new(shard.clone()), workers.clone(), f64::from(number + 1)));
    }
    // `join_all` passes on a worker's panic instead of losing its samples silently.
    set.join_all().await;
}

/// Performs journeys, one after the other, as long as the stages want at least `level` workers.
async fn journeys(mut worker: Worker, workers: Stages, level: f64) {
    let shard = Rc::clone(worker.shard());
    let runtime_of_phase = &shard.runtime_of_phase;
    loop {
        let now = runtime_of_phase.elapsed();
        let Some(turn) = workers.reaches(level, now) else { break };
        if turn > now && !runtime_of_phase.sleep(turn - now).await {
            break;
        }
        let Some(item) = runtime_of_phase.cache_status(&shard.stop).await else { break };
        worker.perform(item, None).await;
        if shard.abort.is_cancelled() {
            break;
        }
    }
    worker.dismiss();
}
