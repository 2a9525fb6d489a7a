//! The open loop: a journey starts when it is due, however long the others take.

use std::{rc::Rc, time::Duration};

use tokio::task::{JoinSet, yield_now};

use super::{
    timer::PreciseTimer,
    worker::Worker,
    worker_thread::{Shard, impatience},
};
use crate::plan::{
    schedule::{Arrival, Arrivals, Schedule},
    stages::Stages,
};

/// Starts this shard's arrivals, and waits for what became of them.
///
/// Every shard walks the whole schedule and takes every `of`-th arrival: no shard has to ask another.
pub(super) async fn work(shard: &Rc<Shard>, rate: &Stages, arrivals: Arrivals, max_in_flight: u32) {
    let runtime_of_phase = &shard.runtime_of_phase;
    let schedule = Schedule::new(rate, arrivals, runtime_of_phase.plan.seed);
    let mut timer = PreciseTimer::new();
    let mut under_way = JoinSet::new();
    let mut last_due = Duration::ZERO;
    let mut kept = 0;
    for arrival in schedule.take_while(|arrival| runtime_of_phase.takes(*arrival)) {
        last_due = arrival.due;
        if !runtime_of_phase.keeps(arrival) {
            continue;
        }
        kept += 1;
        if (kept - 1) % shard.share.of != shard.share.index {
            continue;
        }
        if !wait(shard, &mut timer, arrival.due).await {
            break;
        }
        while under_way.try_join_next().is_some_and(|ended| {
            ended.expect("a journey's panic is passed on");
            true
        }) {}
        if !start(shard, &mut under_way, arrival, max_in_flight).await {
            break;
        }
    }
    shard.recording().record_schedule(runtime_of_phase.phase, last_due, runtime_of_phase.elapsed());
    // From the phase's last arrival on, whichever shard had it, what is under way has the phase's grace to end.
    let guard = tokio::task::spawn_local(impatience(
        runtime_of_phase.clone(),
        runtime_of_phase.since_origin(last_due),
    ));
    under_way.join_all().await;
    guard.abort();
}

/// Waits until the arrival is due; false when nothing shall start any more.
async fn wait(shard: &Rc<Shard>, timer: &mut PreciseTimer, due: Duration) -> bool {
    let now = shard.runtime_of_phase.elapsed();
    if due <= now {
        // Overdue arrivals start in a row, and each before the next one is looked at.
        yield_now().await;
        return !shard.runtime_of_phase.hooks.stop.is_cancelled();
    }
    tokio::select! {
        biased;
        () = shard.runtime_of_phase.hooks.stop.cancelled() => false,
        () = timer.after(due - now) => true,
    }
}

/// Starts one journey, or drops the arrival when too many are under way; false when there are no more blobs.
async fn start(shard: &Rc<Shard>, under_way: &mut JoinSet<()>, arrival: Arrival, max_in_flight: u32) -> bool {
    let Some(place) = shard.runtime_of_phase.admit(max_in_flight) else {
        shard.recording().record_dropped(shard.runtime_of_phase.phase);
        shard.runtime_of_phase.pass();
        return true;
    };
    let Some(item) = shard.runtime_of_phase.blob_of(arrival).await else { return false };
    let due = shard.runtime_of_phase.since_origin(arrival.due);
    let mut worker = Worker::new(shard.clone());
    under_way.spawn_local(async move {
        worker.perform(item, Some(due)).await;
        worker.dismiss();
        drop(place);
    });
    true
}
