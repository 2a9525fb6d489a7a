//! The open loop: a journey starts when it is due, however long the others take.

use std::{rc::Rc, time::Duration};

use tokio::task::{JoinSet, spawn_local, yield_now};

use super::{delayed, phase::PhaseRuntime, timer::PreciseTimer, worker::Worker, worker_thread::WorkerThread};
use crate::plan::{
    schedule::{Arrival, Arrivals, Schedule},
    stages::Stages,
};

/// Starts this thread's arrivals when they are due, and waits for their journeys to end. What was due and not started by
/// the end of the grace period, or when a signal stopped the run, is counted as dropped.
///
/// Every thread walks the whole schedule and takes every `of`-th arrival: none has to coordinate with another.
pub(super) async fn run(thread: &Rc<WorkerThread>, rate: &Stages, arrivals: Arrivals) {
    let phase = &thread.phase;
    let mut schedule = Schedule::new(rate, arrivals, phase.run.plan.seed);
    let mut timer = PreciseTimer::new();
    let mut running = JoinSet::new();
    let mut last_due = Duration::ZERO;
    let mut own = 0;
    let mut is_mine = |arrival: Arrival| {
        let is_own = phase.is_own(arrival);
        own += usize::from(is_own);
        is_own && (own - 1) % thread.index.of == thread.index.index
    };
    let mut never_started = None;
    for arrival in schedule.by_ref().take_while(|arrival| phase.has_arrival(*arrival)) {
        last_due = arrival.due;
        if !is_mine(arrival) {
            continue;
        }
        if !wait(thread, &mut timer, arrival.due).await {
            never_started = Some(arrival);
            break;
        }
        while let Some(ended) = running.try_join_next() {
            ended.expect("a panic of a journey is propagated");
        }
        if !start(thread, &mut running, arrival).await {
            break;
        }
    }
    let took = phase.elapsed();
    // The grace period begins at the phase's last arrival, whichever thread had it.
    let grace = spawn_local(phase.clone().abort_after_grace(phase.since_origin(last_due)));
    running.join_all().await;
    thread.join_delayed().await;
    grace.abort();
    if never_started.is_some_and(|first: Arrival| first.due <= took) {
        drop_overdue(phase, thread);
        let due = |arrival: &Arrival| phase.has_arrival(*arrival) && arrival.due <= took;
        for arrival in schedule.take_while(due) {
            last_due = arrival.due;
            if is_mine(arrival) {
                drop_overdue(phase, thread);
            }
        }
    }
    thread.recording().record_schedule(phase.position, last_due, took);
}

/// Counts an arrival that was due and will not be started.
fn drop_overdue(phase: &PhaseRuntime, thread: &WorkerThread) {
    thread.recording().record_never_started(phase.position);
    phase.drop_arrival();
}

/// Waits until the arrival is due; false when nothing shall start any more.
async fn wait(thread: &WorkerThread, timer: &mut PreciseTimer, due: Duration) -> bool {
    let now = thread.phase.elapsed();
    if due <= now {
        // Each overdue journey begins before the next one is started.
        yield_now().await;
        return !thread.stop.is_cancelled() && !thread.abort.is_cancelled();
    }
    tokio::select! {
        biased;
        () = thread.stop.cancelled() => false,
        () = timer.after(due - now) => true,
    }
}

/// Starts one journey, or drops the arrival when too many are in flight; false when there are no more blobs.
async fn start(thread: &Rc<WorkerThread>, running: &mut JoinSet<()>, arrival: Arrival) -> bool {
    let phase = &thread.phase;
    let Some(permit) = phase.admit() else {
        thread.recording().record_dropped(phase.position);
        phase.drop_arrival();
        return true;
    };
    let Some(item) = phase.item_of(arrival).await else { return false };
    let due = phase.since_origin(arrival.due);
    let (thread, mut worker) = (thread.clone(), Worker::new(thread.clone()));
    running.spawn_local(async move {
        let waiting = worker.run(item, Some(due)).await;
        worker.release();
        if let Some(blob) = waiting {
            delayed::start(&thread, blob, Some(permit)).await;
        }
    });
    true
}
