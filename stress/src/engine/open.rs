//! The open loop: a journey starts when it is due, however long the others take.

use std::{rc::Rc, time::Duration};

use tokio::task::{JoinSet, yield_now};

use super::{
    alarm::Alarm,
    shard::{Shard, impatience},
    worker::Worker,
};
use crate::plan::{
    schedule::{Arrival, Arrivals, Schedule},
    stages::Stages,
};

/// Starts this shard's arrivals, and waits for what became of them.
///
/// Every shard walks the whole schedule and takes every `of`-th arrival: no shard has to ask another.
pub(super) async fn work(shard: &Rc<Shard>, rate: &Stages, arrivals: Arrivals, max_in_flight: u32) {
    let job = &shard.job;
    let schedule = Schedule::new(rate, arrivals, job.plan.seed);
    let mut alarm = Alarm::new();
    let mut under_way = JoinSet::new();
    let mut last_due = Duration::ZERO;
    let mut kept = 0;
    for arrival in schedule.take_while(|arrival| job.takes(*arrival)) {
        last_due = arrival.due;
        if !job.keeps(arrival) {
            continue;
        }
        kept += 1;
        if (kept - 1) % shard.share.of != shard.share.index {
            continue;
        }
        if !wait(shard, &mut alarm, arrival.due).await {
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
    shard.recording().enter_schedule(job.phase, last_due, job.elapsed());
    // From the phase's last arrival on, whichever shard had it, what is under way has the phase's grace to end.
    let guard = tokio::task::spawn_local(impatience(job.clone(), job.since_origin(last_due)));
    under_way.join_all().await;
    guard.abort();
}

/// Waits until the arrival is due; false when nothing shall start any more.
async fn wait(shard: &Rc<Shard>, alarm: &mut Alarm, due: Duration) -> bool {
    let now = shard.job.elapsed();
    if due <= now {
        // Overdue arrivals start in a row, and each before the next one is looked at.
        yield_now().await;
        return !shard.job.wires.stop.is_cancelled();
    }
    tokio::select! {
        biased;
        () = shard.job.wires.stop.cancelled() => false,
        () = alarm.after(due - now) => true,
    }
}

/// Starts one journey, or drops the arrival when too many are under way; false when there are no more blobs.
async fn start(shard: &Rc<Shard>, under_way: &mut JoinSet<()>, arrival: Arrival, max_in_flight: u32) -> bool {
    let Some(place) = shard.job.admit(max_in_flight) else {
        shard.recording().enter_dropped(shard.job.phase);
        shard.job.pass();
        return true;
    };
    let Some(ticket) = shard.job.blob_of(arrival).await else { return false };
    let due = shard.job.since_origin(arrival.due);
    let mut worker = Worker::new(shard.clone());
    under_way.spawn_local(async move {
        worker.perform(ticket, Some(due)).await;
        worker.dismiss();
        drop(place);
    });
    true
}
